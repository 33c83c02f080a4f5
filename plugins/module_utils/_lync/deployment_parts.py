# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a Lync deployment that are read, each by its name: what ``lync_info`` returns, and a snapshot holds."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import NameSet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.oauth_configuration import (
    read_oauth_configuration,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.replication import REPLICAS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import (
    COMPUTERS,
    SERVICES,
    SITES,
    read_pools,
    read_sip_domains,
    read_version,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Family, Property, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell

Gather = Callable[[Shell], t.Any]

WINDOWS_SERVICES = Family(Cmdlet("Get-CsWindowsService"), Table(Property("name", "Name"), Property("status", "Status")))
CENTRAL_MANAGEMENT = Family(
    Cmdlet("Get-CsManagementStoreReplicationStatus", CentralManagementStoreStatus=True),
    Table(
        # by the names of "Failing over a pool in Lync Server 2013", which says that both are the pool's
        Property("active_master_fqdn", "ActiveMasterFqdn"),
        Property("active_file_transfer_agents", "ActiveFileTransferAgents", NameSet()),
    ),
)


def read_central_management(shell: Shell) -> dict[str, t.Any] | None:
    """Where the Central Management Store is mastered, or None where the server does not say."""
    return next(iter(CENTRAL_MANAGEMENT.read(shell)), None)


DEPLOYMENT: dict[str, Gather] = {
    "sites": SITES.read,
    "pools": read_pools,
    "computers": COMPUTERS.read,
    "sip_domains": read_sip_domains,
    "services": SERVICES.read,
    "version": read_version,
    "oauth_configuration": read_oauth_configuration,
    "replicas": REPLICAS.read,
    "central_management": read_central_management,
}
"""What is the same whichever front end is asked."""

OWN: dict[str, Gather] = {"windows_services": WINDOWS_SERVICES.read}
"""What the computer says of itself."""

PARTS = {**DEPLOYMENT, **OWN}
