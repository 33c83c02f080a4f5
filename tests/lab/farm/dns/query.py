# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions: RFC 1034 section 4.3.2 without recursion, and zone transfers (RFC 5936) for those who sign."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.NS
import dns.rrset

from farm.dns.refusal import Refusal
from farm.dns.zones import CNAME, Records, Zone, Zones

CHAIN = 9
"""How many aliases are followed."""
ADDRESSES = (dns.rdatatype.A, dns.rdatatype.AAAA)
Node = dict[dns.rdatatype.RdataType, Records]


def answer(zones: Zones, question: dns.message.Message, response: dns.message.Message) -> None:
    """Fill in the answer to a query."""
    name, kind = question.question[0].name, question.question[0].rdtype
    if zones.holding(name) is None:
        raise Refusal(dns.rcode.REFUSED)
    for _turn in range(CHAIN):
        zone = zones.holding(name)
        if zone is None:
            return
        cut = _cut(zone, name)
        if cut is not None:
            _refer(zone, cut, response)
            return
        alias = _node(zone, name).get(CNAME)
        if alias is None or kind in (CNAME, dns.rdatatype.ANY):
            _final(zone, name, kind, response)
            return
        response.answer.append(_rrset(name, alias))
        (target,) = alias
        assert isinstance(target, dns.rdtypes.ANY.CNAME.CNAME)
        name = target.target


def _cut(zone: Zone, name: dns.name.Name) -> dns.name.Name | None:
    """The name on the way down from the zone at which it delegates (step 3b)."""
    depth = len(name) - len(zone.origin)
    below = [dns.name.Name(name.labels[start:]) for start in reversed(range(depth))]
    return next((owner for owner in below if dns.rdatatype.NS in zone.node(owner)), None)


def _refer(zone: Zone, cut: dns.name.Name, response: dns.message.Message) -> None:
    """Name the servers that answer for it, with their addresses where they are in the zone; the answer has no authority of its own."""
    if not response.answer:
        response.flags &= ~dns.flags.AA
    servers = zone.node(cut)[dns.rdatatype.NS]
    response.authority.append(_rrset(cut, servers))
    for server in servers:
        assert isinstance(server, dns.rdtypes.ANY.NS.NS)
        for kind in ADDRESSES:
            if kind in zone.node(server.target):
                response.additional.append(_rrset(server.target, zone.node(server.target)[kind]))


def _node(zone: Zone, name: dns.name.Name) -> Node:
    """The records of a name, or those of the wildcard that answers for it (step 3c, RFC 4592)."""
    if zone.exists(name):
        return zone.node(name)
    above = name.parent()
    while not zone.exists(above):
        above = above.parent()
    return zone.node(dns.name.from_text("*", above))


def _final(zone: Zone, name: dns.name.Name, kind: dns.rdatatype.RdataType, response: dns.message.Message) -> None:
    with zone.lock:
        node = _node(zone, name)
        found = [records for present, records in node.items() if kind in (dns.rdatatype.ANY, present)]
        for records in found:
            response.answer.append(_rrset(name, records))
        if not found:
            response.authority.append(_rrset(zone.origin, zone.soa))
            if not node and not zone.exists(name):
                response.set_rcode(dns.rcode.NXDOMAIN)


def transfer(zones: Zones, question: dns.message.Message, response: dns.message.Message, *, tcp: bool) -> None:
    """Fill in a whole zone."""
    if not question.had_tsig or not tcp:
        raise Refusal(dns.rcode.REFUSED)
    zone = next((zone for zone in zones.zones if zone.origin == question.question[0].name), None)
    if zone is None:
        raise Refusal(dns.rcode.NOTAUTH)
    with zone.lock:
        start = _rrset(zone.origin, zone.soa)
        response.answer.append(start)
        for owner in sorted(zone.nodes):
            for kind, records in zone.node(owner).items():
                if kind != dns.rdatatype.SOA:
                    response.answer.append(_rrset(owner, records))
        response.answer.append(start)


def _rrset(name: dns.name.Name, records: Records) -> dns.rrset.RRset:
    """As an answer has them: with one lifetime, the shortest (RFC 2181, section 5.2)."""
    return dns.rrset.from_rdata_list(name, min(records.values()), list(records))
