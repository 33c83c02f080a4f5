# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers of an organisation take part in server-to-server authentication."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import (
    SERVERS,
    Facts,
    host_name,
)


def find_reason_to_leave_out(server: Mapping[str, t.Any]) -> str:
    """Why a server takes no part, or nothing where it does.

    OAuth between servers exists from Exchange 2013 on, which is version 15. Microsoft's MonitorExchangeAuthCertificate takes the same
    servers: mailbox or client access, ``AdminDisplayVersion`` beginning with 15, not Edge.

    :param server: one of the servers that ``exchange_info`` returns.
    """
    if server.get("is_edge"):
        return "is an Edge Transport server"
    version = str(server.get("version") or "")
    if version and not version.startswith("15."):
        return f"runs Exchange {version}, which has no OAuth between servers (that came with 15.0, Exchange 2013)"
    if not (server.get("is_mailbox") or server.get("is_client_access")):
        return "is neither a Mailbox nor a Client Access server"
    return ""


def takes_part(server: Mapping[str, t.Any]) -> bool:
    """Whether a server takes part."""
    return not find_reason_to_leave_out(server)


def choose_servers(known: list[Facts], asked: list[str] | None, left_out: t.Collection[str] = ()) -> list[Facts]:
    """The servers that a task is about: those that it names, or else all that take part, less those that it leaves out.

    :param known: the servers of the organisation, as ``exchange_info`` returns them.
    :raises ShellError: naming every server that does not exist; for an empty name or list, which may not be taken for all; and for an
        Edge Transport server that is named, since no other server manages it.
    """
    out = {normalize_name(name) for name in left_out}
    found = [server for server in _find_asked(known, asked) if not names_of(server) & out]
    edge = [host_name(server) for server in found if server["is_edge"]]
    if edge and asked is not None:
        raise _refuse(
            "bad_input", f"servers: {', '.join(edge)} is an Edge Transport server, which no other server manages."
        )
    return [server for server in found if asked is not None or takes_part(server)]


def normalize_name(name: str) -> str:
    """A server's name in one spelling."""
    return name.strip().removesuffix(".").casefold()


def names_of(server: Mapping[str, t.Any]) -> set[str]:
    """The names by which a server can be meant."""
    return {normalize_name(str(server[key])) for key in ("name", "fqdn") if server[key]}


def _find_asked(known: list[Facts], asked: list[str] | None) -> list[Facts]:
    if asked is None:
        return known
    if not all(name.strip() for name in asked) or not asked:
        raise _refuse("bad_input", "servers: a name is empty, or the list is; leave the option out for all servers.")
    wanted = {normalize_name(name) for name in asked}
    found = [server for server in known if names_of(server) & wanted]
    missing = sorted(wanted - {name for server in found for name in names_of(server)})
    if missing:
        names = ", ".join(host_name(server) for server in known) or "none"
        raise _refuse("not_found", f"no such Exchange server: {', '.join(missing)}. Known here: {names}.")
    return found


def _refuse(kind: str, message: str) -> ShellError:
    return ShellError(kind, message, shell="exchange", cmdlet=SERVERS.cmdlet.name)
