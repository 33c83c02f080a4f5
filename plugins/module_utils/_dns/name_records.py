# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A name's records, whatever kind of server holds them, and what is to be changed about them."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass

WRITABLE = ("A", "AAAA", "CNAME")
"""The types that the collection writes."""
BESIDE_CNAME = ("RRSIG", "NSEC", "NSEC3")
"""The types that stand beside a CNAME: signatures and denials (RFC 4035, section 2.5)."""


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
    """A name in a zone, and its records.

    :ivar default_ttl: the lifetime of a new record for which nobody names one; None where the server sees to that.
    """

    zone: str
    fqdn: str
    records: tuple[Record, ...]
    default_ttl: int | None = None

    def list_type(self, kind: str) -> list[Record]:
        """The records of one type."""
        return [record for record in self.records if record.type == kind]


@dataclass(frozen=True)
class Edit:
    """What turns a name's records into those that the task asks for. A provider makes steps of it.

    :ivar node: the name as it was observed.
    :ivar type: the type that the task is about.
    :ivar cleared: records that have to go before any of the new ones can be there.
    :ivar added: new records.
    :ivar aged: records that get another lifetime: as they are, and as they will be.
    :ivar dropped: records that go when the new ones are there.
    :ivar shared: whether others may have records of the type at this name too. What they add in the meantime does no harm.
    """

    node: Node
    type: str
    cleared: tuple[Record, ...] = ()
    added: tuple[Record, ...] = ()
    aged: tuple[tuple[Record, Record], ...] = ()
    dropped: tuple[Record, ...] = ()
    shared: bool = False

    @property
    def removed(self) -> list[Record]:
        """The records that will no longer be there as they are."""
        return [*self.cleared, *(old for old, _new in self.aged), *self.dropped]

    @property
    def created(self) -> list[Record]:
        """The records that will be there as they are not yet."""
        return [*(new for _old, new in self.aged), *self.added]

    def list_after(self) -> list[Record]:
        """All records of the name, once it is done."""
        removed = self.removed
        return [*(record for record in self.node.records if record not in removed), *self.created]


def find_shortest_ttl(records: Iterable[Record]) -> int | None:
    """The shortest lifetime among the records."""
    return min((record.ttl for record in records if record.ttl is not None), default=None)
