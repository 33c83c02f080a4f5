# SPDX-License-Identifier: GPL-3.0-or-later
"""What the farm tells a host about itself (the answer to ``describe``), as types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wire import namespaces as ns

_SHELLS = {"exchange-endpoint": "exchange", "lync-endpoint": "lync"}


@dataclass(frozen=True)
class User:
    """An account that can log on."""

    name: str
    upn: str
    password: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Endpoint:
    """A session configuration at a path, and who may use it how."""

    path: str
    configuration: str
    profile: str
    schemes: tuple[str, ...]
    listeners: tuple[str, ...]
    allow_unencrypted: bool = False
    allowed_groups: tuple[str, ...] = ()

    @property
    def resource_uri(self) -> str:
        """What a client writes as ResourceURI."""
        return ns.POWERSHELL_URI + self.configuration

    @property
    def shell(self) -> str:
        """Which product's shell it is, as the journal names it."""
        return _SHELLS.get(self.profile, "windows")

    @property
    def is_product(self) -> bool:
        """Whether IIS and a product serve it, rather than WinRM itself."""
        return self.profile in _SHELLS

    def admits(self, groups: tuple[str, ...]) -> bool:
        """Whether a member of the groups may open a shell."""
        mine = {group.casefold() for group in groups}
        return not self.allowed_groups or any(group.casefold() in mine for group in self.allowed_groups)


@dataclass(frozen=True)
class Limits:
    """Quotas of WinRM and of the product's throttling policy."""

    max_shells_per_user: int = 30
    exchange_max_concurrency: int = 18
    idle_timeout: float = 7200.0
    max_envelope_kb: int = 500
    max_commands_per_shell: int = 1000


@dataclass(frozen=True)
class Host:
    """One emulated host."""

    fqdn: str
    short: str
    netbios_domain: str
    users: tuple[User, ...]
    endpoints: tuple[Endpoint, ...]
    limits: Limits
    culture: str = "en-US"
    clock: float = 0.0
    """Seconds by which its clock is ahead of the real one when it starts."""
    cbt: str = "relaxed"


def parse(answer: Mapping[str, Any]) -> Host:
    """The farm's JSON as types."""
    return Host(
        fqdn=answer["fqdn"],
        short=answer["short"],
        netbios_domain=answer["netbios_domain"],
        users=tuple(_user(user) for user in answer["users"]),
        endpoints=tuple(_endpoint(endpoint) for endpoint in answer["endpoints"]),
        limits=Limits(**{k: v for k, v in answer.get("limits", {}).items() if k in Limits.__dataclass_fields__}),
        culture=answer.get("culture") or "en-US",
        clock=float(answer.get("clock") or 0),
        cbt=answer.get("cbt") or "relaxed",
    )


def _user(user: Mapping[str, Any]) -> User:
    return User(user["name"], user.get("upn") or "", user["password"], tuple(user.get("groups", ())))


def _endpoint(endpoint: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        path=endpoint["path"].rstrip("/").lower(),
        configuration=endpoint["configuration"],
        profile=endpoint["profile"],
        schemes=tuple(endpoint["auth"]),
        listeners=tuple(endpoint["listeners"]),
        allow_unencrypted=bool(endpoint.get("allow_unencrypted")),
        allowed_groups=tuple(endpoint.get("allowed_groups", ())),
    )
