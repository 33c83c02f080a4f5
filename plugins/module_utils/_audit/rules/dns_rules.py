# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the DNS records of the Autodiscover names."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.changes import list_wanted_records
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import qualify_name

_SEED = "Prerequisites for integrating Lync Server 2013 and Exchange Server 2013, step 5"


@rule(
    "dns_points_elsewhere",
    "error",
    demand="A record that leads elsewhere is replaced only when the user says so.",
    remedy=(
        "To replace it, add dns_points_elsewhere to farm_replace. To leave it, add it to farm_tolerate, or leave the record out of "
        "farm_dns_records."
    ),
    source="It may lead to a load balancer, to another site or to Exchange Online on purpose",
    fixed_by="dns",
    replaces=True,
)
def find_records_elsewhere(context: Context) -> Iterator[Breach]:
    """A record of another type that leads to the same place fulfils its purpose."""
    for change in context.find_changes("dns"):
        if change.conflict:
            evidence = f"{change.about} has {change.before or 'other records'}, not {change.after}"
            yield Breach(change.host, evidence, change.about, "info" if change.state == "to_do" else None)


@rule(
    "dns_record_differs",
    "error",
    demand="Each Autodiscover name leads to the Exchange server, or to its load balancer.",
    remedy="Run the integration, or its role dns.",
    source=_SEED,
    fixed_by="dns",
)
def find_differing_records(context: Context) -> Iterator[Breach]:
    """Afterwards only: before, the role does it."""
    for change in context.find_changes("dns"):
        if context.stage == "after" and change.state == "to_do":
            yield Breach(
                change.host, f"{change.about} has {change.before or 'no record'}, not {change.after}", change.about
            )


@rule(
    "dns_zone_missing",
    "error",
    demand="The DNS server holds the zone of each record as a primary zone.",
    remedy="Create the zone, name a DNS server that has it first in farm_dns_hosts, or leave the record out of farm_dns_records.",
    source=_SEED,
    roles=("dns",),
)
def find_missing_zones(context: Context) -> Iterator[Breach]:
    """Without it the record can be neither judged nor written."""
    dns = context.farm.dns
    if dns is None or dns.names is None:
        return
    zones = {str(zone["name"]).casefold().rstrip("."): zone for zone in dns.zones or ()}
    for record in list_wanted_records(context.farm, context.description):
        name = qualify_name(record.name, record.zone)
        entry = dns.names.get(name)
        if entry is not None and entry["zone"] is None:
            yield Breach(dns.host, f"it has no zone that {name} belongs to", name)
        elif entry is not None and str(zones.get(entry["zone"], {}).get("type") or "Primary") != "Primary":
            kind = str(zones[entry["zone"]]["type"]).lower()
            yield Breach(dns.host, f"{entry['zone']} is a {kind} zone here, whose records are written elsewhere", name)
