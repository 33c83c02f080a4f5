# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The zones and names of a DNS server, by questions to the server itself.

A server cannot be asked for its zones. Which of them a name belongs to is in the answer to a question for the SOA record of the name:
in the answer or, if the name is not the zone itself, beside it (RFC 2308, section 3). Only authoritative answers count, so a resolver
has no zones.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.answer_records import (
    find_rrset,
    fold_name,
    is_authoritative,
    is_withheld,
    list_records,
    name_owner,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_client import QUERY, DnsClient
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_replies import DNS_IMPORT_ERROR, DnsReply
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import is_within, list_names_below
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_records import BESIDE_CNAME, Node, Record
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.provider import Zone, Zones
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.update_request import make_probe
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

if DNS_IMPORT_ERROR is None:
    import dns.rdtypes.ANY.SOA
    import dns.rrset

_OTHERS = ["MX", "TXT", "SRV", "PTR", "DNAME", "CAA"]
"""What is asked for by its type, beside the writable types, if a server may not have told all."""
_OF_ZONE = ["NS", "SOA"]
"""What only the name of a zone has; below it, NS records delegate, and are no answer."""


@dataclass(frozen=True)
class ZoneFacts:
    """What a zone's SOA record says.

    :ivar primary: the name of its primary server.
    :ivar default_ttl: the lifetime of new records. Windows calls this field the default lifetime too.
    """

    primary: str
    default_ttl: int


@dataclass(frozen=True)
class Location:
    """Where a name is.

    :ivar zone: the server's longest zone that it belongs to; None for none.
    :ivar cut: the name from which on that zone delegates it to other servers; empty for none.
    :ivar code: what the server says, where it has no zone.
    """

    zone: str | None
    cut: str = ""
    code: str = ""


class Rfc2136Reader:
    """Reads each zone and each name once."""

    def __init__(self, client: DnsClient) -> None:
        self._client = client
        self._facts: dict[str, ZoneFacts] = {}
        self._locations: dict[str, Location] = {}
        self._nodes: dict[str, Node] = {}

    def list_zones(self) -> Zones:
        """The zones that were met."""
        return [_describe_zone(name) for name in self._facts]

    def has_zone(self, name: str) -> bool:
        """Whether the server has a zone of just this name."""
        return self._locate(name).zone == name and not self._locate(name).cut

    def find_zone(self, full: str) -> Zone | None:
        """The longest of the server's zones that a name belongs to."""
        zone = self._locate(full).zone
        return None if zone is None else _describe_zone(zone)

    def find_facts(self, zone: str) -> ZoneFacts:
        """What the SOA record of a zone of this server says."""
        if zone not in self._facts and self._locate(zone).zone != zone:
            message = f"the server does not answer for {zone} with authority any more."
            raise ShellError("failed", message, cmdlet=QUERY, remedy="Run the task again.")
        return self._facts[zone]

    def explain_absence(self, full: str) -> str:
        """What the server says instead, to end a sentence."""
        location = self._locate(full)
        if location.zone is not None:
            return f"; {full} belongs to {location.zone}"
        if location.code == "REFUSED":
            return ", or does not show it to the controller (REFUSED)"
        return f"; it does not answer for it with authority ({location.code})"

    def find_delegation(self, zone: str, full: str) -> str | None:
        """The name below the zone from which on another server holds the records: the server refers to it."""
        del zone
        return self._locate(full).cut or None

    def read_node(self, zone: str, full: str) -> Node:
        """All records of a name."""
        if full not in self._nodes:
            records = self._read_records(zone, full)
            if records and full != zone and self._is_wildcard(zone, full, records[0]):
                records = []
            # servers turn the records of a set round from answer to answer
            ordered = sorted(records, key=lambda record: (record.type, record.value))
            self._nodes[full] = Node(zone, full, tuple(ordered), self.find_facts(zone).default_ttl)
        return self._nodes[full]

    def _locate(self, full: str) -> Location:
        if full not in self._locations:
            self._locations[full] = self._ask_for_zone(full)
        return self._locations[full]

    def _ask_for_zone(self, full: str) -> Location:
        reply = self._client.ask(full, "SOA")
        _require_code(reply, full, "NOERROR", "NXDOMAIN", "REFUSED", "NOTAUTH")
        message = reply.message
        if reply.code in ("REFUSED", "NOTAUTH"):
            return Location(None, code=reply.code)
        start = find_rrset([*message.answer, *message.authority], "SOA")
        if is_authoritative(reply) and start is not None and is_within(full, name_owner(start)):
            return Location(self._keep_facts(start))
        referral = find_rrset(message.authority, "NS")
        if not is_authoritative(reply) and not message.answer and referral is not None:
            return self._follow_referral(full, name_owner(referral), reply)
        # an alias, or what a resolver has heard: the zone of the name above is the name's own, since no zone is an alias itself
        above = full.partition(".")[2]
        return self._locate(above) if above else Location(None, code=reply.code)

    def _follow_referral(self, full: str, cut: str, reply: DnsReply) -> Location:
        """Whether it is a zone of this server that delegates the name, or one that it has only heard of."""
        above = cut.partition(".")[2]
        if not above or not is_within(full, cut):
            return Location(None, code=reply.code)
        parent = self._locate(above)
        return Location(parent.zone, parent.cut or cut) if parent.zone is not None else parent

    def _keep_facts(self, start: dns.rrset.RRset) -> str:
        zone, data = name_owner(start), t.cast("dns.rdtypes.ANY.SOA.SOA", start[0])
        self._facts.setdefault(zone, ZoneFacts(fold_name(data.mname.to_text()), data.minimum))
        return zone

    def _read_records(self, zone: str, full: str) -> list[Record]:
        """A question for all types need not be answered with all (RFC 8482): Knot tells of one set only. So others are asked for too."""
        every = self._client.ask(full, "ANY")
        if every.code not in ("NOTIMP", "REFUSED"):
            self._require_answer(every, full)
        records = [record for record in list_records(every, full) if not is_withheld(record)]
        shown = {record.type for record in records} - set(BESIDE_CNAME)
        if "CNAME" in shown or (every.code in ("NOERROR", "NXDOMAIN") and not every.message.answer):
            return records
        asked = ["A", "AAAA"]
        asked += [] if shown else ["CNAME"]
        asked += _OTHERS if len(shown) < 2 else []
        asked += _OF_ZONE if full == zone else []
        for kind in asked:
            if kind not in shown:
                records += self._read_type(full, kind)
        return records

    def _read_type(self, full: str, kind: str) -> list[Record]:
        reply = self._client.ask(full, kind)
        self._require_answer(reply, full)
        return [record for record in list_records(reply, full) if record.type == kind]

    def _require_answer(self, reply: DnsReply, full: str) -> None:
        """What could not be read is never taken for absent. Only where a zone delegates a name does its server speak for others."""
        _require_code(reply, full, "NOERROR", "NXDOMAIN")
        if not is_authoritative(reply) and not self._locate(full).cut:
            message = f"the server does not answer for {full} with authority any more."
            raise ShellError("failed", message, cmdlet=QUERY, error_id=reply.code, remedy="Run the task again.")

    def _is_wildcard(self, zone: str, full: str, record: Record) -> bool:
        """Whether the records are those of a wildcard, which a server shows at every name that has none (RFC 4592).

        A name may have the same records itself. Only an update tells that apart, because it does not look at wildcards (RFC 2136,
        section 7.16): one that changes nothing.
        """
        for above in reversed([zone, *list_names_below(zone, full)[:-1]]):
            star = f"*.{above}"
            if star != full and record in self._read_type(star, record.type):
                return self._is_missing(zone, full)
        return False

    def _is_missing(self, zone: str, full: str) -> bool:
        try:
            self._client.send(make_probe(zone, full, self._client.text), self.find_facts(zone).primary)
        except ShellError as error:
            # who may not ask cannot write either
            return error.kind != "conflict"
        return True


def _describe_zone(name: str) -> Zone:
    return {
        "name": name,
        "type": None,
        "reverse": name.endswith((".in-addr.arpa", ".ip6.arpa")),
        "directory_integrated": None,
    }


def _require_code(reply: DnsReply, full: str, *codes: str) -> None:
    """What could not be read is never taken for absent."""
    if reply.code not in codes:
        message = f"the server could not say what {full} has ({reply.code})."
        remedy = "See the server's log; a zone that could not be loaded or has expired is answered like this."
        raise ShellError("failed", message, cmdlet=QUERY, error_id=reply.code, remedy=remedy)
