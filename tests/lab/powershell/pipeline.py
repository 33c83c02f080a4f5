# SPDX-License-Identifier: GPL-3.0-or-later
"""A pipeline's elements: each takes objects, binds them, and hands its own output on as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psrpcore import types as ps

from powershell.binder import Arguments, Binding, bind, bind_input
from powershell.catalogue import Cmdlet
from powershell.errors import Terminating, error_record, from_wire
from powershell.values import deserialized, encode_parameters, from_farm

if TYPE_CHECKING:
    from powershell.runspace import Runspace
    from wire.ports import Sink

Output = Callable[[Any], None]


class Stopped(Exception):
    """The client asked to stop."""


@dataclass
class Streams:
    """Where an element writes besides its output, under its -ErrorAction and -WarningAction."""

    sink: Sink
    cmdlet: Cmdlet
    error_action: str = "Continue"
    warning_action: str = "Continue"

    def error(self, record: ps.ErrorRecord) -> None:
        """A non-terminating error.

        :raises Terminating: with it, under Stop.
        """
        if self.error_action in {"Stop", "Inquire"}:
            raise Terminating(record, stops_script=True)
        if self.error_action == "Continue":
            self.sink.error(record)

    def warning(self, text: str) -> None:
        """A warning.

        :raises Terminating: under Stop.
        """
        if self.warning_action in {"Stop", "Inquire"}:
            message = "The running command stopped because the preference variable is set to Stop: " + text
            fqid = f"ActionPreferenceStop,{self.cmdlet.error_name}"
            record = error_record(message, fqid, "OperationStopped", "ActionPreferenceStopException")
            raise Terminating(record, stops_script=True)
        if self.warning_action == "Continue":
            self.sink.warning(text)

    def verbose(self, text: str) -> None:
        """A verbose message, for a caller who asked for it."""
        self.sink.verbose(text)


class Element:
    """One command of a pipeline, bound to what it was called with."""

    def __init__(self, runspace: Runspace, cmdlet: Cmdlet, arguments: Arguments, sink: Sink, takes_input: bool) -> None:
        self.runspace, self.cmdlet, self.sink = runspace, cmdlet, sink
        self.takes_input = takes_input
        self.binding = bind(cmdlet, arguments, runspace.host.culture, input_expected=takes_input)
        chosen = self.binding.values
        self.streams = Streams(
            sink,
            cmdlet,
            str(chosen.get("ErrorAction", runspace.error_action)),
            str(chosen.get("WarningAction", "Continue")),
        )
        self.output: Output = sink.output

    def accept(self, value: Any) -> None:
        """Take an object from the element before."""
        try:
            bound = bind_input(self.binding, value)
        except Terminating as error:
            self.streams.error(error.record)
        else:
            self.process(bound)

    def begin(self) -> None:
        """Before any object."""

    def process(self, bound: Binding) -> None:
        """Do it, for one object or once."""
        raise NotImplementedError

    def end(self) -> None:
        """After all objects."""

    def fail(self, key: str, message: str, category: str, reason: str, target: Any = None, type_name: str = "") -> None:
        """Write a non-terminating error with an id of this cmdlet."""
        fqid = f"{key},{self.cmdlet.error_name}"
        record = error_record(message, fqid, category, reason, target, type_name or None, activity=self.cmdlet.name)
        self.streams.error(record)


@dataclass(frozen=True)
class Caller:
    """For whom and over which session the farm is asked; empty fields are those of the runspace's own session."""

    shell: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    computer: str = ""
    """The other end of a product session imported here: its objects arrive deserialized."""


class FarmElement(Element):
    """A cmdlet of a product or of Windows: the farm's model answers it."""

    caller = Caller("windows")

    def process(self, bound: Binding) -> None:
        fields = {
            "user": self.runspace.identity.user,
            "groups": list(self.runspace.identity.groups),
            "delegated": self.runspace.identity.delegated,
            **self.caller.fields,
        }
        answers = self.runspace.farm.cmdlet(
            **fields,
            shell=self.caller.shell,
            cmdlet=self.cmdlet.name,
            set=bound.set_name,
            parameters=encode_parameters(bound.of_cmdlet()),
        )
        for answer in answers:
            self._take(answer)

    def _take(self, answer: Mapping[str, Any]) -> None:
        if self.sink.stopped:
            raise Stopped
        if "output" in answer:
            value = from_farm(answer)
            self.output(deserialized(value, self.caller.computer) if self.caller.computer else value)
        elif "warning" in answer:
            self.streams.warning(answer["warning"])
        elif "verbose" in answer:
            self.streams.verbose(answer["verbose"])
        elif "error" in answer:
            self.streams.error(from_wire(answer["error"], self.cmdlet.name))
        elif "failed" in answer:
            raise Terminating(from_wire(answer["failed"], self.cmdlet.name))


def run(elements: list[Element], values: Iterable[Any], output: Output) -> None:
    """Run elements, connected; ``values`` go into the first one where it takes input."""
    for element, following in zip(elements, [*elements[1:], None], strict=True):
        element.output = following.accept if following else output
    for element in elements:
        element.begin()
    first = elements[0]
    if first.takes_input:
        for value in values:
            first.accept(value)
    else:
        first.process(first.binding)
    for element in elements:
        element.end()
