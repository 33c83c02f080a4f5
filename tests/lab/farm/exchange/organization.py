# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of the Exchange organization: what Active Directory's configuration partition holds of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

from farm.certificates import Issued
from farm.errors import LabError
from farm.scenario import (
    AcceptedDomain,
    Host,
    Hybrid,
    PartnerApplication,
    Recipient,
    Scenario,
    SettingOverride,
)

AUTH = "CN=Auth Configuration"
"""The name of the authorization configuration among the organization's parts."""

PARTNERS = "CN=Partner Applications"
RECIPIENTS = "CN=Users"

T = TypeVar("T", PartnerApplication, Recipient)


class Folder(Generic[T]):
    """Objects of the directory by name, each an attribute, so that each travels by itself; one that was removed is None."""

    def __init__(self, entries: Iterable[T] = ()) -> None:
        for entry in entries:
            setattr(self, entry.name.lower(), entry)

    def __iter__(self) -> Iterator[T]:
        return (entry for entry in vars(self).values() if entry is not None)

    def find(self, name: str) -> T | None:
        """An object by its name, in any case."""
        return vars(self).get(name.lower())


DIRECTORIES = ("Autodiscover", "EWS")


@dataclass(frozen=True)
class VirtualDirectory:
    """How a virtual directory lets clients in."""

    oauth: bool = True
    ws_security: bool = True
    extended_protection: str = "None"


@dataclass
class Server:
    """An Exchange server, with its service connection point for Autodiscover and its virtual directories.

    :ivar services: by thumbprint, what its certificates are used for.
    :ivar internal_transport: the certificate that it shows to the other servers when it hands on mail (msExchServerInternalTLSCert).
    """

    host: Host
    autodiscover_uri: str | None
    site_scope: list[str]
    changed: datetime
    services: dict[str, str] = field(default_factory=dict)
    internal_transport: str = ""
    directories: dict[str, VirtualDirectory] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The server's name in the organization."""
        return self.host.short

    @property
    def is_edge(self) -> bool:
        """Whether it is an Edge Transport server, which has no mailboxes and no Client Access services."""
        return self.host.role == "edge"

    @property
    def is_e15(self) -> bool:
        """Whether it is of 2013 or later: those have OAuth between servers."""
        return int(self.host.build.partition(".")[0]) >= 15


@dataclass
class AuthConfig:
    """The organization's authorization configuration."""

    current: str
    previous: str = ""
    next: str = ""
    next_effective: datetime | None = None
    realm: str = ""
    service_name: str = "00000002-0000-0ff1-ce00-000000000000"


Part = Server | AuthConfig | Folder[PartnerApplication] | Folder[Recipient]


@dataclass
class Organization:
    """The organization and its servers."""

    name: str
    domain: str
    created: datetime
    servers: list[Server]
    auth: AuthConfig
    accepted_domains: list[AcceptedDomain]
    partner_applications: Folder[PartnerApplication]
    recipients: Folder[Recipient]
    hybrid: Hybrid | None = None
    setting_overrides: list[SettingOverride] = field(default_factory=list)

    @classmethod
    def create(cls, scenario: Scenario, certificates: Mapping[str, Issued]) -> Organization:
        """The organization as the scenario describes it."""
        now = datetime.now(UTC)
        wanted = scenario.exchange
        if wanted.auth_certificate not in certificates:
            raise LabError(
                f"scenario {scenario.name} has no certificate {wanted.auth_certificate!r} (exchange.auth_certificate)"
            )
        services = {certificates[name].thumbprint: text for name, text in wanted.certificate_services.items()}
        before = wanted.previous_auth_certificate
        following = certificates[wanted.next_auth_certificate].thumbprint if wanted.next_auth_certificate else ""
        return cls(
            name=wanted.organization,
            domain=scenario.domain.fqdn,
            created=now,
            servers=[
                Server(
                    host,
                    host.autodiscover_uri,
                    list(host.site_scope),
                    now,
                    dict(services),
                    _find_internal_transport(scenario, certificates, host),
                    _make_directories(host),
                )
                for host in [*scenario.hosts_of("exchange"), *wanted.servers]
            ],
            auth=AuthConfig(
                certificates[wanted.auth_certificate].thumbprint,
                previous=certificates[before].thumbprint if before else "",
                next=following,
            ),
            accepted_domains=list(wanted.accepted_domains),
            partner_applications=Folder(
                replace(entry, certificates=[certificates[name].thumbprint for name in entry.certificates])
                for entry in wanted.partner_applications
            ),
            recipients=Folder([*(Recipient(user.name, "User") for user in scenario.users), *wanted.recipients]),
            hybrid=wanted.hybrid,
            setting_overrides=[_fill_in(entry, certificates) for entry in wanted.setting_overrides],
        )

    def server(self, identity: str) -> Server | None:
        """A server by its name, full name or distinguished name."""
        wanted = identity.lower()
        for server in self.servers:
            if wanted in (server.name.lower(), server.host.fqdn.lower(), self.server_dn(server).lower()):
                return server
        return None

    @property
    def client_access_servers(self) -> list[Server]:
        """The servers with Client Access services: all but Edge."""
        return [server for server in self.servers if not server.is_edge]

    def part(self, name: str) -> Part:
        """A part of the organization that can be written: a server by its name, the authorization configuration, or a folder."""
        parts: dict[str, Part] = {AUTH: self.auth, PARTNERS: self.partner_applications, RECIPIENTS: self.recipients}
        found = parts.get(name) or self.server(name)
        assert found is not None, name
        return found

    @property
    def root(self) -> str:
        """The distinguished name of the domain."""
        return ",".join(f"DC={part}" for part in self.domain.split("."))

    @property
    def dn(self) -> str:
        """The organization's distinguished name."""
        return f"CN={self.name},CN=Microsoft Exchange,CN=Services,CN=Configuration,{self.root}"

    def server_dn(self, server: Server) -> str:
        """A server's distinguished name."""
        group = "CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups"
        return f"CN={server.name},CN=Servers,{group},{self.dn}"


def _find_internal_transport(scenario: Scenario, certificates: Mapping[str, Issued], host: Host) -> str:
    """The thumbprint of the certificate that a server uses among its own kind; none where it has no certificate for SMTP."""
    wanted = scenario.exchange
    here = {each.name for each in scenario.certificates if host.fqdn in each.hosts}
    with_smtp = [
        name
        for name, services in wanted.certificate_services.items()
        if "SMTP" in services.split(", ") and name in here
    ]
    other = next((name for name in with_smtp if name != wanted.auth_certificate), "")
    name = wanted.internal_transport or other
    return certificates[name].thumbprint if name else ""


def _fill_in(override: SettingOverride, certificates: Mapping[str, Issued]) -> SettingOverride:
    """The override with the thumbprints of the certificates that its parameters name in braces."""
    filled = []
    for parameter in override.parameters:
        for name in re.findall(r"\{([^{}]+)\}", parameter):
            if name not in certificates:
                raise LabError(f"setting override {override.name}: there is no certificate {name}")
            parameter = parameter.replace(f"{{{name}}}", certificates[name].thumbprint)
        filled.append(parameter)
    return replace(override, parameters=filled)


def _make_directories(host: Host) -> dict[str, VirtualDirectory]:
    """The virtual directories of a server; 2010 does not have the property that OAuth is switched on by."""
    made = VirtualDirectory(
        host.oauth_virtual_directories and not host.build.startswith("14."),
        host.ws_security_virtual_directories,
        host.extended_protection,
    )
    return dict.fromkeys(DIRECTORIES, made)
