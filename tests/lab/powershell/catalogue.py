# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's catalogue of cmdlets as types: what the binder binds by."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "catalogue.json"

_KINDS = {
    "String": "string",
    "SwitchParameter": "switch",
    "Boolean": "bool",
    "Byte": "byte",
    "Int32": "int",
    "Int64": "long",
    "UInt16": "uint16",
    "UInt32": "uint",
    "UInt64": "ulong",
    "Guid": "guid",
    "DateTime": "datetime",
    "TimeSpan": "timespan",
    "EnhancedTimeSpan": "timespan",
    "Uri": "uri",
    "IPAddress": "ipaddress",
    "Version": "version",
    "SecureString": "securestring",
    "PSCredential": "pscredential",
    "MultiValuedProperty": "multivalue",
    "ProxyAddressCollection": "multivalue",
    "PSListModifier": "multivalue",
    "CommandTypes": "string",
}
"""The .NET types that convert in a way of their own, by name; see :mod:`powershell.convert` for the ways."""

_OBJECTS = {
    "PSObject", "Object", "CimInstance", "CimSession", "ServiceController", "PSSession", "PSSessionOption", "X509Certificate2",
    "CertificateReference", "NTService", "DisplayPhoto", "CountryInfo", "GeoCoordinates",
}  # fmt: skip

_COMMON = {
    "Verbose": ("SwitchParameter", "vb"),
    "Debug": ("SwitchParameter", "db"),
    "ErrorAction": ("ActionPreference", "ea"),
    "WarningAction": ("ActionPreference", "wa"),
    "InformationAction": ("ActionPreference", "infa"),
    "ErrorVariable": ("String", "ev"),
    "WarningVariable": ("String", "wv"),
    "InformationVariable": ("String", "iv"),
    "OutVariable": ("String", "ov"),
    "OutBuffer": ("Int32", "ob"),
    "PipelineVariable": ("String", "pv"),
}
"""The common parameters of Windows PowerShell 5.1 (about_CommonParameters)."""

PREFERENCES = ("SilentlyContinue", "Stop", "Continue", "Inquire", "Ignore", "Suspend")
"""System.Management.Automation.ActionPreference, in the order of its numbers."""


def kind_of(type_name: str) -> str:
    """The way a type of the catalogue converts."""
    bare = type_name.removesuffix("[]")
    if bare in _KINDS:
        return _KINDS[bare]
    if bare in _OBJECTS:
        return "object"
    return "identity" if bare.endswith(("IdParameter", "Identity")) else "text"


@dataclass(frozen=True)
class Parameter:
    """A parameter. ``sets`` maps each set it is in to whether it is mandatory there; None says: in all sets, see ``mandatory``."""

    name: str
    type: str
    kind: str
    array: bool = False
    mandatory: bool = False
    sets: Mapping[str, bool] | None = None
    position: int | None = None
    aliases: tuple[str, ...] = ()
    by_value: bool = False
    by_name: bool = False
    values: tuple[str, ...] = ()
    closed: bool = False
    """The values are a ValidateSet: no prefixes, no numbers."""
    flags: bool = False
    remaining: bool = False
    common: bool = False
    """A parameter of PowerShell's, not of the command: gives way where an abbreviation fits both."""
    products: tuple[str, ...] | None = None

    def is_in(self, set_name: str) -> bool:
        """Whether the parameter belongs to a set."""
        return self.sets is None or set_name in self.sets

    def is_mandatory(self, set_name: str) -> bool:
        """Whether a set needs it."""
        return self.mandatory if self.sets is None else self.sets.get(set_name, False)

    @property
    def ever_mandatory(self) -> bool:
        """Whether any set needs it: null and the empty string are then refused in all of them."""
        return self.mandatory or any((self.sets or {}).values())


@dataclass(frozen=True)
class Cmdlet:
    """A cmdlet as a host offers it."""

    name: str
    shell: str
    parameters: Mapping[str, Parameter]
    sets: tuple[str, ...] = ()
    default_set: str | None = None
    should_process: bool = False
    products: tuple[str, ...] | None = None
    function: bool = False
    """A function, not a compiled cmdlet: its arguments are transformed by attributes, which fail with ids of their own."""
    everything: Mapping[str, Parameter] = field(default_factory=dict)
    """The parameters and PowerShell's own."""

    @property
    def error_name(self) -> str:
        """What ends the ids of the binder's errors: a standard cmdlet's class, the name of any other (its class is not documented)."""
        if self.shell not in {"standard", "windows"}:
            return self.name
        return f"Microsoft.PowerShell.Commands.{self.name.replace('-', '')}Command"

    def named_sets(self) -> tuple[str, ...]:
        """The sets, or the one that a cmdlet without sets has."""
        return self.sets or ("__AllParameterSets",)

    def for_product(self, product: str) -> Cmdlet | None:
        """The cmdlet as a product has it; None where it has not."""
        if self.products is not None and product not in self.products:
            return None
        parameters = {k: p for k, p in self.parameters.items() if p.products is None or product in p.products}
        if len(parameters) == len(self.parameters):
            return self
        return replace(self, parameters=parameters, everything=_with_common(parameters, self.should_process))

    def as_function(self) -> Cmdlet:
        """The cmdlet as a function of the same shape: what Import-PSSession makes of it."""
        return replace(self, function=True)


