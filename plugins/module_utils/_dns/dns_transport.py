# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages to a DNS server and back, over TCP or UDP: bytes, whatever is in them.

A read may be sent again; what writes is sent once, and over TCP on a connection of its own, so that it is known whether it went out.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
import typing as t
from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_server_option import DnsServer

DATAGRAM_TRIES = 3
"""How often a read is sent over UDP, where a message may get lost."""
_TRUNCATED = 0x02
_LONGEST = 65535

Address = tuple[socket.AddressFamily, t.Any]


class NoAnswer(Exception):
    """The server did not answer.

    :ivar reason: why, as part of a sentence.
    :ivar sent: whether the message may have reached the server.
    """

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class DnsTransport:
    """The way to one server. The address that answered first is kept, so that all messages reach the same server."""

    def __init__(self, server: DnsServer) -> None:
        self._server = server
        self._addresses: list[Address] = []
        self._stream: socket.socket | None = None

    def ask(self, wire: bytes, *, stream: bool = False) -> bytes:
        """The answer to a message that changes nothing. A truncated one is asked for again over TCP.

        :param stream: whether to use TCP in any case.
        :raises NoAnswer: if there is none in time.
        """
        deadline = time.monotonic() + self._server.timeout
        if self._server.protocol == "udp" and not stream:
            answer = self._ask_by_datagram(wire, deadline)
            if not answer[2] & _TRUNCATED:
                return answer
        return self._ask_by_stream(wire, deadline)

    def send(self, wire: bytes) -> bytes:
        """The answer to a message that may change something. It is sent once.

        :raises NoAnswer: if there is none in time; ``sent`` says whether the message may have arrived.
        """
        deadline = time.monotonic() + self._server.timeout
        if self._server.protocol == "udp":
            with _close_after(self._open_datagram()) as datagram:
                return self._receive_datagram(datagram, wire, deadline)
        with _close_after(self._connect(deadline)) as stream:
            return self._exchange(stream, wire, deadline)

    def close(self) -> None:
        """Close the connection that reads are sent on."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _resolve(self) -> list[Address]:
        if not self._addresses:
            try:
                found = socket.getaddrinfo(self._server.address, self._server.port, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                raise NoAnswer(f"its name has no address ({_describe(error)})", sent=False) from None
            self._addresses = [(family, address) for family, _type, _protocol, _name, address in found]
        return self._addresses

    def _connect(self, deadline: float) -> socket.socket:
        reason = ""
        for family, address in self._resolve():
            stream = socket.socket(family, socket.SOCK_STREAM)
            try:
                stream.settimeout(_count_remaining(deadline))
                stream.connect(address)
            except OSError as error:
                stream.close()
                reason = _describe(error)
                continue
            self._addresses = [(family, address)]
            return stream
        raise NoAnswer(f"there is no connection to port {self._server.port} ({reason})", sent=False)

    def _ask_by_stream(self, wire: bytes, deadline: float) -> bytes:
        """Over the connection that is open; once more over a new one, since a server closes those that are idle."""
        if self._stream is not None:
            with contextlib.suppress(NoAnswer):
                return self._exchange(self._stream, wire, deadline)
            self.close()
        self._stream = self._connect(deadline)
        try:
            return self._exchange(self._stream, wire, deadline)
        except NoAnswer:
            self.close()
            raise

    def _exchange(self, stream: socket.socket, wire: bytes, deadline: float) -> bytes:
        try:
            stream.settimeout(_count_remaining(deadline))
            stream.sendall(struct.pack("!H", len(wire)) + wire)
            (length,) = struct.unpack("!H", _receive_bytes(stream, 2, deadline))
            answer = _receive_bytes(stream, length, deadline)
        except TimeoutError:
            raise NoAnswer(f"no answer came within {self._server.timeout:g} s", sent=True) from None
        except OSError as error:
            raise NoAnswer(f"the connection ended before an answer came ({_describe(error)})", sent=True) from None
        if not _belongs_together(wire, answer):
            raise NoAnswer("what came back is not an answer to it", sent=True)
        return answer

    def _open_datagram(self) -> socket.socket:
        """A socket that takes answers from the server only."""
        family, address = self._resolve()[0]
        datagram = socket.socket(family, socket.SOCK_DGRAM)
        try:
            datagram.connect(address)
        except OSError as error:
            datagram.close()
            raise NoAnswer(f"there is no way to it ({_describe(error)})", sent=False) from None
        return datagram

    def _ask_by_datagram(self, wire: bytes, deadline: float) -> bytes:
        step = self._server.timeout / DATAGRAM_TRIES
        with _close_after(self._open_datagram()) as datagram:
            for again in range(DATAGRAM_TRIES - 1, 0, -1):
                with contextlib.suppress(NoAnswer):
                    return self._receive_datagram(datagram, wire, deadline - again * step)
            return self._receive_datagram(datagram, wire, deadline)

    def _receive_datagram(self, datagram: socket.socket, wire: bytes, deadline: float) -> bytes:
        try:
            datagram.send(wire)
            while True:
                datagram.settimeout(_count_remaining(deadline))
                answer = datagram.recv(_LONGEST)
                if _belongs_together(wire, answer):
                    return answer
        except TimeoutError:
            raise NoAnswer(f"no answer came within {self._server.timeout:g} s", sent=True) from None
        except ConnectionRefusedError:
            raise NoAnswer(f"nothing listens on port {self._server.port}", sent=False) from None
        except OSError as error:
            raise NoAnswer(f"it could not be sent ({_describe(error)})", sent=True) from None


def _belongs_together(wire: bytes, answer: bytes) -> bool:
    """Whether an answer has the number of the request, and a whole header."""
    return len(answer) >= 12 and answer[:2] == wire[:2]


def _receive_bytes(stream: socket.socket, count: int, deadline: float) -> bytes:
    found = b""
    while len(found) < count:
        stream.settimeout(_count_remaining(deadline))
        part = stream.recv(count - len(found))
        if not part:
            raise ConnectionError("it was closed")
        found += part
    return found


def _count_remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining


@contextlib.contextmanager
def _close_after(opened: socket.socket) -> Iterator[socket.socket]:
    try:
        yield opened
    finally:
        opened.close()


def _describe(error: Exception) -> str:
    """The operating system's words for an error, or its class where it has none."""
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
