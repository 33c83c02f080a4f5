# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kerberos costs: a run that changes nothing with tickets, beside the same run with CredSSP; and how long its servers take to start.

    .venv/bin/python tests/benchmarks/kerberos_cost.py [--rounds N] [--latency none|real]

- **Kerberos / CredSSP**: one lab, integrated once; then rounds of one run over each inventory, in turn, so that what else the machine does
  meets both. The shortest run of each counts. Exchange's own endpoint takes no CredSSP: the other inventory has Basic over TLS there.
  Without latency, which is the default, the logon is the largest part that differs.
- **start**: a KDC with its principals, BIND that takes its tickets, Knot, and Samba as a domain controller, started at the same time, until
  each answers. Samba's domain was provisioned before, as for the tests. Samba takes root.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path

from measuring import INTEGRATE, ROOT, Bar, Cost, Lab, report, report_bars, run_lab

sys.path.insert(0, str(ROOT / ".collections"))
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from dns_programs import run_knot
from kerberos_realm import run_bind_with_kerberos
from samba_domain import describe_content, find_provisioned, run_domain

RATIO = 1.1
START_SECONDS = 15.0


def measure(rounds: int = 3, latency: str = "none") -> list[Bar]:
    """All bars."""
    return [measure_runs(rounds, latency), measure_start()]


def measure_runs(rounds: int, latency: str) -> Bar:
    """A run without changes, by Kerberos and by CredSSP."""
    with run_lab("litware", latency, "--kerberos") as lab:
        os.environ.update(get_ticket(lab))
        labs = [replace(lab, connection=name, _runs=start) for name, start in (("kerberos", 100), ("documented", 200))]
        labs[0].play(INTEGRATE)
        costs: dict[str, list[Cost]] = {each.connection: [] for each in labs}
        for _round in range(rounds):
            for each in labs:
                run = each.play(INTEGRATE)
                if run.writes:
                    sys.exit(f"a run over {each.connection} changed something: {run.writes}")
                costs[each.connection].append(run.cost)
    report("a run without changes", [f"{name}: {describe(found)}" for name, found in costs.items()])
    shortest = {name: min(cost.wall for cost in found) for name, found in costs.items()}
    return Bar("no-change run, Kerberos / CredSSP", shortest["kerberos"] / shortest["documented"], RATIO)


def describe(costs: list[Cost]) -> str:
    """The walls, and the CPU time, which depends less on what else the machine does."""
    walls = " ".join(f"{cost.wall:.2f}" for cost in costs)
    return f"{walls} s; CPU at least {min(cost.playbook + cost.starting + cost.helpers for cost in costs):.2f} s"


def get_ticket(lab: Lab) -> dict[str, str]:
    """What the environment of a client has to have; kinit has run."""
    environment: dict[str, str] = json.loads(lab.call("ticket", "--json"))
    return environment


def measure_start() -> Bar:
    """Start everything at the same time."""
    content = describe_content()
    find_provisioned(content)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        places = [Path(folder, name) for name in ("kerberos", "knot", "samba")]
        for place in places:
            place.mkdir()
        managers: list[AbstractContextManager[object]] = [
            run_bind_with_kerberos(places[0]),
            run_knot(places[1]),
            run_domain(places[2], content),
        ]
        started = time.perf_counter()
        with ThreadPoolExecutor(len(managers)) as pool:
            list(pool.map(stack.enter_context, managers))
        seconds = time.perf_counter() - started
    return Bar("start of KDC, BIND, Knot and Samba together", seconds, START_SECONDS, "s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", choices=["none", "real"], default="none")
    options = parser.parse_args()
    report_bars("bars", measure(options.rounds, options.latency))


if __name__ == "__main__":
    main()
