# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell Remoting fragments, read without decoding what they carry (MS-PSRP 2.2.1, 2.2.4)."""

from __future__ import annotations

import re
import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

_FRAGMENT = struct.Struct(">QQBI")
_MESSAGE = struct.Struct("<II16s16s")
_STATE = re.compile(rb'<I32 N="PipelineState">(\d+)</I32>')
_FINAL_STATES = (b"3", b"4", b"5")
"""Stopped, Completed and Failed: PSInvocationState."""

PIPELINE_STATE = 0x00041006
RUNSPACEPOOL_STATE = 0x00021005


@dataclass(frozen=True)
class Fragment:
    """One fragment; the first of a message holds the message's header."""

    message: int
    number: int
    is_last: bool
    data: bytes

    @property
    def raw(self) -> bytes:
        """The fragment as it travels."""
        flags = (self.number == 0) | (self.is_last << 1)
        return _FRAGMENT.pack(self.message, self.number, flags, len(self.data)) + self.data

    @property
    def kind(self) -> int | None:
        """The message type, in a first fragment."""
        return _MESSAGE.unpack_from(self.data)[1] if self.number == 0 and len(self.data) >= _MESSAGE.size else None

    @property
    def pipeline(self) -> uuid.UUID | None:
        """The pipeline that the message is for, in a first fragment."""
        if self.kind is None:
            return None
        return uuid.UUID(bytes_le=_MESSAGE.unpack_from(self.data)[3])


def split(data: bytes) -> Iterator[Fragment]:
    """The fragments of a payload."""
    position = 0
    while position + _FRAGMENT.size <= len(data):
        message, number, flags, length = _FRAGMENT.unpack_from(data, position)
        position += _FRAGMENT.size
        yield Fragment(message, number, bool(flags & 2), data[position : position + length])
        position += length


def first_pipeline(data: bytes) -> uuid.UUID | None:
    """The pipeline that a payload starts with."""
    return next((fragment.pipeline for fragment in split(data)), None)


class EndOfPipeline:
    """Watches one pipeline's output for the message that ends it."""

    def __init__(self) -> None:
        self._ending: int | None = None

    def seen_in(self, data: bytes) -> bool:
        """Whether the payload completes that message."""
        for fragment in split(data):
            if fragment.kind == PIPELINE_STATE:
                state = _STATE.search(fragment.data)
                self._ending = fragment.message if state and state.group(1) in _FINAL_STATES else None
            if fragment.message == self._ending and fragment.is_last:
                return True
        return False
