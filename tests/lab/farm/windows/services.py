# SPDX-License-Identifier: GPL-3.0-or-later

"""The Windows services of a host, by its role."""

from __future__ import annotations

from farm.lync.roles import WEB, list_windows_services
from farm.scenario import Host, Scenario

COMMON = {
    "WinRM": "Windows Remote Management (WS-Management)",
    "W32Time": "Windows Time",
    "EventLog": "Windows Event Log",
}

ROLES = {
    "exchange": {
        "MSExchangeADTopology": "Microsoft Exchange Active Directory Topology",
        "MSExchangeIS": "Microsoft Exchange Information Store",
        "MSExchangeServiceHost": "Microsoft Exchange Service Host",
        "MSExchangeTransport": "Microsoft Exchange Transport",
        "MSExchangeFrontEndTransport": "Microsoft Exchange Frontend Transport",
        "MSExchangeMailboxAssistants": "Microsoft Exchange Mailbox Assistants",
        "MSExchangeRPC": "Microsoft Exchange RPC Client Access",
        "WAS": "Windows Process Activation Service",
        "W3SVC": "World Wide Web Publishing Service",
    },
    "dns": {
        "DNS": "DNS Server",
        "NTDS": "Active Directory Domain Services",
        "Kdc": "Kerberos Key Distribution Center",
        "Netlogon": "Netlogon",
    },
}


POOLS = ("MSExchangeAutodiscoverAppPool", "MSExchangeServicesAppPool", "MSExchangeOWAAppPool", "MSExchangeECPAppPool")
"""The application pools of Exchange that matter here."""
READING = {"was", "w3svc", "msexchangeautodiscoverapppool"}
"""Which restart has the pages of the trust read the configuration again: the pool that serves them, or all of IIS."""


def services_of(host: Host, scenario: Scenario) -> dict[str, str]:
    """Names and display names of a host's services; its product's version names the product."""
    own = {name: name for name in host.services}
    return {**COMMON, **(_list_lync(host, scenario) if host.role == "lync" else ROLES.get(host.role, {})), **own}


def _list_lync(host: Host, scenario: Scenario) -> dict[str, str]:
    product = "Lync Server" if scenario.version_of(host) == "2013" else "Skype for Business Server"
    listed = list_windows_services(scenario.lync, host.fqdn)
    return {name: shown if name in WEB else f"{product} {shown}" for name, shown in listed.items()}


def running_name(services: dict[str, bool], name: str) -> str | None:
    """A service's name as it is written on the host, by a name in any case."""
    return next((known for known in services if known.lower() == name.lower()), None)
