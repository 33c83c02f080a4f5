# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchange servers, and the health of their services."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSObject, PSString

from farm.exchange.client_access import TASKS, answers, select
from farm.exchange.errors import not_found, unreachable
from farm.exchange.objects import PRESENTATION, directory_object, received, server_version
from farm.exchange.organization import Server
from farm.exchange.value_types import long_path, network_addresses, no_time
from farm.objects import ad_object_id, enumeration, multi_valued, psobject, text
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ

TYPE = "Microsoft.Exchange.Data.Directory.Management.ExchangeServer"
HEALTH = "Microsoft.Exchange.Management.Monitoring.ServiceStatus"
SERVER_ROLE = "Microsoft.Exchange.Data.Directory.SystemConfiguration.ServerRole"
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
    for server in select(call, call.organization.servers):
        yield _exchange_server(call, server)


def _exchange_server(call: Call, server: Server) -> PSObject:
    organization = call.organization
    site = f"CN={server.host.site},CN=Sites,CN=Configuration,{organization.dn[organization.dn.index('DC=') :]}"
    properties: dict[str, object] = {
        "Name": text(server.name),
        "DataPath": long_path(rf"C:\Program Files\Microsoft\Exchange Server\V{14 + server.is_e15}\Mailbox"),
        "Domain": text(organization.domain),
        "Edition": enumeration("Microsoft.Exchange.Data.ServerEditionType", "StandardEvaluation", 2),
        "ExchangeLegacyDN": text(
            f"/o={organization.name}/ou=Exchange Administrative Group/cn=Configuration/cn=Servers/cn={server.name}"
        ),
        "ExchangeLegacyServerRole": 0,
        "Fqdn": text(server.host.fqdn),
        "CustomerFeedbackEnabled": False,
        "InternetWebProxy": None,
        "InternetWebProxyBypassList": None,
        **_flags(server),
        "NetworkAddress": network_addresses(_list_addresses(server)),
        "OrganizationalUnit": text(f"{organization.domain}/{server.name}"),
        "AdminDisplayVersion": server_version(server.host.build),
        "Site": ad_object_id(
            site, f"{organization.domain}/Configuration/Sites/{server.host.site}", organization.domain
        ),
        "ServerRole": enumeration(SERVER_ROLE, *_role(server)),
        "ErrorReportingEnabled": False,
        **_mitigations(call, "MitigationsEnabled", value=True),
        "StaticDomainControllers": multi_valued([]),
        "StaticGlobalCatalogs": multi_valued([]),
        "StaticConfigDomainController": text(""),
        "StaticExcludedDomainControllers": multi_valued([]),
        "MonitoringGroup": text(""),
        "CurrentDomainControllers": multi_valued([call.controller]),
        "CurrentGlobalCatalogs": multi_valued([call.controller]),
        "CurrentConfigDomainController": text(call.controller),
        "ProductID": text(""),
        "IsExchangeTrialEdition": True,
        "IsExpiredExchangeTrialEdition": True,
        "MailboxProvisioningAttributes": None,
        "RemainingTrialPeriod": no_time(),
        **_mitigations(call, "MitigationsApplied", "MitigationsBlocked", value=None),
        **_mitigations(call, "DataCollectionEnabled", value=False),
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


def _list_addresses(server: Server) -> list[tuple[str, str]]:
    """By which protocols a server can be reached: all by its short name, but for TCP."""
    named = dict.fromkeys(("ncacn_vns_spp", "netbios", "ncacn_np", "ncacn_spx"), server.name)
    return [*named.items(), ("ncacn_ip_tcp", server.host.fqdn), ("ncalrpc", server.name)]


def _mitigations(call: Call, *names: str, value: bool | None) -> dict[str, object]:
    """What the Emergency Mitigation service has added, which is of 2016 and later."""
    return {} if call.host.version == "2013" else dict.fromkeys(names, value)


def _flags(server: Server) -> dict[str, object]:
    inside = not server.is_edge
    return {
        "IsHubTransportServer": inside,
        "IsClientAccessServer": inside,
        "IsExchange2007OrLater": True,
        "IsEdgeServer": server.is_edge,
        "IsMailboxServer": inside,
        "IsE14OrLater": True,
        "IsE15OrLater": server.is_e15,
        "IsProvisionedServer": False,
        "IsUnifiedMessagingServer": server.host.version in ("2013", "2016"),
        "IsFrontendTransportServer": inside and server.is_e15,
    }


def _role(server: Server) -> tuple[str, int]:
    if server.is_edge:
        return "Edge", 64
    if not server.is_e15:
        return "Mailbox, ClientAccess, HubTransport", 38
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
    server = call.organization.server(name)
    if server is None:
        call.error(not_found(call, name))
        return
    if not answers(call, server):
        raise unreachable(call, server.name)
    machine = call.farm.machine(server.host.fqdn)
    for role, needed in ROLES.items():
        down = [service for service in needed if not call.farm.is_running(machine, service)]
        value = psobject(
            [HEALTH, "Microsoft.Exchange.Data.ConfigurableObject", "System.Object"],
            None,
            Role=PSString(role),
            RequiredServicesRunning=not down,
            ServicesRunning=multi_valued([service for service in needed if service not in down]),
            ServicesNotRunning=multi_valued(down),
        )
        yield received(call, value)
