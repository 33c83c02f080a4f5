# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on the Exchange Auth certificate of all servers."""

from __future__ import annotations

import datetime as dt
import re
import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.verdict import Verdict, judge
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

Maker = t.Any
Server = Callable[..., dict[str, t.Any]]
DAY = dt.timedelta(days=1)
AUTH = "Microsoft Exchange Server Auth Certificate"


@pytest.fixture
def verdict_on(now: dt.datetime) -> Callable[..., Verdict]:
    def judged(*exchange: dict[str, t.Any]) -> Verdict:
        return judge(now=now, exchange=exchange)

    return judged


Judged = Callable[..., Verdict]


def found(verdict: Verdict) -> list[tuple[str, str, str, str]]:
    return [(item["severity"], item["host"], item["use"], item["rule"]) for item in verdict["findings"]]


def test_a_good_certificate_has_no_findings(certificate: Maker, exchange_server: Server, verdict_on: Judged) -> None:
    verdict = verdict_on(exchange_server(certificate(AUTH)))
    assert verdict["findings"] == []
    assert [(item["use"], item["hosts"]) for item in verdict["certificates"]] == [
        ("ExchangeAuth", ["atl-exchange-001"])
    ]


def test_missing_on_one_of_the_servers(certificate: Maker, exchange_server: Server, verdict_on: Judged) -> None:
    first = exchange_server(certificate(AUTH))
    second = {**first, "servers": [{"host": "atl-exchange-002", "certificates": []}]}
    verdict = verdict_on(first, second)
    assert found(verdict) == [("error", "atl-exchange-002", "ExchangeAuth", "certificate_missing")]
    assert "Import-ExchangeCertificate" in verdict["findings"][0]["remedy"]


def test_the_result_of_a_task_that_failed(certificate: Maker, exchange_server: Server, verdict_on: Judged) -> None:
    failed = {"failed": True, "msg": "no answer", "error": {"host": "b", "kind": "unreachable"}}
    verdict = verdict_on(exchange_server(certificate(AUTH)), failed)
    assert found(verdict) == [("error", "b", "ExchangeAuth", "host_not_read")]


def test_a_result_may_hold_many_servers(certificate: Maker, exchange_server: Server, verdict_on: Judged) -> None:
    one = exchange_server(certificate(AUTH))
    servers = [{**one["servers"][0], "host": host} for host in ("b", "a")]
    servers.append({"host": "c", "certificates": [], "error": "the server does not answer"})
    verdict = verdict_on({**one, "servers": servers})
    assert found(verdict) == [("error", "c", "ExchangeAuth", "host_not_read")]
    assert verdict["certificates"][0]["hosts"] == ["a", "b"]


def test_the_key_and_its_private_half(certificate: Maker, exchange_server: Server, verdict_on: Judged) -> None:
    short, curved = exchange_server(certificate(AUTH, key="rsa1024")), exchange_server(certificate(AUTH, key="ec"))
    assert found(verdict_on(short)) == [("error", "atl-exchange-001", "ExchangeAuth", "key_size")]
    assert found(verdict_on(curved)) == [("error", "atl-exchange-001", "ExchangeAuth", "key_type")]
    keyless = exchange_server(certificate(AUTH))
    keyless["servers"][0]["certificates"][0]["has_private_key"] = False
    assert found(verdict_on(keyless)) == [("error", "atl-exchange-001", "ExchangeAuth", "private_key_missing")]


def test_expired(certificate: Maker, exchange_server: Server, verdict_on: Judged, now: dt.datetime) -> None:
    verdict = verdict_on(exchange_server(certificate(AUTH, not_before=now - 1800 * DAY, not_after=now - DAY)))
    assert found(verdict) == [("error", "atl-exchange-001", "ExchangeAuth", "expired")]
    assert (verdict["ok"], verdict["days_left"]) == (False, -1)
    assert "Set-AuthConfig" in verdict["findings"][0]["remedy"]


