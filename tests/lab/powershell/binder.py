# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell's parameter binder: names and their abbreviations, positions, parameter sets, pipeline input, mandatory parameters.

The order of the steps decides which of several mistakes in a call is reported. It is the engine's
(src/System.Management.Automation/engine/CmdletParameterBinderController.cs of github.com/PowerShell/PowerShell), and the tests
compare this binder with a real engine's over every cmdlet of the catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from psrpcore import types as ps

from powershell.catalogue import Cmdlet, Parameter
from powershell.convert import ConversionError, NotInSetError, convert, property_of, to_text
from powershell.errors import Terminating, binding_error
from powershell.messages import text

_SCOPES = {"global", "local", "private", "script", "variable"}
_UNSUPPORTED_PREFERENCES = {"Suspend"}
Arguments = Sequence[tuple[str | None, Any]]


class Unset:
    """Stands for the value of a parameter that was named without one."""


UNSET = Unset()


@dataclass
class Binding:
    """What is bound so far, and the parameter sets that are still possible."""

    cmdlet: Cmdlet
    culture: str
    sets: set[str]
    values: dict[str, Any] = field(default_factory=dict)
    """Canonical names and converted values, PowerShell's own parameters included."""
    set_name: str = ""

    def fail(self, key: str, **values: Any) -> Terminating:
        """The binder's error of that name."""
        return binding_error(key, self.cmdlet.name, self.culture, self.cmdlet.error_name, **values)

    def unbound(self) -> list[Parameter]:
        """The parameters without a value that belong to a set which is still possible."""
        return [
            p for p in self.cmdlet.everything.values() if p.name not in self.values and any(map(p.is_in, self.sets))
        ]

    def copy(self) -> Binding:
        """The same, for one pipeline object."""
        return Binding(self.cmdlet, self.culture, set(self.sets), dict(self.values), self.set_name)

    def of_cmdlet(self) -> dict[str, Any]:
        """The values that the cmdlet itself gets: not the engine's common parameters, but WhatIf and Confirm."""
        own = self.cmdlet.everything
        return {k: v for k, v in self.values.items() if not own[k].common or k in {"WhatIf", "Confirm"}}


def find_parameter(binding: Binding, name: str) -> Parameter | None:
    """A parameter by its name, an alias or an unambiguous beginning of one.

    :raises Terminating: where several fit, of which not exactly one is the command's own.
    """
    wanted, found = name.lower(), []
    for parameter in binding.cmdlet.everything.values():
        names = [parameter.name.lower(), *(alias.lower() for alias in parameter.aliases)]
        if wanted in names:
            return parameter
        if any(each.startswith(wanted) for each in names):
            found.append(parameter)
    if len(found) > 1:
        own = [parameter for parameter in found if not parameter.common]
        if len(own) != 1:
            raise binding.fail("AmbiguousParameter", parameter=name, matches="".join(f" -{p.name}" for p in found))
        found = own
    return found[0] if found else None


def bind(cmdlet: Cmdlet, arguments: Arguments, culture: str = "en-US", *, input_expected: bool = False) -> Binding:
    """Bind a command line; with ``input_expected`` what is missing may still come through the pipeline.

    :raises Terminating: with the error that PowerShell gives.
    """
    binding = Binding(cmdlet, culture, set(cmdlet.named_sets()))
    rest = _bind_named(binding, _pair_bare_names(binding, arguments))
    rest = _bind_positional(binding, rest)
    _check_sets(binding, before_input=True, settle=False)
    rest = _bind_remaining(binding, rest)
    _refuse_rest(binding, rest)
    _check_sets(binding, before_input=input_expected, settle=not input_expected)
    if input_expected:
        _keep_sets_that_input_can_complete(binding)
    else:
        _require_mandatory(binding)
        _settle(binding)
    return binding


