# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the snapshots show, typed: the farm as the rules see it. ``None`` stands for what was not read."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import (
    Certificate,
    read_certificate,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import host_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import names_of, takes_part
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.snapshot import PRODUCTS, VERSION
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import (
    Assigned,
    find_own,
    read_assignment,
)

Facts = dict[str, t.Any]
TOKEN_ISSUER = "OAuthTokenIssuer"


class ObservationError(ValueError):
    """A snapshot that is none; the message names the place."""


@dataclass(frozen=True)
class Store:
    """One server's certificates by thumbprint, or why they are not known.

    :ivar host: the name under which findings show the server.
    """

    host: str
    certificates: dict[str, Certificate]
    error: str | None = None


@dataclass(frozen=True)
class Unread:
    """A part that could not be read: what happened, where, and what to do about it.

    :ivar host: the server that was asked: the host itself, or the one that it asked from the controller.
    """

    host: str
    what: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Organization:
    """Exchange, as the host tells that speaks for it.

    :ivar servers: those that take part.
    :ivar others: those that do not.
    :ivar partner_accounts: the accounts that partner applications for Lync act as.
    :ivar described_account: the one that the description names, by the identity that Exchange gives it.
    :ivar script_account: that of Microsoft's script, where no application has one and it could not be created.
    :ivar setting_overrides: what administrators have overridden; None too where the account may not read it.
    :ivar service_connection_points: what Active Directory itself has of them, as ``autodiscover_scp_info`` returns it.
    """

    host: str
    servers: list[Facts] | None
    others: list[Facts]
    accepted_domains: list[Facts] | None
    auth_config: Facts | None
    client_access: list[Facts] | None
    hybrid_configuration: Facts | None
    virtual_directories: dict[str, list[Facts]] | None
    partner_applications: list[Facts] | None
    partner_accounts: list[Facts]
    described_account: Facts | None
    script_account: Facts | None
    setting_overrides: list[Facts] | None
    service_connection_points: Facts | None
    offered: frozenset[str] | None
    read: frozenset[str]

    def is_other(self, name: str) -> bool:
        """Whether a server takes no part, though it is in the organisation."""
        wanted = name.strip().rstrip(".").casefold()
        return any(wanted in names_of(server) for server in self.others)

    def find_server(self, name: str) -> Facts | None:
        """The server of this name, among those that take part."""
        wanted = name.strip().rstrip(".").casefold()
        return next((server for server in self.servers or () if wanted in names_of(server)), None)


@dataclass(frozen=True)
class ExchangeHost:
    """One Exchange host of the inventory.

    :ivar server: the name under which findings show it.
    :ivar served: what its web site showed for each name: a certificate, or an error.
    :ivar metadata: its metadata document, as trust_info returns it.
    :ivar challenge: whom it trusts, as trust_info returns it.
    :ivar machine: what the machine itself tells, where it was asked.
    :ivar partner_documents: what keeps the machine from the documents of its partner applications, where it was asked.
    """

    host: str
    server: str
    service_health: list[Facts] | None
    served: dict[str, Certificate | str]
    metadata: Facts | None = None
    challenge: Facts | None = None
    machine: Facts | None = None
    partner_documents: list[Facts] | None = None


@dataclass(frozen=True)
class Deployment:
    """Lync, as the host tells that speaks for it.

    :ivar trusted_application_computers: the computers whose applications Lync trusts; None too where the account may not read them.
    """

    host: str
    computer: str
    pools: list[Facts] | None
    sip_domains: list[Facts] | None
    oauth_configuration: Facts | None
    replicas: list[Facts] | None
    version: Facts | None
    pfx: Facts | None
    partner_applications: list[Facts] | None
    trusted_application_computers: list[Facts] | None
    offered: frozenset[str] | None

    @property
    def realm(self) -> str | None:
        """By which Lync names itself in tokens: that of its OAuth configuration, or its default SIP domain. None if not read."""
        if self.oauth_configuration is None or self.sip_domains is None:
            return None
        default = next((str(domain["name"]) for domain in self.sip_domains if domain["default"]), "")
        return str(self.oauth_configuration["realm"] or default)


