# SPDX-License-Identifier: GPL-3.0-or-later
"""One spelling for each name."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns import domain_names
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import (
    list_names_below,
    normalize_name,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("Mail.LitwareInc.com.", "mail.litwareinc.com"),
        (" mail.litwareinc.com ", "mail.litwareinc.com"),
        ("_sipinternaltls._tcp.litwareinc.com", "_sipinternaltls._tcp.litwareinc.com"),
        ("*.litwareinc.com", "*.litwareinc.com"),
        ("mail.straße.example", "mail.xn--strae-oqa.example"),
        ("MAIL.STRAẞE.EXAMPLE.", "mail.xn--strae-oqa.example"),
        ("mail.XN--STRAE-OQA.example", "mail.xn--strae-oqa.example"),
        ("mail.strasse.example", "mail.strasse.example"),
        ("mail。bücher．example", "mail.xn--bcher-kva.example"),  # noqa: RUF001 - full stops that UTS 46 maps
        ("_sip._tls.bücher.example", "_sip._tls.xn--bcher-kva.example"),
        ("*.βόλος.com", "*.xn--nxasmm1c.com"),
    ],
)
def test_one_spelling(spelled: str, name: str) -> None:
    assert normalize_name(spelled, "name") == name
    assert normalize_name(name, "name") == name


@pytest.mark.parametrize(
    "wrong", ["", " ", ".", "a..b", "a b.example", "-a.example", "☕.example", "a\u200db.example", "x" * 64 + ".example",
              "ü" * 60 + ".example", "a.*.b" * 60]
)  # fmt: skip
def test_what_is_no_name_is_refused(wrong: str) -> None:
    with pytest.raises(ShellError) as caught:
        normalize_name(wrong, "name")
    assert caught.value.kind == "bad_input"
    assert caught.value.message.startswith("name: ")


def test_a_missing_library_is_told_and_only_international_names_need_it(monkeypatch: Any) -> None:
    monkeypatch.setattr(domain_names, "IDNA_IMPORT_ERROR", "No module named 'idna'")
    assert normalize_name("Mail.litwareinc.com.", "name") == "mail.litwareinc.com"
    with pytest.raises(ShellError) as caught:
        normalize_name("mail.straße.example", "name")
    assert caught.value.kind == "missing_library"
    assert "idna" in caught.value.message
    assert caught.value.remedy


def test_the_names_between_a_zone_and_a_name() -> None:
    assert list_names_below("a.com", "a.com") == []
    assert list_names_below("a.com", "b.a.com") == ["b.a.com"]
    assert list_names_below("a.com", "d.c.b.a.com") == ["b.a.com", "c.b.a.com", "d.c.b.a.com"]
