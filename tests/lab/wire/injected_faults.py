# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults injected by name, at the wire.

``drop_connection_after_send``  input for a pipeline is taken, then the connection is closed without an answer
``lost_answer``                 a pipeline runs, and the connection is closed instead of bringing its output; with a ``value``,
                                only that of a pipeline with the cmdlet of this name
``slow_receive``                each Receive is answered ``value`` (5) seconds later
``expire_shells``               all shells vanish at once, as when an application pool is recycled
``http_503``                    HTTP 503, as when the application pool is stopped
``compressed_answers``          answers are compressed although nobody asks for it, as by a proxy in between
``quota_shells``                one more shell is refused: MaxShellsPerUser
``quota_runspaces``             Exchange opens no further runspace: PowerShellMaxConcurrency
``quota_operations``            one more command is refused: MaxConcurrentOperationsPerUser
``quota_requests``              the same, by Exchange's PowerShellMaxCmdlets
``quota_commands``              a shell takes no further pipeline: MaxConcurrentCommandsPerShell
``quota_processes``             a command shell starts no further program: MaxProcessesPerShell
``quota_memory``                the process of a shell ends when its output is asked for, as without memory: MaxMemoryPerShellMB

A fault is its name, or an object with ``name``, ``value``, ``count`` (how often it strikes; always, when it is missing) and ``number``,
by which one that is injected again is another. The
farm pushes the whole list over the connection that each host keeps open (``{"op": "faults", "follow": true}``), so that a
fault holds as soon as the farm has answered whoever injected it. Strikes are counted here, and each is told to the farm as
the event ``fault``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

QUOTAS = ("shells", "runspaces", "operations", "requests", "commands", "processes", "memory")
NAMES = (
    *("drop_connection_after_send", "lost_answer", "slow_receive", "expire_shells", "http_503", "compressed_answers"),
    *(f"quota_{quota}" for quota in QUOTAS),
)


class ConnectionDroppedError(Exception):
    """The connection ends here, without an answer."""


class Faults:
    """The faults that hold now."""

    def __init__(self, report: Callable[[str], None] = lambda name: None) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._given: dict[str, dict[str, Any]] = {}
        self._left: dict[str, int | None] = {}
        self.on_expire: Callable[[], None] = lambda: None
        self.pipeline: tuple[str, ...] = ()
        """The cmdlets of the pipeline that was started last."""

    def update(self, faults: Iterable[str | Mapping[str, Any]]) -> None:
        """Take the farm's list; counters of faults that did not change go on."""
        objects: list[dict[str, Any]] = [{"name": fault} if isinstance(fault, str) else dict(fault) for fault in faults]
        given = {str(fault["name"]): fault for fault in objects}
        with self._lock:
            for name, fault in given.items():
                if self._given.get(name) != fault:
                    self._left[name] = fault.get("count")
            expiring = given.get("expire_shells")
            fresh = expiring is not None and expiring != self._given.get("expire_shells")
            self._given = given
        if fresh:
            self.on_expire()
            self._report("expire_shells")

    def take(self, name: str) -> dict[str, Any] | None:
        """The fault, if it strikes now."""
        if name not in self._given or not self._meant(self._given[name]):
            return None
        with self._lock:
            left = self._left.get(name)
            if name not in self._given or left == 0:
                return None
            self._left[name] = None if left is None else left - 1
            fault = self._given[name]
        self._report(name)
        return fault

    def _meant(self, fault: Mapping[str, Any]) -> bool:
        return fault["name"] != "lost_answer" or not fault.get("value") or fault["value"] in self.pipeline