@dataclass(frozen=True)
class FrontEnd:
    """One Front End Server or Director of the inventory."""

    host: str
    computer: str
    assigned: tuple[Assigned, ...] | None
    store: Store | None
    windows_services: list[Facts] | None
    central_management: Facts | None
    local_oauth_configuration: Facts | None
    metadata: Facts | None = None
    machine: Facts | None = None
    partner_documents: list[Facts] | None = None
    global_issuers: tuple[Assigned, ...] | None = None

    @property
    def used_issuers(self) -> tuple[Assigned, ...]:
        """The assignments of the OAuthTokenIssuer certificate that the computer goes by: its own hides the global one."""
        return tuple(item for item in self.assigned or () if item.use == TOKEN_ISSUER)

    @property
    def token_issuers(self) -> tuple[Assigned, ...]:
        """The global ones, as the computer's replica has them."""
        return self.global_issuers or ()

    @property
    def own_issuers(self) -> tuple[Assigned, ...]:
        """The computer's own ones."""
        return tuple(find_own(self.used_issuers, self.global_issuers))

    @property
    def default(self) -> str:
        """The thumbprint of the certificate that is assigned as Default; empty where none is."""
        return next((item.thumbprint for item in self.assigned or () if item.use == "Default"), "")


@dataclass(frozen=True)
class Names:
    """The DNS: the asked names, as ``dns_info`` returns them.

    :ivar host: the host that speaks for it, or the DNS server that was asked from the controller.
    """

    host: str
    names: dict[str, Facts] | None
    zones: list[Facts] | None
    offered: frozenset[str] | None


@dataclass(frozen=True)
class Farm:
    """Everything that was read."""

    hosts: frozenset[str]
    organization: Organization | None = None
    exchange_hosts: list[ExchangeHost] = field(default_factory=list)
    exchange_stores: list[Store] = field(default_factory=list)
    deployment: Deployment | None = None
    front_ends: list[FrontEnd] = field(default_factory=list)
    dns: Names | None = None
    unread: list[Unread] = field(default_factory=list)
    clocks: dict[str, float] = field(default_factory=dict)


def read_farm(snapshots: Sequence[t.Any]) -> Farm:
    """The farm that the snapshots show.

    :raises ObservationError: for what is no snapshot, or one of another version.
    """
    read = [_read_snapshot(item, f"snapshots[{index}]") for index, item in enumerate(snapshots)]
    exchange = [(host, parts["exchange"]) for host, parts, _item in read if "exchange" in parts]
    lync = [(host, parts["lync"]) for host, parts, _item in read if "lync" in parts]
    organization = next((_read_organization(host, parts) for host, parts in exchange if "offered" in parts), None)
    taking_part = [item for item in exchange if organization is None or not organization.is_other(item[0])]
    return Farm(
        hosts=frozenset(host for host, _parts, _item in read),
        organization=organization,
        exchange_hosts=[_read_exchange_host(host, parts, organization) for host, parts in taking_part],
        exchange_stores=list(_read_exchange_stores(taking_part, organization)),
        deployment=next((_read_deployment(host, parts) for host, parts in lync if "pools" in parts), None),
        front_ends=[_read_front_end(host, parts) for host, parts in lync],
        dns=next((_read_names(host, parts["dns"]) for host, parts, _item in read if "dns" in parts), None),
        unread=[_read_unread(host, entry) for host, _parts, item in read for entry in item.get("unread") or ()],
        clocks={
            host: float(item["clock_offset"]) for host, _parts, item in read if item.get("clock_offset") is not None
        },
    )


Snapshot = tuple[str, dict[str, Facts], Mapping[str, t.Any]]


def _read_snapshot(item: object, where: str) -> Snapshot:
    if not isinstance(item, Mapping) or not isinstance(item.get("products"), Mapping):
        raise ObservationError(f"{where} is not a snapshot: pass what farm_info returns as snapshot.")
    if item.get("version") != VERSION:
        raise ObservationError(f"{where} has version {item.get('version')}; this release reads version {VERSION}.")
    if not item.get("host"):
        raise ObservationError(f"{where} has no host.")
    return (
        str(item["host"]),
        {name: dict(item["products"][name]) for name in PRODUCTS if name in item["products"]},
        item,
    )


def _read_unread(host: str, entry: Mapping[str, t.Any]) -> Unread:
    asked = (entry.get("error") or {}).get("host") or host
    return Unread(str(asked), str(entry.get("what")), str(entry.get("message")), str(entry.get("remedy") or ""))


