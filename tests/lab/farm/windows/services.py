# SPDX-License-Identifier: GPL-3.0-or-later

"""The Windows services of a host, by its role."""

from __future__ import annotations

from farm.scenario import Host

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
        "W3SVC": "World Wide Web Publishing Service",
    },
    "lync": {
        "RTCSRV": "Front-End",
        "RTCCLSAGT": "Centralized Logging Service Agent",
        "REPLICA": "Replica Replicator Agent",
        "MASTER": "Master Replicator Agent",
        "FTA": "File Transfer Agent",
        "RTCATS": "Audio Test Service",
        "RTCIMMCU": "IM Conferencing",
        "W3SVC": "World Wide Web Publishing Service",
    },
    "dns": {
        "DNS": "DNS Server",
        "NTDS": "Active Directory Domain Services",
        "Kdc": "Kerberos Key Distribution Center",
        "Netlogon": "Netlogon",
    },
}


def services_of(host: Host, version: str) -> dict[str, str]:
    """Names and display names of a host's services; its product's version names the product."""
    own = dict.fromkeys(host.services, "")
    product = "Lync Server" if version == "2013" else "Skype for Business Server"
    listed = ROLES.get(host.role, {})
    shown = {n: f"{product} {d}" if host.role == "lync" and n != "W3SVC" else d for n, d in listed.items()}
    return {**COMMON, **shown, **{name: text or name for name, text in own.items()}}


def running_name(services: dict[str, bool], name: str) -> str | None:
    """A service's name as it is written on the host, by a name in any case."""
    return next((known for known in services if known.lower() == name.lower()), None)
