# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab and real ansible-playbook runs against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cli.main import run
from preloaded_ansible import PreloadedAnsible, StartedAnsible

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "tests" / "lab"
SETTINGS = {
    "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callbacks"),
    "ANSIBLE_CALLBACKS_ENABLED": "recorder",
    "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",  # for the command ansible, which else has none but its own
    "ANSIBLE_NOCOLOR": "1",
}
PRELOADED = PreloadedAnsible({**os.environ, **SETTINGS})


@dataclass(frozen=True)
class Step:
    """One result of one task on one host.

    :ivar journal: the entries that the lab's journal gained while the task ran.
    """

    task: str
    host: str
    outcome: str
    result: dict[str, Any]
    journal: list[dict[str, Any]]

    @property
    def changed(self) -> bool:
        """Whether the task reported a change."""
        return bool(self.result.get("changed"))

    @property
    def failed(self) -> bool:
        """Whether the task failed."""
        return self.outcome in ("failed", "unreachable")

    @property
    def msg(self) -> str:
        """The task's message."""
        return str(self.result.get("msg", ""))

    @property
    def writes(self) -> list[dict[str, Any]]:
        """The writing cmdlets that reached the farm's model while the task ran."""
        return [entry for entry in self.journal if entry["event"] == "cmdlet" and entry["kind"] == "write"]

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What the farm was asked while the task ran. A session of the run before may end meanwhile, which asks for nothing."""
        return [entry for entry in self.journal if entry["event"] != "session_closed"]

    @property
    def cmdlets(self) -> list[str]:
        """The names of all cmdlets that reached the farm's model while the task ran."""
        return [entry["cmdlet"] for entry in self.journal if entry["event"] == "cmdlet"]


@dataclass(frozen=True)
class Run:
    """One run of ansible-playbook."""

    rc: int
    output: str
    steps: list[Step]

    def step(self, task: str, host: str | None = None) -> Step:
        """The first result of a task (of a host).

        :raises LookupError: where there is none; the run's output is in the message.
        """
        for step in self.steps:
            if step.task == task and host in (None, step.host):
                return step
        raise LookupError(f"no result of task {task!r} on {host or 'any host'} in:\n{self.output}")

    def all(self, task: str) -> list[Step]:
        """Every result of a task, over hosts and loop items."""
        return [step for step in self.steps if step.task == task]

    @property
    def writes(self) -> list[dict[str, Any]]:
        """The writing cmdlets of the whole run."""
        return [entry for step in self.steps for entry in step.writes]


