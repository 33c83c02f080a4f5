# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The web site that a task of trust_info is about."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.web_reading import Site

LONGEST_TIMEOUT = 3600.0


def choose_site(params: dict[str, t.Any]) -> Site:
    """The site by the options.

    :raises ShellError: of kind ``bad_input``, before anything is asked; a name goes into the request, so it can only be one.
    """
    if params["product"] is None:
        raise _refuse("product: the host is in none of the groups exchange_servers and lync_servers; name its product")
    server = (params["server"] or "").strip().rstrip(".")
    if not server or not server.isascii() or any(not (letter.isalnum() or letter in "-._") for letter in server):
        raise _refuse(f"server: '{params['server']}' is not a host name")
    if not 0 < params["port"] < 65536:
        raise _refuse(f"port: {params['port']} is not a port")
    if not 0 < params["timeout"] <= LONGEST_TIMEOUT:
        raise _refuse(f"timeout: {params['timeout']} must be more than 0 and at most {LONGEST_TIMEOUT:g} seconds")
    return Site(params["product"], server, params["address"] or server, params["port"], params["timeout"])


def _refuse(message: str) -> ShellError:
    return ShellError("bad_input", f"{message}.")
