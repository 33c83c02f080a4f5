# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on the names that the certificates of Exchange's web site carry."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.names import covers
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import ObservationError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.verdict import judge

Maker = t.Any
Server = Callable[..., dict[str, t.Any]]
AUTH = "Microsoft Exchange Server Auth Certificate"
NAME = "autodiscover.litwareinc.com"


@pytest.fixture
def evidence(
    certificate: Maker, exchange_server: Server, now: dt.datetime
) -> Callable[..., list[tuple[str, str, str]]]:
    """What is found where the server has a certificate for its web site."""

    def judged(
        web_site: str, services: list[str] | None, *names: str, server_error: str | None = None
    ) -> list[tuple[str, str, str]]:
        observed = exchange_server(certificate(AUTH), web_site)
        auth, shown = observed["servers"][0]["certificates"]
        auth["services"], shown["services"] = ["SMTP"], services
        if server_error:
            observed["servers"][0]["error"] = server_error
        findings = judge(now=now, exchange=[observed], autodiscover_names=names or [NAME])["findings"]
        return [(item["severity"], item["rule"], item["evidence"]) for item in findings if item["use"] == "ExchangeIIS"]

    return judged


Evidence = Callable[..., list[tuple[str, str, str]]]


@pytest.mark.parametrize("carried", [NAME, "Autodiscover.LitwareInc.com", "*.litwareinc.com"])
@pytest.mark.parametrize("services", [["IIS"], ["SMTP", "IIS"], None])
def test_the_name_is_carried(certificate: Maker, evidence: Evidence, carried: str, services: list[str] | None) -> None:
    assert evidence(certificate("mail.litwareinc.com", dns_names=["mail.litwareinc.com", carried]), services) == []


def test_the_name_is_missing(certificate: Maker, evidence: Evidence) -> None:
    web_site = certificate("mail.litwareinc.com", dns_names=["mail.litwareinc.com", "owa.litwareinc.com"])
    carried = "mail.litwareinc.com, owa.litwareinc.com"
    assert evidence(web_site, ["IIS"], NAME, "mail.litwareinc.com.", "autodiscover.fabrikam.com") == [
        ("warning", "autodiscover_name_missing", f"{name}: the valid certificates for IIS carry {carried}")
        for name in ("autodiscover.fabrikam.com", NAME)
    ]


def test_the_subject_counts_only_without_alternative_names(certificate: Maker, evidence: Evidence) -> None:
    assert evidence(certificate(NAME), ["IIS"]) == []
    assert evidence(certificate(NAME, dns_names=["mail.litwareinc.com"]), ["IIS"]) != []


def test_a_certificate_that_iis_cannot_show(certificate: Maker, evidence: Evidence, now: dt.datetime) -> None:
    missing = [("warning", "autodiscover_name_missing", f"{NAME}: the valid certificates for IIS carry no name")]
    day = dt.timedelta(days=1)
    assert evidence(certificate(NAME), ["SMTP"]) == missing
    assert evidence(certificate(NAME), []) == missing
    assert evidence(certificate(NAME, not_before=now - 9 * day, not_after=now - day), ["IIS"]) == missing
    assert evidence(certificate(NAME, not_before=now + day), ["IIS"]) == missing


def test_a_server_that_was_not_read_has_that_finding_only(certificate: Maker, evidence: Evidence) -> None:
    assert evidence(certificate("mail.litwareinc.com"), ["IIS"], server_error="it does not answer") == []


def test_no_names_no_question(certificate: Maker, exchange_server: Server, now: dt.datetime) -> None:
    assert judge(now=now, exchange=[exchange_server(certificate(AUTH))])["findings"] == []


@pytest.mark.parametrize("name", ["", "*.litwareinc.com", "https://autodiscover.litwareinc.com"])
def test_what_is_no_host_name_is_refused(
    certificate: Maker, exchange_server: Server, now: dt.datetime, name: str
) -> None:
    with pytest.raises(ObservationError, match=r"autodiscover_names: .* such as autodiscover.litwareinc.com"):
        judge(now=now, exchange=[exchange_server(certificate(AUTH))], autodiscover_names=[name])


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("*.litwareinc.com", "autodiscover.litwareinc.com", True),
        ("*.litwareinc.com", "litwareinc.com", False),
        ("*.litwareinc.com", "a.b.litwareinc.com", False),
        ("*.xn--bcher-kva.de", "autodiscover.bücher.de", True),
        ("litwareinc.com", "autodiscover.litwareinc.com", False),
    ],
)
def test_covers(name: str, host: str, covered: bool) -> None:
    assert covers(name, host) is covered
