# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of a server are made, brought in and out, and put to use.

SMTP is what New-ExchangeCertificate enables where nothing is said, and whoever enables a certificate for SMTP is asked whether it shall be
the server's internal transport certificate as well; Force says yes. The certificate is made before that question, whatever the answer.
Services are added, never taken away; a web site shows one certificate only (Enable-ExchangeCertificate.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from psrpcore.types import PSByteArray, PSObject

from farm.certificates import Issued, Stored, open_pfx, pfx
from farm.exchange.certificates import find_server, find_usable, show_certificate
from farm.exchange.client_access import TASKS
from farm.exchange.errors import INVALID_ARGUMENT, INVALID_OPERATION, failure
from farm.exchange.objects import received
from farm.exchange.organization import Server
from farm.objects import psobject
from farm.registry import Call, Remote, cmdlet
from farm.rights import EXCHANGE_WRITE
from farm.scenario import Certificate
from farm.windows.errors import prompt_refused

LIFETIME = timedelta(days=1826)
"""Five years, as certificates of real servers have it."""
LONGEST_NAME = 63
REQUESTS = ("BinaryEncoded", "GenerateRequest", "RequestFile")
OTHER_NAMES = ("IncludeAcceptedDomains", "IncludeAutoDiscover", "IncludeServerFQDN", "IncludeServerNetBIOSName")


@cmdlet(
    "New-ExchangeCertificate",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.NewExchangeCertificate",
    writes=True,
    without=(*REQUESTS, *OTHER_NAMES, "Instance", "SubjectKeyIdentifier"),
)
def new_exchange_certificate(call: Call) -> Iterator[Remote]:
    """Make a self-signed certificate, and put it to use."""
    server = _find_server(call)
    name = call.text("FriendlyName") or ""
    if len(name) > LONGEST_NAME:
        raise failure(call, "The friendly name must be shorter than 64 characters.", INVALID_ARGUMENT, terminating=True)
    if call.what_if:
        return
    issued = _make(call, server, name)
    exportable = call.switch("PrivateKeyExportable") if call.bound("PrivateKeyExportable") else False
    stored = Stored(issued, exportable=exportable, friendly_name=name)
    call.farm.machine(server.host.fqdn).store.add(stored)
    call.farm.add_issued([issued])
    _enable(call, server, stored, _list_services(call, "SMTP"))
    yield show_certificate(call, server, stored)


def _make(call: Call, server: Server, name: str) -> Issued:
    """The key of the first one that a farm makes is the first one of any farm: keys cost time, and are kept."""
    number = sum(known.startswith("made-") for known in call.farm.certificates) + 1
    size = int(call.parameters.get("KeySize") or 2048)
    names = call.texts("DomainName") if call.bound("DomainName") else [server.name, server.host.fqdn]
    wanted = Certificate(
        name=f"made-{number}",
        subject=call.text("SubjectName") or f"CN={server.name}",
        hosts=[],
        key=f"rsa-{size}",
        issuer="self",
        dns=names,
        friendly_name=name,
    )
    now = call.farm.now_on(server.host.fqdn).replace(microsecond=0)
    return call.farm.authority.issue(wanted, period=(now, now + LIFETIME))


@cmdlet(
    "Import-ExchangeCertificate",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.ImportExchangeCertificate",
    writes=True,
    without=("FileName", "Instance"),
)
def import_exchange_certificate(call: Call) -> Iterator[Remote]:
    """Bring a certificate and its private key into a server's store."""
    server = _find_server(call)
    issued = open_pfx(bytes(call.parameters.get("FileData") or b""), call.secret("Password"))
    if issued is None:
        text = "The certificate data cannot be read: the password is wrong, or the data is damaged."
        raise failure(call, text, INVALID_OPERATION, terminating=True)
    store = call.farm.machine(server.host.fqdn).store
    if store.get(issued.thumbprint) is not None:  # with its private key or without
        text = f"Cannot import certificate. A certificate with the thumbprint {issued.thumbprint} already exists."
        raise failure(call, text, INVALID_OPERATION, terminating=True, category="WriteError")
    if call.what_if:
        return
    name = call.text("FriendlyName") or issued.friendly_name
    stored = Stored(call.farm.known(issued), exportable=call.switch("PrivateKeyExportable"), friendly_name=name)
    store.add(stored)
    yield show_certificate(call, server, stored)


@cmdlet(
    "Export-ExchangeCertificate",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.ExportExchangeCertificate",
    without=("FileName",),
)
def export_exchange_certificate(call: Call) -> Iterator[PSObject]:
    """A certificate with its private key; nothing of the server changes."""
    _server, stored = _find_stored(call)
    if not stored.exportable:
        text = f"The private key of the certificate with thumbprint {stored.issued.thumbprint} couldn't be exported."
        raise failure(call, text, INVALID_OPERATION, terminating=True)
    password = call.secret("Password")
    if not password or not call.switch("BinaryEncoded"):
        raise failure(call, "The lab exports binary data with a password only.", INVALID_ARGUMENT, terminating=True)
    names = [f"{TASKS}.BinaryFileDataObject", "Microsoft.Exchange.Data.ConfigurableObject", "System.Object"]
    data = pfx(stored.issued, password)
    yield received(call, psobject(names, None, FileData=PSByteArray(data), Identity=None, IsValid=True))


@cmdlet(
    "Enable-ExchangeCertificate",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.EnableExchangeCertificate",
    writes=True,
    without=("DoNotRequireSsl", "NetworkServiceAllowed"),
)
def enable_exchange_certificate(call: Call) -> Iterator[object]:
    """Put a certificate to use."""
    server, stored = _find_stored(call)
    services = _list_services(call, "None")
    if not call.what_if:
        _enable(call, server, stored, services)
    yield from ()


def _find_server(call: Call) -> Server:
    found = find_server(call)
    if found is None:
        raise call.errors.pop()
    return found[0]


def _find_stored(call: Call) -> tuple[Server, Stored]:
    found = find_server(call)
    if found is None:
        raise call.errors.pop()
    server, thumbprint = found
    return server, find_usable(call, server, thumbprint)


def _list_services(call: Call, default: str) -> list[str]:
    text = call.text("Services") if call.bound("Services") else default
    return [name.strip() for name in (text or "").split(",") if name.strip() not in ("", "None")]


def _enable(call: Call, server: Server, stored: Stored, services: list[str]) -> None:
    thumbprint = stored.issued.thumbprint
    used = dict(server.services)
    if "IIS" in services:
        used = {other: _leave_out(there, "IIS") for other, there in used.items()}
    there = [name for name in used.get(thumbprint, "None").split(", ") if name != "None"]
    used[thumbprint] = ", ".join([*there, *(name for name in services if name not in there)]) or "None"
    for controller in call.farm.directory.controllers:  # what a server does is no matter of Active Directory
        copied = call.farm.directory.organization(controller.fqdn).server(server.name)
        assert copied is not None
        copied.services = dict(used)
    if "SMTP" in services and server.internal_transport != thumbprint:
        if server.internal_transport and not call.switch("Force"):
            raise prompt_refused(call)
        call.farm.directory.write(call.controller, server.name, internal_transport=thumbprint)


def _leave_out(services: str, service: str) -> str:
    return ", ".join(name for name in services.split(", ") if name != service) or "None"
