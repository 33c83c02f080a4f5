# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the lab's part of the PowerShell language on a runspace (:mod:`powershell.syntax` says which part that is)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from psrpcore import types as ps

from powershell import syntax
from powershell.binder import UNSET, bind
from powershell.catalogue import Cmdlet, Parameter, kind_of
from powershell.convert import property_of, to_text
from powershell.errors import Terminating, error_record
from powershell.pipeline import Output
from wire.ports import Command, Exited, Sink

if TYPE_CHECKING:
    from powershell.runspace import Runspace

Arguments = Sequence[tuple[str | None, Any]]

_TYPES = {
    "string": "String", "int": "Int32", "long": "Int64", "bool": "Boolean", "switch": "SwitchParameter", "uri": "Uri", "guid": "Guid",
    "datetime": "DateTime", "timespan": "TimeSpan", "version": "Version", "securestring": "SecureString", "object": "Object",
    "pscredential": "PSCredential", "psobject": "PSObject", "hashtable": "Object", "array": "Object",
}  # fmt: skip


def not_in_lab(what: str) -> Terminating:
    """The error for script text that the lab's PowerShell does not read."""
    message = f"The lab's PowerShell does not speak this part of the language: {what}"
    return Terminating(error_record(message, "LanguageNotInLab", "ParserError", "ParseException"), stops_script=True)


def run(
    runspace: Runspace, text: str, arguments: Arguments, sink: Sink, output: Output, *, hands_on: bool = False
) -> None:
    """Run a script.

    An error that ends a statement is written, and the next statement runs, unless $ErrorActionPreference is Stop: so
    PowerShell does it.

    :raises Exited: where the script ends with ``exit``.
    :raises Terminating: where the script cannot be read or its parameters are wrong, or under Stop.
    """
    try:
        script = syntax.parse(text)
    except syntax.NotInLabError as error:
        raise not_in_lab(str(error)) from None
    _Execution(runspace, sink, output, hands_on=hands_on).script(script, arguments)


