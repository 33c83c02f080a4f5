# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the service connection points of Active Directory, where farm_directory lets them be read."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import Facts, Organization
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.client_access import SCOPE, TABLE, URI
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import host_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import names_of

ROLES = ("autodiscover",)
_LOOKUP = "[MS-OXDISCO], section 3.1.5.1: a client tries every object that it finds"


def _list_points(context: Context) -> Iterator[tuple[str, Facts]]:
    """The objects with a URL that belong to a server, by that server's name. None where Active Directory was not read."""
    organization = context.farm.organization
    found = organization.service_connection_points if organization else None
    for point in (found or {}).get("service_connection_points", ()):
        if point["type"] == "url" and point["server"] and not context.is_left_out(point["server"]):
            yield str(point["server"]), point


def _list_of(context: Context, server: str) -> list[Facts]:
    wanted = server.casefold()
    return [point for name, point in _list_points(context) if name.casefold() == wanted]


def _find_named(organization: Organization | None, name: str) -> Facts | None:
    """The server of that name, whether it takes part or not."""
    servers = [*(organization.servers or ()), *organization.others] if organization else []
    return next((server for server in servers if name.casefold() in names_of(server)), None)


def _name_host(organization: Organization | None, name: str) -> str:
    """The name under which findings show a server."""
    server = _find_named(organization, name)
    return host_name(server) if server else name


@rule(
    "scp_differs",
    "warning",
    demand="Active Directory has the Autodiscover URI and the site scope of each server that Exchange's cmdlets show.",
    remedy=(
        "Domain controllers replicate with a delay: run again later. If it stays, look at their replication (repadmin /showrepl). To "
        "compare one domain controller with itself, name it in farm_domain_controller and in farm_directory."
    ),
    source="Set-ClientAccessService, parameter DomainController: Exchange and clients may read different domain controllers",
    roles=ROLES,
)
def find_differing_points(context: Context) -> Iterator[Breach]:
    """Clients read Active Directory, and not what Exchange says of it. Of two objects of one server, one has to fit."""
    organization = context.farm.organization
    if organization is None or organization.client_access is None or organization.service_connection_points is None:
        return
    told_by = organization.service_connection_points["domain_controller"]
    for service in organization.client_access:
        host = _name_host(organization, str(service["name"]))
        if context.is_left_out(service["name"], host):
            continue
        evidence = _compare(service, _list_of(context, service["name"]))
        if evidence:
            other = service.get("originating_server")
            read = f"{told_by}, by LDAP{f'; {other}, by Exchange' if other else ''}"
            yield Breach(host, f"{evidence} (read from {read})", host)


def _compare(service: Facts, points: list[Facts]) -> str:
    """How Active Directory differs from what Exchange shows of one server; empty where it does not."""
    if not points:
        return (
            f"Active Directory has no service connection point of it, Exchange shows {service[URI]}"
            if service[URI]
            else ""
        )
    wanted = {URI: service[URI], SCOPE: service[SCOPE]}
    differing = [(point, TABLE.differing(point, wanted)) for point in points]
    if any(not different for _point, different in differing):
        return ""
    point, different = differing[0]
    words = {URI: "the Autodiscover URI", SCOPE: "the site scope"}
    return ", and ".join(
        f"{words[name]} is {_show(point[name])} in Active Directory, and {_show(value)} for Exchange"
        for name, value in different.items()
    )


def _show(value: t.Any) -> str:
    return (", ".join(value) if isinstance(value, list) else str(value or "")) or "blank"


@rule(
    "scp_leftover",
    "warning",
    demand="Each service connection point of Active Directory belongs to a server of the Exchange organisation.",
    remedy=(
        "If the server is gone for good, remove what is left of it from the configuration partition (ADSI Edit), because clients are still "
        "sent there. If it is meant to be there, tolerate it."
    ),
    source=f"{_LOOKUP}; a server that was lost is not removed by its own setup",
    roles=ROLES,
)
def find_leftover_points(context: Context) -> Iterator[Breach]:
    """Not where the servers were not read, and not of objects elsewhere in the directory: other products put theirs there."""
    organization = context.farm.organization
    if organization is None or not (organization.servers or organization.others):
        return
    for name, point in _list_points(context):
        if _find_named(organization, name) is None:
            url = _show(point[URI])
            yield Breach(name, f"it is no server of the organisation, and sends clients to {url}: {point['dn']}", name)


@rule(
    "scp_duplicate",
    "warning",
    demand="Each Exchange server has one service connection point, and none that is left from a conflict of replication.",
    remedy="Find out which of the objects is the server's (when_changed of autodiscover_scp_info), and remove the other one (ADSI Edit).",
    source=f"{_LOOKUP}; Microsoft support, 297083: an object that two domain controllers made at the same time is renamed (CNF)",
    roles=ROLES,
)
def find_duplicate_points(context: Context) -> Iterator[Breach]:
    """One finding for each server, with the names of all of its objects."""
    points: dict[str, list[Facts]] = {}
    for name, point in _list_points(context):
        points.setdefault(name.casefold(), []).append(point)
    for found in points.values():
        if len(found) > 1 or found[0]["in_conflict"]:
            name = _name_host(context.farm.organization, str(found[0]["server"]))
            count = (
                f"has {len(found)} service connection points"
                if len(found) > 1
                else "has one that is left from a conflict"
            )
            yield Breach(name, f"it {count}: {'; '.join(str(point['dn']) for point in found)}", name)
