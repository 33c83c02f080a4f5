# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook and ansible, started, or without loading Ansible again.

Loading it takes half a second, more than most runs of the tests need for their tasks. So a process loads it once and forks for each run,
which then is what ``python -m ansible`` runs: it has an environment, arguments, a session, standard streams and temporary folders of its
own. Only what the system shows of it (``ps``, /proc) is the process that loaded Ansible, and the collection's helper is a child of that.

Run as a program it reads the environment to load Ansible in, then runs, as lines of JSON, and answers each run with its exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import secrets
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PATIENCE = 300.0
"""Seconds after which a run is killed."""
OF_PYTHON = ("HOME", "LANG", "LC_", "LD_", "PATH", "PYTHON", "TMPDIR")
"""How the names of the variables begin that Python and the system's libraries read."""
AT_RUN = ("ANSIBLE_EXCHANGE_LYNC_",)
"""How those begin that the collection reads when it needs them, and Ansible does not when it is loaded."""
LOADED = (
    "cli.adhoc",
    "cli.playbook",
    "executor.playbook_executor",
    "plugins.callback.default",
    "plugins.connection.psrp",
    "plugins.connection.winrm",
    "plugins.inventory.yaml",
    "plugins.strategy.linear",
)
"""What every run loads of Ansible, and with it pypsrp and pywinrm. The collection is loaded anew by each."""


class StartedAnsible:
    """Ansible as a user starts it, a process for each run: for tests that look at processes."""

    def run(
        self, command: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> tuple[int, str]:
        """Run a command of Ansible, ``playbook`` or ``adhoc``: its exit code and what it printed.

        :raises subprocess.TimeoutExpired: where it does not end in time.
        """
        done = subprocess.run(
            [sys.executable, "-m", "ansible", command, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def close(self) -> None:
        """Nothing of it is left."""


class PreloadedAnsible:
    """Ansible, loaded for one environment after the other, as runs need them."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._loaded: dict[str, str] = {}

    def run(
        self, command: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> tuple[int, str]:
        """Run a command of Ansible, ``playbook`` or ``adhoc``: its exit code and what it printed.

        :raises TimeoutError: where it does not end in time.
        """
        self._load({name: value for name, value in environment.items() if _counts_at_load(name)})
        output = os.memfd_create("output")
        try:
            job = {"command": command, "arguments": arguments, "folder": str(folder), "environment": dict(environment)}
            self._write({**job, "output": f"/proc/{os.getpid()}/fd/{output}"})
            code = self._read()
            printed = os.pread(output, os.fstat(output).st_size, 0).decode("utf-8", "replace")
        finally:
            os.close(output)
        if code is None:
            raise TimeoutError(f"{command} {arguments} did not end in {PATIENCE:.0f} s:\n{printed}")
        return code, printed

    def close(self) -> None:
        """End the process that has Ansible loaded."""
        if self._process is not None:
            self._process.communicate()
        self._process = None

    def _load(self, environment: dict[str, str]) -> None:
        if self._process is not None and self._loaded == environment:
            return
        self.close()
        self._loaded = environment
        of_python = {name: value for name, value in environment.items() if name.startswith(OF_PYTHON)}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=of_python, text=True
        )
        self._write(environment)

    def _write(self, line: Mapping[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()

    def _read(self) -> int | None:
        assert self._process is not None and self._process.stdout is not None
        code: int | None = json.loads(self._process.stdout.readline())
        return code


def _counts_at_load(name: str) -> bool:
    return name.startswith(("ANSIBLE_", *OF_PYTHON)) and not name.startswith(AT_RUN)


def main() -> None:
    """Load Ansible, and run jobs until there are no more."""
    os.environ.update(json.loads(sys.stdin.readline()))
    for name in LOADED:
        importlib.import_module(f"ansible.{name}")
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


def _run(job: dict[str, Any]) -> int | None:
    """Fork for one run: its exit code, or nothing where it was killed."""
    pid = os.fork()
    if pid == 0:
        _become(job)
    ended = os.pidfd_open(pid)
    in_time, _, _ = select.select([ended], [], [], PATIENCE)
    os.close(ended)
    if not in_time:
        os.killpg(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) if in_time else None


def _become(job: dict[str, Any]) -> None:
    """Be the run, from its streams to its end."""
    os.setsid()
    output = os.open(job["output"], os.O_WRONLY | os.O_APPEND)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nowhere, output, output)):
        os.dup2(stream, number)
    os.closerange(3, 64)
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    _be_unlike_others()
    program = importlib.import_module(f"ansible.cli.{job['command']}")
    program.main([job["command"], *job["arguments"]])


def _be_unlike_others() -> None:
    """Have what Ansible chooses for a process while it loads: a folder for its files, and how the names of its tasks begin."""
    constants: Any = importlib.import_module("ansible.constants")
    constants.DEFAULT_LOCAL_TMP = constants.config.get_config_value("DEFAULT_LOCAL_TMP", variables=vars(constants))
    names: Any = importlib.import_module("ansible.utils.vars")
    names.random_int = secrets.token_hex(4)


if __name__ == "__main__":
    main()
