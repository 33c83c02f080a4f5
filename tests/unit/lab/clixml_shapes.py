# SPDX-License-Identifier: GPL-3.0-or-later
"""What kinds of objects a CLIXML document has, at every depth: their type names, and of each property its kind and whether it is empty.

MS-PSRP 2.2.5: what is null is ``Nil``, an empty text is an ``S`` without content; an object that was seen before is a ``Ref``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

NAMESPACE = "{http://schemas.microsoft.com/powershell/2004/04}"
NULL, EMPTY, SEEN = "null", "empty text", "seen before"
PREFIX = "Deserialized."


@dataclass
class Shape:
    """A class of objects, as far as it has been seen.

    :ivar types: the lists of type names that its objects had.
    :ivar properties: of each property, the kinds of values it had.
    :ivar orders: the orders in which the objects had them.
    """

    types: set[tuple[str, ...]] = field(default_factory=set)
    properties: dict[str, set[str]] = field(default_factory=dict)
    orders: set[tuple[str, ...]] = field(default_factory=set)


def gather(documents: Iterable[str]) -> dict[str, Shape]:
    """The classes in CLIXML documents by their first type name, without the prefix of what was decoded once before."""
    found: dict[str, Shape] = {}
    for text in documents:
        root = ET.fromstring(text)  # captured files are of the tests' own choice, the others are made here
        names = {entry.get("RefId", ""): _list_types(entry) for entry in root.iter(f"{NAMESPACE}TN")}
        for element in root.iter(f"{NAMESPACE}Obj"):
            types = _find_types(element, names)
            properties = dict(_list_properties(element, names))
            if types and properties:
                shape = found.setdefault(types[0], Shape())
                shape.types.add(types)
                shape.orders.add(tuple(properties))
                for name, kind in properties.items():
                    shape.properties.setdefault(name, set()).add(kind)
    return found


def _list_properties(element: ET.Element, names: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for part in ("Props", "MS"):
        found = element.find(NAMESPACE + part)
        for entry in [] if found is None else found:
            yield entry.get("N", ""), _find_kind(entry, names)


def _list_types(element: ET.Element) -> tuple[str, ...]:
    return tuple(str(entry.text).removeprefix(PREFIX) for entry in element)


def _find_types(element: ET.Element, names: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    own, known = element.find(f"{NAMESPACE}TN"), element.find(f"{NAMESPACE}TNRef")
    if own is not None:
        return _list_types(own)
    return names.get(known.get("RefId", ""), ()) if known is not None else ()


def _find_kind(element: ET.Element, names: dict[str, tuple[str, ...]]) -> str:
    tag = element.tag.removeprefix(NAMESPACE)
    if tag == "Obj":
        types = _find_types(element, names)
        return types[0].partition("`")[0] if types else "Obj"
    if tag == "S" and not element.text:
        return EMPTY
    return {"Nil": NULL, "Ref": SEEN}.get(tag, tag)
