# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an Autodiscover URI that a server has may be replaced without asking anybody."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import leads_to_cloud, read_host
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import names_of

Conflict = t.Literal["", "chosen", "cloud", "hybrid"]
"""Why it may not: somebody chose it, it leads to Exchange Online, or it is blank in a hybrid organisation."""


def find_conflict(current: str | None, server: Mapping[str, t.Any], *, hybrid: bool) -> Conflict:
    """Say why ``current``, which differs from what is asked for, may be there on purpose.

    Nobody chose a URI with the server's own name: Exchange's setup writes it. A blank one is filled, as Microsoft's procedure has it;
    in a hybrid organisation, though, administrators are told to clear it on all servers once the mailboxes are in the cloud.

    :param current: the server's AutoDiscoverServiceInternalUri.
    :param server: the server, as ``exchange_info`` returns it.
    """
    if not current:
        return "hybrid" if hybrid else ""
    if leads_to_cloud(current):
        return "cloud"
    return "" if is_of_setup(current, server) else "chosen"


def is_of_setup(current: str, server: Mapping[str, t.Any]) -> bool:
    """Whether the URI has the server's own name, as setup writes it."""
    return read_host(current) in names_of(server)
