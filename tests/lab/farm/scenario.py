# SPDX-License-Identifier: GPL-3.0-or-later

"""A scenario: the farm as it is when the lab starts (tests/lab/scenarios/*.yml; the keys are described in tests/lab/README.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from farm.errors import LabError
from farm.structure import build

FOLDER = Path(__file__).resolve().parent.parent / "scenarios"

HYBRID_FEATURES = (
    "FreeBusy",
    "MoveMailbox",
    "Mailtips",
    "MessageTracking",
    "OwaRedirection",
    "OnlineArchive",
    "SecureMail",
    "Photos",
)
"""What a hybrid configuration captured from a real organization has switched on."""


@dataclass(frozen=True)
class Controller:
    """A domain controller that is not one of the emulated hosts."""

    fqdn: str
    site: str


@dataclass(frozen=True)
class Domain:
    """The Active Directory forest, of one domain.

    :ivar controllers: domain controllers beside the hosts of the role ``dns``.
    :ivar replication_delay: seconds until a write on one domain controller is seen on the others.
    """

    fqdn: str
    netbios: str
    site: str = "Default-First-Site-Name"
    controllers: list[Controller] = field(default_factory=list)
    replication_delay: float = 0.0


@dataclass(frozen=True)
class User:
    """An account of the domain.

    :ivar sensitive: whether it is marked "Account is sensitive and cannot be delegated".
    """

    name: str
    password: str
    groups: list[str] = field(default_factory=list)
    upn: str = ""
    sensitive: bool = False


@dataclass(frozen=True)
class Host:
    """A machine; its role says which product runs there.

    :ivar clock: seconds by which its clock is ahead of the farm's (behind it, where negative).
    :ivar domain_controller: the one that Exchange on it asks by itself; one of its site where nothing is said.
    :ivar oauth_virtual_directories: what its Autodiscover and EWS directories say of OAuth; before 2013 they say nothing.
    :ivar ws_security_virtual_directories: what they say of WS-Security.
    :ivar extended_protection: what their ExtendedProtectionTokenChecking is: None, Allow or Require.
    :ivar restart_pending: whether its application pools still act on what they read before a change.
    :ivar trusts_authority: whether its store of trusted roots has the lab's authority.
    :ivar root_certificates: certificates of the scenario that somebody has put among its trusted roots; one may be there twice.
    :ivar public_roots: how many authorities beside the lab's its trusted roots have, as Windows and a root update bring them.
    :ivar winhttp_proxy: the proxy that ``netsh winhttp set proxy`` wrote.
    :ivar tls_disabled: versions that are switched off by SCHANNEL's settings, such as ``TLS 1.2``.
    :ivar strong_crypto: .NET Framework's SchUseStrongCrypto and SystemDefaultTlsVersions; nothing where neither is set.
    """

    fqdn: str
    role: str
    address: str
    version: str = ""
    build: str = ""
    culture: str = "en-US"
    cbt: str = "relaxed"
    site: str = ""
    clock: float = 0.0
    services: list[str] = field(default_factory=list)
    stopped_services: list[str] = field(default_factory=list)
    domain_controller: str = ""
    autodiscover_uri: str | None = None
    site_scope: list[str] = field(default_factory=list)
    oauth_virtual_directories: bool = True
    ws_security_virtual_directories: bool = True
    extended_protection: str = "None"
    restart_pending: bool = False
    trusts_authority: bool = True
    root_certificates: list[str] = field(default_factory=list)
    public_roots: int = 0
    winhttp_proxy: str = ""
    tls_disabled: list[str] = field(default_factory=list)
    strong_crypto: bool | None = None

    @property
    def short(self) -> str:
        """The machine's NetBIOS name."""
        return self.fqdn.partition(".")[0].upper()


@dataclass(frozen=True)
class PartnerApplication:
    """A partner application, as either product keeps it.

    :ivar certificates: those whose keys Exchange has read of the other side: by their names in a scenario, by their thumbprints then.
    """

    name: str
    application_identifier: str
    metadata_url: str = ""
    realm: str = ""
    enabled: bool = True
    use_auth_server: bool = False
    linked_account: str = ""
    trust_level: str = "Full"
    accept_security_identifiers: bool = False
    certificates: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Recipient:
    """An account or another object with a name in the container Users of the domain.

    :ivar kind: what RecipientType says: User, MailUser, UserMailbox, MailContact, MailUniversalDistributionGroup.
    :ivar roles: the management roles that are assigned to it.
    """

    name: str
    kind: str = "MailUser"
    external_address: str = ""
    hidden: bool = False
    roles: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AcceptedDomain:
    """A domain that the Exchange organization takes mail for."""

    name: str
    default: bool = False
    kind: str = "Authoritative"


