# SPDX-License-Identifier: GPL-3.0-or-later

"""Builders of objects as the products' servers serialise them (shapes: objects captured from real servers, and the product pages)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from psrpcore.types import PSDateTime, PSGuid, PSList, PSNoteProperty, PSObject, PSString, PSUri

from farm.clixml import enumeration

__all__ = [
    "ad_object_id",
    "date",
    "enumeration",
    "guid",
    "multi_valued",
    "plain",
    "psobject",
    "text",
    "uri",
]

NAMESPACE = uuid.UUID("6f0a4b0e-8f0c-4d5a-9b1c-7d1c7f3a2b10")
"""Guids of the farm are made from names within this, so that a farm started twice shows the same ones."""

STRINGS = "System.String, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
AD_OBJECT_ID = ["Microsoft.Exchange.Data.Directory.ADObjectId", "Microsoft.Exchange.Data.ObjectId", "System.Object"]


def psobject(type_names: Iterable[str], to_string: str | None = None, /, **properties: object) -> PSObject:
    """An object with .NET type names, its text and its adapted properties, in the order given."""
    value = PSObject()
    value.PSObject.type_names = list(type_names)
    if to_string is not None:
        value.PSObject.to_string = to_string
    value.PSObject.adapted_properties.extend(PSNoteProperty(name, entry) for name, entry in properties.items())
    return value


def with_notes(value: PSObject, **notes: object) -> PSObject:
    """The object with note properties (the MS part of CLIXML) added."""
    value.PSObject.extended_properties.extend(PSNoteProperty(name, entry) for name, entry in notes.items())
    return value


def multi_valued(values: Iterable[object], element: str = STRINGS) -> PSList:
    """Exchange's MultiValuedProperty."""
    result = PSList([PSString(value) if isinstance(value, str) else value for value in values])
    result.PSObject.type_names = [
        f"Microsoft.Exchange.Data.MultiValuedProperty`1[[{element}]]",
        "Microsoft.Exchange.Data.MultiValuedPropertyBase",
        "System.Object",
    ]
    return result


def text(value: str | None) -> PSString:
    """A string; an empty one where there is nothing (thumbprints and realms are empty, never null)."""
    return PSString(value or "")


def uri(value: str | None) -> PSUri | None:
    """A System.Uri, or null."""
    return PSUri(value) if value else None


def guid(name: str) -> PSGuid:
    """The Guid of a named thing in this farm."""
    return PSGuid(str(uuid.uuid5(NAMESPACE, name.lower())))


def date(value: datetime | None) -> PSDateTime | None:
    """A DateTime in UTC, or null."""
    if value is None:
        return None
    then = value.astimezone(UTC)
    parts = (then.year, then.month, then.day, then.hour, then.minute, then.second, then.microsecond)
    return PSDateTime(*parts, tzinfo=UTC)


def moment(value: object) -> datetime | None:
    """A DateTime that a caller sent, in UTC; one that says nothing of its zone is taken for UTC."""
    if not isinstance(value, datetime):
        return None
    parts = (value.year, value.month, value.day, value.hour, value.minute, value.second)
    return datetime(*parts, tzinfo=value.tzinfo or UTC).astimezone(UTC)


def ad_object_id(distinguished_name: str, shown: str | None = None, forest: str = "") -> PSObject:
    """Exchange's ADObjectId: its text is what a person sees, the distinguished name is a property."""
    rdn, _separator, above = distinguished_name.partition(",")
    name = rdn.partition("=")[2]
    # a parent is shown as its child is: as a path, or by its bare name
    parent = shown.rpartition("/")[0] if shown and "/" in shown else above.partition(",")[0].partition("=")[2]
    return psobject(
        AD_OBJECT_ID,
        shown or name,
        OrgHierarchyToIgnore=None,
        IsDeleted=False,
        Rdn=PSString(rdn),
        Parent=PSString(parent),
        Depth=distinguished_name.count(","),
        DistinguishedName=PSString(distinguished_name),
        IsRelativeDn=False,
        DomainId=PSString(forest),
        PartitionGuid=guid(f"partition {forest}"),
        PartitionFQDN=PSString(forest),
        ObjectGuid=guid(distinguished_name),
        Name=PSString(name),
    )


def plain(value: object) -> Any:
    """A bound parameter as JSON data, for the journal and the state."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, int):
        return int(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PSObject) and not isinstance(value, str | uuid.UUID):
        return _plain_object(value)
    return str(value)


def _plain_object(value: PSObject) -> Any:
    members = [*value.PSObject.adapted_properties, *value.PSObject.extended_properties]
    if not members:
        return str(value)
    return {entry.name: plain(entry.get_value(value)) for entry in members}
