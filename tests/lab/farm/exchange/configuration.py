# SPDX-License-Identifier: GPL-3.0-or-later

"""Organization-wide settings: accepted domains and the organization itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psrpcore.types import PSList, PSObject, PSString

from farm.exchange.auth import CONFIG
from farm.exchange.client_access import TASKS
from farm.exchange.errors import not_found
from farm.exchange.objects import CONFIGURATION, directory_object
from farm.objects import ad_object_id, enumeration, multi_valued, psobject, text
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ
from farm.scenario import HYBRID_FEATURES, AcceptedDomain, Hybrid

DATA = "Microsoft.Exchange.Data"
DIRECTORY = "Microsoft.Exchange.Data.Directory"

DOMAIN_TYPES = {"Authoritative": 0, "ExternalRelay": 1, "InternalRelay": 2}


@cmdlet("Get-AcceptedDomain", EXCHANGE_READ, type_name=f"{TASKS}.GetAcceptedDomain")
def get_accepted_domain(call: Call) -> Iterator[PSObject]:
    """The accepted domains, or one."""
    identity = call.text("Identity")
    found = call.organization.accepted_domains
    if identity:
        found = [entry for entry in found if entry.name.lower() == identity.lower()]
        if not found:
            call.error(not_found(call, identity))
    for entry in found:
        yield _accepted_domain(call, entry)


_FEATURES_OF_NO_DOMAIN: dict[str, object] = {
    "EmailOnly": False,
    "ExternallyManaged": False,
    "AuthenticationType": None,
    "LiveIdInstanceType": None,
    "PendingRemoval": False,
    "PendingCompletion": False,
    "FederatedOrganizationLink": None,
    "MailFlowPartner": None,
    "OutboundOnly": False,
    "PendingFederatedAccountNamespace": False,
    "PendingFederatedDomain": False,
    "IsCoexistenceDomain": False,
    "PerimeterDuplicateDetected": False,
    "IsDefaultFederatedDomain": False,
    "EnableNego2Authentication": False,
    "InitialDomain": False,
}
"""What an accepted domain shows of Exchange Online and of federation, which none of a farm here has."""


def _accepted_domain(call: Call, entry: AcceptedDomain) -> PSObject:
    domain = entry.name.removeprefix("*.")
    name = psobject(
        ["Microsoft.Exchange.Data.SmtpDomainWithSubdomains", "System.Object"],
        entry.name,
        Address=PSString(entry.name),
        IncludeSubDomains=entry.name.startswith("*"),
        Domain=PSString(domain),
        SmtpDomain=None if domain == "*" else PSString(domain),
        IsStar=entry.name == "*",
    )
    properties: dict[str, object] = {
        "DomainName": name,
        "CatchAllRecipientID": None,
        "DomainType": enumeration(f"{CONFIG}.AcceptedDomainType", entry.kind, DOMAIN_TYPES[entry.kind]),
        "MatchSubDomains": False,  # also of captured ones with an asterisk
        "AddressBookEnabled": True,
        "Default": entry.default,
        **_FEATURES_OF_NO_DOMAIN,
    }
    dn = f"CN={entry.name},CN=Accepted Domains,CN=Transport Settings,{call.organization.dn}"
    return directory_object(
        call,
        [f"{CONFIG}.AcceptedDomain", *CONFIGURATION],
        dn,
        call.organization.created,
        properties,
        classes=("top", "Accepted-Domain"),
    )


@cmdlet("Get-OrganizationConfig", EXCHANGE_READ, type_name=f"{TASKS}.GetOrganizationConfig")
def get_organization_config(call: Call) -> Iterator[PSObject]:
    """The organization's own settings, as far as the integration looks at them."""
    properties: dict[str, object] = {
        "OAuth2ClientProfileEnabled": False,
        "MapiHttpEnabled": True,
        "AdfsAuthenticationConfiguration": None,
        "LegacyExchangeDN": text(f"/o={call.organization.name}"),
    }
    yield directory_object(
        call,
        [f"{CONFIG}.ADOrganizationConfig", *CONFIGURATION],
        call.organization.dn,
        call.organization.created,
        properties,
        shown=call.organization.name,
        classes=("top", "container", "Organization-Container"),
    )


@cmdlet(
    "Get-HybridConfiguration", EXCHANGE_READ, type_name="Microsoft.Exchange.Management.Hybrid.GetHybridConfiguration"
)
def get_hybrid_configuration(call: Call) -> Iterator[PSObject]:
    """What the Hybrid Configuration Wizard wrote; nothing where it never ran."""
    if (hybrid := call.organization.hybrid) is not None:
        yield _show_hybrid_configuration(call, hybrid)


def _show_hybrid_configuration(call: Call, hybrid: Hybrid) -> PSObject:
    transport = [_identify_server(call, name) for name in hybrid.transport_servers]
    certificate = f"<I>CN=Lab Authority {call.organization.domain}<S>CN={hybrid.smart_host or hybrid.domains[0]}"
    properties: dict[str, object] = {
        "ClientAccessServers": _make_list([], f"{DIRECTORY}.ADObjectId", directory=True),
        "EdgeTransportServers": _make_list([], f"{DIRECTORY}.ADObjectId", directory=True),
        "ReceivingTransportServers": _make_list(transport, f"{DIRECTORY}.ADObjectId", directory=True),
        "SendingTransportServers": _make_list(transport, f"{DIRECTORY}.ADObjectId", directory=True),
        "OnPremisesSmartHost": _make_smtp_domain(hybrid.smart_host) if hybrid.smart_host else None,
        "Domains": _make_list(
            [_make_autodiscover_domain(name) for name in hybrid.domains], f"{DATA}.AutoDiscoverSmtpDomain"
        ),
        "Features": _make_list([_make_feature(name) for name in hybrid.features], "HybridFeature", directory=True),
        "ExternalIPAddresses": _make_list([], f"{DATA}.IPRange"),
        "TlsCertificateName": psobject([f"{DATA}.SmtpX509Identifier", "System.Object"], certificate),
        "ServiceInstance": 0,
    }
    return directory_object(
        call,
        [f"{CONFIG}.HybridConfiguration", *CONFIGURATION],
        f"CN=Hybrid Configuration,CN=Hybrid Configuration,{call.organization.dn}",
        call.organization.created,
        properties,
        classes=("top", "msExchCoexistenceRelationship", "Coexistence-Relationship"),
    )


def _identify_server(call: Call, name: str) -> PSObject:
    server = call.organization.server(name)
    assert server is not None, name
    return ad_object_id(call.organization.server_dn(server), server.name, call.organization.domain)


def _make_list(values: Sequence[object], element: str, *, directory: bool = False) -> PSList:
    found = multi_valued(values, element)
    if directory:
        found.PSObject.type_names.insert(0, f"{DIRECTORY}.ADMultiValuedProperty`1[[{element}]]")
    return found


def _make_smtp_domain(name: str) -> PSObject:
    return psobject([f"{DATA}.SmtpDomain", "System.Object"], name, Domain=PSString(name))


def _make_autodiscover_domain(name: str) -> PSObject:
    names = [f"{DATA}.AutoDiscoverSmtpDomain", f"{DATA}.SmtpDomain", "System.Object"]
    return psobject(names, name, AutoDiscover=False, Domain=PSString(name))


def _make_feature(name: str) -> object:
    return enumeration("HybridFeature", name, HYBRID_FEATURES.index(name))
