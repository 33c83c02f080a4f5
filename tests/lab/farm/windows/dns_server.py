# SPDX-License-Identifier: GPL-3.0-or-later

"""The DnsServer module: zones and resource records of a DNS server, this host's own or another one's (a second hop).

Owner names are relative to the zone unless they end with a dot: a full name without one makes a record below the zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import dns.exception
import dns.name
from psrpcore.types import PSObject

from farm.dns.zones import CNAME, Entry, Zone
from farm.errors import CmdletError, LabError
from farm.registry import Call, cmdlet
from farm.rights import DNS_ACCESS
from farm.scenario import Host
from farm.windows import errors
from farm.windows.dns_objects import FIELDS, from_object, record_object, to_rdata, zone_object
from farm.windows.errors import dns_failure

ADDING = {
    "A": "IPv4Address", "AAAA": "IPv6Address", "CName": "HostNameAlias", "NS": "NameServer", "Ptr": "PtrDomainName",
    "Txt": "DescriptiveText",
}  # fmt: skip


ELSEWHERE = ("AsJob", "CimSession", "VirtualizationInstance")
SCOPED = (*ELSEWHERE, "ZoneScope")
STORED = (*SCOPED, "AgeRecord", "AllowUpdateAny")
OTHER_DATA = (
    "Address", "AddressType", "Afsdb", "Atma", "CacheTimeout", "CertificateAssociationData", "CertificateUsage", "Cpu", "DName",
    "Description", "DhcId", "DhcpIdentifier", "DomainName", "DomainNameAlias", "HInfo", "IntermediateHost", "InternetAddress",
    "InternetProtocol", "Isdn", "IsdnNumber", "IsdnSubAddress", "LookupTimeout", "MX", "MailExchange", "MatchingType",
    "OperatingSystem", "Port", "Preference", "Priority", "PsdnAddress", "RP", "RT", "Replicate", "ResponsiblePerson", "ResultDomain",
    "Selector", "ServerName", "Service", "Srv", "SubType", "TLSA", "Type", "Weight", "Wins", "WinsR", "WinsServers", "Wks", "X25",
)  # fmt: skip
"""Data of types that Add-DnsServerResourceRecord adds on a real server, and not here."""


def server(call: Call) -> Host:
    """The DNS server that is asked; another host than this one only with a logon that can be passed on."""
    name = call.text("ComputerName") or call.host.fqdn
    try:
        host = call.farm.scenario.host(name)
    except LabError:
        host = None
    if host is None or host.role != "dns":
        text = f"Failed to get information for server {name}."
        raise _ended(dns_failure(call, errors.SERVER_UNAVAILABLE, text, name))
    if host is not call.host and not call.caller.delegated:
        raise _ended(dns_failure(call, errors.ACCESS_DENIED, f"Failed to get information for server {name}.", name))
    return host


def _ended(error: CmdletError) -> CmdletError:
    return CmdletError(error.record, terminating=False)


def zone_of(call: Call, parameter: str = "ZoneName") -> tuple[Host, Zone]:
    """The server and its zone."""
    host, name = server(call), call.text(parameter) or ""
    zone = call.farm.zones.get(name)
    if zone is None:
        text = f"Failed to get the zone information for {name} on server {host.short}."
        raise dns_failure(call, errors.ZONE_DOES_NOT_EXIST, text, name)
    return host, zone


def owner_of(call: Call, zone: Zone, name: str | None) -> dns.name.Name:
    """A record's owner in a zone."""
    try:
        owner = zone.absolute(name or "@")
    except dns.exception.DNSException as error:
        raise dns_failure(call, errors.INVALID_DATA, f"{name} is not a valid host name.", str(name)) from error
    if not owner.is_subdomain(zone.origin):
        raise dns_failure(call, errors.NAME_NOT_IN_ZONE, f"The name {name} is not in the zone {zone.name}.", str(name))
    return owner


@cmdlet("Get-DnsServerZone", DNS_ACCESS, type_name="Get-DnsServerZone", without=ELSEWHERE)
def get_dns_server_zone(call: Call) -> Iterator[PSObject]:
    """The zones, or those of names."""
    server(call)
    if not call.texts("Name"):
        for zone in call.farm.zones.zones:
            yield zone_object(call, zone)
    for name in call.texts("Name"):
        found = call.farm.zones.get(name)
        if found is None:
            text = f"The zone {name} was not found on server {server(call).short}."
            call.error(dns_failure(call, errors.ZONE_DOES_NOT_EXIST, text, name))
        else:
            yield zone_object(call, found)


