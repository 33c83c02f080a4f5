# SPDX-License-Identifier: GPL-3.0-or-later
"""The standard cmdlets: those that only look at objects, and those that change what a runspace offers."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Mapping
from typing import Any

from psrpcore import types as ps

from powershell.binder import Binding
from powershell.catalogue import Cmdlet
from powershell.convert import has_property, property_of, ps_datetime, to_text
from powershell.errors import error_record
from powershell.messages import text
from powershell.pipeline import Element, Stopped
from powershell.values import is_pattern, make, matches, picked, selected

_WRITE_ERROR = "Microsoft.PowerShell.Commands.WriteErrorException"


def _enumerated(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


class SelectObject(Element):
    """Select-Object: a projection, a property's value, the first or last of the objects."""

    def begin(self) -> None:
        self._seen: list[Any] = []
        self._count = 0

    def process(self, bound: Binding) -> None:
        if "InputObject" not in bound.values:
            return
        values, self._count = bound.values, self._count + 1
        if self._count <= values.get("Skip", 0):
            return
        if "First" in values and self._count - values.get("Skip", 0) > values["First"]:
            return
        if "Last" in values:
            self._seen.append(values["InputObject"])
        else:
            self._emit(values["InputObject"])

    def end(self) -> None:
        for value in self._seen[-int(self.binding.values.get("Last", 0)) :]:
            self._emit(value)

    def _emit(self, value: Any) -> None:
        names, expand = self.binding.values.get("Property"), self.binding.values.get("ExpandProperty")
        if expand:
            self._expand(value, str(expand), [to_text(name) for name in names or ()])
        else:
            self.output(selected(value, map(to_text, names)) if names else value)

    def _expand(self, value: Any, name: str, notes: list[str]) -> None:
        """The members of a property, none where it is null; other properties that are asked for go along with each as notes."""
        if not has_property(value, name):
            message = f'Property "{name}" cannot be found.'
            self.fail("ExpandPropertyNotFound", message, "InvalidArgument", "PSArgumentException")
            return
        for entry in _enumerated(property_of(value, name)):
            if entry is not None:
                self._add_notes(entry, value, notes)
                self.output(entry)

    def _add_notes(self, entry: Any, value: Any, notes: list[str]) -> None:
        """Properties of the object that was expanded; one that its member has itself stays what it is, with an error."""
        for named, kept in [pair for note in notes for pair in picked(value, note)]:
            if has_property(entry, named):
                message = f'The property cannot be processed because the property "{named}" already exists.'
                key = "AlreadyExistingUserSpecifiedPropertyExpand"
                self.fail(key, message, "InvalidOperation", "PSArgumentException")
            elif isinstance(entry, ps.PSObject):
                ps.add_note_property(entry, named, kept)


class WhereObject(Element):
    """Where-Object -Property NAME -EQ|-NE -Value VALUE: compares as text, in any case."""

    def process(self, bound: Binding) -> None:
        values = bound.values
        found, wanted = property_of(values.get("InputObject"), str(values["Property"])), values.get("Value")
        if not values.keys() & {"EQ", "NE"}:
            keep = bool(found)
        else:
            equal = to_text(found).lower() == to_text(wanted).lower() and (found is None) == (wanted is None)
            keep = equal != ("NE" in values)
        if keep:
            self.output(values.get("InputObject"))


class MeasureObject(Element):
    """Measure-Object: the count."""

    def begin(self) -> None:
        self._count = 0

    def process(self, bound: Binding) -> None:
        self._count += "InputObject" in bound.values

    def end(self) -> None:
        empty = dict.fromkeys(("Average", "Sum", "Maximum", "Minimum", "Property"))
        self.output(
            make(
                [
                    "Microsoft.PowerShell.Commands.GenericMeasureInfo",
                    "Microsoft.PowerShell.Commands.MeasureInfo",
                    "System.Object",
                ],
                "Microsoft.PowerShell.Commands.GenericMeasureInfo",
                Count=ps.PSInt(self._count),
                **empty,
            )
        )


