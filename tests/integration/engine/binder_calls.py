# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of every catalogued cmdlet, right and wrong ones: as arguments of the lab's binder, and as PowerShell text for the engine's."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from psrpcore import types as ps

from powershell.binder import UNSET
from powershell.catalogue import Cmdlet, Parameter
from powershell.proxies import quoted

Argument = tuple[str | None, Any]

_RIGHT: dict[str, tuple[str, Any]] = {
    "string": ("'a'", "a"),
    "text": ("'a'", "a"),
    "identity": ("'a'", "a"),
    "switch": ("", UNSET),
    "bool": ("$true", True),
    "byte": ("1", 1),
    "int": ("1", 1),
    "long": ("1", 1),
    "uint16": ("1", 1),
    "uint": ("1", 1),
    "ulong": ("1", 1),
    "guid": ("'00000002-0000-0ff1-ce00-000000000000'", "00000002-0000-0ff1-ce00-000000000000"),
    "datetime": ("'2026-01-31T10:00:00Z'", "2026-01-31T10:00:00Z"),
    "timespan": ("'1.02:03:04'", "1.02:03:04"),
    "uri": ("'https://a/b'", "https://a/b"),
    "ipaddress": ("'192.0.2.1'", "192.0.2.1"),
    "version": ("'15.2'", "15.2"),
    "securestring": ("$Secure", ps.PSSecureString("a")),
    "pscredential": ("$Credential", ps.PSCredential(UserName="a", Password=ps.PSSecureString("a"))),
    "multivalue": ("@{Add='a'}", {"Add": "a"}),
    "bytes": ("([byte[]](1,2))", b"\1\2"),
    "object": ("'a'", "a"),
}
_WRONG: dict[str, list[tuple[str, Any]]] = {
    "string": [("@('a','b')", ["a", "b"])],
    "text": [("@('a','b')", ["a", "b"])],
    "switch": [("'x'", "x")],
    "bool": [("'true'", "true"), ("''", "")],
    "byte": [("256", 256)],
    "int": [("'x'", "x"), ("99999999999", 99999999999), ("@(1,2)", [1, 2])],
    "long": [("'x'", "x")],
    "uint16": [("65536", 65536), ("-1", -1)],
    "uint": [("-1", -1)],
    "ulong": [("-1", -1)],
    "guid": [("'x'", "x")],
    "datetime": [("'2026-13-45'", "2026-13-45"), ("'31/12/2026'", "31/12/2026"), ("''", "")],
    "timespan": [("'x'", "x"), ("'25:00:00'", "25:00:00")],
    "uri": [("@('https://a','https://b')", ["https://a", "https://b"])],
    "ipaddress": [("'300.1.1.1'", "300.1.1.1"), ("''", "")],
    "version": [("'15'", "15")],
    "securestring": [("'x'", "x")],
    "pscredential": [("5", 5)],
    "bytes": [("'abc'", "abc"), ("@(1,300)", [1, 300])],
}


@dataclass(frozen=True)
class Call:
    """One call; ``text`` is its PowerShell, ``arguments`` are the lab's."""

    cmdlet: Cmdlet
    kind: str
    text: str
    arguments: tuple[Argument, ...]
    input: tuple[str, Any] | None = None
    """An object that comes through the pipeline."""

    @property
    def line(self) -> str:
        """The call as PowerShell text; also its name in the list of differences."""
        before = f"{self.input[0]} | " if self.input else ""
        return f"{before}{self.cmdlet.name} {self.text}".strip()


@dataclass(frozen=True)
class Part:
    """One argument in both forms."""

    text: str
    argument: Argument
    kind: str = "named"


def named(name: str, value: tuple[str, Any]) -> Part:
    """A value by a parameter's name."""
    text = f"-{name}" if not value[0] else f"-{name}:{value[0]}"
    return Part(text, (name, value[1]))


def right(parameter: Parameter) -> tuple[str, Any]:
    """A value that the parameter takes."""
    if parameter.values:
        return quoted(parameter.values[-1]), parameter.values[-1]
    return _RIGHT[parameter.kind]


def _call(cmdlet: Cmdlet, kind: str, *parts: Part) -> Call:
    return Call(cmdlet, kind, " ".join(part.text for part in parts), tuple(part.argument for part in parts))


def _mandatory(cmdlet: Cmdlet, set_name: str) -> list[Parameter]:
    return [p for p in cmdlet.parameters.values() if p.is_in(set_name) and p.is_mandatory(set_name)]


def _filled(cmdlet: Cmdlet, set_name: str) -> list[Part]:
    return [named(p.name, right(p)) for p in _mandatory(cmdlet, set_name)]


def _own(cmdlet: Cmdlet, set_name: str) -> Parameter | None:
    """A parameter that only this set has."""
    found = [p for p in cmdlet.parameters.values() if p.sets is not None and set(p.sets) == {set_name}]
    return found[0] if found else None


def valid(cmdlet: Cmdlet) -> Iterator[Call]:
    """Each set with what it needs, and with one parameter more."""
    for set_name in cmdlet.named_sets():
        parts = _filled(cmdlet, set_name)
        yield _call(cmdlet, "valid", *parts)
        optional = [p for p in cmdlet.parameters.values() if p.is_in(set_name) and not p.is_mandatory(set_name)]
        if optional:
            yield _call(cmdlet, "valid", *parts, named(optional[-1].name, right(optional[-1])))


