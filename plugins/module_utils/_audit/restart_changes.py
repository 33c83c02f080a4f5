# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role ``restart`` would restart: Exchange servers whose web site does not act on a change that was made earlier.

Only where the user allows restarts. What this run changes itself is restarted by the handlers of the same role.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.changes import Change
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.trust_checks import (
    describe_distrust,
    list_exchange_hosts,
    list_published,
)

if t.TYPE_CHECKING:
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context

AFTER = {"auth_certificate": "its Auth certificate", "partner_application": "its partner applications"}
"""What was changed, in the words of ``exchange_restart`` and in those of the report."""


def find_restart_changes(context: Context, planned: Collection[Change]) -> Iterator[Change]:
    """The servers that have not read a change.

    :param planned: what the roles would change: the handlers see to that.
    """
    if not context.description.restart:
        return
    if any(change.role == "partners" and change.about.startswith("exchange.") for change in planned):
        stale: list[tuple[str, str, list[str]]] = []
    else:
        found = [(host, describe_distrust(context, host)) for host in list_exchange_hosts(context)]
        stale = [
            (host.host, host.server, ["partner_application"])
            for host, reason in found
            if reason and reason.not_read_yet
        ]
    hosts = {host.server: host.host for host in list_exchange_hosts(context)}
    stale += [
        # the document is Autodiscover's, whose pool the restarts after a new certificate leave alone
        (hosts[item.server], item.server, ["auth_certificate", "virtual_directory"])
        for item in list_published(context)
        if item.product == "exchange" and item.lacks_current
    ]
    for host, server, after in stale:
        before = f"its web site has not read {AFTER[after[0]]}"
        yield Change("restart", server, server, before, "restarted", details={"host": host, "after": after})


def will_restart(context: Context, server: str, after: str) -> bool:
    """Whether a server is about to be restarted for this."""
    planned = [(change.host, change.details["after"]) for change in context.find_changes("restart")]
    return context.stage == "before" and any(host == server and after in reasons for host, reasons in planned)


def list_restart_work(to_do: list[Change]) -> list[dict[str, t.Any]]:
    """Each host once, with everything that it has not read."""
    after: dict[str, list[str]] = {}
    for change in to_do:
        after.setdefault(change.details["host"], []).extend(change.details["after"])
    return [{"host": host, "after": found} for host, found in after.items()]
