# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What moves PowerShell Remoting fragments between the session and the server, whatever lies between."""

from __future__ import annotations

import time
import typing as t
import uuid

FAREWELL = 2.5
"""Seconds for asking a server to stop and to close, together: nothing depends on the answer."""
GRACE = 1.3
"""Seconds after a deadline in which an answer still counts: a request names its time-out in whole seconds, and the answer has a way."""


class OutOfTime(Exception):
    """The deadline passed while something was still awaited."""


class Unanswered(Exception):
    """The transport failed, for the reason in ``__cause__``, after the server may have taken what was sent."""


class Deadline:
    """A point in time by which something must have happened; ``None`` seconds never pass.

    :param grace: seconds more in which the answer to what was sent in time still counts.
    """

    def __init__(self, seconds: float | None, grace: float = GRACE) -> None:
        self.seconds = seconds
        self.grace = grace
        self._end = None if seconds is None else time.monotonic() + seconds

    def __str__(self) -> str:
        return f"{round(self.seconds or 0.0, 1):g} seconds"

    @classmethod
    def for_farewell(cls) -> Deadline:
        """That of a farewell, which begins now."""
        return cls(FAREWELL, grace=0.0)

    @property
    def last_moment(self) -> Deadline:
        """The same deadline with its grace: until then an answer counts."""
        later = Deadline(self.seconds, grace=0.0)
        later._end = None if self._end is None else self._end + self.grace
        return later

    def remaining(self, at_most: float) -> float:
        """The seconds that are left, but not more than ``at_most``.

        :raises OutOfTime: when none is left.
        """
        if self._end is None:
            return at_most
        left = self._end - time.monotonic()
        if left <= 0:
            raise OutOfTime
        return min(left, at_most)

    def check(self) -> None:
        """Do nothing before the deadline.

        :raises OutOfTime: after it.
        """
        self.remaining(0.0)


class Carrier(t.Protocol):
    """Moves fragments; knows nothing of what is in them.

    A ``pipeline`` of ``None`` stands for the runspace pool itself. Any exception of a carrier's libraries may come out of its
    methods: :func:`.transport_errors.explain` knows them all.

    :ivar pool_id: the id that the runspace pool must take: over WS-Management it is the shell's id.
    :ivar fragment_size: the most bytes that one :meth:`start` or :meth:`send` may carry.
    :ivar delegates: whether the account's logon on the host can be passed on to a second server.
    :ivar requests: HTTP requests sent so far.
    :ivar clock_offset: by how many seconds the server's clock is ahead of this one's; None where it was not seen.
    :ivar silent: whether the server has not sent a single byte yet.
    :ivar by_kerberos: whether the logon is one by Kerberos, or may be.
    :ivar sealed: whether the last request was encrypted by its logon, so that nothing in plain text can be the server's word.
    """

    pool_id: uuid.UUID
    fragment_size: int
    delegates: bool

    @property
    def requests(self) -> int: ...

    @property
    def clock_offset(self) -> float | None: ...

    @property
    def silent(self) -> bool: ...

    @property
    def by_kerberos(self) -> bool: ...

    @property
    def sealed(self) -> bool: ...

    def open(self, first: bytes, deadline: Deadline) -> None:
        """Open the remote end; ``first`` opens the runspace pool."""

    def start(self, pipeline: uuid.UUID, first: bytes, deadline: Deadline) -> None:
        """Create a pipeline; ``first`` is its first fragment."""

    def send(self, pipeline: uuid.UUID | None, data: bytes, deadline: Deadline, *, prompt: bool = False) -> None:
        """Send further fragments; ``prompt`` marks the answer to a host call."""

    def receive(self, pipeline: uuid.UUID | None, deadline: Deadline) -> list[bytes]:
        """What has come, waiting for a while if nothing has; it may come back with nothing before the deadline."""

    def stop(self, pipeline: uuid.UUID, deadline: Deadline) -> None:
        """Ask the server to stop a running pipeline. Nobody waits for what it answers."""

    def finish(self, pipeline: uuid.UUID, deadline: Deadline) -> None:
        """Free what the server holds for a pipeline that has ended."""

    def close(self, deadline: Deadline) -> None:
        """Close the remote end, and with it all that still runs there. After the deadline only this end is closed."""
