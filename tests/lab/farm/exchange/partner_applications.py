# SPDX-License-Identifier: GPL-3.0-or-later

"""Partner applications: who may call Exchange with tokens of its own, whose keys it takes, and which account it acts as.

With AuthMetadataUrl the server that the session is with downloads the other side's document and keeps its identifier, its realm and its
certificates; -RefreshAuthMetadata reads it again (New- and Set-PartnerApplication.md). With ApplicationIdentifier the application uses an
authorization server instead (parameter set ACSTrustApplication), which UseAuthServer shows.

What the cmdlets refuse is from the code of those of 2013 CU23 (SetPartnerApplication, NewPartnerApplication and OAuthTaskHelper, read
decompiled): Set- takes no other realm or identifier, and no document that has another one; two applications may not have the same
identifier and realm. The categories are from there; the texts are guesses.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

from psrpcore.types import PSObject

from farm.exchange.auth import CONFIG
from farm.exchange.client_access import TASKS, UNCHANGED
from farm.exchange.errors import INVALID_ARGUMENT, failure, not_found
from farm.exchange.objects import CONFIGURATION, directory_object
from farm.exchange.organization import PARTNERS
from farm.exchange.recipients import ALREADY, canonical, find_recipient
from farm.objects import ad_object_id, enumeration, multi_valued, text
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ, EXCHANGE_WRITE
from farm.scenario import PartnerApplication
from farm.web.download import Document, DownloadError, download

NO_DOCUMENT = "Microsoft.Exchange.Management.SystemConfigurationTasks.AuthMetadataClientException"
TASK_EXCEPTION = "Microsoft.Exchange.Configuration.Tasks.TaskException"
NOT_MODELLED = ("AccountType", "ActAsPermissions", "AppOnlyPermissions", "IssuerIdentifier")


@cmdlet("Get-PartnerApplication", EXCHANGE_READ, type_name=f"{TASKS}.GetPartnerApplication", without=("Organization",))
def get_partner_application(call: Call) -> Iterator[PSObject]:
    """The partner applications, or one."""
    identity = call.text("Identity")
    if not identity:
        yield from (_show(call, entry) for entry in call.organization.partner_applications)
        return
    found = call.organization.partner_applications.find(identity)
    if found is None:
        call.error(not_found(call, identity))
    else:
        yield _show(call, found)


def _show(call: Call, entry: PartnerApplication) -> PSObject:
    organization = call.organization
    account = f"CN={entry.linked_account.rpartition('/')[2]},CN=Users,{organization.root}"
    linked = ad_object_id(account, entry.linked_account, organization.domain) if entry.linked_account else None
    properties: dict[str, object] = {
        "Enabled": entry.enabled,
        "ApplicationIdentifier": text(entry.application_identifier),
        "CertificateStrings": multi_valued(_list_certificates(call, entry)),
        "AuthMetadataUrl": text(entry.metadata_url),
        "Realm": text(entry.realm),
        "UseAuthServer": entry.use_auth_server,
        "AcceptSecurityIdentifierInformation": entry.accept_security_identifiers,
        "LinkedAccount": linked,
        "DeploymentId": text(""),
        "IssuerIdentifier": None,
        "AccountType": enumeration(f"{CONFIG}.SupportedAccountType", "OrganizationalAccount", 1),
        "AppOnlyPermissions": None,
        "ActAsPermissions": None,
    }
    return directory_object(
        call,
        [f"{CONFIG}.PartnerApplication", *CONFIGURATION],
        f"CN={entry.name},CN=Partner Applications,CN=Auth Configuration,{organization.dn}",
        organization.created,
        properties,
        classes=("top", "Auth-Partner-Application"),
    )


def _list_certificates(call: Call, entry: PartnerApplication) -> list[str]:
    """The certificates that were read, in base64, as the document has them (x5c)."""
    known = {issued.thumbprint: issued for issued in call.farm.certificates.values()}
    return [base64.b64encode(known[thumb].raw).decode("ascii") for thumb in entry.certificates if thumb in known]


@cmdlet(
    "New-PartnerApplication",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.NewPartnerApplication",
    writes=True,
    without=NOT_MODELLED,
)
def new_partner_application(call: Call) -> Iterator[PSObject]:
    """Add an application."""
    name = call.text("Name") or ""
    if call.organization.partner_applications.find(name):
        raise failure(call, f"The partner application '{name}' already exists.", ALREADY, terminating=True)
    made = PartnerApplication(name, call.text("ApplicationIdentifier") or "", use_auth_server=True)
    made = _change(call, made)
    _refuse_duplicate(call, made)
    if not call.what_if:
        _write(call, name, made)
        yield _show(call, made)


@cmdlet(
    "Set-PartnerApplication",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.SetPartnerApplication",
    writes=True,
    without=(*NOT_MODELLED, "ApplicationIdentifier", "Name"),
)
def set_partner_application(call: Call) -> Iterator[PSObject]:
    """Change an application, or read its document again."""
    found = _find(call)
    url = call.text("AuthMetadataUrl")
    if url and found.use_auth_server:
        message = "The partner application uses an authorization server; its AuthMetadataUrl cannot be set."
        raise failure(call, message, TASK_EXCEPTION, terminating=True, category="InvalidArgument")
    if not url and any(map(call.bound, ("Realm", "ApplicationIdentifier", "IssuerIdentifier"))):
        message = "The application identifier, realm and issuer of a partner application cannot be changed."
        raise failure(call, message, TASK_EXCEPTION, terminating=True, category="InvalidArgument")
    changed = _change(call, found)
    _refuse_other_partner(call, found, changed)
    if changed == found:
        call.warning(UNCHANGED.format(found.name))
    elif not call.what_if:
        _write(call, found.name, changed)
    yield from ()


@cmdlet(
    "Remove-PartnerApplication",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.RemovePartnerApplication",
    writes=True,
    prompts=True,
)
def remove_partner_application(call: Call) -> Iterator[PSObject]:
    """Remove an application; its account stays."""
    found = _find(call)
    if not call.what_if:
        _write(call, found.name, None)
    yield from ()


def _refuse_duplicate(call: Call, made: PartnerApplication) -> None:
    for entry in call.organization.partner_applications:
        same = entry.application_identifier.lower() == made.application_identifier.lower()
        if same and entry.realm.lower() == made.realm.lower() and entry.name.lower() != made.name.lower():
            message = f"The partner application '{entry.name}' has the same application identifier and realm."
            raise failure(call, message, TASK_EXCEPTION, terminating=True, category="InvalidArgument")


def _refuse_other_partner(call: Call, found: PartnerApplication, changed: PartnerApplication) -> None:
    """A document of another partner, or of the same one under another realm."""
    known = (found.application_identifier, found.realm or changed.realm)
    if (changed.application_identifier, changed.realm) != known:
        message = (
            f"The document has the application identifier '{changed.application_identifier}' and the realm '{changed.realm}', but the "
            f"partner application has '{found.application_identifier}' and '{found.realm}'."
        )
        raise failure(call, message, TASK_EXCEPTION, terminating=True, category="InvalidData")


def _write(call: Call, name: str, entry: PartnerApplication | None) -> None:
    call.farm.directory.write(call.controller, PARTNERS, **{name.lower(): entry})


def _find(call: Call) -> PartnerApplication:
    identity = call.text("Identity") or ""
    found = call.organization.partner_applications.find(identity)
    if found is None:
        raise not_found(call, identity)
    return found


def _change(call: Call, entry: PartnerApplication) -> PartnerApplication:
    """The application with what the call gives."""
    url = call.text("AuthMetadataUrl") or (entry.metadata_url if call.switch("RefreshAuthMetadata") else "")
    if call.switch("RefreshAuthMetadata") and not url:
        message = "The partner application has no AuthMetadataUrl that could be read again."
        raise failure(call, message, INVALID_ARGUMENT, terminating=True)
    if url:
        entry = replace(_take(entry, _download(call, url)), metadata_url=url, use_auth_server=False)
    if call.bound("Realm"):
        entry = replace(entry, realm=call.text("Realm") or "")
    if call.bound("Enabled"):
        entry = replace(entry, enabled=call.switch("Enabled"))
    if call.bound("AcceptSecurityIdentifierInformation"):
        entry = replace(entry, accept_security_identifiers=call.switch("AcceptSecurityIdentifierInformation"))
    if call.bound("LinkedAccount"):
        entry = replace(entry, linked_account=_find_account(call))
    return entry


def _take(entry: PartnerApplication, document: Document) -> PartnerApplication:
    return replace(
        entry,
        application_identifier=document.application_identifier,
        realm=document.realm,
        certificates=list(document.keys),
    )


def _download(call: Call, url: str) -> Document:
    try:
        return download(call.farm, call.host, url, trust_any=call.switch("TrustAnySSLCertificate"))
    except DownloadError as error:
        message = f"Cannot acquire auth metadata document from '{url}'. Error: {error}"
        raise failure(call, message, NO_DOCUMENT, terminating=True, category="ResourceUnavailable") from error


def _find_account(call: Call) -> str:
    identity = call.text("LinkedAccount")
    if not identity:
        return ""
    found = find_recipient(call, identity, ("User", "MailUser"))
    if found is None:
        raise not_found(call, identity)
    return canonical(call.organization, found)
