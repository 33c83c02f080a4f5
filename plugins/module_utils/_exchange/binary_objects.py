# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reader of .NET's binary object format (MS-NRBF), as far as Exchange's ``SerializationData`` has it.

It makes no objects: a class becomes its name and its members' values, and nothing of what is read is ever called or looked up. What is
larger, deeper or stranger than Exchange writes it is refused.
"""

from __future__ import annotations

import struct
import typing as t
from dataclasses import dataclass, field

MAX_BYTES = 256 * 1024
MAX_DEPTH = 12
MAX_VALUES = 4096
"""Of all classes and arrays together: an array of nulls is a few bytes, whatever its length says."""


class NotReadable(ValueError):
    """The data is not of this format, or beyond what is read of it."""


@dataclass(frozen=True)
class Reference:
    """A value that stands elsewhere in the data."""

    number: int


@dataclass
class BinaryObject:
    """A class with the values of its members."""

    name: str
    members: dict[str, t.Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Layout:
    """How the members of a class are written, by name: the type, and the primitive's where it is one."""

    name: str
    members: tuple[tuple[str, int, int], ...]


_HEADER, _CLASS_AGAIN, _SYSTEM_CLASS, _CLASS, _STRING, _ARRAY = 0, 1, 4, 5, 6, 7
_TYPED, _REFERENCE, _NULL, _END, _LIBRARY, _NULLS_BYTE, _NULLS = 8, 9, 10, 11, 12, 13, 14
_PRIMITIVES, _OBJECTS, _STRINGS = 15, 16, 17
_OF_PRIMITIVE, _OF_SYSTEM_CLASS, _OF_CLASS, _OF_PRIMITIVES = 0, 3, 4, 7
_FORMATS = {
    1: "?", 2: "B", 6: "d", 7: "h", 8: "i", 9: "q", 10: "b", 11: "f", 12: "q", 13: "q", 14: "H", 15: "I", 16: "Q",
}  # fmt: skip
"""By PrimitiveTypeEnumeration: those of a fixed size. TimeSpan and DateTime are left as their ticks."""
_BYTE, _TEXT = 2, 18


class _Nulls(int):
    """So many nulls in a row."""