@functools.cache
def _common_parameters(should_process: bool) -> dict[str, Parameter]:
    wanted = dict(_COMMON)
    if should_process:
        wanted |= {"WhatIf": ("SwitchParameter", "wi"), "Confirm": ("SwitchParameter", "cf")}
    return {
        name: Parameter(
            name,
            type_name,
            "text" if type_name == "ActionPreference" else kind_of(type_name),
            aliases=(alias,),
            values=PREFERENCES if type_name == "ActionPreference" else (),
            common=True,
        )
        for name, (type_name, alias) in wanted.items()
    }


def _with_common(parameters: Mapping[str, Parameter], should_process: bool) -> dict[str, Parameter]:
    return {**parameters, **_common_parameters(should_process)}


def _parameter(name: str, entry: dict[str, Any], enums: dict[str, Any]) -> Parameter:
    bare = entry["type"].removesuffix("[]")
    enum = enums.get(bare, {})
    return Parameter(
        name=name,
        type=entry["type"],
        kind="bytes" if entry["type"] == "Byte[]" else kind_of(entry["type"]),
        array=entry["type"].endswith("[]") and entry["type"] != "Byte[]",
        mandatory=entry.get("mandatory", False),
        sets=entry.get("sets"),
        position=entry.get("position"),
        aliases=tuple(entry.get("aliases", ())),
        by_value="value" in entry.get("pipeline", ()),
        by_name="name" in entry.get("pipeline", ()),
        values=tuple(entry.get("values") or enum.get("values", ())),
        closed="values" in entry and bare == "String",
        flags=enum.get("flags", False),
        remaining=entry.get("remaining", False),
        products=tuple(entry["products"]) if "products" in entry else None,
    )


def _cmdlet(name: str, entry: dict[str, Any], enums: dict[str, Any]) -> Cmdlet:
    parameters = {p: _parameter(p, fields, enums) for p, fields in entry["parameters"].items()}
    should_process = entry.get("should_process", False)
    return Cmdlet(
        name=name,
        shell=entry["shell"],
        parameters=parameters,
        sets=tuple(entry.get("sets", ())),
        default_set=entry.get("default_set"),
        should_process=should_process,
        products=tuple(entry["products"]) if "products" in entry else None,
        # DnsServer is a CDXML module: PowerShell makes functions of it.
        function=entry["shell"] == "dns",
        everything=_with_common(parameters, should_process),
    )


@dataclass(frozen=True)
class Catalogue:
    """All cmdlets, found by name in any case."""

    cmdlets: Mapping[str, Cmdlet]
    products: Mapping[str, tuple[str, ...]]
    enums: Mapping[str, Mapping[str, Any]]

    def find(self, name: str) -> Cmdlet | None:
        """A cmdlet by its name."""
        return self.cmdlets.get(name.lower())

    def of_shell(self, *shells: str) -> Iterable[Cmdlet]:
        """The cmdlets of some shells."""
        return (cmdlet for cmdlet in self.cmdlets.values() if cmdlet.shell in shells)

    def of_product(self, product: str) -> dict[str, Cmdlet]:
        """The cmdlets of a product, as that product has them, by their names in lower case."""
        shell = next((shell for shell, products in self.products.items() if product in products), None)
        views = {key: cmdlet.for_product(product) for key, cmdlet in self.cmdlets.items() if cmdlet.shell == shell}
        return {key: view for key, view in views.items() if view is not None}


@functools.cache
def load(path: Path = FILE) -> Catalogue:
    """The catalogue's file, read once."""
    data = json.loads(path.read_text(encoding="utf-8"))
    cmdlets = {name.lower(): _cmdlet(name, entry, data["enums"]) for name, entry in data["cmdlets"].items()}
    return Catalogue(cmdlets, {k: tuple(v) for k, v in data["products"].items()}, data["enums"])
