# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a token that a Lync front end signs lets it write to a mailbox: certificates, addresses, partner applications and realms.

The way is the one of the LS Storage Service: it finds the mailbox by Autodiscover at ExchangeAutodiscoverUrl, shows its token there and
at EWS, and Exchange looks the issuer up among its partner applications (integrate-with-exchange, configure-partner-applications). What
each obstacle looks like is from administrators' reports and from Microsoft's support pages, as far as a comment says so; which of
several obstacles shows first is a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from farm.certificates import Issued
from farm.exchange.organization import Organization
from farm.scenario import Host, PartnerApplication
from farm.state import Farm
from farm.web.challenge import list_trusted
from farm.web.download import DownloadError, resolve
from farm.web.identities import EXCHANGE, LYNC, content_of, lync_realm, organization_of
from farm.web.pages import SERVICES
from farm.web.signing_keys import find_signer
from farm.web.site_certificate import find_site_certificate

SKEW = 300.0
"""Seconds by which two clocks may differ (RFC 7519 section 4.1.4: a few minutes)."""
AUTODISCOVERY, STORE = 32054, 32053
"""Events of the LS Storage Service."""


@dataclass(frozen=True)
class Refusal:
    """What keeps the front end out.

    :ivar status: the HTTP status; 0 where no answer came.
    :ivar event: the event that the LS Storage Service writes.
    """

    reason: str
    status: int = 0
    event: int = AUTODISCOVERY


@dataclass
class Way:
    """The way of one request, as far as it has come.

    :ivar exchange: the server that the Autodiscover name leads to.
    """

    farm: Farm
    lync: Host
    address: str
    name: str = ""
    exchange: Host | None = None
    signer: Issued | None = None
    applications: list[PartnerApplication] = field(default_factory=list)

    @property
    def server(self) -> Host:
        """The server, once it is found."""
        assert self.exchange is not None
        return self.exchange

    @property
    def organization(self) -> Organization:
        """The organization as that server has it."""
        return organization_of(self.farm, self.server)


Obstacle = Callable[[Way], "str | Refusal | None"]


def find_refusal(farm: Farm, lync: Host, address: str) -> Refusal | None:
    """What keeps a front end from writing to the mailbox of an address; nothing where it may."""
    way = Way(farm, lync, address.lower())
    for obstacle in OBSTACLES:
        if found := obstacle(way):
            return found if isinstance(found, Refusal) else Refusal(found)
    return None


def find_hosts(farm: Farm, name: str, role: str) -> list[Host]:
    """The hosts of a role that a name leads to."""
    try:
        found = resolve(farm, name)
    except DownloadError:
        return []
    return [host for host in farm.scenario.hosts_of(role) if host.address in found]


def list_known_keys(application: PartnerApplication) -> list[str]:
    """The thumbprints of the certificates by which Exchange knows an application: those that it has read."""
    return list(application.certificates)


def _check_signer(way: Way) -> str | None:
    way.signer = find_signer(way.farm, way.lync)
    return None if way.signer else "No OAuthTokenIssuer certificate with a private key was found on this computer."


def _check_partner_in_lync(way: Way) -> str | None:
    partners = content_of(way.farm, way.lync).partner_applications
    if any(entry.application_identifier == EXCHANGE and entry.enabled for entry in partners):
        return None
    return f"No partner application with the identifier {EXCHANGE} is configured."


def _check_url(way: Way) -> str | None:
    url = content_of(way.farm, way.lync).oauth.exchange_autodiscover_url
    way.name, _slash, path = url.partition("://")[2].partition("/")
    way.name = way.name.partition(":")[0].lower()
    if not url:
        return "ExchangeAutodiscoverUrl is not set."
    return None if f"/{path}".lower() == SERVICES[0] else f"GetUserSettings failed, Autodiscover Uri={url}"


def _check_proxy(way: Way) -> str | None:
    # adam-hand.com: "The request was aborted: The request was canceled", code=ErrorEwsAutodiscover
    if not way.lync.winhttp_proxy:
        return None
    return f"The request was aborted: The request was canceled. Autodiscover WebProxy={way.lync.winhttp_proxy}"


def _check_name(way: Way) -> str | None:
    hosts = find_hosts(way.farm, way.name, "exchange")
    way.exchange = hosts[0] if hosts else None
    return None if hosts else f"The remote name could not be resolved: '{way.name}'"


def _check_tls(way: Way) -> str | None:
    offered = [version for version in list_protocols(way.lync) if version in list_protocols(way.server)]
    return None if offered else "The underlying connection was closed: An unexpected error occurred on a send."


def list_protocols(host: Host) -> list[str]:
    """The versions of TLS that .NET programs of a host speak.

    "Transport Layer Security (TLS) best practices with the .NET Framework": without SystemDefaultTlsVersions and SchUseStrongCrypto,
    programs made for .NET Framework 4.5 offer TLS 1.0 only. That both products are such programs is a guess.
    """
    spoken = ("TLS 1.0",) if host.strong_crypto is False else ("TLS 1.0", "TLS 1.1", "TLS 1.2")
    return [version for version in spoken if version not in host.tls_disabled]


