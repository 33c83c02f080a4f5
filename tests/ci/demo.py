# SPDX-License-Identifier: GPL-3.0-or-later
"""Integrate the litware farm of the lab three times: in check mode, for real, and again. Print the report and what the lab saw of each run.

    make demo              or  .venv/bin/python tests/ci/demo.py
    make demo VERBOSE=1    shows Ansible's output as well
    make demo KERBEROS=1   with tickets of a KDC: the inventory that docs/your_own_farm.md begins with, without a password

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

from lab import ROOT, Lab

VERBOSE = os.environ.get("VERBOSE", "") not in ("", "0")
KERBEROS = os.environ.get("KERBEROS", "") not in ("", "0")
EXCHANGE = "atl-exchange-001.litwareinc.com"
AUTODISCOVER = "autodiscover.litwareinc.com"
AUTODISCOVER_URL = f"https://{AUTODISCOVER}/autodiscover/autodiscover"
RUNS = {"Check mode": ("--check",), "Apply": (), "Apply again": ()}
REPORT = "Report what was found"
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


class Watched(Lab):
    """The lab of this demonstration, and what it has seen."""

    def writes(self) -> list[dict[str, t.Any]]:
        """Every cmdlet that wrote, or tried to, since the lab started."""
        return t.cast("list[dict[str, t.Any]]", json.loads(self.call("journal", "--writes", "--json")))

    def sessions(self) -> dict[str, int]:
        """How many sessions each host has seen since the lab started."""
        hosts = json.loads(self.call("status", "--json"))["hosts"]
        return {name: host["sessions"] for name, host in hosts.items()}

    def addresses(self, name: str) -> list[str]:
        """What the farm's DNS server answers for a name."""
        server = json.loads((self.state_folder / "lab.json").read_text(encoding="utf-8"))["dns"]
        query = dns.message.make_query(name, dns.rdatatype.A)
        answer = dns.query.udp(query, server["host"], port=server["port"], timeout=5)
        return [str(record) for found in answer.answer for record in found if record.rdtype == dns.rdatatype.A]


def main() -> None:
    """The demonstration, from a new lab to its end."""
    started = time.monotonic()
    with running_lab() as lab:
        say(f"The lab runs ({time.monotonic() - started:.1f} s): one Exchange server, one Lync server, one DNS server.")
        problems = list(judge(lab, runs_of(lab)))
    say(f"\nThe lab is stopped. {time.monotonic() - started:.0f} s in all.")
    for problem in problems:
        say(f"FAILED: {problem}")
    if problems:
        sys.exit(1)
    say("Check mode wrote nothing, the apply converged, and the run after it changed nothing.")


def runs_of(lab: Watched) -> list[Run]:
    """The three runs, or those up to the first that failed."""
    runs: list[Run] = []
    for title, arguments in RUNS.items():
        runs.append(run(lab, title, *arguments))
        if runs[-1].code:
            break
    return runs


@contextmanager
def running_lab() -> Iterator[Watched]:
    """A lab that is stopped whatever happens."""
    (ROOT / ".lab").mkdir(exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="demo-", dir=ROOT / ".lab"))
    lab = Watched(state)
    try:
        lab.call("up", "--scenario", "litware", *(["--kerberos"] if KERBEROS else []))
        lab.write_inventory("kerberos" if KERBEROS else "documented")
        if KERBEROS:
            os.environ.update(json.loads(lab.call("ticket", "--json")))
            say("kinit has got a ticket; there is no password in the inventory.")
        yield lab
    finally:
        lab.call("down")
        shutil.rmtree(state, ignore_errors=True)


def run(lab: Watched, title: str, *arguments: str) -> Run:
    """Run the playbook once. Show its last report, and what the lab saw of it."""
    say(f"\n{title}: ansible-playbook {' '.join(['playbooks/integrate.yml', *arguments])}")
    seen, opened, started = len(lab.writes()), lab.sessions(), time.monotonic()
    code, output = playbook(lab.inventory, *arguments)
    seconds = time.monotonic() - started
    now = lab.sessions()
    sessions = {host: now[host] - opened.get(host, 0) for host in sorted(now)}
    done = Run(title, code, output, seconds, lab.writes()[seen:], sessions)
    for line in find_report(output):
        say(f"  {line}")
    for write in done.writes:
        say(f"  wrote on {write['host']}: {write['cmdlet']} {parameters(write)}")
    per_host = ", ".join(f"{host.partition('.')[0]} {count}" for host, count in sessions.items())
    say(f"  changed={done.changed}, writes={len(done.writes)}, {seconds:.1f} s, remote sessions: {per_host or 'none'}")
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


def find_report(output: str) -> list[str]:
    """The lines of the run's last report: they stand between its task's header and its result."""
    report = output.rpartition(f" : {REPORT}] ")[2].partition("\n")[2]
    return re.split(r"^(?:ok|fatal): |^\[ERROR\]", report, maxsplit=1, flags=re.MULTILINE)[0].splitlines()


def parameters(write: dict[str, t.Any]) -> str:
    """A cmdlet's parameters as a person writes them."""
    return " ".join(f"-{name} {json.dumps(value)}" for name, value in write["parameters"].items())[:160]


def judge(lab: Watched, runs: list[Run]) -> Iterator[str]:
    """Where the three runs differ from what they are to show."""
    if runs[-1].code:
        yield f"{runs[-1].title}: ansible-playbook ended with {runs[-1].code}"
        return
    check, apply, again = runs
    if check.writes:
        yield f"{check.title}: {len(check.writes)} writes, none expected"
    if check.changed < 1:
        yield f"{check.title}: nothing would change, but nothing is integrated yet"
    if not apply.writes:
        yield f"{apply.title}: nothing was written"
    yield from (f"{run.title}: it printed no report" for run in runs if not find_report(run.output))
    if again.changed != 0 or again.writes:
        yield f"{again.title}: changed={again.changed}, {len(again.writes)} writes, none expected"
    yield from not_converged(lab)


def not_converged(lab: Watched) -> Iterator[str]:
    """Where the farm is not integrated as Microsoft's documentation describes."""
    state = lab.state()
    uri = state["exchange"]["servers"][EXCHANGE]["autodiscover_uri"]
    if uri != f"{AUTODISCOVER_URL}.xml":
        yield f"the Autodiscover URI of {EXCHANGE} is {uri}"
    store = state["lync"]["store"]
    url = store["oauth"]["exchange_autodiscover_url"]
    if url != f"{AUTODISCOVER_URL}.svc":
        yield f"Lync's Autodiscover URL is {url or 'empty'}"
    if not store["certificates"]:
        yield "no OAuthTokenIssuer certificate is assigned"
    partners = {
        "Exchange": [item for item in state["exchange"]["partner_applications"] if item["metadata_url"]],
        "Lync": store["partner_applications"],
    }
    yield from (f"{side} has no partner application" for side, applications in partners.items() if not applications)
    behind = [name for name, replica in state["lync"]["replicas"].items() if replica["oauth"] != store["oauth"]]
    if behind:
        yield f"the change has not been replicated to {', '.join(behind)}"
    if lab.addresses(AUTODISCOVER) != lab.addresses(EXCHANGE) or not lab.addresses(AUTODISCOVER):
        yield f"the name {AUTODISCOVER} does not lead to {EXCHANGE}"


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
