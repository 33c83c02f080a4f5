# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on what both products ask of a certificate, and its form."""

from __future__ import annotations

import base64
import datetime as dt
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.finding import seen
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.names import belongs, canonical, is_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import (
    ObservationError,
    read_instant,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.rules import RULES, SEVERITIES
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.verdict import judge, sentence

Maker = t.Any
FrontEnd = Callable[..., dict[str, t.Any]]


@pytest.fixture
def rules_of(now: dt.datetime, front_end: FrontEnd) -> Callable[..., list[tuple[str, str]]]:
    """Severity and rule of each finding on one front end with this certificate."""

    def judged(raw_data: str, **policy: t.Any) -> list[tuple[str, str]]:
        private_key = policy.pop("has_private_key", True)
        lync = [front_end(raw_data, has_private_key=private_key)]
        verdict = judge(**{"now": now, "sip_domains": ["litwareinc.com"], **policy}, lync=lync)
        return [(item["severity"], item["rule"]) for item in verdict["findings"]]

    return judged


Rules = Callable[..., list[tuple[str, str]]]


def test_a_good_certificate_has_no_findings(certificate: Maker, front_end: FrontEnd, now: dt.datetime) -> None:
    verdict = judge(now=now, lync=[front_end(certificate())], sip_domains=["litwareinc.com"])
    assert verdict == {
        "ok": True,
        "now": "2026-08-01T12:00:00Z",
        "days_left": 700,
        "summary": {"error": 0, "warning": 0, "info": 0},
        "findings": [],
        "certificates": [
            {
                "use": "OAuthTokenIssuer",
                "thumbprint": verdict["certificates"][0]["thumbprint"],
                "subject": "CN=litwareinc.com",
                "not_after": "2028-07-01T12:00:00Z",
                "days_left": 700,
                "hosts": ["atl-lync-001"],
            }
        ],
    }


@pytest.mark.parametrize(("key", "rule"), [("rsa1024", "key_size"), ("ec", "key_type"), ("ed25519", "key_type")])
def test_a_key_that_cannot_sign_tokens(certificate: Maker, rules_of: Rules, key: str, rule: str) -> None:
    assert rules_of(certificate(key=key)) == [("error", rule)]


def test_the_minimum_key_size_is_asked_for(certificate: Maker, rules_of: Rules) -> None:
    assert rules_of(certificate(), minimum_key_size=4096) == [("error", "key_size")]
    assert rules_of(certificate(key="rsa1024"), minimum_key_size=1024) == []


def test_the_remedy_asks_for_the_minimum_key_size(certificate: Maker, front_end: FrontEnd, now: dt.datetime) -> None:
    verdict = judge(now=now, lync=[front_end(certificate())], sip_domains=["litwareinc.com"], minimum_key_size=4096)
    assert verdict["findings"][0]["remedy"].endswith("Its key must be RSA of 4096 bits or more.")


SECOND = dt.timedelta(seconds=1)
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("until_the_end", "finding", "left"),
    [
        (dt.timedelta(0), "expires_soon", 0),
        (-SECOND, "expired", -1),
        (-DAY, "expired", -1),
        (-DAY - SECOND, "expired", -2),
        (DAY - SECOND, "expires_soon", 0),
        (60 * DAY - SECOND, "expires_soon", 59),
        (60 * DAY, None, 60),
    ],
)
def test_the_end_of_validity_to_the_second(
    certificate: Maker,
    front_end: FrontEnd,
    now: dt.datetime,
    until_the_end: dt.timedelta,
    finding: str | None,
    left: int,
) -> None:
    raw_data = certificate(not_before=now - 400 * DAY, not_after=now + until_the_end)
    verdict = judge(now=now, lync=[front_end(raw_data)], sip_domains=["litwareinc.com"])
    assert [item["rule"] for item in verdict["findings"]] == ([finding] if finding else [])
    assert verdict["days_left"] == left
    assert verdict["ok"] is (finding != "expired")


