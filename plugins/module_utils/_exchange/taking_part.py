# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers of an organisation take part in server-to-server authentication, and which of them a task is about."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import (
    SERVERS,
    Facts,
    host_name,
)

FIRST_MAJOR = 15
"""The version of Exchange 2013, which brought OAuth between servers. 2016, 2019 and Subscription Edition are 15.x as well."""


def find_reason_to_leave_out(server: Mapping[str, t.Any]) -> str:
    """Why a server takes no part, or nothing where it does.

    Microsoft's MonitorExchangeAuthCertificate takes the same servers: mailbox or client access, ``AdminDisplayVersion`` beginning with
    15, not Edge. A version that cannot be read is no reason.

    :param server: one of the servers that ``exchange_info`` returns.
    """
    if server.get("is_edge"):
        return "is an Edge Transport server"
    version = str(server.get("version") or "")
    major = re.search(r"\d+", version)
    if major and int(major[0]) < FIRST_MAJOR:
        return f"runs Exchange {version}, which has no OAuth between servers (that came with 15.0, Exchange 2013)"
    if not (server.get("is_mailbox") or server.get("is_client_access")):
        return "is neither a Mailbox nor a Client Access server"
    return ""


def takes_part(server: Mapping[str, t.Any]) -> bool:
    """Whether a server takes part."""
    return not find_reason_to_leave_out(server)


def choose_servers(known: list[Facts], asked: list[str] | None, excluded: t.Collection[str] = ()) -> list[Facts]:
    """The servers that a task is about: those that it names, or else all that take part, less those that it excludes.

    :param known: the servers of the organisation, as ``exchange_info`` returns them.
    :raises ShellError: naming every server that does not exist; for an empty name or list, which may not be taken for all; for an Edge
        Transport server that is named, since no other server manages it; and where all are excluded.
    """
    out = {normalize_name(name) for name in excluded}
    if "" in out:
        raise _make_refusal("bad_input", "exclude: a name is empty.")
    chosen = [server for server in known if takes_part(server)] if asked is None else _find_named(known, asked)
    left = [server for server in chosen if not names_of(server) & out]
    if chosen and not left:
        raise _make_refusal("bad_input", "exclude: no server is left.")
    return left


def normalize_name(name: str) -> str:
    """A server's name in one spelling."""
    return name.strip().removesuffix(".").casefold()


def names_of(server: Mapping[str, t.Any]) -> set[str]:
    """The names that a task can call a server by."""
    return {normalize_name(str(server[key])) for key in ("name", "fqdn") if server[key]}


def _find_named(known: list[Facts], asked: list[str]) -> list[Facts]:
    wanted = {normalize_name(name) for name in asked}
    if not wanted or "" in wanted:
        message = "servers: a name is empty, or the list is; leave the option out for all servers."
        raise _make_refusal("bad_input", message)
    found = [server for server in known if names_of(server) & wanted]
    missing = sorted(wanted - {name for server in found for name in names_of(server)})
    if missing:
        names = ", ".join(host_name(server) for server in known) or "none"
        raise _make_refusal("not_found", f"no such Exchange server: {', '.join(missing)}. Known here: {names}.")
    edge = [host_name(server) for server in found if server["is_edge"]]
    if edge:
        message = f"servers: {', '.join(edge)} is an Edge Transport server, which no other server manages."
        raise _make_refusal("bad_input", message)
    return found


def _make_refusal(kind: str, message: str) -> ShellError:
    return ShellError(kind, message, shell="exchange", cmdlet=SERVERS.cmdlet.name)
