# SPDX-License-Identifier: GPL-3.0-or-later
"""Run checks, two or more side by side, and say at the end which passed.

    .venv/bin/python tests/ci/run_checks.py [NAME ...]

The logs are in .cache/checks. The last line is "N passed, N failed"; the exit code is 1 if one failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import copy_tree

ROOT = copy_tree.ROOT
CI = ROOT / "tests" / "ci"
LOGS = ROOT / ".cache" / "checks"
VENVS = {"newest": ROOT / ".venv", "oldest": ROOT / ".venv-oldest", "importer": ROOT / ".venv-importer"}
LANE_REQUIREMENTS = ("requirements.txt", "tests/requirements-run.txt", "tests/unit/requirements.txt")
LANES: dict[str, tuple[list[str], str, tuple[str, ...]]] = {
    "oldest": (["--oldest"], "ansible-core==2.19.0", LANE_REQUIREMENTS),
    "importer": ([], "ansible-core>=2.19", ("tests/requirements-importer.txt",)),
}
"""Which Python, ansible-core and requirement files the lanes beside the newest one have."""
AGREEMENT = "agreement: "
TAIL_LINES = 60


@dataclass(frozen=True)
class Check:
    """A row of checks.toml, which says what the fields mean."""

    name: str
    says: str
    commands: list[list[str]]
    lane: str = "newest"
    copy: bool = False
    alone: bool = False
    limit: int = 40 * 60


CHECKS = [Check(name, **row) for name, row in tomllib.loads((CI / "checks.toml").read_text(encoding="utf-8")).items()]


@dataclass(frozen=True)
class Outcome:
    """How one check ended."""

    check: Check
    passed: bool
    seconds: float
    log: Path

    def agreements(self) -> list[str]:
        """What the check measured against recordings, captures and the engine."""
        with self.log.open(encoding="utf-8", errors="replace") as file:
            return [line.strip() for line in file if line.startswith(AGREEMENT)]

    def tail(self, lines: int) -> list[str]:
        """The last lines of the log that are not blank."""
        with self.log.open(encoding="utf-8", errors="replace") as file:
            return list(deque((line.rstrip() for line in file if line.strip()), maxlen=lines))


class Runner:
    """Runs checks in processes of their own, and leaves none behind."""

    def __init__(self) -> None:
        self._running: set[int] = set()
        self._lock = threading.Lock()

    def run(self, check: Check) -> Outcome:
        """Run the check's commands in order, up to the first that fails."""
        log = LOGS / f"{check.name}.log"
        started = time.monotonic()
        with log.open("wb") as file:
            passed = all(self._command(check, command, file.fileno()) for command in check.commands)
        outcome = Outcome(check, passed, time.monotonic() - started, log)
        report(outcome)
        return outcome

    def _command(self, check: Check, command: list[str], log: int) -> bool:
        words = [word.format(python=python_version(VENVS[check.lane]), ci=CI) for word in command]
        os.write(log, f"$ {' '.join(words)}\n".encode())
        process = subprocess.Popen(
            words,
            cwd=copy_tree.TREE if check.copy else ROOT,
            env=environment(check),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with self._lock:
            self._running.add(process.pid)
        try:
            return process.wait(check.limit) == 0
        except subprocess.TimeoutExpired:
            os.write(log, f"stopped after {check.limit} seconds\n".encode())
            return False
        finally:
            self._end(process.pid)

    def _end(self, group: int) -> None:
        """End what a command left running: its process group is its own."""
        with self._lock:
            self._running.discard(group)
        try:
            os.killpg(group, signal.SIGTERM)
        except ProcessLookupError:
            return

    def stop(self) -> None:
        """End every command that still runs."""
        for group in tuple(self._running):
            self._end(group)


def main() -> None:
    """Run the checks that the command line names, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(check.name for check in CHECKS))
    names = parser.parse_args().names
    unknown = set(names) - {check.name for check in CHECKS}
    if unknown:
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    chosen = [check for check in CHECKS if check.name in names or not names]
    started = time.monotonic()
    prepare(chosen)
    outcomes = run_all(chosen)
    sys.exit(summary(outcomes, time.monotonic() - started))


def prepare(chosen: list[Check]) -> None:
    """Make what the chosen checks share: the copy of the tree, the lanes, folders."""
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    home().mkdir(parents=True, exist_ok=True)
    if any(check.copy for check in chosen):
        copy_tree.main()
    for lane in LANES:
        if any(check.lane == lane for check in chosen):
            make_lane(lane)


def make_lane(lane: str) -> None:
    """Make or refresh the environment of a lane."""
    choice, core, files = LANES[lane]
    search = [str(CI / "find-python.sh"), *choice]
    found = subprocess.run(search, check=True, capture_output=True, text=True, env=without_choice())
    venv = [found.stdout.strip(), str(CI / "make_venv.py"), "--dir", VENVS[lane].name, "--core", core]
    subprocess.run([*venv, *files], check=True)


def run_all(chosen: list[Check]) -> list[Outcome]:
    """Run the checks: those whose time counts first and alone, the others side by side.

    Side by side are as many as there are cores: the longest have processes side by side themselves.
    """
    runner = Runner()
    signal.signal(signal.SIGTERM, lambda *_arguments: sys.exit(1))
    try:
        outcomes = [runner.run(check) for check in chosen if check.alone]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            try:
                outcomes += pool.map(runner.run, [check for check in chosen if not check.alone])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                runner.stop()
                raise
    finally:
        runner.stop()
    return outcomes


def home() -> Path:
    """The home folder of every check, so that nothing is written outside the clone and nothing old is found."""
    return ROOT / ".cache" / "home"


def without_choice() -> dict[str, str]:
    """The environment without PYTHON, which names the Python of ``make venv`` only."""
    return {name: value for name, value in os.environ.items() if name != "PYTHON"}


def environment(check: Check) -> dict[str, str]:
    """The environment of a check's commands."""
    system = [folder for folder in os.environ["PATH"].split(os.pathsep) if "shims" not in Path(folder).parts]
    collections = copy_tree.TREE.parents[2] if check.copy else ROOT / ".collections"
    return {
        **without_choice(),
        "PATH": os.pathsep.join([str(VENVS[check.lane] / "bin"), *system]),
        "HOME": str(home()),
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
        "XDG_CACHE_HOME": str(ROOT / ".cache"),
        "PIP_CACHE_DIR": str(ROOT / ".cache" / "pip"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "EXCHANGE_LYNC_SHARED": os.environ.get("EXCHANGE_LYNC_SHARED", str(ROOT.parent / "shared")),
    }


def python_version(venv: Path) -> str:
    """The version of an environment's Python, as ansible-test names it."""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run(
        [venv / "bin" / "python", "-c", program], check=True, capture_output=True, text=True
    ).stdout.strip()


def report(outcome: Outcome) -> None:
    """Say how a check ended, with the end of its log if it failed."""
    word = "ok    " if outcome.passed else "FAILED"
    print(f"{word} {outcome.check.name:<22} {outcome.seconds:6.1f} s", flush=True)
    if not outcome.passed:
        print("\n".join(f"    {line}" for line in outcome.tail(TAIL_LINES)), flush=True)


def summary(outcomes: list[Outcome], seconds: float) -> int:
    """Print the table of all checks and the closing line; the exit code."""
    print()
    for outcome in outcomes:
        last = (outcome.tail(1) or [""])[0].strip("= ")
        word = "ok" if outcome.passed else "FAILED"
        print(f"{word:<7} {outcome.check.name:<22} {outcome.seconds:6.1f} s  {outcome.check.says}: {last[:70]}")
        print("".join(f"        {line}\n" for line in outcome.agreements()), end="")
    failed = sum(not outcome.passed for outcome in outcomes)
    print(f"{seconds / 60:.1f} minutes; logs in {LOGS.relative_to(ROOT)}")
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    main()
