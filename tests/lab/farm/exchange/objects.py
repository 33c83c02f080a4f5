# SPDX-License-Identifier: GPL-3.0-or-later

"""What every configuration object of Exchange carries, in the order in which captured objects have it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from psrpcore.types import PSByte, PSObject, PSString

from farm.objects import ad_object_id, date, enumeration, guid, multi_valued, psobject, text, with_notes

if TYPE_CHECKING:
    from farm.registry import Call

AD_OBJECT = [
    "Microsoft.Exchange.Data.Directory.ADObject",
    "Microsoft.Exchange.Data.Directory.ADRawEntry",
    "Microsoft.Exchange.Data.ConfigurableObject",
    "System.Object",
]
CONFIGURATION = ["Microsoft.Exchange.Data.Directory.SystemConfiguration.ADConfigurationObject", *AD_OBJECT]
PRESENTATION = ["Microsoft.Exchange.Data.Directory.Management.ADPresentationObject", *AD_OBJECT]


def directory_object(
    call: Call,
    names: list[str],
    dn: str,
    changed: datetime,
    properties: dict[str, object],
    *,
    shown: str | None = None,
    classes: tuple[str, ...] = ("top",),
) -> PSObject:
    """A configuration object: its own properties, then those that all have."""
    organization = call.organization
    forest = organization.domain
    identity = ad_object_id(dn, shown, forest)
    schema = f"CN=ms-Exch-{classes[-1]},CN=Schema,CN=Configuration,{dn[dn.index('DC=') :]}"
    common: dict[str, object] = {
        "AdminDisplayName": text(""),
        "ExchangeVersion": object_version(),
        "Name": text(dn.partition(",")[0].partition("=")[2]),
        "DistinguishedName": text(dn),
        "Identity": identity,
        "Guid": guid(dn),
        "ObjectCategory": ad_object_id(schema, f"{forest}/Configuration/Schema/ms-Exch-{classes[-1]}", forest),
        "ObjectClass": multi_valued(classes),
        "WhenChanged": date(changed),
        "WhenCreated": date(organization.created),
        "WhenChangedUTC": date(changed),
        "WhenCreatedUTC": date(organization.created),
        "OrganizationId": psobject(["Microsoft.Exchange.Data.Directory.OrganizationId", "System.Object"], "None"),
        "Id": identity,
        "OriginatingServer": text(call.controller),
        "IsValid": True,
        "ObjectState": enumeration("Microsoft.Exchange.Data.ObjectState", "Unchanged", 1),
    }
    if PRESENTATION[0] in names:
        del common["AdminDisplayName"]  # captured presentation objects do not have it, and another order
        common = {name: common[name] for name in ("Identity", "IsValid")} | common
    rest = {name: entry for name, entry in common.items() if name not in properties}
    return received(call, psobject(names, shown or str(common["Name"]), **properties, **rest))


def received(call: Call, value: PSObject) -> PSObject:
    """The notes that an object of an Exchange session carries."""
    return with_notes(value, RunspaceId=guid(f"runspace {call.caller.session or call.host.fqdn}"))


def object_version(major: int = 0, minor: int = 20, build: str = "15.0.0.0") -> PSObject:
    """The version of an object's layout."""
    return psobject(
        ["Microsoft.Exchange.Data.ExchangeObjectVersion", "System.Object"],
        f"{major}.{minor} ({build})",
        NextMajorVersion=PSString(f"{major + 1}.0 (0.0.0.0)"),
        NextMinorVersion=PSString(f"{major}.{minor + 1} (0.0.0.0)"),
        Major=PSByte(major),
        Minor=PSByte(minor),
        ExchangeBuild=PSString(build),
    )


def server_version(build: str) -> PSObject:
    """``Version 15.1 (Build 2507.39)``."""
    major, minor, number, revision = (int(part) for part in build.split("."))
    return psobject(
        ["Microsoft.Exchange.Data.ServerVersion", "System.Object"],
        f"Version {major}.{minor} (Build {number}.{revision})",
        Major=major,
        Minor=minor,
        Build=number,
        Revision=revision,
        FilePatchLevelDescription=None,
    )
