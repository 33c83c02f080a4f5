# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the Lync deployment: its front ends, services and replicas."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import FrontEnd
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import spell_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync import oauth_configuration as oauth
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import list_oauth_computers

_NEEDED = ("RTCSRV", "REPLICA", "W3SVC")
_OF_CENTRAL_MANAGEMENT = ("MASTER", "FTA")


def _list_oauth_computers(context: Context) -> list[str] | None:
    """The computers whose services use OAuth and that are not left out."""
    deployment = context.farm.deployment
    if deployment is None or deployment.pools is None:
        return None
    return [name for name in list_oauth_computers(deployment.pools) if not context.is_left_out(name)]


@rule(
    "front_end_not_in_inventory",
    "warning",
    demand="Each Front End Server and Director of the deployment is a host of the inventory.",
    remedy="Add it to the group lync_servers, or to farm_leave_out if it is out of service.",
    source="The OAuthTokenIssuer certificate has to be on all of them; each has its own store",
)
def find_unlisted_front_ends(context: Context) -> Iterator[Breach]:
    """By the name that the computer has in the topology, whatever the inventory calls it."""
    known = {spell_domain(item.computer) for item in context.farm.front_ends}
    known |= {spell_domain(host) for host in context.description.lync_hosts}
    for name in _list_oauth_computers(context) or ():
        if spell_domain(name) not in known:
            yield Breach(name, "it is no host of the inventory, so its certificates and services are not judged")


@rule(
    "lync_service_stopped",
    "error",
    demand="The services of the computer run.",
    remedy="Start the service (Start-CsWindowsService). If it is disabled on purpose, tolerate it.",
    source="Get-CsWindowsService; both products are installed and running (prerequisites, step 1)",
)
def find_stopped_services(context: Context) -> Iterator[Breach]:
    """An error for what the integration needs. Others, such as Response Group or Call Park, may be disabled on purpose."""
    for front_end in context.front_ends:
        for service in front_end.windows_services or ():
            name, status = str(service["name"]), str(service["status"])
            if status != "Running" and (severity := _weigh(name.upper(), front_end, context)):
                evidence = f"the service {name} is {status.lower()}"
                yield Breach(front_end.computer, evidence, name, "warning" if severity == "warning" else None)


def _weigh(name: str, front_end: FrontEnd, context: Context) -> str:
    """How grave it is that a service does not run here; nothing where it need not.

    The active master is shown by the name of its computer, or by that of its pool. In a pool of several, which of them it is stays open.
    """
    if name in _NEEDED:
        return "error"
    if name not in _OF_CENTRAL_MANAGEMENT:
        return "warning"
    status = front_end.central_management
    active = spell_domain(str((status or {}).get("active_master_fqdn") or ""))
    own = _list_pool_members(front_end.computer, active, context)
    if active == spell_domain(front_end.computer) or len(own) == 1:
        return "error"
    # where the active master is elsewhere, this one's services wait or are not there
    return "warning" if own or not active else ""


def _list_pool_members(computer: str, pool: str, context: Context) -> list[str]:
    """The computers of the pool of this name, if this one is among them."""
    deployment = context.farm.deployment
    for item in (deployment.pools if deployment else None) or ():
        members = [spell_domain(name) for name in item["computers"]]
        if spell_domain(str(item["fqdn"])) == pool and spell_domain(computer) in members:
            return members
    return []


@rule(
    "replica_behind",
    "error",
    demand="The replica of the Central Management Store is up to date on every computer.",
    remedy=(
        "Check that the server and its REPLICA service run, and what Get-CsManagementStoreReplicationStatus says. If the server was taken "
        "out of service, add it to farm_leave_out."
    ),
    source="A server acts on what its own replica holds",
)
def find_lagging_replicas(context: Context) -> Iterator[Breach]:
    """A warning for computers that do not use OAuth, such as Edge Servers."""
    deployment = context.farm.deployment
    matter = {spell_domain(name) for name in _list_oauth_computers(context) or ()}
    for replica in (deployment.replicas if deployment else None) or ():
        name = str(replica["replica_fqdn"])
        if not replica["up_to_date"] and not context.is_left_out(name):
            report = replica["last_status_report"]
            evidence = f"its replica is not up to date; last report {report or 'never'}"
            yield Breach(name.lower(), evidence, severity=None if spell_domain(name) in matter else "warning")


@rule(
    "replica_differs",
    "error",
    demand="Each front end's own replica holds the OAuth configuration of the Central Management Store.",
    remedy="Wait for replication and run again. If it stays so, check the server's REPLICA service.",
    source="Get-CsOAuthConfiguration -LocalStore reads what the server acts on",
)
def find_differing_replicas(context: Context) -> Iterator[Breach]:
    """The fact itself, whatever the replication status says."""
    deployment = context.farm.deployment
    central = deployment.oauth_configuration if deployment else None
    for front_end in context.front_ends if central is not None else ():
        local = front_end.local_oauth_configuration
        if local is not None and central is not None:
            for row in oauth.TABLE.properties:
                if not row.kind.same(local[row.option], central[row.option]):
                    evidence = f"its replica has {row.option} {local[row.option] or 'blank'}, not {central[row.option] or 'blank'}"
                    yield Breach(front_end.computer, evidence, row.option)
