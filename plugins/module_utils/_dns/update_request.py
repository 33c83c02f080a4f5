# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dynamic update (RFC 2136) as data: what must still be so, what goes and what comes, all at once or not at all."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_replies import DNS_IMPORT_ERROR
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_records import (
    BESIDE_CNAME,
    Edit,
    Node,
    Record,
)

if DNS_IMPORT_ERROR is None:
    import dns.name
    import dns.update

UPDATE = "DNS UPDATE"
_NEVER_BESIDE_CNAME = (
    *(
        "A",
        "AAAA",
        "CAA",
        "DHCID",
        "DNAME",
        "HINFO",
        "HTTPS",
        "LOC",
        "MX",
        "NAPTR",
        "NS",
        "PTR",
        "RP",
        "SPF",
        "SRV",
        "SSHFP",
        "SVCB",
    ),
    *("TLSA", "TXT", "URI"),
)
"""Types that a name must not have for a CNAME to be added: a server ignores the addition otherwise, without saying so."""


@dataclass(frozen=True)
class Prerequisite:
    """What must be so for the update to be carried out (RFC 2136, section 2.4).

    :ivar type: empty for any type.
    :ivar data: the records of the type, all of them; None where there must be none.
    """

    type: str = ""
    data: tuple[str, ...] | None = None

    def list_lines(self, owner: str) -> list[str]:
        """As nsupdate takes it."""
        if not self.type:
            return [f"prereq nxdomain {owner}"]
        if self.data is None:
            return [f"prereq nxrrset {owner} {self.type}"]
        return [f"prereq yxrrset {owner} {self.type} {data}" for data in self.data]


@dataclass(frozen=True)
class Update:
    """One request. Its text is what nsupdate takes.

    :ivar server: the server's address and port, as nsupdate takes them.
    :ivar owner: the name whose records change, with the last dot.
    """

    server: str
    zone: str
    owner: str
    prerequisites: tuple[Prerequisite, ...]
    deletions: tuple[Record, ...] = ()
    additions: tuple[Record, ...] = ()

    @property
    def name(self) -> str:
        """What kind of step it is."""
        return UPDATE

    def __str__(self) -> str:
        return "\n".join(self._list_lines())

    def _list_lines(self) -> Iterator[str]:
        yield f"server {self.server}"
        yield f"zone {self.zone}"
        for prerequisite in self.prerequisites:
            yield from prerequisite.list_lines(self.owner)
        for record in self.deletions:
            yield f"update delete {self.owner} {record.type} {record.data}"
        for record in self.additions:
            yield f"update add {self.owner} {record.ttl} {record.type} {record.data}"
        yield "send"

    def keep_prerequisites(self) -> Update:
        """The same request without its changes. It asks whether the server would take it, and changes nothing."""
        return replace(self, deletions=(), additions=())

    def to_message(self) -> dns.update.UpdateMessage:
        """The message, not yet signed."""
        message = dns.update.UpdateMessage(f"{self.zone}.")
        owner = dns.name.from_text(self.owner)
        for prerequisite in self.prerequisites:
            _add_prerequisite(message, owner, prerequisite)
        for record in self.deletions:
            message.delete(owner, record.type, record.data)
        for record in self.additions:
            message.add(owner, t.cast(int, record.ttl), record.type, record.data)
        return message


def _add_prerequisite(message: dns.update.UpdateMessage, owner: dns.name.Name, prerequisite: Prerequisite) -> None:
    if not prerequisite.type:
        message.absent(owner)
    elif prerequisite.data is None:
        message.absent(owner, prerequisite.type)
    else:
        message.present(owner, prerequisite.type, *prerequisite.data)


def make_update(edit: Edit, server: str) -> Update:
    """The update that carries out an edit. What was observed is what must still be there."""
    node = edit.node
    return Update(
        server,
        node.zone,
        f"{node.fqdn}.",
        tuple(_list_prerequisites(edit)),
        tuple(edit.removed),
        tuple(_spell_data(record) for record in edit.created),
    )


def make_probe(zone: str, full: str, server: str) -> Update:
    """An update that changes nothing: the server carries it out if there is no such name."""
    return Update(server, zone, f"{full}.", (Prerequisite(),))


def _spell_data(record: Record) -> Record:
    return replace(record, data=f"{record.value}." if record.type == "CNAME" else record.value)


def _list_prerequisites(edit: Edit) -> Iterator[Prerequisite]:
    node, kind = edit.node, edit.type
    aliases = node.list_type("CNAME")
    if edit.created and kind == "CNAME" and not aliases:
        yield from _demand_only(node)
        return
    if aliases:
        # a CNAME is alone at its name, so that nothing else has to be looked at
        yield _demand_set("CNAME", aliases)
        return
    if edit.created:
        yield Prerequisite("CNAME")
    if edit.removed or not edit.shared:
        yield _demand_set(kind, node.list_type(kind))


def _demand_only(node: Node) -> Iterator[Prerequisite]:
    """That the name has just the records that were observed: none, or else sets that make room for a CNAME."""
    there = list(dict.fromkeys(record.type for record in node.records if record.type not in BESIDE_CNAME))
    if not there:
        yield Prerequisite()
        return
    for kind in there:
        yield _demand_set(kind, node.list_type(kind))
    for kind in _NEVER_BESIDE_CNAME:
        if kind not in there:
            yield Prerequisite(kind)


def _demand_set(kind: str, records: list[Record]) -> Prerequisite:
    return Prerequisite(kind, tuple(sorted(record.data for record in records)) or None)
