# SPDX-License-Identifier: GPL-3.0-or-later

"""Zones and resource records as the CIM classes of the DnsServer module show them, and back."""

from __future__ import annotations

from datetime import timedelta

import dns.exception
import dns.rdata
import dns.rdatatype
from psrpcore.types import PSDuration, PSObject, PSString, PSUInt16

from farm.dns.zones import IN, Entry, Zone
from farm.objects import psobject, text
from farm.registry import Call

CIM = "Microsoft.Management.Infrastructure.CimInstance"
NAMESPACE = "root/Microsoft/Windows/DNS"

FIELDS: dict[str, tuple[str, dict[str, str]]] = {
    # type: class of its data, and per property the attribute of dnspython's record
    "A": ("DnsServerResourceRecordA", {"IPv4Address": "address"}),
    "AAAA": ("DnsServerResourceRecordAAAA", {"IPv6Address": "address"}),
    "CNAME": ("DnsServerResourceRecordCName", {"HostNameAlias": "target"}),
    "NS": ("DnsServerResourceRecordNS", {"NameServer": "target"}),
    "PTR": ("DnsServerResourceRecordPtr", {"PtrDomainName": "target"}),
    "MX": ("DnsServerResourceRecordMX", {"Preference": "preference", "MailExchange": "exchange"}),
    "SRV": (
        "DnsServerResourceRecordSrv",
        {"Priority": "priority", "Weight": "weight", "Port": "port", "DomainName": "target"},
    ),
    "TXT": ("DnsServerResourceRecordTxt", {"DescriptiveText": "strings"}),
    "SOA": (
        "DnsServerResourceRecordSOA",
        {"PrimaryServer": "mname", "ResponsiblePerson": "rname", "SerialNumber": "serial"},
    ),
}


def _instance(name: str, to_string: str | None, **properties: object) -> PSObject:
    names = [f"{CIM}#{NAMESPACE}/{name}", f"{CIM}#{name}", CIM, "System.Object"]
    return psobject(names, to_string, **properties)


def zone_object(call: Call, zone: Zone) -> PSObject:
    """A zone."""
    del call
    return _instance(
        "DnsServerPrimaryZone",
        f"DnsServerPrimaryZone (ZoneName = {zone.name})",
        ZoneName=text(zone.name),
        ZoneType=PSString("Primary"),
        IsAutoCreated=False,
        IsDsIntegrated=True,
        IsReverseLookupZone=zone.name.endswith(".arpa"),
        IsSigned=False,
        DynamicUpdate=PSString("Secure"),
        ReplicationScope=PSString("Domain"),
        IsPaused=False,
        IsShutdown=False,
    )


def record_object(call: Call, zone: Zone, entry: Entry) -> PSObject:
    """A resource record; its data is an object of the type's own class."""
    host = zone.relative(entry.owner)
    partition = ",".join(f"DC={part}" for part in call.farm.scenario.domain.fqdn.split("."))
    return _instance(
        "DnsServerResourceRecord",
        "DnsServerResourceRecord",
        DistinguishedName=text(f"DC={host},DC={zone.name},cn=MicrosoftDNS,DC=DomainDnsZones,{partition}"),
        HostName=text(host),
        RecordClass=PSString("IN"),
        RecordData=_data(entry),
        RecordType=PSString(entry.type),
        Timestamp=None,
        TimeToLive=PSDuration(seconds=entry.ttl),
        Type=PSUInt16(int(entry.data.rdtype)),
        PSComputerName=None,
    )


def _data(entry: Entry) -> PSObject:
    name, fields = FIELDS.get(entry.type, ("DnsServerResourceRecordUnknown", {}))
    return _instance(name, name, **{prop: _value(getattr(entry.data, field)) for prop, field in fields.items()})


def _value(value: object) -> object:
    if isinstance(value, int):
        return value
    if isinstance(value, tuple):
        return PSString(b"".join(value).decode(errors="replace"))
    return PSString(str(value))


def to_rdata(zone: Zone, kind: str, value: str) -> dns.rdata.Rdata | None:
    """A record's data from the one value that its cmdlet takes; nothing where it is not one of that type."""
    try:
        return dns.rdata.from_text(IN, dns.rdatatype.from_text(kind), value, origin=zone.origin, relativize=False)
    except dns.exception.DNSException:
        return None


def from_object(zone: Zone, value: PSObject) -> Entry | None:
    """A resource record from an object of one, as a client sends it back."""
    kind = str(getattr(value, "RecordType", "")).upper()
    data = getattr(value, "RecordData", None)
    if kind not in FIELDS or data is None:
        return None
    fields = FIELDS[kind][1]
    text_ = " ".join(str(getattr(data, prop, "")) for prop in fields)
    rdata = to_rdata(zone, kind, text_)
    ttl = getattr(value, "TimeToLive", None)
    owner = zone.absolute(str(getattr(value, "HostName", "@")))
    seconds = int(ttl.total_seconds()) if isinstance(ttl, timedelta) else 3600
    return Entry(owner, seconds, rdata) if rdata is not None else None
