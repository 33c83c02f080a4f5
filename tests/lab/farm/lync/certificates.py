# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates in use by Lync: read on a computer, assigned to one computer or globally through the Central Management Store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from psrpcore.types import PSObject, PSString

from farm.certificates import Issued, Stored, open_pfx
from farm.lync.errors import bad_argument, failure, not_found
from farm.lync.store import Assignment
from farm.objects import date, moment, multi_valued, psobject, text
from farm.registry import Call, cmdlet
from farm.rights import LYNC_LOCAL_READ, LYNC_LOCAL_WRITE
from farm.windows.errors import prompt_refused

CLASS = "Microsoft.Rtc.Management.Deployment"
TYPE = f"{CLASS}.CertificateReference"
TYPES = (
    "AccessEdgeExternal", "AudioVideoAuthentication", "DataEdgeExternal", "Default", "External", "Internal", "iPhoneAPNService",
    "iPadAPNService", "MPNService", "OAuthTokenIssuer", "PICWebService", "ProvisionService", "WebServicesExternal",
    "WebServicesInternal", "WsFedTokenTransfer", "XMPPServer",
)  # fmt: skip
GLOBAL_TYPES = ("OAuthTokenIssuer", "AudioVideoAuthentication")
WITHOUT_CNG = ("2010", "2013")
"""Versions that take no key of a key storage provider (blogs.perficient.com, 2013-12-09, with the exception's name and text)."""
CRYPTOGRAPHIC = "System.Security.Cryptography.CryptographicException"


@dataclass(frozen=True)
class Wanted:
    """What an assignment asks for: the purposes, the scope, and from when on."""

    types: list[str]
    everywhere: bool
    effective: datetime | None
    roll: bool


@cmdlet("Get-CsCertificate", LYNC_LOCAL_READ, type_name=f"{CLASS}.GetCertificateCmdlet")
def get_cs_certificate(call: Call) -> Iterator[PSObject]:
    """The certificates in use on this computer, one object for each purpose; nothing for a purpose without one."""
    types = [kind.lower() for kind in _types(call)]
    with_scope = call.farm.store.assigned(call.host.fqdn, _scope(call))
    for kind, (scope, assignment) in sorted(with_scope.items()):
        if not types or kind.lower() in types:
            yield _reference(kind, scope if call.farm.scenario.lync.source_scope else "", assignment)


def _types(call: Call) -> list[str]:
    known = {name.lower(): name for name in TYPES}
    asked = [part.strip() for entry in call.texts("Type") for part in entry.split(",")]
    if wrong := next((name for name in asked if name.lower() not in known), None):
        raise bad_argument(call, f'"{wrong}" is not a type of certificate.', wrong)
    return [known[name.lower()] for name in asked]


def _reference(kind: str, scope: str, assignment: Assignment) -> PSObject:
    issued = assignment.issued
    return psobject(
        [TYPE, "System.Object"],
        TYPE,
        Issuer=text(issued.issuer),
        NotAfter=date(issued.not_after),
        NotBefore=date(issued.not_before),
        SerialNumber=text(issued.serial),
        Subject=text(issued.subject),
        AlternativeNames=_collection(issued.dns_names),
        Thumbprint=text(issued.thumbprint),
        EffectiveDate=date(assignment.effective or issued.not_before),
        PreviousThumbprint=text(assignment.previous.thumbprint if assignment.previous else ""),
        UpdateTime=date(assignment.updated),
        Use=PSString(kind),
        SourceScope=PSString(scope),
    )


def _collection(values: list[str]) -> object:
    result = multi_valued(values)
    result.PSObject.type_names = [
        "System.Collections.ObjectModel.ReadOnlyCollection`1[[System.String]]",
        "System.Object",
    ]
    return result


@cmdlet("Set-CsCertificate", LYNC_LOCAL_WRITE, type_name=f"{CLASS}.SetCertificateCmdlet", writes=True)
def set_cs_certificate(call: Call) -> Iterator[object]:
    """Put a certificate of the computer's store, or of a file, to use."""
    wanted = _wanted(call)
    if call.bound("Path"):
        issued = _from_file(call)
        stored = Stored(issued, has_key=True, exportable=True, friendly_name=issued.friendly_name)
    else:
        stored = _from_store(call)
    _check_usable(call, stored)
    if not call.what_if:
        _assign(call, stored, wanted)
    yield from ()


@cmdlet("Import-CsCertificate", LYNC_LOCAL_WRITE, type_name=f"{CLASS}.ImportCertificateCmdlet", writes=True)
def import_cs_certificate(call: Call) -> Iterator[object]:
    """Bring a PFX file into the computer's store; with Identity global and Type, to use everywhere."""
    issued = _from_file(call)
    exportable = call.switch("PrivateKeyExportable") if call.bound("PrivateKeyExportable") else True
    stored = Stored(issued, has_key=True, exportable=exportable, friendly_name=issued.friendly_name)
    wanted = _wanted(call) if call.bound("Type") else None
    _check_usable(call, stored)
    if not call.what_if:
        call.machine.store.add(stored)
        call.farm.add_issued([issued])
        if wanted:
            _assign(call, stored, wanted)
    yield from ()


