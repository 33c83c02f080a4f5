# SPDX-License-Identifier: GPL-3.0-or-later

"""Dynamic updates: RFC 2136 section 3, signed (RFC 8945) or refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.update

from farm.dns.refusal import Refusal
from farm.dns.zones import CNAME, Zone, Zones

ANY, NONE = dns.rdataclass.ANY, dns.rdataclass.NONE
APEX = (dns.rdatatype.SOA, dns.rdatatype.NS)


def apply(zones: Zones, request: dns.message.Message) -> None:
    """Check the prerequisites and carry out the updates, all or none."""
    assert isinstance(request, dns.update.UpdateMessage)
    if len(request.zone) != 1 or request.zone[0].rdtype != dns.rdatatype.SOA:
        raise Refusal(dns.rcode.FORMERR)
    zone = next((zone for zone in zones.zones if zone.origin == request.zone[0].name), None)
    if zone is None:
        raise Refusal(dns.rcode.NOTAUTH)
    if not request.had_tsig:
        raise Refusal(dns.rcode.REFUSED)
    if any(not entry.name.is_subdomain(zone.origin) for entry in [*request.prerequisite, *request.update]):
        raise Refusal(dns.rcode.NOTZONE)
    with zone.lock:
        _check_prerequisites(zone, request.prerequisite)
        if _any_of(_apply_one(zone, entry) for entry in request.update):
            zone.count_up()


def _check_prerequisites(zone: Zone, prerequisites: list[dns.rrset.RRset]) -> None:
    """RFC 2136 section 3.2."""
    exact: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], set[dns.rdata.Rdata]] = defaultdict(set)
    for entry in prerequisites:
        any_type = entry.rdtype == dns.rdatatype.ANY
        present = bool(zone.node(entry.name)) if any_type else entry.rdtype in zone.node(entry.name)
        if entry.deleting == ANY and not present:
            raise Refusal(dns.rcode.NXDOMAIN if any_type else dns.rcode.NXRRSET)
        if entry.deleting == NONE and present:
            raise Refusal(dns.rcode.YXDOMAIN if any_type else dns.rcode.YXRRSET)
        if entry.deleting is None:
            exact[entry.name, entry.rdtype].update(entry)
    for (name, kind), wanted in exact.items():
        if set(zone.node(name).get(kind, ())) != wanted:
            raise Refusal(dns.rcode.NXRRSET)


def _apply_one(zone: Zone, entry: dns.rrset.RRset) -> bool:
    """RFC 2136 section 3.4.2; whether anything changed."""
    if entry.deleting == ANY:
        return _delete_sets(zone, entry)
    if entry.deleting == NONE:
        return _any_of(_delete_record(zone, entry.name, data) for data in entry)
    present = set(zone.node(entry.name))
    if entry.rdtype == dns.rdatatype.SOA or (entry.rdtype == CNAME and present - {CNAME}):
        return False
    if entry.rdtype != CNAME and CNAME in present:
        return False  # silently, as the RFC has it: clients must use prerequisites or read back
    return _any_of(zone.add(entry.name, data, entry.ttl) for data in entry)


def _any_of(changes: Iterable[bool]) -> bool:
    """Whether any of the changes was one; every one of them is made."""
    return sum(changes) > 0


def _delete_sets(zone: Zone, entry: dns.rrset.RRset) -> bool:
    apex = entry.name == zone.origin
    kinds = [kind for kind in zone.node(entry.name) if entry.rdtype in (dns.rdatatype.ANY, kind)]
    return _any_of(zone.remove(entry.name, kind) for kind in kinds if not (apex and kind in APEX))


def _delete_record(zone: Zone, name: dns.name.Name, data: dns.rdata.Rdata) -> bool:
    if data.rdtype == dns.rdatatype.SOA:
        return False
    last = len(zone.node(name).get(data.rdtype, ())) == 1
    if name == zone.origin and data.rdtype == dns.rdatatype.NS and last:
        return False
    return zone.remove(name, data.rdtype, data)