def test_another_subject(certificate: Maker, exchange_server: Server, verdict_on: Judged) -> None:
    verdict = verdict_on(exchange_server(certificate("atl-exchange-001.litwareinc.com")))
    assert found(verdict) == [("warning", "atl-exchange-001", "ExchangeAuth", "auth_certificate_subject")]
    assert verdict["findings"][0]["evidence"] == "subject CN=atl-exchange-001.litwareinc.com"


@pytest.mark.parametrize("config", [None, {"current_certificate_thumbprint": ""}, {}])
def test_no_certificate_named(
    certificate: Maker, exchange_server: Server, verdict_on: Judged, config: dict[str, t.Any] | None
) -> None:
    verdict = verdict_on({**exchange_server(certificate(AUTH)), "auth_config": config})
    assert found(verdict) == [("error", "atl-exchange-001", "ExchangeAuth", "auth_certificate_unassigned")]


def test_the_configuration_of_one_server_serves_for_all(
    certificate: Maker, exchange_server: Server, verdict_on: Judged
) -> None:
    raw_data = certificate(AUTH)
    without = {**exchange_server(raw_data, host="atl-exchange-000"), "auth_config": None}
    assert verdict_on(without, exchange_server(raw_data))["findings"] == []


def test_configurations_that_differ(certificate: Maker, exchange_server: Server, verdict_on: Judged) -> None:
    old, new = certificate(AUTH), certificate(AUTH, serial=7)
    verdict = verdict_on(exchange_server(old, new), exchange_server(new, old, host="atl-exchange-002"))
    assert found(verdict) == [("warning", "atl-exchange-002", "ExchangeAuth", "auth_configuration_differs")]
    first, second = describe(old)["thumbprint"], describe(new)["thumbprint"]
    assert (
        verdict["findings"][0]["evidence"]
        == f"current {second}, next none here, but current {first}, next none elsewhere"
    )


def next_is(raw_data: str, effective: dt.datetime | None) -> dict[str, t.Any]:
    return {
        "next_certificate_thumbprint": describe(raw_data)["thumbprint"],
        "next_certificate_effective_date": instant(effective) if effective else None,
    }


def test_a_next_certificate_in_order(
    certificate: Maker, exchange_server: Server, verdict_on: Judged, now: dt.datetime
) -> None:
    current, following = certificate(AUTH, not_after=now + 40 * DAY), certificate(AUTH, serial=7)
    verdict = verdict_on(exchange_server(current, following, **next_is(following, now + 30 * DAY)))
    assert found(verdict) == [("info", "atl-exchange-001", "ExchangeAuth", "expires_soon")]
    assert [item["use"] for item in verdict["certificates"]] == ["ExchangeAuth", "ExchangeAuthNext"]


@pytest.mark.parametrize(
    ("making", "rule"),
    [
        ({"subject": AUTH, "key": "rsa1024"}, "key_size"),
        ({"subject": AUTH, "days": 10}, "expired"),
        ({"subject": "litwareinc.com"}, "auth_certificate_subject"),
    ],
)
def test_a_next_certificate_is_judged_as_of_its_date(
    certificate: Maker,
    exchange_server: Server,
    verdict_on: Judged,
    now: dt.datetime,
    making: dict[str, t.Any],
    rule: str,
) -> None:
    subject, days, key = making["subject"], making.get("days", 700), making.get("key", "rsa")
    following = certificate(subject, serial=7, key=key, not_after=now + days * DAY)
    verdict = verdict_on(exchange_server(certificate(AUTH), following, **next_is(following, now + 30 * DAY)))
    assert [(item["use"], item["rule"]) for item in verdict["findings"]] == [("ExchangeAuthNext", rule)]


def test_a_next_certificate_that_is_the_current_one_is_not_awaited(
    certificate: Maker, exchange_server: Server, verdict_on: Judged, now: dt.datetime
) -> None:
    current = certificate(AUTH)
    verdict = verdict_on(exchange_server(current, **next_is(current, now - 30 * DAY)))
    assert verdict["findings"] == []
    assert [item["use"] for item in verdict["certificates"]] == ["ExchangeAuth"]


