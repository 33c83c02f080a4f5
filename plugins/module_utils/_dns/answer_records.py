# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records in the answers of a DNS server, in the form in which results show them."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_replies import DNS_IMPORT_ERROR, DnsReply
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_records import Record

if DNS_IMPORT_ERROR is None:
    import dns.flags
    import dns.name
    import dns.rdata
    import dns.rdatatype
    import dns.rrset

# The data of the types that are shown, in the order in which a zone file has it. Not the serial number of an SOA record: it changes
# with every write.
_SHOWN = {
    "CNAME": ("target",),
    "DNAME": ("target",),
    "MX": ("preference", "exchange"),
    "NS": ("target",),
    "PTR": ("target",),
    "SOA": ("mname",),
    "SRV": ("priority", "weight", "port", "target"),
}
_WITHHELD = "RFC8482"


def is_authoritative(reply: DnsReply) -> bool:
    """Whether the server answers for a zone of its own, not from what it has heard elsewhere."""
    return bool(reply.message.flags & dns.flags.AA)


def find_rrset(section: list[dns.rrset.RRset], kind: str) -> dns.rrset.RRset | None:
    """The first set of a type in a section of an answer."""
    wanted = dns.rdatatype.from_text(kind)
    return next((rrset for rrset in section if rrset.rdtype == wanted), None)


def name_owner(rrset: dns.rrset.RRset) -> str:
    """The name that a set belongs to, in the spelling in which names are compared."""
    return fold_name(rrset.name.to_text())


def fold_name(text: str) -> str:
    """A name that the server sent: what it has need not be a name that could be asked for."""
    return text.lower().removesuffix(".")


def list_records(reply: DnsReply, full: str) -> Iterator[Record]:
    """The records of a name in an answer; not those of the names that it leads to."""
    for rrset in reply.message.answer:
        if name_owner(rrset) == full:
            for data in rrset:
                yield Record(dns.rdatatype.to_text(rrset.rdtype), _show_data(data), rrset.ttl, data.to_text())


def is_withheld(record: Record) -> bool:
    """Whether a record only says that the server does not answer questions for all types (RFC 8482, section 4.2)."""
    return record.type == "HINFO" and _WITHHELD in record.data


def _show_data(data: dns.rdata.Rdata) -> str:
    """The data of a type that is shown; nothing for the types that are not known here."""
    kind = dns.rdatatype.to_text(data.rdtype)
    if kind in ("A", "AAAA"):
        return data.to_text()
    if kind == "TXT":
        strings = t.cast("tuple[bytes, ...]", t.cast(t.Any, data).strings)
        return b"".join(strings).decode("utf-8", "backslashreplace")
    return " ".join(fold_name(str(getattr(data, name))) for name in _SHOWN.get(kind, ()))
