# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of one name, and what turns them into those that the task asks for.

Set-DnsServerResourceRecord takes clones of the server's own CIM instances, which do not travel, so a change is an addition and a
removal. Another address is added before the old one goes, so that the name always resolves; a CNAME, and a record whose lifetime
changes, has to go first: the server takes neither a second CNAME nor the same data twice.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.names import canonical_value, relative
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.zones import ZONES, place
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell, ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Value

_DATA = {"A": "IPv4Address", "AAAA": "IPv6Address", "CNAME": "HostNameAlias"}
_RR_TYPES = {"A": "A", "AAAA": "AAAA", "CNAME": "CName"}
_REMOVE = "Remove-DnsServerResourceRecord"
_ADD = {kind: f"Add-DnsServerResourceRecord{name}" for kind, name in _RR_TYPES.items()}

# RFC 4035, section 2.5: signatures and denials stand beside a CNAME
_BESIDE_CNAME = ("RRSIG", "NSEC", "NSEC3")
# Data first, the rest as notes: a nested CIM instance is flattened to text on some ways, a top-level one never
_EXPAND = Cmdlet("Select-Object", Property=["RecordType", "TimeToLive"], ExpandProperty="RecordData")


@dataclass(frozen=True)
class Record:
    """One record. ``data`` is its value as the server spells it, by which it is removed."""

    type: str
    value: str
    ttl: int | None
    data: str = ""


@dataclass(frozen=True)
class Node:
    """A name in a zone, and its records."""

    zone: str
    fqdn: str
    records: tuple[Record, ...]

    def of(self, kind: str) -> list[Record]:
        """The records of one type."""
        return [record for record in self.records if record.type == kind]

    def state(self, kind: str, records: t.Iterable[Record]) -> dict[str, t.Any]:
        """The name as results and diffs show it, were ``records`` its records."""
        left = sorted(records, key=lambda record: (record.type, record.value))
        mine = [record for record in left if record.type == kind]
        return {
            "zone": self.zone,
            "name": self.fqdn,
            "type": kind,
            "value": [record.value for record in mine],
            "ttl": min((record.ttl for record in mine if record.ttl is not None), default=None),
            "others": [{"type": r.type, "value": r.value, "ttl": r.ttl} for r in left if r.type != kind],
        }


def writing_cmdlet(call: Call) -> str:
    """The cmdlet that the task is about."""
    return _REMOVE if call.params["state"] == "absent" else _ADD[call.params["type"]]


class DnsRecord:
    """The records of one type at one name."""

    name = "record"
    shell: ShellName = "windows"

    def observe(self, call: Call) -> Node:
        """Read the zones once and the name once."""
        _wanted(call)  # a value that cannot be meant is refused before anything is opened
        shell = call.shell(self.shell)
        full, zone = place(call.params["name"], call.params["zone"], ZONES.read(shell))
        return Node(zone, full, tuple(_records(shell, zone, full)))

    def plan(self, call: Call, observed: Node) -> Plan:
        """Removals and additions in the order that keeps the name resolving where that is possible.

        :raises ShellError: of kind ``conflict`` where records of another type stand in the way.
        """
        plan_steps = _absent if call.params["state"] == "absent" else _present
        steps, after = plan_steps(call, observed)
        kind = call.params["type"]
        before = observed.state(kind, observed.records)
        return Plan(before, observed.state(kind, after) if steps else before, tuple(steps))


Planned = tuple[list[Cmdlet], list[Record]]
"""The steps, and the records of the name after them."""


def _absent(call: Call, node: Node) -> Planned:
    """Remove the values that the task names, or all of the type where it names none."""
    wanted = _wanted(call)
    gone = [record for record in node.of(call.params["type"]) if not wanted or record.value in wanted]
    return [_remove(node, record) for record in gone], [record for record in node.records if record not in gone]


def _present(call: Call, node: Node) -> Planned:
    kind, wanted, there = call.params["type"], _wanted(call), node.of(call.params["type"])
    in_the_way = _conflicts(call, node)
    asked = call.params["ttl"]
    known = {record.value for record in there}
    exclusive = call.params["exclusive"] or kind == "CNAME"
    stale = [record for record in there if exclusive and record.value not in wanted]
    # RFC 2181, section 5.2: the records of a set share one lifetime, those that the task does not name too
    aged = [record for record in there if record not in stale and asked is not None and record.ttl != asked]
    ttl = asked if asked is not None else min((record.ttl for record in there if record.ttl is not None), default=None)
    missing = [value for value in wanted if value not in known]
    adding = [_add(node, kind, value, ttl) for value in missing]
    removing = [_remove(node, record) for record in stale]
    steps = [_remove(node, record) for record in in_the_way]
    steps += [*removing, *adding] if kind == "CNAME" else adding
    for record in aged:
        steps += [_remove(node, record), _add(node, kind, record.value, ttl)]
    steps += [] if kind == "CNAME" else removing
    left = [record for record in node.records if record not in (*in_the_way, *stale, *aged)]
    return steps, left + [Record(kind, value, ttl) for value in [*(record.value for record in aged), *missing]]


