# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task costs: a module in the worker process, in a process of its own, and Ansible's own modules beside it.

    .venv/bin/python tests/benchmarks/tasks.py [--tasks 20] [--connection psrp|winrm]

All figures are of one run, so their ratios hold where their seconds do not. A task's cost is the difference between a play with
many such tasks and a play with one, so what Ansible's start and the opening of the session take is left out, and shown by itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))

from harness import Farm

READ = "- onprem.exchange_lync.lync_cmdlet: {cmdlet: Get-CsSipDomain, select: [Name]}\n"
PING = "- ansible.builtin.ping:\n  vars: {ansible_connection: local, ansible_python_interpreter: '{{ ansible_playbook_python }}'}\n"
RAW = "- ansible.builtin.raw: Write-Output x\n"
CASES = {
    "our module, in the worker": (READ, "worker"),
    "our module, in a process of its own": (READ, "subprocess"),
    "ansible.builtin.ping, connection local": (PING, ""),
    "ansible.builtin.raw, over the same connection": (RAW, ""),
}


def seconds(farm: Farm, task: str, count: int, execution: str) -> float:
    """The wall time of a play with so many of a task."""
    begun = time.perf_counter()
    run = farm.play(task * count, hosts="lync_servers", execution=execution)
    if run.rc:
        sys.exit(run.output)
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=20, help="how many tasks the long play has")
    parser.add_argument("--connection", choices=["psrp", "winrm"], default="psrp")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        farm = Farm("litware", Path(folder), options.connection)
        farm.up()
        try:
            report(farm, options.tasks)
        finally:
            farm.down()


def report(farm: Farm, tasks: int) -> None:
    """Print a line for each case, as seconds and as a multiple of the first."""
    base = 0.0
    for name, (task, execution) in CASES.items():
        short, long = seconds(farm, task, 1, execution), seconds(farm, task, tasks + 1, execution)
        each = (long - short) / tasks
        base = base or each
        print(
            f"{name:<48} {each:6.3f} s a task, {each / base:5.1f} times; a play with one takes {short:.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
