# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Windows DNS server through the DnsServer cmdlets: how they show zones and records, and which of them change a record.

Set-DnsServerResourceRecord takes clones of the server's own CIM instances, which do not travel, so a change is an addition and a
removal. Another address is added before the old one goes, so that the name always resolves; a CNAME, and a record whose lifetime
changes, has to go first: the server takes neither a second CNAME nor the same data twice. Resolvers remember for a while that a name
is not there (RFC 2308), so both writes go directly after one another, and what had to go comes back if the new record is refused.
"""

from __future__ import annotations

import datetime as dt
import functools
import typing as t
from collections.abc import Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._after_refusal import Undo
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import (
    list_names_below,
    normalize_value,
    relate_to_zone,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_records import Edit, Node, Record
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.provider import Place, Zone, Zones
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.server_zones import find_deepest_zone
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag, Kind
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Family, Property, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Step
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Value


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
_LISTED = 10

DATA = {"A": "IPv4Address", "AAAA": "IPv6Address", "CNAME": "HostNameAlias"}
"""The types that are written, each with the parameter, and property, that holds its data."""
REMOVE = "Remove-DnsServerResourceRecord"
ADD = {
    "A": "Add-DnsServerResourceRecordA",
    "AAAA": "Add-DnsServerResourceRecordAAAA",
    "CNAME": "Add-DnsServerResourceRecordCName",
}
_READ = "Get-DnsServerResourceRecord"
_RR_TYPES = {"A": "A", "AAAA": "AAAA", "CNAME": "CName"}

# The data of the other types that are shown, in the order in which a zone file has it. Not the serial number of an SOA record: it
# changes with every write.
_SHOWN = {
    "DNAME": ("DomainNameAlias",),
    "MX": ("Preference", "MailExchange"),
    "NS": ("NameServer",),
    "PTR": ("PtrDomainName",),
    "SOA": ("PrimaryServer",),
    "SRV": ("Priority", "Weight", "Port", "DomainName"),
}
# Data first, the rest as notes: a nested CIM instance is flattened to text on some ways, a top-level one never
_EXPAND = Cmdlet("Select-Object", Property=["RecordType", "TimeToLive"], ExpandProperty="RecordData")


class WindowsProvider:
    """The DnsServer cmdlets of one host.

    :param shell: the host's plain management shell.
    """

    place = Place(host="", shell="windows", reading=ZONES.cmdlet.name, another="run the task on {}")

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def name_step(self, params: dict[str, t.Any]) -> str:
        """The cmdlet that a task of dns_record is about."""
        return REMOVE if params["state"] == "absent" else ADD[params["type"]]

    def open_reader(self) -> CmdletReader:
        """A reader that has read nothing yet."""
        return CmdletReader(self._shell)

    def open_writer(self) -> Shell:
        """What carries out the cmdlets."""
        return self._shell

    def plan_steps(self, edit: Edit) -> tuple[Sequence[Step], Undo]:
        """Removals and additions in the order that keeps the name resolving where that is possible."""
        node = edit.node
        steps = [remove_record(node, record) for record in edit.cleared]
        steps += [add_record(node, record) for record in edit.added]
        for old, new in edit.aged:
            steps += [remove_record(node, old), add_record(node, new)]
        steps += [remove_record(node, record) for record in edit.dropped]
        making_room = [*edit.cleared, *(old for old, _new in edit.aged)]
        return steps, [(remove_record(node, record), add_record(node, record)) for record in making_room]

    def close(self) -> None:
        """Nothing: the sessions are the helper's."""


