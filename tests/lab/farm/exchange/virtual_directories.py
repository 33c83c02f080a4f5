# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual directories of Autodiscover and Exchange Web Services, as far as server-to-server authorization needs them.

Set-WebServicesVirtualDirectory.md and Set-AutodiscoverVirtualDirectory.md; that a write of what is there only warns is a guess, by the
other cmdlets of the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from psrpcore.types import PSList, PSObject

from farm.exchange.auth import CONFIG
from farm.exchange.client_access import UNCHANGED
from farm.exchange.errors import INVALID_ARGUMENT, failure, not_found
from farm.exchange.objects import CONFIGURATION, directory_object, server_version
from farm.exchange.organization import Server
from farm.objects import ad_object_id, enumeration, multi_valued, text, uri
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ, EXCHANGE_WRITE

TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks"
PROTECTION = {"None": 0, "Allow": 1, "Require": 2}
WRITTEN = {"OAuthAuthentication": "oauth", "WSSecurityAuthentication": "ws_security"}
OTHERS = (
    "BasicAuthentication",
    "DigestAuthentication",
    "ExtendedProtectionFlags",
    "ExtendedProtectionSPNList",
    "WindowsAuthentication",
)
OTHERS_OF_EWS = (
    *OTHERS,
    "CertificateAuthentication",
    "ExternalUrl",
    "Force",
    "GzipLevel",
    "InternalNLBBypassUrl",
    "InternalUrl",
    "MRSProxyEnabled",
)
"""Parameters that the model knows nothing of."""
_CLIENT_ACCESS = r"C:\Program Files\Microsoft\Exchange Server\V15\ClientAccess"
_FOLDERS = {"EWS": rf"{_CLIENT_ACCESS}\exchweb\EWS", "Autodiscover": rf"{_CLIENT_ACCESS}\Autodiscover"}
METHODS = {"Ntlm": 2, "WindowsIntegrated": 3, "WSSecurity": 8, "OAuth": 13}


@cmdlet(
    "Get-WebServicesVirtualDirectory",
    EXCHANGE_READ,
    type_name=f"{TASKS}.GetWebServicesVirtualDirectory",
    without=("ShowMailboxVirtualDirectories",),
)
def get_web_services_virtual_directory(call: Call) -> Iterator[PSObject]:
    """The Exchange Web Services directories."""
    for server in _servers(call):
        address = f"https://{server.host.fqdn}/EWS/Exchange.asmx"
        own: dict[str, object] = {
            "CertificateAuthentication": None,
            "InternalNLBBypassUrl": None,
            "GzipLevel": enumeration(f"{CONFIG}.GzipLevel", "Low", 1),
            "MRSProxyEnabled": False,
        }
        yield _directory(call, server, "ADWebServicesVirtualDirectory", "EWS", address, own)


@cmdlet(
    "Get-AutodiscoverVirtualDirectory",
    EXCHANGE_READ,
    type_name=f"{TASKS}.GetAutodiscoverVirtualDirectory",
    without=("ShowMailboxVirtualDirectories",),
)
def get_autodiscover_virtual_directory(call: Call) -> Iterator[PSObject]:
    """The Autodiscover directories; they have no addresses (those are in the service connection point)."""
    for server in _servers(call):
        yield _directory(call, server, "ADAutodiscoverVirtualDirectory", "Autodiscover", None, {})


@cmdlet(
    "Set-WebServicesVirtualDirectory",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.SetWebServicesVirtualDirectory",
    writes=True,
    without=OTHERS_OF_EWS,
)
def set_web_services_virtual_directory(call: Call) -> Iterator[PSObject]:
    """Change the Exchange Web Services directory of a server."""
    _change(call, "EWS")
    yield from ()


@cmdlet(
    "Set-AutodiscoverVirtualDirectory",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.SetAutodiscoverVirtualDirectory",
    writes=True,
    without=OTHERS,
)
def set_autodiscover_virtual_directory(call: Call) -> Iterator[PSObject]:
    """Change the Autodiscover directory of a server."""
    _change(call, "Autodiscover")
    yield from ()


