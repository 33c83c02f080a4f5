# SPDX-License-Identifier: GPL-3.0-or-later

"""Client access servers: the Autodiscover service connection point of each."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSGuid, PSObject

from farm.exchange.errors import INVALID_ARGUMENT, failure, not_found
from farm.exchange.objects import PRESENTATION, directory_object
from farm.exchange.organization import Server
from farm.objects import multi_valued, text, uri
from farm.registry import Call, alias, cmdlet
from farm.rights import EXCHANGE_READ, EXCHANGE_WRITE

TYPE = "Microsoft.Exchange.Data.Directory.Management.ClientAccessServer"
TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks"
UNCHANGED = "The command completed successfully but no settings of '{0}' have been modified."
DEPRECATED = "The {0} cmdlet will be removed in a future version of Exchange. Use the {1} cmdlet instead."
URL_KEYWORD = "77378f46-2c66-4aa9-a6a6-3e7a48b19596"


def select(call: Call, servers: list[Server]) -> list[Server]:
    """Those of the servers that Identity names. A null Identity is no filter: all of them, as Exchange does."""
    identity = call.text("Identity")
    if not identity:
        return servers
    found = call.organization.server(identity)
    if found not in servers:
        call.error(not_found(call, identity))
        return []
    return [found]


def answers(call: Call, server: Server) -> bool:
    """Whether a server answers the remote procedure calls of this one: an Edge server, which is in no domain, does not."""
    if server.host.fqdn == call.host.fqdn:
        return True
    return not server.is_edge and call.farm.faults.get("rpc_unreachable", server.host.fqdn) is None


def client_access_server(call: Call, server: Server) -> PSObject:
    """A client access server as the cmdlets give it."""
    organization = call.organization
    properties: dict[str, object] = {
        "Fqdn": text(server.host.fqdn),
        "ClientAccessArray": None,
        "OutlookAnywhereEnabled": True,
        "AutoDiscoverServiceCN": text(server.name),
        "AutoDiscoverServiceClassName": text("ms-Exchange-AutoDiscover-Service"),
        "AutoDiscoverServiceInternalUri": uri(server.autodiscover_uri),
        "AutoDiscoverServiceGuid": PSGuid(URL_KEYWORD),
        "AutoDiscoverSiteScope": multi_valued(server.site_scope),
        "AlternateServiceAccountConfiguration": None,
        "IsOutOfService": False,
    }
    return directory_object(
        call,
        [TYPE, *PRESENTATION],
        organization.server_dn(server),
        server.changed,
        properties,
        shown=server.name,
        classes=("top", "server", "Exchange-Server"),
    )


@cmdlet(
    "Get-ClientAccessService",
    EXCHANGE_READ,
    type_name=f"{TASKS}.GetClientAccessService",
    without=("IncludeAlternateServiceAccountCredentialPassword", "IncludeAlternateServiceAccountCredentialStatus"),
)
def get_client_access_service(call: Call) -> Iterator[PSObject]:
    """The client access servers, or one."""
    _warn_if_deprecated(call, "Get-ClientAccessService")
    for server in select(call, call.organization.client_access_servers):
        yield client_access_server(call, server)


@cmdlet(
    "Set-ClientAccessService",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.SetClientAccessService",
    writes=True,
    without=(
        "AlternateServiceAccountCredential",
        "Array",
        "CleanUpInvalidAlternateServiceAccountCredentials",
        "RemoveAlternateServiceAccountCredentials",
    ),
)
def set_client_access_service(call: Call) -> Iterator[PSObject]:
    """Write the service connection point: its URL and the sites that it is for."""
    _warn_if_deprecated(call, "Set-ClientAccessService")
    identity = call.text("Identity")
    if not identity:
        raise failure(
            call, "The value of property 'Identity' cannot be null or empty.", INVALID_ARGUMENT, terminating=True
        )
    for server in select(call, call.organization.client_access_servers):
        _change(call, server)
    yield from ()


alias("Get-ClientAccessServer", "Get-ClientAccessService", type_name=f"{TASKS}.GetClientAccessServer")
alias("Set-ClientAccessServer", "Set-ClientAccessService", type_name=f"{TASKS}.SetClientAccessServer")


def _change(call: Call, server: Server) -> None:
    address = server.autodiscover_uri
    if call.bound("AutoDiscoverServiceInternalUri"):
        address = call.text("AutoDiscoverServiceInternalUri") or None
    if address and not address.lower().startswith(("http://", "https://")):
        text = f"The URL '{address}' isn't valid: it must be absolute and begin with http:// or https://."
        raise failure(call, text, "Microsoft.Exchange.Data.DataValidationException", terminating=True)
    scope = server.site_scope
    if call.bound("AutoDiscoverSiteScope"):
        scope = call.changed("AutoDiscoverSiteScope", scope)
    if (address, scope) == (server.autodiscover_uri, server.site_scope):
        call.warning(UNCHANGED.format(server.name))
    elif not call.what_if:
        written = {"autodiscover_uri": address, "site_scope": scope, "changed": call.now}
        call.farm.directory.write(call.controller, server.name, **written)


def _warn_if_deprecated(call: Call, successor: str) -> None:
    if call.cmdlet.name != successor and call.farm.catalogue.exists(successor, "exchange", call.host.version):
        call.warning(DEPRECATED.format(call.cmdlet.name, successor))