class WriteOutput(Element):
    """Write-Output, and Out-Default, which in a session without a console hands its input on."""

    def process(self, bound: Binding) -> None:
        for value in _enumerated(bound.values.get("InputObject")):
            if value is not None:
                self.output(value)


class WriteHost(Element):
    """Write-Host: a record for the host on the information stream, with the tag by which it is known; colours are its host's business."""

    def process(self, bound: Binding) -> None:
        values = bound.values
        separator = to_text(values["Separator"]) if "Separator" in values else " "
        given = values.get("Object")
        given = (
            given[0] if isinstance(given, list) and len(given) == 1 else given
        )  # remaining arguments are a list of their own
        message = make(
            ["System.Management.Automation.HostInformationMessage", "System.Object"],
            text_of := separator.join(to_text(value) for value in _enumerated(given)),
            Message=ps.PSString(text_of),
            NoNewLine=bool(values.get("NoNewline")),
            ForegroundColor=values.get("ForegroundColor"),
            BackgroundColor=values.get("BackgroundColor"),
        )
        self.sink.information(
            ps.InformationRecordMsg(MessageData=message, Source="Write-Host", Tags=[ps.PSString("PSHOST")])
        )


class WriteWarning(Element):
    """Write-Warning: onto the warning stream, as -WarningAction says."""

    def process(self, bound: Binding) -> None:
        self.streams.warning(to_text(bound.values["Message"]))


class WriteError(Element):
    """Write-Error: a non-terminating error. Its id has no cmdlet's name behind it: it is that of the script that writes it."""

    def process(self, bound: Binding) -> None:
        values = bound.values
        thrown = values.get("Exception")
        kind = str(thrown.PSObject.type_names[0]) if thrown is not None else _WRITE_ERROR
        message = to_text(values.get("Message") or getattr(thrown, "Message", ""))
        category = self._category(to_text(values.get("Category", "NotSpecified")))
        record = error_record(
            message,
            to_text(values.get("ErrorId")) or kind,
            category,
            to_text(values.get("CategoryReason")) or kind.rpartition(".")[2],
            values.get("TargetObject"),
            kind,
            activity=to_text(values.get("CategoryActivity")) or "Write-Error",
        )
        self._name_target(record, values)
        self.streams.error(record)

    def _category(self, asked: str) -> str:
        """A category by its name in any case.

        :raises Terminating: where there is none of that name.
        """
        for category in ps.ErrorCategory:
            if str(category.name).lower() == asked.lower():
                return str(category.name)
        raise self.binding.fail("CannotConvertArgumentNoMessage", parameter="Category", detail=asked)

    def _name_target(self, record: ps.ErrorRecord, values: Mapping[str, Any]) -> None:
        for part in ("TargetName", "TargetType"):
            if given := to_text(values.get(f"Category{part}")):
                setattr(record.CategoryInfo, part, given)


class InvokeExpression(Element):
    """Invoke-Expression: the lab's part of the language, in the scope that is there."""

    def process(self, bound: Binding) -> None:
        self.runspace.run_text(to_text(bound.values["Command"]), self.sink, self.output)


class StartSleep(Element):
    """Start-Sleep: time that passes, until the client asks to stop."""

    def process(self, bound: Binding) -> None:
        values = bound.values
        end = time.monotonic() + values.get("Seconds", 0) + values.get("Milliseconds", 0) / 1000
        while (left := end - time.monotonic()) > 0:
            if self.sink.stopped:
                raise Stopped
            time.sleep(min(left, 0.05))


class OutNull(Element):
    """Out-Null: nothing."""

    def process(self, bound: Binding) -> None:
        """Drop it."""


class OutString(Element):
    """Out-String: the objects' text; how PowerShell lays out tables is not emulated."""

    def begin(self) -> None:
        self._lines: list[str] = []

    def process(self, bound: Binding) -> None:
        if "InputObject" in bound.values:
            self._lines.append(to_text(bound.values["InputObject"]))

    def end(self) -> None:
        if self.binding.values.get("Stream"):
            for line in self._lines:
                self.output(ps.PSString(line))
        elif self._lines:
            self.output(ps.PSString("".join(f"{line}\r\n" for line in self._lines)))


