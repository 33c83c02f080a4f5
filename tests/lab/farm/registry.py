# SPDX-License-Identifier: GPL-3.0-or-later

"""The cmdlets that the farm answers, each declared where it is written: ``@cmdlet("Get-Thing", …)``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psrpcore.types import PSObject

from farm.errors import CmdletError
from farm.exchange.organization import Organization
from farm.scenario import Host
from farm.state import Farm, Machine

if TYPE_CHECKING:
    from farm.rights import Needs

Handler = Callable[["Call"], Iterator[object]]
Emit = Callable[[dict[str, Any]], None]

FAMILIES = ("farm.exchange", "farm.lync", "farm.windows")


@dataclass(frozen=True)
class Remote:
    """An output whose form on the wire is another one than in the server's own process."""

    live: PSObject
    remote: PSObject


@dataclass(frozen=True)
class Cmdlet:
    """A cmdlet of the model: what runs, what it needs, and how it appears in the product's errors."""

    name: str
    handler: Handler
    shell: str
    writes: bool
    needs: Needs
    type_name: str
    prompts: bool = False
    without: tuple[str, ...] = ()
    """Documented parameters that the model knows nothing of: refused, for to ignore them would be to answer another call."""


@dataclass(frozen=True)
class Caller:
    """Who calls, from where."""

    user: str
    groups: frozenset[str]
    delegated: bool
    endpoint: str
    session: str = ""

    @property
    def at_product_endpoint(self) -> bool:
        """Whether the call came in over the product's own endpoint (which acts with the product's rights)."""
        return self.endpoint.rstrip("/").lower() in ("/powershell", "/ocspowershell")

    def member_of(self, *names: str) -> bool:
        """Whether the caller is in one of the groups."""
        return any(name.lower() in self.groups for name in names)


@dataclass
class Call:
    """One call of a cmdlet, bound and allowed."""

    farm: Farm
    host: Host
    caller: Caller
    cmdlet: Cmdlet
    parameters: dict[str, Any]
    emit: Emit
    parameter_set: str = ""
    errors: list[CmdletError] = field(default_factory=list)

    @property
    def machine(self) -> Machine:
        """The machine that the cmdlet runs on."""
        return self.farm.machines[self.host.fqdn]

    @property
    def now(self) -> datetime:
        """The moment by the clock of the machine that the cmdlet runs on."""
        return self.farm.now_on(self.host.fqdn)

    @property
    def controller(self) -> str:
        """The domain controller that answers: the one that the call names, or the host's own."""
        named = self.farm.directory.find(self.text("DomainController") or "")
        return named.fqdn if named else self.farm.directory.choose_for(self.host)

    @property
    def organization(self) -> Organization:
        """The Exchange organization as that domain controller has it."""
        return self.farm.directory.organization(self.controller)

    @property
    def what_if(self) -> bool:
        """Whether the cmdlet only says what it would do."""
        return bool(self.parameters.get("WhatIf"))

    def bound(self, name: str) -> bool:
        """Whether a parameter was given, be it as null."""
        return name in self.parameters

    def text(self, name: str) -> str | None:
        """A parameter as text; nothing where it is null or was not given."""
        value = self.parameters.get(name)
        return None if value is None else str(value)

    def texts(self, name: str) -> list[str]:
        """A parameter that takes one or many, as a list of texts."""
        value = self.parameters.get(name)
        if value is None:
            return []
        return [str(entry) for entry in _many(value)]

    def changed(self, name: str, there: list[str]) -> list[str]:
        """A multi-valued property after the parameter: its values instead of those ``there``, or a hashtable's changes to them."""
        value = self.parameters.get(name)
        if not isinstance(value, dict):
            return self.texts(name)
        changes = {str(key).lower(): [str(item) for item in _many(entry)] for key, entry in value.items()}
        gone = {item.casefold() for item in changes.get("remove", [])}
        left = [item for item in changes.get("replace", there) if item.casefold() not in gone]
        known = {item.casefold() for item in left}
        return left + [item for item in changes.get("add", []) if item.casefold() not in known]

    def switch(self, name: str) -> bool:
        """A switch, or a Boolean."""
        return bool(self.parameters.get(name))

    def secret(self, name: str) -> str | None:
        """A SecureString's text (or a plain password, where the product takes one)."""
        value = self.parameters.get(name)
        if isinstance(value, dict) and "$secure" in value:
            return str(value["$secure"])
        return self.text(name)

    def warning(self, text: str) -> None:
        """Write to the warning stream."""
        self.emit({"warning": text})

    def error(self, error: CmdletError) -> None:
        """Write to the error stream and go on."""
        self.errors.append(error)
        self.emit({"error": error.record.wire()})


REGISTRY: dict[str, Cmdlet] = {}


def _many(value: Any) -> list[Any]:
    """One or many, as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def cmdlet(
    name: str,
    needs: Needs,
    *,
    type_name: str,
    writes: bool = False,
    prompts: bool = False,
    without: tuple[str, ...] = (),
) -> Callable[[Handler], Handler]:
    """Declare the function that answers a cmdlet.

    ``type_name`` is the .NET class behind it (it ends the FullyQualifiedErrorId), ``prompts`` says that it asks for
    confirmation unless it is told not to, ``without`` names the parameters that are not modelled.
    """

    def declare(handler: Handler) -> Handler:
        REGISTRY[name.lower()] = Cmdlet(name, handler, needs.shell, writes, needs, type_name, prompts, without)
        return handler

    return declare


def alias(name: str, of: str, *, type_name: str) -> None:
    """Declare a cmdlet that answers as another one does, under its own name."""
    REGISTRY[name.lower()] = replace(REGISTRY[of.lower()], name=name, type_name=type_name)


def load() -> dict[str, Cmdlet]:
    """Every cmdlet of the model."""
    for family in FAMILIES:
        package = importlib.import_module(family)
        for module in pkgutil.iter_modules(package.__path__, f"{family}."):
            importlib.import_module(module.name)
    return REGISTRY
