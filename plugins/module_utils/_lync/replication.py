# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replication of the Central Management Store: a server acts on what its own replica holds.

The Master Replicator takes its snapshot of the store some time after a write. Until then each replica's last status still says that it
is up to date, so a wait has to see that a replica was sent something since.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag, Instant, read_moment
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import (
    Family,
    Property,
    Reads,
    Table,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject

REPLICAS = Family(
    Cmdlet("Get-CsManagementStoreReplicationStatus"),
    Table(
        Property("replica_fqdn", "ReplicaFqdn"),
        Property("up_to_date", "UpToDate", Flag()),
        Property("last_status_report", "LastStatusReport", Instant()),
        Property("last_update_creation", "LastUpdateCreation", Instant()),
        Property("product_version", "ProductVersion"),
    ),
)


@dataclass(frozen=True)
class Replica:
    """One replica.

    :ivar facts: as results show it.
    :ivar sent: when the update was made that it was sent last, exactly: two writes may be less than a second apart.
    """

    facts: dict[str, t.Any]
    sent: dt.datetime | None = None

    @property
    def name(self) -> str:
        """The name of its computer, in one spelling."""
        return spell_name(self.facts["replica_fqdn"])


def read_replicas(shell: Reads) -> list[Replica]:
    """The status of every replica."""
    items = shell.read_all(REPLICAS.cmdlet, REPLICAS.table.projection())
    return [_read_replica(item) for item in items if isinstance(item, RemoteObject)]


def _read_replica(item: RemoteObject) -> Replica:
    return Replica(REPLICAS.table.state(item), read_moment(item.get("LastUpdateCreation")))


def spell_name(name: object) -> str:
    """A computer's name in one spelling."""
    return str(name).strip().rstrip(".").casefold()


@dataclass(frozen=True)
class Awaited:
    """What a replica has to show.

    What was sent to a replica after ``before`` may have been made for somebody else's write, in the moment before this one: nothing
    that the status shows tells the two apart.

    :ivar computers: the replicas that matter, in one spelling; None means all of them.
    :ivar excluded: those that nobody waits for.
    :ivar before: by name, what they had been sent before the write; None where nothing was written.
    :ivar since: what they were sent has to be as new as this.
    """

    computers: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    before: Mapping[str, dt.datetime | None] | None = field(default=None)
    since: dt.datetime | None = None

    def list_lagging(self, replicas: Sequence[Replica]) -> list[str]:
        """The replicas that do not show it yet. One that matters and that nobody lists lags as well."""
        known = {replica.name: replica for replica in replicas}
        return [
            str(known[name].facts["replica_fqdn"]) if name in known else name
            for name in sorted(self._list_names(replicas))
            if name not in known or not self._has_arrived(known[name])
        ]

    def count(self, replicas: Sequence[Replica]) -> int:
        """How many replicas are waited for."""
        return len(self._list_names(replicas))

    def _list_names(self, replicas: Sequence[Replica]) -> frozenset[str]:
        all_of_them = frozenset(replica.name for replica in replicas)
        return (all_of_them if self.computers is None else self.computers) - self.excluded

    def _has_arrived(self, replica: Replica) -> bool:
        renewed = self.before is None or replica.sent != self.before.get(replica.name)
        recent = self.since is None or (replica.sent is not None and replica.sent >= self.since)
        return bool(replica.facts["up_to_date"]) and renewed and recent