class GetDate(Element):
    """Get-Date: the farm's clock, or the date that is asked for."""

    def process(self, bound: Binding) -> None:
        asked = bound.values.get("Date")
        self.output(asked if asked is not None else self._now())

    def _now(self) -> ps.PSDateTime:
        answer = self.runspace.farm.call("clock")
        return ps_datetime(dt.datetime.fromisoformat(answer["now"]).astimezone(dt.UTC))


class ConvertToSecureString(Element):
    """ConvertTo-SecureString -AsPlainText -Force."""

    def process(self, bound: Binding) -> None:
        if not bound.values.get("AsPlainText") or not bound.values.get("Force"):
            message = "The lab converts plain text only, with -AsPlainText -Force."
            key = (
                "ImportSecureString_ForceRequired"
                if bound.values.get("AsPlainText")
                else "ImportSecureString_InvalidArgument"
            )
            self.fail(key, message, "InvalidArgument", "PSArgumentException")
            return
        self.output(ps.PSSecureString(str(bound.values["String"])))


def _parameter_metadata(cmdlet: Cmdlet) -> ps.PSDict:
    names = ["System.Management.Automation.ParameterMetadata", "System.Object"]
    return ps.PSDict(
        {
            name: make(names, names[0], Name=ps.PSString(name), ParameterType=ps.PSString(parameter.type))
            for name, parameter in cmdlet.everything.items()
        }
    )


def command_info(cmdlet: Cmdlet, source: str) -> ps.PSObject:
    """What Get-Command says of a command."""
    kind = "Function" if cmdlet.function else "Cmdlet"
    type_name = f"System.Management.Automation.{kind}Info"
    verb, _separator, noun = cmdlet.name.partition("-")
    return make(
        [type_name, "System.Management.Automation.CommandInfo", "System.Object"],
        cmdlet.name,
        Name=ps.PSString(cmdlet.name),
        CommandType=ps.CommandTypes[kind],
        Verb=ps.PSString(verb),
        Noun=ps.PSString(noun),
        Source=ps.PSString(source),
        ModuleName=ps.PSString(source),
        DefaultParameterSet=ps.PSString(cmdlet.default_set or ""),
        Parameters=_parameter_metadata(cmdlet),
    )


class GetCommand(Element):
    """Get-Command: what this runspace offers."""

    def process(self, bound: Binding) -> None:
        values = bound.values
        wanted = [to_text(name) for name in values.get("Name") or ["*"]]
        for name in wanted:
            found = [cmdlet for cmdlet in self.runspace.known(name) if self._fits(cmdlet, bound)]
            for cmdlet in found[: values.get("TotalCount")]:
                self.output(command_info(cmdlet, self.runspace.source_of(cmdlet)))
            if not found and not is_pattern(name):
                key = "CommandNotFoundException"
                self.fail(key, text(key, self.runspace.host.culture, argument=name), "ObjectNotFound", key, target=name)

    def _fits(self, cmdlet: Cmdlet, bound: Binding) -> bool:
        verb, _separator, noun = cmdlet.name.partition("-")
        source = self.runspace.source_of(cmdlet)
        for name, own in (("Verb", verb), ("Noun", noun), ("Module", source)):
            wanted = bound.values.get(name)
            if wanted and not any(matches(to_text(pattern), own) for pattern in wanted):
                return False
        kind = bound.values.get("CommandType")
        return kind is None or to_text(kind).lower() in {"all", "function" if cmdlet.function else "cmdlet"}


def module_info(name: str, commands: Iterable[str]) -> ps.PSObject:
    """A module, as Get-Module and Import-Module -PassThru show it."""
    type_name = "System.Management.Automation.PSModuleInfo"
    exported = ps.PSDict({command: ps.PSString(command) for command in commands})
    return make(
        [type_name, "System.Object"],
        name,
        Name=ps.PSString(name),
        ModuleType=ps.PSString("Binary"),
        Version=ps.PSVersion("1.0"),
        ExportedCommands=exported,
    )


