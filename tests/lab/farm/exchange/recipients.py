# SPDX-License-Identifier: GPL-3.0-or-later

"""Users, mail users and other recipients, as far as partner applications need one to act as.

Get-User shows accounts (User, MailUser, UserMailbox), Get-Recipient what has an address; both say RecipientType (Get-User.md,
Get-Recipient.md). New-MailUser without a password makes a disabled account in the container Users (New-MailUser.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from psrpcore.types import PSObject

from farm.catalogue import list_others
from farm.exchange.errors import failure, not_found
from farm.exchange.objects import PRESENTATION, directory_object
from farm.exchange.organization import RECIPIENTS, Organization
from farm.objects import enumeration, multi_valued, text
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ, EXCHANGE_WRITE
from farm.scenario import Recipient

MANAGEMENT = "Microsoft.Exchange.Data.Directory.Management"
TASKS = "Microsoft.Exchange.Management.RecipientTasks"
ALREADY = "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException"
KINDS = {"User": 1, "UserMailbox": 2, "MailUser": 3, "MailContact": 4, "MailUniversalDistributionGroup": 8}
ACCOUNTS = ("User", "MailUser", "UserMailbox")
READ = ("Identity", "DomainController")


def canonical(organization: Organization, recipient: Recipient) -> str:
    """The name of an object as an identity shows it."""
    return f"{organization.domain}/Users/{recipient.name}"


def dn_of(organization: Organization, recipient: Recipient) -> str:
    """The distinguished name."""
    return f"CN={recipient.name},CN=Users,{organization.root}"


def find_recipient(call: Call, identity: str, kinds: tuple[str, ...] = tuple(KINDS)) -> Recipient | None:
    r"""An object by name, canonical or distinguished name, address, user principal name or DOMAIN\name."""
    organization, wanted = call.organization, identity.lower()
    netbios = call.farm.scenario.domain.netbios
    for entry in organization.recipients:
        names = {
            entry.name,
            canonical(organization, entry),
            dn_of(organization, entry),
            f"{netbios}\\{entry.name}",
            f"{entry.name}@{organization.domain}",
            entry.external_address,
        }
        if entry.kind in kinds and wanted in {name.lower() for name in names if name}:
            return entry
    return None


def _list(call: Call, kinds: tuple[str, ...]) -> list[Recipient]:
    identity = call.text("Identity")
    if not identity:
        return [entry for entry in call.organization.recipients if entry.kind in kinds]
    found = find_recipient(call, identity, kinds)
    if found is None:
        call.error(not_found(call, identity))
        return []
    return [found]


@cmdlet("Get-User", EXCHANGE_READ, type_name=f"{TASKS}.GetUser", without=list_others("Get-User", *READ))
def get_user(call: Call) -> Iterator[PSObject]:
    """The accounts, or one."""
    for entry in _list(call, ACCOUNTS):
        yield _show(
            call, entry, f"{MANAGEMENT}.User", {"UserPrincipalName": text(f"{entry.name}@{call.organization.domain}")}
        )


@cmdlet("Get-Recipient", EXCHANGE_READ, type_name=f"{TASKS}.GetRecipient", without=list_others("Get-Recipient", *READ))
def get_recipient(call: Call) -> Iterator[PSObject]:
    """What has an address, or one of it."""
    for entry in _list(call, tuple(kind for kind in KINDS if kind != "User")):
        yield _show(call, entry, f"{MANAGEMENT}.ReducedRecipient", _list_mail_properties(entry))


def _list_mail_properties(entry: Recipient) -> dict[str, object]:
    return {
        "ExternalEmailAddress": text(f"SMTP:{entry.external_address}" if entry.external_address else ""),
        "HiddenFromAddressListsEnabled": entry.hidden,
        "EmailAddresses": multi_valued([f"SMTP:{entry.external_address}"] if entry.external_address else []),
    }


def _show(call: Call, entry: Recipient, kind: str, properties: dict[str, object]) -> PSObject:
    organization = call.organization
    common: dict[str, object] = {
        "RecipientType": enumeration(
            "Microsoft.Exchange.Data.Directory.Recipient.RecipientType", entry.kind, KINDS[entry.kind]
        ),
        "SamAccountName": text(entry.name[:20]),
        "DisplayName": text(entry.name),
    }
    return directory_object(
        call,
        [kind, *PRESENTATION],
        dn_of(organization, entry),
        organization.created,
        {**common, **properties},
        shown=canonical(organization, entry),
        classes=("top", "person", "organizationalPerson", "user"),
    )


@cmdlet(
    "New-MailUser",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.NewMailUser",
    writes=True,
    without=list_others("New-MailUser", "Name", "ExternalEmailAddress", "DomainController"),
)
def new_mail_user(call: Call) -> Iterator[PSObject]:
    """Make a mail user. Its address is outside of the organization, or is meant to be."""
    name, address = call.text("Name") or "", (call.text("ExternalEmailAddress") or "").removeprefix("SMTP:")
    if "@" not in address:
        raise failure(
            call,
            f"The address '{address}' is invalid.",
            "Microsoft.Exchange.Data.DataValidationException",
            terminating=True,
        )
    if call.organization.recipients.find(name):
        raise failure(
            call, f'The name "{name}" is already being used. Please try another name.', ALREADY, terminating=True
        )
    made = Recipient(name, "MailUser", address)
    if not call.what_if:
        call.farm.directory.write(call.controller, RECIPIENTS, **{name.lower(): made})
        yield _show(call, made, f"{MANAGEMENT}.MailUser", _list_mail_properties(made))


@cmdlet(
    "Set-MailUser",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.SetMailUser",
    writes=True,
    without=list_others("Set-MailUser", "HiddenFromAddressListsEnabled", *READ),
)
def set_mail_user(call: Call) -> Iterator[PSObject]:
    """Hide it from address lists, or show it."""
    identity = call.text("Identity") or ""
    found = find_recipient(call, identity, ("MailUser",))
    if found is None:
        raise not_found(call, identity)
    if call.bound("HiddenFromAddressListsEnabled") and not call.what_if:
        changed = replace(found, hidden=call.switch("HiddenFromAddressListsEnabled"))
        call.farm.directory.write(call.controller, RECIPIENTS, **{found.name.lower(): changed})
    yield from ()
