# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only the machine itself tells: its settings for TLS and for proxies, whom it trusts, and what its event logs say of failures.

All of it is read with cmdlets of Windows, over the machine's own PowerShell.
"""

from __future__ import annotations

import base64
import typing as t
from collections.abc import Iterable

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import (
    instant,
    normal_thumbprint,
    read_moment,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.tls_settings import (
    STRONG,
    Settings,
    is_strong,
    list_paths,
    list_switched_off,
    normalize_path,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject
from ansible_collections.onprem.exchange_lync.plugins.module_utils._winhttp_proxy import CONNECTIONS, read_proxy

Facts = dict[str, t.Any]
STORES = (r"Cert:\LocalMachine\Root", r"Cert:\LocalMachine\CA")
"""Those that the machine trusts, and those that it only knows."""
_ROOT = r"localmachine\root"
WEEK = 7 * 24 * 3600 * 1000
MOST_EVENTS = 50
LOGS: dict[str, tuple[str, tuple[int, ...], str]] = {
    # events of the LS Storage Service, and of Exchange's front end where its Auth certificate is wrong
    "lync": ("Lync Server", (32053, 32054), "LS Storage Service"),
    "exchange": ("Application", (1003,), "MSExchange Front End HTTPS Proxy"),
}
_NOTHING_THERE = ("NoMatchingEventsFound", "NoMatchingLogsFound", "PathNotFound")


def read_machine(shell: Shell, product: str) -> Facts:
    """All of it; where the machine's PowerShell is out of reach, ``error`` says why, and nothing else is known."""
    try:
        settings = _read_settings(shell)
        return {
            "error": None,
            "tls_off_as_client": list_switched_off(settings, "Client"),
            "tls_off_as_server": list_switched_off(settings, "Server"),
            "strong_crypto": is_strong(settings),
            **_read_proxy_setting(shell),
            **_read_authorities(shell),
            "events": _read_events(shell, product),
        }
    except ShellError as error:
        return {"error": error.message.strip(), "kind": error.kind}


def _read_there(shell: Shell, *cmdlets: Cmdlet) -> list[RemoteObject]:
    """The objects that are there; that something else is missing is no error."""
    reply = shell.read(cmdlets[0].with_parameters(ErrorAction="SilentlyContinue"), *cmdlets[1:])
    for record in reply.errors:
        if record.error_id.partition(",")[0] not in _NOTHING_THERE:
            raise ShellError("failed", record.message, shell=shell.name, cmdlet=cmdlets[0].name)
    return list(reply.objects)


def _read_settings(shell: Shell) -> Settings:
    names = ("Enabled", "DisabledByDefault", *STRONG)
    items = _read_there(shell, Cmdlet("Get-ItemProperty", Path=list_paths()), select("PSPath", *names))
    return {normalize_path(str(item["PSPath"])): {name: item.get(name) for name in names} for item in items}


def _read_proxy_setting(shell: Shell) -> Facts:
    items = _read_there(shell, Cmdlet("Get-ItemProperty", Path=[CONNECTIONS]), select("WinHttpSettings"))
    value = items[0].get("WinHttpSettings") if items else None
    if not isinstance(value, bytes):
        return {"proxy": None, "proxy_exceptions": []}
    try:
        proxy = read_proxy(value)
    except ValueError as error:
        return {"proxy": None, "proxy_exceptions": [], "proxy_error": str(error)}
    return {"proxy": proxy.address if proxy else None, "proxy_exceptions": list(proxy.exceptions) if proxy else []}


def _read_authorities(shell: Shell) -> Facts:
    """The certificates that are trusted, and those that are only known, in base64; the thumbprints of the trusted ones, in their order.

    A certificate that two physical stores have, such as the registry's and Group Policy's, is listed twice.
    """
    items = _read_there(
        shell, Cmdlet("Get-ChildItem", Path=list(STORES)), select("PSParentPath", "Thumbprint", "RawData")
    )
    raw = [item for item in items if isinstance(item.get("RawData"), bytes)]
    roots = [item for item in raw if str(item["PSParentPath"]).lower().endswith(_ROOT)]
    return {
        "authorities": _list_once(roots),
        "intermediates": _list_once(item for item in raw if item not in roots),
        "roots": [normal_thumbprint(str(item["Thumbprint"])) for item in roots],
    }


def _list_once(items: Iterable[RemoteObject]) -> list[str]:
    raw = (t.cast("bytes", item["RawData"]) for item in items)
    return list(dict.fromkeys(base64.b64encode(value).decode("ascii") for value in raw))


def _read_events(shell: Shell, product: str) -> list[Facts]:
    """What a week has brought, by the number of the event: how many, and the newest."""
    log, numbers, source = LOGS[product]
    either = " or ".join(f"EventID={number}" for number in numbers)
    query = f"*[System[({either}) and TimeCreated[timediff(@SystemTime) <= {WEEK}]]]"
    asked = Cmdlet("Get-WinEvent", LogName=[log], FilterXPath=query, MaxEvents=MOST_EVENTS)
    items = _read_there(shell, asked, select("Id", "ProviderName", "TimeCreated", "Message"))
    found: dict[int, Facts] = {}
    for item in items:
        if str(item.get("ProviderName")) == source:
            moment = read_moment(item.get("TimeCreated"))
            newest = {"last": moment and instant(moment), "message": _shorten(str(item.get("Message") or ""))}
            entry = found.setdefault(int(item["Id"]), {"id": int(item["Id"]), "count": 0, **newest})
            entry["count"] += 1
    return list(found.values())


def _shorten(message: str) -> str:
    return " ".join(message.split())[:500]
