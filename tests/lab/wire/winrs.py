# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRS: the command shell, whose commands are cmd.exe's or one ``powershell.exe``."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

from wire import cmd, faults
from wire import namespaces as ns
from wire.command_line import arguments as split
from wire.envelope import Request
from wire.output import Fetched, Output
from wire.process import Finished, Process
from wire.shell import Shell

_CODE_PAGES = {"437": "cp437", "850": "cp850", "1252": "cp1252", "65001": "utf-8"}
_VALUED = (
    "executionpolicy",
    "inputformat",
    "outputformat",
    "version",
    "windowstyle",
    "configurationname",
    "psconsolefile",
)


@dataclass(frozen=True)
class PowerShellCall:
    """How powershell.exe was called: as a server, with a script, or with its script to come over standard input."""

    server: bool = False
    script: str | None = None


def powershell_call(words: list[str]) -> PowerShellCall:
    """powershell.exe's own command line; its options may be shortened."""
    position = 0
    while position < len(words):
        word = words[position]
        name = word.lstrip("-/").lower()
        rest = words[position + 1 :]
        if not word.startswith(("-", "/")):
            return PowerShellCall(script=" ".join(words[position:]))
        if name in ("s", "servermode"):
            return PowerShellCall(server=True)
        if name in ("ec", "enc") or (name and "encodedcommand".startswith(name)):
            return PowerShellCall(script=base64.b64decode(rest[0]).decode("utf-16-le") if rest else "")
        if name and "command".startswith(name):
            return PowerShellCall(script=None if rest == ["-"] else " ".join(rest))
        position += 2 if name in ("ep", "ex") or any(name and v.startswith(name) for v in _VALUED) else 1
    return PowerShellCall()


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
        self._encoding = _CODE_PAGES.get(request.options.get("WINRS_CODEPAGE", "437"), "utf-8")
        self._processes: dict[str, Process] = {}
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
            self._processes[command_id] = self.start_powershell(powershell_call(split(line)[1:]), output)
            return
        try:
            done = cmd.run(line, self._environment, skip_shell=skip)
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
