# SPDX-License-Identifier: GPL-3.0-or-later

"""Active Directory split permissions: accounts are created with Active Directory's own tools, never by Exchange.

"Split permissions in Exchange Server" (learn.microsoft.com/exchange/permissions/split-permissions/split-permissions): setup with
/ActiveDirectorySplitPermissions:true removes the non-delegating assignments of the roles Mail Recipient Creation and Security Group
Creation and Membership, after which the cmdlets below are no longer available, and takes from Exchange's servers the right to create
accounts. The Exchange attributes of accounts that are there can still be changed: Set-MailUser is of the role Mail Recipients.

The snap-in acts with the caller's own rights in Active Directory. That one who may create users there (here: Domain Admins) can still do so
through it, and with which words Active Directory refuses the others, are guesses. So is that -WhatIf asks Active Directory nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm.registry import Call
    from farm.state import Farm

UNAVAILABLE = (
    "New-Mailbox",
    "New-MailContact",
    "New-MailUser",
    "New-RemoteMailbox",
    "Remove-Mailbox",
    "Remove-MailContact",
    "Remove-MailUser",
    "Remove-RemoteMailbox",
)
CREATORS = ("Domain Admins",)


def is_withheld(farm: Farm, cmdlet: str) -> bool:
    """Whether no role of Exchange holds a cmdlet any more."""
    return farm.scenario.exchange.split_permissions and cmdlet in UNAVAILABLE


def is_refused(call: Call) -> bool:
    """Whether Active Directory refuses what the snap-in would do with the caller's own rights."""
    return is_withheld(call.farm, call.cmdlet.name) and not call.what_if and not call.caller.member_of(*CREATORS)
