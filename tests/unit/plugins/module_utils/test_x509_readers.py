# SPDX-License-Identifier: GPL-3.0-or-later
"""The strict reader and the lenient one: which reads what, that they agree, and that neither ends the reading of a store."""

from __future__ import annotations

import base64
import datetime as dt
import os
import re
import subprocess
import sys
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509 import lenient_reader, strict_reader
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.described import PARTS, know_nothing
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.lenient_reader import LenientReader
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils import der_writer as der
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils.odd_certificates import (
    ODD_CERTIFICATES,
    ORDINARY,
)

Maker = t.Any

VERSION_2 = ODD_CERTIFICATES["version 2"]
ODD_POLICY = ODD_CERTIFICATES["a policy that is garbage"]


def read_leniently(raw_data: bytes) -> dict[str, t.Any]:
    """What the lenient reader says of a whole certificate, also of one that it would never be asked about."""
    facts = know_nothing()
    reader = LenientReader(facts, raw_data)
    for part in PARTS:
        reader.read(part)
    return {key: facts[key] for key in (*ORDINARY, "problems")}  # type: ignore[literal-required] # keys of a TypedDict


def read_strictly(raw_data: bytes) -> dict[str, t.Any]:
    facts = describe(raw_data)
    assert facts["remarks"] == []
    return {key: facts[key] for key in (*ORDINARY, "problems")}  # type: ignore[literal-required] # keys of a TypedDict


@pytest.mark.parametrize(
    "settled",
    [
        {"dns_names": ["sip.litwareinc.com", "münchen.example".encode("idna").decode()]},
        {"key": "ec"},
        {"key": "ed25519"},
        {"key": "rsa1024", "purposes": None},
        {"issuer": x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Litware Root")])},
        {"subject": None, "dns_names": ["sip.litwareinc.com"]},
        {"not_after": dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC), "serial": 1 << 150},
        {"not_before": dt.datetime(1951, 1, 1, tzinfo=dt.UTC)},
        {"extra": [x509.BasicConstraints(ca=True, path_length=3)], "purposes": [x509.ObjectIdentifier("2.5.29.37.0")]},
    ],
)
def test_both_readers_say_the_same_of_an_ordinary_certificate(certificate: Maker, settled: dict[str, t.Any]) -> None:
    raw_data = base64.b64decode(certificate(**settled))
    assert read_leniently(raw_data) == read_strictly(raw_data)


BITS = ("digital_signature", "content_commitment", "key_agreement", "key_cert_sign", "crl_sign")


@pytest.mark.parametrize("bit", BITS)
def test_both_readers_name_each_key_usage_alike(certificate: Maker, bit: str) -> None:
    every = [*BITS, "data_encipherment", "key_encipherment", "encipher_only", "decipher_only"]
    raw_data = base64.b64decode(certificate(usages=x509.KeyUsage(**{name: name == bit for name in every})))
    facts = read_leniently(raw_data)
    assert len(facts["key_usages"]) == 1
    assert facts == read_strictly(raw_data)


@pytest.mark.parametrize("product", ["E16", "E19", "Deserialized"])
def test_both_readers_say_the_same_of_captured_certificates(recorded: Callable[[str], str], product: str) -> None:
    text = recorded(f"fixtures/clixml/{product}-GetExchangeCertificate.xml")
    captured = [base64.b64decode(raw) for raw in re.findall(r'<BA N="RawData">([^<]+)</BA>', text)]
    assert captured
    assert [read_leniently(raw) for raw in captured] == [read_strictly(raw) for raw in captured]


# cryptography 43 escapes a value of one blank twice
VALUES = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda value: value != " ")


@settings(max_examples=100, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=3))
def test_both_readers_write_a_name_alike(values: list[str]) -> None:
    kinds = (der.COMMON_NAME, der.ORGANIZATION, "2.5.4.5")
    name = der.name(*(der.attribute(kind, value.encode()) for kind, value in zip(kinds, values, strict=False)))
    raw_data = der.certificate(subject=name, issuer=name)
    assert read_leniently(raw_data) == read_strictly(raw_data)


def test_a_name_begins_and_ends_with_what_has_to_be_escaped() -> None:
    name = der.name(*(der.attribute(der.COMMON_NAME, value) for value in (b" a ", b"#b", b'a,+"\\<>;=b\0')))
    raw_data = der.certificate(subject=name)
    assert read_strictly(raw_data)["subject"] == r"CN=a\,\+\"\\\<\>\;=b\00,CN=\#b,CN=\ a\ "
    assert read_leniently(raw_data)["subject"] == read_strictly(raw_data)["subject"]
    assert read_leniently(der.certificate(subject=der.named(b" ")))["subject"] == r"CN=\ "


