# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRS: the command shell, whose commands are cmd.exe's or one ``powershell.exe``."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace

from wire import cmd, faults
from wire import namespaces as ns
from wire.command_line import arguments as split
from wire.envelope import Request
from wire.output import Fetched, Output
from wire.process import Finished, Process
from wire.shell import Shell

_CODE_PAGES = {"437": "cp437", "850": "cp850", "1252": "cp1252", "65001": "utf-8"}
_SHORTEST = {
    "noexit": "noe", "noprofile": "nop", "nologo": "nol", "noninteractive": "noni", "sta": "st", "mta": "mta",
    "importsystemmodules": "imp", "servermode": "s", "command": "c", "file": "f", "encodedcommand": "e",
    "executionpolicy": "ex", "inputformat": "i", "outputformat": "o", "version": "v", "windowstyle": "w",
    "configurationname": "config", "psconsolefile": "p",
}  # fmt: skip
"""powershell.exe's options, each with the shortest form that it knows it by."""
_SHORTER = {"ec": "encodedcommand", "ep": "executionpolicy", "if": "inputformat", "of": "outputformat"}
_VALUED = {
    "executionpolicy", "inputformat", "outputformat", "version", "windowstyle", "configurationname", "psconsolefile",
}  # fmt: skip
_NOT_BASE64 = (
    "Cannot process the command because the value specified with -EncodedCommand is not properly encoded. "
    "The value must be Base64 encoded."
)
_NO_COMMAND = "Cannot process the command because of a missing parameter. A command must follow -Command."
BAD_PARAMETER_EXIT = 0xFFFD0000
"""How Windows PowerShell ends on a command line that it refuses (ConsoleHost.ExitCodeBadCommandLineParameter; seen with a value of
-EncodedCommand that is no Base64)."""


@dataclass(frozen=True)
class PowerShellCall:
    """How powershell.exe was called: as a server, with a script, or with its script to come over standard input."""

    server: bool = False
    script: str | None = None
    directory: str = ""
    """Where the command shell is, if its client has said so."""
    refusal: str = ""
    """What powershell.exe says to a command line that it does not take, instead of doing anything."""


def _option(word: str) -> str | None:
    """The option of powershell.exe that a word is, which may be shortened; none where it is no option."""
    name = word[1:].removeprefix("-").lower() if word.startswith(("-", "/")) else ""
    known = (option for option, least in _SHORTEST.items() if name.startswith(least) and option.startswith(name))
    return _SHORTER.get(name) or next(known, None)


def powershell_call(words: list[str]) -> PowerShellCall:
    """powershell.exe's own command line: the first word that is none of its options begins the command."""
    position = 0
    while position < len(words):
        option, rest = _option(words[position]), words[position + 1 :]
        if words[position:] == ["-"]:
            return PowerShellCall()  # as after -Command: the script comes over standard input
        if option is None:
            return PowerShellCall(script=" ".join(words[position:]))
        if option == "servermode":
            return PowerShellCall(server=True)
        if option in _LAST:
            return _LAST[option](rest)
        position += 2 if option in _VALUED else 1
    return PowerShellCall()


def _command(rest: list[str]) -> PowerShellCall:
    if not rest:
        return PowerShellCall(refusal=_NO_COMMAND)
    return PowerShellCall(script=None if rest == ["-"] else " ".join(rest))


def _encoded(rest: list[str]) -> PowerShellCall:
    """.NET's decoders: what is no Base64 is an error, what is no UTF-16 becomes U+FFFD."""
    if not rest:
        return PowerShellCall(refusal=_NO_COMMAND)
    try:
        script = base64.b64decode("".join(rest[0].split()), validate=True)
    except ValueError:
        return PowerShellCall(refusal=_NOT_BASE64)
    return PowerShellCall(script=script.decode("utf-16-le", "replace"))


