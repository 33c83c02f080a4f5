# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter: the same verdict inside an expression."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.onprem.exchange_lync.plugins.filter.certificate_verdict import FilterModule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.verdict import judge

Maker = t.Any
FrontEnd = Callable[..., dict[str, t.Any]]


@pytest.fixture
def verdict() -> Callable[..., t.Any]:
    return FilterModule().filters()["certificate_verdict"]


def test_it_is_the_verdict(
    verdict: Callable[..., t.Any], certificate: Maker, front_end: FrontEnd, exchange_server: FrontEnd, now: dt.datetime
) -> None:
    observed = {"lync": [front_end(certificate())], "exchange": [exchange_server(certificate())]}
    expected = judge(now=now, sip_domains=["litwareinc.com"], lync=observed["lync"], exchange=observed["exchange"])
    assert verdict(observed, ["litwareinc.com"], "2026-08-01T12:00:00Z") == expected
    assert verdict(observed, sip_domains="litwareinc.com", now=now) == expected


def test_its_policy(verdict: Callable[..., t.Any], certificate: Maker, front_end: FrontEnd, now: dt.datetime) -> None:
    observed = {"lync": [front_end(certificate())]}
    strict = verdict(observed, ["litwareinc.com"], now, warn_days=701, minimum_key_size=4096)
    assert strict["summary"] == {"error": 1, "warning": 1, "info": 0}


def test_without_a_moment_it_is_now(
    verdict: Callable[..., t.Any], certificate: Maker, exchange_server: FrontEnd
) -> None:
    begin = dt.datetime.now(dt.UTC).replace(microsecond=0)
    judged_at = dt.datetime.fromisoformat(verdict({"exchange": [exchange_server(certificate())]})["now"])
    assert begin <= judged_at <= dt.datetime.now(dt.UTC)


@pytest.mark.parametrize("observed", [[], "text", {"skype": []}, {}, {"lync": [{}]}])
def test_what_cannot_be_judged(verdict: Callable[..., t.Any], observed: object) -> None:
    with pytest.raises(AnsibleFilterError, match="certificate_verdict: "):
        verdict(observed, ["litwareinc.com"])


@pytest.mark.parametrize(
    "options",
    [{"warn_days": "soon"}, {"minimum_key_size": None}, {"sip_domains": [7]}, {"sip_domains": None}],
)
def test_options_that_cannot_be_meant(
    verdict: Callable[..., t.Any], certificate: Maker, front_end: FrontEnd, options: dict[str, t.Any]
) -> None:
    with pytest.raises(AnsibleFilterError, match=f"certificate_verdict: {next(iter(options))}: "):
        verdict({"lync": [front_end(certificate())], "exchange": None}, **{"sip_domains": "litwareinc.com", **options})


def test_numbers_may_be_text(
    verdict: Callable[..., t.Any], certificate: Maker, front_end: FrontEnd, now: dt.datetime
) -> None:
    """As they are from the command line."""
    observed = {"lync": [front_end(certificate())], "exchange": None}
    assert verdict(observed, ["litwareinc.com"], now, warn_days="701")["summary"]["warning"] == 1


def test_as_if_it_had_been_assigned(
    verdict: Callable[..., t.Any], certificate: Maker, front_end: FrontEnd, now: dt.datetime
) -> None:
    """Assigning deploys the certificate; one that no store has yet cannot be judged."""
    right, other = front_end(certificate(), host="fe1"), front_end(certificate("fabrikam.com"), host="fe2")
    thumbprint = right["assigned"][1]["thumbprint"]
    assert verdict({"lync": [right, other]}, ["litwareinc.com"], now)["summary"]["error"] > 0
    assert verdict({"lync": [right, other]}, ["litwareinc.com"], now, assigning=thumbprint)["findings"] == []
    assert verdict({"lync": [other]}, ["litwareinc.com"], now, assigning="0" * 40)["certificates"] == []
