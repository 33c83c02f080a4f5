# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of a farm in which nothing is wrong; a test changes what it is about."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
from base64 import b64decode
from typing import Any

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Stage
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.judge_farm import ROLES, Audit, audit_farm
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import read_description

EXCHANGE, LYNC, SECOND, DNS = "ex1.litware.example", "fe1.litware.example", "fe2.litware.example", "dc1.litware.example"
URL = "https://autodiscover.litware.example/autodiscover/autodiscover"
LYNC_URL = "https://pool.litware.example/metadata/json/1"
EXCHANGE_URL = "https://autodiscover.litware.example/autodiscover/metadata/json/1"
OF_EXCHANGE, OF_LYNC = "00000002-0000-0ff1-ce00-000000000000", "00000004-0000-0ff1-ce00-000000000000"
ISSUER = f"{OF_LYNC}@litware.example"
CONFIGURATION = "CN=Configuration,DC=litware,DC=example"
Snapshots = dict[str, dict[str, Any]]
DESCRIPTION: dict[str, Any] = {
    "sip_domains": ["litware.example"],
    "exchange_fqdn": "mail.litware.example",
    "exchange_hosts": [EXCHANGE],
    "lync_hosts": [LYNC, SECOND],
    "dns_hosts": [DNS],
}


def show(raw_data: str, **more: Any) -> dict[str, Any]:
    """A certificate as the info modules show it."""
    thumbprint = hashlib.sha1(b64decode(raw_data), usedforsecurity=False).hexdigest().upper()
    return {"thumbprint": thumbprint, "raw_data": raw_data, "has_private_key": True, "services": None, **more}


def assign(certificate: dict[str, Any], use: str = "OAuthTokenIssuer", **more: Any) -> dict[str, Any]:
    """An assignment as lync_certificate_info shows it."""
    return {"use": use, "thumbprint": certificate["thumbprint"], "scope": "Global", "effective_date": None, **more}


def server(fqdn: str, version: str = "15.2.1544.4", **more: Any) -> dict[str, Any]:
    """A server as exchange_info shows it."""
    facts = {"name": fqdn.partition(".")[0].upper(), "fqdn": fqdn, "version": version, "site": "Atlanta"}
    return {**facts, "roles": ["Mailbox"], "is_edge": False, "is_client_access": True, "is_mailbox": True, **more}


def name(
    full: str, *records: dict[str, Any], zone: str | None = "litware.example", **resolution: Any
) -> dict[str, Any]:
    """A name as dns_info shows it."""
    resolved = {"chain": [], "addresses": [], "complete": True, **resolution}
    return {"name": full, "zone": zone, "records": list(records), "resolution": resolved}


def cname(target: str) -> dict[str, Any]:
    return {"type": "CNAME", "value": target, "ttl": 3600}


def partner(
    name: str, identifier: str, url: str | None, *, keys: list[str] | None = None, **more: Any
) -> dict[str, Any]:
    """A partner application as a snapshot of either product has it."""
    return {
        "name": name,
        "identity": name,
        "application_identifier": identifier,
        "kind": "on_premises" if url else "cloud",
        "url": url,
        "enabled": True,
        "linked_account": "litware.example/Users/LyncEnterprise-ApplicationAccount",
        "application_trust_level": "Full",
        "realm": "litware.example",
        "signing_certificates": keys or [],
        **more,
    }


def override(name: str, component: str, section: str, *parameters: str, **more: Any) -> dict[str, Any]:
    """A setting override as a snapshot has it."""
    found = {"name": name, "component": component, "section": section, "parameters": list(parameters), "servers": []}
    return {**found, "min_version": None, "max_version": None, "fix_version": None, **more}


def im_settings(pool: str, thumbprint: str, **more: Any) -> dict[str, Any]:
    """The override that configures instant messaging in Outlook on the web."""
    given = {"IMServerName": pool, "IMCertificateThumbprint": thumbprint}
    parameters = [f"{name}={value}" for name, value in given.items() if value]
    return override("IM", "OwaServer", "IMSettings", *parameters, **more)