class BinaryGraph:
    """The values of one stream.

    :ivar root: the number of the object that the stream is of.
    :raises NotReadable: for anything that is not as Exchange writes it.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise NotReadable(f"{len(data)} bytes are more than {MAX_BYTES}")
        self._data, self._at, self._values = data, 0, 0
        self._objects: dict[int, t.Any] = {}
        self._layouts: dict[int, _Layout] = {}
        self.root = 0
        self._read_stream()

    def find(self, value: t.Any) -> t.Any:
        """A value, wherever it stands."""
        for _hop in range(MAX_DEPTH):
            if not isinstance(value, Reference):
                return value
            value = self._objects.get(value.number)
        raise NotReadable("references lead to references")

    @property
    def root_object(self) -> t.Any:
        """The object that the stream is of."""
        return self.find(Reference(self.root))

    def _read_stream(self) -> None:
        if self._take("B") != _HEADER:
            raise NotReadable("no header")
        self.root, _header, major, _minor = (self._take("i") for _number in range(4))
        if major != 1:
            raise NotReadable(f"version {major}")
        while (kind := self._take("B")) != _END:
            self._read_record(kind, 0)

    def _take(self, form: str) -> t.Any:
        size = struct.calcsize(f"<{form}")
        return struct.unpack(f"<{form}", self._take_bytes(size))[0]

    def _take_bytes(self, size: int) -> bytes:
        end = self._at + size
        if size < 0 or end > len(self._data):
            raise NotReadable("the data ends early")
        piece, self._at = self._data[self._at : end], end
        return piece

    def _take_text(self) -> str:
        length = 0
        for shift in range(0, 35, 7):
            part = self._take("B")
            length |= (part & 0x7F) << shift
            if part < 0x80:
                break
        try:
            return self._take_bytes(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise NotReadable("a text is not UTF-8") from error

    def _count(self, values: int) -> int:
        self._values += values
        if values < 0 or self._values > MAX_VALUES:
            raise NotReadable(f"more than {MAX_VALUES} values")
        return values

    def _read_record(self, kind: int, depth: int) -> t.Any:
        if depth > MAX_DEPTH:
            raise NotReadable(f"deeper than {MAX_DEPTH}")
        readers: dict[int, t.Callable[[int], t.Any]] = {
            _CLASS_AGAIN: self._read_class_again,
            _SYSTEM_CLASS: lambda level: self._read_class(level, library=False),
            _CLASS: lambda level: self._read_class(level, library=True),
            _STRING: lambda _level: self._keep(self._take("i"), self._take_text()),
            _ARRAY: self._read_array,
            _TYPED: lambda _level: self._read_primitive(self._take("B")),
            _REFERENCE: lambda _level: Reference(self._take("i")),
            _NULL: lambda _level: None,
            _LIBRARY: lambda _level: (self._take("i"), self._take_text()),
            _NULLS_BYTE: lambda _level: _Nulls(self._take("B")),
            _NULLS: lambda _level: _Nulls(self._take("i")),
            _PRIMITIVES: lambda _level: self._keep(self._take("i"), self._read_primitives(self._take("i"))),
            _OBJECTS: self._read_objects,
            _STRINGS: self._read_objects,
        }
        if kind not in readers:
            raise NotReadable(f"record {kind}")
        return readers[kind](depth)

    def _keep(self, number: int, value: t.Any) -> t.Any:
        self._objects[number] = value
        return value

    def _read_value(self, depth: int) -> t.Any:
        """The next value; the names of libraries that stand before it are passed over."""
        while (kind := self._take("B")) == _LIBRARY:
            self._read_record(kind, depth)
        if kind in (_HEADER, _END):
            raise NotReadable("a value is missing")
        return self._read_record(kind, depth)

    def _read_class(self, depth: int, *, library: bool) -> BinaryObject:
        number, name, count = self._take("i"), self._take_text(), self._count(self._take("i"))
        names = [self._take_text() for _member in range(count)]
        types = [self._take("B") for _member in range(count)]
        members = [(member, kind, self._read_type(kind)) for member, kind in zip(names, types, strict=True)]
        layout = self._layouts[number] = _Layout(name, tuple(members))
        if library:
            self._take("i")
        return self._read_members(number, layout, depth)

    def _read_class_again(self, depth: int) -> BinaryObject:
        number, like = self._take("i"), self._take("i")
        if like not in self._layouts:
            raise NotReadable("a class that was not described")
        layout = self._layouts[number] = self._layouts[like]
        self._count(len(layout.members))
        return self._read_members(number, layout, depth)

    def _read_type(self, kind: int) -> int:
        """What follows a member's type: the primitive's for one, names that do not matter here for others."""
        if kind in (_OF_PRIMITIVE, _OF_PRIMITIVES):
            return int(self._take("B"))
        if kind in (_OF_SYSTEM_CLASS, _OF_CLASS):
            self._take_text()
        if kind == _OF_CLASS:
            self._take("i")
        return 0

    def _read_members(self, number: int, layout: _Layout, depth: int) -> BinaryObject:
        found = self._keep(number, BinaryObject(layout.name))
        for name, kind, primitive in layout.members:
            value = self._read_primitive(primitive) if kind == _OF_PRIMITIVE else self._read_value(depth + 1)
            found.members[name] = value
        return t.cast(BinaryObject, found)

    def _read_primitive(self, kind: int) -> t.Any:
        if kind == _TEXT:
            return self._take_text()
        if kind not in _FORMATS:
            raise NotReadable(f"primitive {kind}")
        return self._take(_FORMATS[kind])

    def _read_primitives(self, length: int) -> t.Any:
        kind = self._take("B")
        if kind == _BYTE:
            return self._take_bytes(length)
        return [self._read_primitive(kind) for _item in range(self._count(length))]

    def _read_objects(self, depth: int) -> t.Any:
        number, length = self._take("i"), self._take("i")
        return self._keep(number, self._read_items(self._count(length), depth))

    def _read_items(self, length: int, depth: int) -> list[t.Any]:
        items: list[t.Any] = []
        while len(items) < length:
            value = self._read_value(depth + 1)
            items += [None] * min(value, length - len(items)) if isinstance(value, _Nulls) else [value]
            if isinstance(value, _Nulls) and value < 1:
                raise NotReadable("no nulls at all")
        return items

    def _read_array(self, depth: int) -> t.Any:
        number, shape, rank = self._take("i"), self._take("B"), self._take("i")
        if (shape, rank) != (0, 1):
            raise NotReadable("an array of another shape")
        length, kind = self._take("i"), self._take("B")
        primitive = self._read_type(kind)
        if kind == _OF_PRIMITIVE:
            return self._keep(number, [self._read_primitive(primitive) for _item in range(self._count(length))])
        return self._keep(number, self._read_items(self._count(length), depth))
