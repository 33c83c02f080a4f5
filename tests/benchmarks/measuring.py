# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks have in common: a lab, a playbook that is run on it with what that cost, and a bar."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
INTEGRATE = Path("playbooks", "integrate.yml")

Entry = dict[str, Any]
Read = tuple[str, str]
"""A cmdlet that reads, and its parameters as text."""


@dataclass(frozen=True)
class Bar:
    """A figure, and what it may be at most."""

    what: str
    measured: float
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the figure is good enough."""
        return self.measured <= self.limit

    def __str__(self) -> str:
        figures = f"{self.measured:>9.4g} {self.unit:<6} at most {self.limit:<7.4g}"
        return f"{'ok ' if self.met else 'NOT'} {figures} {self.what}"


@dataclass(frozen=True)
class Cost:
    """What a command took, in seconds; :mod:`cpu_of` says what each is."""

    wall: float
    playbook: float
    starting: float
    helpers: float


@dataclass(frozen=True)
class Played:
    """One run of a playbook, and the entries that the lab's journal gained by it."""

    cost: Cost
    output: str
    journal: list[Entry]

    @property
    def headers(self) -> list[str]:
        """The names of the tasks that a header was printed for."""
        return re.findall(r"^TASK \[(.*?)\] \*+$", self.output, re.MULTILINE)

    @property
    def lines(self) -> int:
        """How many lines were printed."""
        return len(self.output.splitlines())

    @property
    def sessions(self) -> list[Entry]:
        """The sessions that were opened."""
        return [entry for entry in self.journal if entry["event"] == "session_opened"]

    @cached_property
    def cmdlets(self) -> list[Entry]:
        """The cmdlets that reached the farm's model."""
        return [entry for entry in self.journal if entry["event"] == "cmdlet"]

    @property
    def writes(self) -> list[str]:
        """The names of those that wrote."""
        return [entry["cmdlet"] for entry in self.cmdlets if entry["kind"] == "write"]

    @cached_property
    def reads(self) -> dict[str, Counter[Read]]:
        """By host, how often each read was made."""
        found: dict[str, Counter[Read]] = {}
        for entry in self.cmdlets:
            if entry["kind"] == "read":
                parameters = json.dumps(entry["parameters"], sort_keys=True)
                found.setdefault(entry["host"], Counter())[entry["cmdlet"], parameters] += 1
        return found


@dataclass
class Lab:
    """A running lab.

    :ivar root: the tree of the project that it is run from, and that its playbooks are of.
    :ivar folder: where it keeps what it is.
    """

    root: Path
    folder: Path
    connection: str = "documented"
    _runs: int = 0

    def call(self, command: str, *arguments: str) -> str:
        """What a command of the lab prints; its complaint, and the end, where it fails."""
        words = [sys.executable, str(self.root / "tests" / "lab"), command, *arguments, "--state", str(self.folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"the lab's command {command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    @property
    def hosts(self) -> dict[str, Entry]:
        """The hosts, and what the lab has counted of each."""
        counted: dict[str, Entry] = json.loads(self.call("status", "--json"))["hosts"]
        return counted

    def play(self, playbook: Path, *arguments: str, extra_vars: dict[str, Any] | None = None) -> Played:
        """Run a playbook on all hosts at the same time; the program ends where it fails."""
        self._runs += 1
        inventory, report = self.folder / f"inventory-{self.connection}.yml", self.folder / f"cost-{self._runs}.json"
        if not inventory.exists():
            inventory.write_text(self.call("inventory", "--connection", self.connection), encoding="utf-8")
        given = ["-e", json.dumps(extra_vars)] if extra_vars else []
        forks = ["--forks", str(len(self.hosts))]
        ansible = [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), *forks, str(self.root / playbook)]
        seen = len(self._journal())
        done = subprocess.run(
            [sys.executable, str(HERE / "cpu_of.py"), str(report), *ansible, *arguments, *given],
            cwd=self.root,
            env=os.environ | self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{playbook} ended with {done.returncode}:\n{done.stdout}")
        cost = Cost(**json.loads(report.read_text(encoding="utf-8")))
        return Played(cost, done.stdout, self._journal()[seen:])

    def _journal(self) -> list[Entry]:
        entries: list[Entry] = json.loads(self.call("journal", "--json"))
        return entries

    @property
    def _environment(self) -> dict[str, str]:
        """A home of the lab's own: its path is short enough for the sockets of helpers."""
        home = str(self.folder / "ansible")
        return {"ANSIBLE_CONFIG": str(self.root / "ansible.cfg"), "ANSIBLE_HOME": home, "ANSIBLE_NOCOLOR": "1"}


@contextmanager
def run_lab(
    scenario: str, latency: str = "real", *options: str, root: Path = ROOT, connection: str = "documented"
) -> Iterator[Lab]:
    """A lab that is stopped whatever happens.

    :param options: further ones of the lab's command up.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        lab = Lab(root, Path(folder), connection)
        try:
            lab.call("up", "--scenario", scenario, "--latency", latency, *options)
            yield lab
        finally:
            lab.call("down")


def report(title: str, lines: Iterable[object]) -> None:
    """Print lines under a title, at once."""
    print("\n".join([title, *(f"    {line}" for line in lines)]), flush=True)


def report_bars(title: str, bars: list[Bar]) -> None:
    """Print the bars of a program that was run by itself; exit code 1 if one is not met."""
    report(title, bars)
    sys.exit(not all(one.met for one in bars))
