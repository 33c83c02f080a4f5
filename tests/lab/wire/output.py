# SPDX-License-Identifier: GPL-3.0-or-later
"""What a shell or a command has written and nobody has fetched yet: the other half of a long-polling Receive."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

_ELEMENT = 180
"""Bytes that one Stream element costs beside its data."""
_SETTLE = 0.002
"""Seconds that a Receive which had to wait gives a pipeline to end as well: real servers answer with both at once."""


@dataclass(frozen=True)
class Fetched:
    """What one Receive takes away; ``exit_code`` is set with the last of it."""

    chunks: list[tuple[str, bytes]]
    done: bool
    exit_code: int = 0


class Output:
    """A queue of chunks by stream, that a reader can wait on."""

    def __init__(self, *, divisible: bool) -> None:
        self._divisible = divisible
        self._ready = threading.Condition()
        # what can be divided is a bytearray, which grows at its end and shrinks at its beginning without being copied
        self._chunks: deque[tuple[str, bytes | bytearray]] = deque()
        self._apart: set[bytes] = set()
        self._ended = False
        self._exit_code = 0
        self._abandoned = False

    def write(self, stream: str, data: bytes, *, apart: bool = False) -> None:
        """Add a chunk; text streams grow their last chunk instead. One that stands apart begins a new answer."""
        with self._ready:
            if apart:
                self._apart.add(data)
            last = self._chunks[-1] if self._chunks else None
            if last and last[0] == stream and isinstance(last[1], bytearray):
                last[1].extend(data)
            else:
                self._chunks.append((stream, bytearray(data) if self._divisible else data))
            self._ready.notify_all()

    def end(self, exit_code: int = 0) -> None:
        """Nothing more will be written."""
        with self._ready:
            if not self._ended:
                self._ended, self._exit_code = True, exit_code
                self._ready.notify_all()

    def abandon(self) -> None:
        """The shell is gone: wake whoever waits."""
        with self._ready:
            self._abandoned = True
            self._ready.notify_all()

    @property
    def abandoned(self) -> bool:
        """Whether the shell went away."""
        return self._abandoned

    def fetch(self, timeout: float, envelope: int) -> Fetched | None:
        """What is there, at most what fits in the envelope, after waiting for it; nothing: the time is over."""
        deadline = time.monotonic() + timeout
        with self._ready:
            waited = False
            while not self._chunks and not self._ended and not self._abandoned:
                left = deadline - time.monotonic()
                if left <= 0 or not self._ready.wait(left):
                    return None
                waited = True
            if waited and not self._divisible and not self._ended:
                self._ready.wait_for(lambda: self._ended or self._abandoned, _SETTLE)
            chunks = self._take((envelope - 2048) * 3 // 4)
            return Fetched(chunks, self._ended and not self._chunks, self._exit_code)

    def _take(self, room: int) -> list[tuple[str, bytes]]:
        chunks: list[tuple[str, bytes]] = []
        while self._chunks and room > _ELEMENT:
            stream, data = self._chunks[0]
            if isinstance(data, bytearray) and len(data) > room - _ELEMENT:
                chunks.append((stream, bytes(data[: room - _ELEMENT])))
                del data[: room - _ELEMENT]
                break
            if chunks and (len(data) > room - _ELEMENT or bytes(data) in self._apart):
                break
            chunks.append((stream, bytes(data)))
            self._chunks.popleft()
            room -= len(data) + _ELEMENT
        return chunks
