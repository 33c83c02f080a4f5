# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command, and write down what it cost: seconds of wall time, and of CPU by whom they were spent.

    .venv/bin/python tests/benchmarks/cpu_of.py REPORT COMMAND...

REPORT becomes a file of JSON: ``wall``, and user and system time together as ``playbook`` (the command and its children, so
ansible-playbook and its forked workers), ``starting`` (the part of them that is spent in programs that start a persistent helper) and
``helpers`` (the helpers themselves).

The kernel gives a process's time to whoever waits for it, so the command's own figure, as that of time(1), has all of its descendants
but those that left the family. The helpers do: they are daemons. This program is a process of its own so that it can take them in
(PR_SET_CHILD_SUBREAPER, see prctl(2)) and wait for nobody else's. What starts a helper is waited for by the worker, so its time is
read from /proc while it runs; it is at most one look short.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
STARTER = b"ansible_connection_cli_stub"
"""The program of ansible-core that becomes a helper (``start_connection`` in its task executor)."""
PAUSE = 0.1
"""Seconds between two looks at what starts helpers."""
TICK = os.sysconf("SC_CLK_TCK")


class Starters:
    """The programs that start helpers, and the CPU seconds that each was last seen to have spent."""

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def finish(self) -> float:
        """Look no more; what all of them have spent."""
        self._over.set()
        self._watcher.join()
        return sum(self._seconds.values())

    def _watch(self) -> None:
        while not self._over.wait(PAUSE):
            for folder in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):  # it has ended
                    if STARTER in (folder / "cmdline").read_bytes() and _is_waited_for(int(folder.name)):
                        fields = _read_fields(int(folder.name))
                        self._seconds[int(folder.name)] = (int(fields[11]) + int(fields[12])) / TICK


def _read_fields(process: int) -> list[str]:
    """What the kernel says of a process, from its state on: see proc_pid_stat(5)."""
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _is_waited_for(process: int) -> bool:
    """Whether a process descends from the command. A helper's parent is this program itself, and others' are none of ours."""
    parent = int(_read_fields(process)[1])
    if parent == os.getpid():
        return False
    while parent not in (0, 1, os.getpid()):
        parent = int(_read_fields(parent)[1])
    return parent == os.getpid()


def wait_for(process: int) -> tuple[int, float]:
    """The exit code of a process, and the CPU seconds of it and of all that it waited for."""
    _process, status, usage = os.wait4(process, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


def wait_for_helpers() -> float:
    """The CPU seconds of all that were taken in. They end by themselves when their playbook does."""
    seconds = 0.0
    with suppress(ChildProcessError):
        while True:
            seconds += wait_for(-1)[1]
    return seconds


def main() -> None:
    """Run, wait, write the report, and end as the command did."""
    report, *command = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    starters, started = Starters(), time.perf_counter()
    code, playbook = wait_for(subprocess.Popen(command).pid)
    cost = {"wall": time.perf_counter() - started, "playbook": playbook, "starting": starters.finish()}
    Path(report).write_text(json.dumps(cost | {"helpers": wait_for_helpers()}), encoding="utf-8")
    sys.exit(code)


if __name__ == "__main__":
    main()
