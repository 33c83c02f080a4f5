# SPDX-License-Identifier: GPL-3.0-or-later

"""How a server of the farm downloads a metadata document of another one.

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

from farm.dns.query import answer
from farm.dns.refusal import Refusal
from farm.scenario import Host
from farm.state import Farm, Machine
from farm.web.metadata import PATHS, write_document
from farm.web.signing_keys import list_keys
from farm.web.site_certificate import find_site_certificate

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
    machine = find_machine(farm, resolve(farm, name))
    if not trust_any and not is_trusted(farm, host, machine, name):
        text = "The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel."
        raise DownloadError(text)
    if parts.path.rstrip("/").lower() != PATHS.get(machine.host.role):
        raise DownloadError("The remote server returned an error: (404) Not Found.")
    document = write_document(farm, machine.host)
    if document is None:
        raise DownloadError("The remote server returned an error: (500) Internal Server Error.")
    keys = [key.thumbprint for key in list_keys(farm, machine.host)]
    return Document(document["serviceName"], document["realm"], keys)


def find_machine(farm: Farm, addresses: list[str]) -> Machine:
    """The first machine behind the addresses whose web site runs; a balancer passes on to those behind it."""
    behind = [name for address in addresses for name in farm.scenario.balancers.get(address, [])]
    for machine in farm.machines.values():
        here = machine.host.address in addresses or machine.host.fqdn in behind
        if here and machine.host.fqdn in farm.scenario_hosts and farm.is_running(machine, WEB_SITE):
            return machine
    raise DownloadError("Unable to connect to the remote server")


def is_trusted(farm: Farm, host: Host, machine: Machine, name: str) -> bool:
    """Whether the certificate of the web site is of the farm's authority, which the host trusts, valid by its clock, and for the name."""
    shown = find_site_certificate(farm, machine.host)
    if shown is None or not host.trusts_authority or shown.issuer != farm.authority.issued.subject:
        return False
    valid = shown.not_before <= farm.now_on(host.fqdn) <= shown.not_after
    return valid and any(_matches(known.lower(), name) for known in shown.dns_names)


def _matches(known: str, name: str) -> bool:
    return known == name or (known.startswith("*.") and name.partition(".")[2] == known[2:])
