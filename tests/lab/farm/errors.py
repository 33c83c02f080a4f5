# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong: in the lab itself (LabError), or in an emulated cmdlet (CmdletError: an error record as the product gives it)."""

from __future__ import annotations

from dataclasses import asdict, dataclass


class LabError(Exception):
    """The lab cannot do what it was asked; one line that says why."""


@dataclass(frozen=True)
class Record:
    """A PowerShell error record, field for field as the host process puts it on the wire.

    ``reason`` is the exception's short name, ``type_name`` its full .NET name, ``category`` an ErrorCategory by name.
    """

    message: str
    fqid: str
    category: str
    reason: str
    target: str
    type_name: str

    def wire(self) -> dict[str, str]:
        """The record as a JSON object."""
        return asdict(self)


class CmdletError(Exception):
    """An error of an emulated cmdlet: ends the cmdlet (terminating) or only this object (not terminating)."""

    def __init__(self, record: Record, *, terminating: bool = True) -> None:
        super().__init__(record.message)
        self.record = record
        self.terminating = terminating