def _conflicts(call: Call, node: Node) -> list[Record]:
    """The records that cannot stand beside the wanted ones: a CNAME is alone at its name (RFC 1034, section 3.6.2).

    :raises ShellError: unless the task allows to replace them, and they are of types that this module can put back.
    """
    kind = call.params["type"]
    if kind == "CNAME" and node.fqdn == node.zone:
        raise ShellError(
            "bad_input", f"name: {node.fqdn} is the zone itself, where no CNAME can be; give it an A record."
        )
    if kind == "CNAME" and _wanted(call) == [node.fqdn]:
        raise ShellError("bad_input", f"value: a CNAME of {node.fqdn} that points to itself never resolves.")
    others = [record for record in node.records if record.type != kind and record.type not in _BESIDE_CNAME]
    found = [record for record in others if "CNAME" in (kind, record.type)]
    foreign = sorted({record.type for record in found} - set(_DATA))
    if not found or (call.params["on_conflict"] == "replace" and not foreign):
        return found
    listed = ", ".join(f"{record.type} {record.value}".strip() for record in found)
    raise ShellError(
        "conflict",
        f"{node.fqdn} already has {listed}; a CNAME and other records exclude each other.",
        shell="windows",
        remedy=f"Remove the {', '.join(foreign)} record first, or give the name an address record."
        if foreign
        else "Set on_conflict to replace to have them removed in the same run, or choose the type that is there.",
    )


def _wanted(call: Call) -> list[str]:
    """The values, each once.

    :raises ShellError: of kind ``bad_input`` for a value that the type cannot hold.
    """
    kind = call.params["type"]
    values = list(dict.fromkeys(canonical_value(kind, value) for value in call.params["value"] or ()))
    if call.params["state"] == "present" and (not values or (kind == "CNAME" and len(values) > 1)):
        asked = "exactly one name is" if kind == "CNAME" else "at least one address is"
        raise ShellError("bad_input", f"value: {asked} wanted for type {kind}.")
    if call.params["state"] == "present" and kind == "CNAME" and values[0].replace(".", "").isdigit():
        # taken as a name, it would lead nowhere; to remove such a record, it can be named
        raise ShellError(
            "bad_input", f"value: '{values[0]}' is no name; a CNAME points to one. Type A takes addresses."
        )
    ttl = call.params["ttl"]
    if ttl is not None and not 0 <= ttl < 2**31:
        raise ShellError(
            "bad_input", f"ttl: {ttl} is out of range; RFC 2181, section 8, allows 0 to {2**31 - 1} seconds."
        )
    return values


def _records(shell: Shell, zone: str, full: str) -> t.Iterator[Record]:
    read = Cmdlet("Get-DnsServerResourceRecord", ZoneName=zone, Name=relative(full, zone), Node=True)
    try:
        items = shell.read_all(read, _EXPAND)
    except ShellError as error:
        # the zone is known to be there, so it is the name that is not (WIN32 9714)
        if error.kind != "not_found":
            raise
        return
    for item in items:
        yield _record(item)


def _record(item: RemoteObject) -> Record:
    kind = str(item.get("RecordType") or "").upper()
    ttl = item.get("TimeToLive")
    data = _text(item.get(_DATA[kind])) if kind in _DATA else ""
    if kind in _DATA and not data:
        raise ShellError(
            "unsupported", f"the server sent a {kind} record without its data.", cmdlet="Get-DnsServerResourceRecord"
        )
    value = canonical_value(kind, data) if kind in ("A", "AAAA") else data.lower().removesuffix(".")
    return Record(kind, value, int(ttl.total_seconds()) if isinstance(ttl, dt.timedelta) else None, data)


def _text(value: Value) -> str:
    """An address comes as text, or as a System.Net.IPAddress with its text among its properties."""
    if isinstance(value, RemoteObject):
        return str(value.get("IPAddressToString") or value)
    return str(value or "")


def _add(node: Node, kind: str, value: str, ttl: int | None) -> Cmdlet:
    # the last dot leaves no doubt that the target is not relative to the zone
    data: Value = f"{value}." if kind == "CNAME" else [value]
    lifetime: dict[str, Value] = {} if ttl is None else {"TimeToLive": dt.timedelta(seconds=ttl)}
    where = {"ZoneName": node.zone, "Name": relative(node.fqdn, node.zone)}
    return Cmdlet(_ADD[kind], **where, **{_DATA[kind]: data}, **lifetime, Confirm=False)


def _remove(node: Node, record: Record) -> Cmdlet:
    return Cmdlet(
        _REMOVE,
        ZoneName=node.zone,
        Name=relative(node.fqdn, node.zone),
        RRType=_RR_TYPES[record.type],
        RecordData=[record.data],
        Force=True,
        Confirm=False,
    )