class _Execution:
    """One script that runs; its variables are the runspace's.

    :ivar hands_on: whether an error that ends a statement ends all of it: that of a command that a client has called by itself, as
        Invoke-Expression in a pipeline without a script (recorded of Windows in pypsrp's tests).
    """

    def __init__(self, runspace: Runspace, sink: Sink, output: Output, *, hands_on: bool = False) -> None:
        self.runspace, self.sink, self.output, self.hands_on = runspace, sink, output, hands_on
        self.variables = runspace.variables

    def script(self, script: syntax.Script, arguments: Arguments) -> None:
        if script.parameters:
            self._bind(script, arguments)
        before = self.runspace.error_action
        self.runspace.scripts += 1
        try:
            self._statements(script.statements)
        finally:
            self.runspace.scripts -= 1
            self.runspace.error_action = before

    def _bind(self, script: syntax.Script, arguments: Arguments) -> None:
        parameters = {p.name: _script_parameter(p, index) for index, p in enumerate(script.parameters)}
        function = Cmdlet("", "script", parameters, function=True, everything=parameters)
        bound = bind(function, [(name.lstrip("-") if name else None, value) for name, value in arguments]).values
        for parameter in script.parameters:
            value = bound[parameter.name] if parameter.name in bound else self.value(parameter.default)
            self.variables[parameter.name.lower()] = value

    def _statements(self, statements: Sequence[Any]) -> None:
        for statement in statements:
            try:
                self._statement(statement)
            except Terminating as error:
                if self.runspace.error_action == "Stop" or error.stops_script or self.hands_on:
                    raise
                self.sink.error(error.record)

    def _statement(self, statement: Any) -> None:
        if isinstance(statement, syntax.If):
            self._statements(statement.then if _truth(self.value(statement.condition)) else statement.otherwise)
        elif isinstance(statement, syntax.Assign):
            self._assign(statement.name, self.collected(statement.pipeline))
        elif isinstance(statement, syntax.Exit):
            raise Exited(_exit_code(self.value(statement.code)))
        else:
            self.pipeline(statement, self.output)

    def _assign(self, name: str, value: Any) -> None:
        if name == "null":
            return
        self.variables[name] = value
        if name == "erroractionpreference":
            self.runspace.error_action = to_text(value)

    def pipeline(self, pipeline: syntax.Pipeline, output: Output) -> None:
        first, *rest = pipeline.elements
        if isinstance(first, syntax.Invocation):
            commands = [self._command(element) for element in pipeline.elements]
            self.runspace.invoke(commands, [], self.sink, output, has_input=False)
            return
        values = _enumerate(self.value(first))
        if rest:
            self.runspace.invoke(
                [self._command(element) for element in rest], values, self.sink, output, has_input=True
            )
        else:
            for value in values:
                output(value)

    def _command(self, invocation: syntax.Invocation) -> Command:
        arguments = tuple((name, UNSET if value is None else self.value(value)) for name, value in invocation.arguments)
        return Command(invocation.name, parameters=arguments)

    def collected(self, pipeline: syntax.Pipeline) -> Any:
        """A pipeline's output as a value: nothing, the one object, or a list."""
        first = pipeline.elements[0]
        if len(pipeline.elements) == 1 and not isinstance(first, syntax.Invocation):
            return self.value(first)
        values: list[Any] = []
        self.pipeline(pipeline, values.append)
        return ps.PSList(values) if len(values) > 1 else values[0] if values else None

    def value(self, node: Any) -> Any:
        """An expression's value."""
        return _EVALUATE[type(node)](self, node)

    def _sub_expression(self, node: syntax.SubExpression) -> Any:
        value = self.collected(node.pipeline)
        return ps.PSList(_enumerate(value)) if node.array else value

    def _variable(self, node: syntax.Variable) -> Any:
        return self.variables.get(node.name)

    def _expandable(self, node: syntax.Expandable) -> Any:
        return ps.PSString("".join(part if isinstance(part, str) else to_text(self.value(part)) for part in node.parts))

    def _member(self, node: syntax.Member) -> Any:
        target = self.value(node.target)
        if isinstance(target, list):
            if node.name.lower() in {"count", "length"}:
                return ps.PSInt(len(target))
            return ps.PSList([property_of(item, node.name) for item in target])
        return property_of(target, node.name)

    def _list(self, node: syntax.ListOf) -> Any:
        return ps.PSList([self.value(item) for item in node.items])

    def _hash(self, node: syntax.HashOf) -> Any:
        return ps.PSDict({ps.PSString(key): self.value(value) for key, value in node.pairs})

    def _compare(self, node: syntax.Compare) -> bool:
        left, right = self.value(node.left), self.value(node.right)
        equal = to_text(left).lower() == to_text(right).lower() and (left is None) == (right is None)
        return equal == (node.operator == "eq")

    def _not(self, node: syntax.Not) -> bool:
        return not _truth(self.value(node.operand))


_EVALUATE: dict[type, Callable[[_Execution, Any], Any]] = {
    syntax.Literal: lambda _, node: node.value,
    syntax.Variable: _Execution._variable,
    syntax.Expandable: _Execution._expandable,
    syntax.Member: _Execution._member,
    syntax.ListOf: _Execution._list,
    syntax.HashOf: _Execution._hash,
    syntax.SubExpression: _Execution._sub_expression,
    syntax.Compare: _Execution._compare,
    syntax.Not: _Execution._not,
}


def _script_parameter(parameter: syntax.ScriptParameter, index: int) -> Parameter:
    bare = parameter.type.rpartition(".")[2].removesuffix("[]")
    if bare.lower() not in _TYPES:
        raise not_in_lab(f"a parameter of type [{parameter.type}]")
    type_name = _TYPES[bare.lower()]
    array = parameter.type.endswith("[]")
    kind = kind_of(type_name)
    return Parameter(
        parameter.name,
        type_name,
        kind,
        array,
        mandatory=parameter.mandatory,
        position=None if kind == "switch" else index,
    )


def _enumerate(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _exit_code(value: Any) -> int:
    """A number is rounded; nothing, or what is no number, is 0 (seen with the real engine)."""
    try:
        return round(float(value if isinstance(value, bool) else to_text(value)))
    except ValueError:
        return 0


def _truth(value: Any) -> bool:
    if isinstance(value, list):
        return _truth(value[0]) if len(value) == 1 else bool(value)
    if isinstance(value, bool | int | float | str):
        return bool(value)
    return value is not None
