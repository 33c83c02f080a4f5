# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of every module that changes something, written once: observe, plan, show or apply, read back, return.

A module says what its resource is (a :class:`Subject`, mostly by a table of properties); check mode, diff and the real run all come
from the same :class:`Plan`, so they cannot disagree.
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils._after_refusal import (
    ALREADY,
    Undo,
    plan_after_race,
    put_back,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import WOULD_FAIL, ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Kind, Text
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import UNKNOWN, Step, Steps, Writer, listed
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Value

LOST = (*UNKNOWN, "session_lost")
"""Kinds of error after which the state is read back and planned again."""

State = t.Any
"""What a resource looks like in results and diffs: plain values that JSON can show."""

_NOT_YET_HERE: dict[str, str] = {
    "exchange": (
        "The domain controller that was read did not show the change within {:g} s. Domain controllers replicate with a delay: name one "
        "with O(domain_controller), or wait longer with O(timeout)."
    ),
    "lync": (
        "The change goes through the Central Management Store and did not reach this host's replica within {:g} s. Check with "
        "lync_replication whether it lags, and wait longer with O(timeout)."
    ),
}
_NOT_SEEN = "It was read back: it has not taken effect so far, and it may still be running, so it was not sent again."
_MAY_STILL_RUN = (
    "Wait until the server has finished, then run the task again: it reads first, and writes only what is missing. "
    "If the write takes that long, raise ansible_exchange_lync_command_timeout for this task."
)
READ_BACK_SECONDS = 1.0
"""Between two readings of something that takes its time to show."""


@dataclass(frozen=True)
class Plan:
    """What turns the observed state into the desired one.

    :ivar steps: what is written, in order; none where nothing differs.
    :ivar warnings: what the user should know before they run.
    :ivar undo: the steps that only make room for a later one, each with what takes it back if that one is refused.
    """

    before: State
    after: State
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    undo: Undo = ()


class Subject(t.Protocol):
    """A resource, as :func:`ensure` needs it.

    :ivar name: the key of the resource in the module's result.
    :ivar shell: where its cmdlets run.
    """

    @property
    def name(self) -> str: ...

    @property
    def shell(self) -> ShellName: ...

    def observe(self, call: Call) -> t.Any:
        """Read the resource. Everything :meth:`plan` needs, in as few pipelines as there are cmdlet families."""

    def plan(self, call: Call, observed: t.Any) -> Plan:
        """Compare with what the task asks for. Pure: no pipeline runs here."""


class Follow(t.Protocol):
    """What is waited for after the writes, beyond the object itself."""

    def begin(self) -> None:
        """Look at what there is, before the first write."""

    def finish(self, call: Call) -> Result:
        """Wait, and say what came of it."""


def ensure(
    call: Call,
    subject: Subject,
    *,
    patience: float | None = None,
    follow: Follow | None = None,
    writer: Writer | None = None,
) -> Result:
    """Bring ``subject`` to the state that the task asks for, or say what would be done.

    :param patience: seconds that a write may take to show: what goes through the Central Management Store has to be replicated first.
    :param follow: what to wait for after the writes, if there are any.
    :param writer: what carries out the plan, where it is not the subject's shell.
    :raises ShellError: with ``commands`` (what ran), ``commands_unknown`` (what may have) and ``commands_not_run`` in its result
        where the plan ended half way.
    """
    plan = subject.plan(call, subject.observe(call))
    for warning in plan.warnings:
        call.warn(warning)
    writer = writer or call.shell(subject.shell)
    refuse_unoffered(call, writer, plan.steps)
    result: Result = {
        "changed": bool(plan.steps),
        "diff": {"before": plan.before, "after": plan.after},
        subject.name: plan.after,
        "commands": [str(step) for step in plan.steps],
    }
    if plan.steps and call.check_mode and (refusal := writer.foretell(plan.steps)):
        call.warn(f"{WOULD_FAIL}{refusal}")
    if plan.steps and not call.check_mode:
        steps = Steps(writer)
        if follow:
            follow.begin()
        result[subject.name] = _apply(call, subject, plan, patience, steps)
        result["changed"] = bool(steps.sent)
        result["commands"] = [str(step) for step in steps.sent]
        if follow:
            result.update(_followed(call, follow, steps))
    return result


def _followed(call: Call, follow: Follow, steps: Steps) -> Result:
    try:
        return follow.finish(call)
    except ShellError as error:
        error.result = {**steps.progress(), **error.result}
        raise


def refuse_unoffered(call: Call, writer: Writer, steps: t.Sequence[Step]) -> None:
    """See that this account is offered all that ``steps`` need, before the first of them.

    :raises ShellError: of kind ``not_offered``. In check mode it is a warning: whoever may not write may still see what differs.
    """
    names = list(dict.fromkeys(step.name for step in steps))
    offered = writer.offered(*names) if names else ()
    for name in names:
        if name not in offered:
            message, left = "the cmdlet is not offered to this account.", Steps(writer).progress(left=steps)
            refusal = ShellError("not_offered", message, shell=writer.name, cmdlet=name, result=left)
            if not call.check_mode:
                raise refusal
            call.warn(f"{WOULD_FAIL}{refusal}")


def _apply(call: Call, subject: Subject, plan: Plan, patience: float | None, steps: Steps) -> State:
    """Run the plan and give the state as read back.

    A write whose answer was lost is read back and planned again once; nothing is ever sent twice without a read in between, nor while
    the first may still run.
    """
    try:
        _run_plan(call, subject, plan, patience, steps)
    except ShellError as error:
        put_back(error, plan.undo, steps, refused=error.kind not in LOST)
        raise
    try:
        left = _read_back(call, subject, patience)
    except ShellError as error:
        error.result = {**steps.progress(), **error.result}
        raise
    if left.steps:
        still = listed(left.steps)
        message = f"the writes were accepted, but read back they have not taken effect; still to do: {still}."
        remedy = _NOT_YET_HERE.get(steps.writer.name, "").format(patience) if patience is not None else ""
        raise ShellError("not_effective", message, shell=steps.writer.name, remedy=remedy, result=steps.progress())
    return left.after


def _run_plan(call: Call, subject: Subject, plan: Plan, patience: float | None, steps: Steps) -> None:
    try:
        steps.run(plan.steps)
    except ShellError as error:
        step = plan.steps[len(steps.ran)]
        if error.kind in ALREADY:
            steps.run(plan_after_race(error, step, lambda: _read_back(call, subject, None).steps, call.warn))
        elif error.kind in LOST:
            steps.run(_plan_again(call, subject, error, step, patience))
        else:
            raise


def _plan_again(call: Call, subject: Subject, lost: ShellError, step: Step, patience: float | None) -> t.Sequence[Step]:
    """What is still to do after a write without its answer, by what is read back.

    :param step: that write.
    :raises ShellError: the error of that write, where nothing can be read back, and where it may still be running.
    """
    try:
        # it gets the time that it needs to show, before it is sent again
        again = _read_back(call, subject, patience)
    except ShellError as error:
        told = "Read back after that:" if error.kind == "conflict" else "Reading it back failed too:"
        lost.message += f" {told} {error.message}"
        raise lost from error
    if again.steps and lost.kind in UNKNOWN and not lost.ended:
        lost.message += f" {_NOT_SEEN}"
        lost.remedy = _MAY_STILL_RUN if lost.shell else lost.remedy  # a request that no shell runs has its own
        raise lost
    found = "what is still to do is sent" if again.steps else "it had taken effect"
    if step in again.steps:
        found = "it had not taken effect and is sent again"
    call.warn(f"{lost} It was read back: {found}.")
    return again.steps


def _read_back(call: Call, subject: Subject, patience: float | None) -> Plan:
    """What is still to do after the writes, read again until that is nothing or the patience has an end."""
    end = time.monotonic() + (patience or 0.0)
    left = subject.plan(call, subject.observe(call))
    while left.steps and time.monotonic() < end:
        time.sleep(READ_BACK_SECONDS)
        left = subject.plan(call, subject.observe(call))
    return left


@dataclass(frozen=True)
class Property:
    """A row of a property table.

    :ivar option: its name as a module option and in results.
    :ivar name: its name as a property of the object and as a parameter of the writing cmdlet.
    :ivar parameter: the parameter's name where it differs.
    """

    option: str
    name: str
    kind: Kind = field(default_factory=Text)
    parameter: str = ""

    def read(self, item: RemoteObject) -> t.Any:
        """The plain value of this property of ``item``."""
        return self.kind.read(item.get(self.name))


@dataclass(frozen=True)
class Table:
    """A resource's properties: projection, comparison and parameters come from here."""

    properties: tuple[Property, ...]

    def __init__(self, *properties: Property) -> None:
        object.__setattr__(self, "properties", properties)

    def projection(self, *more: str) -> Cmdlet:
        """The Select-Object that reads these properties, and ``more`` by name."""
        return select(*more, *(row.name for row in self.properties))

    def state(self, item: RemoteObject) -> dict[str, t.Any]:
        """The object as results and diffs show it."""
        return {row.option: row.read(item) for row in self.properties}

    def desired(self, params: dict[str, t.Any]) -> dict[str, t.Any]:
        """The options that the task gives, as plain values; an option left out leaves its property alone.

        :raises ShellError: of kind ``bad_input``, naming the option, for a value that cannot be used.
        """
        wanted = {}
        for row in self.properties:
            if params.get(row.option) is None:
                continue
            try:
                wanted[row.option] = row.kind.accept(params[row.option])
            except ValueError as error:
                raise ShellError("bad_input", f"{row.option}: {error}.") from error
        return wanted

    def changes(self, observed: dict[str, t.Any], wanted: dict[str, t.Any]) -> dict[str, Value]:
        """The cmdlet parameters that turn ``observed`` into ``wanted``; empty where the product treats them alike."""
        differing = self.differing(observed, wanted)
        return {
            row.parameter or row.name: row.kind.parameter(differing[row.option])
            for row in self.properties
            if row.option in differing
        }

    def differing(self, observed: dict[str, t.Any], wanted: dict[str, t.Any]) -> dict[str, t.Any]:
        """Those of the values ``wanted`` that are written; what the product treats alike stays as it is spelled there."""
        return {
            row.option: wanted[row.option]
            for row in self.properties
            if row.option in wanted and not row.kind.same(observed[row.option], wanted[row.option])
        }


class Reads(t.Protocol):
    """What gives the objects of a reading pipeline: a management shell, or one that is asked in a certain way."""

    def read_all(self, *cmdlets: Cmdlet) -> tuple[Value, ...]: ...


@dataclass(frozen=True)
class Family:
    """A reading cmdlet and the properties that are wanted of its objects: one read for all of them."""

    cmdlet: Cmdlet
    table: Table

    def read(self, shell: Reads) -> list[dict[str, t.Any]]:
        """The objects' states.

        :raises ShellError: for any error: what could not be read is never taken for absent.
        """
        return [self.table.state(item) for item in shell.read_all(self.cmdlet, self.table.projection())]


@dataclass(frozen=True)
class Resource:
    """A single object that one cmdlet reads and one writes; a :class:`Subject` by its table alone."""

    name: str
    shell: ShellName
    read: Cmdlet
    write: Cmdlet
    table: Table

    def desired(self, call: Call) -> dict[str, t.Any]:
        """What the task asks for; see :meth:`Table.desired`."""
        with located(shell=self.shell, cmdlet=self.write.name):
            return self.table.desired(call.params)

    def observe(self, call: Call) -> dict[str, t.Any]:
        """The object's state.

        :raises ShellError: of kind ``not_found`` where the server has no such object.
        """
        objects = call.shell(self.shell).read_all(self.read, self.table.projection())
        if not objects:
            raise ShellError("not_found", "nothing was returned.", shell=self.shell, cmdlet=self.read.name)
        return self.table.state(objects[0])

    def plan(self, call: Call, observed: dict[str, t.Any]) -> Plan:
        """One write with the properties that differ, or none."""
        wanted = self.desired(call)
        parameters = self.table.changes(observed, wanted)
        if not parameters:
            return Plan(observed, observed)
        after = {**observed, **self.table.differing(observed, wanted)}
        return Plan(observed, after, (self.write.with_parameters(**parameters),))
