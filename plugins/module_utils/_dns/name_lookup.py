# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names looked up on one DNS server from the controller, by a module that is about something else."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_server_option import read_server
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_reader import Facts, read_names


def look_up(names: Sequence[str], server: dict[str, t.Any] | None, option: str) -> list[Facts]:
    """What the server says of the names, as dns_info returns it.

    :param option: the option that names the server, for messages.
    :raises ShellError: for a server that cannot be used or gives no answer, and for a name that is not a full one.
    """
    # here, so that dnspython is needed for names only
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.rfc2136_provider import Rfc2136Provider

    with contextlib.closing(Rfc2136Provider(read_server(server, option))) as provider:
        found: list[Facts] = read_names(provider, names)["names"]
        return found
