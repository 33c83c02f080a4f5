# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for what only the machines themselves tell, and for what keeps one product from reaching the other."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import Facts
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.trust_checks import list_exchange_hosts
from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import read_host
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import host_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import names_of
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.certificate_chain import finds_issuer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._winhttp_proxy import Proxy

_COMMON = ("TLS 1.0", "TLS 1.1", "TLS 1.2")
"""What every version of Windows that carries the products has. TLS 1.3 came later, and is no way for both."""


@dataclass(frozen=True)
class Machine:
    """A server whose own PowerShell was asked."""

    server: str
    product: t.Literal["exchange", "lync"]
    facts: Facts
    certificate: str | None

    @property
    def is_read(self) -> bool:
        """Whether it answered."""
        return not self.facts["error"]


def _list_machines(context: Context) -> list[Machine]:
    found = []
    for host in list_exchange_hosts(context):
        if host.machine is not None:
            found.append(Machine(host.server, "exchange", host.machine, _find_certificate(host.metadata)))
    for front_end in context.front_ends:
        if front_end.machine is not None:
            shown = _find_certificate(front_end.metadata)
            found.append(Machine(front_end.computer, "lync", front_end.machine, shown))
    return found


def _find_certificate(metadata: Facts | None) -> str | None:
    shown = (metadata or {}).get("certificate")
    return str(shown["raw_data"]) if shown else None


def _is_untrusted(certificate: str, facts: Facts) -> bool:
    """Whether it is seen that its authority is not trusted. A snapshot of an earlier release has all that is known in one list."""
    return finds_issuer(certificate, facts["authorities"], facts.get("intermediates") or ()) is False


def _list_pairs(context: Context) -> Iterator[tuple[Machine, Machine]]:
    """Each server as a client of each server of the other product; both products fetch from each other."""
    machines = [machine for machine in _list_machines(context) if machine.is_read]
    for client in machines:
        for server in machines:
            if client.product != server.product:
                yield client, server


@rule(
    "machine_not_read",
    "info",
    demand="The machine's own PowerShell of each server can be asked for its TLS settings, proxy, trusted authorities and events.",
    remedy=(
        "Give the host a way to the machine's PowerShell (ansible_connection, and WinRM on the server). Without it, nothing is known of "
        "these settings."
    ),
    source="A product's own endpoint runs the product's cmdlets only",
)
def find_unread_machines(context: Context) -> Iterator[Breach]:
    """Only where it was asked for."""
    for machine in _list_machines(context):
        if not machine.is_read:
            yield Breach(machine.server, f"the machine's PowerShell was not read: {machine.facts['error'].rstrip('.')}")


@rule(
    "authority_not_trusted",
    "warning",
    demand="Each server trusts the authority that issued the certificate which the other product's web site shows.",
    remedy=(
        "Import the authority's certificate into the computer's Trusted Root Certification Authorities (or Intermediate ones), best by "
        "Group Policy. If Windows fetches it by itself from a public authority, tolerate it."
    ),
    source="New-CsPartnerApplication: the metadata document is downloaded over TLS; OnPremDiag, RDCheckMisplacedRootCACertificates",
)
def find_untrusted_authorities(context: Context) -> Iterator[Breach]:
    """Intermediate certificates that the web site sends along are not seen, so it is a warning."""
    for client, server in _list_pairs(context):
        if server.certificate and _is_untrusted(server.certificate, client.facts):
            evidence = f"it does not have the authority of the certificate that the web site of {server.server} shows"
            yield Breach(client.server, evidence, server.server)


@rule(
    "tls_versions_differ",
    "error",
    demand="Each server speaks a version of TLS that the other product's servers take.",
    remedy="Switch TLS 1.2 on on both sides (SCHANNEL\\Protocols), and restart the servers.",
    source="OnPremDiag, RDCheckTLSSettings; Microsoft, Transport Layer Security (TLS) registry settings",
)
def find_differing_versions(context: Context) -> Iterator[Breach]:
    """What is not switched off is taken to be on."""
    for client, server in _list_pairs(context):
        off = {*client.facts["tls_off_as_client"], *server.facts["tls_off_as_server"]}
        if off >= set(_COMMON):
            mine = ", ".join(client.facts["tls_off_as_client"]) or "nothing"
            theirs = ", ".join(server.facts["tls_off_as_server"]) or "nothing"
            evidence = f"as a client it has switched off {mine}, and {server.server} as a server {theirs}"
            yield Breach(client.server, evidence, server.server)


