# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role ``virtual_directories`` would change: the directories through which Lync calls Exchange let tokens in.

Setup switches both flags on. One that is off was switched off by somebody, so that the user's word is needed for each.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.changes import Change, settle
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import host_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import names_of

if t.TYPE_CHECKING:
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context

OAUTH, WS_SECURITY = "oauth_off", "ws_security_off"
"""The rules that hold such a change back."""
_FLAGS = {"oauth_authentication": (OAUTH, "OAuth"), "ws_security_authentication": (WS_SECURITY, "WS-Security")}


def find_virtual_directory_changes(context: Context) -> Iterator[Change]:
    """Each flag that is off, on the servers that take part. A flag that is not shown is not known."""
    organization = context.farm.organization
    directories = (organization.virtual_directories if organization else None) or {}
    for kind, found in directories.items():
        for directory in found:
            server = organization.find_server(str(directory["server"] or "")) if organization else None
            if server is None or context.is_left_out(*names_of(server)):
                continue
            for option, (conflict, title) in _FLAGS.items():
                if directory.get(option) is False:
                    details = {"server": server["name"], "kind": kind, "option": option, "name": directory["name"]}
                    host = host_name(server)
                    before, after = f"does not accept {title}", f"accepts {title}"
                    about = f"{host} {kind}"
                    change = Change("virtual_directories", about, host, before, after, conflict, details=details)
                    yield settle(change, context.description, kind)


def list_virtual_directory_work(to_do: list[Change]) -> list[dict[str, t.Any]]:
    """The options of ``exchange_virtual_directory``, once for the servers that need the same."""
    flags: dict[tuple[str, str], list[str]] = {}
    for change in to_do:
        flags.setdefault((change.details["kind"], change.details["server"]), []).append(change.details["option"])
    servers: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (kind, server), options in flags.items():
        servers.setdefault((kind, tuple(sorted(options))), []).append(server)
    return [
        {"directories": [kind], "servers": names, **{option: option in options or None for option in _FLAGS}}
        for (kind, options), names in servers.items()
    ]
