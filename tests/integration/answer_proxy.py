# SPDX-License-Identifier: GPL-3.0-or-later
"""Something between a client and its DNS server: it passes everything on, over UDP and TCP, and lays hands on updates and their answers."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import dns.message

from dns_programs import HOST

UPDATE = 5
"""The opcode (RFC 2136, section 1.3)."""
Alter = Callable[[bytes, bytes], "bytes | None"]


@dataclass
class AnswerProxy:
    """What is done with updates.

    :ivar before: what somebody else does while an update is on its way; called for the first one only.
    :ivar delivers: whether an update gets to the server.
    :ivar alter: makes another answer of an update and its answer; nothing swallows it.
    :ivar updates: those that came.
    """

    server: int
    port: int = 0
    before: Callable[[], None] | None = None
    delivers: bool = True
    alter: Alter = lambda _request, answer: answer
    updates: list[bytes] = field(default_factory=list)

    def handle(self, request: bytes, pass_on: Callable[[bytes], bytes]) -> bytes | None:
        """The answer to a message, if it gets one."""
        if request[2] >> 3 & 15 != UPDATE:
            return pass_on(request)
        self.updates.append(request)
        if self.before:
            act, self.before = self.before, None
            act()
        return self.alter(request, pass_on(request)) if self.delivers else None


def swallow(_request: bytes, _answer: bytes) -> None:
    """Lose the answer."""


def break_signature(_request: bytes, answer: bytes) -> bytes:
    """Change one bit of the answer's signature."""
    mac = read_mac(answer)
    return answer.replace(mac, mac[:-1] + bytes([mac[-1] ^ 1]))


def mirror_signature(request: bytes, answer: bytes) -> bytes:
    """Give the answer the request's own signature, as Windows does where it has not checked it (external-dns, issue 6573)."""
    return answer.replace(read_mac(answer), read_mac(request))


def strip_signature(_request: bytes, answer: bytes) -> bytes:
    """Take the signature away."""
    message = dns.message.from_wire(answer, keyring=False)
    message.tsig = None
    return message.to_wire()


def read_mac(wire: bytes) -> bytes:
    """The signature of a message."""
    mac = dns.message.from_wire(wire, keyring=False).mac
    assert mac
    return mac


class _Datagram(socketserver.BaseRequestHandler):
    server: _Udp

    def handle(self) -> None:
        if answer := self.server.proxy.handle(self.request[0], self._pass_on):
            self.request[1].sendto(answer, self.client_address)

    def _pass_on(self, request: bytes) -> bytes:
        with socket.socket(type=socket.SOCK_DGRAM) as out:
            out.settimeout(5)
            out.connect((HOST, self.server.proxy.server))
            out.send(request)
            return out.recv(65535)


class _Stream(socketserver.StreamRequestHandler):
    server: _Tcp

    def handle(self) -> None:
        with socket.create_connection((HOST, self.server.proxy.server), timeout=5) as out, out.makefile("rb") as back:

            def pass_on(request: bytes) -> bytes:
                out.sendall(struct.pack("!H", len(request)) + request)
                return back.read(struct.unpack("!H", back.read(2))[0])

            with contextlib.suppress(ConnectionError):  # a client may leave at any time
                while header := self.rfile.read(2):
                    answer = self.server.proxy.handle(self.rfile.read(struct.unpack("!H", header)[0]), pass_on)
                    if answer:
                        self.wfile.write(struct.pack("!H", len(answer)) + answer)


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    proxy: AnswerProxy


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    proxy: AnswerProxy


@contextlib.contextmanager
def stand_between(server: int) -> Iterator[AnswerProxy]:
    """Pass on what comes on a port of its own to a server's port."""
    proxy = AnswerProxy(server)
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(_Tcp((HOST, 0), _Stream))
        proxy.port = int(stream.server_address[1])
        datagram = stack.enter_context(_Udp((HOST, proxy.port), _Datagram))
        for front in (stream, datagram):
            front.proxy = proxy
            threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            stack.callback(front.shutdown)
        yield proxy
