# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cmdlets and pipelines as data: there is no PowerShell text in this collection's modules, so there is nothing to quote."""

from __future__ import annotations

import datetime as dt
import typing as t
import uuid
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import (
    MASK,
    Credential,
    Secret,
    Uri,
    Value,
    decode,
    encode,
)


@dataclass(frozen=True, init=False)
class Cmdlet:
    """A cmdlet's name and its named parameters; a switch is given as ``True``."""

    name: str
    parameters: dict[str, Value]

    def __init__(self, name: str, /, **parameters: Value) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "parameters", parameters)

    def with_parameters(self, **parameters: Value) -> Cmdlet:
        """The same cmdlet with further parameters, which win over those of the same name."""
        return Cmdlet(self.name, **{**self.parameters, **parameters})

    def __str__(self) -> str:
        """As an administrator would type it, secrets masked. For reading only: nothing here is ever sent."""
        return " ".join([self.name, *(_shown(name, value) for name, value in self.parameters.items())])


@dataclass(frozen=True)
class Pipeline:
    """Cmdlets in order, each taking the objects of the one before.

    :ivar write: whether it may change something: a write is never sent twice.
    """

    cmdlets: tuple[Cmdlet, ...]
    write: bool = False

    def __str__(self) -> str:
        return " | ".join(str(cmdlet) for cmdlet in self.cmdlets)

    @property
    def subject(self) -> str:
        """The cmdlet that the pipeline is about: its first."""
        return self.cmdlets[0].name

    def encoded(self) -> dict[str, t.Any]:
        """For the helper's socket."""
        cmdlets = [
            [cmdlet.name, [[name, encode(value)] for name, value in cmdlet.parameters.items()]]
            for cmdlet in self.cmdlets
        ]
        return {"cmdlets": cmdlets, "write": self.write}

    @classmethod
    def decoded(cls, data: dict[str, t.Any]) -> Pipeline:
        """The inverse of :meth:`encoded`."""
        cmdlets = (
            Cmdlet(name, **{key: decode(value) for key, value in parameters}) for name, parameters in data["cmdlets"]
        )
        return cls(tuple(cmdlets), data["write"])


def select(*properties: str) -> Cmdlet:
    """The projection to named properties, done by the server: whole product objects are never sent."""
    return Cmdlet("Select-Object", Property=list(properties))


def _shown(name: str, value: Value) -> str:
    # a switch takes its value after a colon only, and a Boolean needs one: the colon is right for both
    return f"-{name}{':' if isinstance(value, bool) else ' '}{_literal(value)}"


def _literal(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "$null", True: "$true", False: "$false"}[value]
    if isinstance(value, (list, tuple)):
        return ", ".join(_literal(item) for item in value) if value else "@()"
    if isinstance(value, dict):
        return "@{" + "; ".join(f"{key} = {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (Secret, Credential)):
        return MASK if isinstance(value, Secret) else f"'{value.user}'"
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, dt.datetime):
        return f"'{value.astimezone(dt.UTC).isoformat()}'"
    if isinstance(value, dt.timedelta):
        hours, rest = divmod(value.seconds, 3600)
        return f"'{f'{value.days}.' if value.days else ''}{hours:02}:{rest // 60:02}:{rest % 60:02}'"
    if isinstance(value, (str, Uri, uuid.UUID)):
        return "'" + str(value).replace("'", "''") + "'"
    return str(value)
