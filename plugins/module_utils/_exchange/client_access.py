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
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Value

NOUNS = ("ClientAccessService", "ClientAccessServer")
"""2016 and later have both and call the second one deprecated; 2013 has the second one only."""
URI = "autodiscover_service_internal_uri"
SCOPE = "autodiscover_site_scope"

TABLE = Table(
    Property(URI, "AutoDiscoverServiceInternalUri", AutodiscoverUrl("xml", as_uri=True)),
    Property(SCOPE, "AutoDiscoverSiteScope", NameSet()),
)

_REASONS: dict[Conflict, str] = {
    "chosen": "its Autodiscover URI is {uri}, which setup did not write, so somebody chose it",
    "cloud": "its Autodiscover URI is {uri}, which leads to Exchange Online",
    "hybrid": "its Autodiscover URI is blank, and the organisation is hybrid, so it may have been cleared on purpose",
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
class ObservedServices:
    """The services with the servers that they run on, and what a write of one needs.

    :ivar noun: that of the cmdlets which this version has.
    :ivar hybrid: whether the organisation is hybrid, where that matters.
    """

    noun: str
    directory: Directory
    services: list[Facts]
    hybrid: bool = False

    def make_write(self, service: Facts, parameters: dict[str, Value]) -> Cmdlet:
        """The write of one service, to the domain controller that it was read from if the task names none."""
        write = Cmdlet(f"Set-{self.noun}", Identity=service["name"], **parameters, Confirm=False)
        return self.directory.through(write, service["originating_server"])


class ClientAccess:
    """The Client Access services of some servers or of all; one read, and one write for each that differs."""

    name = "client_access"
    shell: ShellName = "exchange"

    def observe(self, call: Call) -> ObservedServices:
        """Read every service once, whatever the number of servers that the task names.

        :raises ShellError: of kind ``not_found`` where a server that is named has no service, or where there is none at all.
        """
        self._read_options(call)  # a value that cannot be used is refused before anything is opened
        directory = open_directory(call)
        noun = find_noun(directory.shell)
        servers = choose_servers(SERVERS.read(directory), call.params["servers"], call.params["exclude"])
        services = {service["name"]: service for service in read_client_access(directory)}
        without = [host_name(server) for server in servers if server["name"] not in services]
        if without and (call.params["servers"] is not None or len(without) == len(servers)):
            raise _refuse_missing(call, noun, without)
        found = [{**server, **services[server["name"]]} for server in servers if server["name"] in services]
        return ObservedServices(noun, directory, found, self._is_hybrid(call, directory, found))

    def plan(self, call: Call, observed: ObservedServices) -> Plan:
        """One write for each service that differs.

        :raises ShellError: of kind ``conflict`` where something would be replaced that may be there on purpose, and the task does not
            say that it may be.
        """
        options, policy = self._read_options(call), call.params["on_conflict"]
        before, after, steps, kept = {}, {}, [], []
        for service in observed.services:
            host, state = host_name(service), {row.option: service[row.option] for row in TABLE.properties}
            wanted = {key: value for key, value in options.items() if not (call.params["only_blank"] and state[key])}
            held = find_conflicts(service, TABLE.differing(state, wanted), hybrid=observed.hybrid)
            if policy != "replace":
                wanted = {key: value for key, value in wanted.items() if key not in held}
                kept += [f"{host}: {reason}" for reason in held.values()]
            before[host], after[host] = state, {**state, **TABLE.differing(state, wanted)}
            if parameters := TABLE.changes(state, wanted):
                steps.append(observed.make_write(service, parameters))
        if kept and policy == "fail":
            raise _refuse_replacing(kept, observed.noun)
        return Plan(before, after, tuple(steps), tuple(f"Left as it is: {reason}." for reason in kept))

    def _read_options(self, call: Call) -> dict[str, t.Any]:
        """What the task asks for; see :meth:`Table.desired`."""
        # which of the two will write is not known before a shell is open; every version has this one
        with located(shell=self.shell, cmdlet=f"Set-{NOUNS[-1]}"):
            return TABLE.desired(call.params)

    def _is_hybrid(self, call: Call, directory: Directory, services: list[Facts]) -> bool:
        """Whether the organisation is hybrid. Asked only where a blank URI would be filled without the user's word."""
        if call.params[URI] in (None, "") or call.params["on_conflict"] == "replace":
            return False
        return any(not service[URI] for service in services) and read_hybrid_configuration(directory) is not None


def find_conflicts(service: Facts, differing: dict[str, t.Any], *, hybrid: bool) -> dict[str, str]:
    """Why each of the properties that would be written may be as it is on purpose.

    Setup scopes each server to its own site, which nobody chose then. Sites may be added to those that are there.

    :param service: the service with the server that it runs on.
    :param differing: what would be written.
    """
    found = {}
    if URI in differing and (conflict := find_conflict(service[URI], service, hybrid=hybrid)):
        found[URI] = _REASONS[conflict].format(uri=service[URI])
    if SCOPE in differing:
        there, wanted = (frozenset(map(str.casefold, sites)) for sites in (service[SCOPE], differing[SCOPE]))
        if not there <= wanted and there != {str(service["site"] or "").casefold()}:
            found[SCOPE] = (
                f"its site scope is {', '.join(service[SCOPE])}, which setup did not write, so somebody chose it"
            )
    return found


def _refuse_missing(call: Call, noun: str, without: list[str]) -> ShellError:
    if call.params["servers"] is not None:
        message = f"servers: {', '.join(without)} has no Client Access service (exchange_info shows the roles)."
        return ShellError("not_found", message, shell="exchange", cmdlet=f"Get-{noun}")
    message = "it returned no Client Access service of a server that takes part."
    remedy = "Check the scope of the account's roles."
    return ShellError("not_found", message, shell="exchange", cmdlet=f"Get-{noun}", remedy=remedy)


def _refuse_replacing(kept: list[str], noun: str) -> ShellError:
    remedy = (
        "Nothing was written. Set O(on_conflict) to replace to have this replaced, or to keep to leave it as it is and set the rest. To "
        "leave whole servers alone, list them in O(exclude)."
    )
    return ShellError("conflict", f"{'; '.join(kept)}.", shell="exchange", cmdlet=f"Set-{noun}", remedy=remedy)