def _check_certificate(way: Way) -> str | None:
    issued = find_site_certificate(way.farm, way.server)
    names = [name.lower() for name in issued.dns_names] if issued else []
    covered = way.name in names or f"*.{way.name.partition('.')[2]}" in names
    trusted = issued is not None and (way.lync.trusts_authority or issued.issuer == issued.subject)
    now = way.farm.now_on(way.lync.fqdn)
    if issued and covered and trusted and issued.not_before <= now <= issued.not_after:
        return None
    return (
        "The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel. ---> "
        "System.Security.Authentication.AuthenticationException: The remote certificate is invalid according to the validation procedure."
    )


def _check_extended_protection(way: Way) -> Refusal | None:
    # Exchange's own documentation of Extended Protection: with Require, a request whose channel binding is missing is refused
    # with 401. That a bearer token counts as one is a guess.
    server = way.organization.server(way.server.fqdn)
    flags = server.directories.values() if server else ()
    required = any(directory.extended_protection == "Require" for directory in flags)
    return Refusal("The remote server returned an error: (401) Unauthorized.", 401) if required else None


def _check_directories(way: Way) -> Refusal | None:
    # code=ErrorIncorrectExchangeServerVersion, reason=GetUserSettings failed, with 401 (Microsoft's support page on wildcards has it)
    server = way.organization.server(way.server.fqdn)
    accepted = server is not None and all(directory.oauth for directory in server.directories.values())
    return None if accepted else Refusal("The remote server returned an error: (401) Unauthorized.", 401)


def _check_issuer(way: Way) -> Refusal | None:
    issuer = f"{LYNC}@{lync_realm(content_of(way.farm, way.lync))}"
    if issuer.lower() not in [entry.lower() for entry in list_trusted(way.farm, way.server)]:
        return Refusal(f"The issuer '{issuer}' is not trusted. (401) Unauthorized.", 401)
    applications = way.organization.partner_applications
    way.applications = [entry for entry in applications if entry.application_identifier == LYNC and entry.enabled]
    return None


def _check_key(way: Way) -> Refusal | None:
    """That Exchange takes no token whose certificate has expired is what administrators tell; with which words, a guess."""
    known = {key for entry in way.applications for key in list_known_keys(entry)}
    now = way.farm.now_on(way.server.fqdn)
    if way.signer and way.signer.thumbprint in known and now <= way.signer.not_after:
        return None
    return Refusal("The token has an invalid signature. (401) Unauthorized.", 401)


def _check_clocks(way: Way) -> Refusal | None:
    skew = abs((way.farm.now_on(way.lync.fqdn) - way.farm.now_on(way.server.fqdn)).total_seconds())
    return Refusal("The token has expired or is not yet valid. (401) Unauthorized.", 401) if skew > SKEW else None


def _check_domain(way: Way) -> Refusal | None:
    """A domain that is accepted by a wildcard only is no tenant (Microsoft's support page on wildcards in AcceptedDomains entries)."""
    domain = way.address.partition("@")[2]
    if domain in [entry.name.lower() for entry in way.organization.accepted_domains]:
        return None
    reason = f"The tenant for tenant guid '{domain}' does not exist."
    return Refusal(f'{reason} error_category="invalid_tenant". (401) Unauthorized.', 401)


def _check_mailbox(way: Way) -> Refusal | None:
    if way.address in way.farm.mailboxes:
        return None
    return Refusal(f"The SMTP address {way.address} has no mailbox associated with it.", 200, STORE)


def _check_account(way: Way) -> Refusal | None:
    """The linked account carries the roles UserApplication and ArchiveApplication (Configure-EnterprisePartnerApplication.ps1)."""
    if any(entry.linked_account for entry in way.applications):
        return None
    return Refusal("The caller has not been assigned any RBAC roles. (403) Forbidden.", 403, STORE)


def check_services(way: Way) -> Iterator[str]:
    """The services that have to run for it, on either side."""
    for host, service in ((way.lync, "RTCSRV"), (way.server, "W3SVC")):
        if not way.farm.is_running(way.farm.machine(host.fqdn), service):
            yield f"{host.fqdn}: {service}"


def _check_services(way: Way) -> str | None:
    return "Unable to connect to the remote server" if next(check_services(way), None) else None


OBSTACLES: tuple[Obstacle, ...] = (
    _check_signer,
    _check_partner_in_lync,
    _check_url,
    _check_proxy,
    _check_name,
    _check_services,
    _check_tls,
    _check_certificate,
    _check_extended_protection,
    _check_directories,
    _check_issuer,
    _check_key,
    _check_clocks,
    _check_domain,
    _check_mailbox,
    _check_account,
)
"""In the order in which a request meets them."""
