# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for the replicas of the Central Management Store, and starting their replication."""

from __future__ import annotations

import datetime as dt
import itertools
import time
import typing as t
from collections.abc import Iterable, Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.replication import (
    REPLICAS,
    Awaited,
    Replica,
    read_replicas,
    spell_name,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import (
    list_oauth_computers,
    read_pools,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import refuse_unoffered
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Steps

FORCE = Cmdlet("Invoke-CsManagementStoreReplication")
SAY_AGAIN_AFTER = 30.0
"""Seconds after which the user is told of a wait again, though nothing has changed."""
LONGEST_PAUSE = 5.0
"""Seconds between two readings of a wait that has gone on for a while."""

FOLLOWING: dict[str, dict[str, t.Any]] = {
    "wait": {"type": "bool", "default": False},
    "exclude": {"type": "list", "elements": "str", "default": []},
}
"""The options of the modules that write to the Central Management Store; ``timeout`` is their own."""


class Wait:
    """Waits until the replicas that matter show what was written: a :class:`~._resource.Follow` of the modules that write to the store.

    :param exclude: replicas that nobody waits for.
    :param timeout: seconds.
    """

    def __init__(self, shell: Shell, exclude: Iterable[str], timeout: float) -> None:
        self._shell = shell
        self._excluded = frozenset(map(spell_name, exclude))
        self._timeout = timeout
        self._awaited = Awaited()

    def begin(self) -> None:
        """Read, before the write, which replicas matter and what they show."""
        computers = frozenset(map(spell_name, list_oauth_computers(read_pools(self._shell))))
        # every deployment has a front end: where none is shown, all replicas matter
        self._awaited = Awaited(computers or None, self._excluded, _read_sent(self._shell))

    def finish(self, call: Call) -> Result:
        """Wait.

        :raises ShellError: of kind ``timeout``, naming the replicas that still lag.
        """
        try:
            return {"replication": watch(call, self._shell, self._awaited, self._timeout, _lengthen_pauses())}
        except ShellError as error:
            error.result = {"replication": error.result} if error.result else {}
            raise


def make_wait(call: Call) -> Wait | None:
    """The wait that the task asks for."""
    return Wait(call.shell("lync"), call.params["exclude"], call.params["timeout"]) if call.params["wait"] else None


def replicate(call: Call, since: dt.datetime | None) -> Result:
    """Start replication if asked to, read its status, and wait for it if asked to.

    :param since: what was sent to a replica before does not count.
    :raises ShellError: of kind ``timeout``, naming the replicas that still lag.
    """
    shell, planned, waits = call.shell("lync"), [FORCE] if call.params["force"] else [], call.params["wait"]
    refuse_unoffered(call, shell, planned)
    steps, before = Steps(shell), None
    if planned and not call.check_mode:
        before = _read_sent(shell) if waits else None
        steps.run(planned)
    awaited = Awaited(None, frozenset(map(spell_name, call.params["exclude"])), before, since)
    timeout = call.params["timeout"] if waits and not call.check_mode else 0
    try:
        status = watch(call, shell, awaited, timeout, itertools.repeat(call.params["interval"]), waits=waits)
    except ShellError as error:
        error.result = {**steps.progress(), **error.result}
        raise
    return {"changed": bool(planned), **status, "commands": [str(step) for step in planned]}


def watch(
    call: Call, shell: Shell, awaited: Awaited, timeout: float, pauses: Iterable[float], *, waits: bool = True
) -> Result:
    """Read the status until nobody lags, or the time is over; say meanwhile who is waited for.

    :param pauses: the seconds between two readings.
    :param waits: whether it is an error that somebody still lags at the end.
    :raises ShellError: of kind ``timeout``, with the status in its result.
    """
    teller, remaining, waited = _Teller(call, timeout), iter(pauses), 0.0
    replicas, started = read_replicas(shell), time.monotonic()
    while (behind := awaited.list_lagging(replicas)) and waited < timeout:
        teller.tell(behind, awaited.count(replicas), waited)
        time.sleep(min(next(remaining), timeout - waited))
        replicas = read_replicas(shell)
        waited = time.monotonic() - started
    status = _describe(replicas, behind, waited)
    if behind and waits and not call.check_mode:
        raise _fail_late(status, timeout)
    return status


def _read_sent(shell: Shell) -> dict[str, dt.datetime | None]:
    """By name, when the update was made that each replica was sent last."""
    return {replica.name: replica.sent for replica in read_replicas(shell)}


def _lengthen_pauses() -> Iterator[float]:
    """One second, two, four, and from then on the longest."""
    return (min(2.0**number, LONGEST_PAUSE) for number in itertools.count())


def _describe(replicas: list[Replica], behind: list[str], waited: float) -> Result:
    facts = [replica.facts for replica in replicas]
    return {"replicas": facts, "lagging": behind, "up_to_date": not behind, "waited": round(waited, 1)}


class _Teller:
    """Tells the user of a long wait: when it begins, when something has changed, and now and then."""

    def __init__(self, call: Call, timeout: float) -> None:
        self._call = call
        self._timeout = timeout
        self._last: tuple[list[str], float] | None = None

    def tell(self, behind: list[str], count: int, waited: float) -> None:
        """Say who is waited for, unless that was said a moment ago."""
        if self._last and self._last[0] == behind and waited - self._last[1] < SAY_AGAIN_AFTER:
            return
        self._last = (behind, waited)
        done = f"{count - len(behind)} of {count} replicas"
        self._call.say(f"{done}, waiting for {', '.join(behind)}, {waited:.0f} of {self._timeout:g} s")


def _fail_late(status: Result, timeout: float) -> ShellError:
    message = f"after {timeout:g} s these replicas are not up to date: {', '.join(status['lagging'])}."
    remedy = (
        "Check that each of these servers and its REPLICA service run. Then run again: what was written is not written again. "
        "Wait longer with O(timeout), or leave out the replica of a server that is out of service with O(exclude)."
    )
    return ShellError("timeout", message, shell="lync", cmdlet=REPLICAS.cmdlet.name, remedy=remedy, result=status)