def bind_input(binding: Binding, value: Any) -> Binding:
    """Bind one pipeline object: by value and by property name, each first without and then with conversion.

    :raises Terminating: where no parameter takes it, or something mandatory is still missing.
    """
    bound = binding.copy()
    taken = [_bind_by(bound, value, by_value, coerce) for coerce in (False, True) for by_value in (True, False)]
    if not any(taken):
        raise bound.fail("InputObjectNotBound")
    _check_sets(bound, before_input=False, settle=True)
    missing = _missing(bound)
    if missing:
        raise bound.fail("InputObjectMissingMandatory", parameter=" ".join(p.name for p in missing))
    _settle(bound)
    return bound


def _assign(binding: Binding, parameter: Parameter, value: Any) -> None:
    """Convert, validate and set one argument, and drop the sets that the parameter is not in."""
    binding.values[parameter.name] = _converted(binding, parameter, value)
    if parameter.sets is not None:
        binding.sets &= set(parameter.sets)


def _converted(binding: Binding, parameter: Parameter, value: Any) -> Any:
    if isinstance(value, Unset):
        return True  # a switch: what else has no value is refused before anything is bound
    function = binding.cmdlet.function and not parameter.common
    try:
        made = convert(value, parameter, binding.culture, function=function)
    except NotInSetError:
        detail = f"{to_text(value)}: {', '.join(parameter.values)}"
        raise binding.fail("ParameterArgumentValidationError", parameter=parameter.name, detail=detail) from None
    except ConversionError as error:
        raise _conversion_failure(binding, parameter, error, function) from None
    if parameter.ever_mandatory:
        _refuse_nothing(binding, parameter, made)
    if parameter.common:
        _check_common(binding, parameter, made)
    return made


def _check_common(binding: Binding, parameter: Parameter, value: Any) -> None:
    """What the engine's own parameters refuse: by an attribute, or as they are set."""
    refused = binding.fail("ParameterArgumentValidationError", parameter=parameter.name, detail=to_text(value))
    if parameter.name.endswith("Variable") and isinstance(value, str) and not _is_variable(value):
        raise refused
    if parameter.name == "OutBuffer" and value < 0:
        raise refused
    if parameter.values and value in _UNSUPPORTED_PREFERENCES:
        raise binding.fail("ParameterBindingFailed", parameter=parameter.name, detail=to_text(value))


def _is_variable(text: str) -> bool:
    """Whether a text names a variable, and not nothing or an item of another drive (VariablePath); a plus before it means to append."""
    path = text.removeprefix("+")
    drive, colon, _name = path.partition(":")
    return bool(path) and (not colon or not drive or drive.lower() in _SCOPES)


def _conversion_failure(binding: Binding, parameter: Parameter, error: ConversionError, function: bool) -> Terminating:
    key = "CannotConvertArgumentNoMessage"
    if function:
        key = "ParameterArgumentTransformationError"
    elif error.null and (parameter.ever_mandatory or error.boolean):
        key = "ParameterArgumentValidationErrorNullNotAllowed"
    elif parameter.common and parameter.values and error.null:
        key = "ParameterBindingFailed"
    elif error.boolean or (parameter.common and not parameter.values and isinstance(error.value, list | bytes)):
        key = "CannotConvertArgument"
    detail = text("cannot-convert", binding.culture, argument=to_text(error.value), type=parameter.type)
    return binding.fail(key, parameter=parameter.name, detail=detail)


def _refuse_nothing(binding: Binding, parameter: Parameter, value: Any, *, member: bool = False) -> None:
    """A mandatory parameter takes neither null nor an empty string nor an empty array; of its array's members none is looked into."""
    if value is None:
        raise binding.fail("ParameterArgumentValidationErrorNullNotAllowed", parameter=parameter.name)
    if isinstance(value, str) and not value and parameter.kind in {"string", "text"}:
        raise binding.fail("ParameterArgumentValidationErrorEmptyStringNotAllowed", parameter=parameter.name)
    if member:
        return
    if isinstance(value, list | bytes) and not value and parameter.kind != "identity":
        raise binding.fail("ParameterArgumentValidationErrorEmptyArrayNotAllowed", parameter=parameter.name)
    if isinstance(value, list) and parameter.array:
        for item in value:
            _refuse_nothing(binding, parameter, item, member=True)


