# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lenient reader: the parts of a certificate that the strict reader refuses, as far as Windows and OpenSSL would read them.

It is imported only for a certificate that is not well-formed. The structure is that of RFC 5280, 4.1.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.der_pieces import (
    BOOLEAN,
    GENERALIZED_TIME,
    OCTET_STRING,
    PYASN1_IMPORT_ERROR,
    UTC_TIME,
    DamagedError,
    measure,
    read_bits,
    read_integer,
    read_object_identifier,
    read_octets,
    split,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.described import (
    COMMON_NAME,
    KEY_ALGORITHMS,
    Described,
    Reader,
    format_serial_number,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.distinguished_names import (
    decode_octets,
    format_name,
    parse_name,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.signatures import (
    is_own_signature,
    load_key,
    read_key_size,
    read_signature_hash,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.strict_reader import describe_key

ALTERNATIVE_NAMES, KEY_USAGE, EXTENDED_KEY_USAGE, BASIC_CONSTRAINTS = "2.5.29.17", "2.5.29.15", "2.5.29.37", "2.5.29.19"

__all__ = ["PYASN1_IMPORT_ERROR", "LenientReader", "measure"]

_EXTENSIONS = 0xA3
_DNS_NAME = 0x82

# The names that RFC 5280, 4.2.1.3 gives the bits, in their order; those of key agreement are not told, as by the strict reader
_KEY_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
)

_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:[.,]\d+)?(?:Z|([+-])(\d\d)(\d\d))")


class LenientReader(Reader):
    """Reads a certificate whose outermost structure is whole. Making one raises ValueError if it is not."""

    def __init__(self, facts: Described, der: bytes) -> None:
        super().__init__(facts)
        self.signed, _algorithm, self.signature = split(der, 3)[:3]
        fields = split(self.signed)
        # version, unique identifiers and extensions have tags of their own, and may all be left out
        self.tagged = {field[0]: field for field in fields if _is_tagged(field)}
        plain = [field for field in fields if not _is_tagged(field)]
        if len(plain) < 6:
            raise DamagedError(f"it has {len(plain)} of the 6 parts of a certificate")
        self.serial_number, self.algorithm, self.issuer, self.validity, self.subject, self.key = plain[:6]

    def _read_subject(self) -> None:
        subject = parse_name(self.subject)
        self.facts["subject"] = format_name(subject)
        names = [value for relative in subject for kind, value in relative if kind == COMMON_NAME]
        self.facts["common_names"] = [name for name in names if isinstance(name, str)]
        if len(names) > len(self.facts["common_names"]):
            raise ValueError("a common name is not text")

    def _read_issuer(self) -> None:
        self.facts["issuer"] = format_name(parse_name(self.issuer))

    def _read_serial_number(self) -> None:
        self.facts["serial_number"] = format_serial_number(read_integer(self.serial_number))

    def _read_not_before(self) -> None:
        self.facts["not_before"] = instant(_read_time(split(self.validity, 2)[0]))

    def _read_not_after(self) -> None:
        self.facts["not_after"] = instant(_read_time(split(self.validity, 2)[1]))

    def _read_key(self) -> None:
        algorithm, key = split(self.key, 2)[:2]
        identifier, *parameters = split(algorithm, 1)
        kind = self.facts["key_type"] = KEY_ALGORITHMS.get(read_object_identifier(identifier), "other")
        try:
            describe_key(self.facts, load_key(self.key))
        except Exception:  # whatever the library refuses, the size can still be there
            if kind == "other":
                raise
            self.facts["key_size"] = read_key_size(kind, b"".join(parameters), key)

    def _read_signature_hash(self) -> None:
        self.facts["signature_hash"] = read_signature_hash(self.algorithm)

    def _read_self_signed(self) -> None:
        same = self.issuer == self.subject or parse_name(self.issuer) == parse_name(self.subject)
        self.facts["self_signed"] = same and is_own_signature(self.key, self.algorithm, self.signed, self.signature)

    def _read_extensions(self) -> None:
        """Read the four extensions that matter, each by itself; what is in the others does not matter."""
        found, damaged = self._find_extensions()
        self.facts["is_ca"] = None if BASIC_CONSTRAINTS in found or damaged else False
        if damaged:
            self.facts["problems"].append(f"extensions: {damaged} cannot be read; any of them may be one that matters")
        readers: dict[str, tuple[str, Callable[[bytes], None]]] = {
            ALTERNATIVE_NAMES: ("subject alternative names", self._read_dns_names),
            KEY_USAGE: ("key usages", self._read_key_usages),
            EXTENDED_KEY_USAGE: ("extended key usages", self._read_extended_key_usages),
            BASIC_CONSTRAINTS: ("basic constraints", self._read_basic_constraints),
        }
        for identifier, (label, read) in readers.items():
            values = found.get(identifier, [])
            if len(values) > 1:
                self.facts["remarks"].append(f"{label}: there are {len(values)}; the first counts, as for Windows")
            try:
                if values:
                    read(values[0])
            except ValueError as error:
                self.facts["problems"].append(f"{label}: {error}")

    def _find_extensions(self) -> tuple[dict[str, list[bytes]], int]:
        """Return the values by identifier, and how many are damaged.

        All values of an identifier are returned, though Windows' CertFindExtension finds the first one only.
        """
        found: dict[str, list[bytes]] = {}
        damaged = 0
        for extension in self._list_extensions():
            try:
                identifier, value = _read_extension(extension)
            except ValueError:
                damaged += 1
            else:
                found.setdefault(identifier, []).append(value)
        return found, damaged

    def _list_extensions(self) -> list[bytes]:
        outer = self.tagged.get(_EXTENSIONS)
        return split(split(outer, 1, _EXTENSIONS)[0]) if outer else []

    def _read_dns_names(self, value: bytes) -> None:
        names = [name for name in split(value) if name[0] == _DNS_NAME]
        self.facts["dns_names"] = [decode_octets(read_octets(name)) for name in names]

    def _read_key_usages(self, value: bytes) -> None:
        self.facts["key_usages"] = [name for name, bit in zip(_KEY_USAGES, read_bits(value), strict=False) if bit]

    def _read_extended_key_usages(self, value: bytes) -> None:
        self.facts["extended_key_usages"] = [read_object_identifier(purpose) for purpose in split(value)]

    def _read_basic_constraints(self, value: bytes) -> None:
        authority = [item for item in split(value)[:1] if item[0] == BOOLEAN]
        self.facts["is_ca"] = any(any(read_octets(item)) for item in authority)


def _is_tagged(field: bytes) -> bool:
    """Whether a field has a tag of its place, not of its type."""
    return field[0] & 0xC0 == 0x80


def _read_extension(extension: bytes) -> tuple[str, bytes]:
    """Return identifier and value. Whether it is critical stands between them, or not."""
    identifier, *_critical, value = split(extension, 2)
    if value[0] != OCTET_STRING:
        raise DamagedError("it has no value")
    return read_object_identifier(identifier), read_octets(value)


def _read_time(element: bytes) -> dt.datetime:
    """Return a point in time. Seconds may be left out, and an offset may stand for Z, which RFC 5280, 4.1.2.5 forbids."""
    text = read_octets(element).decode("ascii")
    century = ("19" if text >= "50" else "20") if element[0] == UTC_TIME else ""
    found = _TIME.fullmatch(century + text)
    if not found or element[0] not in (UTC_TIME, GENERALIZED_TIME):
        raise ValueError(f"{text[:40]!r} is not a time")
    *moment, sign, hours, minutes = found.groups(default="0")
    offset = dt.timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    year, month, day, hour, minute, second = map(int, moment)
    return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.timezone(offset))
