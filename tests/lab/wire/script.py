# SPDX-License-Identifier: GPL-3.0-or-later
"""``powershell.exe -EncodedCommand`` (and -Command) of the emulated PowerShell: a script, its output as text.

Errors go to standard error as CLIXML, as powershell.exe writes them when its streams are no console.
"""

from __future__ import annotations

import threading
from typing import Any
from xml.sax.saxutils import escape

from wire.output import Output
from wire.ports import Command, Exited, Runspace
from wire.process import Process

_CLIXML = '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">{}</Objs>'


class _Printer:
    """The sink that prints."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.stopped = False
        self.messages: list[tuple[str, str]] = []
        self.succeeded = True
        """PowerShell's ``$?``: whether the last that was written is no error."""

    def output(self, value: Any) -> None:
        """Write an object in its string form."""
        self.succeeded = True
        text = "" if value is None else str(value)
        self._output.write("stdout", f"{text}\r\n".encode())

    def error(self, record: Any) -> None:
        """Keep an error for the end."""
        self.succeeded = False
        self.messages.append(("Error", str(record)))

    def warning(self, text: str) -> None:
        """Keep a warning for the end."""
        self.messages.append(("Warning", text))

    def verbose(self, text: str) -> None:
        """Keep a verbose message for the end."""
        self.messages.append(("Verbose", text))

    def information(self, record: Any) -> None:
        """Print what is for the host; nothing shows any other here. A console's host ends its lines with LF alone (seen with pypsrp)."""
        if "PSHOST" in (record.Tags or ()):
            self.succeeded = True
            data = record.MessageData
            self._output.write("stdout", f"{data.Message}{'' if data.NoNewLine else chr(10)}".encode())

    def progress(self, record: Any) -> None:
        """Nothing shows it here."""


class Script(Process):
    """A script that runs once; with ``text`` missing, standard input is the script."""

    def __init__(self, output: Output, runspace: Runspace, text: str | None) -> None:
        super().__init__(output)
        self._runspace = runspace
        self._printer = _Printer(output)
        self._input = b""
        self._started = False
        if text is not None:
            self._start(text)

    def _start(self, text: str) -> None:
        if not self._started:
            self._started = True
            threading.Thread(target=self._run, args=(text,), daemon=True).start()

    def _run(self, text: str) -> None:
        try:
            self._runspace.run([Command(text, is_script=True)], [], self._printer)
            code = 0 if self._printer.succeeded else 1
        except Exited as ended:
            code = ended.code
        except Exception as error:  # the border of the emulated PowerShell: what it raises is this program's error
            code = 1
            self._printer.messages.append(("Error", str(getattr(error, "record", None) or error)))
        if self._printer.messages:
            lines = (f'<S S="{kind}">{escape(text)}_x000D__x000A_</S>' for kind, text in self._printer.messages)
            self.io.write("stderr", _CLIXML.format("".join(lines)).encode())
        self.io.end(code)

    def write(self, data: bytes) -> None:
        """The script itself, where it comes over standard input."""
        self._input += data

    def end_input(self) -> None:
        """The script is whole."""
        self._start(self._input.decode(errors="replace"))

    def kill(self) -> None:
        """Tell the runspace; it looks at ``stopped``."""
        self._printer.stopped = True
        self._started = True
