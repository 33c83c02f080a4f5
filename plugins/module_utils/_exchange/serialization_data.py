# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Exchange says of a certificate beside the certificate itself, where only ``RawData`` and ``SerializationData`` have arrived.

Exchange's own shell makes the whole object of ``SerializationData``. Since January 2023 it stands in a signed envelope, whose signature
is by the Auth certificate: it is not checked here, since it cannot be when that certificate has expired, which is when this is needed.
The session that brought the data is the server's own, so a signature would say no more.
"""

from __future__ import annotations

import struct
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.binary_objects import (
    BinaryGraph,
    BinaryObject,
    NotReadable,
)

Facts = dict[str, t.Any]

_CLASS = "Microsoft.Exchange.Management.SystemConfigurationTasks.ExchangeCertificate"
_SIGNED = b"#sig#"
_MOST_SITES = 64
# the orders of the enumerations: Get-ExchangeCertificate's page lists the members, captured objects fix the numbers
_STATUS = (
    "Unknown",
    "Valid",
    "Revoked",
    "DateInvalid",
    "Untrusted",
    "Invalid",
    "RevocationCheckFailure",
    "PendingRequest",
)
_ROOT_CA_TYPE = ("None", "ThirdParty", "Enterprise", "Registry", "GroupPolicy", "Unknown")
_SERVICES = ("IMAP", "POP", "UM", "IIS", "SMTP", "Federation", "UMCallRouter")
_FRIENDLY_NAME = 11
"""CERT_FRIENDLY_NAME_PROP_ID (wincrypt.h), in the form in which Windows exports a certificate with its properties."""


def read_serialized_facts(data: bytes | None) -> Facts:
    """The facts that can be read of a certificate's ``SerializationData``; none where it cannot be read, since nothing is known then.

    :returns: some of ``services``, ``status``, ``root_ca_type``, ``private_key_exportable``, ``friendly_name`` and ``iis_sites``.
    """
    try:
        graph = BinaryGraph(_unwrap(bytes(data or b"")))
        root = graph.root_object
        if not isinstance(root, BinaryObject) or root.name != _CLASS:
            return {}
        found = {name: read(graph, root.members) for name, read in _READERS.items()}
    except (NotReadable, RecursionError):
        return {}
    return {name: value for name, value in found.items() if value is not None}


def _unwrap(data: bytes) -> bytes:
    """The payload of a signed envelope: a mark, the payload's length, the payload, and the signature."""
    if not data.startswith(_SIGNED):
        return data
    begin = len(_SIGNED) + 4
    if len(data) < begin:
        raise NotReadable("the envelope ends early")
    (length,) = struct.unpack("<i", data[len(_SIGNED) : begin])
    if not 0 < length <= len(data) - begin:
        raise NotReadable("the envelope is longer than the data")
    return data[begin : begin + length]


def _read_number(graph: BinaryGraph, members: Facts, name: str) -> int | None:
    value = graph.find(members.get(name))
    number = value.members.get("value__") if isinstance(value, BinaryObject) else None
    return number if isinstance(number, int) else None


def _read_word(graph: BinaryGraph, members: Facts, name: str, words: tuple[str, ...]) -> str | None:
    number = _read_number(graph, members, name)
    return words[number] if number is not None and 0 <= number < len(words) else None


def _read_services(graph: BinaryGraph, members: Facts) -> list[str] | None:
    number = _read_number(graph, members, "Services")
    if number is None or number < 0 or number >= 1 << len(_SERVICES):
        return None
    return [name for place, name in enumerate(_SERVICES) if number >> place & 1]


def _read_exportable(graph: BinaryGraph, members: Facts) -> bool | None:
    value = graph.find(members.get("PrivateKeyExportable"))
    return value if isinstance(value, bool) else None


def _read_sites(graph: BinaryGraph, members: Facts) -> list[str] | None:
    """The web sites that the certificate is bound to, as IIS's metabase calls them: ``IIS://SERVER/W3SVC/1`` is the first one."""
    shown = graph.find(members.get("IISServices"))
    if not isinstance(shown, BinaryObject):
        return None
    items, size = graph.find(shown.members.get("_items")), shown.members.get("_size")
    if not isinstance(items, list) or not isinstance(size, int) or not 0 <= size <= min(len(items), _MOST_SITES):
        return None
    sites = [graph.find(item) for item in items[:size]]
    names = [graph.find(site.members.get("serviceName")) for site in sites if isinstance(site, BinaryObject)]
    return [name for name in names if isinstance(name, str)] if len(names) == size else None


def _read_friendly_name(graph: BinaryGraph, members: Facts) -> str | None:
    """The certificate is exported with its properties, one after the other: number, encoding, length, value."""
    data, at = graph.find(members.get("CertData")), 0
    while isinstance(data, bytes) and at + 12 <= len(data):
        number, _encoding, length = struct.unpack_from("<iii", data, at)
        at += 12
        if length < 0 or at + length > len(data):
            return None
        if number == _FRIENDLY_NAME:
            return data[at : at + length].decode("utf-16-le", "replace").rstrip("\0")
        at += length
    return None


_READERS: dict[str, t.Callable[[BinaryGraph, Facts], t.Any]] = {
    "services": _read_services,
    "status": lambda graph, members: _read_word(graph, members, "Status", _STATUS),
    "root_ca_type": lambda graph, members: _read_word(graph, members, "RootCAType", _ROOT_CA_TYPE),
    "private_key_exportable": _read_exportable,
    "friendly_name": _read_friendly_name,
    "iis_sites": _read_sites,
}
