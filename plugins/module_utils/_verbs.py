# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cmdlet's name says of whether it changes something.

By PowerShell's naming rules ("Approved Verbs for PowerShell Commands") a cmdlet with one of the reading verbs changes nothing, and one
with a verb of the other list does. Where neither can be said, it is taken for a write unless the task says otherwise.
"""

from __future__ import annotations

import typing as t

Nature = t.Literal["read", "write", "unknown"]

READING_VERBS = frozenset({"compare", "find", "get", "measure", "resolve"})

WRITING_VERBS = frozenset(
    {
        "add",
        "approve",
        "clear",
        "complete",
        "deny",
        "disable",
        "dismount",
        "enable",
        "grant",
        "import",
        "initialize",
        "install",
        "merge",
        "mount",
        "move",
        "new",
        "publish",
        "redirect",
        "register",
        "remove",
        "rename",
        "request",
        "reset",
        "restart",
        "restore",
        "resume",
        "revoke",
        "set",
        "split",
        "start",
        "stop",
        "suspend",
        "switch",
        "sync",
        "undo",
        "uninstall",
        "unpublish",
        "unregister",
        "update",
        "upgrade",
    }
)

# "Test" says nothing here: many of the products' tests are synthetic transactions that sign users in, send messages or write to a
# mailbox. These are documented to look only.
READING_TESTS = frozenset(
    {
        "test-cscertificateconfiguration",
        "test-csreplica",
        "test-oauthconnectivity",
        "test-replicationhealth",
        "test-servicehealth",
    }
)

# Cmdlets that change something in spite of their verb.
WRITING_CMDLETS = frozenset(
    {
        # writes an item to the user's mailbox, and leaves it there without -DeleteItem (Test-CsExStorageConnectivity.md)
        "test-csexstorageconnectivity",
        "test-csexstoragenotification",
        # a synthetic transaction on the user's contacts, with -Setup it migrates them (Test-CsUnifiedContactStore.md)
        "test-csunifiedcontactstore",
        # sends a message (Test-Mailflow.md, Test-ExchangeSearch.md)
        "test-exchangesearch",
        "test-mailflow",
    }
)


def nature(cmdlet: str, parameters: t.Mapping[str, t.Any]) -> Nature:
    """Whether ``cmdlet`` with ``parameters`` changes something, as far as its name tells."""
    name = cmdlet.casefold()
    given = {key.casefold(): value for key, value in parameters.items()}
    if given.get("whatif") is True:
        return "read"
    # with an argument, a component may do more than tell: VariantConfiguration -Argument Refresh loads the settings overrides anew
    # (parameters may be abbreviated, so every beginning of the name counts)
    argument = any(value and "argument".startswith(key) for key, value in given.items())
    if name in WRITING_CMDLETS or (name == "get-exchangediagnosticinfo" and argument):
        return "write"
    verb = name.partition("-")[0]
    if verb in READING_VERBS or name in READING_TESTS:
        return "read"
    return "write" if verb in WRITING_VERBS else "unknown"