def _read_organization(host: str, parts: Facts) -> Organization:
    servers = parts.get("servers")
    return Organization(
        host=host,
        servers=None if servers is None else [server for server in servers if takes_part(server)],
        others=[server for server in servers or () if not takes_part(server)],
        accepted_domains=parts.get("accepted_domains"),
        auth_config=parts.get("auth_config"),
        client_access=parts.get("client_access"),
        hybrid_configuration=parts.get("hybrid_configuration"),
        virtual_directories=parts.get("virtual_directories"),
        partner_applications=parts.get("partner_applications"),
        partner_accounts=list(parts.get("partner_accounts") or ()),
        described_account=parts.get("described_account"),
        script_account=parts.get("script_account"),
        setting_overrides=parts.get("setting_overrides"),
        service_connection_points=parts.get("service_connection_points"),
        offered=_read_set(parts.get("offered")),
        read=frozenset(parts),
    )


def _read_exchange_host(host: str, parts: Facts, organization: Organization | None) -> ExchangeHost:
    server = organization.find_server(host) if organization else None
    served = {
        str(item["name"]): read_certificate(item["certificate"]) if item["certificate"] else str(item["error"])
        for item in parts.get("served_certificates") or ()
    }
    return ExchangeHost(
        host=host,
        server=host_name(server) if server else host,
        service_health=parts.get("service_health"),
        served=served,
        metadata=parts.get("metadata"),
        challenge=parts.get("challenge"),
        machine=parts.get("machine"),
        partner_documents=parts.get("partner_documents"),
    )


def _read_exchange_stores(exchange: list[tuple[str, Facts]], organization: Organization | None) -> t.Iterator[Store]:
    """Each server's store once, under the server's own name. A host that is no server of the organisation's list keeps its own."""
    for _host, parts in exchange:
        for found in [*(parts.get("certificates") or ()), *(parts.get("other_certificates") or ())]:
            server = organization.find_server(found["host"]) if organization else None
            yield _read_store(
                host_name(server) if server else str(found["host"]), found["certificates"], found["error"]
            )


def _read_store(host: str, certificates: Sequence[Mapping[str, t.Any]], error: str | None = None) -> Store:
    read = [read_certificate(item) for item in certificates]
    return Store(host, {item.thumbprint: item for item in read}, error)


def _read_deployment(host: str, parts: Facts) -> Deployment:
    return Deployment(
        host=host,
        computer=str(parts.get("computer") or host),
        pools=parts.get("pools"),
        sip_domains=parts.get("sip_domains"),
        oauth_configuration=parts.get("oauth_configuration"),
        replicas=parts.get("replicas"),
        version=parts.get("version"),
        pfx=parts.get("pfx"),
        partner_applications=parts.get("partner_applications"),
        trusted_application_computers=parts.get("trusted_application_computers"),
        offered=_read_set(parts.get("offered")),
    )


def _read_front_end(host: str, parts: Facts) -> FrontEnd:
    store, shown = parts.get("store"), parts.get("assigned")
    assigned = None if shown is None else tuple(map(read_assignment, shown))
    return FrontEnd(
        host=host,
        computer=str(parts.get("computer") or host),
        assigned=assigned,
        store=None if store is None else _read_store(str(parts.get("computer") or host), store),
        windows_services=parts.get("windows_services"),
        central_management=parts.get("central_management"),
        local_oauth_configuration=parts.get("local_oauth_configuration"),
        metadata=parts.get("metadata"),
        machine=parts.get("machine"),
        partner_documents=parts.get("partner_documents"),
        global_issuers=_read_global_issuers(parts, assigned),
    )


def _read_global_issuers(parts: Facts, assigned: tuple[Assigned, ...] | None) -> tuple[Assigned, ...] | None:
    """None where they are not known: a snapshot of an earlier release has none, and an assignment of the computer's own hides them."""
    if parts.get("global_token_issuers") is not None:
        return tuple(map(read_assignment, parts["global_token_issuers"]))
    used = [item for item in assigned or () if item.use == TOKEN_ISSUER]
    return None if assigned is None or find_own(used, None) else tuple(used)


def _read_names(host: str, parts: Facts) -> Names:
    names = parts.get("names")
    return Names(
        host=str(parts.get("server") or host),
        names=None if names is None else {str(item["name"]): item for item in names},
        zones=parts.get("zones"),
        offered=_read_set(parts.get("offered")),
    )


def _read_set(names: Sequence[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
