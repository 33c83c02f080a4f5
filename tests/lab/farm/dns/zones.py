# SPDX-License-Identifier: GPL-3.0-or-later

"""The zones: one content, read and written by the DNS server (queries and updates) and by the DnsServer cmdlets alike."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA

from farm.errors import LabError
from farm.scenario import Zone as ZoneDescription

IN = dns.rdataclass.IN
CNAME = dns.rdatatype.CNAME

Records = dict[dns.rdata.Rdata, int]
"""The records of one name and type, each with its lifetime: the server keeps one for each record ([MS-DNSP] section 2.3.2.2)."""


@dataclass(frozen=True)
class Entry:
    """One resource record."""

    owner: dns.name.Name
    ttl: int
    data: dns.rdata.Rdata

    @property
    def type(self) -> str:
        """The record's type, by name."""
        return dns.rdatatype.to_text(self.data.rdtype)


class Zone:
    """A zone with its records by node; every change counts the serial up."""

    def __init__(self, name: str) -> None:
        self.origin = dns.name.from_text(name)
        self.nodes: dict[dns.name.Name, dict[dns.rdatatype.RdataType, Records]] = {}
        self.lock = threading.RLock()

    @property
    def name(self) -> str:
        """The zone's name without the last dot."""
        return self.origin.to_text(omit_final_dot=True)

    def absolute(self, name: str) -> dns.name.Name:
        """An owner name as the zone's tools take it: relative to the zone unless it ends with a dot; ``@`` is the zone itself."""
        return dns.name.from_text(name, self.origin)

    def relative(self, owner: dns.name.Name) -> str:
        """An owner name as the zone's tools show it."""
        return owner.relativize(self.origin).to_text()

    def node(self, owner: dns.name.Name) -> dict[dns.rdatatype.RdataType, Records]:
        """The records of a node, by type; none where there is no such node."""
        return self.nodes.get(owner, {})

    def exists(self, owner: dns.name.Name) -> bool:
        """Whether the name is there, be it only as a step to a deeper one (RFC 8020)."""
        return owner in self.nodes or any(name.is_subdomain(owner) for name in self.nodes)

    def entries(self, owner: dns.name.Name | None = None) -> Iterator[Entry]:
        """The records of a node, or of the whole zone."""
        names: Iterable[dns.name.Name] = sorted(self.nodes) if owner is None else [owner]
        for name in names:
            for records in self.node(name).values():
                for data, ttl in records.items():
                    yield Entry(name, ttl, data)

    def add(self, owner: dns.name.Name, data: dns.rdata.Rdata, ttl: int) -> bool:
        """Add a record, or give it another lifetime; whether anything changed."""
        node = self.nodes.setdefault(owner, {})
        old = node.get(data.rdtype, {})
        if old.get(data) == ttl:
            return False
        single = data.rdtype in (CNAME, dns.rdatatype.SOA)
        node[data.rdtype] = {**({} if single else old), data: ttl}
        return True

    def remove(
        self, owner: dns.name.Name, kind: dns.rdatatype.RdataType | None = None, data: dns.rdata.Rdata | None = None
    ) -> bool:
        """Remove a node, its records of one type, or one record; whether anything changed."""
        node = self.nodes.get(owner)
        if node is None:
            return False
        gone = False
        for present in list(node):
            if kind in (None, present):
                gone = self._remove_from(node, present, data) or gone
        if not node:
            del self.nodes[owner]
        return gone

    @staticmethod
    def _remove_from(
        node: dict[dns.rdatatype.RdataType, Records],
        kind: dns.rdatatype.RdataType,
        data: dns.rdata.Rdata | None,
    ) -> bool:
        if data is None:
            del node[kind]
            return True
        if data not in node[kind]:
            return False
        del node[kind][data]
        if not node[kind]:
            del node[kind]
        return True

    @property
    def soa(self) -> Records:
        """The start of authority."""
        return self.nodes[self.origin][dns.rdatatype.SOA]

    @property
    def serial(self) -> int:
        """The serial number of the zone's content."""
        (data,) = self.soa
        assert isinstance(data, dns.rdtypes.ANY.SOA.SOA)
        return data.serial

    def count_up(self) -> None:
        """Give the zone its next serial number."""
        ((old, ttl),) = self.soa.items()
        self.add(self.origin, old.replace(serial=(self.serial + 1) % 2**32 or 1), ttl)


class Zones:
    """The zones that the domain's DNS servers hold."""

    def __init__(self, descriptions: Iterable[ZoneDescription], server: str) -> None:
        self.zones = [_load(description, server) for description in descriptions]

    def get(self, name: str) -> Zone | None:
        """A zone by its name, in any case and with or without the last dot."""
        try:
            wanted = dns.name.from_text(name)
        except dns.exception.DNSException:
            return None
        return next((zone for zone in self.zones if zone.origin == wanted), None)

    def holding(self, owner: dns.name.Name) -> Zone | None:
        """The zone that is responsible for a name: the longest that matches."""
        fitting = [zone for zone in self.zones if owner.is_subdomain(zone.origin)]
        return max(fitting, key=lambda zone: len(zone.origin), default=None)


def _load(description: ZoneDescription, server: str) -> Zone:
    zone = Zone(description.name)
    soa = f"{server}. hostmaster.{description.name}. 1 900 600 86400 3600"
    zone.add(zone.origin, dns.rdata.from_text(IN, dns.rdatatype.SOA, soa), 3600)
    zone.add(zone.origin, dns.rdata.from_text(IN, dns.rdatatype.NS, f"{server}."), 3600)
    for record in description.records:
        try:
            data = dns.rdata.from_text(
                IN, dns.rdatatype.from_text(record.type), record.data, origin=zone.origin, relativize=False
            )
            zone.add(zone.absolute(record.name), data, record.ttl)
        except dns.exception.DNSException as error:
            raise LabError(f"zone {description.name}, record {record.name} {record.type}: {error}") from error
    return zone
