# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell's out-of-process framing, what ``powershell.exe -s`` speaks: one XML element for each line.

``<Data Stream='Default' PSGuid='…'>base64</Data>``, ``<Command/>``, ``<Signal/>`` and ``<Close/>`` with a PSGuid, each answered
by an element named with ``Ack`` behind. The pool's id is all zeros. (OutOfProcessUtils in PowerShell's sources.)
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from wire import fragments

POOL = uuid.UUID(int=0)

_ELEMENT = re.compile(rb"<(\w+)((?:\s+\w+\s*=\s*(?:'[^']*'|\"[^\"]*\"))*)\s*(?:/>|>([^<]*)</\1\s*>)")
_GUID = re.compile(rb"PSGuid\s*=\s*['\"]([0-9A-Fa-f-]{36})['\"]")


@dataclass(frozen=True)
class Element:
    """One line of the framing; without a pipeline it is about the pool."""

    name: str
    pipeline: uuid.UUID | None
    data: bytes = b""

    @property
    def is_startup_state(self) -> bool:
        """The engine reports the end of its start-up command as the state of a pipeline that nobody knows."""
        if self.name != "Data" or self.pipeline is not None:
            return False
        return any(fragment.kind == fragments.PIPELINE_STATE for fragment in fragments.split(self.data))

    def line(self) -> bytes:
        """The element as it is written, without an end of line."""
        guid = str(self.pipeline or POOL).encode()
        if self.name == "Data":
            return b"<Data Stream='Default' PSGuid='" + guid + b"'>" + base64.b64encode(self.data) + b"</Data>"
        return b"<" + self.name.encode() + b" PSGuid='" + guid + b"' />"


def parse(line: bytes) -> Element | None:
    """The element of a line; other text is none."""
    match = _ELEMENT.search(line)
    guid = _GUID.search(match.group(2)) if match else None
    if match is None or guid is None:
        return None
    pipeline = uuid.UUID(guid.group(1).decode())
    data = base64.b64decode(match.group(3)) if match.group(3) else b""
    return Element(match.group(1).decode(), None if pipeline == POOL else pipeline, data)


class Lines:
    """Bytes in, whole lines out."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that the data completes, without their ends."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
