# SPDX-License-Identifier: GPL-3.0-or-later
"""Error records as PowerShell gives them, and the exception that ends a pipeline with one."""

from __future__ import annotations

from typing import Any

from psrpcore import types as ps

from powershell.messages import text

_AUTOMATION = "System.Management.Automation."


class Terminating(Exception):
    """Ends the pipeline as failed, with a record.

    In a script it ends the statement only, unless it comes of -ErrorAction Stop (``stops_script``) or the script cannot be read.
    """

    def __init__(self, record: ps.ErrorRecord, *, stops_script: bool = False) -> None:
        super().__init__(record.FullyQualifiedErrorId)
        self.record, self.stops_script = record, stops_script


def exception(message: str, type_name: str) -> ps.NETException:
    """A .NET exception by its type's full name."""
    made = ps.NETException(Message=message, HResult=-2146233087)
    made.PSObject.type_names = list(dict.fromkeys([type_name, "System.Exception", "System.Object"]))
    made.PSObject.to_string = f"{type_name}: {message}"
    return made


def error_record(
    message: str,
    fqid: str,
    category: str,
    reason: str,
    target: Any = None,
    type_name: str | None = None,
    activity: str = "",
) -> ps.ErrorRecord:
    """An error record; ``reason`` is the exception's short name and ``type_name`` its full one."""
    info = ps.ErrorCategoryInfo(
        Category=ps.ErrorCategory[category],
        Activity=activity,
        Reason=reason,
        TargetName="" if target is None else str(target),
        TargetType="" if target is None else "String",
    )
    return ps.ErrorRecord(
        Exception=exception(message, type_name or _AUTOMATION + reason),
        TargetObject=target,
        FullyQualifiedErrorId=fqid,
        CategoryInfo=info,
    )


def binding_error(key: str, command: str, culture: str, error_name: str, **values: Any) -> Terminating:
    """What PowerShell's binder gives: the id is the message's key and what stands for the command in ids."""
    message, fqid = text(key, culture, **values), f"{key},{error_name}" if error_name else key
    return Terminating(error_record(message, fqid, _binding_category(key), _binding_reason(key), activity=command))


def _binding_reason(key: str) -> str:
    if key == "ParameterArgumentTransformationError":
        return "ParameterBindingArgumentTransformationException"
    if key.startswith("ParameterArgumentValidationError"):
        return "ParameterBindingValidationException"
    return "ParameterBindingException"


def _binding_category(key: str) -> str:
    if key == "ParameterBindingFailed":
        return "WriteError"
    return "InvalidData" if key.startswith("ParameterArgument") else "InvalidArgument"


def command_not_found(name: str, culture: str) -> Terminating:
    """A name that no command has, or none that this runspace shows."""
    key = "CommandNotFoundException"
    return Terminating(error_record(text(key, culture, argument=name), key, "ObjectNotFound", key, target=name))


def scripts_not_allowed(culture: str) -> Terminating:
    """Script text in a runspace without the language."""
    key = "ScriptsNotAllowed"
    return Terminating(error_record(text(key, culture), key, "ParserError", "ParseException"))


def from_wire(fields: dict[str, Any], activity: str) -> ps.ErrorRecord:
    """The record of the farm's JSON."""
    return error_record(
        fields["message"],
        fields["fqid"],
        fields["category"],
        fields["reason"],
        target=fields.get("target") or None,
        type_name=fields.get("type_name"),
        activity=activity,
    )
