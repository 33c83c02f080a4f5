# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook and ansible, started, or without loading Ansible and the collection again.

To load them takes a second, more than most runs of the tests need for their tasks: half of it before the first task, and as Ansible
compiles a collection from its source, the rest again and again in the workers. So a process loads them once and forks for each run, which
then is what ``python -m ansible`` runs: it has an environment, arguments, a session, standard streams and a configuration of its own. Only
what the system shows of it (``ps``, /proc) is the process that loaded Ansible, and the collection's helper is a child of that.

That each file of the collection loads alone is seen by ansible-test (sanity's test import), and by the runs with a process for each module.

Run as a program it reads runs as lines of JSON and answers each with its exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PATIENCE = 300.0
"""Seconds after which a run is killed."""
COLLECTION = "ansible_collections.onprem.exchange_lync.plugins"
SHARED = ("action", "module_utils", "modules", "plugin_utils")
"""The folders of the collection's code that workers load."""
AT_RUN = ("ANSIBLE_HOME", "ANSIBLE_EXCHANGE_LYNC_", "PYTEST_", "RECORDER_")
"""How the names of the variables begin that are read anew by each run. What else a test sets may be read when something is loaded."""
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
"""What every run loads of Ansible, and with it pypsrp and pywinrm."""
CONFIGURED = ("become", "cache", "callback", "connection", "inventory", "shell", "vars")
"""The kinds of plugins whose documentation Ansible reads for their options, in every run."""


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


class PreloadedAnsible:
    """Ansible, loaded once, when it is first run. A run whose environment is another is started, and so is one beside another.

    :param environment: what to load it in.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = _at_load(environment)
        self._process: subprocess.Popen[str] | None = None
        self._runs = threading.Lock()

    def run(
        self, command: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> tuple[int, str]:
        """Run a command of Ansible, ``playbook`` or ``adhoc``: its exit code and what it printed.

        :raises TimeoutError: where it does not end in time.
        """
        if _at_load(environment) != self._environment or not self._runs.acquire(blocking=False):
            return StartedAnsible().run(command, arguments, folder, environment)
        try:
            code, printed = self._fork(command, arguments, folder, environment)
        finally:
            self._runs.release()
        if code is None:
            raise TimeoutError(f"{command} {arguments} did not end in {PATIENCE:.0f} s:\n{printed}")
        return code, printed

    def _fork(
        self, command: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> tuple[int | None, str]:
        process, output = self._loaded(), os.memfd_create("output")
        try:
            job = {"command": command, "arguments": arguments, "folder": str(folder), "environment": dict(environment)}
            more = {"output": f"/proc/{os.getpid()}/fd/{output}", "umask": _read_umask()}
            print(json.dumps({**job, **more}), file=process.stdin, flush=True)
            assert process.stdout is not None
            code = json.loads(process.stdout.readline())
            return code, os.pread(output, os.fstat(output).st_size, 0).decode("utf-8", "replace")
        finally:
            os.close(output)

    def _loaded(self) -> subprocess.Popen[str]:
        if self._process is None:
            command = [sys.executable, __file__]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment, text=True
            )
        return self._process


def _at_load(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(AT_RUN)}


def _read_umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def main() -> None:
    """Load Ansible and the collection, and run jobs until there are no more."""
    _load()
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


def _load() -> None:
    for name in LOADED:
        importlib.import_module(f"ansible.{name}")
    finder = importlib.import_module("ansible.utils.collection_loader").AnsibleCollectionConfig
    loader = importlib.import_module("ansible.plugins.loader")
    loader.init_plugin_loader()
    plugins = Path(__file__).resolve().parents[2] / "plugins"
    for path in sorted(path for folder in SHARED for path in (plugins / folder).rglob("*.py")):
        importlib.import_module(".".join([COLLECTION, *path.relative_to(plugins).with_suffix("").parts]))
    for kind in CONFIGURED:
        list(getattr(loader, f"{kind}_loader").all(class_only=True))
    for kind in ("filter", "test"):
        list(getattr(loader, f"{kind}_loader").all())
    loader.connection_loader.get("onprem.exchange_lync.management_shell", class_only=True)
    finder.collection_finder._remove()  # each run sets up its own
    gc.collect()
    gc.freeze()  # what is loaded stays: no run looks through it for garbage


def _run(job: dict[str, Any]) -> int | None:
    """Fork for one run: its exit code, or nothing where it was killed."""
    pid = os.fork()
    if pid == 0:
        _become(job)
    ended = os.pidfd_open(pid)
    in_time = select.select([ended], [], [], PATIENCE)[0]
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
    os.umask(job["umask"])
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    _configure()
    program = importlib.import_module(f"ansible.cli.{job['command']}")
    sys.exit(program.main([job["command"], *job["arguments"]]))


def _configure() -> None:
    """Read Ansible's configuration, which makes its folder for temporary files as well, and choose how the ids of tasks begin."""
    constants: Any = importlib.import_module("ansible.constants")
    for setting in constants.config.get_configuration_definitions():
        constants.set_constant(setting, constants.config.get_config_value(setting, variables=vars(constants)))
    names: Any = importlib.import_module("ansible.utils.vars")
    names.random_int = secrets.token_hex(4)


if __name__ == "__main__":
    main()
