# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes each task's result, and what the lab's journal gained while the task ran, as a line of JSON for the tests to read."""

from __future__ import annotations

DOCUMENTATION = r"""
name: recorder
type: aggregate
short_description: Record results for the integration tests
description: Writes a line of JSON for each result to the file that the environment variable C(RECORDER_FILE) names.
options: {}
"""

import json
import os
import socket
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Listens to the results of a playbook run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._file = os.environ.get("RECORDER_FILE", "")
        self._farm = json.loads(os.environ.get("RECORDER_FARM", "null"))
        self._seen = 0

    def v2_playbook_on_start(self, _playbook: t.Any) -> None:
        """Leave out what the journal held before."""
        self._journal()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """A task that succeeded."""
        self._record(result, "ok")

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """A task that failed, whether or not the play goes on."""
        self._record(result, "failed")

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """A host that could not be reached."""
        self._record(result, "unreachable")

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """A task that was skipped."""
        self._record(result, "skipped")

    def _record(self, result: t.Any, outcome: str) -> None:
        entry = {
            "task": result.task_name,
            "host": result._host.get_name(),
            "outcome": outcome,
            "result": result._result,
            "journal": self._journal(),
        }
        with Path(self._file).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(entry, default=str) + "\n")

    def _journal(self) -> list[dict[str, t.Any]]:
        """What the farm's journal gained since the last call."""
        if not self._farm:
            return []
        with socket.create_connection((self._farm["host"], self._farm["port"])) as connection:
            connection.sendall(json.dumps({"token": self._farm["token"]}).encode() + b"\n")
            connection.sendall(json.dumps({"op": "journal", "after": self._seen}).encode() + b"\n")
            answer = json.loads(connection.makefile("rb").readline())
        entries: list[dict[str, t.Any]] = answer["journal"]
        self._seen = max([self._seen, *(entry["id"] for entry in entries)])
        return entries
