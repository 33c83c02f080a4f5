# SPDX-License-Identifier: GPL-3.0-or-later
"""The real engine in the emulated PowerShell's place: what it runs as a runspace opens.

Of each cmdlet that the profile offers a function is made with the catalogue's types, sets, positions and aliases, so that the
engine's own binder judges a call; its body asks the farm's model (``engine.ps1``).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from powershell.catalogue import Catalogue, Cmdlet, Parameter, load
from powershell.host import ENDPOINTS, RESTRICTED, Host, endpoint_fields
from powershell.ports import Farm
from wire.ports import Identity

LIBRARY = Path(__file__).resolve().parent / "engine.ps1"

_TYPES = {
    "string": "string", "text": "string", "identity": "object", "switch": "switch", "bool": "bool", "byte": "byte", "int": "int",
    "long": "long", "uint16": "uint16", "uint": "uint", "ulong": "ulong", "guid": "guid", "datetime": "datetime", "timespan": "timespan",
    "uri": "uri", "ipaddress": "ipaddress", "version": "version", "securestring": "securestring", "pscredential": "pscredential",
    "multivalue": "object", "object": "object", "bytes": "byte[]",
}  # fmt: skip


class FarmAddress(Farm, Protocol):
    """A session's farm client that also says where the farm is."""

    address: tuple[str, int]
    token: str
    fields: dict[str, Any]


def quoted(text: str) -> str:
    """A text as a single-quoted string of PowerShell, which takes several characters for the quote."""
    for quote in "'\u2018\u2019\u201a\u201b":
        text = text.replace(quote, quote * 2)
    return f"'{text}'"


def enum_name(type_name: str) -> str:
    """The name that an enumeration of a product has in the engine."""
    return "Lab_" + type_name.removesuffix("[]")


def enums(catalogue: Catalogue, cmdlets: Iterable[Cmdlet]) -> str:
    """The enumerations of the cmdlets' parameters, so that the engine converts to them as it does to the products'."""
    used = {
        p.type.removesuffix("[]"): p
        for cmdlet in cmdlets
        for p in cmdlet.parameters.values()
        if p.values and not p.closed
    }
    return "\n".join(_enum(name, p) for name, p in sorted(used.items()) if name in catalogue.enums or p.values)


def _enum(name: str, parameter: Parameter) -> str:
    if not parameter.flags:
        return f"enum {enum_name(name)} {{ {'; '.join(parameter.values)} }}"
    numbers = [f"{value} = {0 if index == 0 else 2 ** (index - 1)}" for index, value in enumerate(parameter.values)]
    return f"[Flags()] enum {enum_name(name)} {{ {'; '.join(numbers)} }}"


def _type(parameter: Parameter) -> str:
    base = enum_name(parameter.type) if parameter.values and not parameter.closed else _TYPES[parameter.kind]
    return base + ("[]" if parameter.array else "")


def _attribute(parameter: Parameter, set_name: str | None) -> str:
    mandatory = parameter.mandatory if set_name is None else parameter.is_mandatory(set_name)
    parts = [f"ParameterSetName={quoted(set_name)}"] if set_name else []
    parts += ["Mandatory"] if mandatory else []
    parts += [f"Position={parameter.position}"] if parameter.position is not None else []
    parts += ["ValueFromPipeline"] if parameter.by_value else []
    parts += ["ValueFromPipelineByPropertyName"] if parameter.by_name else []
    parts += ["ValueFromRemainingArguments"] if parameter.remaining else []
    return f"[Parameter({', '.join(parts)})]"


def _declaration(parameter: Parameter) -> str:
    attributes = [_attribute(parameter, name) for name in (parameter.sets or [None])]
    if parameter.aliases:
        attributes.append(f"[Alias({', '.join(map(quoted, parameter.aliases))})]")
    if parameter.closed:
        attributes.append(f"[ValidateSet({', '.join(map(quoted, parameter.values))})]")
    return f"{''.join(attributes)}[{_type(parameter)}]${{{parameter.name}}}"


