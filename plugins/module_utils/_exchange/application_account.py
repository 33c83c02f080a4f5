# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that a partner application acts as in Exchange, and the management roles that it needs.

Microsoft's Configure-EnterprisePartnerApplication.ps1 makes a mail user, hides it from address lists, and assigns the roles. It takes a
User or MailUser of that name that is there already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import Directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import (
    Facts,
    read_accepted_domains,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import is_same_text
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Property, Table

NAME = "LyncEnterprise-ApplicationAccount"
ROLES = ("UserApplication", "ArchiveApplication", "MeetingGraphApplication")
_NEWER = "MeetingGraphApplication"
"""Exchange 2013 has no such role."""
USABLE = ("User", "MailUser")
CREATING = "New-MailUser"
_ASSIGNING = "New-ManagementRoleAssignment"
_HAVE_IT_CREATED = (
    "Have an account created in Active Directory, a user without a mailbox, and name it with O(linked_account)."
)
_SPLIT = (
    "With Active Directory split permissions, Exchange creates accounts for nobody. Otherwise, whoever has the management role Mail "
    "Recipient Creation can run the task."
)

_RECIPIENT = Table(Property("identity", "Identity"), Property("type", "RecipientType"))
_HIDDEN = Property("hidden", "HiddenFromAddressListsEnabled", Flag())
_ASSIGNMENT = Table(Property("role", "Role"))


@dataclass(frozen=True)
class Account:
    """The account of an application.

    :ivar identity: its canonical name, or its name alone where it is still to be created.
    :ivar exists: whether it is there.
    :ivar address: the external address that it gets, where it is to be created.
    :ivar is_visible: whether it is to be hidden from address lists.
    :ivar assigned: the management roles that it has.
    :ivar missing: those that it still needs.
    """

    identity: str
    exists: bool = True
    address: str = ""
    is_visible: bool = False
    assigned: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def list_steps(self) -> list[Cmdlet]:
        """What creates and hides it, and assigns its roles."""
        steps = []
        if not self.exists:
            steps.append(Cmdlet(CREATING, Name=self.identity, ExternalEmailAddress=self.address, Confirm=False))
        if not self.exists or self.is_visible:
            steps.append(
                Cmdlet("Set-MailUser", Identity=self.identity, HiddenFromAddressListsEnabled=True, Confirm=False)
            )
        assign = Cmdlet(_ASSIGNING)
        return steps + [assign.with_parameters(Role=role, User=self.identity, Confirm=False) for role in self.missing]


def read_account(
    directory: Directory,
    given: str | None,
    linked: str | None,
    roles: Sequence[str] | None,
    *,
    in_use: Sequence[str] = (),
) -> Account:
    """The account of an application: the one that the task names, the one that it has, or that of Microsoft's script.

    :param given: the account that the task names.
    :param linked: the account that the application has.
    :param roles: the roles that the task asks for; None for those of the script.
    :param in_use: accounts that may have another type, as ``linked`` may.
    :raises ShellError: of kind ``not_found`` for one that is named and not there, of kind ``conflict`` for one that cannot be used, of kind
        ``not_offered`` for one that would have to be created and cannot be.
    """
    name = given or linked or NAME
    user = _find(directory, "Get-User", name)
    if user is None:
        if given or linked:
            raise _refuse_unknown(name, given=bool(given))
        _refuse_other_recipient(directory)
        _refuse_uncreatable(directory)
        wanted = _list_roles(directory, roles, ())
        return Account(NAME, exists=False, address=_make_address(directory), missing=wanted)
    if user["type"] not in USABLE and not any(is_same_text(user["identity"], item) for item in (linked, *in_use)):
        raise _refuse_type(name, user["type"], given=bool(given))
    assigned = read_roles(directory, user["identity"])
    visible = not given and not linked and user["type"] == "MailUser" and not _is_hidden(directory)
    missing = _list_roles(directory, roles, assigned)
    return Account(user["identity"], is_visible=visible, assigned=assigned, missing=missing)


def read_roles(directory: Directory, identity: str) -> tuple[str, ...]:
    """The management roles that are assigned to an account itself."""
    items = directory.read_all(Cmdlet("Get-ManagementRoleAssignment", RoleAssignee=identity), _ASSIGNMENT.projection())
    return tuple(sorted({str(_ASSIGNMENT.state(item)["role"]) for item in items}))


def _find(directory: Directory, cmdlet: str, identity: str) -> Facts | None:
    """An account or recipient, or None where there is none of that name."""
    try:
        items = directory.read_all(Cmdlet(cmdlet, Identity=identity), _RECIPIENT.projection())
    except ShellError as error:
        if error.kind == "not_found":
            return None
        raise
    found = [_RECIPIENT.state(item) for item in items]
    if len(found) > 1:
        names = ", ".join(str(item["identity"]) for item in found)
        message = f"several accounts are called {identity}: {names}."
        remedy = "Name one of them with O(linked_account), in full: domain/Users/name, or as DOMAIN\\name."
        raise ShellError("bad_input", message, shell="exchange", cmdlet=cmdlet, remedy=remedy)
    return found[0] if found else None


def _is_hidden(directory: Directory) -> bool:
    items = directory.read_all(Cmdlet("Get-Recipient", Identity=NAME), Table(_HIDDEN).projection())
    return bool(items) and all(_HIDDEN.read(item) for item in items)


def _list_roles(directory: Directory, asked: Sequence[str] | None, assigned: Sequence[str]) -> tuple[str, ...]:
    """The roles that are still to be assigned. Of the script's own, one that this version does not have is none of them."""
    there = {role.casefold() for role in assigned}
    wanted = [role for role in (ROLES if asked is None else asked) if role.casefold() not in there]
    if asked is None and _NEWER in wanted and not _offers_role(directory, _NEWER):
        wanted.remove(_NEWER)
    return tuple(dict.fromkeys(wanted))


def _offers_role(directory: Directory, role: str) -> bool:
    try:
        return bool(
            directory.read_all(
                Cmdlet("Get-ManagementRole", Identity=role), Table(Property("name", "Name")).projection()
            )
        )
    except ShellError as error:
        if error.kind == "not_found":
            return False
        raise


def _make_address(directory: Directory) -> str:
    """An address in the default accepted domain, which nobody will write to: the script does the same."""
    domains = [item for item in read_accepted_domains(directory) if item["domain_name"] and not item["wildcard"]]
    default = next((item for item in domains if item["default"]), None) or next(iter(domains), None)
    if default is None:
        message = f"no accepted domain was read, and the mail user {NAME} needs an address in one."
        raise ShellError("not_found", message, shell="exchange", cmdlet="Get-AcceptedDomain")
    return f"{NAME}@{default['domain_name']}"


def _refuse_uncreatable(directory: Directory) -> None:
    """Where accounts cannot be created, neither can the application: check mode must not foretell it.

    "Split permissions in Exchange Server": the cmdlet is no longer available, whatever the account's rights in Active Directory. Whoever is
    offered none of the writes may only read, and still sees what differs.
    """
    offered = directory.shell.offered(
        CREATING, _ASSIGNING, "Set-MailUser", "New-PartnerApplication", "Set-PartnerApplication"
    )
    if CREATING not in offered and _ASSIGNING in offered:
        message = f"there is no account {NAME}, and the cmdlet that creates it is not offered to this account."
        raise ShellError("not_offered", message, shell="exchange", cmdlet=CREATING)


def explain_refusal(error: ShellError) -> str:
    """What to do where the account could not be created; empty where that is not known."""
    if error.cmdlet != CREATING:
        return ""
    if error.kind == "not_offered":
        return f"{_HAVE_IT_CREATED} {_SPLIT}"
    if error.kind == "failed":  # the snap-in offers every cmdlet; ADOperationException stands for more than one refusal
        return f"If it says INSUFF_ACCESS_RIGHTS, this account may not create accounts in Active Directory. {_HAVE_IT_CREATED}"
    return ""


def _refuse_other_recipient(directory: Directory) -> None:
    """A contact or group of the name would get in the way of the mail user."""
    if other := _find(directory, "Get-Recipient", NAME):
        raise _refuse_type(NAME, other["type"], given=False)


def _refuse_type(name: str, kind: str, *, given: bool) -> ShellError:
    message = f"{'linked_account: ' if given else ''}{name} is a {kind}. The account must be a User or a MailUser."
    remedy = "Name another account with O(linked_account)."
    return ShellError("conflict", message, shell="exchange", cmdlet="Get-User", remedy=remedy)


def _refuse_unknown(name: str, *, given: bool) -> ShellError:
    if given:
        return ShellError(
            "not_found", f"linked_account: there is no account {name}.", shell="exchange", cmdlet="Get-User"
        )
    message = f"the application's linked account {name} was not found."
    remedy = "Check the scope of this account's roles, or name another account with O(linked_account)."
    return ShellError("not_found", message, shell="exchange", cmdlet="Get-User", remedy=remedy)
