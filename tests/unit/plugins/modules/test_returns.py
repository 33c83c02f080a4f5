# SPDX-License-Identifier: GPL-3.0-or-later
"""What the RETURN blocks promise. That nothing else is returned is seen wherever a test runs a module (``run_module``)."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import EXCHANGE, LYNC

MODULES = "ansible_collections.onprem.exchange_lync.plugins.modules"
AFTER_A_WRITE = ("commands_unknown", "commands_not_run")
COMMON = {"changed", "failed", "msg", "warnings"}
URL = "https://autodiscover.litwareinc.com/autodiscover/autodiscover"
ASKS_ANOTHER = ("autodiscover_scp_info",)
"""Modules that ask a server which is no host of the inventory."""
READING = (
    "autodiscover_scp_info",
    "dns_info",
    "exchange_certificate_info",
    "exchange_info",
    "exchange_oauth_connectivity",
    "farm_audit",
    "farm_description",
    "farm_info",
    "farm_report",
    "farm_trust",
    "lync_certificate_info",
    "lync_info",
    "lync_token_issuer_info",
    "trust_info",
)


@dataclass
class Case:
    """A task with one write.

    :ivar elsewhere: what it returns only after waiting, or in another state: in the tests of the module.
    """

    module: str
    write: str
    answers: dict[str, Any]
    params: dict[str, Any] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()


def make_certificate() -> bytes:
    """A certificate with a key that costs no time."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=mail")
    begin = dt.datetime.now(dt.UTC)
    draft = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + dt.timedelta(days=9))
    return draft.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


MAIL = make_certificate()
AUTH = {
    "Get_AuthConfig": [{"CurrentCertificateThumbprint": "A" * 40, "PreviousCertificateThumbprint": "B" * 40}],
    "Get_ExchangeServer": [{"Name": "EX1", "Fqdn": "ex1.litwareinc.com", "IsMailboxServer": True}],
    "Get_ExchangeCertificate": [{"RawData": MAIL, "Services": "SMTP"}],
    "Get_TransportService": [
        {"Name": "EX1", "InternalTransportCertificateThumbprint": hashlib.sha1(MAIL, usedforsecurity=False).hexdigest()}
    ],
    "Get_HybridConfiguration": [],
}
"""An organisation whose Auth certificate is nowhere."""


def replica() -> dict[str, Any]:
    return {"ReplicaFqdn": "fe1", "UpToDate": True, "LastStatusReport": dt.datetime(2026, 8, 1, tzinfo=dt.UTC)}


