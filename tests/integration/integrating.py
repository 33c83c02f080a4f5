# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook playbooks/integrate.yml on a lab, watched: what each run wrote, and what it cost."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import dns.message
import dns.query
import dns.rdatatype

from harness import ROOT, Farm, Run

INTEGRATE = ROOT / "playbooks" / "integrate.yml"
CHECK = ("--check", "--diff")


@dataclass(frozen=True)
class Watched:
    """A run, the writes that it made, and by host what it added to the lab's counters."""

    run: Run
    writes: list[dict[str, Any]]
    cost: dict[str, dict[str, int]]

    @property
    def changed(self) -> list[tuple[str, str]]:
        """The tasks that reported a change, by name and host."""
        return [(step.task.rpartition(" : ")[2], step.host) for step in self.run.steps if step.changed]

    def each(self, counter: str) -> dict[str, int]:
        """One counter, by host."""
        return {host: counters[counter] for host, counters in self.cost.items()}


def integrate(farm: Farm, *arguments: str, extra_vars: dict[str, Any] | None = None) -> Watched:
    """Run the playbook once."""
    wrote, before = len(farm.journal(writes=True)), farm.status()["hosts"]
    run = farm.playbook(INTEGRATE, *arguments, extra_vars=extra_vars)
    after = farm.status()["hosts"]
    cost = {
        host: {name: after[host][name] - before[host][name] for name in ("sessions", "pipelines", "requests")}
        for host in after
    }
    return Watched(run, farm.journal(writes=True)[wrote:], cost)


def three_runs(farm: Farm) -> tuple[Watched, Watched, Watched]:
    """In check mode, for real, and again."""
    return integrate(farm, *CHECK), integrate(farm), integrate(farm)


REPORT = re.compile(
    r"^TASK \[[^\]]*Report what was found\] \*+\n(.*?)^(?:ok|fatal|\[ERROR\])", re.MULTILINE | re.DOTALL
)


def reports(run: Run) -> list[list[str]]:
    """The reports that a run printed, line by line."""
    return [text.splitlines() for text in REPORT.findall(run.output)]


def problems(report: list[str]) -> list[str]:
    """The problems and notes of a report, without their remedies."""
    return [line.strip() for line in report if line.startswith("  [")]


def headers(run: Run) -> list[str]:
    """The names of the tasks that the run printed a header for."""
    return re.findall(r"^TASK \[(.*?)\] \*+$", run.output, re.MULTILINE)


def answers(farm: Farm, name: str, kind: str = "CNAME") -> list[str]:
    """What the farm's DNS server says of a name."""
    server = json.loads((farm.state_dir / "lab.json").read_text(encoding="utf-8"))["dns"]
    wanted = dns.rdatatype.from_text(kind)
    reply = dns.query.udp(dns.message.make_query(name, wanted), server["host"], port=server["port"], timeout=5)
    return [str(record).rstrip(".") for found in reply.answer for record in found if record.rdtype == wanted]


def sessions(farm: Farm) -> dict[str, int]:
    """The remote sessions that a play needs: one for each host and place.

    Over winrm the Exchange shell is a session of the machine's PowerShell, and the session to the product that it imports.
    """
    state = farm.state()["hosts"]
    return {
        host: 2 if of_host["role"] == "exchange" and farm.connection == "winrm" else 1
        for host, of_host in state.items()
    }