def test_half_a_second_after_the_end_is_after_the_end(certificate: Maker, rules_of: Rules, now: dt.datetime) -> None:
    raw_data = certificate(not_after=now)
    assert rules_of(raw_data, now=now + dt.timedelta(milliseconds=500)) == [("error", "expired")]


def test_the_begin_of_validity_to_the_second(certificate: Maker, rules_of: Rules, now: dt.datetime) -> None:
    assert rules_of(certificate(not_before=now)) == []
    assert rules_of(certificate(not_before=now + SECOND)) == [("error", "not_yet_valid")]


def test_the_thresholds_are_asked_for(certificate: Maker, rules_of: Rules, now: dt.datetime) -> None:
    raw_data = certificate(not_after=now + 29 * DAY)
    assert rules_of(raw_data) == [("warning", "expires_soon")]
    assert rules_of(raw_data, error_days=30) == [("error", "expires_soon")]
    assert rules_of(raw_data, error_days=30, warn_days=0) == [("error", "expires_soon")]
    assert rules_of(raw_data, warn_days=29) == []


def test_purposes(certificate: Maker, rules_of: Rules) -> None:
    any_purpose = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
    assert rules_of(certificate(purposes=None)) == []
    assert rules_of(certificate(purposes=[certificate.client, any_purpose])) == []
    assert rules_of(certificate(purposes=[certificate.client])) == [("warning", "server_authentication")]


def test_the_evidence_says_what_was_seen(certificate: Maker, front_end: FrontEnd, now: dt.datetime) -> None:
    raw_data = certificate("fabrikam.com", dns_names=["a.example", "b.example"], purposes=[certificate.client])
    verdict = judge(now=now, lync=[front_end(raw_data)], sip_domains=["litwareinc.com"])
    assert [item["evidence"] for item in verdict["findings"]] == [
        "litwareinc.com: subject CN=fabrikam.com, alternative names a.example, b.example",
        "CN=fabrikam.com allows 1.3.6.1.5.5.7.3.2 only",
    ]


def test_key_usages(certificate: Maker, rules_of: Rules) -> None:
    names = "content_commitment data_encipherment key_agreement key_cert_sign crl_sign encipher_only decipher_only"
    others = dict.fromkeys(names.split(), False)
    signing = x509.KeyUsage(digital_signature=True, key_encipherment=True, **others)
    encrypting = x509.KeyUsage(digital_signature=False, key_encipherment=True, **others)
    assert rules_of(certificate(usages=signing)) == []
    assert rules_of(certificate(usages=encrypting)) == [("warning", "digital_signature")]


def test_an_old_signature_is_a_warning(certificate: Maker, rules_of: Rules) -> None:
    assert rules_of(certificate.signed_with_sha1(certificate())) == [("warning", "signature_hash")]


def test_the_private_key(certificate: Maker, rules_of: Rules) -> None:
    assert rules_of(certificate(), has_private_key=False) == [("error", "private_key_missing")]
    assert rules_of(certificate(), has_private_key=None) == [("info", "private_key_unknown")]


def test_a_certificate_that_cannot_be_decoded_is_a_finding(certificate: Maker, rules_of: Rules) -> None:
    truncated = base64.b64encode(base64.b64decode(certificate())[:-9]).decode()
    assert rules_of(truncated) == [("error", "certificate_unreadable")]


def test_findings_come_gravest_first_then_by_host_and_rule(
    certificate: Maker, front_end: FrontEnd, now: dt.datetime
) -> None:
    raw_data = certificate("fabrikam.com", key="rsa1024", purposes=[certificate.client])
    hosts = ("atl-lync-002", "atl-lync-001")
    lync = [front_end(raw_data, host, has_private_key=None) for host in hosts]
    verdict = judge(now=now, lync=lync, sip_domains=["litwareinc.com"])
    order = [(item["severity"], item["host"], item["rule"]) for item in verdict["findings"]]
    assert order == [
        ("error", "atl-lync-001", "key_size"),
        ("error", "atl-lync-001", "sip_domain_missing"),
        ("error", "atl-lync-002", "key_size"),
        ("error", "atl-lync-002", "sip_domain_missing"),
        ("warning", "atl-lync-001", "server_authentication"),
        ("warning", "atl-lync-002", "server_authentication"),
        ("info", "atl-lync-001", "private_key_unknown"),
        ("info", "atl-lync-002", "private_key_unknown"),
    ]
    assert verdict["summary"] == {"error": 4, "warning": 2, "info": 2}
    assert verdict == judge(now=now, lync=lync[::-1], sip_domains=["litwareinc.com"])
    assert all(item["evidence"] and item["remedy"] and "{" not in item["remedy"] for item in verdict["findings"])


