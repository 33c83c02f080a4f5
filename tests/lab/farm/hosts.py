# SPDX-License-Identifier: GPL-3.0-or-later

"""The host processes: started by the farm, ended with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from farm.realm import Realm

LAB = Path(__file__).resolve().parent.parent
PATIENCE = 3.0
"""Seconds that a host process has to end by itself."""


class HostProcesses:
    """One process for each emulated host."""

    def __init__(self, state: Path, realm: Realm | None = None) -> None:
        self.state, self.realm = state, realm
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, fqdn: str) -> None:
        """Start a host's process; what it prints goes into its log."""
        log = self.state / "log" / f"{fqdn}.log"
        kerberos = self.realm.environment(fqdn) if self.realm else {}
        with log.open("ab") as output:
            self.processes[fqdn] = subprocess.Popen(
                [sys.executable, "-m", "wire.host", str(self.state), fqdn],
                cwd=LAB,
                env={**os.environ, "PYTHONPATH": str(LAB), "PYTHONUNBUFFERED": "1", **kerberos},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def dead(self) -> dict[str, int]:
        """The hosts whose process has ended, with its exit code."""
        codes = {fqdn: process.poll() for fqdn, process in self.processes.items()}
        return {fqdn: code for fqdn, code in codes.items() if code is not None}

    def stop(self) -> None:
        """End all of them, and wait until they have ended."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
