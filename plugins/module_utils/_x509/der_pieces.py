# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pieces of DER, taken apart by the library pyasn1, each without looking at what is inside it.

A schema of the whole certificate would refuse it for one odd name. Here every element is first only cut out of its surroundings, so
that what is odd harms nothing but itself. pyasn1 itself limits the length of tags and object identifiers.
"""

from __future__ import annotations

import functools
import typing as t

try:
    from pyasn1.codec.der import decoder
    from pyasn1.type import tag, univ

    PYASN1_IMPORT_ERROR: ImportError | None = None
except ImportError as error:
    PYASN1_IMPORT_ERROR = error

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, UTC_TIME, GENERALIZED_TIME = 0x01, 0x02, 0x03, 0x04, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31


class DamagedError(ValueError):
    """A piece that is cut short, or is not what its place asks for."""


def measure(data: bytes) -> int:
    """Return how many octets the first element has; others may follow it."""
    _value, rest = _decode(data, univ.Any())
    return len(data) - len(rest)


def split(element: bytes, least: int = 0, tagged: int = SEQUENCE) -> list[bytes]:
    """Return the elements that a sequence, or what else begins with the octet ``tagged``, consists of: at least so many."""
    if element[:1] != bytes([tagged]):
        raise DamagedError("something else is where a list of elements belongs")
    value, _rest = _decode(element, _list_tagged(tagged))
    if len(value) < least:
        raise DamagedError(f"there are {len(value)} elements where {least} belong")
    return [bytes(item) for item in value]


def read_octets(element: bytes) -> bytes:
    """Return the octets of an element, whatever its tag says that they are."""
    if not element:
        raise DamagedError("the encoding ends where something should follow")
    value, _rest = _decode(element, _octets_tagged(element[0]))
    return bytes(value)


def read_object_identifier(element: bytes) -> str:
    """Return an object identifier, dotted."""
    value, _rest = _decode(element, univ.ObjectIdentifier())
    return str(value)


def read_integer(element: bytes) -> int:
    """Return an integer. One with needless leading octets counts too."""
    octets = read_octets(element)
    if element[0] != INTEGER or not octets:
        raise DamagedError("there is no integer where one belongs")
    return int.from_bytes(octets, "big", signed=True)


def read_size(element: bytes) -> int:
    """Return the length of a positive integer in bits. Old tools left out the leading zero that its first bit asks for."""
    return int.from_bytes(read_octets(element), "big").bit_length()


def read_bits(element: bytes) -> tuple[int, ...]:
    """Return the bits of a bit string, the first one first."""
    value, _rest = _decode(element, univ.BitString())
    return tuple(value)


def read_bit_octets(element: bytes) -> bytes:
    """Return the octets of a bit string that holds whole octets."""
    octets = read_octets(element)
    if element[0] != BIT_STRING or not octets:
        raise DamagedError("there is no bit string where one belongs")
    return octets[1:]


@functools.cache
def _list_tagged(octet: int) -> t.Any:
    kind: t.Any = univ.SequenceOf(componentType=univ.Any())
    return kind.subtype(implicitTag=_make_tag(octet))


@functools.cache
def _octets_tagged(octet: int) -> t.Any:
    kind: t.Any = univ.OctetString()
    return kind.subtype(implicitTag=_make_tag(octet))


def _make_tag(octet: int) -> t.Any:
    return tag.Tag(octet & 0xC0, octet & 0x20, octet & 0x1F)


def _decode(data: bytes, kind: t.Any) -> tuple[t.Any, bytes]:
    """Return the value at the beginning, of this one of pyasn1's types, and the octets that follow it."""
    try:
        value, rest = decoder.decode(data, asn1Spec=kind)
    except Exception as error:  # not only its own errors: hostile input has got others out of it
        raise DamagedError("the encoding is damaged or cut short") from error
    return value, bytes(rest)
