# SPDX-License-Identifier: GPL-3.0-or-later
"""The few commands of cmd.exe that smoke tests of WinRM clients use; for any other the words of Windows and exit code 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wire.command_line import Statement, arguments, expanded, statements, unquoted
from wire.description import Host
from wire.ports import Identity

_VERSION = "Microsoft Windows [Version 10.0.17763.5830]"


class NoSuchProgramError(LookupError):
    """The name is neither a built-in command nor a program."""


def environment(host: Host, identity: Identity, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a command shell of that user."""
    domain, _separator, name = identity.user.rpartition("\\")
    return {
        "COMPUTERNAME": host.short,
        "USERNAME": name,
        "USERDOMAIN": domain or host.netbios_domain,
        "USERPROFILE": rf"C:\Users\{name}",
        "OS": "Windows_NT",
        "SystemDrive": "C:",
        "SystemRoot": r"C:\Windows",
        "TEMP": rf"C:\Users\{name}\AppData\Local\Temp",
        **variables,
    }


@dataclass
class Shell:
    """One ``cmd /c``: runs a line and keeps what it wrote."""

    environment: Mapping[str, str]
    files: dict[str, str] = field(default_factory=dict)
    """What was written to files, by their names in lower case: the host has no disk, and forgets them with the command shell."""
    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    _exited: bool = field(default=False, repr=False)

    def run(self, line: str) -> None:
        """Run a line with its operators."""
        for statement in statements(line):
            wanted = {"&&": self.exit_code == 0, "||": self.exit_code != 0}.get(statement.operator, True)
            if wanted and not self._exited:
                self._command(statement)

    def _command(self, statement: Statement) -> None:
        """Run one command, and send what it writes to where the statement says, the redirections in their order."""
        before, self.stdout, self.stderr = (self.stdout, self.stderr), "", ""
        self._plain_command(expanded(statement.text, self.environment))
        written, self.stdout, self.stderr = {1: self.stdout, 2: self.stderr}, *before
        goes = {1: "&1", 2: "&2"}
        for redirection in statement.redirections:
            number = redirection.target.removeprefix("&")
            to_stream = redirection.target.startswith("&") and number.isdigit()
            goes[redirection.stream] = goes.get(int(number), "nul") if to_stream else redirection.target
            if not to_stream and not redirection.appends:
                self.files[redirection.target.lower()] = ""
        for stream, text in written.items():
            self._write(goes[stream], text)

    def _write(self, target: str, text: str) -> None:
        if target == "&1":
            self.stdout += text
        elif target == "&2":
            self.stderr += text
        elif target.lower() != "nul":
            self.files[target.lower()] = self.files.get(target.lower(), "") + text

    def _plain_command(self, text: str) -> None:
        name, _separator, rest = text.partition(" ")
        name = name.rstrip()
        folded = name.strip('"').lower().rpartition("\\")[2].removesuffix(".exe")
        if folded.startswith("echo."):
            folded, rest = "echo", name[5:]
        command: Callable[[Shell, str], None] | None = _COMMANDS.get(folded)
        if command is None:
            self.exit_code = 1
            quoted = name.strip('"')
            self.stderr += f"'{quoted}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
            return
        self.exit_code = 0
        command(self, rest)

    def _echo(self, rest: str) -> None:
        self.stdout += f"{rest}\r\n"

    def _type(self, rest: str) -> None:
        name = rest.strip().strip('"').lower()
        if name in self.files:
            self.stdout += self.files[name]
        else:
            self.exit_code = 1
            self.stderr += "The system cannot find the file specified.\r\n"

    def _exit(self, rest: str) -> None:
        number = rest.lower().replace("/b", "").strip()
        self.exit_code, self._exited = int(number) if number.lstrip("-").isdigit() else 0, True

    def _hostname(self, rest: str) -> None:
        self.stdout += f"{self.environment['COMPUTERNAME']}\r\n"

    def _version(self, rest: str) -> None:
        self.stdout += f"\r\n{_VERSION}\r\n"

    def _whoami(self, rest: str) -> None:
        self.stdout += f"{self.environment['USERDOMAIN']}\\{self.environment['USERNAME']}\r\n".lower()

    def _set(self, rest: str) -> None:
        chosen = [(n, v) for n, v in sorted(self.environment.items()) if n.upper().startswith(rest.strip().upper())]
        self.stdout += "".join(f"{name}={value}\r\n" for name, value in chosen)

    def _directory(self, rest: str) -> None:
        self.stdout += f"{self.environment['USERPROFILE']}\r\n"

    def _list(self, rest: str) -> None:
        here = rest.strip() or self.environment["USERPROFILE"]
        self.stdout += f" Volume in drive C has no label.\r\n Volume Serial Number is 5C2D-0A11\r\n\r\n Directory of {here}\r\n\r\n"

    def _addresses(self, rest: str) -> None:
        self.stdout += "\r\nWindows IP Configuration\r\n\r\n"

    def _nested(self, rest: str) -> None:
        words = arguments(rest)
        if words and words[0].lower() == "/c":
            self.run(unquoted(rest.lstrip()[2:]))

    def _nothing(self, rest: str) -> None:
        """Accepted for its exit code only."""


_PROGRAMS: dict[str, Callable[[Shell, str], None]] = {
    "hostname": Shell._hostname,
    "whoami": Shell._whoami,
    "cmd": Shell._nested,
    "ipconfig": Shell._addresses,
}
_COMMANDS = _PROGRAMS | {
    "echo": Shell._echo,
    "exit": Shell._exit,
    "ver": Shell._version,
    "set": Shell._set,
    "cd": Shell._directory,
    "dir": Shell._list,
    "rem": Shell._nothing,
    "type": Shell._type,
}


def run(line: str, variables: Mapping[str, str], *, skip_shell: bool, files: dict[str, str] | None = None) -> Shell:
    """Run a line; without cmd.exe (WINRS_SKIP_CMD_SHELL) its first word must be a program's full path."""
    path, _separator, name = (arguments(line) or [""])[0].lower().rpartition("\\")
    if skip_shell and not (path and name.removesuffix(".exe") in _PROGRAMS):
        raise NoSuchProgramError(name)
    shell = Shell(variables, {} if files is None else files)
    shell.run(line if skip_shell else unquoted(line))
    return shell
