# SPDX-License-Identifier: GPL-3.0-or-later

"""Management roles of applications, and their assignments to accounts (New-ManagementRoleAssignment.md).

MeetingGraphApplication came after 2013; Microsoft's Configure-EnterprisePartnerApplication.ps1 asks for it before it assigns it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from psrpcore.types import PSObject

from farm.catalogue import list_others
from farm.exchange.errors import failure, not_found
from farm.exchange.objects import CONFIGURATION, directory_object
from farm.exchange.organization import RECIPIENTS
from farm.exchange.recipients import ACCOUNTS, ALREADY, canonical, dn_of, find_recipient
from farm.objects import ad_object_id, enumeration, text
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ, EXCHANGE_WRITE
from farm.scenario import Recipient

TASKS = "Microsoft.Exchange.Management.RbacTasks"
TYPES = "Microsoft.Exchange.Data.Directory.SystemConfiguration"
ROLES = ("ApplicationImpersonation", "ArchiveApplication", "LegalHoldApplication", "Mailbox Search", "UserApplication")


def list_roles(call: Call) -> list[str]:
    """The roles that this model knows of the version's."""
    return [*ROLES, *(["MeetingGraphApplication"] if call.host.version != "2013" else [])]


def _find_role(call: Call, name: str) -> str:
    found = next((role for role in list_roles(call) if role.lower() == name.lower()), "")
    if not found:
        raise not_found(call, name)
    return found


@cmdlet(
    "Get-ManagementRole",
    EXCHANGE_READ,
    type_name=f"{TASKS}.GetManagementRole",
    without=list_others("Get-ManagementRole", "Identity", "DomainController"),
)
def get_management_role(call: Call) -> Iterator[PSObject]:
    """The roles, or one."""
    identity = call.text("Identity")
    for name in [_find_role(call, identity)] if identity else list_roles(call):
        dn = f"CN={name},CN=Roles,CN=RBAC,{call.organization.dn}"
        kind = enumeration(f"{TYPES}.RoleType", name.replace(" ", ""), 1)
        yield directory_object(
            call,
            [f"{TYPES}.ExchangeRole", *CONFIGURATION],
            dn,
            call.organization.created,
            {"RoleType": kind},
            shown=name,
        )


@cmdlet(
    "Get-ManagementRoleAssignment",
    EXCHANGE_READ,
    type_name=f"{TASKS}.GetManagementRoleAssignment",
    without=list_others("Get-ManagementRoleAssignment", "RoleAssignee", "Role", "DomainController"),
)
def get_management_role_assignment(call: Call) -> Iterator[PSObject]:
    """The assignments, those to one account, those of one role."""
    entries = list(call.organization.recipients)
    if assignee := call.text("RoleAssignee"):
        found = find_recipient(call, assignee, ACCOUNTS)
        if found is None:
            raise not_found(call, assignee)
        entries = [found]
    wanted = (call.text("Role") or "").lower()
    for entry in entries:
        for role in entry.roles:
            if wanted in ("", role.lower()):
                yield _show(call, entry, role)


def _show(call: Call, entry: Recipient, role: str) -> PSObject:
    organization = call.organization
    properties: dict[str, object] = {
        "RoleAssignee": ad_object_id(dn_of(organization, entry), canonical(organization, entry), organization.domain),
        "Role": ad_object_id(f"CN={role},CN=Roles,CN=RBAC,{organization.dn}", role, organization.domain),
        "RoleAssigneeType": enumeration(f"{TYPES}.RoleAssigneeType", "User", 0),
        "RoleAssigneeName": text(entry.name),
        "RoleAssignmentDelegationType": enumeration(f"{TYPES}.RoleAssignmentDelegationType", "Regular", 1),
        "Enabled": True,
    }
    dn = f"CN={role}-{entry.name},CN=Role Assignments,CN=RBAC,{organization.dn}"
    names = [f"{TYPES}.ExchangeRoleAssignmentPresentation", *CONFIGURATION]
    return directory_object(call, names, dn, organization.created, properties, shown=f"{role}-{entry.name}")


@cmdlet(
    "New-ManagementRoleAssignment",
    EXCHANGE_WRITE,
    type_name=f"{TASKS}.NewManagementRoleAssignment",
    writes=True,
    without=list_others("New-ManagementRoleAssignment", "Role", "User", "DomainController"),
)
def new_management_role_assignment(call: Call) -> Iterator[PSObject]:
    """Assign a role to an account."""
    role, identity = _find_role(call, call.text("Role") or ""), call.text("User") or ""
    found = find_recipient(call, identity, ACCOUNTS)
    if found is None:
        raise not_found(call, identity)
    if role in found.roles:
        message = f"The role assignment '{role}-{found.name}' already exists."
        raise failure(call, message, ALREADY, terminating=True)
    changed = replace(found, roles=[*found.roles, role])
    if not call.what_if:
        call.farm.directory.write(call.controller, RECIPIENTS, **{found.name.lower(): changed})
        yield _show(call, changed, role)