@dataclass
class Farm:
    """A running lab.

    :ivar state_dir: where it keeps what it is.
    :ivar connection: which inventory the plays use: documented, psrp or winrm.
    :ivar engine: the PowerShell engine behind its endpoints, where it is not the emulated one.
    :ivar culture: the language of its servers, where it is not the scenario's.
    :ivar ansible: what runs Ansible.
    """

    scenario: str
    state_dir: Path
    connection: str
    environment: dict[str, str] = field(default_factory=dict)
    engine: str | None = None
    culture: str | None = None
    ansible: StartedAnsible | PreloadedAnsible = PRELOADED
    _runs: int = 0

    def up(self, *options: str) -> None:
        """Start the lab."""
        scenario = self._localised(self.culture) if self.culture else self.scenario
        engine = ["--engine", self.engine] if self.engine else []
        line = [
            sys.executable,
            str(LAB),
            "up",
            "--scenario",
            scenario,
            *engine,
            *options,
            "--state",
            str(self.state_dir),
        ]
        done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{' '.join(line)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"

    def _localised(self, culture: str) -> str:
        """A copy of the scenario in which every server has a culture."""
        described = yaml.safe_load((LAB / "scenarios" / f"{self.scenario}.yml").read_text(encoding="utf-8"))
        for host in described["hosts"]:
            host["culture"] = culture
        path = self.state_dir / f"{self.scenario}-{culture}.yml"
        path.write_text(yaml.safe_dump(described, allow_unicode=True), encoding="utf-8")
        return str(path)

    def down(self) -> None:
        """Stop the lab."""
        self.lab("down")

    def lab(self, command: str, *arguments: str) -> str:
        """Run a command of the lab's command line, in this process, and give what it prints.

        :raises LabError: where it fails.
        """
        return run([command, *arguments, "--state", str(self.state_dir)]) + "\n"

    def state(self) -> Any:
        """The farm's model."""
        return json.loads(self.lab("state", "--json"))

    def status(self) -> Any:
        """The farm's counters."""
        return json.loads(self.lab("status", "--json"))

    def journal(self, *, writes: bool = False) -> list[dict[str, Any]]:
        """The farm's journal."""
        entries: list[dict[str, Any]] = json.loads(self.lab("journal", "--json", *(["--writes"] if writes else [])))
        return entries

    def inventory(self) -> Path:
        """The inventory file for this farm's connection; nothing in it changes while the lab runs."""
        path = self.state_dir / f"inventory-{self.connection}.yml"
        if not path.exists():
            path.write_text(self.lab("inventory", "--connection", self.connection), encoding="utf-8")
        return path

    def play(
        self,
        tasks: str,
        *,
        hosts: str,
        check: bool = False,
        extra_vars: dict[str, Any] | None = None,
        execution: str = "",
        arguments: Sequence[str] = (),
        **play: Any,
    ) -> Run:
        """Run tasks as a play of their own.

        :param tasks: YAML, a list of tasks.
        :param extra_vars: extra variables, which also override inventory variables.
        :param arguments: of ansible-playbook.
        :param play: further keywords of the play.
        """
        header = {"hosts": hosts, "gather_facts": False, **play}
        lines = [
            f"{'- ' if not number else '  '}{key}: {json.dumps(value)}"
            for number, (key, value) in enumerate(header.items())
        ]
        text = "\n".join([*lines, "  tasks:", textwrap.indent(textwrap.dedent(tasks).strip("\n"), "    ")]) + "\n"
        playbook = self._path("playbook", "yml")
        playbook.write_text(text, encoding="utf-8")
        checking = ["--check"] if check else []
        return self.playbook(playbook, *checking, *arguments, extra_vars=extra_vars, execution=execution)

    def playbook(
        self, playbook: Path, *arguments: str, extra_vars: dict[str, Any] | None = None, execution: str = ""
    ) -> Run:
        """Run a playbook, by its file or by its name in a collection."""
        if extra_vars:
            extra = self._path("vars", "json")
            extra.write_text(json.dumps(extra_vars), encoding="utf-8")
            arguments += ("-e", f"@{extra}")
        return self._ansible("playbook", str(playbook), *arguments, execution=execution)

    def ad_hoc(self, hosts: str, *arguments: str) -> Run:
        """Run one module with the command ansible."""
        return self._ansible("adhoc", hosts, *arguments)

    def _ansible(self, command: str, *arguments: str, execution: str = "") -> Run:
        record = self._path("record", "jsonl")
        environment = self._environment(record) | ({"ANSIBLE_EXCHANGE_LYNC_EXECUTION": execution} if execution else {})
        code, output = self.ansible.run(command, ["-i", str(self.inventory()), *arguments], ROOT, environment)
        lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
        return Run(code, output, [Step(**json.loads(line)) for line in lines])

    def _environment(self, record: Path) -> dict[str, str]:
        farm = json.loads((self.state_dir / "lab.json").read_text(encoding="utf-8"))["farm"]
        return {
            **os.environ,
            **SETTINGS,
            "ANSIBLE_HOME": str(self.state_dir / "ansible"),
            "RECORDER_FARM": json.dumps(farm),
            "RECORDER_FILE": str(record),
            **self.environment,
        }

    def _path(self, name: str, suffix: str) -> Path:
        self._runs += 1
        return self.state_dir / f"{name}-{self._runs}.{suffix}"
