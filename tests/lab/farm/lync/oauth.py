# SPDX-License-Identifier: GPL-3.0-or-later

"""The global OAuth settings and the partner applications of the Central Management Store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from psrpcore.types import PSList, PSObject, PSString

from farm.lync.errors import bad_argument, failure, not_found
from farm.lync.store import Content
from farm.metadata import DownloadError, download
from farm.objects import psobject, text
from farm.registry import Call, cmdlet
from farm.rights import LYNC_READ, LYNC_WRITE
from farm.scenario import OAuth, PartnerApplication

NAMESPACE = "Microsoft.Rtc.Management.WritableConfig.Settings.SSAuth"
TYPE = f"{NAMESPACE}.OAuthSettings"
PARTNER = f"{NAMESPACE}.PartnerApplication"

PARAMETERS = {
    "Realm": "realm",
    "ServiceName": "service_name",
    "ExchangeAutodiscoverUrl": "exchange_autodiscover_url",
    "ExchangeAutodiscoverAllowedDomains": "exchange_autodiscover_allowed_domains",
    "ClientAuthorizationOAuthServerIdentity": "client_authorization_oauth_server_identity",
}
TRUST_LEVELS = ("Full", "Application", "User")


def content(call: Call) -> Content:
    """What the cmdlet reads: the store, or with LocalStore this computer's replica."""
    if not call.switch("LocalStore"):
        return call.farm.store.content
    replica = call.farm.store.replica(call.host.fqdn)
    if replica is None:
        raise failure(call, f"There is no local store on {call.host.fqdn}.", category="ObjectNotFound")
    return replica.version.content


def _check_identity(call: Call) -> None:
    identity = call.text("Identity")
    if identity and identity.lower() != "global":
        raise not_found(call, identity, '"OAuthSettings"')


@cmdlet("Get-CsOAuthConfiguration", LYNC_READ, type_name=f"{NAMESPACE}.GetOAuthSettingsCmdlet", without=("Filter",))
def get_cs_oauth_configuration(call: Call) -> Iterator[PSObject]:
    """The one object of the settings."""
    _check_identity(call)
    found = content(call)
    oauth = found.oauth
    properties: dict[str, object] = {
        "Identity": PSString("Global"),
        "PartnerApplications": PSList([_partner(entry) for entry in found.partner_applications]),
        "OAuthServers": PSList([]),
        "Realm": text(oauth.realm),
        "ServiceName": text(oauth.service_name),
        "ClientAuthorizationOAuthServerIdentity": text(oauth.client_authorization_oauth_server_identity),
        "ExchangeAutodiscoverUrl": text(oauth.exchange_autodiscover_url),
        "ExchangeAutodiscoverAllowedDomains": text(oauth.exchange_autodiscover_allowed_domains),
    }
    if call.farm.scenario.lync.version == "2013":
        del properties["ClientAuthorizationOAuthServerIdentity"]  # 2015 and later
    yield psobject([f"{TYPE}#Decorated", TYPE, "System.Object"], TYPE, **properties)


@cmdlet(
    "Set-CsOAuthConfiguration",
    LYNC_WRITE,
    type_name=f"{NAMESPACE}.SetOAuthSettingsCmdlet",
    writes=True,
    without=("Tenant",),
)
def set_cs_oauth_configuration(call: Call) -> Iterator[PSObject]:
    """Change settings; those that are not given stay."""
    _check_identity(call)
    given = {field: call.text(name) or "" for name, field in PARAMETERS.items() if call.bound(name)}
    if isinstance(instance := call.parameters.get("Instance"), PSObject):
        given |= {field: str(getattr(instance, name, "") or "") for name, field in PARAMETERS.items()}
    if "service_name" in given and not given["service_name"]:
        raise bad_argument(call, "ServiceName must not be empty.", "ServiceName")
    address = given.get("exchange_autodiscover_url", "")
    if address and not address.lower().startswith(("http://", "https://")):
        raise bad_argument(call, f'"{address}" is not a valid URL.', address)
    changed: OAuth = replace(call.farm.store.content.oauth, **given)
    if not call.what_if and changed != call.farm.store.content.oauth:
        call.farm.store.write(oauth=changed)
    yield from ()


@cmdlet(
    "Get-CsPartnerApplication",
    LYNC_READ,
    type_name=f"{NAMESPACE}.GetPartnerApplicationCmdlet",
    without=("Filter", "Tenant"),
)
def get_cs_partner_application(call: Call) -> Iterator[PSObject]:
    """The partner applications, or one."""
    found = content(call).partner_applications
    if identity := call.text("Identity"):
        found = [entry for entry in found if entry.name.lower() == identity.lower()]
        if not found:
            raise not_found(call, identity, '"PartnerApplication"')
    for entry in found:
        yield _partner(entry)