def _file(rest: list[str]) -> PowerShellCall:
    """A script's file is dot-sourced; a host of the lab has no files, so its PowerShell refuses to read that."""
    path, *arguments = rest or [""]
    quoted = path.replace("'", "''")
    return PowerShellCall(script=None if path == "-" else " ".join([f". '{quoted}'", *arguments]))


_LAST = {"command": _command, "encodedcommand": _encoded, "file": _file}
"""The options that take all that is left of the line."""


_UNHANDLED_EXCEPTION = 0xE0434352
"""EXCEPTION_COMPLUS of the .NET runtime: the exit code of a process that an OutOfMemoryException ends."""

PowerShellStarter = Callable[[PowerShellCall, Output], Process]


class CmdShell(Shell):
    """A command shell."""

    input_streams, output_streams = "stdin", "stdout stderr"

    def __init__(self, request: Request, environment: Callable[[dict[str, str]], dict[str, str]]) -> None:
        super().__init__()
        variables = {
            v.get("Name", ""): v.text or "" for v in request.element("Shell").iter(ns.tag(ns.SHELL, "Variable"))
        }
        self._environment = environment(variables)
        self._directory = request.element("Shell").findtext(ns.tag(ns.SHELL, "WorkingDirectory")) or ""
        self._encoding = _CODE_PAGES.get(request.options.get("WINRS_CODEPAGE", "437"), "utf-8")
        self._processes: dict[str, Process] = {}
        self._files: dict[str, str] = {}
        self.start_powershell: PowerShellStarter

    @property
    def commands(self) -> list[str]:
        """The commands there are."""
        return list(self._processes)

    def command(self, request: Request, command_id: str, text: str, arguments: list[str]) -> None:
        """Start a program; pywinrm sends all arguments as one string, so the line is split as Windows does."""
        line = " ".join([text, *arguments]).strip()
        output = Output(divisible=True)
        path, _separator, program = (split(line) or [""])[0].lower().rpartition("\\")
        skip = request.options.get("WINRS_SKIP_CMD_SHELL", "").upper() == "TRUE"
        if program in ("powershell", "powershell.exe") and (path or not skip):
            call = replace(powershell_call(split(line)[1:]), directory=self._directory)
            self._processes[command_id] = self.start_powershell(call, output)
            return
        try:
            done = cmd.run(line, self._environment, skip_shell=skip, files=self._files)
        except cmd.NoSuchProgramError:
            raise faults.file_not_found() from None
        stdout, stderr = (text.encode(self._encoding, "replace") for text in (done.stdout, done.stderr))
        self._processes[command_id] = Finished(output, stdout, stderr, done.exit_code)

    def _process(self, command_id: str) -> Process:
        process = self._processes.get(command_id)
        if process is None:
            raise faults.unknown_command()
        return process

    def send(self, command_id: str, stream: str, data: bytes, *, end: bool) -> None:
        """Standard input."""
        process = self._process(command_id)
        if data:
            process.write(data)
        if end:
            process.end_input()

    def receive(self, command_id: str, timeout: float, envelope: int) -> Fetched | None:
        """Standard output and error."""
        if not command_id:
            raise faults.invalid_parameter()
        return self._process(command_id).io.fetch(timeout, envelope)

    def signal(self, command_id: str, code: str) -> None:
        """Control-C, or the end of a command."""
        process = self._process(command_id)
        if code.lower().endswith("terminate"):
            del self._processes[command_id]
            process.kill()
        else:
            process.interrupt()

    def lose_process(self, command_id: str) -> None:
        """The program ends with what an unhandled exception of .NET ends with; the shell stays."""
        process = self._process(command_id)
        process.io.end(_UNHANDLED_EXCEPTION)
        process.kill()

    def abandon(self) -> None:
        """Wake all that wait."""
        super().abandon()
        for process in list(self._processes.values()):
            process.io.abandon()

    def close(self) -> None:
        """End all that runs."""
        self.abandon()
        for process in list(self._processes.values()):
            process.kill()
