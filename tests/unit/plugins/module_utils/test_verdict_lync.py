# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on the OAuthTokenIssuer certificate of all front ends."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.verdict import Verdict, judge
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

Maker = t.Any
FrontEnd = Callable[..., dict[str, t.Any]]
DAY = dt.timedelta(days=1)


@pytest.fixture
def verdict_on(now: dt.datetime) -> Callable[..., Verdict]:
    def judged(*lync: dict[str, t.Any], sip_domains: list[str] | None = None) -> Verdict:
        return judge(now=now, lync=lync, sip_domains=sip_domains or ["litwareinc.com"])

    return judged


Judged = Callable[..., Verdict]


def found(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [(item["severity"], item["host"], item["rule"]) for item in verdict["findings"]]


@pytest.mark.parametrize(
    ("subject", "dns_names", "expected"),
    [
        ("litwareinc.com", [], None),
        ("LitwareInc.com", ["other.example"], None),
        ("pool01.litwareinc.com", [], None),
        ("pool01.litwareinc.local", ["sip.litwareinc.com"], ("warning", "sip_domain_not_in_subject")),
        (None, ["litwareinc.com"], ("warning", "sip_domain_not_in_subject")),
        ("notlitwareinc.com", ["litwareinc.com.example"], ("error", "sip_domain_missing")),
        ("fabrikam.com", [], ("error", "sip_domain_missing")),
        (None, [], ("error", "sip_domain_missing")),
        ("*.litwareinc.com", [], ("warning", "wildcard_subject")),
        ("litwareinc.com", ["*.litwareinc.com"], None),
    ],
)
def test_the_sip_domain(
    certificate: Maker,
    front_end: FrontEnd,
    verdict_on: Judged,
    subject: str | None,
    dns_names: list[str],
    expected: tuple[str, str] | None,
) -> None:
    verdict = verdict_on(front_end(certificate(subject, dns_names=dns_names)))
    assert [(severity, rule) for severity, _host, rule in found(verdict)] == ([expected] if expected else [])


def test_any_common_name_will_do_in_any_order(certificate: Maker, front_end: FrontEnd, verdict_on: Judged) -> None:
    def name(oid: x509.ObjectIdentifier, value: str) -> x509.NameAttribute[str]:
        return x509.NameAttribute(oid, value)

    attributes = [
        name(NameOID.COMMON_NAME, "pool01.litwareinc.local"),
        name(NameOID.ORGANIZATION_NAME, "Litware, Inc."),
        name(NameOID.COMMON_NAME, "litwareinc.com"),
    ]
    for order in (attributes, attributes[::-1]):
        assert verdict_on(front_end(certificate(x509.Name(order))))["findings"] == []
    together = x509.Name([x509.RelativeDistinguishedName(attributes)])
    assert verdict_on(front_end(certificate(together)))["findings"] == []


def test_the_domain_in_another_attribute_is_not_the_subject(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged
) -> None:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "litwareinc.com"),
            x509.NameAttribute(NameOID.COMMON_NAME, "pool01.litwareinc.local"),
        ]
    )
    assert found(verdict_on(front_end(certificate(subject)))) == [("error", "atl-lync-001", "sip_domain_missing")]


def test_further_sip_domains_may_be_alternative_names(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged
) -> None:
    raw_data = certificate(dns_names=["sip.contoso.com"])
    assert verdict_on(front_end(raw_data), sip_domains=["litwareinc.com", "contoso.com"])["findings"] == []
    verdict = verdict_on(front_end(raw_data), sip_domains=["litwareinc.com", "contoso.com", "fabrikam.com"])
    assert found(verdict) == [("error", "atl-lync-001", "sip_domain_missing")]
    assert verdict["findings"][0]["evidence"].startswith("fabrikam.com: subject CN=litwareinc.com")


def test_an_internationalised_sip_domain(certificate: Maker, front_end: FrontEnd, verdict_on: Judged) -> None:
    raw_data = certificate("xn--bcher-kva.example")
    assert verdict_on(front_end(raw_data), sip_domains=["Bücher.example."])["findings"] == []


def test_nothing_assigned(front_end: FrontEnd, verdict_on: Judged) -> None:
    verdict = verdict_on(front_end(None))
    assert found(verdict) == [("error", "atl-lync-001", "token_issuer_unassigned")]
    assert verdict["days_left"] is None


def test_assigned_but_not_in_the_store(certificate: Maker, front_end: FrontEnd, verdict_on: Judged) -> None:
    here = front_end(certificate())
    verdict = verdict_on({**here, "store": []}, {**here, "host": "atl-lync-002"})
    assert found(verdict) == [("error", "atl-lync-001", "certificate_missing")]
    assert verdict["certificates"][0]["hosts"] == ["atl-lync-002"]