@dataclass(frozen=True)
class Hybrid:
    """What the Hybrid Configuration Wizard wrote."""

    domains: list[str]
    smart_host: str = ""
    transport_servers: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=lambda: list(HYBRID_FEATURES))


@dataclass(frozen=True)
class SettingOverride:
    """A setting that an administrator has overridden (New-SettingOverride).

    :ivar parameters: each ``name=value``; ``{NAME}`` in it stands for the thumbprint of a certificate of the scenario.
    :ivar server: the short names of the servers that it is for, as one text; of all servers where nothing is said.
    """

    name: str
    component: str
    section: str
    parameters: list[str] = field(default_factory=list)
    server: str = ""


@dataclass(frozen=True)
class Exchange:
    """The Exchange organization.

    :ivar internal_transport: the certificate that each server uses among its own kind; the first with SMTP that is not the Auth certificate
        where nothing is said.
    :ivar previous_auth_certificate: the one that AuthConfig names as the previous one.
    :ivar mailboxes: the primary addresses of the mailboxes.
    :ivar servers: servers that are in the organization and no emulated host, of the role ``exchange`` or ``edge``.
    :ivar split_permissions: whether it was set up with Active Directory split permissions (farm/exchange/split_permissions.py).
    """

    organization: str
    auth_certificate: str
    next_auth_certificate: str = ""
    previous_auth_certificate: str = ""
    mailboxes: list[str] = field(default_factory=list)
    accepted_domains: list[AcceptedDomain] = field(default_factory=list)
    partner_applications: list[PartnerApplication] = field(default_factory=list)
    certificate_services: dict[str, str] = field(default_factory=dict)
    internal_transport: str = ""
    setting_overrides: list[SettingOverride] = field(default_factory=list)
    recipients: list[Recipient] = field(default_factory=list)
    servers: list[Host] = field(default_factory=list)
    hybrid: Hybrid | None = None
    split_permissions: bool = False


@dataclass(frozen=True)
class Pool:
    """A pool of computers at a site; its kind says which services they run (farm/lync/roles.py)."""

    fqdn: str
    site: str
    computers: list[str]
    database: str = ""
    kind: str = "front_end"


@dataclass(frozen=True)
class TrustedApplicationPool:
    """A pool of computers whose applications Lync trusts; of Exchange servers, for instant messaging in Outlook on the web."""

    fqdn: str
    computers: list[str]


@dataclass(frozen=True)
class SipDomain:
    """A SIP domain of the topology."""

    name: str
    default: bool = False


@dataclass(frozen=True)
class OAuth:
    """The global OAuth settings."""

    realm: str = ""
    service_name: str = "00000004-0000-0ff1-ce00-000000000000"
    exchange_autodiscover_url: str = ""
    exchange_autodiscover_allowed_domains: str = ""
    client_authorization_oauth_server_identity: str = ""
    token_issuer: str = ""


@dataclass(frozen=True)
class Replication:
    """How the Central Management Store reaches its replicas, in seconds of lab time.

    :ivar begins_after: from a write until the Master Replicator takes its snapshot; before that nobody is told to be behind.
    :ivar delay: from then until a replica has it and says so.
    :ivar deploys_after: from then until the replica's scheduled tasks have put a global certificate into the computer's store.
    """

    begins_after: float = 0.0
    delay: float = 2.0
    deploys_after: float = 0.0
    forced_delay: float = 0.5
    stuck: list[str] = field(default_factory=list)
    extra_replicas: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Lync:
    """The Lync / Skype for Business farm.

    :ivar central_management: the pool that has the Central Management Store; the first one where nothing is said.
    :ivar active_master: the computer of that pool that replicates it; the first one where nothing is said.
    :ivar confirm_removal: whether Remove-CsCertificate asks before it takes a certificate that is in use.
    :ivar source_scope: whether Get-CsCertificate says in which scope a certificate is assigned.
    """

    version: str
    build: str
    pools: list[Pool]
    sip_domains: list[SipDomain]
    oauth: OAuth = field(default_factory=OAuth)
    replication: Replication = field(default_factory=Replication)
    partner_applications: list[PartnerApplication] = field(default_factory=list)
    trusted_application_pools: list[TrustedApplicationPool] = field(default_factory=list)
    assigned_certificates: dict[str, dict[str, str]] = field(default_factory=dict)
    central_management: str = ""
    active_master: str = ""
    confirm_removal: bool = False
    source_scope: bool = True

    def pool_of(self, computer: str) -> Pool | None:
        """The pool that a computer belongs to."""
        return next(
            (pool for pool in self.pools if computer.lower() in [name.lower() for name in pool.computers]), None
        )

    @property
    def central_pool(self) -> Pool:
        """The pool that has the Central Management Store."""
        wanted = self.central_management.lower()
        return next((pool for pool in self.pools if pool.fqdn.lower() == wanted), self.pools[0])

    @property
    def master(self) -> str:
        """The computer whose Master Replicator is the active one."""
        return self.active_master or self.central_pool.computers[0]


