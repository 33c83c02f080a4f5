# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting and stopping a lab."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from cli.client import ask_farm, read_lab
from farm.errors import LabError
from farm.scenario import load

CBT = "EXCHANGE_LYNC_LAB_CBT"
"""Read by each host process (wire.host), for which ``up --cbt`` speaks."""

LAB = Path(__file__).resolve().parent.parent
ROOT = LAB.parent.parent
DEFAULT_STATE = ROOT / ".lab" / "default"
START_PATIENCE = 60.0
STOP_PATIENCE = 15.0
PAUSE = 0.02


def find_engine(wanted: str | None) -> str | None:
    """The PowerShell engine to put behind the endpoints: a path, or with ``auto`` the first of PWSH, PATH, ``../shared/pwsh``."""
    if wanted != "auto":
        if wanted and not os.access(wanted, os.X_OK):
            raise LabError(f"{wanted} is not an executable file (--engine takes the path of pwsh, or auto)")
        return wanted
    candidates = (os.environ.get("PWSH"), shutil.which("pwsh"), str(ROOT.parent / "shared" / "pwsh" / "pwsh"))
    found = next((path for path in candidates if path and os.access(path, os.X_OK)), None)
    if found is None:
        raise LabError("no PowerShell engine was found: set PWSH, or put pwsh on PATH, or leave --engine out")
    return found


def up(
    state: Path,
    scenario: str,
    latency: str,
    engine: str | None,
    cbt: str | None = None,
    *,
    kerberos: bool = False,
    realm: Path | None = None,
) -> dict[str, Any]:
    """Start a lab; its description once every listener answers."""
    load(scenario)
    found = find_engine(engine)
    _clear_stale(state)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = state / "farm.log"
    arguments = [sys.executable, "-m", "farm.process", str(state), scenario, "--latency", latency]
    arguments += ["--engine", found] if found else []
    arguments += ["--kerberos"] if kerberos else []
    arguments += ["--realm", str(realm.resolve())] if realm else []
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments,
            cwd=LAB,
            env={**os.environ, "PYTHONPATH": str(LAB), **({CBT: cbt} if cbt else {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        return _wait_until_ready(state, process, log)
    except BaseException:
        process.terminate()
        process.wait(STOP_PATIENCE)
        raise


def _wait_until_ready(state: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    end = time.monotonic() + START_PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise LabError(f"the lab did not start: {_last_line(log)}")
        if (state / "lab.json").exists() and (lab := read_lab(state))["ready"]:
            ask_farm(lab, "status")
            return lab
        time.sleep(PAUSE)
    raise LabError(f"the lab was not ready within {START_PATIENCE:.0f} s; see the files in {state / 'log'}")


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else "it said nothing"


def _clear_stale(state: Path) -> None:
    """Refuse a second lab in one folder; clear away what one that died has left."""
    if not (state / "lab.json").exists():
        return
    lab = read_lab(state)
    try:
        ask_farm(lab, "status")
    except LabError:
        _end_processes(state, lab)
        (state / "lab.json").unlink(missing_ok=True)
        return
    raise LabError(
        f"a lab (scenario {lab['scenario']}) is already running in {state}; stop it with: python tests/lab down --state {state}, "
        "or give the new one another --state"
    )


def down(state: Path) -> dict[str, Any]:
    """Stop a lab, and wait until nothing of it is left."""
    lab = read_lab(state)
    try:
        ask_farm(lab, "shutdown")
    except LabError:
        pass  # it died; what is left of it is ended below
    end = time.monotonic() + STOP_PATIENCE
    while time.monotonic() < end and _alive(state, lab):
        time.sleep(PAUSE)
    _end_processes(state, lab)
    (state / "lab.json").unlink(missing_ok=True)
    return lab


def _alive(state: Path, lab: dict[str, Any]) -> list[int]:
    return [pid for pid in lab["pids"].values() if _is_ours(pid, state)]


def _end_processes(state: Path, lab: dict[str, Any]) -> None:
    for pid in _alive(state, lab):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _is_ours(pid: int, state: Path) -> bool:
    """Whether a process is still one of this lab's: a process id may have gone to somebody else."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    own = str(state).encode()
    return any(word == own or word.startswith(own + b"/") for word in words)
