# SPDX-License-Identifier: GPL-3.0-or-later
"""What the whole integration costs: sessions, pipelines and HTTP requests for each host, writes, and wall time.

    .venv/bin/python tests/benchmarks/integrate.py [--scenario litware] [--connection psrp] [--latency none|real]

Runs playbooks/integrate.yml three times against a fresh lab: check mode, apply, and again, which must change nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

from harness import ROOT, Farm, Run

PLAYBOOK = ROOT / "playbooks" / "integrate.yml"
COUNTED = ("sessions", "pipelines", "requests")


def counters(farm: Farm) -> dict[str, dict[str, int]]:
    """The lab's counters of each host."""
    hosts = farm.status()["hosts"]
    return {host: {name: int(hosts[host][name]) for name in COUNTED} for host in hosts}


def timed(farm: Farm, *arguments: str) -> tuple[Run, float]:
    """A run of the playbook, and its seconds."""
    begun = time.perf_counter()
    run = farm.playbook(PLAYBOOK, *arguments)
    if run.rc:
        sys.exit(run.output)
    return run, time.perf_counter() - begun


def report(farm: Farm) -> None:
    """Run three times and print what each took."""
    for name, arguments in (("check", ["--check", "--diff"]), ("apply", []), ("again", [])):
        before = counters(farm)
        run, seconds = timed(farm, *arguments)
        changed = sum(step.changed for step in run.steps)
        print(f"{name}: {seconds:.1f} s, {changed} changed, {len(run.writes)} writes")
        for host, after in counters(farm).items():
            spent = ", ".join(f"{after[key] - before[host][key]} {key}" for key in COUNTED)
            print(f"    {host}: {spent}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="litware")
    parser.add_argument("--connection", choices=["psrp", "winrm", "documented"], default="psrp")
    parser.add_argument("--latency", choices=["none", "real"], default="none")
    options = parser.parse_args()
    print(f"scenario {options.scenario}, connection {options.connection}, latency {options.latency}")
    with tempfile.TemporaryDirectory() as folder:
        farm = Farm(options.scenario, Path(folder), options.connection)
        farm.up("--latency", options.latency)
        try:
            report(farm)
        finally:
            farm.down()


if __name__ == "__main__":
    main()