def each_parameter(cmdlet: Cmdlet) -> Iterator[Call]:
    """Each parameter alone: what is mandatory is then missing, and sets are chosen by one parameter."""
    for parameter in cmdlet.parameters.values():
        yield _call(cmdlet, "one parameter", named(parameter.name, right(parameter)))


def unknown(cmdlet: Cmdlet) -> Iterator[Call]:
    """A parameter that no cmdlet has, with and without the rest."""
    nonsense = Part("-Zzyx:1", ("Zzyx", 1))
    yield _call(cmdlet, "unknown", nonsense)
    yield _call(cmdlet, "unknown", *_filled(cmdlet, cmdlet.named_sets()[0]), nonsense)


def missing(cmdlet: Cmdlet) -> Iterator[Call]:
    """Each set without one of what it needs."""
    yield _call(cmdlet, "missing")
    for set_name in cmdlet.named_sets():
        parts = _filled(cmdlet, set_name)
        for index in range(len(parts)):
            yield _call(cmdlet, "missing", *parts[:index], *parts[index + 1 :])


def mixed(cmdlet: Cmdlet) -> Iterator[Call]:
    """What belongs to one set only together with what belongs to another only."""
    owns = [own for set_name in cmdlet.sets if (own := _own(cmdlet, set_name))]
    for first, second in itertools.pairwise(owns):
        yield _call(cmdlet, "mixed", named(first.name, right(first)), named(second.name, right(second)))


def wrong_types(cmdlet: Cmdlet) -> Iterator[Call]:
    """The first two parameters of each type, with what their type refuses; null and nothing for what is mandatory."""
    seen: dict[str, int] = {}
    for parameter in cmdlet.parameters.values():
        kind = "values" if parameter.values else parameter.kind
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] > 2:
            continue
        wrong = [("'zzyx'", "zzyx")] if parameter.values else _WRONG.get(kind, [])
        for value in wrong if not parameter.array else [pair for pair in wrong if not isinstance(pair[1], list)]:
            yield _call(cmdlet, "wrong type", named(parameter.name, value))
        yield _call(cmdlet, "null", named(parameter.name, ("$null", None)))
    for parameter in cmdlet.parameters.values():
        if parameter.ever_mandatory and parameter.kind in {"string", "text"}:
            yield _call(cmdlet, "empty", named(parameter.name, ("''", "")))


def abbreviated(cmdlet: Cmdlet) -> Iterator[Call]:
    """Beginnings of names: of one, two and four letters, and all but the last."""
    prefixes = {p.name[:length].lower(): p for p in cmdlet.parameters.values() for length in (1, 2, 4, len(p.name) - 1)}
    for prefix, parameter in sorted(prefixes.items()):
        if prefix:
            yield _call(cmdlet, "abbreviated", named(prefix, right(parameter)))
    for parameter in cmdlet.parameters.values():
        for alias in parameter.aliases:
            yield _call(cmdlet, "alias", named(alias, right(parameter)))


def common(cmdlet: Cmdlet) -> Iterator[Call]:
    """PowerShell's own parameters, by name, alias and beginning, right and wrong."""
    given = (
        ("ErrorAction", "Stop"),
        ("ea", "Stop"),
        ("WarningA", "Stop"),
        ("ErrorAction", "zzyx"),
        ("whati", None),
        ("wi", None),
    )
    for name, value in given:
        part = Part(f"-{name}:{quoted(value)}", (name, value)) if value else Part(f"-{name}", (name, UNSET))
        yield _call(cmdlet, "common", *_filled(cmdlet, cmdlet.default_set or cmdlet.named_sets()[0]), part)


def twice(cmdlet: Cmdlet) -> Iterator[Call]:
    """A parameter given twice."""
    parameter, *_others = cmdlet.everything.values()
    yield _call(cmdlet, "twice", *[named(parameter.name, right(parameter))] * 2)


def positional(cmdlet: Cmdlet) -> Iterator[Call]:
    """None to five arguments without names."""
    for count in range(1, 6):
        yield _call(cmdlet, "positional", *[Part("'a'", (None, "a"))] * count)


def piped(cmdlet: Cmdlet) -> Iterator[Call]:
    """A text, a number and an object through the pipeline, alone and with all that cannot come that way."""
    inputs = (
        ("'a'", "a"),
        ("5", 5),
        (
            "([pscustomobject]@{Identity='a'; Name='b'})",
            ps.PSCustomObject(Identity=ps.PSString("a"), Name=ps.PSString("b")),
        ),
        ("([pscustomobject]@{Zzyx=1})", ps.PSCustomObject(Zzyx=1)),
    )
    set_name = cmdlet.default_set or cmdlet.named_sets()[0]
    rest = [named(p.name, right(p)) for p in _mandatory(cmdlet, set_name) if not (p.by_value or p.by_name)]
    for value in inputs:
        for parts in ([], rest, _filled(cmdlet, set_name)):
            yield replace(_call(cmdlet, "piped", *parts), input=value)


GENERATORS = (
    valid,
    each_parameter,
    unknown,
    missing,
    mixed,
    wrong_types,
    abbreviated,
    common,
    twice,
    positional,
    piped,
)


def all_calls(cmdlet: Cmdlet) -> list[Call]:
    """The calls of one cmdlet, each once, as of the kind that comes to it first."""
    found: dict[str, Call] = {}
    for generator in GENERATORS:
        for call in generator(cmdlet):
            found.setdefault(call.line, call)
    return list(found.values())
