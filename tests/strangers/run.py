# SPDX-License-Identifier: GPL-3.0-or-later
"""Run clients that nobody here wrote against the lab: on the emulated PowerShell and, where it is found, on the real engine.

    make strangers

cannot_pass.yml says what cannot pass and why. The exit code is 1 if anything else fails, or if something passes that is said not to.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
CACHE = ROOT / ".cache" / "strangers"
BIN = ROOT / ".venv-strangers" / "bin"
HOST = "atl-dc-001.litwareinc.com"
RELEASES = ("pypsrp==0.9.1", "pywinrm==0.5.0")
WAYS = (("https", "basic"), ("https", "ntlm"), ("https", "credssp"), ("http", "ntlm"), ("http", "credssp"))
"""Scheme and logon. WinRM takes Basic over TLS only."""


@dataclass(frozen=True)
class Target:
    """A lab's host, as a client sees it."""

    powershell: str
    ports: dict[str, int]
    user: str
    password: str
    ca: str

    def port(self, scheme: str) -> int:
        """Where its WinRM listens."""
        return self.ports[f"wsman_{scheme}"]


@dataclass(frozen=True)
class Tried:
    """What a client did in one way; ``outcomes`` has for each thing that was tried what went wrong, or nothing."""

    client: str
    way: str
    outcomes: dict[str, str]


def unpack() -> None:
    """Get the clients' source distributions, which have their tests."""
    CACHE.mkdir(parents=True, exist_ok=True)
    for release in RELEASES:
        name = release.replace("==", "-")
        if not (CACHE / name).exists():
            command = [str(BIN / "python"), "-m", "pip", "download", "-q", "--no-deps"]
            subprocess.run([*command, "--no-binary", ":all:", "-d", str(CACHE), release], check=True)
            with tarfile.open(CACHE / f"{name}.tar.gz") as archive:
                archive.extractall(CACHE, filter="data")


@contextmanager
def lab(engine: str | None) -> Iterator[Target]:
    """A lab, for as long as the block runs."""
    powershell = "engine" if engine else "emulated"
    state = ROOT / ".lab" / f"strangers-{powershell}"
    program = [sys.executable, str(ROOT / "tests" / "lab")]
    subprocess.run([*program, "up", "--state", str(state), *(["--engine", engine] if engine else [])], check=True)
    try:
        described = json.loads((state / "lab.json").read_text(encoding="utf-8"))
        who = described["administrator"]
        ports = described["hosts"][HOST]["listeners"]
        yield Target(powershell, ports, who["upn"], who["password"], described["ca"])
    finally:
        subprocess.run([*program, "down", "--state", str(state)], check=True)


def run_tests(folder: Path, tests: str, environment: dict[str, str]) -> dict[str, str]:
    """What became of a client's live tests."""
    outcomes = CACHE / "outcomes.json"
    outcomes.unlink(missing_ok=True)
    paths = {"PYTHONPATH": str(HERE), "STRANGERS_OUTCOMES": str(outcomes)}
    # their own settings: pytest would find ours, above the folder
    options = ["-c", "pyproject.toml", "-p", "live_tests", "-p", "no:cacheprovider"]
    command = [str(BIN / "python"), "-m", "pytest", "-q", *options, tests]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment, **paths},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if not outcomes.exists():
        raise SystemExit(f"{folder.name}: its tests did not run:\n{done.stdout}{done.stderr}")
    found: dict[str, str] = json.loads(outcomes.read_text(encoding="utf-8"))
    return found


def try_pypsrp(target: Target) -> Iterator[Tried]:
    """pypsrp's own live tests. They take TLS for granted on every port but 5985."""
    for auth in ("basic", "ntlm", "negotiate", "credssp"):
        account = {"PYPSRP_SERVER": "127.0.0.1", "PYPSRP_USERNAME": target.user, "PYPSRP_PASSWORD": target.password}
        way = {"PYPSRP_PORT": str(target.port("https")), "PYPSRP_AUTH": auth}
        yield Tried("pypsrp", f"https {auth}", run_tests(CACHE / "pypsrp-0.9.1", "tests/tests_pypsrp", account | way))


def try_pywinrm(target: Target) -> Iterator[Tried]:
    """pywinrm's own live tests."""
    for scheme, transport in WAYS:
        environment = {
            "WINRM_ENDPOINT": f"{scheme}://127.0.0.1:{target.port(scheme)}/wsman",
            "WINRM_TRANSPORT": transport,
            "WINRM_USERNAME": target.user,
            "WINRM_PASSWORD": target.password,
            "REQUESTS_CA_BUNDLE": target.ca,
        }
        yield Tried("pywinrm", f"{scheme} {transport}", run_tests(CACHE / "pywinrm-0.5.0", "winrm/tests", environment))


