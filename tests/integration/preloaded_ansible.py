# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook and ansible that need not load Ansible again.

Loading it takes half a second, more than most runs of the tests take for their tasks. So a process loads it once and forks for each run,
which then is what ``python -m ansible`` runs, with an environment, arguments, a process group, standard streams and temporary folders of its
own. Only its command line, as ``ps`` shows it, is that of the process that loaded it.

Run as a program it reads runs as lines of JSON and answers each with its exit code.
"""

from __future__ import annotations

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
AT_LOAD = ("ANSIBLE_", "LANG", "LC_", "PYTHON", "PATH", "HOME")
"""How the names of variables begin which count when Python and Ansible are loaded."""
AT_RUN = ("ANSIBLE_EXCHANGE_LYNC_",)
"""Those of them that the collection reads when it needs them."""
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
        process = self._for({name: value for name, value in environment.items() if _counts_at_load(name)})
        assert process.stdin is not None and process.stdout is not None
        output = os.memfd_create("output")
        try:
            job = {"command": command, "arguments": arguments, "folder": str(folder), "environment": dict(environment)}
            job["output"] = f"/proc/{os.getpid()}/fd/{output}"
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            code = json.loads(process.stdout.readline())
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

    def _for(self, environment: dict[str, str]) -> subprocess.Popen[str]:
        if self._process is None or self._loaded != environment:
            self.close()
            self._loaded = environment
            self._process = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
            )
        return self._process


def _counts_at_load(name: str) -> bool:
    return name.startswith(AT_LOAD) and not name.startswith(AT_RUN)


def main() -> None:
    """Run jobs until there are no more."""
    _load()
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


def _load() -> None:
    for name in LOADED:
        __import__(f"ansible.{name}")


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
    from ansible.cli import adhoc, playbook

    commands = {"playbook": playbook.main, "adhoc": adhoc.main}
    commands[job["command"]]([job["command"], *job["arguments"]])


def _be_unlike_others() -> None:
    """Have what Ansible chooses for a process while it loads: a folder for its files, and how the names of its tasks begin."""
    import ansible.utils.vars
    from ansible import constants

    constants.DEFAULT_LOCAL_TMP = constants.config.get_config_value("DEFAULT_LOCAL_TMP", variables=vars(constants))
    ansible.utils.vars.random_int = secrets.token_hex(4)


if __name__ == "__main__":
    main()
