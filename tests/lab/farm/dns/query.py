# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions: RFC 1035 queries with CNAME chasing, and zone transfers (RFC 5936) for those who sign."""

from __future__ import annotations

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rrset

from farm.dns.refusal import Refusal
from farm.dns.zones import CNAME, Records, Zone, Zones

CHAIN = 9
"""How many aliases are followed."""


def answer(zones: Zones, question: dns.message.Message, response: dns.message.Message) -> None:
    """Fill in the answer to a query."""
    name, kind = question.question[0].name, question.question[0].rdtype
    if zones.holding(name) is None:
        raise Refusal(dns.rcode.REFUSED)
    for _turn in range(CHAIN):
        zone = zones.holding(name)
        if zone is None:
            return
        alias = zone.node(name).get(CNAME)
        if alias is None or kind in (CNAME, dns.rdatatype.ANY):
            _final(zone, name, kind, response)
            return
        response.answer.append(_rrset(name, alias))
        (target,) = alias
        assert isinstance(target, dns.rdtypes.ANY.CNAME.CNAME)
        name = target.target


def _final(zone: Zone, name: dns.name.Name, kind: dns.rdatatype.RdataType, response: dns.message.Message) -> None:
    with zone.lock:
        found = [records for present, records in zone.node(name).items() if kind in (dns.rdatatype.ANY, present)]
        for records in found:
            response.answer.append(_rrset(name, records))
        if not found:
            response.authority.append(_rrset(zone.origin, zone.soa))
            if not zone.exists(name):
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