def try_ansible(target: Target) -> Iterator[Tried]:
    """Ansible's connection plugins, with the two tasks that need no module."""
    for connection in ("psrp", "winrm"):
        for scheme, auth in WAYS:
            variables = connection_variables(target, connection, scheme, auth)
            raw = run_ansible(variables, "raw", "Write-Output 'said by raw'")
            waited = run_ansible(variables, "wait_for_connection", "timeout=5 connect_timeout=5 sleep=1")
            outcomes = {
                "raw": "" if "rc=0" in raw and "said by raw" in raw else raw[-300:],
                "wait_for_connection": "" if "SUCCESS" in waited else waited[-300:],
                # told only after the transport's own test has passed
                "wait_for_connection_transport": "" if "waiting for ping module test" in waited else waited[-300:],
            }
            yield Tried(f"ansible {connection}", f"{scheme} {auth}", outcomes)


def connection_variables(target: Target, connection: str, scheme: str, auth: str) -> dict[str, Any]:
    """The variables of a connection."""
    how = {"protocol": scheme, "auth": auth, "ca_cert": target.ca}
    if connection == "winrm":
        how = {"scheme": scheme, "transport": auth, "ca_trust_path": target.ca}
    return {
        "ansible_connection": connection,
        "ansible_host": "127.0.0.1",
        "ansible_port": target.port(scheme),
        "ansible_user": target.user,
        "ansible_password": {"__ansible_unsafe": target.password},
        **{f"ansible_{connection}_{name}": value for name, value in how.items()},
    }


def run_ansible(variables: dict[str, Any], module: str, arguments: str) -> str:
    """What ansible prints of one task."""
    file = CACHE / "variables.json"
    file.write_text(json.dumps(variables), encoding="utf-8")
    file.chmod(0o600)
    command = [str(BIN / "ansible"), "all", "-i", f"{HOST},", "-e", f"@{file}", "-m", module, "-a", arguments]
    environment = {**os.environ, "ANSIBLE_HOME": str(CACHE / "ansible"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


def try_winrmcp(target: Target) -> Iterator[Tried]:
    """Debian's winrmcp, in Go: it has Basic only, and copies in pieces by cmd.exe that a script puts together at the end."""
    program = shutil.which("winrmcp")
    if program is None:
        print("winrmcp is not installed (Debian's package winrmcp), and is left out")
        return
    file = CACHE / "copied.txt"
    file.write_text("copied by winrmcp\n", encoding="utf-8")
    account = ["-user", target.user, "-pass", target.password, "-addr", f"127.0.0.1:{target.port('https')}"]
    command = [program, *account, "-https", "-cacert", target.ca, str(file), "C:\\copied.txt"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    said = done.stdout + done.stderr
    uploaded = not said or "restoring file" in said or "Test-Path" in said
    outcomes = {"upload": "" if uploaded else said[-300:], "copy": said[-300:]}
    yield Tried("winrmcp", "https basic", outcomes)


CLIENTS = {"pypsrp": try_pypsrp, "pywinrm": try_pywinrm, "ansible": try_ansible, "winrmcp": try_winrmcp}


def compare(target: Target, tried: Tried, known: dict[str, Any]) -> list[str]:
    """What is not as cannot_pass.yml says."""
    cannot = {name for name, reason in known.get(tried.client.split()[0], {}).items() if reason.get(target.powershell)}
    failed = {name for name, said in tried.outcomes.items() if said}
    place = f"{tried.client} on {target.powershell} by {tried.way}"
    wrong = [f"{place}: {name} failed: {tried.outcomes[name]}" for name in sorted(failed - cannot)]
    return wrong + [f"{place}: {name} is said not to pass, and did" for name in sorted(cannot - failed)]


def _powershells(engine: str | None, only: str | None) -> list[str | None]:
    """The emulated one, which has no program, and the engine where it is found."""
    found = dict.fromkeys((None, engine))
    return [program for program in found if only is None or (only == "engine") == (program is not None)]


def main() -> None:
    """Run what the command line names, or all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clients", nargs="*", choices=[[], *CLIENTS], help="only these")
    parser.add_argument(
        "--engine", help="the real engine's program (default: PWSH, or ../shared/pwsh/pwsh if it is there)"
    )
    parser.add_argument("--on", choices=["emulated", "engine"], help="only on this PowerShell")
    chosen = parser.parse_args()
    unpack()
    known = yaml.safe_load((HERE / "cannot_pass.yml").read_text(encoding="utf-8"))
    engine = chosen.engine or os.environ.get("PWSH") or shutil.which(str(ROOT.parent / "shared" / "pwsh" / "pwsh"))
    wrong: list[str] = []
    for program in _powershells(engine, chosen.on):
        with lab(program) as target:
            for name in chosen.clients or CLIENTS:
                for tried in CLIENTS[name](target):
                    passed = sum(not said for said in tried.outcomes.values())
                    figure = f"{passed} of {len(tried.outcomes)}"
                    found = compare(target, tried, known)
                    print(
                        f"{tried.client} on {target.powershell} by {tried.way}: {figure}",
                        *found,
                        sep="\n  ",
                        flush=True,
                    )
                    wrong += found
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
