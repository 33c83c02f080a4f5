# SPDX-License-Identifier: GPL-3.0-or-later
"""The farm's client: newline-delimited JSON over loopback TCP, one connection for each stream of calls.

The first line of a connection is ``{"token": ...}``; then each request is one line. Single answers are one line; a cmdlet's
are several, the last of which holds ``done`` or ``failed``. Connections are kept for the next call. Events get their own
connection and are not waited for; HTTP requests are only counted, and told with the next event or soon after.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_LAST = {"done", "failed", "refused"}
_SOON = 0.05
"""Seconds within which counted requests are told."""


class FarmGoneError(ConnectionError):
    """The farm does not answer any more."""


class FarmRefusedError(RuntimeError):
    """The farm knows the question, and says why it has no answer."""


class Connection:
    """One connection to the farm."""

    def __init__(self, address: tuple[str, int], token: str) -> None:
        self.socket = socket.create_connection(address, timeout=None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self.socket.makefile("rb")
        self.send({"token": token})

    def send(self, *messages: dict[str, Any]) -> None:
        """Write messages, in one packet where they fit."""
        self.socket.sendall(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    def receive(self) -> dict[str, Any]:
        """Read one message."""
        line = self._lines.readline()
        if not line:
            raise FarmGoneError("the farm has closed the connection")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Close, and end a read that waits in another thread."""
        with suppress(OSError):  # the farm was first
            self.socket.shutdown(socket.SHUT_RDWR)
        self._lines.close()
        self.socket.close()


class FarmClient:
    """What a host asks of the farm and tells it."""

    def __init__(self, address: tuple[str, int], token: str, host: str) -> None:
        self.address, self.token, self.host = address, token, host
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._events: Connection | None = None
        self._requests = 0
        self._timer: threading.Timer | None = None

    def connect(self) -> Connection:
        """A connection of the caller's own."""
        return Connection(self.address, self.token)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self.connect()
        whole = False
        try:
            yield connection
            whole = True
        finally:
            if whole:
                with self._lock:
                    self._idle.append(connection)
            else:
                connection.close()

    def call(self, op: str, **fields: Any) -> dict[str, Any]:
        """One question, one answer."""
        with self._connection() as connection:
            connection.send({"op": op, "host": self.host, **fields})
            answer = connection.receive()
        if "refused" in answer:
            raise FarmRefusedError(f"{op}: {answer['refused']}")
        return answer

    def cmdlet(self, **fields: Any) -> Iterator[dict[str, Any]]:
        """Call a cmdlet; yields each answer as it comes, the last of them with ``done`` or ``failed``."""
        with self._connection() as connection:
            connection.send({"op": "cmdlet", "host": self.host, **fields})
            while True:
                answer = connection.receive()
                yield answer
                if answer.keys() & _LAST:
                    return

    def charge(self, what: str) -> float:
        """Wait as long as the real thing takes, by the farm's table of latencies; how many seconds that was."""
        return float(self.call("charge", what=what).get("seconds") or 0)

    def event(self, event: str, **fields: Any) -> None:
        """Tell the farm what happened, without waiting for an answer."""
        with self._lock:
            self._tell({"op": "event", "host": self.host, "event": event, **fields})

    def count_request(self) -> None:
        """One more HTTP request; told with the next event or soon after."""
        with self._lock:
            self._requests += 1
            if self._timer is None:
                self._timer = threading.Timer(_SOON, self._flush)
                self._timer.daemon = True
                self._timer.start()

    def _flush(self) -> None:
        with self._lock:
            self._timer = None
            self._tell()

    def _tell(self, *events: dict[str, Any]) -> None:
        counted: tuple[dict[str, Any], ...] = ()
        if self._requests:
            counted = ({"op": "event", "host": self.host, "event": "request", "count": self._requests},)
            self._requests = 0
        if not counted and not events:
            return
        self._events = self._events or self.connect()
        self._events.send(*counted, *events)
        self._discard_answers(self._events)

    @staticmethod
    def _discard_answers(connection: Connection) -> None:
        with suppress(BlockingIOError):  # nothing was answered yet
            connection.socket.recv(65536, socket.MSG_DONTWAIT)

    def session(self, **fields: Any) -> SessionClient:
        """The same client, with fields that each of a session's cmdlets carries."""
        return SessionClient(self, fields)

    def close(self) -> None:
        """Tell what is still counted and close all connections."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
            self._tell()
            for connection in (*self._idle, *([self._events] if self._events else [])):
                connection.close()
            self._idle, self._events = [], None


class SessionClient:
    """A farm client that says for each cmdlet in which session, at which endpoint and for whom it is called."""

    def __init__(self, farm: FarmClient, fields: dict[str, Any]) -> None:
        self.farm, self.fields = farm, fields
        self.host, self.address, self.token = farm.host, farm.address, farm.token

    def call(self, op: str, **fields: Any) -> dict[str, Any]:
        """One question, one answer."""
        return self.farm.call(op, **fields)

    def cmdlet(self, **fields: Any) -> Iterator[dict[str, Any]]:
        """Call a cmdlet; what the caller says comes before what the session knows."""
        return self.farm.cmdlet(**{**self.fields, **fields})

    def charge(self, what: str) -> None:
        """Wait as long as the real thing takes."""
        self.farm.charge(what)

    def event(self, event: str, **fields: Any) -> None:
        """Tell the farm what happened in the session."""
        self.farm.event(event, **{**self.fields, **fields})
