# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate that each Exchange server shows to the others when it hands on mail, while another certificate is made.

``New-ExchangeCertificate -Force`` puts the new certificate in its place: SMTP is enabled for each new one, and ``-Force`` says yes to the
question about it. The Auth certificate needs SMTP, so that the transport service can read its key; setup's own has it too. The displaced
certificate is put back right afterwards. The new certificate carries its thumbprint in the friendly name from the first moment on. If a run
is killed in between, the next one finds an Auth certificate in that place, and reads in its name what belongs there.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import SHELL, Directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import Facts
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.serialization_data import (
    read_serialized_facts,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import normalize_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Family, Property, Table

READ = "Get-TransportService"
_TRANSPORT = Family(
    Cmdlet(READ),
    Table(
        Property("name", "Name"), Property("thumbprint", "InternalTransportCertificateThumbprint", Thumbprint(none=""))
    ),
)
_RECORD = re.compile(r"Exchange Auth \(SMTP: ([0-9A-F]{40})\)")
_FRONT_END = re.compile(r"/W3SVC/1(?:/|$)", re.IGNORECASE)


def name_new_certificate(internal_transport: str) -> str:
    """The friendly name of a new Auth certificate, with what it displaces; Exchange takes fewer than 64 characters."""
    return f"Exchange Auth (SMTP: {internal_transport})"


def read_record(friendly_name: str | None) -> str:
    """The internal transport certificate that a friendly name says was displaced; empty where it says nothing of that."""
    found = _RECORD.fullmatch(friendly_name or "")
    return found[1] if found else ""


@dataclass(frozen=True)
class TransportUse:
    """What the internal transport certificate of a server is used for, read before another one takes its place.

    :ivar iis_sites: the web sites that it is bound to; None where the server does not tell.
    """

    server: str
    thumbprint: str
    services: tuple[str, ...]
    iis_sites: tuple[str, ...] | None = None

    def as_dict(self) -> dict[str, t.Any]:
        """For the result."""
        sites = None if self.iis_sites is None else list(self.iis_sites)
        return {
            "server": self.server,
            "thumbprint": self.thumbprint,
            "services": list(self.services),
            "iis_sites": sites,
        }

    def find_lost(self, services: t.Sequence[str]) -> list[str]:
        """The services that it had and has no more.

        IIS is asked back only for the web site that serves clients: enabling a certificate for IIS binds it there, and one that only the
        back end had must not come before clients.
        """
        lost = [name for name in self.services if name not in services]
        at_front = any(_FRONT_END.search(site) for site in self.iis_sites or ())
        return [name for name in lost if name != "IIS" or at_front]


def read_internal_transport(directory: Directory) -> dict[str, str] | None:
    """By the server's name in lower case, the thumbprint that Active Directory has; None where the account is not offered the cmdlet."""
    if READ not in directory.shell.offered(READ):
        return None
    return {normalize_name(str(item["name"])): item["thumbprint"] for item in _TRANSPORT.read(directory)}


def read_use(directory: Directory, server: str, found: Facts) -> TransportUse:
    """What a certificate is used for.

    :param found: the certificate, as it was read from the server's store.
    :raises ShellError: of kind ``conflict`` where its services are not known.
    """
    if found["services"] is None:
        raise refuse_creation(
            f"{server} does not show which services its internal transport certificate {found['thumbprint']} has",
            "Reach Exchange's own endpoint, which shows them: use ansible_connection=psrp for this host.",
        )
    # not projected: IIS's bindings are only in SerializationData, which comes with the whole object
    whole = directory.read_all(Cmdlet("Get-ExchangeCertificate", Server=server, Thumbprint=found["thumbprint"]))
    data = whole[0].get("SerializationData") if whole and hasattr(whole[0], "get") else None
    sites = read_serialized_facts(getattr(data, "value", data)).get("iis_sites")
    return TransportUse(server, found["thumbprint"], tuple(found["services"]), None if sites is None else tuple(sites))


def make_restoration(server: str, thumbprint: str, services: t.Sequence[str] = ("SMTP",)) -> Cmdlet:
    """Put a certificate back in its place; services are added to those that it has (Enable-ExchangeCertificate.md)."""
    services = ", ".join(services)
    return Cmdlet(
        "Enable-ExchangeCertificate", Thumbprint=thumbprint, Server=server, Services=services, Force=True, Confirm=False
    )


def refuse_creation(reason: str, remedy: str) -> ShellError:
    """The error where a certificate may not be made, since its maker could not put back what it displaces."""
    message = f"no certificate was made: {reason}, so it could not be put back."
    return ShellError("conflict", message, shell=SHELL, cmdlet="New-ExchangeCertificate", remedy=remedy)


def find_internal_transport(server: str, transports: Mapping[str, str] | None, store: Mapping[str, Facts]) -> Facts:
    """The internal transport certificate of a server, as its store has it.

    :param transports: by server, as :func:`read_internal_transport` gives them by its name.
    :raises ShellError: of kind ``conflict`` where it is not known, or gone.
    """
    if transports is None:
        raise refuse_creation(
            f"the account is not offered {READ}, which shows the internal transport certificate",
            f"Give the account a role with {READ}, such as View-Only Configuration or Organization Management.",
        )
    thumbprint = transports.get(server, "")
    if not thumbprint or thumbprint not in store:
        shown = (
            f"{thumbprint}, its internal transport certificate, is not in the store of {server}" if thumbprint else ""
        )
        raise refuse_creation(
            shown or f"{READ} shows no internal transport certificate of {server}",
            f"Give {server} one first: Enable-ExchangeCertificate -Services SMTP, or name another server in O(server).",
        )
    return store[thumbprint]
