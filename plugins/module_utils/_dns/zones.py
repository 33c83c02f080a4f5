# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The zones of a DNS server, and which of them a name belongs to."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.names import absolute, full_name, within
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Family, Property, Table

ZONES = Family(
    Cmdlet("Get-DnsServerZone"),
    Table(
        Property("name", "ZoneName"), Property("type", "ZoneType"), Property("reverse", "IsReverseLookupZone", Flag())
    ),
)
_LISTED = 10

Zones = list[dict[str, t.Any]]


def place(name: str, zone: str | None, zones: Zones) -> tuple[str, str]:
    """The full name that the task means and the server's zone that holds it.

    :param zone: the zone that the task names; where it names none, the server's longest that fits.
    :raises ShellError: where the server has no such zone, cannot write it, or has a deeper one that hides the name.
    """
    known = {str(item["name"]).casefold().removesuffix("."): item for item in zones}
    asked = absolute(zone, "zone") if zone else None
    if asked is not None and asked not in known:
        raise _no_zone(f"this DNS server has no zone {asked}", zones)
    full = full_name(name, asked)
    deepest = max((item for item in known if within(full, item)), key=len, default=None)
    if deepest is None:
        raise _no_zone(f"this DNS server has no zone that {full} belongs to", zones)
    if asked is not None and asked != deepest:
        message = f"zone: {full} belongs to {deepest}, a zone of its own on this server: a record in {asked} would never be found."
        raise ShellError("bad_input", message, shell="windows")
    kind = known[deepest]["type"]
    if kind not in (None, "Primary"):
        message = f"zone: {deepest} is a {str(kind).lower()} zone on this server, whose records are written elsewhere."
        raise ShellError(
            "bad_input", message, shell="windows", remedy="Run the task on a server that has the zone as primary."
        )
    return full, deepest


def _no_zone(message: str, zones: Zones) -> ShellError:
    names = [str(item["name"]) for item in zones if not item["reverse"]]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    has = f"{', '.join(names[:_LISTED])}{more}" if names else "none"
    return ShellError(
        "not_found",
        f"{message}; it has {has}.",
        shell="windows",
        cmdlet=ZONES.cmdlet.name,
        remedy="Correct zone or name, create the zone, or run the task on the DNS server that has it.",
    )