@dataclass(frozen=True)
class ZoneRecord:
    """A resource record of a zone's first content."""

    name: str
    type: str
    data: str
    ttl: int = 3600


@dataclass(frozen=True)
class Zone:
    """A DNS zone that the domain's DNS servers hold."""

    name: str
    records: list[ZoneRecord] = field(default_factory=list)


@dataclass(frozen=True)
class Certificate:
    """A certificate to issue at start.

    :ivar hosts: the machine stores that hold it.
    :ivar days: its validity relative to now.
    :ivar digest: what it is signed by, ``sha256`` or ``sha1``.
    :ivar provider: who keeps its private key on Windows: a cryptographic service provider (``csp``) or a key storage provider (``cng``).
    :ivar authority: whether it is that of an authority; of one below the lab's, where the lab's has issued it.
    """

    name: str
    subject: str
    hosts: list[str]
    key: str = "rsa-2048"
    issuer: str = "ca"
    days: list[int] = field(default_factory=lambda: [-30, 700])
    usages: list[str] = field(default_factory=lambda: ["server_auth"])
    dns: list[str] = field(default_factory=list)
    friendly_name: str = ""
    private_key: bool = True
    exportable: bool = True
    digest: str = "sha256"
    provider: str = "csp"
    authority: bool = False


@dataclass(frozen=True)
class PfxFile:
    """A PKCS #12 file in the file system of an emulated host."""

    host: str
    path: str
    certificate: str
    password: str


@dataclass(frozen=True)
class Scenario:
    """All of a farm.

    :ivar balancers: by the address of a load balancer, the hosts behind it.
    :ivar inventory: variables for all hosts in the inventory of the lab: what a playbook is to be told about this farm.
    :ivar switches: by name, changes to what the file says otherwise.
    """

    name: str
    description: str
    domain: Domain
    users: list[User]
    hosts: list[Host]
    exchange: Exchange
    lync: Lync
    zones: list[Zone]
    certificates: list[Certificate]
    files: list[PfxFile] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=dict)
    balancers: dict[str, list[str]] = field(default_factory=dict)
    inventory: dict[str, object] = field(default_factory=dict)
    switches: dict[str, object] = field(default_factory=dict)

    def host(self, fqdn: str) -> Host:
        """A host by its name, short or full, in any case."""
        wanted = fqdn.lower()
        for host in self.hosts:
            if wanted in (host.fqdn.lower(), host.short.lower()):
                return host
        raise LabError(f"scenario {self.name} has no host {fqdn}; it has {', '.join(h.fqdn for h in self.hosts)}")

    def machines(self) -> list[Host]:
        """The emulated hosts, and the servers that only the Exchange organization knows."""
        return [*self.hosts, *self.exchange.servers]

    def version_of(self, host: Host) -> str:
        """The version of the product on a host: its own, or the Lync farm's; none on a host without a product."""
        return host.version or (self.lync.version if host.role == "lync" else "")

    def hosts_of(self, role: str) -> list[Host]:
        """The hosts of a role, in the scenario's order."""
        return [host for host in self.hosts if host.role == role]


def names() -> list[str]:
    """The scenarios there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yml"))


def load(name: str) -> Scenario:
    """A scenario by its name, or by the path of a YAML file of one's own; behind a colon, the switches that are on."""
    name, _colon, switches = name.partition(":")
    path = Path(name) if name.endswith((".yml", ".yaml")) else FOLDER / f"{name}.yml"
    if not path.is_file():
        raise LabError(f"no scenario {name!r}; there are {', '.join(names())}")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise LabError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    return build(Scenario, _switch_on(data, [part for part in switches.split(",") if part], path.name), path.name)


def merge(data: Any, changes: Any) -> Any:
    """The data with the changes: of a mapping key by key, of a list with indices as keys entry by entry, anything else as a whole.

    An index behind the end adds an entry.
    """
    if isinstance(data, dict) and isinstance(changes, dict):
        return {**data, **{key: merge(data.get(key), value) for key, value in changes.items()}}
    if isinstance(data, list) and isinstance(changes, dict):
        changed = [merge(entry, changes[index]) if index in changes else entry for index, entry in enumerate(data)]
        return changed + [changes[index] for index in sorted(changes) if index >= len(data)]
    return changes


def _switch_on(data: Any, switches: list[str], place: str) -> Any:
    known = (data.get("switches") or {}) if isinstance(data, dict) else {}
    for switch in switches:
        if switch not in known:
            raise LabError(f"{place}: no switch {switch!r}; there are {', '.join(known) or 'none'}")
        data = merge(data, known[switch])
    return data