def test_the_thumbprint_of_the_assignment_may_be_written_in_any_way(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged
) -> None:
    raw_data = certificate()
    written = " ".join(describe(raw_data)["thumbprint"]).lower()
    assert verdict_on(front_end(raw_data, thumbprint=written))["findings"] == []


def test_the_result_of_a_task_that_failed(certificate: Maker, front_end: FrontEnd, verdict_on: Judged) -> None:
    failed = {"failed": True, "msg": "no answer", "error": {"host": "atl-lync-002", "kind": "unreachable"}}
    verdict = verdict_on(front_end(certificate()), failed)
    assert found(verdict) == [("error", "atl-lync-002", "host_not_read")]
    assert verdict["findings"][0]["evidence"] == "no answer"


def test_a_host_or_a_store_that_was_not_read(certificate: Maker, front_end: FrontEnd, verdict_on: Judged) -> None:
    unread = {**front_end(certificate()), "store": None}
    unreachable = {"host": "atl-lync-002", "error": "the host is unreachable"}
    verdict = verdict_on(unread, unreachable)
    assert found(verdict) == [("error", "atl-lync-001", "host_not_read"), ("error", "atl-lync-002", "host_not_read")]
    evidence = [item["evidence"] for item in verdict["findings"]]
    assert evidence == ["its certificate store was not read", "the host is unreachable"]


def test_one_front_end_that_differs_from_most_is_named(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged
) -> None:
    same, other = certificate(), certificate(serial=7)
    hosts = [front_end(same, "one"), front_end(same, "two"), front_end(other, "three")]
    verdict = verdict_on(*hosts)
    assert found(verdict) == [("error", "three", "token_issuer_differs")]
    assert "on one" in verdict["findings"][0]["evidence"]
    assert {item["thumbprint"]: item["hosts"] for item in verdict["certificates"]} == {
        describe(same)["thumbprint"]: ["one", "two"],
        describe(other)["thumbprint"]: ["three"],
    }


def test_one_front_end_without_an_assignment_does_not_differ(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged
) -> None:
    verdict = verdict_on(
        *(front_end(certificate(), host) for host in ("one", "two")),
        front_end(None, "three"),
        front_end(certificate(serial=7), "four"),
    )
    assert [(host, rule) for _severity, host, rule in found(verdict)] == [
        ("four", "token_issuer_differs"),
        ("three", "token_issuer_unassigned"),
    ]


def test_without_a_majority_all_are_named(certificate: Maker, front_end: FrontEnd, verdict_on: Judged) -> None:
    verdict = verdict_on(
        front_end(certificate(), "one"), front_end(certificate(serial=7), "two"), front_end(None, "three")
    )
    assert [item for item in found(verdict) if item[2] == "token_issuer_differs"] == [
        ("error", "one", "token_issuer_differs"),
        ("error", "two", "token_issuer_differs"),
    ]
    evidence = [item["evidence"] for item in verdict["findings"] if item["rule"] == "token_issuer_differs"]
    assert [text.partition(" on ")[2] for text in evidence] == ["two", "one"]


def test_an_assignment_of_the_server_itself(certificate: Maker, front_end: FrontEnd, verdict_on: Judged) -> None:
    verdict = verdict_on(front_end(certificate(), scope="Service:Registrar:pool01.litwareinc.com"))
    assert found(verdict) == [("warning", "atl-lync-001", "token_issuer_scope")]
    assert verdict_on(front_end(certificate(), scope="global"))["findings"] == []
    assert verdict_on(front_end(certificate(), scope=""))["findings"] == []


def staged(
    front_end: FrontEnd, current: str, following: str, effective: dt.datetime, *, deployed: bool = True
) -> dict[str, t.Any]:
    """Set-CsCertificate -EffectiveDate -Roll: the new certificate is assigned and names the one before it."""
    before, after = front_end(current), front_end(following, effective_date=instant(effective))
    previous = describe(current)["thumbprint"]
    assigned = [{**item, "previous_thumbprint": previous} for item in after["assigned"]]
    return {**after, "assigned": assigned, "store": before["store"] + (after["store"] if deployed else [])}


def test_a_staged_certificate_is_judged_beside_the_one_in_use(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged, now: dt.datetime
) -> None:
    current, following = certificate(not_after=now + 20 * DAY), certificate(serial=7)
    verdict = verdict_on(staged(front_end, current, following, now + 15 * DAY))
    assert found(verdict) == [("info", "atl-lync-001", "expires_soon")]
    assert [item["use"] for item in verdict["certificates"]] == ["OAuthTokenIssuer", "OAuthTokenIssuerStaged"]
    assert verdict["days_left"] == 20


