# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual directories of Autodiscover and Exchange Web Services, as far as server-to-server authorization needs them."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSList, PSObject

from farm.exchange.auth import CONFIG
from farm.exchange.errors import not_found
from farm.exchange.objects import CONFIGURATION, directory_object, server_version
from farm.exchange.organization import Server
from farm.objects import ad_object_id, enumeration, multi_valued, text, uri
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ

TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks"
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
    # the property is of Exchange 2013 and later
    oauth = server.host.oauth_virtual_directories if server.is_e15 else None
    properties: dict[str, object] = {
        **own,
        "Name": text(f"{short} (Default Web Site)"),
        "InternalAuthenticationMethods": _methods(oauth=bool(oauth)),
        "ExternalAuthenticationMethods": _methods(oauth=bool(oauth)),
        "LiveIdNegotiateAuthentication": None,
        "WSSecurityAuthentication": True,
        "LiveIdBasicAuthentication": False,
        "BasicAuthentication": short == "Autodiscover",
        "DigestAuthentication": False,
        "WindowsAuthentication": True,
        "OAuthAuthentication": oauth,
        "AdfsAuthentication": False if server.is_e15 else None,
        "MetabasePath": text(f"IIS://{server.host.fqdn}/W3SVC/1/ROOT/{short}"),
        "Path": text(_FOLDERS[short]),
        **_protection(),
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


def _protection() -> dict[str, object]:
    """Extended Protection, which is off."""
    flag = f"{CONFIG}.ExtendedProtectionFlag, Microsoft.Exchange.Data.Directory, Version=15.0.0.0, Culture=neutral"
    return {
        "ExtendedProtectionTokenChecking": enumeration(f"{CONFIG}.ExtendedProtectionTokenCheckingMode", "None", 0),
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