def _change(call: Call, short: str) -> None:
    identity = call.text("Identity") or ""
    name, _separator, directory = identity.partition("\\")
    if directory.lower() != f"{short} (Default Web Site)".lower():
        text_ = f"The virtual directory '{identity}' isn't valid: give it as SERVER\\NAME (WEB SITE)."
        raise failure(call, text_, INVALID_ARGUMENT, terminating=True)
    server = call.organization.server(name)
    if server is None or server.is_edge:
        call.error(not_found(call, identity))
        return
    old = server.directories[short]
    given: dict[str, Any] = {
        field: call.switch(parameter) for parameter, field in WRITTEN.items() if call.bound(parameter)
    }
    if call.bound("ExtendedProtectionTokenChecking"):
        given["extended_protection"] = call.text("ExtendedProtectionTokenChecking") or "None"
    new = replace(old, **given)
    if new == old:
        call.warning(UNCHANGED.format(identity))
    elif not call.what_if:
        changed = {"directories": {**server.directories, short: new}, "changed": call.now}
        call.farm.directory.write(call.controller, server.name, **changed)


def _servers(call: Call) -> list[Server]:
    organization = call.organization
    identity = call.text("Server") or (call.text("Identity") or "").partition("\\")[0]
    if not identity:
        return organization.client_access_servers
    found = organization.server(identity)
    if found is None or found.is_edge:
        call.error(not_found(call, identity))
        return []
    return [found]


def _directory(
    call: Call, server: Server, kind: str, short: str, address: str | None, own: dict[str, object]
) -> PSObject:
    organization = call.organization
    flags = server.directories[short]
    oauth = flags.oauth if server.is_e15 else None  # the property is of Exchange 2013 and later
    properties: dict[str, object] = {
        **own,
        "Name": text(f"{short} (Default Web Site)"),
        "InternalAuthenticationMethods": _methods(oauth=bool(oauth)),
        "ExternalAuthenticationMethods": _methods(oauth=bool(oauth)),
        "LiveIdNegotiateAuthentication": None,
        "WSSecurityAuthentication": flags.ws_security,
        "LiveIdBasicAuthentication": False,
        "BasicAuthentication": short == "Autodiscover",
        "DigestAuthentication": False,
        "WindowsAuthentication": True,
        "OAuthAuthentication": oauth,
        "AdfsAuthentication": False if server.is_e15 else None,
        "MetabasePath": text(f"IIS://{server.host.fqdn}/W3SVC/1/ROOT/{short}"),
        "Path": text(_FOLDERS[short]),
        **_protection(flags.extended_protection),
        "AdminDisplayVersion": server_version(server.host.build),
        "Server": ad_object_id(organization.server_dn(server), server.name, organization.domain),
        "InternalUrl": uri(address),
        "ExternalUrl": None,
    }
    dn = f"CN={short} (Default Web Site),CN=HTTP,CN=Protocols,{organization.server_dn(server)}"
    parents = ("ADExchangeServiceVirtualDirectory", "ExchangeVirtualDirectory", "ADVirtualDirectory")
    names = [f"{CONFIG}.{kind}", *(f"{CONFIG}.{parent}" for parent in parents), *CONFIGURATION]
    return directory_object(
        call,
        names,
        dn,
        server.changed,
        properties,
        shown=f"{server.name}\\{short} (Default Web Site)",
        classes=("top", "msExchVirtualDirectory", "Virtual-Directory"),
    )


def _protection(level: str) -> dict[str, object]:
    """Extended Protection."""
    flag = f"{CONFIG}.ExtendedProtectionFlag, Microsoft.Exchange.Data.Directory, Version=15.0.0.0, Culture=neutral"
    return {
        "ExtendedProtectionTokenChecking": enumeration(
            f"{CONFIG}.ExtendedProtectionTokenCheckingMode", level, PROTECTION[level]
        ),
        "ExtendedProtectionFlags": multi_valued([], f"{flag}, PublicKeyToken=31bf3856ad364e35"),
        "ExtendedProtectionSPNList": multi_valued([]),
    }


def _methods(*, oauth: bool) -> PSList:
    kind = f"{CONFIG}.AuthenticationMethod"
    found = multi_valued(
        [enumeration(kind, name, number) for name, number in METHODS.items() if oauth or name != "OAuth"], kind
    )
    found.PSObject.type_names[0] = f"Microsoft.Exchange.Data.Directory.ADMultiValuedProperty`1[[{kind}]]"
    return found
