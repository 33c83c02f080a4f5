# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the lab for a person, and say how to point a playbook at it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOW = """\
The lab runs: scenario {scenario}. Its inventory is {inventory}

  .venv/bin/ansible-playbook -i {inventory} playbooks/integrate.yml --check --diff
  .venv/bin/ansible-playbook -i {inventory} YOUR-PLAYBOOK.yml

  .venv/bin/python tests/lab journal --writes --state {state}    what was written
  .venv/bin/python tests/lab status --state {state}              sessions, pipelines, requests
  .venv/bin/python tests/lab down --state {state}                stop it"""


class Lab:
    """A lab by its state folder, used through the lab's own command line."""

    def __init__(self, state: Path) -> None:
        self.state_folder = state
        self.inventory = state / "inventory.yml"

    def call(self, command: str, *arguments: str) -> str:
        """What a command of the lab prints; its complaint and exit code 1 where it fails."""
        done = self._run(command, *arguments)
        if done.returncode:
            raise SystemExit(f"the lab's command {command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def running(self) -> bool:
        """Whether it answers."""
        return self._run("status").returncode == 0

    def latency(self) -> str:
        """What it charges."""
        return str(json.loads(self.call("status", "--json"))["latency"])

    def state(self) -> dict[str, t.Any]:
        """What is true in the farm."""
        return t.cast("dict[str, t.Any]", json.loads(self.call("state", "--json")))

    def write_inventory(self, connection: str = "documented") -> None:
        """The inventory as the lab gives it: hosts, how they are reached, and the variables that the playbook asks for."""
        self.inventory.unlink(missing_ok=True)
        self.inventory.touch(mode=0o600)  # it has the password
        self.inventory.write_text(self.call("inventory", "--connection", connection), encoding="utf-8")

    def _run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, str(ROOT / "tests" / "lab"), command, *arguments, "--state", str(self.state_folder)]
        return subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)


def main() -> None:
    """Start a lab whose state folder is named for its scenario, unless it runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="litware")
    parser.add_argument("--latency", default="none", choices=["none", "real"])
    options = parser.parse_args()
    folder = ROOT / ".lab" / options.scenario
    lab = Lab(folder)
    if not lab.running():
        lab.call("up", "--scenario", options.scenario, "--latency", options.latency)
    elif (latency := lab.latency()) != options.latency:
        raise SystemExit(
            f"a lab runs in {folder.relative_to(ROOT)} with latency {latency}; stop it first:\n"
            f"  .venv/bin/python tests/lab down --state {folder.relative_to(ROOT)}"
        )
    lab.write_inventory()
    shown = {"inventory": lab.inventory.relative_to(ROOT), "state": folder.relative_to(ROOT)}
    print(HOW.format(scenario=options.scenario, **shown))


if __name__ == "__main__":
    main()