def _pair_bare_names(binding: Binding, arguments: Arguments) -> list[tuple[str | None, Any]]:
    """Give the names without a value theirs, before anything is bound (ReparseUnboundArguments in the engine).

    A switch means true; any other takes the argument after it, unless that has a name, and is refused where there is none.
    """
    paired: list[tuple[str | None, Any]] = []
    waiting = list(arguments)
    while waiting:
        name, value = waiting.pop(0)
        parameter = find_parameter(binding, name) if name is not None and isinstance(value, Unset) else None
        if parameter is None or parameter.kind == "switch":
            paired.append((name, value))
        else:
            paired.append((name, _take_value(binding, parameter, waiting)))
    return paired


def _take_value(binding: Binding, parameter: Parameter, waiting: list[tuple[str | None, Any]]) -> Any:
    """What comes after a bare name, if it can be its value: what looks like a name is one where there is a parameter of it."""
    if waiting:
        name, value = waiting[0]
        if name is None:
            return waiting.pop(0)[1]
        if find_parameter(binding, name) is None and isinstance(value, Unset):
            waiting.pop(0)
            return ps.PSString(f"-{name}")
    raise binding.fail("MissingArgument", parameter=parameter.name, type=parameter.type)


def _bind_named(binding: Binding, arguments: Arguments) -> list[tuple[str | None, Any]]:
    """Bind what is named; what is not, and names that no parameter has, are left over."""
    rest: list[tuple[str | None, Any]] = []
    for name, value in arguments:
        parameter = find_parameter(binding, name) if name is not None else None
        if parameter is None:
            rest.append((name, value))
        elif parameter.name in binding.values:
            raise binding.fail("ParameterAlreadyBound", parameter=parameter.name)
        else:
            _assign(binding, parameter, value)
    return rest


def _bind_positional(binding: Binding, arguments: list[tuple[str | None, Any]]) -> list[tuple[str | None, Any]]:
    """Give the arguments without a name to the positions of the sets that are left, the default set's first."""
    queue = list(arguments)
    rest: list[tuple[str | None, Any]] = []
    # what takes the remaining arguments is left for them, whatever its position
    for position in sorted({p.position for p in binding.unbound() if p.position is not None and not p.remaining}):
        candidates = [p for p in binding.unbound() if p.position == position and not p.remaining]
        index = next((i for i, (name, _value) in enumerate(queue) if name is None), None)
        if index is None:
            break
        if not candidates:
            continue
        rest += queue[:index]
        value = queue[index][1]
        queue = queue[index + 1 :]
        if not _bind_position(binding, candidates, value):
            rest.append((None, value))
    return rest + queue


def _bind_position(binding: Binding, candidates: list[Parameter], value: Any) -> bool:
    default = binding.cmdlet.default_set
    preferred = [p for p in candidates if default is not None and default in binding.sets and p.is_in(default)]
    for coerce in (False, True):
        for parameters in (preferred, candidates):
            fitting = [p for p in parameters if coerce or _fits(p, value)]
            for parameter in fitting:
                _assign(binding, parameter, value)
            if fitting:
                return True
    return False


def _fits(parameter: Parameter, value: Any) -> bool:
    """Whether a value needs no conversion for a parameter."""
    try:
        made = convert(value, parameter, "en-US", function=True)
    except (ConversionError, NotInSetError):
        return False
    if parameter.kind == "object":
        return True
    textual = parameter.kind in {"string", "text", "identity"}
    return type(made) is type(value) or (textual and isinstance(made, str) and isinstance(value, str))


def _bind_remaining(binding: Binding, arguments: list[tuple[str | None, Any]]) -> list[tuple[str | None, Any]]:
    """Give all that is left to the parameter that takes the remaining arguments, where there is one."""
    taker = next((p for p in binding.unbound() if p.remaining), None)
    if taker is None or not arguments or any(name is not None for name, _value in arguments):
        return arguments
    values = [value for _name, value in arguments]
    # one list stands for itself
    _assign(binding, taker, values[0] if len(values) == 1 and isinstance(values[0], list) else ps.PSList(values))
    return []


