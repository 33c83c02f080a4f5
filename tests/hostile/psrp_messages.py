# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell Remoting messages made by hand, right or wrong (MS-PSRP 2.2.1 and 2.2.4)."""

from __future__ import annotations

import itertools
import struct
import uuid
from dataclasses import dataclass

OUTPUT, ERROR, STATE, WARNING, PROGRESS = 0x00041004, 0x00041005, 0x00041006, 0x00041011, 0x00041010
POOL_STATE, HOST_CALL = 0x00021005, 0x00041100
NO_ID = uuid.UUID(int=0)
COMPLETED = '<Obj RefId="0"><MS><I32 N="PipelineState">4</I32></MS></Obj>'
BROKEN = '<Obj RefId="0"><MS><I32 N="RunspaceState">5</I32></MS></Obj>'

_numbers = itertools.count(1 << 40)


@dataclass(frozen=True)
class Address:
    """Whom a message is for."""

    pool: uuid.UUID
    pipeline: uuid.UUID

    @classmethod
    def read(cls, fragments: bytes) -> Address:
        """From the first fragment of an honest message."""
        return cls(uuid.UUID(bytes_le=fragments[29:45]), uuid.UUID(bytes_le=fragments[45:61]))

    def message(self, kind: int, clixml: str | bytes) -> bytes:
        """A message in one fragment."""
        return fragment(self.body(kind, clixml))

    def body(self, kind: int, clixml: str | bytes) -> bytes:
        """A message without its fragment."""
        data = clixml.encode("utf-8", "surrogatepass") if isinstance(clixml, str) else clixml
        return struct.pack("<II", 1, kind) + self.pool.bytes_le + self.pipeline.bytes_le + data


def fragment(
    data: bytes, *, number: int | None = None, position: int = 0, flags: int = 3, length: int | None = None
) -> bytes:
    """One fragment; what is not given is right."""
    number = next(_numbers) if number is None else number
    return struct.pack(">QQBI", number, position, flags, len(data) if length is None else length) + data


def split(body: bytes, size: int) -> list[bytes]:
    """A message in fragments of a size."""
    number, pieces = next(_numbers), [body[at : at + size] for at in range(0, len(body), size)]
    flags = [(position == 0) | ((position == len(pieces) - 1) << 1) for position in range(len(pieces))]
    return [fragment(piece, number=number, position=at, flags=flags[at]) for at, piece in enumerate(pieces)]