def signature(cmdlet: Cmdlet) -> str:
    """A function's attributes and parameters: all that the binder sees."""
    binding = ["PositionalBinding=$false"]  # or a function without positions gets some made up
    binding += ["SupportsShouldProcess"] if cmdlet.should_process else []
    binding += [f"DefaultParameterSetName={quoted(cmdlet.default_set)}"] if cmdlet.default_set else []
    declared = ",\n".join(map(_declaration, cmdlet.parameters.values()))
    return f"[CmdletBinding({', '.join(binding)})] param(\n{declared})"


def function(cmdlet: Cmdlet) -> str:
    """The function that stands for a cmdlet."""
    shell = "windows" if cmdlet.shell == "dns" else cmdlet.shell
    identities = [p.name for p in cmdlet.parameters.values() if p.kind == "identity"]
    last = "($MyInvocation.PipelineLength -eq $MyInvocation.PipelinePosition)"
    call = f"Invoke-LabCmdlet $PSCmdlet {quoted(cmdlet.name)} {shell} $PSBoundParameters @({', '.join(map(quoted, identities))}) {last}"
    return f"function global:{cmdlet.name} {{ {signature(cmdlet)}\nprocess {{ {call} }} }}"


@functools.lru_cache(maxsize=64)
def _functions(product: Host, names: frozenset[str], lazily: bool) -> str:
    """The text of the functions of some of a host's cmdlets, run at once or kept until they are loaded."""
    catalogue = load()
    known = {**product.product_cmdlets(catalogue), **{c.name.lower(): c for c in catalogue.of_shell("windows")}}
    cmdlets = [known[name] for name in sorted(names) if name in known]
    texts = [function(cmdlet) for cmdlet in cmdlets]
    if lazily:
        kept = "\n".join(f"{quoted(c.name)} = {quoted(text)}" for c, text in zip(cmdlets, texts, strict=True))
        texts = [f"$global:LabFunctions = @{{\n{kept}\n}}"]
    return "\n".join([enums(catalogue, cmdlets), *texts])


def _lockdown(names: Iterable[str]) -> str:
    """What makes a product's endpoint of a runspace: these commands, no other, and no language. Must come last."""
    kept = ", ".join(map(quoted, names))
    return f"""
foreach ($command in $ExecutionContext.InvokeCommand.GetCommands('*', 'Alias, Function, Filter, Cmdlet', $true)) {{
    if ($command.Name -notin {kept}) {{ try {{ $command.Visibility = 'Private' }} catch {{ }} }}
}}
$ExecutionContext.SessionState.Applications.Clear()
$ExecutionContext.SessionState.Scripts.Clear()
$ExecutionContext.SessionState.LanguageMode = 'NoLanguage'
"""


def _settings(profile: str, host: Host, identity: Identity, farm: FarmAddress) -> str:
    fields: Mapping[str, Any] = {
        **farm.fields,
        "host": host.fqdn,
        "user": identity.user,
        "groups": list(identity.groups),
        "delegated": identity.delegated,
    }
    settings = {
        "profile": profile,
        "address": farm.address[0],
        "port": farm.address[1],
        "token": farm.token,
        "fields": fields,
        "module": next(iter(host.modules), ""),
        "snapin": next(iter(host.snapins), ""),
    }
    return f"$LabSettings = {quoted(json.dumps(settings))}"


def startup(profile: str, host: str, identity: Identity, farm: FarmAddress) -> str:
    """The text that the engine runs as a runspace of the profile opens on a host."""
    catalogue = load()
    here = Host.of(farm.call("describe", host=host))
    header = [_settings(profile, here, identity, farm), LIBRARY.read_text(encoding="utf-8")]
    if profile in ENDPOINTS:
        offers = farm.call(
            "offers", host=host, user=identity.user, groups=list(identity.groups), **endpoint_fields(profile)
        )
        names = frozenset(name.lower() for name in offers["cmdlets"])
        shown = [cmdlet.name for key, cmdlet in here.product_cmdlets(catalogue).items() if key in names]
        return "\n".join([*header, _functions(here, names, lazily=False), _lockdown([*RESTRICTED, *shown])])
    own = frozenset(here.product_cmdlets(catalogue))
    windows = frozenset(cmdlet.name.lower() for cmdlet in catalogue.of_shell("windows"))
    if here.snapins:
        return "\n".join([*header, _functions(here, own, lazily=True), _functions(here, windows, lazily=False)])
    return "\n".join([*header, _functions(here, own | windows, lazily=False)])
