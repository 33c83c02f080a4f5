# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The zones of a DNS server, and which of them a name belongs to."""

from __future__ import annotations

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import is_within
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.provider import (
    Place,
    Zone,
    ZoneReader,
    Zones,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

# A stub zone and a conditional forwarder are zones too, but their records are on other servers
_HOLDING = (None, "Primary", "Secondary")


def find_deepest_zone(full: str, zones: Zones) -> Zone | None:
    """The longest of the zones that the name belongs to, whatever its type."""
    return max(
        (zone for zone in zones if is_within(full, zone["name"])), key=lambda zone: len(zone["name"]), default=None
    )


def holds_records(zone: Zone) -> bool:
    """Whether the zone's records are on this server."""
    return zone["type"] in _HOLDING


def find_writable_zone(full: str, asked: str | None, reader: ZoneReader, place: Place) -> str:
    """The zone of the server that holds a name and takes records for it.

    :param asked: the zone that the task names; if it names none, the server's longest that fits.
    :raises ShellError: if the server has no such zone, cannot write it, or has a deeper one that hides the name.
    """
    if asked is not None and not reader.has_zone(asked):
        raise _miss_zone(f"this DNS server has no zone {asked}{reader.explain_absence(asked)}.", place)
    deepest = reader.find_zone(full)
    if deepest is None:
        message = f"this DNS server has no zone that {full} belongs to{reader.explain_absence(full)}."
        raise _miss_zone(message, place)
    name, kind = deepest["name"], deepest["type"]
    if asked is not None and asked != name:
        message = f"zone: {full} belongs to {name}, a zone of its own on this server: a record in {asked} would never be found."
        raise ShellError("bad_input", message)
    if kind not in (None, "Primary"):
        message = f"zone: {name} is a {kind.lower()} zone on this server; its records are written on another server."
        raise ShellError("bad_input", message, remedy=place.suggest("a server that has the zone as primary"))
    return str(name)


def _miss_zone(message: str, place: Place) -> ShellError:
    way = place.another.format("the DNS server that has it")
    remedy = f"Correct zone or name, create the zone, or {way}."
    return ShellError("not_found", message, cmdlet=place.reading, remedy=remedy)