def _refuse_rest(binding: Binding, arguments: list[tuple[str | None, Any]]) -> None:
    for name, value in arguments:
        if name is not None:
            raise binding.fail("NamedParameterNotFound", parameter=name)
        raise binding.fail("PositionalParameterNotFound", argument=to_text(value))


def _check_sets(binding: Binding, *, before_input: bool, settle: bool) -> None:
    """What the engine calls ValidateParameterSets: refuse a mix of sets, and take the default set where that is possible."""
    cmdlet, default = binding.cmdlet, binding.cmdlet.default_set
    if not binding.sets:
        raise binding.fail("AmbiguousParameterSet")
    if len(binding.sets) == 1:
        return
    if default is not None and default in binding.sets:
        if settle:
            binding.sets = {default}
        return
    if before_input and _could_take_input(binding):
        return
    if not cmdlet.sets or not _settled_by_mandatory(binding):
        raise binding.fail("AmbiguousParameterSet")


def _could_take_input(binding: Binding) -> bool:
    return any(p.by_value or p.by_name for p in binding.unbound())


def _settled_by_mandatory(binding: Binding) -> bool:
    """Whether exactly one set has all that it needs of its own; what every set needs tells nothing."""
    own = [p for p in binding.unbound() if p.sets is not None]
    complete = {name for name in binding.sets if not any(p.is_mandatory(name) for p in own)}
    if len(complete) == 1:
        binding.sets = complete
    return len(complete) == 1


def _missing(binding: Binding) -> list[Parameter]:
    return [p for p in binding.unbound() if any(p.is_mandatory(name) for name in binding.sets)]


def _require_mandatory(binding: Binding) -> None:
    missing = _missing(binding)
    if missing:
        raise binding.fail("MissingMandatoryParameter", parameter=" ".join(p.name for p in missing))


def _keep_sets_that_input_can_complete(binding: Binding) -> None:
    """With input to come, only what the pipeline can bring may be missing."""
    hopeful = {
        name
        for name in binding.sets
        if all(p.by_value or p.by_name for p in binding.unbound() if p.is_mandatory(name))
        and any(p.is_in(name) and (p.by_value or p.by_name) for p in binding.unbound())
    }
    if hopeful:
        binding.sets = hopeful
        return
    _check_sets(binding, before_input=False, settle=True)
    _require_mandatory(binding)


def _settle(binding: Binding) -> None:
    default = binding.cmdlet.default_set
    if len(binding.sets) > 1 and default is not None and default in binding.sets:
        binding.sets = {default}
    binding.set_name = next(iter(sorted(binding.sets)))


def _bind_by(binding: Binding, value: Any, by_value: bool, coerce: bool) -> bool:
    """Offer a pipeline object to the parameters that take one in this way, the default set's before all others."""
    default = binding.cmdlet.default_set
    takers = [p for p in reversed(binding.unbound()) if (p.by_value if by_value else p.by_name)]
    preferred = [p for p in takers if default is not None and default in binding.sets and p.is_in(default)]
    for parameters in (preferred, takers):
        # all of them, in turn: what is bound rules out sets, and with them further parameters
        bound = [_bind_one(binding, p, value if by_value else _property(value, p), coerce) for p in parameters]
        if any(bound):
            return True
    return False


def _bind_one(binding: Binding, parameter: Parameter, offered: Any, coerce: bool) -> bool:
    if parameter not in binding.unbound() or offered is None or not (coerce or _fits(parameter, offered)):
        return False
    try:
        _assign(binding, parameter, offered)
    except Terminating:
        return False  # the engine swallows a failed conversion of pipeline input and tries the next parameter
    return True


def _property(value: Any, parameter: Parameter) -> Any:
    names = (parameter.name, *parameter.aliases)
    return next((found for name in names if (found := property_of(value, name)) is not None), None)