@cmdlet("Get-DnsServerResourceRecord", DNS_ACCESS, type_name="Get-DnsServerResourceRecord", without=(*SCOPED, "Type"))
def get_dns_server_resource_record(call: Call) -> Iterator[PSObject]:
    """The records of a zone, or of one name in it (an error if there is no such name), of all types or of one."""
    host, zone = zone_of(call)
    kind = (call.text("RRType") or "").upper()
    owner = owner_of(call, zone, call.text("Name")) if call.text("Name") else None
    if owner is not None and not zone.exists(owner):
        text = f"Failed to get {call.text('Name')} record in {zone.name} zone on {host.short} server."
        raise dns_failure(call, errors.NAME_DOES_NOT_EXIST, text, str(call.text("Name")))
    for entry in list(zone.entries(owner)):
        if not kind or entry.type == kind:
            yield record_object(call, zone, entry)


def _add(call: Call, kind: str, values: list[str]) -> Iterator[PSObject]:
    host, zone = zone_of(call)
    owner = owner_of(call, zone, call.text("Name"))
    duration = call.parameters.get("TimeToLive")
    ttl = int(duration.total_seconds()) if isinstance(duration, timedelta) else 3600
    for value in values:
        data = to_rdata(zone, kind, value)
        if data is None:
            raise dns_failure(call, errors.INVALID_DATA, f"{value} is no data of a record of type {kind}.", value)
        entry = Entry(owner, ttl, data)
        _refuse_conflict(call, host, zone, entry)
        if not call.what_if:
            with zone.lock:
                zone.add(owner, data, ttl)
                zone.count_up()
        if call.switch("PassThru"):
            yield record_object(call, zone, entry)


def _refuse_conflict(call: Call, host: Host, zone: Zone, entry: Entry, but: Entry | None = None) -> None:
    """What the server does not let stand side by side: the same record twice, a CNAME with anything else."""
    present = [other for other in zone.entries(entry.owner) if other != but]
    short = zone.relative(entry.owner)
    text = f"Failed to create resource record {short} in zone {zone.name} on server {host.short}."
    if any(other.data == entry.data for other in present):
        raise dns_failure(call, errors.RECORD_ALREADY_EXISTS, text, short)
    if entry.data.rdtype == CNAME and present:
        raise dns_failure(call, errors.CNAME_COLLISION, text, short)
    if any(other.data.rdtype == CNAME for other in present):
        raise dns_failure(call, errors.NODE_IS_CNAME, text, short)


@cmdlet(
    "Add-DnsServerResourceRecordA",
    DNS_ACCESS,
    type_name="Add-DnsServerResourceRecordA",
    writes=True,
    without=(*STORED, "CreatePtr"),
)
def add_a(call: Call) -> Iterator[PSObject]:
    """Add address records."""
    return _add(call, "A", call.texts("IPv4Address"))


@cmdlet(
    "Add-DnsServerResourceRecordAAAA",
    DNS_ACCESS,
    type_name="Add-DnsServerResourceRecordAAAA",
    writes=True,
    without=(*STORED, "CreatePtr"),
)
def add_aaaa(call: Call) -> Iterator[PSObject]:
    """Add IPv6 address records."""
    return _add(call, "AAAA", call.texts("IPv6Address"))


@cmdlet(
    "Add-DnsServerResourceRecordCName",
    DNS_ACCESS,
    type_name="Add-DnsServerResourceRecordCName",
    writes=True,
    without=STORED,
)
def add_cname(call: Call) -> Iterator[PSObject]:
    """Add an alias; its target is a full name, with or without the last dot."""
    return _add(call, "CNAME", [_full(value) for value in call.texts("HostNameAlias")])


