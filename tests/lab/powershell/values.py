# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects: on their way to the farm and back, projected by Select-Object, and as shallow as remoting serializes them."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from psrpcore import types as ps

from farm.clixml import decode, encode, revive
from powershell.convert import properties_of, property_of, to_text

_REMOTE = "lab_remote_form"
_PREFIX = "Deserialized."
_CERTIFICATE = "System.Security.Cryptography.X509Certificates.X509Certificate2"


def make(type_names: Iterable[str], text: str | None = None, **properties: Any) -> ps.PSObject:
    """A .NET object by its type names, its text and its properties."""
    made = ps.PSObject()
    made.PSObject.type_names = list(type_names)
    if text is not None:
        made.PSObject.to_string = text
    made.PSObject.adapted_properties.extend(ps.PSNoteProperty(name, value) for name, value in properties.items())
    return made


def encode_parameters(values: Mapping[str, Any]) -> str:
    """Bound parameters as the farm reads them; secrets as ``{'$secure': text}``."""
    return encode(ps.PSDict({name: _open(value) for name, value in values.items()}))


def _open(value: Any) -> Any:
    if isinstance(value, ps.PSSecureString):
        return ps.PSDict({"$secure": str(value.decrypt())})
    if isinstance(value, ps.PSCredential):
        return ps.PSDict({"UserName": value.UserName, "Password": _open(value.Password)})
    if isinstance(value, list):
        return ps.PSList([_open(item) for item in value])
    if isinstance(value, dict):
        return ps.PSDict({key: _open(item) for key, item in value.items()})
    return value


def from_farm(message: Mapping[str, Any]) -> Any:
    """A cmdlet's output; where it serializes into something else than it is in the server's process, that goes with it."""
    value = revive(decode(message["output"]))
    if "remote" in message and isinstance(value, ps.PSObject):
        setattr(value, _REMOTE, revive(decode(message["remote"])))
    return value


def remote_form(value: Any) -> Any:
    """What a client of this runspace gets of an object: its remote form, where it has one, serialized at depth 1."""
    return at_depth(getattr(value, _REMOTE, value), 1)


def deserialized(value: Any, computer: str) -> Any:
    """What a client that is itself a runspace of ours makes of an object it got from another one."""
    value = remote_form(value)
    if _is_complex(value):
        value.PSObject.type_names = [_PREFIX + name for name in value.PSObject.type_names]
        value.PSObject.extended_properties.append(ps.PSNoteProperty("PSComputerName", ps.PSString(computer)))
    return value


def _is_complex(value: Any) -> bool:
    return type(value) in (ps.PSObject, ps.PSCustomObject)


def at_depth(value: Any, depth: int) -> Any:
    """What PowerShell's serializer leaves of a value, in place: where the depth ends, an object is its text.

    A note is at its object's own depth (``WriteMemberInfoCollection``), so what Select-Object gives reaches one level deeper;
    a CimInstance has a depth of its own (``GetDepthOfSerialization``).
    """
    if isinstance(value, list):
        value[:] = [at_depth(item, depth) for item in value]
    elif isinstance(value, dict):
        for key in list(value):
            value[key] = at_depth(value[key], depth)
    elif _is_complex(value):
        if any("Microsoft.Management.Infrastructure.CimInstance" in name for name in value.PSObject.type_names):
            depth = 1
        if not depth:
            return ps.PSString(to_text(value))
        if _CERTIFICATE in value.PSObject.type_names:  # by its PropertySerializationSet in PowerShell's types
            value.PSObject.adapted_properties[:] = [
                entry for entry in value.PSObject.adapted_properties if entry.name == "RawData"
            ]
        for entries, left in (
            (value.PSObject.adapted_properties, depth - 1),
            (value.PSObject.extended_properties, depth),
        ):
            for entry in entries:
                entry.set_value(at_depth(entry.get_value(value), left), value)
    return value


def matches(pattern: str, name: str) -> bool:
    """PowerShell's wildcards, in any case."""
    return fnmatch.fnmatchcase(name.lower(), pattern.lower())


def is_pattern(text: str) -> bool:
    """Whether there are wildcards in a text."""
    return any(sign in text for sign in "*?[")


def selected(value: Any, names: Iterable[str]) -> ps.PSCustomObject:
    """Select-Object -Property: an object with these properties, null where there is none of that name."""
    made = ps.PSCustomObject()
    first = value.PSObject.type_names[0] if isinstance(value, ps.PSObject) else "System.Object"
    made.PSObject.type_names = [f"Selected.{first}", *made.PSObject.type_names]
    for name in names:
        for found, entry in picked(value, name):
            ps.add_note_property(made, found, entry, force=True)
    return made


def picked(value: Any, name: str) -> list[tuple[str, Any]]:
    """The properties of a name or a pattern, each by its own name; null where there is none of that name."""
    known = {entry.name: entry.get_value(value) for entry in properties_of(value)}
    if is_pattern(name):
        return [(each, entry) for each, entry in known.items() if matches(name, each)]
    own = next((each for each in known if each.lower() == name.lower()), name)
    return [(own, property_of(value, name))]
