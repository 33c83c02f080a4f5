# SPDX-License-Identifier: GPL-3.0-or-later

r"""The certificate provider: ``Cert:\LocalMachine\My`` of a host, its trusted roots (Root, CA), and a look into PFX files."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSByteArray, PSList, PSObject, PSString

from farm.certificates import USAGE_NAMES, Issued, Stored, open_pfx
from farm.objects import date, psobject, text, with_notes
from farm.registry import Call, cmdlet
from farm.rights import WINDOWS_READ
from farm.windows.errors import failure
from farm.windows.private_key import show_private_key

X509 = "System.Security.Cryptography.X509Certificates.X509Certificate"
ROOTS = ("cert:\\localmachine\\my", "microsoft.powershell.security\\certificate::localmachine\\my")
TRUSTED = {f"cert:\\localmachine\\{name.lower()}": name for name in ("Root", "CA")}
"""Root holds authorities, CA nothing: there are no intermediate authorities here but those that somebody has put into Root."""
MISSING = "System.Management.Automation.ItemNotFoundException"
COMMANDS = "Microsoft.PowerShell.Commands"


@cmdlet("Get-ChildItem", WINDOWS_READ, type_name=f"{COMMANDS}.GetChildItemCommand")
def get_child_item(call: Call) -> Iterator[PSObject]:
    """The certificates of the store; one, where the path goes down to it."""
    for path in _paths(call):
        yield from _find(call, path)


@cmdlet("Get-Item", WINDOWS_READ, type_name=f"{COMMANDS}.GetItemCommand")
def get_item(call: Call) -> Iterator[PSObject]:
    """The certificates that paths name."""
    for path in _paths(call):
        yield from _find(call, path, item=True)


@cmdlet("Get-PfxData", WINDOWS_READ, type_name="Microsoft.CertificateServices.Commands.GetPfxData")
def get_pfx_data(call: Call) -> Iterator[PSObject]:
    """What a PFX file holds, without bringing it into a store."""
    path = call.text("FilePath") or ""
    data = call.machine.files.get(path.lower())
    if data is None:
        text_, kind = f"Cannot find path '{path}' because it does not exist.", "System.IO.FileNotFoundException"
        raise failure(call, text_, kind, "ObjectNotFound", kind, target=path, terminating=True)
    issued = open_pfx(data, call.secret("Password"))
    if issued is None:
        text_, kind = "The specified network password is not correct.", "System.ComponentModel.Win32Exception"
        raise failure(call, text_, kind, "NotSpecified", kind, target=path, terminating=True)
    name = "Microsoft.CertificateServices.Commands.PfxData"
    held = PSList([certificate(Stored(issued, has_key=True, exportable=True), in_store=False)])
    yield psobject([name, "System.Object"], name, EndEntityCertificates=held, OtherCertificates=PSList())


def _paths(call: Call) -> list[str]:
    return call.texts("LiteralPath") or call.texts("Path") or ["."]


def _find(call: Call, path: str, *, item: bool = False) -> Iterator[PSObject]:
    clean = path.replace("/", "\\").rstrip("\\")
    if name := TRUSTED.get(clean.lower()):
        found = list_roots(call) if name == "Root" else []
        yield from (certificate(Stored(issued, has_key=False), store=name) for issued in found)
        return
    root = next((root for root in ROOTS if clean.lower() == root or clean.lower().startswith(root + "\\")), None)
    if root is None:
        text_ = f"Cannot find path '{path}' because it does not exist."
        call.error(failure(call, text_, "PathNotFound", "ObjectNotFound", MISSING, target=path))
        return
    name = clean[len(root) + 1 :]
    if name in ("", "*"):
        if name == "*" or not item:
            yield from (certificate(stored) for stored in call.machine.store.entries.values())
        return
    stored = call.machine.store.get(name)
    if stored is None:
        text_ = f"Cannot find path '{path}' because it does not exist."
        call.error(failure(call, text_, "PathNotFound", "ObjectNotFound", MISSING, target=path))
        return
    yield certificate(stored)


def list_roots(call: Call) -> list[Issued]:
    """What is among the trusted roots of the host: one that two of its physical stores have is listed twice."""
    host, farm = call.host, call.farm
    own = [farm.authority.issued] if host.trusts_authority else []
    others = [farm.certificates[name] for name in host.root_certificates]
    return [*own, *others, *farm.authority.make_public_roots(host.public_roots)]


def certificate(stored: Stored, *, in_store: bool = True, store: str = "My") -> PSObject:
    """A certificate as the provider gives it, with the notes that it adds; the key of one that is in no store is not shown."""
    issued, folder = stored.issued, f"Microsoft.PowerShell.Security\\Certificate::LocalMachine\\{store}"
    names = PSList([_name(name) for name in issued.dns_names])
    value = psobject(
        [f"{X509}2", X509, "System.Object"],
        f"[Subject]\r\n  {issued.subject}\r\n\r\n[Issuer]\r\n  {issued.issuer}\r\n\r\n[Thumbprint]\r\n  {issued.thumbprint}\r\n",
        Archived=False,
        FriendlyName=text(stored.friendly_name),
        NotAfter=date(issued.not_after),
        NotBefore=date(issued.not_before),
        HasPrivateKey=stored.has_key,
        PrivateKey=show_private_key(stored) if in_store else None,
        RawData=PSByteArray(issued.raw),
        SerialNumber=text(issued.serial),
        Thumbprint=text(issued.thumbprint),
        Version=3,
        Issuer=text(issued.issuer),
        Subject=text(issued.subject),
        EnhancedKeyUsageList=PSList([_usage(oid) for oid in issued.usages]),
        DnsNameList=names,
        SendAsTrustedIssuer=False,
    )
    return with_notes(
        value,
        PSPath=PSString(f"{folder}\\{issued.thumbprint}"),
        PSParentPath=PSString(folder),
        PSChildName=PSString(issued.thumbprint),
        PSIsContainer=False,
    )


def _usage(oid: str) -> PSObject:
    name = USAGE_NAMES.get(oid, "")
    return psobject(
        [f"{COMMANDS}.EnhancedKeyUsageRepresentation", "System.Object"],
        f"{name} ({oid})",
        FriendlyName=text(name),
        ObjectId=text(oid),
    )


def _name(name: str) -> PSObject:
    return psobject(
        [f"{COMMANDS}.DnsNameRepresentation", "System.Object"], name, Punycode=text(name), Unicode=text(name)
    )
