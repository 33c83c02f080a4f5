# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill an ansible-playbook with SIGKILL right after a certain write has taken effect, before its answer is there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

from harness import ROOT, Farm
from processes import of_home

PATIENCE = 120.0
WITHIN = 5.0


def count_writes(farm: Farm) -> int:
    """The writes in the farm's journal."""
    return len(farm.journal(writes=True))


def kill_after(farm: Farm, tasks: list[dict[str, Any]], hosts: str, writes: int) -> int:
    """Run tasks, and kill the run when it has made so many writes; gives how many were made until nothing of it was left.

    :raises AssertionError: where the run ends by itself before.
    """
    playbook = farm.state_dir / "killed.yml"
    playbook.write_text(json.dumps([{"hosts": hosts, "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", "-i", str(farm.inventory()), str(playbook)]
    home = farm.state_dir / "ansible"
    environment = {**os.environ, "ANSIBLE_HOME": str(home), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    nowhere, before = subprocess.DEVNULL, count_writes(farm)
    farm.lab("fault", "hold_answer", "--value", str(writes))
    running = subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, stdout=nowhere, stderr=nowhere
    )
    try:
        end = time.monotonic() + PATIENCE
        while count_writes(farm) < before + writes:
            assert running.poll() is None, f"the run ended before its write {writes}"
            assert time.monotonic() < end, f"no write {writes} in {PATIENCE} s"
            time.sleep(0.02)
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        farm.lab("fault", "hold_answer", "--off")
    end = time.monotonic() + WITHIN
    while of_home(home) and time.monotonic() < end:
        time.sleep(0.05)
    assert not of_home(home)
    return count_writes(farm) - before
