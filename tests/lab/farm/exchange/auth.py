# SPDX-License-Identifier: GPL-3.0-or-later

"""Server-to-server authorization: AuthConfig."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSObject

from farm.exchange.client_access import TASKS
from farm.exchange.objects import CONFIGURATION, directory_object
<<<<<<< HEAD
from farm.objects import date, text
=======
from farm.exchange.organization import AUTH
from farm.objects import ad_object_id, date, enumeration, multi_valued, text
>>>>>>> lab9
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ

CONFIG = "Microsoft.Exchange.Data.Directory.SystemConfiguration"


@cmdlet("Get-AuthConfig", EXCHANGE_READ, type_name=f"{TASKS}.GetAuthConfig")
def get_auth_config(call: Call) -> Iterator[PSObject]:
    """The authorization configuration: which certificate signs tokens."""
    auth = call.organization.auth
    properties: dict[str, object] = {
        "CurrentCertificateThumbprint": text(auth.current),
        "PreviousCertificateThumbprint": text(auth.previous),
        "NextCertificateThumbprint": text(auth.next),
        "NextCertificateEffectiveDate": date(auth.next_effective),
        "ServiceName": text(auth.service_name),
        "Realm": text(auth.realm),
    }
    if call.host.version != "2013":
        properties |= {"DeploymentId": text(""), "IssuerIdentifier": text("")}
    properties["Name"] = text(AUTH.partition("=")[2])
    dn = f"CN=Auth Configuration,{call.organization.dn}"
    yield directory_object(
        call,
        [f"{CONFIG}.AuthConfig", *CONFIGURATION],
        dn,
        call.organization.created,
        properties,
        classes=("top", "container", "msExchContainer", "Auth-Auth-Config"),
    )
<<<<<<< HEAD
=======


@cmdlet("Get-PartnerApplication", EXCHANGE_READ, type_name=f"{TASKS}.GetPartnerApplication", without=("Organization",))
def get_partner_application(call: Call) -> Iterator[PSObject]:
    """The partner applications, or one."""
    identity = call.text("Identity")
    found = call.organization.partner_applications
    if identity:
        found = [entry for entry in found if entry.name.lower() == identity.lower()]
        if not found:
            call.error(not_found(call, identity))
    for entry in found:
        yield _partner_application(call, entry)


def _partner_application(call: Call, entry: PartnerApplication) -> PSObject:
    organization = call.organization
    account = f"CN={entry.linked_account.rpartition('/')[2]},CN=Users,{organization.dn[organization.dn.index('DC=') :]}"
    properties: dict[str, object] = {
        "Enabled": entry.enabled,
        "ApplicationIdentifier": text(entry.application_identifier),
        "CertificateStrings": multi_valued([]),
        "AuthMetadataUrl": text(entry.metadata_url),
        "Realm": text(entry.realm),
        "UseAuthServer": entry.use_auth_server,
        "AcceptSecurityIdentifierInformation": False,
        "LinkedAccount": ad_object_id(account, entry.linked_account, organization.domain)
        if entry.linked_account
        else None,
        "DeploymentId": text(""),
        "IssuerIdentifier": None,
        "AccountType": enumeration(f"{CONFIG}.SupportedAccountType", "OrganizationalAccount", 1),
        "AppOnlyPermissions": None,
        "ActAsPermissions": None,
    }
    dn = f"CN={entry.name},CN=Partner Applications,CN=Auth Configuration,{organization.dn}"
    return directory_object(
        call,
        [f"{CONFIG}.PartnerApplication", *CONFIGURATION],
        dn,
        organization.created,
        properties,
        classes=("top", "Auth-Partner-Application"),
    )
>>>>>>> lab9