@rule(
    "strong_crypto_missing",
    "warning",
    demand="Where a server takes no TLS 1.0, .NET Framework on the other product's servers uses strong cryptography.",
    remedy="Set SchUseStrongCrypto and SystemDefaultTlsVersions to 1 for .NET Framework v4.0.30319 (both trees), and restart the server.",
    source="OnPremDiag, RDCheckUseStrongCrypto; Transport Layer Security (TLS) best practices with the .NET Framework",
)
def find_missing_strong_crypto(context: Context) -> Iterator[Breach]:
    """Only where it is set to 0: where nothing is set, the program's own target decides."""
    for client, server in _list_pairs(context):
        if client.facts["strong_crypto"] is False and "TLS 1.0" in server.facts["tls_off_as_server"]:
            yield Breach(
                client.server, f"strong cryptography is off, and {server.server} takes no TLS 1.0", server.server
            )


@rule(
    "winhttp_proxy_in_the_way",
    "warning",
    demand="No WinHTTP proxy stands between a front end and Autodiscover.",
    remedy=(
        "Add the name to the proxy's exceptions (netsh winhttp set proxy with bypass-list), or remove the proxy (netsh winhttp reset "
        "proxy)."
    ),
    source="OnPremDiag, RDCheckWinHttpSettings: Autodiscover fails with 'The request was canceled'",
)
def find_proxies(context: Context) -> Iterator[Breach]:
    """The proxy may know the way, so it is a warning."""
    name = read_host(context.description.exchange_autodiscover_url)
    for machine in _list_machines(context):
        if machine.product == "lync" and machine.is_read and machine.facts["proxy"]:
            proxy = Proxy(str(machine.facts["proxy"]), tuple(machine.facts["proxy_exceptions"]))
            if proxy.takes(name):
                yield Breach(machine.server, f"requests for {name} go to the proxy {proxy.address}", name)


@rule(
    "storage_service_failed",
    "warning",
    demand="No front end has failed to reach a mailbox in the last week, and no Exchange front end has failed to decrypt a cookie.",
    remedy="Look at the event for what was asked and what came back; the other findings here often name the cause.",
    source="Events 32053 and 32054 of LS Storage Service, 1003 of MSExchange Front End HTTPS Proxy",
)
def find_failures(context: Context) -> Iterator[Breach]:
    """Evidence of the past: what caused it may be settled."""
    for machine in _list_machines(context):
        for event in machine.facts["events"] if machine.is_read else ():
            evidence = f"event {event['id']}, {event['count']} times in the last week, last at {event['last']}: {event['message']}"
            yield Breach(machine.server, evidence[:600], str(event["id"]))


@rule(
    "extended_protection_required",
    "warning",
    demand="Extended Protection of the EWS and Autodiscover directories is not set to Require.",
    remedy=(
        "Set-WebServicesVirtualDirectory or Set-AutodiscoverVirtualDirectory with -ExtendedProtectionTokenChecking Allow or None "
        "(exchange_cmdlet), or find out with the mailbox test whether it does harm here."
    ),
    source="CSS-Exchange, ExchangeExtendedProtectionManagement: it sets Autodiscover to None and EWS to Allow",
)
def find_extended_protection(context: Context) -> Iterator[Breach]:
    """Of servers that take part."""
    organization = context.farm.organization
    for kind, directories in ((organization.virtual_directories if organization else None) or {}).items():
        for directory in directories:
            server = organization.find_server(str(directory["server"] or "")) if organization else None
            required = str(directory.get("extended_protection") or "").lower() == "require"
            if server and required and not context.is_left_out(*names_of(server)):
                yield Breach(host_name(server), f"{kind}: Extended Protection of {directory['name']} is Require", kind)
