# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of playbooks/integrate.yml costs that finds nothing to change, beside the least that it could cost.

    .venv/bin/python tests/benchmarks/farm_run.py [--scenario litware|contoso] [--connection documented|psrp] [--without-peer]

Starts a lab with ``--latency real``, so that sessions, modules and cmdlets take as long as on real servers (tests/lab/latency.yml),
runs the playbook until the farm is as described, and then measures the run after it:

- **wall / floor**. The floor is what cannot be saved: the slowest host's own cost, which is the opening of its session, the loading of
  its module and each thing that is read of it once, plus the wall time of a playbook with one local ``ping`` on the same hosts. The
  host's cost is what the lab charges for the entries that its journal has of that run, not what they took: the lab's own work is not in
  it. ``ping`` runs before and after, and the shorter one counts. All walls are of this run, so their ratio holds where their seconds do
  not.
- **task headers and lines**: what a person has to read when nothing happened.
- **reads**: no host is asked the same thing twice, whatever asks; the cmdlet and its parameters count.
- **sessions**: one on each host, since each is read in one place over these connections. They are opened at the same time if the last
  one begins before the slowest is open: the figure is the time from the first beginning to the last, in parts of the slowest session's
  own time.
- **the same reads without this collection**, as :mod:`raw_peer` has them, unless ``--without-peer``.

All runs have as many forks as there are hosts.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))

import raw_peer
from farm.latency import Latency
from measuring import HERE, INTEGRATE, Bar, Entry, Lab, Played, report, report_bars, run_lab

MACHINE = ("winrs", "/wsman")
"""Endpoints where a product's module has to be loaded; its own endpoint has it."""
TABLE = Latency("real")
PING = HERE / "ping.yml"


def sum_charges(run: Played, host: str) -> float:
    """What the lab charges a host for what is needed of a run: its sessions, its module, and each read once."""
    sessions = [entry for entry in run.sessions if entry["host"] == host]
    cmdlets = [entry for entry in run.cmdlets if entry["host"] == host]
    needed = {(entry["cmdlet"], str(entry["parameters"])): entry for entry in cmdlets}
    opening = sum(float(entry["duration"]) for entry in sessions)
    starting = sum(TABLE.seconds("powershell_start") for entry in sessions if entry["endpoint"] == "winrs")
    loading = any(entry["shell"] == "lync" and entry["endpoint"] in MACHINE for entry in cmdlets)
    return opening + starting + loading * TABLE.seconds("module_load") + sum(map(find_charge, needed.values()))


def find_charge(entry: Entry) -> float:
    """What the lab charges for a cmdlet; with -ADPropertiesOnly it reads the directory alone, as most others do."""
    priced = "default" if entry["parameters"].get("ADPropertiesOnly") else entry["cmdlet"]
    return TABLE.seconds(f"cmdlet:{priced}", entry["shell"])


def measure_spread(sessions: list[Entry]) -> float:
    """The time from the first session's beginning to the last one's, in parts of the slowest session's own time.

    An entry is made when its session is open, and has the time that this was made to take.
    """
    begun = [dt.datetime.fromisoformat(entry["time"]) - dt.timedelta(seconds=entry["duration"]) for entry in sessions]
    return (max(begun) - min(begun)).total_seconds() / max(float(entry["duration"]) for entry in sessions)


def count_repeats(run: Played) -> int:
    """How many reads were made of a host that had already answered them."""
    return sum(count - 1 for reads in run.reads.values() for count in reads.values())


def judge(scenario: str, run: Played, ping: float, hosts: int) -> list[Bar]:
    """The bars of a run without changes.

    :param ping: the wall time of a playbook with one local ping.
    """
    charges = {host: sum_charges(run, host) for host in run.reads}
    slowest = max(charges, key=lambda host: charges[host])
    floor, opened = charges[slowest] + ping, Counter(entry["host"] for entry in run.sessions)
    report(
        f"{scenario}: {run.cost.wall:.1f} s, of which cannot be saved {floor:.1f} s:",
        [f"{charges[slowest]:.2f} s on {slowest}", f"{ping:.2f} s for a playbook with one local ping"],
    )
    return [
        Bar(f"{scenario}, no changes: wall to floor", run.cost.wall / floor, 1.35, "times"),
        Bar(f"{scenario}, no changes: task headers", len(run.headers), 14),
        Bar(f"{scenario}, no changes: reads made twice", count_repeats(run), 0),
        Bar(f"{scenario}, no changes: writes", len(run.writes), 0),
        Bar(f"{scenario}, no changes: sessions on one host", max(opened.values()), 1),
        Bar(f"{scenario}, no changes: hosts without a session", hosts - len(opened), 0),
        Bar(f"{scenario}, no changes: spread of the sessions' beginnings", measure_spread(run.sessions), 1, "times"),
    ]


def converge(lab: Lab) -> None:
    """Run the playbook once, for the changes that the scenario needs."""
    run = lab.play(INTEGRATE)
    cost = f"{run.cost.wall:.1f} s, {len(run.writes)} writes, {len(run.headers)} task headers, {run.lines} lines"
    report(f"a run that changes the farm: {cost}", [])


def measure(scenario: str, connection: str = "documented", *, peer: bool = True) -> list[Bar]:
    """Run, and judge the run that changes nothing."""
    with run_lab(scenario, connection=connection) as lab:
        converge(lab)
        before = lab.hosts
        first, run, last = (lab.play(playbook) for playbook in (PING, INTEGRATE, PING))
        after, ping = lab.hosts, min(first.cost.wall, last.cost.wall)
        report(f"a run without changes: {run.lines} lines, and of each host", describe_hosts(before, after))
        bars = judge(scenario, run, ping, len(after))
        return [*bars, *(raw_peer.compare(lab, scenario, run) if peer else [])]


def describe_hosts(before: dict[str, Entry], after: dict[str, Entry]) -> list[str]:
    """What the lab has counted of each host."""
    counted = ("sessions", "pipelines", "requests")
    return [
        f"{host}: {', '.join(f'{after[host][name] - before[host][name]} {name}' for name in counted)}" for host in after
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", choices=["litware", "contoso"], default="litware")
    parser.add_argument("--connection", choices=["documented", "psrp"], default="documented")
    parser.add_argument("--without-peer", action="store_true")
    options = parser.parse_args()
    bars = measure(options.scenario, options.connection, peer=not options.without_peer)
    report_bars("bars", bars)


if __name__ == "__main__":
    main()
