# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ansible-playbook process that a worker and its helpers work for. When it is gone, nothing more may be sent."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import threading
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 1.0
"""Between two looks, where the system cannot tell of a process's end by itself."""


@dataclass(frozen=True)
class PlaybookProcess:
    """A process, told apart from a later one with the same id by its start.

    :ivar started: in clock ticks since the system's start, 0 where the system does not say.
    """

    pid: int
    started: int

    @classmethod
    def find(cls) -> PlaybookProcess:
        """The playbook of the worker that calls.

        Not ``os.getppid()``: it is another process as soon as the playbook is gone, and it may rightly be 1, in a container.
        """
        parent = multiprocessing.parent_process()
        pid = os.getppid() if parent is None or parent.pid is None else parent.pid
        return cls(pid, _read_start(pid))

    @classmethod
    def parse(cls, text: str) -> PlaybookProcess:
        """The inverse of ``str()``."""
        pid, _colon, started = text.partition(":")
        return cls(int(pid), int(started or 0))

    def __str__(self) -> str:
        return f"{self.pid}:{self.started}"

    def has_ended(self) -> bool:
        """Whether it runs no more; a zombie does not."""
        stat = _read_stat(self.pid)
        if stat:
            return stat[0] == "Z" or (self.started != 0 and int(stat[19]) != self.started)
        if Path("/proc/self/stat").exists():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False

    def wait(self, cancelled: threading.Event) -> bool:
        """Wait until it ends.

        :returns: whether it did; it did not if the waiting was cancelled.
        """
        while not cancelled.is_set():
            if self.has_ended():
                return True
            self._sleep(cancelled)
        return False

    def _sleep(self, cancelled: threading.Event) -> None:
        if not hasattr(os, "pidfd_open"):
            cancelled.wait(_POLL_SECONDS)
            return
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            cancelled.wait(_POLL_SECONDS)
            return
        try:
            # readable when the process ends (pidfd_open(2)); the time-out is for being cancelled
            select.select([descriptor], [], [], _POLL_SECONDS)
        finally:
            os.close(descriptor)


def _read_stat(pid: int) -> list[str]:
    """The fields after the program's name (proc(5)): the state is the first of them, the start the twentieth."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return text.rpartition(")")[2].split()
    return []


def _read_start(pid: int) -> int:
    stat = _read_stat(pid)
    return int(stat[19]) if len(stat) > 19 else 0
