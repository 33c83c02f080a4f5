# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Out-of-process framing: what ``powershell.exe -s`` speaks on its standard streams, one XML element in each line.

PowerShell's own client of it is in OutOfProcTransportManager.cs; ``Start-Job`` has used it since PowerShell 2.0.
"""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import dataclass

POOL = uuid.UUID(int=0)
"""Stands for the runspace pool where an element names its pipeline."""

MAXIMUM_LINE = 1024 * 1024
"""PowerShell sends fragments of 32 KiB: 44 KiB in Base64."""
MAXIMUM_NOISE = 4096

# every repetition has a bound or stops at a character of its own: a line that fits nowhere must not take long to be found so
_ELEMENT = re.compile(
    rb"""<(?P<kind>(?:Data|Command|Close|Signal)(?:Ack)?)
         (?P<attributes>(?:\s{1,8}\w{1,32}\s{0,8}=\s{0,8}(?:'[^'<>]{0,64}'|"[^"<>]{0,64}")){1,8})
         \s{0,8} (?:/>|>(?P<content>[A-Za-z0-9+/=\s]*)</(?P=kind)\s{0,8}>)""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(rb"""(\w{1,32})\s{0,8}=\s{0,8}(?:'([^']*)'|"([^"]*)")""")


@dataclass(frozen=True)
class Element:
    """One element: its name, the pipeline (or the pool) it is about and the fragments it carries."""

    kind: str
    owner: uuid.UUID
    data: bytes = b""


class NotServerMode(Exception):
    """What comes from the other end is not PowerShell's server mode."""


class Decoder:
    """Turns what the process writes, in pieces of any size, into elements; what is none of them is kept as noise."""

    def __init__(self) -> None:
        self._rest = b""
        self.noise = b""

    def feed(self, received: bytes) -> list[Element]:
        """The elements that ``received`` completes.

        :raises NotServerMode: for what has no line ends, and for an element that cannot be read.
        """
        *lines, self._rest = (self._rest + received).split(b"\n")
        if len(self._rest) > MAXIMUM_LINE:
            raise NotServerMode("what the remote PowerShell writes is not PowerShell Remoting: it has no line ends")
        return [element for line in lines for element in self._elements(line)]

    def mutter(self, noise: bytes) -> None:
        """Keep the end of what was said beside the protocol: a banner, an error on standard error."""
        self.noise = (self.noise + noise)[-MAXIMUM_NOISE:]

    def _elements(self, line: bytes) -> list[Element]:
        elements, end = [], 0
        for match in _ELEMENT.finditer(line):
            self.mutter(line[end : match.start()].strip())
            elements.append(_to_element(match))
            end = match.end()
        if rest := line[end:].strip():
            self.mutter(rest + b"\n")
        return elements


def make_data(owner: uuid.UUID | None, fragments: bytes, *, prompt: bool = False) -> bytes:
    """Fragments for a pipeline or for the pool."""
    stream = "PromptResponse" if prompt else "Default"
    content = base64.b64encode(fragments).decode("ascii")
    return f"<Data Stream='{stream}' PSGuid='{owner or POOL}'>{content}</Data>\n".encode("ascii")


def make_command(pipeline: uuid.UUID) -> bytes:
    """Creates a pipeline."""
    return f"<Command PSGuid='{pipeline}' />\n".encode("ascii")


def make_signal(pipeline: uuid.UUID) -> bytes:
    """Stops a pipeline."""
    return f"<Signal PSGuid='{pipeline}' />\n".encode("ascii")


def make_close(owner: uuid.UUID | None) -> bytes:
    """Frees a pipeline that has ended, or ends the process."""
    return f"<Close PSGuid='{owner or POOL}' />\n".encode("ascii")


def _to_element(match: re.Match[bytes]) -> Element:
    attributes = {name: single or double for name, single, double in _ATTRIBUTE.findall(match["attributes"])}
    try:
        owner = uuid.UUID(attributes.get(b"PSGuid", str(POOL).encode()).decode("ascii"))
        return Element(match["kind"].decode("ascii"), owner, base64.b64decode(match["content"] or b""))
    except ValueError as error:
        raise NotServerMode("an element of the remote PowerShell cannot be read") from error
