# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether check mode writes nothing and foretells what the run does, cmdlet by cmdlet, on every scenario of the lab.

    .venv/bin/python tests/benchmarks/foretelling.py [SCENARIO ...]

Runs playbooks/integrate.yml in check mode, for real, and again, on a lab without latency. What check mode foretells are the
``commands`` that its tasks return. They are compared with those of the real run, whole, with every parameter; and, because the same code
has made both, with what the lab's journal has of the real run: the cmdlets that wrote, in their order, on which host.

messy is integrated twice, as in tests/integration/test_messy.py: first all that somebody may have chosen is tolerated, then what may be
replaced is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import zip_longest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))

from harness import Farm
from integrating import CHECK, Watched, integrate
from measuring import Bar, report, report_bars

WORDS: dict[str, list[dict[str, Any]]] = {
    "litware": [{}],
    "contoso": [{}],
    "messy": [
        {"farm_tolerate": ["dns_points_elsewhere", "autodiscover_uri_replaced", "cloud_url"]},
        {
            "farm_replace": ["cloud_url", "dns_points_elsewhere@autodiscover.northwindtraders.com"],
            "farm_tolerate": ["autodiscover_uri_replaced"],
        },
    ],
}
"""For each integration of a scenario, what the user says of things that somebody may have chosen."""


def find_commands(watched: Watched) -> list[str]:
    """The commands of a run's tasks and of their loops' items, in their order."""
    results = [item for step in watched.run.steps if step.changed for item in step.result.get("results", [step.result])]
    return [command for result in results if result["changed"] for command in result["commands"]]


def count_differences(foretold: list[str], done: list[str]) -> int:
    """How many places of two lists differ."""
    return sum(one != other for one, other in zip_longest(foretold, done))


def run(farm: Farm, *arguments: str, said: dict[str, Any]) -> Watched:
    """Run the playbook once; the program ends where it fails."""
    watched = integrate(farm, *arguments, extra_vars=said)
    if watched.run.rc:
        sys.exit(watched.run.output)
    return watched


def measure_integration(farm: Farm, name: str, said: dict[str, Any]) -> list[Bar]:
    """Check, apply, again."""
    check, apply, again = (run(farm, *arguments, said=said) for arguments in (CHECK, (), ()))
    foretold, written = find_commands(check), [entry["cmdlet"] for entry in apply.writes]
    report(name, [f"foretold: {command}" for command in foretold])
    if not written:
        sys.exit(f"{name}: nothing was written, so that nothing can be said of what was foretold")
    return [
        Bar(f"{name}, check mode: writes", len(check.writes), 0),
        Bar(
            f"{name}, check mode: commands that the run has otherwise",
            count_differences(foretold, find_commands(apply)),
            0,
        ),
        Bar(
            f"{name}, check mode: cmdlets that the server got otherwise",
            count_differences([command.split()[0] for command in foretold], written),
            0,
        ),
        Bar(f"{name}, run again: writes", len(again.writes), 0),
    ]


def measure(scenario: str) -> list[Bar]:
    """Integrate a scenario, as often as there is something else to say of it."""
    bars: list[Bar] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        farm = Farm(scenario, Path(folder), "documented")
        farm.up()
        try:
            for said in WORDS[scenario]:
                name = f"{scenario} with {' and '.join(said)}" if said else scenario
                bars += measure_integration(farm, name, said)
        finally:
            farm.down()
    return bars


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=list(WORDS), metavar="SCENARIO")
    options = parser.parse_args()
    report_bars("bars", [one for scenario in options.scenarios for one in measure(scenario)])


if __name__ == "__main__":
    main()