@pytest.mark.parametrize(("days", "severity"), [(60, "info"), (59, "warning")])
def test_a_successor_has_to_last_longer_than_the_threshold(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged, now: dt.datetime, days: int, severity: str
) -> None:
    current, following = certificate(not_after=now + 20 * DAY), certificate(serial=7, not_after=now + days * DAY)
    verdict = verdict_on(staged(front_end, current, following, now + 15 * DAY))
    own = [item["severity"] for item in verdict["findings"] if item["use"] == "OAuthTokenIssuer"]
    assert own == [severity]


def test_what_was_read_of_days_left_does_not_hang_on_staged_ones(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged, now: dt.datetime
) -> None:
    current, following = certificate(), certificate(serial=7, not_after=now + 100 * DAY)
    assert verdict_on(staged(front_end, current, following, now + 15 * DAY))["days_left"] == 700


def test_of_two_assignments_the_later_one_is_in_use(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged, now: dt.datetime
) -> None:
    old, new, undated = certificate(), certificate(serial=7), certificate(serial=9)
    hosts = [
        front_end(old, effective_date=instant(now - 300 * DAY)),
        front_end(new, effective_date=instant(now - DAY)),
        front_end(undated),
    ]
    both = {
        **hosts[0],
        "assigned": [item for host in hosts for item in host["assigned"]],
        "store": [item for host in hosts for item in host["store"]],
    }
    assert [item["thumbprint"] for item in verdict_on(both)["certificates"]] == [describe(new)["thumbprint"]]


def test_an_overlap_of_a_whole_day_is_enough(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged, now: dt.datetime
) -> None:
    current, following = certificate(not_after=now + 100 * DAY), certificate(serial=7)
    assert verdict_on(staged(front_end, current, following, now + 99 * DAY))["findings"] == []


def test_a_certificate_staged_too_late(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged, now: dt.datetime
) -> None:
    current, following = certificate(not_after=now + 20 * DAY), certificate(serial=7)
    verdict = verdict_on(staged(front_end, current, following, now + 19 * DAY + dt.timedelta(hours=1)))
    assert ("warning", "atl-lync-001", "rollover_too_late") in found(verdict)
    verdict = verdict_on(staged(front_end, current, following, now + 21 * DAY))
    assert found(verdict) == [
        ("warning", "atl-lync-001", "expires_soon"),
        ("warning", "atl-lync-001", "rollover_too_late"),
    ]


def test_a_staged_certificate_counts_from_its_effective_date(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged, now: dt.datetime
) -> None:
    effective = now + 15 * DAY
    later = certificate(serial=7, not_before=now + 10 * DAY)
    assert verdict_on(staged(front_end, certificate(), later, effective))["findings"] == []
    too_late = certificate(serial=7, not_before=now + 16 * DAY)
    assert found(verdict_on(staged(front_end, certificate(), too_late, effective))) == [
        ("error", "atl-lync-001", "not_yet_valid")
    ]
    over_by_then = certificate(serial=7, not_after=now + 14 * DAY)
    assert found(verdict_on(staged(front_end, certificate(), over_by_then, effective))) == [
        ("error", "atl-lync-001", "expired")
    ]


def test_a_staged_certificate_has_to_carry_the_domain(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged, now: dt.datetime
) -> None:
    verdict = verdict_on(staged(front_end, certificate(), certificate("fabrikam.com"), now + 15 * DAY))
    assert [(item["rule"], item["use"]) for item in verdict["findings"]] == [
        ("sip_domain_missing", "OAuthTokenIssuerStaged")
    ]


def test_a_staged_certificate_that_is_not_there_yet(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged, now: dt.datetime
) -> None:
    host = staged(front_end, certificate(), certificate(serial=7), now + 15 * DAY, deployed=False)
    assert found(verdict_on(host)) == [("warning", "atl-lync-001", "certificate_missing")]


def test_once_its_date_has_come_the_staged_certificate_is_the_one_in_use(
    certificate: Maker, front_end: FrontEnd, verdict_on: Judged, now: dt.datetime
) -> None:
    following = certificate(serial=7)
    verdict = verdict_on(staged(front_end, certificate(), following, now))
    assert verdict["findings"] == []
    assert [item["thumbprint"] for item in verdict["certificates"]] == [describe(following)["thumbprint"]]