def point(of: str, *, mark: str = "", **more: Any) -> dict[str, Any]:
    """A service connection point as autodiscover_scp_info shows it."""
    facts = {
        "dn": f"CN={of}{mark},CN=Autodiscover,CN=Protocols,CN={of},CN=Servers,{CONFIGURATION}",
        "name": of,
        "type": "url",
        "server": of,
        "in_conflict": bool(mark),
        "autodiscover_service_internal_uri": f"{URL}.xml",
        "autodiscover_site_scope": [],
    }
    return {**facts, **more}


def pointer(forest: str) -> dict[str, Any]:
    """One that points to another forest."""
    return point(forest, type="pointer", server=None, autodiscover_service_internal_uri=None)


def directory(fqdn: str, *, oauth: bool | None = True) -> dict[str, Any]:
    """A virtual directory as exchange_info shows it."""
    return {"server": fqdn.partition(".")[0].upper(), "name": "EWS (Default Web Site)", "oauth_authentication": oauth}


def document(*keys: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A metadata document as trust_info shows it."""
    page = {
        "url": "https://x/metadata/json/1",
        "status": 200,
        "location": None,
        "error": None,
        "realm": "litware.example",
    }
    return {**page, "signing_keys": [{"thumbprint": key["thumbprint"]} for key in keys], **more}


def challenge(*trusted: str, **more: Any) -> dict[str, Any]:
    """The challenge of Autodiscover as trust_info shows it."""
    page = {"url": "https://x/autodiscover/autodiscover.svc", "status": 401, "location": None, "error": None}
    return {**page, "trusted_issuers": list(trusted), **more}


class HealthyFarm:
    """Its snapshots by host, its certificates, and the moment.

    :param make: the maker of certificates.
    """

    def __init__(self, make: Any, now: dt.datetime) -> None:
        self.make, self.now = make, now
        self.auth = show(make("Microsoft Exchange Server Auth Certificate"), services=["SMTP"])
        names = ["mail.litware.example", "autodiscover.litware.example"]
        self.tls = show(make("mail.litware.example", dns_names=names), services=["IIS", "SMTP"])
        self.issuer = show(make("litware.example"), key_provider="csp")
        self.snapshots: Snapshots = {
            EXCHANGE: self._take(EXCHANGE, "exchange", self._exchange()),
            LYNC: self._take(LYNC, "lync", {**self._front_end(LYNC), **self._deployment()}),
            SECOND: self._take(SECOND, "lync", {**self._front_end(SECOND), "local_oauth_configuration": self._oauth()}),
            DNS: self._take(DNS, "dns", self._dns()),
        }

    def of(self, host: str) -> Any:
        """The parts of a host's one product, to be changed."""
        (parts,) = self.snapshots[host]["products"].values()
        return parts

    def audit(self, stage: Stage = "after", *, roles: tuple[str, ...] = ROLES, **description: Any) -> Audit:
        """Judge it."""
        given = {**DESCRIPTION, **description}
        read = read_description({key: value for key, value in given.items() if key != "in_play"})
        snapshots = [copy.deepcopy(item) for item in self.snapshots.values()]
        return audit_farm(
            snapshots,
            read,
            now=self.now,
            stage=stage,
            in_play=given.get("in_play"),
            roles=roles,
        )

    def _take(self, host: str, product: str, parts: dict[str, Any]) -> dict[str, Any]:
        taken = {"version": 1, "host": host, "taken_at": "2026-08-01T12:00:00Z", "clock_offset": 0.5}
        return {**taken, "products": {product: parts}, "unread": []}

    def _exchange(self) -> dict[str, Any]:
        return {
            "offered": ["Get-ClientAccessService", "Set-ClientAccessService"],
            "servers": [server(EXCHANGE)],
            "accepted_domains": [{"name": "litware.example", "domain_name": "litware.example", "wildcard": False}],
            "auth_config": {
                "current_certificate_thumbprint": self.auth["thumbprint"],
                "next_certificate_thumbprint": "",
                "next_certificate_effective_date": None,
            },
            "client_access": [
                {"name": "EX1", "autodiscover_service_internal_uri": f"{URL}.xml", "autodiscover_site_scope": []}
            ],
            "hybrid_configuration": None,
            "virtual_directories": {"autodiscover": [directory(EXCHANGE)], "web_services": [directory(EXCHANGE)]},
            "partner_applications": [
                partner("Exchange Online", OF_EXCHANGE, None, enabled=False),
                partner("LyncEnterprise", OF_LYNC, LYNC_URL, keys=[self.issuer["thumbprint"]]),
            ],
            "partner_accounts": [
                {
                    "account": "litware.example/Users/LyncEnterprise-ApplicationAccount",
                    "assigned": ["ArchiveApplication", "UserApplication"],
                    "missing": [],
                    "error": None,
                }
            ],
            "setting_overrides": [
                im_settings("pool.litware.example", self.tls["thumbprint"]),
                override("Dedicated hybrid application", "Global", "ExchangeOnpremAsThirdPartyAppId", "Enabled=true"),
            ],
            "service_health": [{"role": "Mailbox Server Role", "running": True, "services_not_running": []}],
            "certificates": [{"host": EXCHANGE, "certificates": [self.auth, self.tls], "error": None}],
            "other_certificates": [],
            "metadata": document(self.auth),
            "challenge": challenge(ISSUER),
            "service_connection_points": {
                "domain_controller": DNS,
                "configuration_naming_context": CONFIGURATION,
                "service_connection_points": [point("EX1"), pointer("contoso.com")],
            },
            "served_certificates": [
                {"name": "autodiscover.litware.example", "certificate": self.tls, "error": None},
            ],
        }

    def _front_end(self, computer: str) -> dict[str, Any]:
        services = [{"name": item, "status": "Running"} for item in ("RTCSRV", "REPLICA", "W3SVC", "MASTER", "RTCRGS")]
        return {
            "computer": computer,
            "windows_services": services,
            "assigned": [assign(self.issuer)],
            "store": [self.issuer],
            "metadata": document(self.issuer),
        }

    def _oauth(self) -> dict[str, Any]:
        return {
            "exchange_autodiscover_url": f"{URL}.svc",
            "exchange_autodiscover_allowed_domains": [],
            "realm": None,
            "service_name": "00000004-0000-0ff1-ce00-000000000000",
        }

    def _deployment(self) -> dict[str, Any]:
        pool = {"fqdn": "pool.litware.example", "computers": [LYNC, SECOND], "uses_oauth": True, "services": []}
        replicas = [
            {"replica_fqdn": host, "up_to_date": True, "last_status_report": "2026-08-01T11:00:00Z"}
            for host in (LYNC, SECOND)
        ]
        return {
            "offered": ["Set-CsCertificate", "Set-CsOAuthConfiguration"],
            "pools": [pool],
            "sip_domains": [{"name": "litware.example", "default": True}],
            "version": {"product": "Skype for Business Server 2019", "build": "7.0.2046.0"},
            "oauth_configuration": self._oauth(),
            "replicas": replicas,
            "partner_applications": [partner("microsoft.exchange", OF_EXCHANGE, EXCHANGE_URL)],
            "trusted_application_computers": [{"fqdn": EXCHANGE, "pool": "owa.litware.example"}],
        }

    def _dns(self) -> dict[str, Any]:
        chain: dict[str, Any] = {"chain": ["mail.litware.example"], "addresses": ["192.0.2.7"]}
        return {
            "offered": ["Add-DnsServerResourceRecordCName"],
            "zones": [{"name": "litware.example", "type": "Primary"}],
            "names": [
                name("autodiscover.litware.example", cname("mail.litware.example"), **chain),
                name("mail.litware.example", {"type": "A", "value": "192.0.2.7", "ttl": 3600}, addresses=["192.0.2.7"]),
            ],
        }