def test_the_sentence_says_the_same_on_several_hosts_once(
    certificate: Maker, front_end: FrontEnd, now: dt.datetime
) -> None:
    lync = [front_end(certificate(key="rsa1024"), host, has_private_key=None) for host in ("one", "two")]
    said = sentence(judge(now=now, lync=lync, sip_domains=["litwareinc.com"]), ["error", "warning"])
    assert said.startswith(
        "one, two: lync management shell: Get-CsCertificate: key_size: "
        "CN=litwareinc.com has an RSA key of 1024 bits; at least 2048 are asked. "
    )
    assert "lync_certificate" in said
    assert "private_key_unknown" not in said


def test_the_sentence_says_a_remedy_once(certificate: Maker, front_end: FrontEnd, now: dt.datetime) -> None:
    lync = [front_end(certificate("a.example"), "one"), front_end(certificate("b.example"), "two")]
    said = sentence(judge(now=now, lync=lync, sip_domains=["litwareinc.com"]), ["error"])
    assert said.count("sip_domain_missing") == 2
    assert said.count("Give it the SIP domain as subject (CN).") == 1


@pytest.mark.parametrize(
    ("use", "rule", "where"),
    [
        ("OAuthTokenIssuer", "expired", "lync management shell: Get-CsCertificate"),
        ("OAuthTokenIssuerStaged", "key_size", "lync management shell: Get-CsCertificate"),
        ("ExchangeAuth", "expired", "exchange management shell: Get-ExchangeCertificate"),
        ("ExchangeAuthNext", "certificate_missing", "exchange management shell: Get-ExchangeCertificate"),
        ("ExchangeAuth", "auth_certificate_unassigned", "exchange management shell: Get-AuthConfig"),
        ("ExchangeAuthNext", "auth_next_overdue", "exchange management shell: Get-AuthConfig"),
    ],
)
def test_a_finding_says_what_it_was_seen_with(use: str, rule: str, where: str) -> None:
    assert seen({"use": use, "rule": rule, "evidence": "so it is"}) == f"{where}: {rule}: so it is"


def test_every_rule_is_documented_and_says_what_to_do(repository: Path) -> None:
    documentation = (repository / "plugins" / "modules" / "certificate_verdict.py").read_text(encoding="utf-8")
    assert [name for name in RULES if f"V({name})" not in documentation] == []
    for rule in RULES.values():
        assert rule.severity in SEVERITIES
        assert all("{" not in rule.remedy_for(use, 2048) for use in ("OAuthTokenIssuer", "ExchangeAuthNext"))


@pytest.mark.parametrize(
    ("observed", "message"),
    [
        ({}, "nothing to judge"),
        ({"exchange": [{"servers": []}]}, "nothing to judge"),
        ({"lync": ["text"]}, r"lync\[0\]: a dictionary is wanted.* not str"),
        ({"lync": [{"host": "fe"}]}, r"lync\[0\]\.assigned: a list is wanted.* not NoneType"),
        ({"lync": [{"assigned": [], "store": []}]}, r"lync\[0\]\.host: missing"),
        ({"lync": [{"host": "fe", "assigned": [], "store": [{}]}]}, r"lync\[0\]\.store\[0\]\.raw_data: missing"),
        ({"lync": [{"host": "fe", "assigned": [], "store": [{"raw_data": ""}]}]}, r"store\[0\]\.raw_data: missing"),
        ({"lync": [{"host": "fe", "assigned": [], "store": [{"raw_data": 5}]}]}, r"store\[0\]\.raw_data: missing"),
        ({"lync": [{"host": "fe", "assigned": ["x"], "store": []}]}, r"lync\[0\]\.assigned\[0\]: a dictionary"),
        ({"exchange": [{"failed": True}]}, r"exchange\[0\]\.servers: a list is wanted"),
        (
            {"exchange": [{"servers": [], "auth_config": {"next_certificate_effective_date": "soon"}}]},
            r"exchange\[0\]\.auth_config\.next_certificate_effective_date: 'soon' is not a point in time",
        ),
    ],
)
def test_input_that_cannot_be_judged_is_refused_with_its_place(
    now: dt.datetime, observed: dict[str, t.Any], message: str
) -> None:
    with pytest.raises(ObservationError, match=message):
        judge(now=now, sip_domains=["litwareinc.com"], **observed)


