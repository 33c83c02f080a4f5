# SPDX-License-Identifier: GPL-3.0-or-later
"""Integrate the litware farm of the lab three times: in check mode, for real, and again. Say what was seen.

    make demo              or  .venv/bin/python tests/demo.py
    make demo VERBOSE=1    shows Ansible's output as well

Exit code 0 only if check mode wrote nothing, the apply converged, and the run after it changed nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.message
import dns.query
import dns.rdatatype

ROOT = Path(__file__).resolve().parents[1]
VERBOSE = os.environ.get("VERBOSE", "") not in ("", "0")
EXCHANGE = "atl-exchange-001.litwareinc.com"
AUTODISCOVER = "autodiscover.litwareinc.com"
RECAP = re.compile(
    r"^(?P<host>\S+)\s+: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+).*?failed=(?P<failed>\d+)", re.MULTILINE
)


@dataclass(frozen=True)
class Run:
    """One run of the playbook, and what the lab saw of it."""

    title: str
    code: int
    output: str
    seconds: float
    writes: list[dict[str, t.Any]]
    sessions: dict[str, int]

    @property
    def changed(self) -> int:
        """The sum of changed= over the hosts, or -1 without a recap."""
        recap = [int(host["changed"]) for host in RECAP.finditer(self.output)]
        return sum(recap) if recap else -1


class Lab:
    """The lab of this demonstration: in a state folder of its own, on ports of its own."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.inventory = state / "inventory.yml"

    def call(self, command: str, *arguments: str) -> str:
        """What a command of the lab's command line prints."""
        words = [sys.executable, str(ROOT / "tests" / "lab"), command, *arguments, "--state", str(self._state)]
        done = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"the lab's command {command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def writes(self) -> list[dict[str, t.Any]]:
        """Every cmdlet that wrote, or tried to, since the lab started."""
        return t.cast("list[dict[str, t.Any]]", json.loads(self.call("journal", "--writes", "--json")))

    def sessions(self) -> dict[str, int]:
        """How many sessions each host has seen since the lab started."""
        entries = json.loads(self.call("journal", "--json"))
        opened: dict[str, int] = {}
        for entry in entries:
            opened[entry["host"]] = opened.get(entry["host"], 0) + (entry["event"] == "session_opened")
        return opened

    def addresses(self, name: str) -> list[str]:
        """What the farm's DNS server answers for a name."""
        server = json.loads((self._state / "lab.json").read_text(encoding="utf-8"))["dns"]
        query = dns.message.make_query(name, dns.rdatatype.A)
        answer = dns.query.udp(query, server["host"], port=server["port"], timeout=5)
        return [str(record) for found in answer.answer for record in found if record.rdtype == dns.rdatatype.A]


def main() -> None:
    """The demonstration, from a new lab to its end."""
    started = time.monotonic()
    with running_lab() as lab:
        say(
            f"The lab runs ({time.monotonic() - started:.1f} s): scenario litware, one Exchange, one Lync, one DNS server"
        )
        runs = [
            run(lab, "Check mode, with diff", "--check", "--diff"),
            run(lab, "Apply", "--diff"),
            run(lab, "Apply again", "--diff"),
        ]
        problems = list(judge(lab, *runs))
    say(f"\nThe lab is stopped. {time.monotonic() - started:.0f} s in all.")
    for problem in problems:
        say(f"FAILED: {problem}")
    if problems:
        sys.exit(1)
    say("Check mode wrote nothing, the apply converged, and the run after it changed nothing.")


@contextmanager
def running_lab() -> Iterator[Lab]:
    """A lab that is stopped whatever happens."""
    (ROOT / ".lab").mkdir(exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="demo-", dir=ROOT / ".lab"))
    lab = Lab(state)
    try:
        lab.call("up", "--scenario", "litware")
        lab.inventory.write_text(lab.call("inventory"), encoding="utf-8")
        yield lab
    finally:
        lab.call("down")
        shutil.rmtree(state, ignore_errors=True)


def run(lab: Lab, title: str, *arguments: str) -> Run:
    """Run the playbook once, and show in short what it did."""
    say(f"\n{title}")
    seen, opened, started = len(lab.writes()), lab.sessions(), time.monotonic()
    code, output = playbook(lab.inventory, *arguments)
    seconds = time.monotonic() - started
    now = lab.sessions()
    sessions = {host: now[host] - opened.get(host, 0) for host in sorted(now)}
    done = Run(title, code, output, seconds, lab.writes()[seen:], sessions)
    for line in differences(output) if "--check" in arguments else []:
        say(f"  {line}")
    for write in done.writes:
        say(f"  wrote on {write['host']}: {write['cmdlet']} {parameters(write)}")
    per_host = ", ".join(f"{host.partition('.')[0]} {count}" for host, count in sessions.items())
    say(f"  changed={done.changed}, {len(done.writes)} writes, {seconds:.1f} s, sessions opened: {per_host or 'none'}")
    if code and not VERBOSE:
        say(output)
    return done


def playbook(inventory: Path, *arguments: str) -> tuple[int, str]:
    """Run ansible-playbook as a user would; its exit code and output."""
    words = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory)]
    process = subprocess.Popen(
        [*words, "playbooks/integrate.yml", *arguments],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if VERBOSE:
            say(line.rstrip("\n"))
    return process.wait(), "".join(lines)


def differences(output: str) -> Iterator[str]:
    """The changed lines of Ansible's diffs, each under its task."""
    task, named = "", False
    for line in output.splitlines():
        if line.startswith("TASK ["):
            task, named = line.partition("[")[2].rpartition("]")[0], False
        elif line.startswith(("+", "-")) and not line.startswith(("+++", "---")):
            if not named:
                yield task
                named = True
            yield f"  {line}"


def parameters(write: dict[str, t.Any]) -> str:
    """A cmdlet's parameters as a person writes them."""
    return " ".join(f"-{name} {json.dumps(value)}" for name, value in write["parameters"].items())[:160]


def judge(lab: Lab, check: Run, apply: Run, again: Run) -> Iterator[str]:
    """What the three runs should have shown and did not."""
    for one in (check, apply, again):
        if one.code:
            yield f"{one.title}: ansible-playbook ended with {one.code}"
    if check.writes:
        yield f"{check.title}: {len(check.writes)} writes, none expected"
    if check.changed < 1:
        yield f"{check.title}: nothing would change, but nothing is integrated yet"
    if not apply.writes:
        yield f"{apply.title}: nothing was written"
    if again.changed != 0 or again.writes:
        yield f"{again.title}: changed={again.changed}, {len(again.writes)} writes, none expected"
    state = lab.call("state", "--json").lower()
    for wanted in (".xml", ".svc"):
        if f"https://{AUTODISCOVER}/autodiscover/autodiscover{wanted}" not in state:
            yield f"the farm's state has no Autodiscover URL that ends in {wanted}"
    if lab.addresses(AUTODISCOVER) != lab.addresses(EXCHANGE) or not lab.addresses(AUTODISCOVER):
        yield f"{AUTODISCOVER} does not lead to {EXCHANGE}"


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