class CmdletReader:
    """Reads the zones of a Windows DNS server once, and each name once."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._nodes: dict[tuple[str, str], Node] = {}

    @functools.cached_property
    def _zones(self) -> Zones:
        return ZONES.read(self._shell)

    def list_zones(self) -> Zones:
        """The server's zones."""
        return self._zones

    def has_zone(self, name: str) -> bool:
        """Whether the server has a zone of just this name."""
        return name in [zone["name"] for zone in self._zones]

    def find_zone(self, full: str) -> Zone | None:
        """The longest of the server's zones that a name belongs to, whatever its type."""
        return find_deepest_zone(full, self._zones)

    def explain_absence(self, full: str) -> str:
        """The zones that there are, to end a sentence."""
        del full
        names = [zone["name"] for zone in self._zones if not zone["reverse"]]
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        return f"; it has {', '.join(names[:_LISTED])}{more}" if names else "; it has none"

    def find_delegation(self, zone: str, full: str) -> str | None:
        """The name below the zone from which on another server holds the records: the one with NS records."""
        return next((name for name in list_names_below(zone, full) if self.read_node(zone, name).list_type("NS")), None)

    def read_node(self, zone: str, full: str) -> Node:
        """All records of a name. One that is not there has none."""
        if (zone, full) not in self._nodes:
            self._nodes[zone, full] = _read_node(self._shell, zone, full)
        return self._nodes[zone, full]


def add_record(node: Node, record: Record) -> Cmdlet:
    """The cmdlet that adds a record to a name."""
    # the last dot leaves no doubt that the target is not relative to the zone
    data: Value = f"{record.value}." if record.type == "CNAME" else [record.value]
    lifetime: dict[str, Value] = {} if record.ttl is None else {"TimeToLive": dt.timedelta(seconds=record.ttl)}
    return Cmdlet(ADD[record.type], **_name_owner(node), **{DATA[record.type]: data}, **lifetime, Confirm=False)


def remove_record(node: Node, record: Record) -> Cmdlet:
    """The cmdlet that removes a record of a name."""
    kind, data = _RR_TYPES[record.type], [record.data]
    return Cmdlet(REMOVE, **_name_owner(node), RRType=kind, RecordData=data, Force=True, Confirm=False)


def _name_owner(node: Node) -> dict[str, Value]:
    return {"ZoneName": node.zone, "Name": relate_to_zone(node.fqdn, node.zone)}


def _read_node(shell: Shell, zone: str, full: str) -> Node:
    read = Cmdlet(_READ, ZoneName=zone, Name=relate_to_zone(full, zone), Node=True)
    try:
        items = shell.read_all(read, _EXPAND)
    except ShellError as error:
        # the zone is known to be there, so it is the name that is not (WIN32 9714)
        if error.kind != "not_found":
            raise
        items = ()
    return Node(zone, full, tuple(_read_record(item) for item in items))


def _read_record(item: RemoteObject) -> Record:
    kind, ttl = str(item.get("RecordType") or "").upper(), item.get("TimeToLive")
    seconds = int(ttl.total_seconds()) if isinstance(ttl, dt.timedelta) else None
    if kind not in DATA:
        return Record(kind, _show_data(kind, item), seconds)
    data = _read_text(item.get(DATA[kind]))
    if not data:
        raise ShellError("unsupported", f"the server sent a {kind} record without its data.", cmdlet=_READ)
    return Record(kind, normalize_value(kind, data) if kind != "CNAME" else _fold_name(data), seconds, data)


def _show_data(kind: str, item: RemoteObject) -> str:
    """The data of a type that is only shown; nothing for the types that are not known here."""
    if kind == "TXT":
        text = item.get("DescriptiveText")
        return "".join(map(str, text)) if isinstance(text, (list, tuple)) else str(text or "")
    parts = [item.get(name) for name in _SHOWN.get(kind, ())]
    return " ".join(_fold_name(str(part)) for part in parts if part is not None)


def _fold_name(text: str) -> str:
    """A name that the server sent: what it has need not be a name that could be asked for."""
    return text.lower().removesuffix(".")


def _read_text(value: Value) -> str:
    """An address comes as text, or as a System.Net.IPAddress with its text among its properties."""
    if isinstance(value, RemoteObject):
        return str(value.get("IPAddressToString") or value)
    return str(value or "")
