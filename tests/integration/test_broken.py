# SPDX-License-Identifier: GPL-3.0-or-later
"""Each pain of the scenario broken is found, with a remedy; a farm without one is not complained of.

Pains that do not hide each other are switched on together, so that a few labs hold all of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import LAB, ROOT, Farm, Run

AUDIT, VERIFY = ROOT / "playbooks" / "audit.yml", "- import_role: {name: onprem.exchange_lync.verify}"
EVERYTHING = {"farm_read_machines": True, "farm_require_trust": True, "farm_fail_on": "never"}
EX1, EX2, FE1, FE2, DC = (f"{name}.tailspintoys.com" for name in ("ex1", "ex2", "fe1", "fe2", "dc1"))
SIP = {"farm_trust_sip_address": "sip:test@tailspintoys.com"}

PAINS: list[dict[str, tuple[str, str, str]]] = [
    {
        "uri_of_a_dead_server": ("autodiscover_uri_replaced", EX2, "add autodiscover_uri_replaced to farm_replace"),
        "xml_url_in_lync": ("oauth_configuration_differs", "Lync", "Run the integration, or its role oauth"),
        "authority_not_trusted": ("authority_not_trusted", FE1, "Trusted Root Certification Authorities"),
        "auth_certificate_gone": (
            "certificate_missing",
            EX1,
            "Run playbook onprem.exchange_lync.rotate_auth_certificate",
        ),
        "token_issuer_expiring": ("expires_soon", FE1, "Request a web server certificate"),
        "wildcard_accepted_domain": ("wildcard_accepted_domain", "Exchange", "Add an entry for the SIP domain itself"),
        "oauth_off": ("oauth_off", EX2, "exchange_virtual_directory"),
        "clocks_differ": ("clock_skew", FE2, "w32tm"),
        "replication_stuck": ("replica_behind", FE2, "REPLICA service"),
        "partner_of_another_identifier": ("partner_application_identifier", "Lync", "lync_partner_application"),
        "partner_url_of_a_dead_server": ("partner_metadata_unreachable", EX1, "give the application another URL"),
        "owa_im_certificate_expired": ("owa_im_certificate", EX1, "Set-SettingOverride"),
        "intermediate_among_the_roots": ("root_store_misplaced", FE1, r"Cert:\LocalMachine\CA"),
        "root_twice": ("root_store_duplicate", FE2, "Group Policy"),
    },
    {
        "uri_of_setup": ("autodiscover_uri_differs", EX1, "Run the integration, or its role autodiscover"),
        "auth_certificate_expired": ("expired", EX1, "New-ExchangeCertificate"),
        "token_issuer_per_server": ("token_issuer_differs", FE2, "add token_issuer_scope to farm_replace"),
        "sip_domain_not_accepted": ("sip_domain_not_accepted", "Exchange", "New-AcceptedDomain"),
        "no_partner_in_lync": ("partner_application_missing", "Lync", "role partners"),
        "ws_security_off": ("ws_security_off", EX2, "exchange_virtual_directory"),
        "autodiscover_name_missing_in_dns": ("dns_record_differs", DC, "Run the integration, or its role dns"),
        "exchange_knows_an_old_key": ("partner_keys_stale", "Exchange", "RefreshAuthMetadata"),
        "winhttp_proxy": ("winhttp_proxy_in_the_way", FE1, "netsh winhttp"),
        "tls_switched_off_on_one_side": ("tls_versions_differ", FE2, "Switch TLS 1.2 on"),
        "owa_im_with_lync_2013": ("owa_im_with_lync_2013", EX1, "pool of Skype for Business Server"),
        "owa_im_servers_not_trusted": ("owa_im_server_not_trusted", EX2, "New-CsTrustedApplicationPool"),
        "too_many_roots": ("root_store_too_many", FE2, "SendTrustedIssuerList"),
    },
    {
        "token_issuer_expired": ("expired", FE1, "Request a web server certificate"),
        "duplicate_partner_in_exchange": ("partner_application_duplicate", "Exchange", "exchange_partner_application"),
        "duplicate_partner_in_lync": ("partner_application_duplicate", "Lync", "lync_partner_application"),
        "owa_im_certificate_gone": ("owa_im_certificate", EX2, "IMCertificateThumbprint"),
        "iisreset_forgotten": ("issuer_not_trusted", EX1, "run iisreset on the server"),
        "service_host_not_restarted": ("metadata_stale", EX2, "MSExchangeServiceHost"),
        "autodiscover_leads_outside": ("dns_points_elsewhere", DC, "add dns_points_elsewhere to farm_replace"),
        "autodiscover_not_in_certificate": ("autodiscover_name_missing", EX1, "Enable-ExchangeCertificate"),
        "strong_crypto_missing": ("strong_crypto_missing", FE1, "SchUseStrongCrypto"),
        "extended_protection": ("extended_protection_required", EX1, "ExtendedProtectionTokenChecking"),
    },
]
WITH_MAILBOX: list[dict[str, tuple[str, str, str]]] = [
    {
        "no_partner_in_exchange": ("partner_application_missing", "Exchange", "role partners"),
        "partner_url_without_a_name": ("partner_metadata_unreachable", FE1, "the name in DNS"),
    },
    {
        "token_issuer_without_key": ("certificate_missing", FE2, "Assign the certificate globally"),
        "partner_of_another_realm": ("partner_application_replaced", "Exchange", "To replace it, add partner_appli"),
        "partner_disabled": ("issuer_not_trusted", EX1, "Get-PartnerApplication"),
        "not_in_the_group": ("", "", ""),
    },
]
"""Where the mailbox test is run as well. It alone finds an account that is not in the group."""
ALL = "exchange_servers:lync_servers:dns_servers"


@contextlib.contextmanager
def running(folder: Path, switches: str) -> Iterator[Farm]:
    farm = Farm(f"broken{':' if switches else ''}{switches}", folder, "documented")
    farm.up()
    try:
        yield farm
    finally:
        farm.down()


def findings(run: Run) -> list[dict[str, Any]]:
    judged = next(step.result for step in run.steps if step.task.endswith("Judge the farm"))
    found: list[dict[str, Any]] = judged["findings"]
    return found


@pytest.mark.parametrize("pains", PAINS, ids=lambda pains: next(iter(pains)))
def test_each_pain_is_found_with_its_remedy(tmp_path: Path, pains: dict[str, tuple[str, str, str]]) -> None:
    with running(tmp_path, ",".join(pains)) as farm:
        run = farm.playbook(AUDIT, extra_vars=EVERYTHING)
    assert (run.rc, run.writes) == (0, []), run.output
    look_for(pains, run)


def look_for(pains: dict[str, tuple[str, str, str]], run: Run) -> None:
    found = {(item["rule"], item["host"]): item["remedy"] for item in findings(run)}
    for pain, (rule, host, remedy) in pains.items():
        if not rule:
            continue
        assert (rule, host) in found, f"{pain}: {sorted(found)}"
        assert remedy in found[rule, host], pain
    assert not [key for key in found if key[0] in ("host_not_read", "machine_not_read")]


def test_a_farm_without_pains_is_not_complained_of(tmp_path: Path) -> None:
    """Nor is one whose machines are out of reach, beyond saying so."""
    with running(tmp_path, "") as farm:
        run = farm.playbook(AUDIT, extra_vars=EVERYTHING)
        assert (run.rc, findings(run)) == (0, []), run.output
        out_of_reach = {"ansible_port": 1, "ansible_psrp_connection_timeout": 2}
        run = farm.play(
            "- {name: read, onprem.exchange_lync.farm_info: {machine: true}}", hosts=EX1, extra_vars=out_of_reach
        )
    snapshot = run.step("read").result["snapshot"]
    assert snapshot["unread"] == []
    assert snapshot["products"]["exchange"]["machine"]["kind"] == "unreachable"


def test_what_the_mailbox_test_finds(tmp_path: Path) -> None:
    """A failure is in the table at once, and in the next audit as an event."""
    pains = WITH_MAILBOX[0]
    with running(tmp_path, ",".join(pains)) as farm:
        run = farm.play(VERIFY, hosts=ALL, extra_vars={**EVERYTHING, **SIP})
        again = farm.playbook(AUDIT, extra_vars=EVERYTHING)
    assert run.rc == 2
    assert "Trust between Exchange and Lync: not proven: no partner application." in run.output
    look_for(pains, run)
    events = [item for item in findings(again) if item["rule"] == "storage_service_failed"]
    assert sorted((item["host"], item["about"]) for item in events) == [(FE1, "32054"), (FE2, "32054")]
    assert "event 32054, 1 times in the last week" in events[0]["evidence"]


def test_an_account_outside_the_group(tmp_path: Path) -> None:
    pains = WITH_MAILBOX[1]
    with running(tmp_path, ",".join(pains)) as farm:
        run = farm.play(VERIFY, hosts=ALL, extra_vars={**EVERYTHING, **SIP})
    look_for(pains, run)
    checks = next(step.result["checks"] for step in run.steps if "Say whether the trust works" in step.task)
    (row, _second) = (check for check in checks if check["check"] == "A front end writes to a mailbox")
    assert (run.rc, row["result"]) == (2, "not seen")
    assert "not authorized" in row["evidence"]
    assert "Rights" in row["remedy"]


def test_every_switch_is_looked_at() -> None:
    described = yaml.safe_load((LAB / "scenarios" / "broken.yml").read_text(encoding="utf-8"))
    assert {*described["switches"]} == {pain for pains in (*PAINS, *WITH_MAILBOX) for pain in pains}
