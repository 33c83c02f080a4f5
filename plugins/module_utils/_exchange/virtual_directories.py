# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the Autodiscover and Exchange Web Services directories let clients in; one write for each directory that differs."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import Directory, open_directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import (
    SERVERS,
    VIRTUAL_DIRECTORIES,
    Facts,
    complete_flags,
    host_name,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import (
    choose_servers,
    names_of,
    normalize_name,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan, Property, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName

NOUNS = {"autodiscover": "AutodiscoverVirtualDirectory", "web_services": "WebServicesVirtualDirectory"}
TABLE = Table(
    Property("oauth_authentication", "OAuthAuthentication", Flag()),
    Property("ws_security_authentication", "WSSecurityAuthentication", Flag()),
)


@dataclass(frozen=True)
class ObservedDirectories:
    """The directories of the servers that the task is about.

    :ivar found: each with its ``host``, its ``kind`` and its ``identity``.
    """

    directory: Directory
    found: list[Facts]

    def make_write(self, item: Facts, parameters: dict[str, t.Any]) -> Cmdlet:
        """The write of one directory, to the domain controller that it was read from if the task names none."""
        write = Cmdlet(f"Set-{NOUNS[item['kind']]}", Identity=item["identity"], **parameters, Confirm=False)
        return self.directory.through(write, item["originating_server"])


class VirtualDirectories:
    """The virtual directories of some servers or of all; see :class:`~._resource.Subject`."""

    name = "virtual_directories"
    shell: ShellName = "exchange"

    def observe(self, call: Call) -> ObservedDirectories:
        """Read the directories of each kind once, whatever the number of servers.

        :raises ShellError: of kind ``not_found`` where a server has no such directory.
        """
        kinds = _choose_kinds(call)
        directory = open_directory(call)
        servers = choose_servers(SERVERS.read(directory), call.params["servers"], call.params["exclude"])
        found = [item for kind in kinds for item in _read_kind(directory, kind, servers)]
        _require_each(servers, kinds, found, named=call.params["servers"] is not None)
        return ObservedDirectories(directory, [_read_unknown(directory, item) for item in found])

    def plan(self, call: Call, observed: ObservedDirectories) -> Plan:
        """One write for each directory that differs."""
        wanted = TABLE.desired(call.params)
        before: dict[str, t.Any] = {}
        after: dict[str, t.Any] = {}
        steps = []
        for item in observed.found:
            state = {row.option: item[row.option] for row in TABLE.properties}
            before.setdefault(item["host"], {})[item["kind"]] = state
            after.setdefault(item["host"], {})[item["kind"]] = {**state, **TABLE.differing(state, wanted)}
            if parameters := TABLE.changes(state, wanted):
                steps.append(observed.make_write(item, parameters))
        return Plan(before, after, tuple(steps))


def _choose_kinds(call: Call) -> list[str]:
    kinds = list(dict.fromkeys(call.params["directories"]))
    if not kinds:
        message = "directories is empty: name autodiscover, web_services or both, or leave the option out for both."
        raise ShellError("bad_input", message, shell="exchange", cmdlet=f"Set-{NOUNS['web_services']}")
    return kinds


def _read_kind(directory: Directory, kind: str, servers: list[Facts]) -> list[Facts]:
    family = VIRTUAL_DIRECTORIES[kind]
    items = directory.read_all(family.cmdlet, family.table.projection("OriginatingServer"))
    found = []
    for item in items:
        facts = complete_flags(family.table.state(item))
        owner = normalize_name(str(facts["server"] or ""))
        server = next((server for server in servers if owner in names_of(server)), None)
        if server is not None:
            identity = f"{server['name']}\\{facts['name']}"
            place = {"kind": kind, "host": host_name(server), "identity": identity}
            found.append({**facts, **place, "originating_server": str(item.get("OriginatingServer") or "")})
    return found


def _require_each(servers: list[Facts], kinds: list[str], found: list[Facts], *, named: bool) -> None:
    """A server that is named has to have each directory; of all servers, at least one has to have one."""
    there = {(item["host"], item["kind"]) for item in found}
    missing = [
        (host_name(server), kind) for server in servers for kind in kinds if (host_name(server), kind) not in there
    ]
    if missing and (named or not found):
        host, kind = missing[0]
        message = f"{host} has no {kind} virtual directory (exchange_info shows the roles)."
        raise ShellError("not_found", message, shell="exchange", cmdlet=f"Get-{NOUNS[kind]}")


def _read_unknown(directory: Directory, item: Facts) -> Facts:
    """A flag that the directory does not show is asked of the server itself, which takes longer."""
    if all(item[row.option] is not None for row in TABLE.properties):
        return item
    read = Cmdlet(f"Get-{NOUNS[item['kind']]}", Identity=item["identity"])
    shown = directory.read_all(read, TABLE.projection())
    state = TABLE.state(shown[0]) if shown else {}
    if any(state.get(row.option) is None for row in TABLE.properties):
        message = (
            f"{item['identity']}: the server does not show how the directory lets clients in, so nothing is written."
        )
        raise ShellError("not_found", message, shell="exchange", cmdlet=read.name)
    return {**item, **state}
