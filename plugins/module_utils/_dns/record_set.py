# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of one type at one name, and what turns them into those that the task asks for, whatever kind of server holds them."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import (
    normalize_name,
    normalize_value,
    qualify_name,
    require_text,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_reader import NameReader
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_records import (
    BESIDE_CNAME,
    WRITABLE,
    Edit,
    Node,
    Record,
    find_shortest_ttl,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.provider import Place, Provider, locate
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.resolution import (
    judge_resolution,
    make_address_target,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.server_zones import find_writable_zone
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan, ensure
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName

_TTL_END = 2**31


@dataclass(frozen=True)
class Asked:
    """What the task asks for, in one spelling.

    :ivar values: empty if the task names none.
    """

    name: str
    zone: str | None
    type: str
    values: list[str]
    ttl: int | None
    present: bool

    def __str__(self) -> str:
        return f"{self.type} {', '.join(self.values)}"


@dataclass(frozen=True)
class Observed:
    """The name's records, and, if the task accepts equivalent ones, where they lead.

    :ivar resolution: as the module returns it.
    """

    node: Node
    resolution: dict[str, t.Any] | None = None


@dataclass(frozen=True)
class Changes:
    """The records of the name by what happens to them.

    :ivar beside: of other types, which a CNAME cannot stand beside.
    :ivar stale: of the type, not asked for, in a set that is the task's alone.
    :ivar aged: asked for, with another lifetime.
    :ivar missing: values that are not there.
    """

    beside: list[Record]
    stale: list[Record]
    aged: list[Record]
    missing: list[str]

    @property
    def replaced(self) -> list[Record]:
        """The records that would have to go."""
        return [*self.beside, *self.stale]


def ensure_records(call: Call, provider: Provider) -> Result:
    """Bring the name's records to the state that the task asks for, or say what would be done."""
    records = RecordSet(provider)
    with locate(provider, provider.name_step(call.params)):
        result = ensure(call, records, writer=provider.open_writer())
    return {**result, **records.report()}


class RecordSet:
    """The records of one type at one name.

    :ivar found: as it was read first.
    """

    name = "record"
    shell: ShellName = "windows"

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.found: Observed | None = None

    def observe(self, call: Call) -> Observed:
        """Read the zones once and each name once."""
        asked = read_task(call)  # bad input is refused before anything is opened
        reader, place = self._provider.open_reader(), self._provider.place
        zone = find_writable_zone(asked.name, asked.zone, reader, place)
        if asked.present and (cut := reader.find_delegation(zone, asked.name)):
            raise _refuse_delegated(asked.name, zone, cut, place)
        node = reader.read_node(zone, asked.name)
        accepts = asked.present and call.params["accept_equivalent"]
        seen = Observed(node, _judge_name(NameReader(reader), asked) if accepts else None)
        self.found = self.found or seen
        return seen

    def plan(self, call: Call, observed: Observed) -> Plan:
        """What turns the records into those that are asked for.

        :raises ShellError: of kind ``conflict`` if records would have to go that the task does not allow to be replaced.
        """
        asked, node = read_task(call), observed.node
        before = describe_node(node, asked.type, node.records)
        if not asked.present:
            gone = [record for record in node.list_type(asked.type) if not asked.values or record.value in asked.values]
            return self._plan_edit(Edit(node, asked.type, dropped=tuple(gone)), before)
        _refuse_impossible_cname(asked, node)
        if observed.resolution is not None and observed.resolution["verdict"] == "equivalent":
            return Plan(before, before)
        changes = _compare(call, asked, node)
        if changes.replaced and call.params["on_conflict"] == "keep":
            there = ", ".join(map(str, changes.replaced))
            return Plan(before, before, warnings=(f"Left as it is: {asked.name} has {there}.",))
        _refuse_replacement(call, asked, observed, changes)
        return self._plan_edit(_make_edit(call, asked, node, changes), before)

    def _plan_edit(self, edit: Edit, before: dict[str, t.Any]) -> Plan:
        if not edit.removed and not edit.created:
            return Plan(before, before)
        steps, undo = self._provider.plan_steps(edit)
        return Plan(before, describe_node(edit.node, edit.type, edit.list_after()), tuple(steps), undo=undo)

    def report(self) -> Result:
        """What the module returns besides the records."""
        return {"resolution": self.found.resolution} if self.found and self.found.resolution is not None else {}


def describe_node(node: Node, kind: str, records: Iterable[Record]) -> dict[str, t.Any]:
    """A name as results and diffs show it, were ``records`` its records."""
    left = sorted(records, key=lambda record: (record.type, record.value))
    mine = [record for record in left if record.type == kind]
    return {
        "zone": node.zone,
        "name": node.fqdn,
        "type": kind,
        "value": [record.value for record in mine],
        "ttl": find_shortest_ttl(mine),
        "others": [record.describe() for record in left if record.type != kind],
    }


def read_task(call: Call) -> Asked:
    """The task's options in one spelling.

    :raises ShellError: of kind ``bad_input`` for one that is empty, or that no record can have.
    """
    zone, ttl, kind = call.params["zone"], call.params["ttl"], call.params["type"]
    require_text(zone, "zone")
    if ttl is not None and not 0 <= ttl < _TTL_END:
        message = f"ttl: {ttl} is out of range; RFC 2181, section 8, allows 0 to {_TTL_END - 1} seconds."
        raise ShellError("bad_input", message)
    present, zone = call.params["state"] == "present", zone and normalize_name(zone, "zone")
    values = _read_values(kind, call.params["value"], present)
    name = qualify_name(call.params["name"], zone)
    if present and kind == "CNAME" and values == [name]:
        raise ShellError("bad_input", f"value: a CNAME of {name} that points to itself never resolves.")
    return Asked(name, zone, kind, values, ttl, present)


def _read_values(kind: str, given: list[str] | None, present: bool) -> list[str]:
    """The values, each once. An empty list, or an empty text in it, is a variable that came out empty, never "all of them"."""
    if given is not None and not all(value.strip() for value in given or [""]):
        wish = "" if present else " To remove all records of the type, leave value out."
        message = f"value: is empty. If it comes from a variable, check that the variable has a value.{wish}"
        raise ShellError("bad_input", message)
    values = list(dict.fromkeys(normalize_value(kind, value) for value in given or ()))
    if present and kind == "CNAME":
        if len(values) != 1:
            raise ShellError("bad_input", "value: a CNAME points to exactly one name.")
        if values[0].replace(".", "").isdigit():
            # taken as a name, it would lead nowhere; to remove such a record, it can be named
            raise ShellError("bad_input", f"value: '{values[0]}' is an address; a CNAME points to a name. Use type A.")
    return values


def _refuse_delegated(name: str, zone: str, cut: str, place: Place) -> ShellError:
    message = f"name: {zone} delegates {cut} to other servers: a record of {name} on this one would never be found."
    return ShellError("bad_input", message, remedy=place.suggest(f"a server that has the zone {cut}"))


def _judge_name(reader: NameReader, asked: Asked) -> dict[str, t.Any]:
    """Where the name leads, compared with what the task asks for. Addresses are compared with those of their type."""
    entry = reader.describe(asked.name)
    own = entry["resolution"]
    target = reader.describe(asked.values[0]) if asked.type == "CNAME" else make_address_target(asked.values)
    if asked.type != "CNAME":
        same_type = [text for text in own["addresses"] if (":" in text) == (asked.type == "AAAA")]
        entry = {**entry, "resolution": {**own, "addresses": same_type}}
    judgement = judge_resolution(entry, target)
    return {**own, "verdict": judgement.verdict, "evidence": judgement.evidence, "target": target["resolution"]}


def _refuse_impossible_cname(asked: Asked, node: Node) -> None:
    if asked.type == "CNAME" and node.fqdn == node.zone:
        message = f"name: {node.fqdn} is the zone itself, which cannot have a CNAME; give it an A record."
        raise ShellError("bad_input", message)


def _compare(call: Call, asked: Asked, node: Node) -> Changes:
    there = node.list_type(asked.type)
    others = [record for record in node.records if record.type != asked.type and record.type not in BESIDE_CNAME]
    # a CNAME is alone at its name (RFC 1034, section 3.6.2)
    beside = [record for record in others if "CNAME" in (asked.type, record.type)]
    exclusive = call.params["exclusive"] or asked.type == "CNAME"
    stale = [record for record in there if exclusive and record.value not in asked.values]
    kept = [record for record in there if record not in stale]
    # RFC 2181, section 5.2: the records of a set share one lifetime, those that the task does not name too
    aged = [record for record in kept if asked.ttl is not None and record.ttl != asked.ttl]
    known = {record.value for record in there}
    return Changes(beside, stale, aged, [value for value in asked.values if value not in known])


def _refuse_replacement(call: Call, asked: Asked, observed: Observed, changes: Changes) -> None:
    """Refuse to remove what the task does not allow to be replaced: it may be there on purpose.

    :raises ShellError: of kind ``conflict``; records that this module could not put back are never removed.
    """
    replaced = changes.replaced
    foreign = sorted({record.type for record in replaced} - set(WRITABLE))
    if not replaced or (call.params["on_conflict"] == "replace" and not foreign):
        return
    there = ", ".join(map(str, replaced))
    message = f"{asked.name} already has {there}, which would have to be removed for {asked}."
    raise ShellError(
        "conflict",
        message + _explain_verdict(observed.resolution, asked),
        remedy=_suggest_way(foreign, changes),
        result={} if observed.resolution is None else {"resolution": observed.resolution},
    )


def _explain_verdict(resolution: dict[str, t.Any] | None, asked: Asked) -> str:
    if resolution is None:
        return ""
    goal = asked.values[0] if asked.type == "CNAME" else ", ".join(asked.values)
    if resolution["complete"] and resolution["target"]["complete"]:
        return f" It does not lead to {goal}."
    return f" This server's zones do not tell whether it leads to {goal}."


def _suggest_way(foreign: list[str], changes: Changes) -> str:
    if foreign:
        return f"Remove the {', '.join(foreign)} record first, or give the name an address record."
    keep = (
        ""
        if changes.beside or any(record.type == "CNAME" for record in changes.stale)
        else "O(exclusive) to false to have both, "
    )
    return f"Set O(on_conflict) to replace to have them replaced, to keep to leave them, {keep}or change the task to what is there."


def _make_edit(call: Call, asked: Asked, node: Node, changes: Changes) -> Edit:
    kind, alone = asked.type, asked.type == "CNAME"
    ttl = asked.ttl if asked.ttl is not None else find_shortest_ttl(node.list_type(kind))
    ttl = node.default_ttl if ttl is None else ttl
    return Edit(
        node,
        kind,
        cleared=tuple(changes.replaced if alone else changes.beside),
        added=tuple(Record(kind, value, ttl) for value in changes.missing),
        aged=tuple((record, Record(kind, record.value, ttl)) for record in changes.aged),
        dropped=() if alone else tuple(changes.stale),
        shared=not alone and not call.params["exclusive"],
    )
