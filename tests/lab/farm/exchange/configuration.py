# SPDX-License-Identifier: GPL-3.0-or-later

"""Organization-wide settings: accepted domains and the organization itself."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSObject, PSString

from farm.exchange.auth import CONFIG
from farm.exchange.client_access import TASKS
from farm.exchange.errors import not_found
from farm.exchange.objects import CONFIGURATION, directory_object
from farm.objects import enumeration, psobject, text
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ
from farm.scenario import AcceptedDomain

DOMAIN_TYPES = {"Authoritative": 0, "ExternalRelay": 1, "InternalRelay": 2}


@cmdlet("Get-AcceptedDomain", EXCHANGE_READ, type_name=f"{TASKS}.GetAcceptedDomain")
def get_accepted_domain(call: Call) -> Iterator[PSObject]:
    """The accepted domains, or one."""
    identity = call.text("Identity")
    found = call.farm.organization.accepted_domains
    if identity:
        found = [entry for entry in found if entry.name.lower() == identity.lower()]
        if not found:
            call.error(not_found(call, identity))
    for entry in found:
        yield _accepted_domain(call, entry)


def _accepted_domain(call: Call, entry: AcceptedDomain) -> PSObject:
    star = entry.name.startswith("*.")
    name = psobject(
        ["Microsoft.Exchange.Data.SmtpDomainWithSubdomains", "System.Object"],
        entry.name,
        Address=PSString(entry.name),
        IncludeSubDomains=star,
        Domain=PSString(entry.name.removeprefix("*.")),
        IsStar=entry.name == "*",
    )
    properties: dict[str, object] = {
        "DomainName": name,
        "CatchAllRecipientID": None,
        "DomainType": enumeration(f"{CONFIG}.AcceptedDomainType", entry.kind, DOMAIN_TYPES[entry.kind]),
        "MatchSubDomains": star,
        "AddressBookEnabled": True,
        "Default": entry.default,
    }
    dn = f"CN={entry.name},CN=Accepted Domains,CN=Transport Settings,{call.farm.organization.dn}"
    return directory_object(
        call,
        [f"{CONFIG}.AcceptedDomain", *CONFIGURATION],
        dn,
        call.farm.organization.created,
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
        "LegacyExchangeDN": text(f"/o={call.farm.organization.name}"),
    }
    yield directory_object(
        call,
        [f"{CONFIG}.ADOrganizationConfig", *CONFIGURATION],
        call.farm.organization.dn,
        call.farm.organization.created,
        properties,
        shown=call.farm.organization.name,
        classes=("top", "container", "Organization-Container"),
    )


@cmdlet(
    "Get-HybridConfiguration", EXCHANGE_READ, type_name="Microsoft.Exchange.Management.Hybrid.GetHybridConfiguration"
)
def get_hybrid_configuration(call: Call) -> Iterator[PSObject]:
    """Nothing: no scenario has a hybrid organization."""
    del call
    yield from ()
