# SPDX-License-Identifier: GPL-3.0-or-later
"""All bars at once, as one table: what each may be at most, what it is, and whether that is good enough.

    .venv/bin/python tests/benchmarks/bars.py [PART ...]

Runs the parts one after another, which takes about twenty minutes on two idle cores; with names, only those. A part that cannot be
measured is shown as such, and the others are still measured. Exit code 1 if a bar is not met or a part could not be measured.

The figures of roles, foretelling, and all counts are the same on any machine. Those of time are ratios of one run, so that they hold on a
slower one; but while something else works on the machine, they are only for development.
"""

from __future__ import annotations

import argparse
import functools
import os
import subprocess
import sys
import time
from collections.abc import Callable

import farm_run
import foretelling
import growth
import kerberos_cost
import role_sizes
from measuring import ROOT, Bar, report

Part = Callable[[], list[Bar]]

SCREENS = 1.5
SCREEN = 40
"""Lines."""
DEMO_SECONDS = 45


def measure_demo() -> list[Bar]:
    """The demonstration as a person runs it, with an environment that is already there."""
    subprocess.run(["make", "venv"], cwd=ROOT, check=True, capture_output=True)
    started = time.perf_counter()
    done = subprocess.run(["make", "demo"], cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"make demo ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    lines = len(done.stdout.splitlines())
    return [Bar("make demo, warm", seconds, DEMO_SECONDS, "s"), Bar("make demo: lines", lines, SCREENS * SCREEN)]


PARTS: dict[str, Part] = {
    "roles": role_sizes.measure,
    "demo": measure_demo,
    "foretelling": lambda: [one for scenario in foretelling.WORDS for one in foretelling.measure(scenario)],
    "litware": functools.partial(farm_run.measure, "litware"),
    "contoso": functools.partial(farm_run.measure, "contoso"),
    "growth": growth.measure,
    "kerberos": kerberos_cost.measure,
}


def measure_part(name: str) -> tuple[list[Bar], str]:
    """The bars of a part, or what kept it from being measured."""
    print(f"== {name}", flush=True)
    try:
        return PARTS[name](), ""
    except SystemExit as ended:
        return [], str(ended.code)


def format_table(bars: list[Bar]) -> list[str]:
    """A table in the form that a closing note can take as it is."""
    rows = [
        f"| {one.what} | {one.limit:.4g} {one.unit} | {one.measured:.4g} {one.unit} | {'ok' if one.met else 'NOT'} |"
        for one in bars
    ]
    return ["| bar | at most | measured | |", "|---|---|---|---|", *rows]


def main() -> None:
    """Measure, and print the table last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one or more of {', '.join(PARTS)}; all if none")
    names = parser.parse_args().parts or list(PARTS)
    if unknown := set(names) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    measured = {name: measure_part(name) for name in names}
    bars = [one for found, _why in measured.values() for one in found]
    print("\n".join(["", *format_table(bars)]))
    failed = {name: why for name, (_bars, why) in measured.items() if why}
    for name, why in failed.items():
        report(f"{name} could not be measured:", why.splitlines())
    print(f"load of the machine in the last fifteen minutes: {os.getloadavg()[2]:.1f} on {os.cpu_count()} cores")
    sys.exit(bool(failed) or not all(one.met for one in bars))


if __name__ == "__main__":
    main()
