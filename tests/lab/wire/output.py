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
        self._chunks: deque[tuple[str, bytes]] = deque()
        self._apart: set[bytes] = set()
        self._ended = False
        self._exit_code = 0
        self._abandoned = False

    def write(self, stream: str, data: bytes, *, apart: bool = False) -> None:
        """Add a chunk; text streams grow their last chunk instead. One that stands apart begins a new answer."""
        with self._ready:
            if apart:
                self._apart.add(data)
            if self._divisible and self._chunks and self._chunks[-1][0] == stream:
                data = self._chunks.pop()[1] + data
            self._chunks.append((stream, data))
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
            if chunks and data in self._apart:
                break
            if len(data) > room - _ELEMENT and (chunks or self._divisible):
                if self._divisible:
                    cut = room - _ELEMENT
                    self._chunks[0] = (stream, data[cut:])
                    chunks.append((stream, data[:cut]))
                break
            chunks.append(self._chunks.popleft())
            room -= len(data) + _ELEMENT
        return chunks
