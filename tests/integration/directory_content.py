# SPDX-License-Identifier: GPL-3.0-or-later
"""What Exchange's setup puts into the configuration partition, as far as clients look for it: written by LDAP, as an administrator."""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import ldap3
from ldap3.utils.dn import escape_rdn

from samba_domain import CONTROLLER, Domain

CONFIGURATION = "CN=Configuration,DC=litwareinc,DC=com"
GROUP = "CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,CN=Litware"
SERVERS = f"CN=Servers,{GROUP},CN=Microsoft Exchange,CN=Services,{CONFIGURATION}"
POINTERS = f"CN=Microsoft Exchange Autodiscover,CN=Services,{CONFIGURATION}"
URL_GUID, POINTER_GUID = "77378F46-2C66-4aa9-A6A6-3E7A48B19596", "67661d7F-8FC4-4fa7-BFAC-E1D7794C1F68"


def name_point(server: str) -> str:
    """Where a server's service connection point is ([MS-OXDISCO], 4.2)."""
    name = str(escape_rdn(server))
    return f"CN={name},CN=Autodiscover,CN=Protocols,CN={name},{SERVERS}"


def name_conflict(server: str) -> str:
    """What another domain controller's object of the same name is called after both have replicated (Microsoft support, 297083)."""
    return name_point(server).replace(",", "\\0ACNF:8bd2b6f0-0c5f-4a37-9a43-8f2f3a3b1d11,", 1)


class Writer:
    """An administrator's session."""

    def __init__(self, connection: ldap3.Connection) -> None:
        self._connection = connection

    def add(self, dn: str, kind: str = "container", **attributes: Any) -> None:
        """An object, and the containers above it that are not there. Exchange's own classes are not in the stock schema."""
        above = re.split(r"(?<!\\),", dn, maxsplit=1)[1]
        if not self._connection.search(above, "(objectClass=*)", ldap3.BASE):
            self.add(above)
        self._connection.add(dn, kind, attributes)
        assert self._connection.result["result"] == 0, (dn, self._connection.result)

    def publish(self, server: str, url: str, sites: Sequence[str] = (), **more: Any) -> str:
        """A server's service connection point."""
        dn = str(more.pop("dn", name_point(server)))
        keywords = [URL_GUID, *(f"Site={site}" for site in sites), *more.pop("keywords", ())]
        bound = {"serviceBindingInformation": url} if url else {}
        names = {"serviceDNSName": server, "serviceClassName": "ms-Exchange-AutoDiscover-Service"}
        self.add(dn, "serviceConnectionPoint", keywords=keywords, **bound, **names, **more)
        return dn

    def point(self, name: str, url: str, *domains: str) -> str:
        """A pointer to another forest, as Export-AutodiscoverConfig makes it."""
        dn = f"CN={name},{POINTERS}"
        keywords = [POINTER_GUID, *(f"Domain={domain}" for domain in domains)]
        self.add(dn, "serviceConnectionPoint", keywords=keywords, serviceBindingInformation=url)
        return dn

    def change(self, dn: str, **attributes: Any) -> None:
        """Replace attributes."""
        self._connection.modify(dn, {name: [(ldap3.MODIFY_REPLACE, value)] for name, value in attributes.items()})
        assert self._connection.result["result"] == 0, (dn, self._connection.result)

    def remove(self, dn: str) -> None:
        """Remove an object."""
        self._connection.delete(dn)
        assert self._connection.result["result"] == 0, (dn, self._connection.result)


@contextlib.contextmanager
def open_writer(domain: Domain) -> Iterator[Writer]:
    """Log on as the domain's administrator."""
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(domain.ca), valid_names=[CONTROLLER])
    user, password = domain.administrator
    connection = ldap3.Connection(
        ldap3.Server(domain.address, 636, use_ssl=True, tls=tls, get_info=ldap3.NONE), user, password, auto_bind=True
    )
    try:
        yield Writer(connection)
    finally:
        connection.unbind()
