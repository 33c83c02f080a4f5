# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Distinguished names as text, and the text in them, read as tolerantly as Windows and OpenSSL read it."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.der_pieces import (
    SET,
    read_object_identifier,
    read_octets,
    split,
)

Value: t.TypeAlias = "str | bytes"
"""A value that is text, or the DER of one that is not."""

# RFC 4514, 3: the short names that every implementation knows; all others are object identifiers
_SHORT_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}

# UTF8String, and the strings of one octet for each character: Numeric, Printable, Teletex (T61), Videotex, IA5, Graphic, Visible,
# General; OCTET STRING as well, which cryptography takes for text too.
_OCTET_STRINGS = frozenset({12, 18, 19, 20, 21, 22, 25, 26, 27, 4})
_WIDE_STRINGS = {28: "utf-32-be", 30: "utf-16-be"}  # UniversalString, BMPString


def parse_name(element: bytes) -> list[list[tuple[str, Value]]]:
    """Return the relative distinguished names of a name, each the object identifiers and values of its attributes."""
    return [[_parse_attribute(item) for item in split(relative, tagged=SET)] for relative in split(element)]


def _parse_attribute(element: bytes) -> tuple[str, Value]:
    kind, value = split(element, 2)[:2]
    return read_object_identifier(kind), _parse_value(value)


def _parse_value(element: bytes) -> Value:
    if element[0] in _OCTET_STRINGS:
        return decode_octets(read_octets(element))
    try:
        encoding = _WIDE_STRINGS[element[0]]
        return read_octets(element).decode(encoding)
    except (KeyError, UnicodeDecodeError):
        return element


def decode_octets(octets: bytes) -> str:
    """Return the text in a string of octets, of which certificates in the field do not always keep to the character set.

    Windows decodes a T61String as UTF-8, and as 8-bit characters if that fails (CERT_RDN_ATTR, CERT_RDN_DISABLE_IE4_UTF8_FLAG).
    OpenSSL takes 8-bit strings for Latin-1. So do this for all of them.
    """
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def format_name(name: list[list[tuple[str, Value]]]) -> str:
    """Return a name as RFC 4514 writes it, which is how cryptography writes it, too."""
    return ",".join("+".join(_format_attribute(*attribute) for attribute in relative) for relative in reversed(name))


def _format_attribute(kind: str, value: Value) -> str:
    """RFC 4514, 2.4. What is no text is written in hexadecimal digits."""
    if isinstance(value, bytes):
        return f"{_SHORT_NAMES.get(kind, kind)}=#{value.hex()}"
    text = re.sub(r'([\\"+,;<>])', r"\\\1", value).replace("\0", r"\00")
    if text.startswith("#") or (text.startswith(" ") and len(text) > 1):
        text = f"\\{text}"
    if text.endswith(" "):
        text = f"{text[:-1]}\\ "
    return f"{_SHORT_NAMES.get(kind, kind)}={text}"
