# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the lab for a person, and say how to point a playbook at it."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAB = [sys.executable, str(ROOT / "tests" / "lab")]
HOW = """\
The lab runs: scenario {scenario}. Its inventory: {inventory}

  .venv/bin/ansible-playbook -i {inventory} playbooks/integrate.yml --check --diff
  .venv/bin/ansible-playbook -i {inventory} YOUR-PLAYBOOK.yml

  .venv/bin/python tests/lab journal --writes --state {state}     what was written
  .venv/bin/python tests/lab status --state {state}               sessions, pipelines, requests
  .venv/bin/python tests/lab down --state {state}                 stop it"""


def main() -> None:
    """Start a lab whose state folder is named for its scenario, unless it runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="litware")
    parser.add_argument("--latency", default="none", choices=["none", "real"])
    options = parser.parse_args()
    state = Path(".lab") / options.scenario
    if lab("status", "--state", str(state), check=False).returncode != 0:
        up = lab("up", "--scenario", options.scenario, "--latency", options.latency, "--state", str(state), check=False)
        if up.returncode != 0:
            raise SystemExit(up.stdout + up.stderr)
    inventory = state / "inventory.yml"
    (ROOT / inventory).write_text(lab("inventory", "--state", str(state)).stdout, encoding="utf-8")
    print(HOW.format(scenario=options.scenario, inventory=inventory, state=state))


def lab(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command of the lab's command line."""
    return subprocess.run([*LAB, *arguments], cwd=ROOT, check=check, capture_output=True, text=True)


if __name__ == "__main__":
    main()
