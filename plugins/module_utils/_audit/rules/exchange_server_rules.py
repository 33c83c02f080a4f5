# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the Exchange servers, their services and virtual directories."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.virtual_directory_changes import (
    OAUTH,
    WS_SECURITY,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import host_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import (
    find_reason_to_leave_out,
)


@rule(
    "exchange_server_left_out",
    "info",
    demand="Every Exchange server takes part: version 15 (2013) or later, Mailbox or Client Access, not Edge.",
    remedy="Nothing has to be done: the server is left alone.",
    source="OAuth between servers exists from Exchange 2013 on; CSS-Exchange, MonitorExchangeAuthCertificate",
)
def find_left_out(context: Context) -> Iterator[Breach]:
    """Said once; nothing else of such a server is judged."""
    for server in context.farm.organization.others if context.farm.organization else ():
        yield Breach(host_name(server), f"it takes no part: it {find_reason_to_leave_out(server)}")


@rule(
    "exchange_store_unread",
    "error",
    demand="The certificates of every Exchange server that takes part could be read.",
    remedy=(
        "Start the server or fix the connection to it, and run again. If it was taken out of service, add it to farm_leave_out."
    ),
    source="What could not be read was not found to be right",
)
def find_unread_stores(context: Context) -> Iterator[Breach]:
    """A server that is down, or gone without having been removed from the organisation."""
    for store in context.exchange_stores:
        if store.error:
            yield Breach(store.host, f"its certificates could not be read: {store.error}")


@rule(
    "exchange_service_stopped",
    "error",
    demand="The services that the server's roles need are running.",
    remedy="Start the services, or find out why they stopped, and run again.",
    source="Test-ServiceHealth; both products are installed and running (prerequisites, step 1)",
)
def find_stopped_services(context: Context) -> Iterator[Breach]:
    """Test-ServiceHealth lists only services that are required."""
    for item in context.farm.exchange_hosts:
        stopped = {name for role in item.service_health or () for name in role["services_not_running"]}
        if stopped and not context.is_left_out(item.host):
            yield Breach(item.host, f"required services do not run: {', '.join(sorted(stopped))}")


@rule(
    OAUTH,
    "error",
    demand="The EWS and Autodiscover virtual directories accept OAuth.",
    remedy=(
        f"To switch it on, add {OAUTH} to farm_replace (or use the module exchange_virtual_directory). To leave it off, add it to "
        "farm_tolerate."
    ),
    source="CSS-Exchange, FreeBusyChecker; without it Exchange answers a token with 401. Setup switches it on",
    fixed_by="virtual_directories",
    replaces=True,
)
def find_oauth_off(context: Context) -> Iterator[Breach]:
    """Of servers that take part. A flag that is not shown is not known."""
    yield from _list_off(context, OAUTH)


@rule(
    WS_SECURITY,
    "warning",
    demand="The EWS and Autodiscover virtual directories accept WS-Security.",
    remedy=(
        f"If federated sharing or hybrid free/busy is used, add {WS_SECURITY} to farm_replace (or use the module "
        "exchange_virtual_directory). If not, add it to farm_tolerate."
    ),
    source="CSS-Exchange, FreeBusyChecker: it wants OAuth and WS-Security on both. Setup switches it on; Lync does not need it",
    fixed_by="virtual_directories",
    replaces=True,
)
def find_ws_security_off(context: Context) -> Iterator[Breach]:
    """As for OAuth."""
    yield from _list_off(context, WS_SECURITY)


def _list_off(context: Context, rule_id: str) -> Iterator[Breach]:
    """What the user has allowed is about to be done, and no problem then."""
    for change in context.find_changes("virtual_directories"):
        if change.conflict == rule_id:
            kind, name = change.details["kind"], change.details["name"]
            foreseen = change.state == "to_do" and context.stage == "before"
            yield Breach(change.host, f"{kind}: {name} {change.before}", kind, "info" if foreseen else None)


@rule(
    "hybrid_organization",
    "info",
    demand="In a hybrid organisation, Autodiscover is changed only by somebody who knows about the cloud side.",
    remedy=(
        "Find out whether the Autodiscover URIs were cleared on purpose, as Microsoft advises once the mailboxes are in Exchange Online. "
        "To fill them, add hybrid_organization to farm_replace."
    ),
    source="Decommission on-premises Exchange; Get-HybridConfiguration",
    fixed_by="autodiscover",
    replaces=True,
)
def find_hybrid(context: Context) -> Iterator[Breach]:
    """Told always; an error where a blank URI would be filled."""
    organization = context.farm.organization
    if organization is None or organization.hybrid_configuration is None:
        return
    held = [change for change in context.find_changes("autodiscover") if change.conflict == "hybrid_organization"]
    for change in held:
        evidence = "the organisation is hybrid, and the server's Autodiscover URI is blank: it may have been cleared on purpose"
        yield Breach(change.host, evidence, change.host, "info" if change.state == "to_do" else "error")
    if not held:
        domains = ", ".join(organization.hybrid_configuration["domains"])
        yield Breach("Exchange", f"the organisation is hybrid{f' ({domains})' if domains else ''}")
