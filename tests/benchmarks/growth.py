# SPDX-License-Identifier: GPL-3.0-or-later
"""What 24 more servers cost: a run without changes on contoso with 12 more Exchange servers and 12 more front ends, 31 hosts in all.

    .venv/bin/python tests/benchmarks/growth.py [--more 12] [--without-before]

The farm is made by :mod:`grown_farm`. With ``--latency real`` and as many forks as hosts, playbooks/integrate.yml runs until nothing is
left to change, and the run after it is measured:

- **CPU per host** of ansible-playbook and all that it waits for, as time(1) would show it: its workers, and the programs that start
  persistent helpers. These programs, and the helpers, which nobody waits for, are also shown by themselves (:mod:`cpu_of`).
- **wall to that of 0.1.0**: the same farm on a lab of the tree of 0.1.0, with its playbook. The tree is taken out of git into a temporary
  folder. Controller, helpers and lab share this machine's cores, in both runs alike.
- **lines of output.**
- **reads of the organisation**: what the run on the seven hosts of contoso asks of one host only must not be asked more often here. The
  seven are measured without latency: it does not change what is read.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

from farm_run import converge, measure_spread
from grown_farm import write_scenario
from measuring import INTEGRATE, ROOT, Bar, Played, Read, report, report_bars, run_lab

BEFORE = "b07366b"
"""The commit that is 0.1.0."""
MORE = 12


def check_out(commit: str, folder: Path) -> Path:
    """A commit's tree in a folder, found by Ansible as the collection, as tests/ci/make_venv.py links the clone."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    links = folder / ".collections" / "ansible_collections" / "onprem" / "exchange_lync"
    links.mkdir(parents=True)
    for entry in folder.iterdir():
        if not entry.name.startswith("."):
            (links / entry.name).symlink_to(entry)
    return folder


def measure_tree(tree: Path, more: int) -> tuple[Played, int]:
    """A run without changes on the grown farm of a tree, and how many hosts that has."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder, "grown.yml")
        write_scenario(tree, scenario, more)
        with run_lab(str(scenario), root=tree) as lab:
            converge(lab)
            run, hosts = lab.play(INTEGRATE), len(lab.hosts)
    cost = run.cost
    parts = f"of which {cost.starting:.1f} s to start the helpers, and the helpers {cost.helpers:.1f} s"
    report(
        f"a run without changes on {hosts} hosts: {cost.wall:.1f} s, {run.lines} lines, {len(run.headers)} task headers",
        [
            f"CPU: ansible-playbook and what it waits for {cost.playbook:.1f} s, {parts}",
            f"spread of the sessions' beginnings {measure_spread(run.sessions):.2f} times the slowest",
        ],
    )
    return run, hosts


def measure_seven() -> Played:
    """A run without changes on contoso as it is."""
    with run_lab("contoso", "none") as lab:
        converge(lab)
        return lab.play(INTEGRATE)


def find_organisation(seven: Played) -> set[Read]:
    """What is read of one host only, although there are more of its kind, or it is the only one."""
    asked = Counter(read for reads in seven.reads.values() for read in reads)
    return {read for read, hosts in asked.items() if hosts == 1}


def count_reads(run: Played, reads: set[Read]) -> int:
    """How often these reads were made, on all hosts together."""
    return sum(count for asked in run.reads.values() for read, count in asked.items() if read in reads)


def measure(more: int = MORE, *, before: bool = True) -> list[Bar]:
    """Measure this tree and 0.1.0."""
    run, hosts = measure_tree(ROOT, more)
    seven = measure_seven()
    organisation = find_organisation(seven)
    added = count_reads(run, organisation) - count_reads(seven, organisation)
    name = f"{hosts} hosts, no changes"
    bars = [
        Bar(f"{name}: CPU of ansible-playbook per host", run.cost.playbook / hosts, 0.8, "s"),
        Bar(f"{name}: lines of output", run.lines, 150),
        Bar(f"{name}: writes", len(run.writes), 0),
        Bar(f"{name}: reads of the organisation, more than the {count_reads(seven, organisation)} of 7", added, 0),
    ]
    if before:
        with tempfile.TemporaryDirectory(prefix="before-") as folder:
            old, _hosts = measure_tree(check_out(BEFORE, Path(folder)), more)
        bars.insert(1, Bar(f"{name}: wall to that of 0.1.0", run.cost.wall / old.cost.wall, 0.3))
    return bars


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--more", type=int, default=MORE, help="how many more of each kind (default: 12)")
    parser.add_argument("--without-before", action="store_true", help="do not run 0.1.0")
    options = parser.parse_args()
    report_bars("bars", measure(options.more, before=not options.without_before))


if __name__ == "__main__":
    main()
