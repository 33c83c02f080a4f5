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

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import WOULD_FAIL, ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Kind, Text
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell, ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Value

UNKNOWN = ("unknown_outcome", "timeout")
"""Kinds of error after which a write may or may not have taken effect."""
LOST = (*UNKNOWN, "session_lost")
"""Kinds of error after which the state is read back and planned again."""

State = t.Any
"""What a resource looks like in results and diffs: plain values that JSON can show."""

READ_BACK_SECONDS = 1.0
"""Between two readings of something that takes its time to show."""


@dataclass(frozen=True)
class Plan:
    """What turns the observed state into the desired one.

    :ivar steps: the writing cmdlets in order; none where nothing differs.
    """

    before: State
    after: State
    steps: tuple[Cmdlet, ...] = ()


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


def ensure(call: Call, subject: Subject, *, patience: float = 0.0) -> Result:
    """Bring ``subject`` to the state that the task asks for, or say what would be done.

    :param patience: seconds that a write may take to show: what goes through the Central Management Store has to be replicated first.
    :raises ShellError: with ``commands`` (what ran), ``commands_unknown`` (what may have) and ``commands_not_run`` in its result
        where the plan ended half way.
    """
    plan = subject.plan(call, subject.observe(call))
    result: Result = {
        "changed": bool(plan.steps),
        "diff": {"before": plan.before, "after": plan.after},
        subject.name: plan.after,
        "commands": [str(step) for step in plan.steps],
    }
    if plan.steps and not call.check_mode:
        result[subject.name] = _apply(call, subject, plan, patience)
    elif plan.steps:
        _foretell(call, subject, plan)
    return result


def _foretell(call: Call, subject: Subject, plan: Plan) -> None:
    """Warn in check mode where this account is not offered what the plan needs."""
    names = list(dict.fromkeys(step.name for step in plan.steps))
    offered = call.shell(subject.shell).offered(*names)
    for name in names:
        if name not in offered:
            message = "the cmdlet is not offered to this account."
            call.warn(f"{WOULD_FAIL}{ShellError('not_offered', message, shell=subject.shell, cmdlet=name)}")


def _apply(call: Call, subject: Subject, plan: Plan, patience: float) -> State:
    """Run the plan and give the state as read back.

    A write whose answer was lost is read back and planned again once; nothing is ever sent twice without a read in between.
    """
    ran: list[Cmdlet] = []
    try:
        _run(call, subject, plan.steps, ran)
    except ShellError as error:
        if error.kind not in LOST:
            raise
        again = subject.plan(call, subject.observe(call))
        found = "it had not taken effect and is sent again" if again.steps else "it had taken effect"
        call.warn(f"{error} It was read back: {found}.")
        _run(call, subject, again.steps, ran)
    try:
        left = _read_back(call, subject, patience)
    except ShellError as error:
        error.result = {**_progress(ran), **error.result}
        raise
    if left.steps:
        still = _listed(left.steps)
        message = f"the writes were accepted, but read back they have not taken effect; still to do: {still}."
        raise ShellError("not_effective", message, shell=subject.shell, result=_progress(ran))
    return left.after


def _read_back(call: Call, subject: Subject, patience: float) -> Plan:
    """What is still to do after the writes, read again until that is nothing or the patience has an end."""
    end = time.monotonic() + patience
    left = subject.plan(call, subject.observe(call))
    while left.steps and time.monotonic() < end:
        time.sleep(READ_BACK_SECONDS)
        left = subject.plan(call, subject.observe(call))
    return left


def _run(call: Call, subject: Subject, steps: t.Sequence[Cmdlet], ran: list[Cmdlet]) -> None:
    """Run ``steps``, and keep in ``ran`` those that the server accepted."""
    shell = call.shell(subject.shell)
    for number, step in enumerate(steps):
        try:
            shell.write(step)
        except ShellError as error:
            stopped = error.located(cmdlet=step.name)
            unknown, left = ([step], steps[number + 1 :]) if error.kind in UNKNOWN else ([], steps[number:])
            stopped.result = _progress(ran, unknown, left)
            if ran:
                stopped.message += f" Already done before it: {_listed(ran)}."
            raise stopped from error
        ran.append(step)


def _progress(ran: t.Sequence[Cmdlet], unknown: t.Sequence[Cmdlet] = (), left: t.Sequence[Cmdlet] = ()) -> Result:
    """How far a plan came: a write whose outcome is unknown counts as a change, since it may be one."""
    return {
        "changed": bool(ran or unknown),
        "commands": [str(step) for step in ran],
        "commands_unknown": [str(step) for step in unknown],
        "commands_not_run": [str(step) for step in left],
    }


def _listed(steps: t.Sequence[Cmdlet]) -> str:
    return "; ".join(str(step) for step in steps)


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
        return self.kind.observed(item.get(self.name))


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

        :raises ShellError: of kind ``bad_input``, naming the option, for a value that cannot be meant.
        """
        wanted = {}
        for row in self.properties:
            if params.get(row.option) is None:
                continue
            try:
                wanted[row.option] = row.kind.desired(params[row.option])
            except ValueError as error:
                raise ShellError("bad_input", f"{row.option}: {error}.") from error
        return wanted

    def changes(self, observed: dict[str, t.Any], wanted: dict[str, t.Any]) -> dict[str, Value]:
        """The cmdlet parameters that turn ``observed`` into ``wanted``; empty where the product treats them alike."""
        return {
            row.parameter or row.name: row.kind.parameter(wanted[row.option])
            for row in self.properties
            if row.option in wanted and not row.kind.same(observed[row.option], wanted[row.option])
        }


@dataclass(frozen=True)
class Family:
    """A reading cmdlet and the properties that are wanted of its objects: one read for all of them."""

    cmdlet: Cmdlet
    table: Table

    def read(self, shell: Shell) -> list[dict[str, t.Any]]:
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
        return Plan(observed, {**observed, **wanted}, (self.write.with_parameters(**parameters),))