def _partner(entry: PartnerApplication) -> PSObject:
    token = f"{NAMESPACE}.UseOAuthServer" if entry.use_auth_server else f"Value={entry.metadata_url}"
    return psobject(
        [f"{PARTNER}#Decorated", PARTNER, "System.Object"],
        entry.name,
        Identity=text(entry.name),
        AuthToken=text(token),
        Name=text(entry.name),
        ApplicationIdentifier=text(entry.application_identifier),
        Realm=text(entry.realm),
        ApplicationTrustLevel=text(entry.trust_level),
        AcceptSecurityIdentifierInformation=entry.accept_security_identifiers,
        Enabled=entry.enabled,
    )


@cmdlet(
    "New-CsPartnerApplication",
    LYNC_WRITE,
    type_name=f"{NAMESPACE}.NewPartnerApplicationCmdlet",
    writes=True,
    without=("CertificateFileData", "CertificateRawData", "InMemory", "Tenant"),
)
def new_cs_partner_application(call: Call) -> Iterator[PSObject]:
    """Add a partner application."""
    name = call.text("Identity") or call.text("Name") or ""
    applications = call.farm.store.content.partner_applications
    if any(entry.name.lower() == name.lower() for entry in applications):
        text = f'"{name}" already exists. To modify an existing item, use the Set- cmdlet instead of the New- cmdlet.'
        raise failure(call, text, "ItemAlreadyExists", category="ResourceExists", target=name)
    entry = _changed(call, PartnerApplication(name, call.text("ApplicationIdentifier") or ""))
    if not call.what_if:
        call.farm.store.write(partner_applications=[*applications, entry])
        yield _partner(entry)


@cmdlet(
    "Set-CsPartnerApplication",
    LYNC_WRITE,
    type_name=f"{NAMESPACE}.SetPartnerApplicationCmdlet",
    writes=True,
    without=("CertificateFileData", "CertificateRawData", "Tenant"),
)
def set_cs_partner_application(call: Call) -> Iterator[PSObject]:
    """Change a partner application."""
    others, entry = _one(call)
    changed = _changed(call, entry)
    if not call.what_if and changed != entry:
        call.farm.store.write(partner_applications=[*others, changed])
    yield from ()


@cmdlet(
    "Remove-CsPartnerApplication",
    LYNC_WRITE,
    type_name=f"{NAMESPACE}.RemovePartnerApplicationCmdlet",
    writes=True,
    without=("Tenant",),
)
def remove_cs_partner_application(call: Call) -> Iterator[PSObject]:
    """Remove a partner application."""
    others, _found = _one(call)
    if not call.what_if:
        call.farm.store.write(partner_applications=others)
    yield from ()


def _one(call: Call) -> tuple[list[PartnerApplication], PartnerApplication]:
    identity = call.text("Identity") or ""
    applications = call.farm.store.content.partner_applications
    for entry in applications:
        if entry.name.lower() == identity.lower():
            return [other for other in applications if other is not entry], entry
    raise not_found(call, identity, '"PartnerApplication"')


def _changed(call: Call, entry: PartnerApplication) -> PartnerApplication:
    """The application with what the call gives."""
    if url := call.text("MetadataUrl"):
        entry = replace(_take_document(call, entry, url), metadata_url=url, use_auth_server=False)
    if level := call.text("ApplicationTrustLevel"):
        known = {name.lower(): name for name in TRUST_LEVELS}
        if level.lower() not in known:
            raise bad_argument(call, f'"{level}" is not a trust level.', level)
        entry = replace(entry, trust_level=known[level.lower()])
    if call.bound("Enabled"):
        entry = replace(entry, enabled=call.switch("Enabled"))
    if call.bound("Realm"):
        entry = replace(entry, realm=call.text("Realm") or "")
    if call.bound("AcceptSecurityIdentifierInformation"):
        entry = replace(entry, accept_security_identifiers=call.switch("AcceptSecurityIdentifierInformation"))
    if call.bound("UseOAuthServer"):
        entry = replace(entry, use_auth_server=call.switch("UseOAuthServer"), metadata_url="")
    return entry


def _take_document(call: Call, entry: PartnerApplication, url: str) -> PartnerApplication:
    """The server downloads the document while it binds the parameter: an address that does not answer is a binding error."""
    try:
        document = download(call.farm, call.host, url)
    except DownloadError as error:
        text = (
            'Cannot bind parameter \'MetadataUrl\' to the target. Exception setting "MetadataUrl": "The metadata document could '
            'not be downloaded from the URL in the MetadataUrl parameter or downloaded data is not a valid metadata document."'
        )
        kind = "System.Management.Automation.ParameterBindingException"
        raise failure(call, text, "ParameterBindingFailed", kind, category="WriteError", target=url) from error
    return replace(entry, application_identifier=document.application_identifier, realm=document.realm)