@pytest.mark.parametrize(
    "domain", ["", "*.litwareinc.com", "https://litwareinc.com", "ken@litwareinc.com", "litware inc.com"]
)
def test_a_sip_domain_that_is_none_is_refused(
    certificate: Maker, front_end: FrontEnd, now: dt.datetime, domain: str
) -> None:
    with pytest.raises(ObservationError, match="sip_domains"):
        judge(now=now, lync=[front_end(certificate())], sip_domains=[domain])


def test_front_ends_need_a_sip_domain(certificate: Maker, front_end: FrontEnd, now: dt.datetime) -> None:
    with pytest.raises(ObservationError, match="sip_domains: at least one"):
        judge(now=now, lync=[front_end(certificate())])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-08-01T12:00:00Z", "2026-08-01T12:00:00+00:00"),
        ("2026-08-01 14:00:00+02:00", "2026-08-01T12:00:00+00:00"),
        ("2026-08-01T12:00:00", "2026-08-01T12:00:00+00:00"),
        (dt.datetime(2026, 8, 1, 12, 0), "2026-08-01T12:00:00+00:00"),
        ("2026-08-01", "2026-08-01T00:00:00+00:00"),
    ],
)
def test_points_in_time(written: object, expected: str) -> None:
    moment = read_instant(written, "now")
    assert moment is not None
    assert moment.isoformat() == expected


@pytest.mark.parametrize("written", ["yesterday", "12:00", 5])
def test_what_is_no_point_in_time_is_refused(written: object) -> None:
    with pytest.raises(ObservationError, match=r"now: .* is not a point in time"):
        read_instant(written, "now")


@pytest.mark.parametrize(
    ("name", "domain", "expected"),
    [
        ("litwareinc.com", "litwareinc.com", True),
        ("pool01.litwareinc.com", "litwareinc.com", True),
        ("LITWAREINC.COM.", "litwareinc.com", True),
        ("litwareinc.com", "LitwareInc.com.", True),
        ("*.litwareinc.com", "litwareinc.com", True),
        ("*.LitwareInc.com", "emea.litwareinc.com", True),
        ("*.litwareinc.com", "uk.emea.litwareinc.com", False),
        ("*.com", "litwareinc.com", False),
        ("notlitwareinc.com", "litwareinc.com", False),
        ("litwareinc.com.example.net", "litwareinc.com", False),
        ("com", "litwareinc.com", False),
        ("", "litwareinc.com", False),
        ("sip.xn--bcher-kva.example", "bücher.example", True),
        ("sip.bücher.example", "XN--BCHER-KVA.example", True),
        ("sip.BU\u0308CHER.example", "bücher.example", True),
        ("xn--strae-oqa.example", "straße.example", True),
        ("strasse.example", "straße.example", False),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah", True),
        ("xn--\u00e4.example", "xn--\u00e4.example", True),
        ("xn--99999999999.example", "xn--99999999999.example", True),
    ],
)
def test_names_and_domains(name: str, domain: str, expected: bool) -> None:
    assert belongs(name, domain) is expected


def test_the_root_is_no_domain() -> None:
    assert canonical(" . ") == ""
    assert not is_domain(".")
    assert not is_domain(".litwareinc.com")
    assert is_domain("bücher.example")
    assert is_domain("localhost")