def test_what_was_read_leniently_is_a_remark_and_no_problem() -> None:
    whole, part = describe(VERSION_2.make()), describe(ODD_POLICY.make())
    assert (whole["problems"], part["problems"]) == ([], [])
    assert whole["remarks"] == ["certificate: not well-formed (InvalidVersion: 1 is not a valid X509 version)"]
    assert [remark.partition(" (")[0] for remark in part["remarks"]] == ["extensions: not well-formed"]


def test_octets_after_the_end_do_not_count() -> None:
    raw_data = der.certificate()
    facts = describe(raw_data + b"garbage")
    assert facts["remarks"] == ["certificate: 7 octets after its end are ignored"]
    assert facts == {**describe(raw_data), "remarks": facts["remarks"]}


def test_an_extension_that_is_there_twice_is_told() -> None:
    facts = describe(ODD_CERTIFICATES["other alternative names a second time"].make())
    assert "subject alternative names: there are 2; the first counts, as for Windows" in facts["remarks"]


def test_many_damaged_extensions_are_one_problem() -> None:
    facts = describe(der.certificate(extensions=[*der.EXTENSIONS, *[der.sequence()] * 1000]))
    assert facts["dns_names"] == ORDINARY["dns_names"]
    assert facts["problems"] == ["extensions: 1000 cannot be read; any of them may be one that matters"]


def test_a_remark_is_one_short_line() -> None:
    address = der.tlv(0x87, b"\x1b[31m\n" * 100)
    extensions = [der.alternative_names(der.dns(b"a.example"), address)]
    facts = describe(der.certificate(extensions=extensions))
    assert facts["dns_names"] == ["a.example"]
    assert all(remark.isprintable() and len(remark) < 250 for remark in facts["remarks"])
    assert facts["remarks"]


def test_an_ordinary_certificate_does_not_load_the_lenient_reader(repository: Path) -> None:
    program = (
        "import sys; from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe\n"
        "assert describe(sys.argv[1])['subject'] == 'CN=litwareinc.com'\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'pyasn1', 'cryptography'}))"
    )
    raw_data = base64.b64encode(der.certificate()).decode("ascii")
    collections = [str(folder.parent) for folder in repository.parents if folder.name == "ansible_collections"]
    path = os.pathsep.join([*sys.path, *collections])
    command = [sys.executable, "-c", program, raw_data]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": path})
    assert answer.stdout.strip() == "['cryptography']"


def test_without_the_second_library_the_part_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lenient_reader, "PYASN1_IMPORT_ERROR", ImportError())
    whole, part, ordinary = describe(VERSION_2.make()), describe(ODD_POLICY.make()), describe(der.certificate())
    assert ordinary["problems"] == []
    assert (part["subject"], part["dns_names"], part["is_ca"]) == ("CN=litwareinc.com", [], None)
    assert [problem.split(":")[0] for problem in part["problems"][:-1]] == ["extensions"]
    assert (whole["subject"], [problem.split(":")[0] for problem in whole["problems"][:-1]]) == (None, ["certificate"])
    assert "Install the Python library pyasn1" in part["problems"][-1]
    assert part["problems"][-1] == whole["problems"][-1]
    assert part["remarks"] == whole["remarks"] == []


Panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})


@pytest.mark.parametrize("raised", [RuntimeError("boom"), KeyError(48), x509.InvalidVersion("2", 2), Panic("boom")])
def test_whatever_the_library_raises_stays_with_this_certificate(
    monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    def refuse(*_arguments: object) -> t.NoReturn:
        raise raised

    monkeypatch.setattr(strict_reader.StrictReader, "_read_extensions", refuse)
    facts = describe(der.certificate())
    assert facts["dns_names"] == ORDINARY["dns_names"]
    assert [remark.split(":")[0] for remark in facts["remarks"]] == ["extensions"]
    monkeypatch.setattr(LenientReader, "_read_extensions", refuse)
    facts = describe(der.certificate())
    assert (facts["subject"], facts["dns_names"]) == ("CN=litwareinc.com", [])
    assert [problem.split(":")[0] for problem in facts["problems"]] == ["extensions"]
    monkeypatch.setattr(strict_reader, "StrictReader", refuse)
    assert describe(der.certificate())["subject"] == "CN=litwareinc.com"


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_is_not_held_back(monkeypatch: pytest.MonkeyPatch, raised: type[BaseException]) -> None:
    def end(*_arguments: object) -> t.NoReturn:
        raise raised

    monkeypatch.setattr(strict_reader.StrictReader, "_read_key", end)
    with pytest.raises(raised):
        describe(der.certificate())