WRITING = (
    Case(
        "dns_record",
        "Add_DnsServerResourceRecordA",
        {"Get_DnsServerZone": [{"ZoneName": "a.com"}], "Get_DnsServerResourceRecord": ShellError("not_found", "no.")},
        {"name": "x.a.com", "type": "A", "value": ["192.0.2.1"], "accept_equivalent": True},
    ),
    Case(
        "exchange_auth_certificate",
        "New_ExchangeCertificate",
        {**AUTH, "Enable_ExchangeCertificate": [], "Set_AuthConfig": []},
    ),
    Case("exchange_auth_config", "Set_AuthConfig", AUTH, {"clear_previous": True}),
    Case(
        "exchange_client_access",
        "Set_ClientAccessServer",
        {
            "Get_ExchangeServer": [{"Name": "EX1", "IsMailboxServer": True}],
            "Get_ClientAccessServer": [{"Name": "EX1"}],
            "Get_HybridConfiguration": [],
        },
        {"autodiscover_service_internal_uri": f"{URL}.xml"},
    ),
    Case("exchange_cmdlet", "Set_Thing", {}, {"cmdlet": "Set-Thing"}),
    Case(
        "exchange_partner_application",
        "Set_PartnerApplication",
        {"Get_PartnerApplication": [{"Name": "SfBOnline", "ApplicationIdentifier": LYNC, "Enabled": False}]},
        {"kind": "cloud", "enabled": True},
    ),
    Case(
        "lync_certificate",
        "Remove_CsCertificate",
        {"Get_CsCertificate": [{"Use": "Default", "Thumbprint": "A" * 40, "SourceScope": "Machine"}]},
        {"use": "Default", "state": "absent"},
        frozenset({"replication"}),
    ),
    Case("lync_cmdlet", "Set_Thing", {}, {"cmdlet": "Set-Thing"}),
    Case(
        "lync_oauth_configuration",
        "Set_CsOAuthConfiguration",
        {"Get_CsOAuthConfiguration": [{}]},
        {"exchange_autodiscover_url": f"{URL}.svc"},
        frozenset({"replication"}),
    ),
    Case(
        "lync_partner_application",
        "Set_CsPartnerApplication",
        {"Get_CsPartnerApplication": [{"Identity": "Exchange", "ApplicationIdentifier": EXCHANGE, "Enabled": True}]},
        {"enabled": False},
        frozenset({"refreshed", "replication"}),
    ),
    Case(
        "lync_replication",
        "Invoke_CsManagementStoreReplication",
        {"Get_CsManagementStoreReplicationStatus": [replica()]},
        {"force": True},
    ),
    Case("exchange_restart", "Restart_Service", {}, {"after": ["partner_application"]}),
    Case("lync_storage_connectivity", "Test_CsExStorageConnectivity", {}, {"sip_uri": "test@litwareinc.com"}),
    Case(
        "exchange_virtual_directory",
        "Set_WebServicesVirtualDirectory",
        {
            "Get_ExchangeServer": [{"Name": "EX1", "IsMailboxServer": True}],
            "Get_WebServicesVirtualDirectory": [
                {"Server": "EX1", "Name": "EWS", "OAuthAuthentication": False, "WSSecurityAuthentication": True}
            ],
        },
        {"oauth_authentication": True, "directories": ["web_services"]},
    ),
)


def returns(name: str) -> dict[str, Any]:
    module = importlib.import_module(f"{MODULES}.{name}")
    return dict(yaml.safe_load(module.RETURN))


@pytest.mark.parametrize("case", WRITING, ids=lambda case: case.module)
def test_a_writing_module_returns_what_it_documents_when_it_succeeds_and_when_a_write_fails(
    scripted: Any, run_module: Any, case: Case
) -> None:
    module, found = importlib.import_module(f"{MODULES}.{case.module}"), set[str]()
    for kind in ("access_denied", "unknown_outcome"):
        refusal = ShellError(kind, "no.")
        failed = run_module(module, scripted(**case.answers, **{case.write: refusal}), **case.params)
        assert failed["error"]["kind"] == kind
        assert {"commands", *AFTER_A_WRITE, "error"} <= set(failed)
        assert failed["changed"] == bool(failed["commands_unknown"])
        done = run_module(module, scripted(**case.answers, **{case.write: []}), check=True, **case.params)
        assert not done.get("failed"), done
        found |= set(done) | set(failed)
    assert found - COMMON | case.elsewhere == set(returns(case.module))


def test_what_modules_have_in_common_is_said_in_the_same_words() -> None:
    names = [case.module for case in WRITING]
    for key in (*AFTER_A_WRITE, "error"):
        assert all(returns(name)[key] == returns(names[0])[key] for name in names), key
    assert {returns(name)["commands"]["returned"] for name in names} == {"success, and failure of a write or after one"}
    what, where = returns(names[0])["error"]["description"][-2:]
    for name in (*names, *READING):
        asks = importlib.import_module(f"{MODULES}.{name}").SPEC.asks_host or name in ASKS_ANOTHER
        assert returns(name)["error"]["description"][-2:] == [what, where][: 2 if asks else 1], name


def test_every_module_is_looked_at() -> None:
    package = importlib.import_module(MODULES)
    there = {path.stem for root in package.__path__ for path in Path(root).glob("*.py")}
    assert there == {*READING, *(case.module for case in WRITING)}
