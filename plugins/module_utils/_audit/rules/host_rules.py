# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the hosts of the inventory: who has to be read, and who may write."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule

_GROUPS = {
    "exchange": ("Exchange servers", "farm_exchange_hosts", "exchange_servers"),
    "lync": ("Lync servers", "farm_lync_hosts", "lync_servers"),
    "dns": ("DNS servers", "farm_dns_hosts", "dns_servers"),
}
_WRITERS = {
    "autodiscover": ("Set-ClientAccessService", "Set-ClientAccessServer"),
    "certificates": ("Set-CsCertificate", "Import-CsCertificate"),
    "oauth": ("Set-CsOAuthConfiguration",),
    "virtual_directories": ("Set-WebServicesVirtualDirectory", "Set-AutodiscoverVirtualDirectory"),
    "partners exchange": ("New-PartnerApplication", "Set-PartnerApplication"),
    "partners lync": ("New-CsPartnerApplication", "Set-CsPartnerApplication"),
    "dns": ("Add-DnsServerResourceRecordCName", "Add-DnsServerResourceRecordA", "Add-DnsServerResourceRecordAAAA"),
}
_WRITTEN_BY = {
    "exchange": ("autodiscover", "virtual_directories", "partners"),
    "lync": ("certificates", "oauth", "partners"),
    "dns": ("dns",),
}
ROLES = ("dns", "certificates", "autodiscover", "oauth", "virtual_directories", "partners")
READ_AGAIN = "Fix the connection to the host, or the account's rights, and run again."
CLOCK_LIMIT = 300.0
"""Seconds. A token is refused outside its validity, and servers allow five minutes (RFC 7519, section 4.1.4, leaves it to them)."""


def _list_needed(context: Context) -> set[str]:
    """The products whose hosts the roles write to. DNS only where there are records to write, and by Windows."""
    needed = {product for product, roles in _WRITTEN_BY.items() if context.roles & set(roles)}
    without_host = context.description.dns_records == () or context.description.dns_provider != "windows"
    return needed - ({"dns"} if without_host else set())


def _list_expected(context: Context) -> Iterator[tuple[str, str]]:
    """The product and the name of each host that the farm is made of."""
    needed = _list_needed(context)
    for product, hosts in context.description.hosts.items():
        for host in hosts:
            if product in needed and not context.is_left_out(host):
                yield product, host


@rule(
    "no_hosts",
    "error",
    demand="The farm has Exchange servers, Lync servers and, unless there are no records to write, a DNS server.",
    remedy="Put them into the inventory's groups exchange_servers, lync_servers and dns_servers, or name them in the farm's variables.",
    source="Without them nothing can be read or written",
    roles=ROLES,
)
def find_empty_groups(context: Context) -> Iterator[Breach]:
    """Where DNS is managed elsewhere, farm_dns_records is an empty list."""
    present = {product for product, _host in _list_expected(context)}
    for product, (title, variable, group) in _GROUPS.items():
        if product in _list_needed(context) - present:
            yield Breach(
                "the inventory", f"there are no {title}: {variable} is empty, as is the group {group}", variable
            )


@rule(
    "host_not_in_play",
    "error",
    demand="All hosts of the farm are in the play.",
    remedy="Add the host to the play's hosts or to --limit. If it takes no part, add it to farm_leave_out.",
    source="All hosts are judged together",
    roles=ROLES,
)
def find_absent_hosts(context: Context) -> Iterator[Breach]:
    """Only where it is known who is in the play."""
    for product, host in _list_expected(context):
        if context.in_play is not None and host not in context.in_play:
            yield Breach(host, f"it is one of the {_GROUPS[product][0]}, but not in this play")


@rule(
    "host_not_read",
    "error",
    demand="Everything on every host of the farm could be read.",
    remedy="{remedy} If the host takes no part, add it to farm_leave_out.",
    source="What could not be read was not found to be right",
    roles=ROLES,
)
def find_unread_hosts(context: Context) -> Iterator[Breach]:
    """Whole hosts, and single parts. The same reason for several parts of a host is said once."""
    expected = dict.fromkeys(host for _product, host in _list_expected(context))
    for host in expected:
        if host not in context.farm.hosts and (context.in_play is None or host in context.in_play):
            evidence = "it was not read: it left the run before, after a failure or as unreachable"
            yield Breach(host, evidence, words=(("remedy", READ_AGAIN),))
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for unread in context.farm.unread:
        if not context.is_left_out(unread.host):
            reasons.setdefault((unread.host, unread.message, unread.remedy), []).append(unread.what)
    for (host, message, remedy), parts in reasons.items():
        evidence = f"{', '.join(parts)} could not be read: {message.rstrip('.')}"
        yield Breach(host, evidence, parts[0], words=(("remedy", remedy or READ_AGAIN),))


@rule(
    "not_writable",
    "error",
    demand="The account is offered the cmdlets that are needed for what is to be changed.",
    remedy="Give the account the management role or group that the cmdlet needs (docs/your_own_farm.md, Rights), or use another account.",
    source="Role-based access control decides which cmdlets a session offers",
    roles=ROLES,
)
def find_missing_rights(context: Context) -> Iterator[Breach]:
    """Only where something is to be changed. Whoever may only read can still see what differs."""
    farm = context.farm
    speakers = {
        "autodiscover": farm.organization,
        "certificates": farm.deployment,
        "oauth": farm.deployment,
        "virtual_directories": farm.organization,
        "partners exchange": farm.organization,
        "partners lync": farm.deployment,
        "dns": farm.dns,
    }
    for name, speaker in speakers.items():
        role, _blank, side = name.partition(" ")
        to_do = [
            change for change in context.find_changes(role) if change.state == "to_do" and change.about.startswith(side)
        ]
        if context.stage != "before" or not to_do or speaker is None or speaker.offered is None:
            continue
        if not speaker.offered & set(_WRITERS[name]):
            yield Breach(speaker.host, f"{_WRITERS[name][0]} is not offered to this account", role)


@rule(
    "clock_skew",
    "error",
    demand="The clocks of Exchange and Lync differ by less than five minutes.",
    remedy="Set the server's clock right: servers of a domain take the time from its domain controllers (w32tm /query /status).",
    source="RFC 7519, section 4.1: a token is valid for a short time; Kerberos allows five minutes as well (RFC 4120)",
)
def find_clock_skew(context: Context) -> Iterator[Breach]:
    """Against the median of all clocks, so that the one that is wrong is named."""
    clocks = {host: offset for host, offset in context.farm.clocks.items() if not context.is_left_out(host)}
    if len(clocks) < 2:
        return
    offsets = sorted(clocks.values())
    median = offsets[(len(offsets) - 1) // 2]
    for host, offset in clocks.items():
        if abs(offset - median) > CLOCK_LIMIT:
            direction = "ahead of" if offset > median else "behind"
            yield Breach(host, f"its clock is {abs(offset - median):.0f} s {direction} the others'")
