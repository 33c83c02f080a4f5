# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host process needs to know of its host: accounts, endpoints, limits, faults."""

from __future__ import annotations

from typing import Any

from farm.scenario import Host, User
from farm.state import Farm

LIMITS = {
    "max_shells_per_user": 30,
    "exchange_max_concurrency": 18,
    "idle_timeout": 7200,
    "max_envelope_kb": 500,
    "max_commands_per_shell": 1000,
}
"""WinRM's defaults since Windows Server 2012, and PowerShellMaxConcurrency of Exchange's default throttling policy."""

EXCHANGE_GROUPS = ["Organization Management", "View-Only Organization Management"]
LYNC_GROUPS = ["CsAdministrator", "CsViewOnlyAdministrator"]

MACHINE: dict[str, Any] = {
    "path": "/wsman",
    "configuration": "Microsoft.PowerShell",
    "profile": "windows",
    "auth": ["Negotiate", "CredSSP", "Basic"],
    "listeners": ["wsman_http", "wsman_https"],
    "allowed_groups": ["Administrators", "Remote Management Users"],
}
PRODUCTS: dict[str, dict[str, Any]] = {
    "exchange": {
        "path": "/powershell",
        "configuration": "Microsoft.Exchange",
        "profile": "exchange-endpoint",
        "auth": ["Basic", "Negotiate"],
        "listeners": ["product_https", "product_http"],
        "allowed_groups": EXCHANGE_GROUPS,
    },
    "lync": {
        "path": "/ocspowershell",
        "configuration": "Microsoft.PowerShell",
        "profile": "lync-endpoint",
        "auth": ["Negotiate"],
        "listeners": ["product_https"],
        "allowed_groups": LYNC_GROUPS,
    },
}


def endpoints(host: Host) -> list[dict[str, Any]]:
    """The endpoints of a host: the machine's own and its product's."""
    return [MACHINE, *([PRODUCTS[host.role]] if host.role in PRODUCTS else [])]


def offered(farm: Farm, endpoint: dict[str, Any]) -> dict[str, Any]:
    """An endpoint with the methods that it offers in this lab.

    With a KDC, WinRM offers Kerberos beside Negotiate, and Exchange's own endpoint Kerberos instead of it: so an administrator of a real
    one has it (github.com/jborean93/pypsrp, issue 66).
    """
    if not farm.kerberos:
        return endpoint
    schemes = [
        scheme for scheme in endpoint["auth"] if endpoint["profile"] != "exchange-endpoint" or scheme != "Negotiate"
    ]
    return {**endpoint, "auth": [*schemes, "Kerberos"]}


def listeners(host: Host) -> list[str]:
    """The names of a host's listeners."""
    return list(dict.fromkeys(name for endpoint in endpoints(host) for name in endpoint["listeners"]))


def account(farm: Farm, user: User) -> dict[str, Any]:
    """An account, with its password: host processes check it."""
    domain = farm.scenario.domain
    return {
        "name": f"{domain.netbios}\\{user.name}",
        "upn": user.upn or f"{user.name}@{domain.fqdn}",
        "password": user.password,
        "groups": user.groups,
    }


def clock_of(farm: Farm, host: Host) -> float:
    """By how many seconds a host's clock is ahead of the one of the machine that the lab runs on."""
    return farm.clock.offset.total_seconds() + host.clock


def describe(farm: Farm, host: Host) -> dict[str, Any]:
    """A host's description."""
    return {
        "fqdn": host.fqdn,
        "short": host.short,
        "netbios_domain": farm.scenario.domain.netbios,
        "role": host.role,
        "version": farm.scenario.version_of(host),
        "build": host.build or (farm.scenario.lync.build if host.role == "lync" else ""),
        "users": [account(farm, user) for user in farm.scenario.users],
        "endpoints": [offered(farm, endpoint) for endpoint in endpoints(host)],
        "limits": {**LIMITS, **farm.scenario.limits},
        "culture": host.culture,
        "clock": clock_of(farm, host),
        "cbt": host.cbt,
        "latency": farm.latency.mode,
        "faults": farm.faults.of(host.fqdn),
    }