@pytest.mark.parametrize(("days", "severity"), [(1, "warning"), (0, "error"), (None, "error")])
def test_a_next_certificate_that_is_missing(
    certificate: Maker, exchange_server: Server, verdict_on: Judged, now: dt.datetime, days: int | None, severity: str
) -> None:
    effective = None if days is None else now + days * DAY
    verdict = verdict_on(exchange_server(certificate(AUTH), **next_is(certificate(AUTH, serial=7), effective)))
    assert found(verdict) == [(severity, "atl-exchange-001", "ExchangeAuthNext", "certificate_missing")]


def test_a_next_certificate_that_comes_after_the_end(
    certificate: Maker, exchange_server: Server, verdict_on: Judged, now: dt.datetime
) -> None:
    current, following = certificate(AUTH, not_after=now + 70 * DAY), certificate(AUTH, serial=7)
    verdict = verdict_on(exchange_server(current, following, **next_is(following, now + 71 * DAY)))
    assert found(verdict) == [("warning", "atl-exchange-001", "ExchangeAuthNext", "rollover_too_late")]


def test_a_next_certificate_that_comes_at_the_end(
    certificate: Maker, exchange_server: Server, verdict_on: Judged, now: dt.datetime
) -> None:
    end = now + 40 * DAY
    current, following = certificate(AUTH, not_after=end), certificate(AUTH, serial=7)
    verdict = verdict_on(exchange_server(current, following, **next_is(following, end)))
    assert found(verdict) == [("info", "atl-exchange-001", "ExchangeAuth", "expires_soon")]


def test_a_next_certificate_that_nobody_published(
    certificate: Maker, exchange_server: Server, verdict_on: Judged, now: dt.datetime
) -> None:
    current, following = certificate(AUTH), certificate(AUTH, serial=7)
    servlet_has_time = exchange_server(current, following, **next_is(following, now - dt.timedelta(hours=12)))
    assert verdict_on(servlet_has_time)["findings"] == []
    overdue = exchange_server(current, following, **next_is(following, now - dt.timedelta(hours=13)))
    assert found(verdict_on(overdue)) == [("warning", "atl-exchange-001", "ExchangeAuthNext", "auth_next_overdue")]


def test_both_products_are_judged_together(
    certificate: Maker, exchange_server: Server, front_end: Server, now: dt.datetime
) -> None:
    exchange, lync = exchange_server(certificate(AUTH, not_after=now + 90 * DAY)), front_end(certificate())
    verdict = judge(now=now, exchange=[exchange], lync=[lync], sip_domains=["litwareinc.com"])
    assert (verdict["ok"], verdict["days_left"], verdict["findings"]) == (True, 90, [])


@pytest.mark.parametrize(
    ("version", "moment", "rules"),
    [
        ("E19", "2022-01-01T00:00:00Z", ["signature_hash", "private_key_unknown"]),
        ("E19", "2024-11-06T22:47:32Z", ["expires_soon", "signature_hash", "private_key_unknown"]),
        ("E19", "2024-11-06T22:47:33Z", ["expired", "signature_hash", "private_key_unknown"]),
    ],
)
def test_a_captured_server(recorded: Callable[[str], str], version: str, moment: str, rules: list[str]) -> None:
    certificates, config = (
        recorded(f"fixtures/clixml/{version}-Get{name}.xml") for name in ("ExchangeCertificate", "AuthConfig")
    )
    current = re.findall(r'<S N="CurrentCertificateThumbprint">([^<]*)</S>', config)
    raw_data = re.findall(r'<BA N="RawData">([^<]+)</BA>', certificates)
    exchange = {
        "servers": [{"host": "solo-e19a", "certificates": [{"raw_data": raw} for raw in raw_data]}],
        "auth_config": {"current_certificate_thumbprint": current[0]},
    }
    verdict = judge(now=moment, exchange=[exchange])
    assert [item["rule"] for item in verdict["findings"]] == rules
