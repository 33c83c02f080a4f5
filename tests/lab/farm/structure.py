# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML data into dataclasses, strictly: a misspelt key in a scenario is an error that names its place."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar

from farm.errors import LabError

T = TypeVar("T")


def build(kind: type[T], data: object, place: str) -> T:
    """An instance of a dataclass from a mapping."""
    if not isinstance(data, dict):
        raise LabError(f"{place}: a mapping is expected here, not {type(data).__name__}")
    hints = typing.get_type_hints(kind)
    names = {entry.name for entry in fields(kind)}  # type: ignore[arg-type] # kind is one of the scenario's dataclasses
    if unknown := sorted(set(data) - names):
        raise LabError(f"{place}: unknown key {unknown[0]!r}; known are {', '.join(sorted(names))}")
    for entry in fields(kind):  # type: ignore[arg-type] # as above
        if entry.default is MISSING and entry.default_factory is MISSING and entry.name not in data:
            raise LabError(f"{place}: {entry.name} is missing")
    return kind(**{name: _value(hints[name], value, f"{place}.{name}") for name, value in data.items()})


def _value(hint: Any, value: object, place: str) -> Any:
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _value(next(a for a in arguments if a is not types.NoneType), value, place)
    if is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value, place)
    if origin is list:
        if not isinstance(value, list):
            raise LabError(f"{place}: a list is expected here")
        return [_value(arguments[0], entry, f"{place}[{index}]") for index, entry in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            raise LabError(f"{place}: a mapping is expected here")
        return {str(key): _value(arguments[1], entry, f"{place}.{key}") for key, entry in value.items()}
    return _scalar(hint, value, place)


def _scalar(hint: Any, value: object, place: str) -> object:
    if hint is object:
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise LabError(f"{place}: {value!r} is not of type {hint.__name__}")
    return value
