# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A management shell as a module sees it: pipelines in, objects or one clear error out.

The sessions themselves live in the host's helper process; this end holds nothing but the helper's local socket, so it is the
same in the worker process and in a module's own process.
"""

from __future__ import annotations

import datetime as dt
import json
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ErrorRecord, ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Value, decode, encode

ShellName = t.Literal["exchange", "lync", "windows"]


class Helper(t.Protocol):
    """What of the helper's JSON-RPC surface a shell calls: core's ``module_utils.connection.Connection`` offers it."""

    def invoke(self, request: str, *, write: bool) -> str: ...

    def offered(self, request: str) -> str: ...


@dataclass(frozen=True)
class Reply:
    """What a pipeline gave: its objects, and what it said besides.

    :ivar clock_offset: by how many seconds the server's clock is ahead of the controller's; None where it was not seen.
    """

    objects: tuple[Value, ...] = ()
    errors: tuple[ErrorRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    clock_offset: float | None = None

    def encoded(self) -> dict[str, t.Any]:
        """For the helper's socket."""
        return t.cast("dict[str, t.Any]", json.loads(self.to_json()))

    def to_json(self) -> str:
        """For the helper's socket, one object after the other: all of them at once would be in memory twice."""
        objects = ", ".join(json.dumps(encode(item)) for item in self.objects)
        errors, warnings = [vars(record) for record in self.errors], list(self.warnings)
        rest = json.dumps({"errors": errors, "warnings": warnings, "clock_offset": self.clock_offset})
        return f'{{"objects": [{objects}], {rest[1:]}'

    @classmethod
    def decoded(cls, data: dict[str, t.Any]) -> Reply:
        """The inverse of :meth:`encoded`."""
        return cls(
            tuple(decode(item) for item in data["objects"]),
            tuple(ErrorRecord(**record) for record in data["errors"]),
            tuple(data["warnings"]),
            data["clock_offset"],
        )


class Shell:
    """One management shell of one host.

    :param name: which shell.
    :param helper: gives the host's helper, starting it where there is none yet; called at the first pipeline.
    :param warn: takes the warnings that cmdlets write.
    :ivar clock_offset: by how many seconds the host's clock is ahead of the controller's, once it has answered.
    """

    def __init__(self, name: ShellName, helper: t.Callable[[], Helper], warn: t.Callable[[str], None]) -> None:
        self.name = name
        self._helper = helper
        self._warn = warn
        self.clock_offset: float | None = None

    def read(self, *cmdlets: Cmdlet) -> Reply:
        """Run a pipeline that changes nothing. The helper may repeat it once on a fresh session.

        :raises ShellError: for a terminating error and for whatever keeps the shell from answering. Errors that did not end
            the pipeline are in the reply.
        """
        return self._invoke(Pipeline(cmdlets))

    def read_all(self, *cmdlets: Cmdlet) -> tuple[Value, ...]:
        """The objects of a pipeline that must not have complained: an error is never taken for an absence.

        :raises ShellError: also for the first non-terminating error.
        """
        return self.read(cmdlets[0].with_parameters(ErrorAction="Stop"), *cmdlets[1:]).objects

    def write(self, *cmdlets: Cmdlet) -> Reply:
        """Run a pipeline that changes something: without a prompt, ending at its first error, never sent twice.

        :raises ShellError: of kind ``unknown_outcome`` where the answer was lost.
        """
        return self._invoke(Pipeline((cmdlets[0].with_parameters(ErrorAction="Stop"), *cmdlets[1:]), write=True))

    def offered(self, *names: str) -> frozenset[str]:
        """Which of the cmdlets ``names`` this shell offers. Asked once for the life of the session."""
        request = json.dumps({"shell": self.name, "names": names})
        with located(shell=self.name, cmdlet="Get-Command"):
            return frozenset(_opened(self._repeated(lambda helper: helper.offered(request)))["names"])

    def find_now(self) -> dt.datetime:
        """The moment by the host's clock, as far as its answers have shown it."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.clock_offset or 0.0)

    def foretell(self, steps: t.Sequence[t.Any]) -> None:
        """Nothing: which cmdlets are offered is all that a shell says before a write."""
        del steps

    def first_offered(self, *names: str) -> str:
        """The first of ``names`` that is offered: products are told apart by capability, never by year.

        :raises ShellError: of kind ``not_offered`` where none is.
        """
        offered = self.offered(*names)
        for name in names:
            if name in offered:
                return name
        message = f"none of {', '.join(names)} is offered" if len(names) > 1 else "the cmdlet is not offered"
        raise ShellError("not_offered", f"{message} on this endpoint.", shell=self.name, cmdlet=names[0])

    def _invoke(self, pipeline: Pipeline) -> Reply:
        request = json.dumps({"shell": self.name, "pipeline": pipeline.encoded()})
        with located(shell=self.name, cmdlet=pipeline.subject):
            if pipeline.write:
                answer = self._helper().invoke(request, write=True)
            else:
                answer = self._repeated(lambda helper: helper.invoke(request, write=False))
            reply = Reply.decoded(_opened(answer))
        self.clock_offset = reply.clock_offset
        for warning in reply.warnings:
            self._warn(f"{pipeline.subject}: {warning}")
        return reply

    def _repeated(self, ask: t.Callable[[Helper], str]) -> str:
        """Ask the helper what changes nothing; once more where it ended without an answer, and another takes its place."""
        try:
            return ask(self._helper())
        except ShellError as error:
            if error.kind != "session_lost":
                raise
        return ask(self._helper())


def _opened(answer: str) -> dict[str, t.Any]:
    data = t.cast("dict[str, t.Any]", json.loads(answer))
    if "error" in data:
        raise ShellError.from_details(data["error"])
    return data