@cmdlet(
    "Add-DnsServerResourceRecord",
    DNS_ACCESS,
    type_name="Add-DnsServerResourceRecord",
    writes=True,
    without=(*STORED, "CreatePtr", *OTHER_DATA),
)
def add_record(call: Call) -> Iterator[PSObject]:
    """Add a record of the type whose switch is set (or whose own parameter was given)."""
    for kind, parameter in ADDING.items():
        if call.switch(kind) or call.bound(parameter):
            values = call.texts(parameter)
            return _add(
                call, kind.upper(), values if kind in ("A", "AAAA", "Txt") else [_full(value) for value in values]
            )
    _server, zone = zone_of(call)
    sent = call.parameters.get("InputObject")
    entry = from_object(zone, sent) if isinstance(sent, PSObject) else None
    if entry is None:
        raise dns_failure(
            call, errors.INVALID_DATA, "The lab adds A, AAAA, CName, NS, Ptr and Txt records.", str(call.text("Name"))
        )
    call.parameters.setdefault("Name", zone.relative(entry.owner))
    call.parameters.setdefault("TimeToLive", timedelta(seconds=entry.ttl))
    return _add(call, entry.type, [entry.data.to_text()])


def _full(name: str) -> str:
    return name if name.endswith(".") else f"{name}."


@cmdlet(
    "Remove-DnsServerResourceRecord",
    DNS_ACCESS,
    type_name="Remove-DnsServerResourceRecord",
    writes=True,
    prompts=True,
    without=(*SCOPED, "Type"),
)
def remove_record(call: Call) -> Iterator[PSObject]:
    """Remove the records of a name and type, or only those with certain data."""
    host, zone = zone_of(call)
    gone = _doomed(call, zone)
    if not gone:
        name = call.text("Name") or "the"
        text = f"Failed to get {name} record in {zone.name} zone on {host.short} server."
        raise dns_failure(call, errors.RECORD_DOES_NOT_EXIST, text, name)
    for entry in gone:
        if not call.what_if:
            with zone.lock:
                zone.remove(entry.owner, entry.data.rdtype, entry.data)
                zone.count_up()
        if call.switch("PassThru"):
            yield record_object(call, zone, entry)


def _doomed(call: Call, zone: Zone) -> list[Entry]:
    sent = call.parameters.get("InputObject")
    if isinstance(sent, PSObject) and (entry := from_object(zone, sent)):
        return [other for other in zone.entries(entry.owner) if other.data == entry.data]
    owner, kind = owner_of(call, zone, call.text("Name")), (call.text("RRType") or "").upper()
    found = [entry for entry in zone.entries(owner) if entry.type == kind]
    if not call.bound("RecordData") or kind not in FIELDS:
        return found
    values = [_full(value) if kind not in ("A", "AAAA", "TXT") else value for value in call.texts("RecordData")]
    return [entry for entry in found if entry.data in [to_rdata(zone, kind, value) for value in values]]


@cmdlet("Set-DnsServerResourceRecord", DNS_ACCESS, type_name="Set-DnsServerResourceRecord", writes=True, without=SCOPED)
def set_record(call: Call) -> Iterator[PSObject]:
    """Replace a record by one of the same name and type."""
    host, zone = zone_of(call)
    old, new = (_sent(call, zone, name) for name in ("OldInputObject", "NewInputObject"))
    present = next((entry for entry in zone.entries(old.owner) if entry.data == old.data), None)
    short = zone.relative(old.owner)
    if present is None:
        text = f"Failed to get {short} record in {zone.name} zone on {host.short} server."
        raise dns_failure(call, errors.RECORD_DOES_NOT_EXIST, text, short)
    if (old.owner, old.type) != (new.owner, new.type):
        text = "The resource record type and name of the old and the new input object must be the same."
        raise dns_failure(call, errors.INVALID_DATA, text, short)
    _refuse_conflict(call, host, zone, new, but=present)
    if not call.what_if:
        with zone.lock:
            zone.remove(old.owner, old.data.rdtype, present.data)
            zone.add(new.owner, new.data, new.ttl)
            zone.count_up()
    if call.switch("PassThru"):
        yield record_object(call, zone, new)


def _sent(call: Call, zone: Zone, name: str) -> Entry:
    value = call.parameters.get(name)
    entry = from_object(zone, value) if isinstance(value, PSObject) else None
    if entry is None:
        raise dns_failure(call, errors.INVALID_DATA, f"{name} is no resource record.", name)
    return entry
