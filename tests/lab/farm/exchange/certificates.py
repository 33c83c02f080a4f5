# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchange certificates.

In the server's own process an ExchangeCertificate has all its properties, and a Select-Object there sees them. To a client that is
not Exchange it is serialised as RawData alone, with a SerializationData note that only Exchange's own shell can read.

A certificate without its private key is not listed: the server's part of these cmdlets leaves out what it calls not valid, as others have
read it in that code (15.00.1497).
"""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSByteArray, PSString

from farm.certificates import Stored
from farm.exchange.client_access import TASKS, answers
from farm.exchange.errors import INVALID_ARGUMENT, INVALID_OPERATION, failure, not_found, unreachable
from farm.exchange.objects import received
from farm.exchange.organization import Server
from farm.exchange.serialization import serialize, sign
from farm.objects import date, enumeration, multi_valued, psobject, text, with_notes
from farm.registry import Call, Remote, cmdlet
from farm.rights import EXCHANGE_READ

TYPE = "Microsoft.Exchange.Management.SystemConfigurationTasks.ExchangeCertificate"
X509 = "System.Security.Cryptography.X509Certificates.X509Certificate"
NAMES = [TYPE, f"{X509}2", X509, "System.Object"]
SERVICES = {"None": 0, "IMAP": 1, "POP": 2, "UM": 4, "IIS": 8, "SMTP": 16, "Federation": 32, "UMCallRouter": 64}
FRONT_END = 1
"""The number of the web site that clients are served by; the back end, which only the front end asks, is 2."""


@cmdlet("Get-ExchangeCertificate", EXCHANGE_READ, type_name=f"{TASKS}.GetExchangeCertificate", without=("Instance",))
def get_exchange_certificate(call: Call) -> Iterator[Remote]:
    """The certificates of a server, or one of them."""
    found = find_server(call)
    if found is None:
        return
    server, thumbprint = found
    store = call.farm.machine(server.host.fqdn).store
    usable = [stored for stored in store.entries.values() if stored.has_key]
    entries = [find_usable(call, server, thumbprint)] if thumbprint else usable
    wanted = [name.lower() for name in call.texts("DomainName")]
    for stored in entries:
        if all(name in [known.lower() for known in stored.issued.dns_names] for name in wanted):
            yield show_certificate(call, server, stored)


def find_usable(call: Call, server: Server, thumbprint: str) -> Stored:
    """A certificate of a server's store. Exchange takes one without its private key for none of its own, and says so when it is named."""
    stored = call.farm.machine(server.host.fqdn).store.get(thumbprint)
    if stored is None:
        text_ = f"The certificate with thumbprint {thumbprint} was not found."
        raise failure(call, text_, INVALID_OPERATION, terminating=True)
    if not stored.has_key:
        text_ = f"The certificate with thumbprint {thumbprint} isn't valid for Exchange: PrivateKeyMissing."
        raise failure(call, text_, INVALID_OPERATION, terminating=True)
    return stored


def find_server(call: Call) -> tuple[Server, str] | None:
    r"""The server that is asked and the thumbprint, from Server and Thumbprint or from Identity ``server\thumbprint``."""
    name, thumbprint = call.text("Server") or "", call.text("Thumbprint") or ""
    if identity := call.text("Identity"):
        if name:
            raise failure(call, "The Server parameter can't be used with Identity.", INVALID_ARGUMENT, terminating=True)
        name, _separator, thumbprint = identity.rpartition("\\")
    server = call.organization.server(name or call.host.fqdn)
    if server is None:
        call.error(not_found(call, name))
        return None
    if not answers(call, server):
        raise unreachable(call, server.name)
    return server, thumbprint


def show_certificate(call: Call, server: Server, stored: Stored) -> Remote:
    issued = stored.issued
    expired = not issued.not_before <= call.now <= issued.not_after
    services = server.services.get(issued.thumbprint, "None")
    number = sum(SERVICES[name.strip()] for name in services.split(","))
    shown = "\r\n\r\n".join(
        f"[{name}]\r\n  {value}"
        for name, value in (("Subject", issued.subject), ("Issuer", issued.issuer), ("Thumbprint", issued.thumbprint))
    )
    live = psobject(
        NAMES,
        shown,
        AccessRules=None,
        CertificateDomains=multi_valued(issued.dns_names),
        HasPrivateKey=stored.has_key,
        IsSelfSigned=issued.subject == issued.issuer,
        Issuer=text(issued.issuer),
        NotAfter=date(issued.not_after),
        NotBefore=date(issued.not_before),
        PublicKeySize=issued.bits,
        RootCAType=enumeration(f"{TASKS}.CertificateAuthorityType", *_authority(stored)),
        SerialNumber=text(issued.serial),
        Services=enumeration(f"{TASKS}.AllowedServices", services, number),
        Status=enumeration(f"{TASKS}.CertificateStatus", *(("DateInvalid", 3) if expired else ("Valid", 1))),
        Subject=text(issued.subject),
        Thumbprint=text(issued.thumbprint),
        PrivateKeyExportable=stored.exportable and stored.has_key,
        FriendlyName=text(stored.friendly_name),
        DnsNameList=multi_valued(issued.dns_names),
        Identity=PSString(f"{server.host.fqdn}\\{issued.thumbprint}"),
        RawData=PSByteArray(issued.raw),
    )
    remote = received(call, psobject(NAMES, shown, RawData=PSByteArray(issued.raw)))
    if (data := _serialize(call, server, stored)) is not None:
        remote = with_notes(remote, SerializationData=PSByteArray(data))
    return Remote(received(call, live), remote)


def _authority(stored: Stored) -> tuple[str, int]:
    return ("None", 0) if stored.issued.subject == stored.issued.issuer else ("Enterprise", 2)


def _serialize(call: Call, server: Server, stored: Stored) -> bytes | None:
    """What Exchange's own shell makes the whole object of; 2016 and later sign it with the Auth certificate, or send none without one."""
    issued = stored.issued
    text_ = server.services.get(issued.thumbprint, "None")
    services = sum(SERVICES[name.strip()] for name in text_.split(","))
    sites = [f"IIS://{server.name}/W3SVC/{FRONT_END}"] if services & SERVICES["IIS"] else []
    valid = issued.not_before <= call.now <= issued.not_after
    data = serialize(
        issued.raw,
        stored.friendly_name,
        (1 if valid else 3, _authority(stored)[1], services),
        f"{server.host.fqdn}\\{issued.thumbprint}",
        self_signed=issued.subject == issued.issuer,
        exportable=stored.exportable and stored.has_key,
        sites=sites,
    )
    if call.host.version == "2013":
        return data
    signer = call.machine.store.get(call.organization.auth.current)
    usable = signer is not None and signer.has_key and signer.issued.not_after >= call.now
    return sign(data, issued.certificate.signature) if usable else None
