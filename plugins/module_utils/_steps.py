# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing cmdlets one after the other, and how far they came: what ran, what may have run and what did not."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply, Shell

UNKNOWN = ("unknown_outcome",)
"""Kinds of error after which a write may or may not have taken effect."""


class Steps:
    """The steps of one task.

    :ivar ran: those that the server accepted.
    :ivar sent: those, and those of which nobody knows.
    """

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self.ran: list[Cmdlet] = []
        self.sent: list[Cmdlet] = []

    def run(self, steps: t.Sequence[Cmdlet]) -> None:
        """Run ``steps`` in order.

        :raises ShellError: at the first that fails; how far they came is in its result.
        """
        for number, step in enumerate(steps):
            self.write(step, left=steps[number + 1 :])

    def write(self, step: Cmdlet, *then: Cmdlet, left: t.Sequence[Cmdlet] = ()) -> Reply:
        """Run one step, its output projected by ``then``; ``left`` are those that will not run if it fails."""
        try:
            reply = self._shell.write(step, *then)
        except ShellError as error:
            raise self._stopped(error, step, left) from error
        self.ran.append(step)
        self.sent.append(step)
        return reply

    def repair(self, step: Cmdlet) -> ShellError | None:
        """Run one step that is not of the plan; the server's own error if it fails."""
        try:
            self._shell.write(step)
        except ShellError as error:
            self.sent += [step] if error.kind in UNKNOWN else []
            return error
        self.ran.append(step)
        self.sent.append(step)
        return None

    def progress(self, unknown: t.Sequence[Cmdlet] = (), left: t.Sequence[Cmdlet] = ()) -> dict[str, t.Any]:
        """For the result of a task that fails: a write whose outcome is unknown counts as a change, since it may be one."""
        return {
            "changed": bool(self.sent or unknown),
            "commands": [str(step) for step in self.ran],
            "commands_unknown": [str(step) for step in unknown],
            "commands_not_run": [str(step) for step in left],
        }

    def _stopped(self, error: ShellError, step: Cmdlet, left: t.Sequence[Cmdlet]) -> ShellError:
        stopped = error.located(cmdlet=step.name)
        unknown = [step] if error.kind in UNKNOWN else []
        stopped.result = self.progress(unknown, left if unknown else [step, *left])
        if self.ran:
            stopped.message += f" Already done before it: {listed(self.ran)}."
        self.sent += unknown
        return stopped


def listed(steps: t.Sequence[Cmdlet]) -> str:
    """Steps as a sentence names them."""
    return "; ".join(str(step) for step in steps)
