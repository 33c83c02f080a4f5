# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Windows host sees of the network: names and web sites (Resolve-DnsName.md; Invoke-WebRequest.md)."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSObject

from farm.catalogue import list_others
from farm.metadata import DownloadError, download, resolve
from farm.objects import enumeration, psobject, text
from farm.registry import Call, cmdlet
from farm.rights import WINDOWS_READ
from farm.windows.errors import failure

COMMANDS = "Microsoft.PowerShell.Commands"


@cmdlet(
    "Resolve-DnsName",
    WINDOWS_READ,
    type_name="Microsoft.DnsClient.Commands.ResolveDnsName",
    without=list_others("Resolve-DnsName", "Name", "Type"),
)
def resolve_dns_name(call: Call) -> Iterator[PSObject]:
    """The addresses of a name."""
    name = call.text("Name") or ""
    if (call.text("Type") or "A").upper() not in ("A", "A_AAAA"):
        raise failure(
            call,
            "The lab resolves addresses only.",
            "NotInLab",
            "NotImplemented",
            "System.NotImplementedException",
            terminating=True,
        )
    try:
        found = resolve(call.farm, name.lower())
    except DownloadError:
        message, exception = f"{name} : DNS name does not exist", "System.ComponentModel.Win32Exception"
        call.error(failure(call, message, "DNS_ERROR_RCODE_NAME_ERROR", "ResourceUnavailable", exception, target=name))
        return
    for address in found:
        kind = enumeration("Microsoft.DnsClient.Commands.RecordType", "A", 1)
        names = ["Microsoft.DnsClient.Commands.DnsRecord_A", "Microsoft.DnsClient.Commands.DnsRecord", "System.Object"]
        yield psobject(names, names[0], Name=text(name), Type=kind, IPAddress=text(address))


@cmdlet("Invoke-WebRequest", WINDOWS_READ, type_name=f"{COMMANDS}.InvokeWebRequestCommand")
def invoke_web_request(call: Call) -> Iterator[PSObject]:
    """Download a metadata document; the lab has nothing else to download."""
    address, parsing, seconds = call.text("Uri") or "", call.switch("UseBasicParsing"), call.text("TimeoutSec")
    del parsing, seconds  # neither makes a difference to whether it can be had
    try:
        download(call.farm, call.host, address)
    except DownloadError as error:
        kind = "System.Net.WebException"
        raise failure(
            call,
            str(error),
            "WebCmdletWebResponseException",
            "InvalidOperation",
            kind,
            target=address,
            terminating=True,
        ) from error
    names = [f"{COMMANDS}.BasicHtmlWebResponseObject", f"{COMMANDS}.WebResponseObject", "System.Object"]
    yield psobject(names, names[0], StatusCode=200, StatusDescription=text("OK"))
