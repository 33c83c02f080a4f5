# SPDX-License-Identifier: GPL-3.0-or-later

"""SerializationData of an ExchangeCertificate: .NET's binary format (MS-NRBF), as captured objects have it.

All but the certificate's own bytes is, byte by byte, what was captured from real servers (tests/unit/lab/test_farm_serialization.py). Those
bytes are a certificate that Windows has exported with its properties; here with its friendly name only.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks"
ASSEMBLY = "Microsoft.Exchange.Management, Version=15.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35"
SYSTEM = "System, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
SIGNED = b"#sig#"
SITES = f"System.Collections.Generic.List`1[[{TASKS}.IisService, {ASSEMBLY}]]"
ENUMERATIONS = ("CertificateStatus", "CertificateAuthorityType", "AllowedServices")
SITE_MEMBERS = ("serviceName", "internalUrl", "internalUrlValid", "externalUrl", "externalUrlValid")
FRIENDLY_NAME, CERTIFICATE = 11, 32
"""CERT_FRIENDLY_NAME_PROP_ID and CERT_CERT_PROP_ID (wincrypt.h)."""
CERT_DATA, SITE_LIST, IDENTITY, SITE_ITEMS = 3, 7, 8, 9
SYSTEM_LIBRARY, FIRST_SITE, FIRST_SITE_NAME = 12, 10, 13


def serialize(
    raw: bytes, friendly_name: str, numbers: Sequence[int], identity: str, **more: bool | Sequence[str]
) -> bytes:
    """The data of a certificate.

    :param numbers: those of Status, RootCAType and Services.
    :param more: ``self_signed``, ``exportable``, and ``sites``: the web sites as the metabase calls them.
    """
    sites = more.get("sites", ())
    assert isinstance(sites, Sequence)
    head = _int8(0) + _int32(1, -1, 1, 0) + _int8(12) + _int32(2) + _text(ASSEMBLY)
    members = (
        "CertData",
        "SelfSigned",
        "Status",
        "RootCAType",
        "Services",
        "IISServices",
        "PrivateKeyExportable",
        "Identity",
    )
    shape = _int8(5) + _int32(1) + _text(f"{TASKS}.ExchangeCertificate") + _int32(len(members))
    shape += b"".join(map(_text, members)) + bytes([7, 0, 4, 4, 4, 3, 0, 1]) + bytes([2, 1])
    shape += (
        b"".join(_text(f"{TASKS}.{name}") + _int32(2) for name in ENUMERATIONS) + _text(SITES) + bytes([1]) + _int32(2)
    )
    values = _reference(CERT_DATA) + bytes([bool(more.get("self_signed"))])
    for place, (name, number) in enumerate(zip(ENUMERATIONS, numbers, strict=True)):
        values += _enumeration(-4 - place, name) + _int32(number)
    values += (
        _reference(SITE_LIST) + bytes([bool(more.get("exportable"))]) + _int8(6) + _int32(IDENTITY) + _text(identity)
    )
    return head + shape + values + _certificate(raw, friendly_name) + _list_sites(list(sites)) + b"\x0b"


def sign(data: bytes, signature: bytes) -> bytes:
    """In the envelope of payload signing: the mark, the length, the payload, the signature (of which nothing here is checked)."""
    return SIGNED + _int32(len(data)) + data + signature


def _certificate(raw: bytes, friendly_name: str) -> bytes:
    named = f"{friendly_name}\0".encode("utf-16-le") if friendly_name else b""
    content = _int32(FRIENDLY_NAME, 1, len(named)) + named if named else b""
    content += _int32(CERTIFICATE, 1, len(raw)) + raw
    return _int8(15) + _int32(CERT_DATA, len(content)) + _int8(2) + content


def _list_sites(sites: list[str]) -> bytes:
    """A List of IisService: its array is as long as .NET makes it, four places for the first entry."""
    places = 0 if not sites else max(4, len(sites))
    shown = (
        _int8(4) + _int32(SITE_LIST) + _text(SITES) + _int32(3) + b"".join(map(_text, ("_items", "_size", "_version")))
    )
    shown += bytes([4, 0, 0]) + _text(f"{TASKS}.IisService[]") + _int32(2) + bytes([8, 8])
    shown += _reference(SITE_ITEMS) + _int32(len(sites), 1)
    shown += (
        _int8(7)
        + _int32(SITE_ITEMS)
        + _int8(0)
        + _int32(1, places)
        + _int8(4)
        + _text(f"{TASKS}.IisService")
        + _int32(2)
    )
    shown += b"".join(_reference(FIRST_SITE + place) for place in range(len(sites)))
    if rest := places - len(sites):
        shown += bytes([13, rest]) if rest > 1 else b"\x0a"
    return shown + (_int8(12) + _int32(SYSTEM_LIBRARY) + _text(SYSTEM) + _describe_sites(sites) if sites else b"")


def _describe_sites(sites: list[str]) -> bytes:
    url, validity = _text("System.Uri") + _int32(SYSTEM_LIBRARY), _text(f"{TASKS}.UrlValidation") + _int32(2)
    shape = _text(f"{TASKS}.IisService") + _int32(len(SITE_MEMBERS)) + b"".join(map(_text, SITE_MEMBERS))
    shape += bytes([1, 4, 4, 4, 4]) + url + validity + url + validity + _int32(2)
    described = b""
    for place, site in enumerate(sites):
        name = FIRST_SITE_NAME + 3 * place  # an object's number is its place among all; a value's is negative
        number = -name - 1
        described += _int8(1 if place else 5) + _int32(FIRST_SITE + place) + (_int32(FIRST_SITE) if place else shape)
        described += _int8(6) + _int32(name) + _text(site)
        for second in (False, True):
            first = not place and not second
            described += (
                _int8(10)
                + (_enumeration(number, "UrlValidation") if first else _int8(1) + _int32(number, -14))
                + _int32(0)
            )
            number -= 1
    return described


def _enumeration(number: int, name: str) -> bytes:
    return (
        _int8(5) + _int32(number) + _text(f"{TASKS}.{name}") + _int32(1) + _text("value__") + bytes([0, 8]) + _int32(2)
    )


def _reference(number: int) -> bytes:
    return _int8(9) + _int32(number)


def _int8(value: int) -> bytes:
    return bytes([value])


def _int32(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}i", *values)


def _text(value: str) -> bytes:
    data, length = value.encode(), b""
    left = len(data)
    while left >= 0x80:
        length, left = length + bytes([left & 0x7F | 0x80]), left >> 7
    return length + bytes([left]) + data
