# SPDX-License-Identifier: GPL-3.0-or-later

"""The metadata documents that the products read of each other, as far as a server that downloads one can tell.

The model downloads by its own state: the name resolves in the zones, a machine of the farm has the address, its web site runs and shows a
certificate that the downloading machine trusts, and the product there has a key to sign with. What a failure says is the text of the
.NET exception behind it (System.Net.WebException).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import dns.message
import dns.name
import dns.rdatatype

from farm.certificates import Issued
from farm.dns.query import answer
from farm.dns.refusal import Refusal
from farm.exchange.organization import Server
from farm.scenario import Host
from farm.state import Farm, Machine

PATHS = {"exchange": "/autodiscover/metadata/json/1", "lync": "/metadata/json/1"}
"""Configure partner applications in Skype for Business Server and Exchange Server: the document of each product."""
WEB_SITE = "W3SVC"


@dataclass(frozen=True)
class Document:
    """What a document says of its product.

    :ivar keys: the thumbprints of the certificates that it lists.
    """

    application_identifier: str
    realm: str
    keys: list[str]


class DownloadError(Exception):
    """The document cannot be had; the message says why, as .NET says it."""


def resolve(farm: Farm, name: str) -> list[str]:
    """The IPv4 addresses of a name, in the farm's DNS.

    :raises DownloadError: where it has none.
    """
    question = dns.message.make_query(name, dns.rdatatype.A)
    response = dns.message.make_response(question)
    try:
        answer(farm.zones, question, response)
    except Refusal:
        pass
    found = [str(data) for rrset in response.answer if rrset.rdtype == dns.rdatatype.A for data in rrset]
    if not found:
        raise DownloadError(f"The remote name could not be resolved: '{name}'")
    return found


def download(farm: Farm, host: Host, url: str, *, trust_any: bool = False) -> Document:
    """Download a document as a host would.

    :param trust_any: whether the host takes any certificate.
    :raises DownloadError: where it cannot.
    """
    parts = urlsplit(url)
    name = (parts.hostname or "").lower()
    if parts.scheme.lower() != "https" or not name:
        raise DownloadError("The URI prefix is not recognized.")
    machine = _find_machine(farm, resolve(farm, name))
    if not trust_any and not _is_trusted(farm, host, machine, name):
        text = "The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel."
        raise DownloadError(text)
    if parts.path.rstrip("/").lower() != PATHS.get(machine.host.role):
        raise DownloadError("The remote server returned an error: (404) Not Found.")
    document = _show_exchange(farm, machine) if machine.host.role == "exchange" else _show_lync(farm, machine)
    if document is None:
        raise DownloadError("The remote server returned an error: (500) Internal Server Error.")
    return document


def _find_machine(farm: Farm, addresses: list[str]) -> Machine:
    """The first machine behind the addresses whose web site runs; a balancer passes on to those behind it."""
    behind = [name for address in addresses for name in farm.scenario.balancers.get(address, [])]
    for machine in farm.machines.values():
        here = machine.host.address in addresses or machine.host.fqdn in behind
        if here and machine.host.fqdn in farm.scenario_hosts and farm.is_running(machine, WEB_SITE):
            return machine
    raise DownloadError("Unable to connect to the remote server")


def _is_trusted(farm: Farm, host: Host, machine: Machine, name: str) -> bool:
    """Whether the certificate of the web site is of the farm's authority, valid by the host's clock, and for the name."""
    shown = _find_web_certificate(farm, machine)
    if shown is None or shown.issuer != farm.authority.issued.subject:
        return False
    valid = shown.not_before <= farm.now_on(host.fqdn) <= shown.not_after
    return valid and any(_matches(known.lower(), name) for known in shown.dns_names)


def _matches(known: str, name: str) -> bool:
    return known == name or (known.startswith("*.") and name.partition(".")[2] == known[2:])


def _find_web_certificate(farm: Farm, machine: Machine) -> Issued | None:
    """Exchange: the one with the service IIS. Lync: the one that is assigned as WebServicesInternal, or else as Default."""
    if machine.host.role == "exchange":
        server = _find_server(farm, machine)
        with_site = [
            thumb for thumb, services in server.services.items() if "IIS" in services.replace(" ", "").split(",")
        ]
        found = [machine.store.get(thumb) for thumb in with_site]
        return next((stored.issued for stored in found if stored), None)
    assigned = farm.store.assigned(machine.host.fqdn)
    entry = assigned.get("WebServicesInternal") or assigned.get("Default")
    return entry[1].issued if entry else None


def _find_server(farm: Farm, machine: Machine) -> Server:
    server = farm.directory.organization(farm.directory.choose_for(machine.host)).server(machine.host.fqdn)
    assert server is not None, machine.host.fqdn
    return server


def _show_exchange(farm: Farm, machine: Machine) -> Document | None:
    """None, which is HTTP 500, where the server has not the certificate that AuthConfig names."""
    organization = farm.directory.organization(farm.directory.choose_for(machine.host))
    auth = organization.auth
    if machine.store.get(auth.current) is None:
        return None
    default = next((domain.name for domain in organization.accepted_domains if domain.default), "")
    keys = [thumb for thumb in (auth.current, auth.next) if thumb]
    return Document(auth.service_name, auth.realm or default, keys)


def _show_lync(farm: Farm, machine: Machine) -> Document | None:
    """None where the computer has no OAuthTokenIssuer certificate."""
    replica = farm.store.replica(machine.host.fqdn)
    assigned = farm.store.assigned(machine.host.fqdn).get("OAuthTokenIssuer")
    if replica is None or assigned is None:
        return None
    content = replica.version.content
    default = next((domain.name for domain in content.sip_domains if domain.default), "")
    keys = [issued.thumbprint for issued in (assigned[1].issued, assigned[1].previous) if issued]
    return Document(content.oauth.service_name, content.oauth.realm or default, keys)
