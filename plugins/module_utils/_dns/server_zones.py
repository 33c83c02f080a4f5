# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The zones of a DNS server, and which of them a name belongs to."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import is_within
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag, Kind
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Family, Property, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Value


class ZoneName(Kind):
    """A zone's name in the spelling in which names are compared: lower case, no last dot."""

    def read(self, value: Value) -> t.Any:
        text = str(value or "").lower()
        return text.removesuffix(".") or text


# The properties of the class DnsServerZone, which all types of zones share (Microsoft, DnsServerPSProvider)
ZONES = Family(
    Cmdlet("Get-DnsServerZone"),
    Table(
        Property("name", "ZoneName", ZoneName()),
        Property("type", "ZoneType"),
        Property("reverse", "IsReverseLookupZone", Flag()),
        Property("directory_integrated", "IsDsIntegrated", Flag()),
    ),
)
Zone = dict[str, t.Any]
Zones = list[Zone]

_LISTED = 10
# A stub zone and a conditional forwarder are zones too, but their records are on other servers
_HOLDING = (None, "Primary", "Secondary")


def find_deepest_zone(full: str, zones: Zones) -> Zone | None:
    """The longest of the server's zones that the name belongs to, whatever its type."""
    return max(
        (zone for zone in zones if is_within(full, zone["name"])), key=lambda zone: len(zone["name"]), default=None
    )


def holds_records(zone: Zone) -> bool:
    """Whether the zone's records are on this server."""
    return zone["type"] in _HOLDING


def find_writable_zone(full: str, asked: str | None, zones: Zones) -> str:
    """The zone of the server that holds a name and takes records for it.

    :param asked: the zone that the task names; if it names none, the server's longest that fits.
    :raises ShellError: if the server has no such zone, cannot write it, or has a deeper one that hides the name.
    """
    if asked is not None and asked not in [zone["name"] for zone in zones]:
        raise _no_zone(f"this DNS server has no zone {asked}", zones)
    deepest = find_deepest_zone(full, zones)
    if deepest is None:
        raise _no_zone(f"this DNS server has no zone that {full} belongs to", zones)
    name, kind = deepest["name"], deepest["type"]
    if asked is not None and asked != name:
        message = f"zone: {full} belongs to {name}, a zone of its own on this server: a record in {asked} would never be found."
        raise ShellError("bad_input", message, shell="windows")
    if kind not in (None, "Primary"):
        message = f"zone: {name} is a {kind.lower()} zone on this server; its records are written on another server."
        raise ShellError(
            "bad_input", message, shell="windows", remedy="Run the task on a server that has the zone as primary."
        )
    return str(name)


def _no_zone(message: str, zones: Zones) -> ShellError:
    names = [zone["name"] for zone in zones if not zone["reverse"]]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    has = f"{', '.join(names[:_LISTED])}{more}" if names else "none"
    return ShellError(
        "not_found",
        f"{message}; it has {has}.",
        shell="windows",
        cmdlet=ZONES.cmdlet.name,
        remedy="Correct zone or name, create the zone, or run the task on the DNS server that has it.",
    )
