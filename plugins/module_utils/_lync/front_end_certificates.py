# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

r"""The certificates of a front end: those that are assigned, and those of the machine's store, ``LocalMachine\My``."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import (
    Flag,
    Instant,
    NameSet,
    Thumbprint,
    normal_thumbprint,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_fitness import TOKEN_ISSUER
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Family, Property, Reads, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

Facts = dict[str, t.Any]


ASSIGNED = Table(
    Property("use", "Use"),
    Property("thumbprint", "Thumbprint", Thumbprint(none="")),
    Property("previous_thumbprint", "PreviousThumbprint", Thumbprint()),
    Property("scope", "SourceScope"),
    Property("effective_date", "EffectiveDate", Instant()),
    Property("update_time", "UpdateTime", Instant()),
    Property("subject", "Subject"),
    Property("issuer", "Issuer"),
    Property("serial_number", "SerialNumber"),
    Property("not_before", "NotBefore", Instant()),
    Property("not_after", "NotAfter", Instant()),
    Property("dns_names", "AlternativeNames", NameSet()),
)
STORED = Table(
    Property("has_private_key", "HasPrivateKey", Flag()),
    Property("friendly_name", "FriendlyName"),
    Property("key_provider", "PrivateKey"),
)
STORE = r"Cert:\LocalMachine\My"
_READ_STORE = Cmdlet("Get-ChildItem", Path=[STORE])


def read_assigned(shell: Reads) -> list[Facts]:
    """The assignments on this computer, for every use. One of its own hides the global one of the same use."""
    return Family(Cmdlet("Get-CsCertificate"), ASSIGNED).read(shell)


def read_global_issuers(shell: Reads) -> list[Facts]:
    """The global assignments of OAuthTokenIssuer, also where the computer has one of its own (Get-CsCertificate, parameter Identity)."""
    return Family(Cmdlet("Get-CsCertificate", Type=[TOKEN_ISSUER], Identity="global"), ASSIGNED).read(shell)


def read_store(shell: Reads) -> list[Facts]:
    """The certificates of the machine's store, each with whether the machine has its private key, and where that key is."""
    items = shell.read_all(_READ_STORE, STORED.projection("RawData"))
    return [describe_certificate(item) for item in items]


def read_exportable(shell: Reads) -> dict[str, bool]:
    """By thumbprint, whether the private key can be exported. Keys of a CNG provider are not among them.

    A property that is an object travels as text only, so each object is expanded, with the thumbprint as a note on it.
    """
    items = shell.read_all(
        _READ_STORE,
        Cmdlet("Select-Object", ExpandProperty="PrivateKey", Property=["Thumbprint"]),
        Cmdlet("Select-Object", ExpandProperty="CspKeyContainerInfo", Property=["Thumbprint"]),
        select("Thumbprint", "Exportable"),
    )
    return {normal_thumbprint(str(item["Thumbprint"])): bool(item["Exportable"]) for item in items}


def add_exportable(store: list[Facts], shell: Reads) -> list[Facts]:
    """The certificates of a store, each with whether its private key can be exported; None where that cannot be seen."""
    exportable = read_exportable(shell)
    return [{**item, "private_key_exportable": exportable.get(item["thumbprint"])} for item in store]


def describe_certificate(item: RemoteObject) -> Facts:
    """The facts of one certificate: those that it carries itself, and those that the machine adds."""
    facts = {**describe(item.get("RawData") or b""), **STORED.state(item)}
    # Windows PowerShell shows a key object for a cryptographic service provider, and null for a key of a CNG provider
    shown = facts["key_provider"]
    facts["key_provider"] = "csp" if shown else "cng" if facts["has_private_key"] else None
    return facts
