# SPDX-License-Identifier: GPL-3.0-or-later
"""A runspace of the emulated PowerShell: what it offers to whom, and how its pipelines run.

The initial session states ("profiles"): ``windows`` is the machine's own PowerShell with the full language (the lab's part of it),
``exchange-endpoint`` and ``lync-endpoint`` are the products' restricted ones without any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from psrpcore import types as ps

from powershell import language, sessions, standard
from powershell.catalogue import Cmdlet, load
from powershell.errors import command_not_found, scripts_not_allowed
from powershell.host import ENDPOINTS, LOCAL_SHELLS, RESTRICTED, Host, endpoint_fields
from powershell.pipeline import Caller, Element, FarmElement, Output, Stopped, run
from powershell.ports import Farm
from powershell.sessions import ProductSession
from powershell.values import matches, remote_form
from wire.ports import Command, Identity, Sink

__all__ = ["Command", "Identity", "Runspace", "Sink"]

_LOCAL_ELEMENTS = {**standard.ELEMENTS, **sessions.ELEMENTS}
_ALIASES = {
    "echo": "write-output", "iex": "invoke-expression", "select": "select-object", "sleep": "start-sleep", "where": "where-object",
    "write": "write-output",
}  # fmt: skip
"""PowerShell's own names for what the lab has of its cmdlets."""
_SOURCES = {"standard": "Microsoft.PowerShell.Core", "windows": "Microsoft.PowerShell.Management"}