class GetModule(Element):
    """Get-Module: what is imported, or installed."""

    def process(self, bound: Binding) -> None:
        runspace = self.runspace
        there = runspace.host.modules if bound.values.get("ListAvailable") else runspace.imported
        for pattern in bound.values.get("Name") or ["*"]:
            for name in there:
                if matches(to_text(pattern), name):
                    self.output(module_info(name, runspace.commands_of(name)))


class ImportModule(Element):
    """Import-Module of what is installed."""

    def process(self, bound: Binding) -> None:
        for asked in bound.values["Name"]:
            # a module may be named by its manifest's path, which the documentation of Lync 2013 does
            name = to_text(asked).replace("/", "\\").rpartition("\\")[2].removesuffix(".psd1")
            found = next((module for module in self.runspace.host.modules if module.lower() == name.lower()), None)
            if found is None:
                key = "Modules_ModuleNotFound"
                message = text(key, self.runspace.host.culture, argument=to_text(asked))
                self.fail(
                    key,
                    message,
                    "ResourceUnavailable",
                    "FileNotFoundException",
                    to_text(asked),
                    "System.IO.FileNotFoundException",
                )
                continue
            self.runspace.import_module(found)
            if bound.values.get("PassThru"):
                self.output(module_info(found, self.runspace.commands_of(found)))


def _snapin_info(name: str) -> ps.PSObject:
    type_name = "System.Management.Automation.PSSnapInInfo"
    return make([type_name, "System.Object"], name, Name=ps.PSString(name), PSVersion=ps.PSVersion("1.0"))


class AddPSSnapin(Element):
    """Add-PSSnapin: the Exchange cmdlets without RBAC, where they are installed."""

    def process(self, bound: Binding) -> None:
        for asked in bound.values["Name"]:
            found = next((name for name in self.runspace.host.snapins if matches(to_text(asked), name)), None)
            if found is None or found in self.runspace.snapins:
                message = text("AddPSSnapInRead", self.runspace.host.culture, argument=to_text(asked))
                self.fail("AddPSSnapInRead", message, "InvalidArgument", "PSArgumentException", to_text(asked))
                continue
            self.runspace.add_snapin(found)
            if bound.values.get("PassThru"):
                self.output(_snapin_info(found))


class GetPSSnapin(Element):
    """Get-PSSnapin: what is added, or registered and not added."""

    def process(self, bound: Binding) -> None:
        runspace = self.runspace
        there = (
            runspace.host.snapins
            if bound.values.get("Registered")
            else ("Microsoft.PowerShell.Core", *runspace.snapins)
        )
        for asked in bound.values.get("Name") or ["*"]:
            found = [name for name in there if matches(to_text(asked), name)]
            for name in found:
                self.output(_snapin_info(name))
            if not found and not is_pattern(to_text(asked)):
                message = f"No Windows PowerShell snap-ins matching the pattern '{to_text(asked)}' were found."
                self.fail("GetPSSnapInRead", message, "InvalidArgument", "PSArgumentException", to_text(asked))


ELEMENTS: dict[str, type[Element]] = {
    "add-pssnapin": AddPSSnapin,
    "convertto-securestring": ConvertToSecureString,
    "get-command": GetCommand,
    "get-date": GetDate,
    "get-module": GetModule,
    "get-pssnapin": GetPSSnapin,
    "import-module": ImportModule,
    "invoke-expression": InvokeExpression,
    "measure-object": MeasureObject,
    "out-default": WriteOutput,
    "out-null": OutNull,
    "out-string": OutString,
    "select-object": SelectObject,
    "start-sleep": StartSleep,
    "where-object": WhereObject,
    "write-error": WriteError,
    "write-host": WriteHost,
    "write-output": WriteOutput,
    "write-warning": WriteWarning,
}
