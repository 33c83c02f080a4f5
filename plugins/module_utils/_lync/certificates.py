# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

r"""The certificates of a front end: those that are assigned, and those of the machine's store, ``LocalMachine\My``."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag, Instant, NameSet, Thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Family, Property, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
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
STORED = Table(Property("has_private_key", "HasPrivateKey", Flag()), Property("friendly_name", "FriendlyName"))
STORE = r"Cert:\LocalMachine\My"


def assigned(shell: Shell, use: str | None = None) -> list[Facts]:
    """The assignments on this computer, of one use or of all."""
    read = Cmdlet("Get-CsCertificate", Type=[use]) if use else Cmdlet("Get-CsCertificate")
    return Family(read, ASSIGNED).read(shell)


def store(shell: Shell) -> list[Facts]:
    """The certificates of the machine's store, each with whether the machine has its private key."""
    items = shell.read_all(Cmdlet("Get-ChildItem", Path=[STORE]), STORED.projection("RawData"))
    return [certificate(item) for item in items]


def certificate(item: RemoteObject) -> Facts:
    """The facts of one certificate: those that it carries itself, and those that the machine adds."""
    return {**describe(item.get("RawData") or b""), **STORED.state(item)}