class Runspace:
    """One runspace; it lives as long as the client's runspace pool."""

    def __init__(self, profile: str, identity: Identity, farm: Farm) -> None:
        self.profile, self.identity, self.farm = profile, identity, farm
        self.catalogue = load()
        self.host = Host.of(farm.call("describe"))
        self.error_action = "Continue"
        self.imported: list[str] = []
        self.snapins: list[str] = []
        self.sessions: list[ProductSession] = []
        self.next_session = 1
        self.scripts = 0
        """How many scripts run, one in the other."""
        self.variables: dict[str, Any] = {}
        self._callers: dict[str, Caller] = {}
        self._commands = self._initial()

    def _initial(self) -> dict[str, Cmdlet]:
        """The commands of the initial session state."""
        if self.profile in ENDPOINTS:
            restricted = {name.lower(): self.catalogue.cmdlets[name.lower()] for name in RESTRICTED}
            return restricted | self.offered(self.host, self.profile, self.identity.user, tuple(self.identity.groups))
        return {cmdlet.name.lower(): cmdlet for cmdlet in self.catalogue.of_shell(*LOCAL_SHELLS)}

    def offered(self, host: Host, profile: str, user: str, groups: Sequence[str]) -> dict[str, Cmdlet]:
        """The product's cmdlets that the roles of a user allow at an endpoint of a host."""
        answer = self.farm.call("offers", host=host.fqdn, user=user, groups=list(groups), **endpoint_fields(profile))
        names = {name.lower() for name in answer["cmdlets"]}
        return {key: cmdlet for key, cmdlet in host.product_cmdlets(self.catalogue).items() if key in names}

    @property
    def has_language(self) -> bool:
        """Whether script text may run here."""
        return self.profile not in ENDPOINTS

    def source_of(self, cmdlet: Cmdlet) -> str:
        """The module or snap-in that a command is from."""
        if cmdlet.shell == "exchange":
            return next(iter(self.host.snapins), "") if cmdlet.name.lower() not in self._callers else "imported session"
        return _SOURCES.get(cmdlet.shell) or next(iter(self.host.modules), "")

    def known(self, pattern: str) -> list[Cmdlet]:
        """The commands whose names match; a plain name also finds one of a module that is installed but not imported yet."""
        if self.has_language and self._autoload(pattern):
            return [self._commands[pattern.lower()]]
        return [cmdlet for key, cmdlet in sorted(self._commands.items()) if matches(pattern, key)]

    def commands_of(self, module: str) -> list[str]:
        """The names of a module's commands."""
        return (
            [cmdlet.name for cmdlet in self.host.product_cmdlets(self.catalogue).values()]
            if module in self.host.modules
            else []
        )

    def _autoload(self, name: str) -> bool:
        """Import the installed module that a command is of, as PowerShell does at its first use."""
        if (
            self.host.modules
            and name.lower() in self.host.product_cmdlets(self.catalogue)
            and name.lower() not in self._commands
        ):
            self.import_module(self.host.modules[0])
            return True
        return False

    def find(self, name: str) -> Cmdlet:
        """A command by its name, which may be qualified by its module's.

        :raises Terminating: where this runspace has none of that name.
        """
        plain = name.rpartition("\\")[2]
        if self.has_language:
            plain = _ALIASES.get(plain.lower(), plain)
            self._autoload(plain)
        found = self._commands.get(plain.lower())
        if found is None:
            raise command_not_found(name, self.host.culture)
        return found

    def import_module(self, module: str) -> None:
        """Make an installed module's commands available."""
        if module not in self.imported:
            self.farm.charge("module_load")
            self.imported.append(module)
        self._commands |= self.host.product_cmdlets(self.catalogue)

    def add_snapin(self, snapin: str) -> None:
        """Make a snap-in's commands available."""
        self.farm.charge("snapin_load")
        self.snapins.append(snapin)
        self._commands |= self.host.product_cmdlets(self.catalogue)

    def import_session(self, session: ProductSession, patterns: list[str], prefix: str, *, clobber: bool) -> list[str]:
        """Make functions of a session's commands; the names of the new ones."""
        names = []
        for cmdlet in self.offered(session.host, sessions.PROFILE, session.user, session.groups).values():
            verb, _separator, noun = cmdlet.name.partition("-")
            name = f"{verb}-{prefix}{noun}"
            if any(matches(pattern, cmdlet.name) for pattern in patterns) and (
                clobber or name.lower() not in self._commands
            ):
                self._commands[name.lower()] = replace(cmdlet, function=True)
                self._callers[name.lower()] = session.caller
                names.append(name)
        return names

    def close_session(self, session: ProductSession) -> None:
        """Close a session and forget its functions."""
        self.sessions.remove(session)
        gone = [key for key, caller in self._callers.items() if caller.fields["session"] == session.id]
        for key in gone:
            del self._callers[key], self._commands[key]
        self.farm.event("session_closed", **session.fields, shell="exchange")

    def close(self) -> None:
        """The client has closed its pool: what this runspace has opened ends with it."""
        for session in list(self.sessions):
            self.close_session(session)

    def kill(self) -> None:
        """The process is killed: what it has opened at the product stays there, until it has idled for long enough."""
        for session in self.sessions:
            session.leave(self.farm)
        self.sessions.clear()

    def element(self, command: Command, sink: Sink, takes_input: bool) -> Element:
        """A command as an element of a pipeline."""
        if command.is_script:
            raise scripts_not_allowed(self.host.culture)
        cmdlet = self.find(command.text)
        arguments = [(name.lstrip("-").rstrip(":") if name else None, value) for name, value in command.parameters]
        kind = _LOCAL_ELEMENTS.get(cmdlet.name.lower()) if cmdlet.shell == "standard" else FarmElement
        if kind is None:
            raise command_not_found(command.text, self.host.culture)
        made = kind(self, cmdlet, arguments, sink, takes_input)
        if isinstance(made, FarmElement):
            made.caller = self._callers.get(
                command.text.lower(), Caller("windows" if cmdlet.shell == "dns" else cmdlet.shell)
            )
        return made

    def invoke(
        self, commands: Sequence[Command], values: Iterable[Any], sink: Sink, output: Output, has_input: bool
    ) -> None:
        """Run one pipeline of cmdlets."""
        elements = [self.element(command, sink, has_input or index > 0) for index, command in enumerate(commands)]
        run(elements, values, output)

    def run(self, commands: list[Command], values: list[Any], sink: Sink) -> None:
        """Run what a client sent: one or more statements, each a pipeline of commands or a script.

        :raises Exited: where a script ends with ``exit``.
        :raises Terminating: with the error that ends it as failed.
        """
        try:
            for statement in _statements(commands):
                self._run_statement(statement, values, sink)
        except Stopped:
            return

    def _run_statement(self, commands: list[Command], values: list[Any], sink: Sink) -> None:
        def leave(value: Any) -> None:
            sink.output(remote_form(value))

        if not any(command.is_script for command in commands):
            self.invoke(commands, values, sink, leave, bool(values))
            return
        if not self.has_language:
            raise scripts_not_allowed(self.host.culture)
        script, *rest = commands
        if any(command.is_script for command in rest) or not script.is_script:
            raise language.not_in_lab("a script that is not the first command of its pipeline")
        if not rest:
            language.run(self, script.text, script.parameters, sink, leave)
            return
        outputs: list[Any] = []
        language.run(self, script.text, script.parameters, sink, outputs.append)
        self.invoke(rest, outputs, sink, leave, has_input=True)

    def run_text(self, text: str, sink: Sink, output: Output) -> None:
        """Run a script's text inside a pipeline."""
        language.run(self, text, (), sink, output, hands_on=self.scripts == 0)

    def command_metadata(self, names: list[str]) -> list[Any]:
        """What a client that wants to import this session is told of its commands."""
        found = {cmdlet.name: cmdlet for pattern in names or ["*"] for cmdlet in self.known(pattern)}
        return [_metadata(cmdlet) for cmdlet in found.values()]


def _statements(commands: list[Command]) -> list[list[Command]]:
    statements: list[list[Command]] = [[]]
    for command in commands:
        statements[-1].append(command)
        if command.end_of_statement:
            statements.append([])
    return [statement for statement in statements if statement]


def _metadata(cmdlet: Cmdlet) -> ps.PSCustomObject:
    info = standard.command_info(cmdlet, "")
    made = ps.PSCustomObject(
        Name=ps.PSString(cmdlet.name),
        Namespace=ps.PSString(""),
        HelpUri=ps.PSString(""),
        CommandType=info["CommandType"],
        ResolvedCommandName=None,
        OutputType=ps.PSList(),
        Parameters=info["Parameters"],
    )
    made.PSObject.type_names = [f"Selected.{info.PSObject.type_names[0]}", *made.PSObject.type_names]
    return made
