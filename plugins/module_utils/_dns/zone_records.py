# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records as the DnsServer cmdlets show them, and the cmdlets that read, add and remove them."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import (
    normalize_value,
    relate_to_zone,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Value

WRITABLE = {"A": "IPv4Address", "AAAA": "IPv6Address", "CNAME": "HostNameAlias"}
"""The types that the collection writes, each with the parameter, and property, that holds its data."""

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


@dataclass(frozen=True)
class Record:
    """One record. ``data`` is its value as the server spells it, by which it is removed."""

    type: str
    value: str
    ttl: int | None
    data: str = ""

    def __str__(self) -> str:
        return f"{self.type} {self.value}".strip()

    def describe(self) -> dict[str, t.Any]:
        """The record as results show it."""
        return {"type": self.type, "value": self.value, "ttl": self.ttl}


@dataclass(frozen=True)
class Node:
    """A name in a zone, and its records."""

    zone: str
    fqdn: str
    records: tuple[Record, ...]

    def list_type(self, kind: str) -> list[Record]:
        """The records of one type."""
        return [record for record in self.records if record.type == kind]

    def add(self, kind: str, value: str, ttl: int | None) -> Cmdlet:
        """The cmdlet that adds a record to this name."""
        # the last dot leaves no doubt that the target is not relative to the zone
        data: Value = f"{value}." if kind == "CNAME" else [value]
        lifetime: dict[str, Value] = {} if ttl is None else {"TimeToLive": dt.timedelta(seconds=ttl)}
        return Cmdlet(ADD[kind], **self._owner(), **{WRITABLE[kind]: data}, **lifetime, Confirm=False)

    def remove(self, record: Record) -> Cmdlet:
        """The cmdlet that removes one of its records."""
        kind, data = _RR_TYPES[record.type], [record.data]
        return Cmdlet(REMOVE, **self._owner(), RRType=kind, RecordData=data, Force=True, Confirm=False)

    def _owner(self) -> dict[str, Value]:
        return {"ZoneName": self.zone, "Name": relate_to_zone(self.fqdn, self.zone)}


def read_node(shell: Shell, zone: str, full: str) -> Node:
    """Read all records of a name. One that is not there has none.

    :raises ShellError: for any other error: what could not be read is never taken for absent.
    """
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
    if kind not in WRITABLE:
        return Record(kind, _show_data(kind, item), seconds)
    data = _read_text(item.get(WRITABLE[kind]))
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
