# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchange servers, and the health of their services."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSObject, PSString

from farm.exchange.client_access import TASKS, select
from farm.exchange.errors import not_found
from farm.exchange.objects import PRESENTATION, directory_object, received, server_version
from farm.exchange.organization import Server
from farm.objects import ad_object_id, enumeration, multi_valued, psobject, text
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ

TYPE = "Microsoft.Exchange.Data.Directory.Management.ExchangeServer"
HEALTH = "Microsoft.Exchange.Management.Monitoring.ServiceStatus"
ROLES = {
    "Mailbox Server Role": (
        "MSExchangeADTopology",
        "MSExchangeIS",
        "MSExchangeMailboxAssistants",
        "MSExchangeTransport",
    ),
    "Client Access Server Role": ("MSExchangeADTopology", "MSExchangeServiceHost", "MSExchangeRPC", "W3SVC"),
}


@cmdlet("Get-ExchangeServer", EXCHANGE_READ, type_name=f"{TASKS}.GetExchangeServer", without=("Status",))
def get_exchange_server(call: Call) -> Iterator[PSObject]:
    """The servers of the organization, or one."""
    for server in select(call, call.farm.organization.servers):
        yield _exchange_server(call, server)


def _exchange_server(call: Call, server: Server) -> PSObject:
    organization = call.farm.organization
    site = f"CN={server.host.site},CN=Sites,CN=Configuration,{organization.dn[organization.dn.index('DC=') :]}"
    addresses = [f"netbios:{server.name}", f"ncacn_np:{server.name}", f"ncacn_ip_tcp:{server.host.fqdn}"]
    properties: dict[str, object] = {
        "Domain": text(organization.domain),
        "Edition": enumeration("Microsoft.Exchange.Data.ServerEditionType", "StandardEvaluation", 2),
        "ExchangeLegacyDN": text(
            f"/o={organization.name}/ou=Exchange Administrative Group/cn=Configuration/cn=Servers/cn={server.name}"
        ),
        "Fqdn": text(server.host.fqdn),
        "IsHubTransportServer": True,
        "IsClientAccessServer": True,
        "IsExchange2007OrLater": True,
        "IsEdgeServer": False,
        "IsMailboxServer": True,
        "IsE14OrLater": True,
        "IsE15OrLater": True,
        "IsProvisionedServer": False,
        "IsUnifiedMessagingServer": server.host.version in ("2013", "2016"),
        "IsFrontendTransportServer": True,
        "NetworkAddress": multi_valued(addresses),
        "AdminDisplayVersion": server_version(server.host.build),
        "Site": ad_object_id(
            site, f"{organization.domain}/Configuration/Sites/{server.host.site}", organization.domain
        ),
        "ServerRole": enumeration("Microsoft.Exchange.Data.Directory.SystemConfiguration.ServerRole", *_role(server)),
        "CurrentDomainControllers": multi_valued([call.farm.directory]),
        "CurrentGlobalCatalogs": multi_valued([call.farm.directory]),
        "CurrentConfigDomainController": text(call.farm.directory),
        "IsExchangeTrialEdition": True,
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


def _role(server: Server) -> tuple[str, int]:
    return ("Mailbox, ClientAccess", 16386) if server.host.version == "2013" else ("Mailbox", 2)


@cmdlet(
    "Test-ServiceHealth",
    EXCHANGE_READ,
    type_name="Microsoft.Exchange.Management.Monitoring.TestServiceHealth",
    without=("MonitoringContext",),
)
def test_service_health(call: Call) -> Iterator[PSObject]:
    """Whether the services that each role needs are running."""
    name = call.text("Server") or call.host.fqdn
    server = call.farm.organization.server(name)
    if server is None:
        call.error(not_found(call, name))
        return
    services = call.farm.machine(server.host.fqdn).services
    stopped = call.farm.faults.get("service_stopped", server.host.fqdn)
    for role, needed in ROLES.items():
        down = [n for n in needed if not services.get(n, False) or (stopped and stopped.value.lower() == n.lower())]
        value = psobject(
            [HEALTH, "Microsoft.Exchange.Data.ConfigurableObject", "System.Object"],
            None,
            Role=PSString(role),
            RequiredServicesRunning=not down,
            ServicesRunning=multi_valued([n for n in needed if n not in down]),
            ServicesNotRunning=multi_valued(down),
        )
        yield received(call, value)
