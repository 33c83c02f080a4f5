# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of an Exchange organisation that are read, each by its name: what ``exchange_info`` returns, and a snapshot holds."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.client_access import read_client_access
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import Directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import (
    SERVERS,
    SERVICE_HEALTH,
    read_accepted_domains,
    read_auth_config,
    read_hybrid_configuration,
    read_organization,
    read_virtual_directories,
)

Gather = Callable[[Directory], t.Any]

ORGANIZATION: dict[str, Gather] = {
    "servers": SERVERS.read,
    "accepted_domains": read_accepted_domains,
    "auth_config": read_auth_config,
    "client_access": read_client_access,
    "hybrid_configuration": read_hybrid_configuration,
    "virtual_directories": read_virtual_directories,
    "organization": read_organization,
}
"""What is the same whichever server is asked."""

OWN: dict[str, Gather] = {"service_health": lambda directory: SERVICE_HEALTH.read(directory.shell)}
"""What the server says of itself. Test-ServiceHealth asks the server that the session is with."""

PARTS = {**ORGANIZATION, **OWN}
