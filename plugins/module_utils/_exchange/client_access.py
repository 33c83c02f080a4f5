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
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import (
    SERVERS,
    Facts,
    host_name,
    without_edge,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import NameSet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan, Property, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName

NOUNS = ("ClientAccessService", "ClientAccessServer")
"""2016 and later have both and call the second one deprecated; 2013 has the second one only."""

TABLE = Table(
    Property(
        "autodiscover_service_internal_uri", "AutoDiscoverServiceInternalUri", AutodiscoverUrl("xml", as_uri=True)
    ),
    Property("autodiscover_site_scope", "AutoDiscoverSiteScope", NameSet()),
)


@dataclass(frozen=True)
class Observed:
    """The services by server, the servers they run on, and the noun of the cmdlets that there are."""

    noun: str
    services: list[Facts]


class ClientAccess:
    """The Client Access services of some servers or of all; one read, and one write for each that differs."""

    name = "client_access"
    shell: ShellName = "exchange"

    def observe(self, call: Call) -> Observed:
        """Read every service once, whatever the number of servers that the task names.

        :raises ShellError: of kind ``not_found`` where a server that is named has no service, or where there is none at all.
        """
        self._desired(call)  # a value that cannot be meant is refused before anything is opened
        shell = call.shell(self.shell)
        shell.offered(*(f"{verb}-{noun}" for verb in ("Get", "Set") for noun in NOUNS))  # all of them in one question
        noun = shell.first_offered(*(f"Get-{noun}" for noun in NOUNS)).removeprefix("Get-")
        servers = without_edge(SERVERS.read(shell), call.params["servers"])
        items = shell.read_all(Cmdlet(f"Get-{noun}"), TABLE.projection("Name"))
        services = {str(item["Name"]): TABLE.state(item) for item in items if item["Name"]}
        found = [{**server, **services[server["name"]]} for server in servers if server["name"] in services]
        if call.params["servers"] is not None and len(found) < len(servers):
            missing = ", ".join(host_name(server) for server in servers if server["name"] not in services)
            message = f"servers: {missing} has no Client Access service (exchange_info shows the roles)."
            raise ShellError("not_found", message, shell=self.shell, cmdlet=f"Get-{noun}")
        if not found:
            message = "this account is shown no Client Access service."
            remedy = "Check the scope of the account's roles."
            raise ShellError("not_found", message, shell=self.shell, cmdlet=f"Get-{noun}", remedy=remedy)
        return Observed(noun, found)

    def plan(self, call: Call, observed: Observed) -> Plan:
        """One write for each service that differs."""
        wanted = self._desired(call)
        before, after, steps = {}, {}, []
        for service in observed.services:
            state = {row.option: service[row.option] for row in TABLE.properties}
            mine = {key: value for key, value in wanted.items() if not (call.params["only_blank"] and state[key])}
            parameters = TABLE.changes(state, mine)
            before[host_name(service)] = state
            after[host_name(service)] = {**state, **TABLE.differing(state, mine)}
            if parameters:
                steps.append(Cmdlet(f"Set-{observed.noun}", Identity=service["name"], **parameters, Confirm=False))
        return Plan(before, after, tuple(steps))

    def _desired(self, call: Call) -> dict[str, t.Any]:
        """What the task asks for; see :meth:`Table.desired`."""
        # which of the two will write is not known before a shell is open; every version has this one
        with located(shell=self.shell, cmdlet=f"Set-{NOUNS[-1]}"):
            return TABLE.desired(call.params)
