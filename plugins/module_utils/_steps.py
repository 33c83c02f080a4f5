# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that write, one after the other, and how far they came: what ran, what may have run and what did not."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply

UNKNOWN = ("unknown_outcome",)
"""Kinds of error after which a write may or may not have taken effect."""


class Step(t.Protocol):
    """What is written at once: a cmdlet, or a request of another protocol. Its text is what an administrator would type.

    :ivar name: what kind of request it is, for messages.
    """

    @property
    def name(self) -> str: ...


class Writer(t.Protocol):
    """What carries out steps: a management shell, or the client of another protocol.

    :ivar name: the shell, for messages; empty where there is none.
    """

    @property
    def name(self) -> str: ...

    def write(self, *steps: t.Any) -> Reply:
        """Carry out one step, its output projected by the others. It is never sent twice.

        :raises ShellError: of a kind in :data:`UNKNOWN` where the answer was lost.
        """

    def offered(self, *names: str) -> frozenset[str]:
        """Which kinds of steps can be carried out here."""

    def foretell(self, steps: t.Sequence[t.Any]) -> ShellError | None:
        """What would refuse the steps, as far as that can be known without writing, and :meth:`offered` does not say it."""


class Steps:
    """The steps of one task.

    :ivar ran: those that the server accepted.
    :ivar sent: those, and those of which nobody knows.
    """

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.ran: list[Step] = []
        self.sent: list[Step] = []

    def run(self, steps: t.Sequence[Step]) -> None:
        """Run ``steps`` in order.

        :raises ShellError: at the first that fails; how far they came is in its result.
        """
        for number, step in enumerate(steps):
            self.write(step, left=steps[number + 1 :])

    def write(self, step: Step, *then: Cmdlet, left: t.Sequence[Step] = ()) -> Reply:
        """Run one step, its output projected by ``then``; ``left`` are those that will not run if it fails."""
        try:
            reply = self.writer.write(step, *then)
        except ShellError as error:
            raise self._stopped(error, step, left) from error
        self.ran.append(step)
        self.sent.append(step)
        return reply

    def repair(self, step: Step) -> ShellError | None:
        """Run one step that is not of the plan; the server's own error if it fails."""
        try:
            self.writer.write(step)
        except ShellError as error:
            self.sent += [step] if error.kind in UNKNOWN else []
            return error
        self.ran.append(step)
        self.sent.append(step)
        return None

    def progress(self, unknown: t.Sequence[Step] = (), left: t.Sequence[Step] = ()) -> dict[str, t.Any]:
        """For the result of a task that fails: a write whose outcome is unknown counts as a change, since it may be one."""
        return {
            "changed": bool(self.sent or unknown),
            "commands": [str(step) for step in self.ran],
            "commands_unknown": [str(step) for step in unknown],
            "commands_not_run": [str(step) for step in left],
        }

    def _stopped(self, error: ShellError, step: Step, left: t.Sequence[Step]) -> ShellError:
        stopped = error.located(cmdlet=step.name)
        unknown = [step] if error.kind in UNKNOWN else []
        stopped.result = self.progress(unknown, left if unknown else [step, *left])
        if self.ran:
            stopped.message += f" Already done before it: {listed(self.ran)}."
        self.sent += unknown
        return stopped


def listed(steps: t.Sequence[Step]) -> str:
    """Steps as a sentence names them: each on one line."""
    return "; ".join(", ".join(str(step).splitlines()) for step in steps)
