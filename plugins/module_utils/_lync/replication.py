# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replication of the Central Management Store: a server acts on what its own replica holds.

The Master Replicator takes its snapshot of the store some time after a write. Until then each replica's last status still says that it
is up to date, so a wait has to see that a replica was sent something since.
"""

from __future__ import annotations

import datetime as dt
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag, Instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import (
    list_oauth_computers,
    read_pools,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import (
    Family,
    Property,
    Table,
    refuse_unoffered,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Steps

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
FORCE = Cmdlet("Invoke-CsManagementStoreReplication")
TOLD_EVERY = 30.0
"""Seconds after which a wait is told again, though nothing has changed."""

Replicas = t.Sequence[dict[str, t.Any]]


@dataclass(frozen=True)
class Awaited:
    """What a replica has to show.

    :ivar computers: the replicas that matter, in one spelling; None means all of them.
    :ivar left_out: those that nobody waits for.
    :ivar before: what they showed before the write: one whose last update is still the same was not sent anything since.
    :ivar since: its last update has to be as new as this.
    """

    computers: frozenset[str] | None = None
    left_out: frozenset[str] = frozenset()
    before: Replicas = ()
    since: str | None = None

    def list_lagging(self, replicas: Replicas) -> list[str]:
        """The replicas that do not show it yet. One that matters and that nobody lists lags as well."""
        old = {_spell(item["replica_fqdn"]): item["last_update_creation"] for item in self.before}
        known = {_spell(item["replica_fqdn"]): item for item in replicas}
        asked = known.keys() if self.computers is None else self.computers
        return [
            str(known[name]["replica_fqdn"]) if name in known else name
            for name in sorted(asked - self.left_out)
            if name not in known or not self._is_there(known[name], old.get(name))
        ]

    def count(self, replicas: Replicas) -> int:
        """How many replicas are waited for."""
        known = {_spell(item["replica_fqdn"]) for item in replicas}
        return len((known if self.computers is None else self.computers) - self.left_out)

    def _is_there(self, replica: dict[str, t.Any], old: str | None) -> bool:
        sent = replica["last_update_creation"]
        renewed = not self.before or sent != old
        recent = self.since is None or (sent is not None and _read(sent) >= _read(self.since))
        return bool(replica["up_to_date"]) and renewed and recent


def _read(moment: str) -> dt.datetime:
    return dt.datetime.fromisoformat(moment)


def _spell(name: object) -> str:
    return str(name).strip().rstrip(".").casefold()


class Wait:
    """Waits until the replicas that matter show what was written: a :class:`~._resource.Follow` of the modules that write to the store.

    :param left_out: replicas that nobody waits for.
    :param timeout: seconds.
    """

    def __init__(self, shell: Shell, left_out: t.Sequence[str], timeout: float, interval: float = 5.0) -> None:
        self._shell = shell
        self._left_out = frozenset(map(_spell, left_out))
        self._timeout = timeout
        self._interval = interval
        self._awaited = Awaited()

    def begin(self) -> None:
        """Read, before the write, which replicas matter and what they show."""
        computers = frozenset(map(_spell, list_oauth_computers(read_pools(self._shell))))
        self._awaited = Awaited(computers, self._left_out, REPLICAS.read(self._shell))

    def finish(self, call: Call) -> Result:
        """Wait.

        :raises ShellError: of kind ``timeout``, naming the replicas that still lag.
        """
        return {"replication": watch(call, self._shell, self._awaited, self._timeout, self._interval)}


FOLLOWING: dict[str, dict[str, t.Any]] = {
    "wait": {"type": "bool", "default": False},
    "exclude": {"type": "list", "elements": "str", "default": []},
}
"""The options of the modules that write to the Central Management Store; ``timeout`` is their own."""


def make_wait(call: Call) -> Wait | None:
    """The wait that the task asks for."""
    return Wait(call.shell("lync"), call.params["exclude"], call.params["timeout"]) if call.params["wait"] else None


def replicate(call: Call, since: str | None) -> Result:
    """Start replication if asked to, read its status, and wait for it if asked to.

    :param since: what was sent to a replica before does not count.

    :raises ShellError: of kind ``timeout``, naming the replicas that still lag.
    """
    shell, planned = call.shell("lync"), [FORCE] if call.params["force"] else []
    refuse_unoffered(call, shell, planned)
    steps, before = Steps(shell), Replicas()
    if planned and not call.check_mode:
        before = REPLICAS.read(shell) if call.params["wait"] else ()
        steps.run(planned)
    awaited = Awaited(None, frozenset(map(_spell, call.params["exclude"])), before, since)
    timeout = call.params["timeout"] if call.params["wait"] and not call.check_mode else 0
    try:
        status = watch(call, shell, awaited, timeout, call.params["interval"], waits=call.params["wait"])
    except ShellError as error:
        error.result = {**steps.progress(), **error.result}
        raise
    return {"changed": bool(planned), **status, "commands": [str(step) for step in planned]}


def watch(call: Call, shell: Shell, awaited: Awaited, timeout: float, interval: float, *, waits: bool = True) -> Result:
    """Read the status until nobody lags, or the time is over; say meanwhile who is waited for.

    :param waits: whether it is an error that somebody still lags at the end.
    :raises ShellError: of kind ``timeout``.
    """
    started, teller = time.monotonic(), _Teller(call, timeout)
    replicas = REPLICAS.read(shell)
    while (behind := awaited.list_lagging(replicas)) and (left := started + timeout - time.monotonic()) > 0:
        teller.tell(behind, awaited.count(replicas), time.monotonic() - started)
        time.sleep(min(interval, left))
        replicas = REPLICAS.read(shell)
    waited = round(time.monotonic() - started, 1)
    status: Result = {"replicas": replicas, "lagging": behind, "up_to_date": not behind, "waited": waited}
    if behind and waits and not call.check_mode:
        raise _fail_late(status)
    return status


class _Teller:
    """Tells the user of a long wait: when it begins, when something has changed, and now and then."""

    def __init__(self, call: Call, timeout: float) -> None:
        self._call = call
        self._timeout = timeout
        self._told: tuple[list[str], float] | None = None

    def tell(self, behind: list[str], count: int, waited: float) -> None:
        if self._told and self._told[0] == behind and waited - self._told[1] < TOLD_EVERY:
            return
        self._told = (behind, waited)
        done = f"{count - len(behind)} of {count} replicas"
        self._call.say(f"{done}, waiting for {', '.join(behind)}, {waited:.0f} of {self._timeout:g} s")


def _fail_late(status: Result) -> ShellError:
    message = f"after {status['waited']} s these replicas are not up to date: {', '.join(status['lagging'])}."
    remedy = (
        "Check that each of these servers and its REPLICA service run. Then run again: what was written is not written again. "
        "Wait longer with O(timeout), or leave out the replica of a server that is out of service with O(exclude)."
    )
    return ShellError(
        "timeout", message, shell="lync", cmdlet=REPLICAS.cmdlet.name, remedy=remedy, result={"replication": status}
    )