@cmdlet("Remove-CsCertificate", LYNC_LOCAL_WRITE, type_name=f"{CLASS}.RemoveCertificateCmdlet", writes=True)
def remove_cs_certificate(call: Call) -> Iterator[object]:
    """Take a certificate out of use, or only the previous one; the certificate itself stays in the store.

    One that is in use is asked about, whatever Confirm says; Force answers (Remove-CsCertificate.md).
    """
    types, everywhere, previous = _types(call), _scope(call) == "Global", call.switch("Previous")
    for kind in types:
        assigned = _assigned(call, kind, everywhere=everywhere)
        if assigned is None:
            raise not_found(call, kind, "a certificate of type")
        if call.what_if:
            continue
        if call.farm.scenario.lync.confirm_removal and not previous and not call.switch("Force"):
            raise prompt_refused(call)
        _keep(call, kind, replace(assigned, previous=None) if previous else None, everywhere=everywhere)
    yield from ()


def _scope(call: Call) -> str:
    """The scope that Identity names: this computer's own or the global one; empty where it names none."""
    identity = (call.text("Identity") or "").lower()
    own = dict.fromkeys((call.host.fqdn.lower(), f"service:{call.host.fqdn}".lower()), "Machine")
    scopes = {"": "", "global": "Global", **own}
    if identity not in scopes:
        raise not_found(call, identity, "scope")
    return scopes[identity]


def _wanted(call: Call) -> Wanted:
    types = _types(call)
    if not types:
        raise bad_argument(call, "Specify the type of certificate with the Type parameter.")
    scope = _scope(call)
    everywhere = scope == "Global" or (not scope and all(kind == "OAuthTokenIssuer" for kind in types))
    if everywhere and (local := [kind for kind in types if kind not in GLOBAL_TYPES]):
        raise bad_argument(call, f'Certificates of type "{local[0]}" cannot be assigned at the global scope.', local[0])
    if call.switch("Roll") and not call.parameters.get("EffectiveDate"):
        raise bad_argument(call, "The Roll parameter requires the EffectiveDate parameter.", "Roll")
    return Wanted(types, everywhere, moment(call.parameters.get("EffectiveDate")), call.switch("Roll"))


def _from_store(call: Call) -> Stored:
    thumbprint = call.text("Thumbprint")
    if not thumbprint and isinstance(reference := call.parameters.get("Reference"), PSObject):
        thumbprint = str(getattr(reference, "Thumbprint", ""))
    stored = call.machine.store.get(thumbprint or "")
    if stored is None:
        text = f'Cannot find a certificate with thumbprint "{thumbprint}" in the local computer store.'
        raise failure(call, text, "CertificateNotFound", category="ObjectNotFound", target=thumbprint or "")
    return stored


def _from_file(call: Call) -> Issued:
    path = call.text("Path") or ""
    data = call.machine.files.get(path.lower())
    if data is None:
        raise failure(
            call,
            f"Could not find file '{path}'.",
            "FileNotFound",
            "System.IO.FileNotFoundException",
            category="ObjectNotFound",
            target=path,
        )
    issued = open_pfx(data, call.secret("Password"))
    if issued is None:
        text = "The specified network password is not correct."
        raise failure(call, text, "ProcessingFailed", CRYPTOGRAPHIC, target=path)
    return call.farm.known(issued)


def _check_usable(call: Call, stored: Stored) -> None:
    issued = stored.issued
    if not stored.has_key:
        text = f'The certificate with thumbprint "{issued.thumbprint}" does not have a private key.'
        raise failure(call, text, "CertificateHasNoPrivateKey", target=issued.thumbprint)
    if call.now > issued.not_after and not call.switch("Force"):
        text = f'The certificate with thumbprint "{issued.thumbprint}" has expired.'
        raise failure(call, text, "CertificateExpired", target=issued.thumbprint)
    if issued.provider == "cng" and call.farm.scenario.lync.version in WITHOUT_CNG:
        text = "The buffer supplied to a function was too small."
        raise failure(call, text, "ProcessingFailed", CRYPTOGRAPHIC, target=issued.thumbprint)


def _assigned(call: Call, kind: str, *, everywhere: bool) -> Assignment | None:
    store = call.farm.store
    return store.content.certificates.get(kind) if everywhere else store.local.get(call.host.fqdn.lower(), {}).get(kind)


def _assign(call: Call, stored: Stored, wanted: Wanted) -> None:
    for kind in wanted.types:
        old = _assigned(call, kind, everywhere=wanted.everywhere)
        # a certificate that was staged and never in force is nobody's previous one
        in_force = old.current(call.now) if old else None
        same = old and in_force and in_force.thumbprint == stored.issued.thumbprint
        previous = old.previous if old and same else in_force
        if previous and previous.thumbprint == stored.issued.thumbprint:
            previous = None  # it takes the place of one that was staged to follow it, and is nobody's successor
        new = Assignment(stored.issued, previous, wanted.effective, call.now, stored.exportable)
        _keep(call, kind, new, everywhere=wanted.everywhere)


def _keep(call: Call, kind: str, assignment: Assignment | None, *, everywhere: bool) -> None:
    store = call.farm.store
    if everywhere:
        others = {name: entry for name, entry in store.content.certificates.items() if name != kind}
        store.write(certificates={**others, **({kind: assignment} if assignment else {})})
        return
    own = store.local.setdefault(call.host.fqdn.lower(), {})
    own.pop(kind, None)
    if assignment:
        own[kind] = assignment
