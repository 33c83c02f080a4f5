# SPDX-License-Identifier: GPL-3.0-or-later
"""A program in a command shell, emulated or real: it writes to an Output and gets bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod

from wire.output import Output

CONTROL_C_EXIT = 0xC000013A
"""STATUS_CONTROL_C_EXIT: how Windows reports an interrupted program."""


class Process(ABC):
    """A running program."""

    def __init__(self, output: Output) -> None:
        self.io = output

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Bytes for standard input."""

    def end_input(self) -> None:
        """Standard input is closed."""
        return

    @abstractmethod
    def kill(self) -> None:
        """End it at once."""

    def interrupt(self) -> None:
        """Control-C."""
        self.kill()
        self.io.end(CONTROL_C_EXIT)


class Finished(Process):
    """A program that needs no input and has already said all it had to say."""

    def __init__(self, output: Output, stdout: bytes, stderr: bytes, exit_code: int) -> None:
        super().__init__(output)
        for stream, data in (("stdout", stdout), ("stderr", stderr)):
            if data:
                output.write(stream, data)
        output.end(exit_code)

    def write(self, data: bytes) -> None:
        """It does not read."""

    def kill(self) -> None:
        """It has ended."""
