# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Client Access services: the Autodiscover URI that each server publishes in the directory, and the sites it is meant for."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import AutodiscoverUrl
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.autodiscover_uri import (
    Conflict,
    find_conflict,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import Directory, open_directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import (
    SERVERS,
    Facts,
    host_name,
    read_hybrid_configuration,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import choose_servers
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import NameSet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan, Property, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell, ShellName

NOUNS = ("ClientAccessService", "ClientAccessServer")
"""2016 and later have both and call the second one deprecated; 2013 has the second one only."""
URI = "autodiscover_service_internal_uri"

TABLE = Table(
    Property(URI, "AutoDiscoverServiceInternalUri", AutodiscoverUrl("xml", as_uri=True)),
    Property("autodiscover_site_scope", "AutoDiscoverSiteScope", NameSet()),
)

_REASONS: dict[Conflict, str] = {
    "chosen": "is not the one that setup wrote, so somebody chose it",
    "cloud": "leads to Exchange Online",
    "hybrid": "is blank in a hybrid organisation, where it may have been cleared on purpose",
}


def find_noun(shell: Shell) -> str:
    """Which of the two nouns this version has."""
    shell.offered(*(f"{verb}-{noun}" for verb in ("Get", "Set") for noun in NOUNS))  # all of them in one question
    return shell.first_offered(*(f"Get-{noun}" for noun in NOUNS)).removeprefix("Get-")


def read_client_access(directory: Directory) -> list[Facts]:
    """Every Client Access service: its server's name, its properties, and the domain controller that told them."""
    read = Cmdlet(f"Get-{find_noun(directory.shell)}")
    items = directory.read_all(read, TABLE.projection("Name", "OriginatingServer"))
    return [
        {"name": str(item["Name"]), **TABLE.state(item), "originating_server": str(item.get("OriginatingServer") or "")}
        for item in items
        if item["Name"]
    ]


@dataclass(frozen=True)
class Observed:
    """The services by server, the servers they run on, and the noun of the cmdlets that there are."""

    noun: str
    directory: Directory
    services: list[Facts]
    hybrid: bool = False


class ClientAccess:
    """The Client Access services of some servers or of all; one read, and one write for each that differs."""

    name = "client_access"
    shell: ShellName = "exchange"

    def observe(self, call: Call) -> Observed:
        """Read every service once, whatever the number of servers that the task names.

        :raises ShellError: of kind ``not_found`` where a server that is named has no service, or where there is none at all.
        """
        self._desired(call)  # a value that cannot be used is refused before anything is opened
        directory = open_directory(call)
        noun = find_noun(directory.shell)
        servers = choose_servers(SERVERS.read(directory), call.params["servers"], call.params["exclude"])
        services = {service["name"]: service for service in read_client_access(directory)}
        found = [{**server, **services[server["name"]]} for server in servers if server["name"] in services]
        self._refuse_missing(call, noun, servers, found)
        return Observed(noun, directory, found, self._is_hybrid(call, directory, found))

    def plan(self, call: Call, observed: Observed) -> Plan:
        """One write for each service that differs.

        :raises ShellError: of kind ``conflict`` where something would be replaced that may be there on purpose, and the task does not
            say that it may be.
        """
        wanted = self._desired(call)
        before, after, steps, kept = {}, {}, [], []
        for service in observed.services:
            state = {row.option: service[row.option] for row in TABLE.properties}
            mine = {key: value for key, value in wanted.items() if not (call.params["only_blank"] and state[key])}
            held = _find_conflicts(service, TABLE.differing(state, mine), hybrid=observed.hybrid)
            if call.params["on_conflict"] != "replace":
                mine = {key: value for key, value in mine.items() if key not in held}
                kept += [f"{host_name(service)}: {reason}" for reason in held.values()]
            parameters = TABLE.changes(state, mine)
            before[host_name(service)] = state
            after[host_name(service)] = {**state, **TABLE.differing(state, mine)}
            if parameters:
                step = Cmdlet(f"Set-{observed.noun}", Identity=service["name"], **parameters, Confirm=False)
                steps.append(observed.directory.through(step, service["originating_server"]))
        if kept and call.params["on_conflict"] == "fail":
            raise _refuse(kept, observed.noun)
        return Plan(before, after, tuple(steps), tuple(f"Left as it is: {reason}." for reason in kept))

    def _desired(self, call: Call) -> dict[str, t.Any]:
        """What the task asks for; see :meth:`Table.desired`."""
        # which of the two will write is not known before a shell is open; every version has this one
        with located(shell=self.shell, cmdlet=f"Set-{NOUNS[-1]}"):
            return TABLE.desired(call.params)

    def _is_hybrid(self, call: Call, directory: Directory, services: list[Facts]) -> bool:
        """Whether the organisation is hybrid. Asked only where a blank URI would be filled without the user's word."""
        if call.params[URI] in (None, "") or call.params["on_conflict"] == "replace":
            return False
        return any(not service[URI] for service in services) and read_hybrid_configuration(directory) is not None

    def _refuse_missing(self, call: Call, noun: str, servers: list[Facts], found: list[Facts]) -> None:
        if call.params["servers"] is not None and len(found) < len(servers):
            names = {service["name"] for service in found}
            missing = ", ".join(host_name(server) for server in servers if server["name"] not in names)
            message = f"servers: {missing} has no Client Access service (exchange_info shows the roles)."
            raise ShellError("not_found", message, shell=self.shell, cmdlet=f"Get-{noun}")
        if not found:
            message = f"Get-{noun} returned no server that takes part for this account."
            remedy = "Check the scope of the account's roles."
            raise ShellError("not_found", message, shell=self.shell, cmdlet=f"Get-{noun}", remedy=remedy)


def _find_conflicts(service: Facts, differing: dict[str, t.Any], *, hybrid: bool) -> dict[str, str]:
    """Why each of the properties that would be written may be as it is on purpose."""
    found = {}
    if URI in differing and (conflict := find_conflict(service[URI], service, hybrid=hybrid and bool(differing[URI]))):
        found[URI] = f"its Autodiscover URI, {service[URI] or 'none'}, {_REASONS[conflict]}"
    if "autodiscover_site_scope" in differing and service["autodiscover_site_scope"]:
        sites = ", ".join(service["autodiscover_site_scope"])
        found["autodiscover_site_scope"] = f"its site scope is {sites}"
    return found


def _refuse(kept: list[str], noun: str) -> ShellError:
    remedy = (
        "Nothing was written. Set O(on_conflict) to replace if they may be replaced, to keep to leave them as they are, or name "
        "only the other servers in O(servers)."
    )
    return ShellError("conflict", f"{'; '.join(kept)}.", shell="exchange", cmdlet=f"Set-{noun}", remedy=remedy)
