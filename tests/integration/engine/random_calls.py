# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls at random: several arguments of several kinds, named, shortened, bare, doubled, by position and through the pipeline.

Beside what is bound, the values are compared as they were converted. The seed makes the same calls again.
"""

from __future__ import annotations

import datetime as dt
import decimal
import random
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from psrpcore import types as ps

from engine.binder_calls import Call, Part, named, right
from powershell.binder import UNSET, Binding
from powershell.catalogue import Cmdlet, Parameter
from powershell.convert import to_text
from powershell.proxies import quoted

Value = tuple[str, Any]

_TEXTS = (
    "a", "", " ", "1", "-1", "007", " 7 ", "1.5", "2.5", "1e3", "1E2", "0x10", "1kb", "2MB", "1,2", "NaN", "True", "false", "$null",
    "it's", "x,y", "*", "Ä ß", "00000002-0000-0ff1-ce00-000000000000", "{00000002-0000-0ff1-ce00-000000000000}", "2026-01-31",
    "2026-01-31T10:00:00Z", "2026-01-31 10:00", "12/31/2026", "31.12.2026", "10:00", "1.02:03:04", "25:00:00", "1.5:00", "https://a/b",
    "HTTP://A.example/%41?x=ä", "/relative", "a b", "192.0.2.1", "1.1", "::1", "fe80::1%3", "15", "15.2", "15.2.3.4", "1.2.3.4.5",
)  # fmt: skip
_NUMBERS: tuple[Value, ...] = (
    ("0", ps.PSInt(0)),
    ("1", ps.PSInt(1)),
    ("(-1)", ps.PSInt(-1)),
    ("300", ps.PSInt(300)),
    ("70000", ps.PSInt(70000)),
    ("4294967296", ps.PSInt64(2**32)),
    ("1.5", ps.PSDouble(1.5)),
    ("2.5", ps.PSDouble(2.5)),
    ("([double]1000)", ps.PSDouble(1000.0)),
    ("([double]::NaN)", ps.PSDouble(float("nan"))),
    ("([double]::PositiveInfinity)", ps.PSDouble(float("inf"))),
    ("([decimal]1.5)", ps.PSDecimal("1.5")),
    ("([byte]7)", ps.PSByte(7)),
    ("([char]'a')", ps.PSChar(ord("a"))),
)
_OTHERS: tuple[Value, ...] = (
    ("$true", True),
    ("$false", False),
    ("$null", None),
    ("@()", ps.PSList()),
    ("@(1,2)", ps.PSList([ps.PSInt(1), ps.PSInt(2)])),
    ("@('a','b')", ps.PSList([ps.PSString("a"), ps.PSString("b")])),
    ("@('a')", ps.PSList([ps.PSString("a")])),
    ("@(,@('a','b'))", ps.PSList([ps.PSList([ps.PSString("a"), ps.PSString("b")])])),
    ("([version]'1.2')", ps.PSVersion("1.2")),
    ("([timespan]'01:00:00')", ps.PSDuration(hours=1)),
    ("([timespan]'1.02:03:04.5000000')", ps.PSDuration(days=1, hours=2, minutes=3, seconds=4, milliseconds=500)),
    ("([byte[]](1,2))", ps.PSByteArray(b"\1\2")),
    ("([datetime]::new(2026,1,31,10,0,0,[System.DateTimeKind]::Utc))", ps.PSDateTime(2026, 1, 31, 10, tzinfo=dt.UTC)),
    ("([guid]'00000002-0000-0ff1-ce00-000000000000')", ps.PSGuid("00000002-0000-0ff1-ce00-000000000000")),
    ("([uri]'https://a/b')", ps.PSUri("https://a/b")),
    ("@{Add='a'}", ps.PSDict({"Add": ps.PSString("a")})),
    ("@{}", ps.PSDict()),
    (
        "([pscustomobject]@{Identity='a'; Name='b'})",
        ps.PSCustomObject(Identity=ps.PSString("a"), Name=ps.PSString("b")),
    ),
    ("$Secure", ps.PSSecureString("a")),
    ("$Credential", ps.PSCredential(UserName="a", Password=ps.PSSecureString("a"))),
)


def random_calls(cmdlets: Sequence[Cmdlet], count: int, seed: int) -> list[Call]:
    """So many different calls."""
    chance = random.Random(seed)
    found: dict[str, Call] = {}
    while len(found) < count:
        call = _random_call(chance.choice(cmdlets), chance)
        found.setdefault(call.line, call)
    return list(found.values())


def _random_call(cmdlet: Cmdlet, chance: random.Random) -> Call:
    parts: list[Part] = []
    set_name = chance.choice(cmdlet.named_sets())
    if chance.random() < 0.6:
        parts += [
            named(p.name, right(p) if chance.random() < 0.7 else _value(p, chance))
            for p in cmdlet.parameters.values()
            if p.is_in(set_name) and p.is_mandatory(set_name)
        ]
    for _more in range(chance.choice((0, 1, 1, 2, 3))):
        parts.append(_part(cmdlet, chance))
    chance.shuffle(parts)
    kinds = {part.kind for part in parts}
    piped = _single_value(chance) if chance.random() < 0.12 else None
    kind = "piped" if piped else "+".join(sorted(kinds)) or "nothing"
    text, arguments = " ".join(part.text for part in parts), tuple(part.argument for part in parts)
    return Call(cmdlet, kind, text, arguments, piped)


def _part(cmdlet: Cmdlet, chance: random.Random) -> Part:
    everything = list(cmdlet.everything.values())
    parameter = (
        chance.choice(list(cmdlet.parameters.values()) or everything)
        if chance.random() < 0.9
        else chance.choice(everything)
    )
    roll = chance.random()
    if roll < 0.12:
        value = _value(None, chance)
        return Part(value[0], (None, value[1]), "positional")
    name, kind = parameter.name, "named"
    if roll < 0.3:
        name, kind = name[: chance.randint(1, len(name))], "shortened"
    elif roll < 0.36:
        name, kind = "Zz" + name[:3], "unknown"
    if chance.random() < 0.08:
        return Part(f"-{name}", (name, UNSET), "bare")
    made = named(name, _value(parameter, chance))
    return Part(made.text, made.argument, kind)


def _value(parameter: Parameter | None, chance: random.Random) -> Value:
    roll = chance.random()
    if parameter is not None and roll < 0.35:
        found = right(parameter)
        return found if found[0] else ("$true", True)
    if parameter is not None and parameter.values and roll < 0.5:
        return _enumerated(parameter, chance)
    if roll < 0.75:
        text = chance.choice(_TEXTS)
        return quoted(text), ps.PSString(text)
    return chance.choice(_NUMBERS if roll < 0.87 else _OTHERS)


def _single_value(chance: random.Random) -> Value:
    """What goes through a pipeline as one object."""
    while isinstance((value := _value(None, chance))[1], (list, bytes)):
        pass
    return value


def _enumerated(parameter: Parameter, chance: random.Random) -> Value:
    names = chance.sample(list(parameter.values), min(len(parameter.values), chance.choice((1, 1, 2, 3))))
    text = chance.choice((",", ", ")).join(name if chance.random() < 0.5 else name.lower() for name in names)
    if chance.random() < 0.15:
        number = chance.randint(0, len(parameter.values) + 1)
        return str(number), ps.PSInt(number)
    return quoted(text), ps.PSString(text)


# The same spelling for a value on both sides


def describe(binding: Binding) -> str:
    """What is bound, with the values that it was converted to."""
    everything = binding.cmdlet.everything
    entries = (f"{name.lower()}={_spell(value, everything[name])}" for name, value in binding.values.items())
    return f"bound {binding.set_name} {' '.join(sorted(entries))}"


def _spell(value: Any, parameter: Parameter) -> str:
    return "".join(_pieces(value, parameter))


def _pieces(value: Any, parameter: Parameter) -> Iterator[str]:
    if value is None:
        yield "null"
    elif parameter.kind in {"object", "identity", "multivalue"}:  # each is [object] to the engine
        yield "object"
    elif isinstance(value, (ps.PSSecureString, ps.PSCredential)):
        yield "secret"
    elif isinstance(value, bytes):
        yield value.hex()
    elif isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list):
        yield "[" + "|".join(_spell(item, parameter) for item in value) + "]"
    elif isinstance(value, dict):
        yield "{" + ";".join(f"{key}={to_text(item)}" for key, item in value.items()) + "}"
    elif isinstance(value, dt.datetime):
        yield _spell_moment(value)
    elif isinstance(value, dt.timedelta):
        ticks = (value // dt.timedelta(microseconds=1)) * 10 + getattr(value, "nanoseconds", 0) % 1000 // 100
        yield f"{ticks} ticks"
    elif isinstance(value, (int, uuid.UUID, decimal.Decimal)):
        yield str(value)
    else:
        yield to_text(value)


def _spell_moment(value: dt.datetime) -> str:
    plain = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
    return f"{plain.year:04}-{plain:%m-%dT%H:%M:%S}{'Z' if value.tzinfo else ''}"


PREAMBLE = r"""
$ErrorActionPreference = 'Stop'
$Secure = [securestring]::new()
$Credential = [pscredential]::new('a', $Secure)
function Format-Bound($Value, [bool]$Object) {
    if ($null -eq $Value) { return 'null' }
    if ($Object) { return 'object' }
    if ($Value -is [switch]) { return $Value.IsPresent.ToString() }
    if ($Value -is [securestring] -or $Value -is [pscredential]) { return 'secret' }
    if ($Value -is [byte[]]) { return [System.Convert]::ToHexString($Value).ToLowerInvariant() }
    if ($Value -is [hashtable]) {
        $pairs = foreach ($key in $Value.Keys) { "$key=$($Value[$key])" }
        return '{' + [string]::Join(';', @($pairs)) + '}'
    }
    if ($Value -is [System.Collections.IList]) {
        $items = [System.Collections.Generic.List[string]]::new()
        foreach ($item in $Value) { $items.Add((Format-Bound $item $false)) }
        return '[' + [string]::Join('|', $items) + ']'
    }
    if ($Value -is [datetime]) {
        if ($Value.Kind -eq 'Unspecified') { return $Value.ToString('yyyy-MM-ddTHH:mm:ss', [cultureinfo]::InvariantCulture) }
        return $Value.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [cultureinfo]::InvariantCulture)
    }
    if ($Value -is [timespan]) { return "$($Value.Ticks) ticks" }
    if ($Value -is [uri]) { return $Value.OriginalString }
    return [System.Management.Automation.LanguagePrimitives]::ConvertTo($Value, [string], [cultureinfo]::InvariantCulture)
}
function Show-Bound($Caller, $Bound) {
    $known = $Caller.MyInvocation.MyCommand.Parameters
    $entries = [System.Collections.Generic.List[string]]::new()
    foreach ($name in $Bound.Keys) {
        $object = $known[$name].ParameterType -in [object], [object[]]
        $entries.Add("$($name.ToLowerInvariant())=$(Format-Bound $Bound[$name] $object)")
    }
    $entries.Sort([System.StringComparer]::Ordinal)
    "bound $($Caller.ParameterSetName) $([string]::Join(' ', $entries))"
}
function Show-Error($Record) { "$($Record.FullyQualifiedErrorId) $($Record.CategoryInfo.Category) $($Record.CategoryInfo.Reason)" }
"""
