# SPDX-License-Identifier: GPL-3.0-or-later
"""A listener that passes on what it hears: what travels between a client and a host, byte by byte."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from typing import Any

ENVELOPE = b"http://www.w3.org/2003/05/soap-envelope"
"""What every message of WS-Management begins with, in both directions."""
SEALED = (b"Content-Type: multipart/encrypted;", b"Content-Type: multipart/x-multi-encrypted;")
"""How an HTTP message says that its body is sealed (MS-WSMV 2.2.9.1)."""


class Tap:
    """Stands before a port of this machine, for as long as it is open.

    :param host: the port's address.
    :ivar port: where clients connect instead.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self._streams: list[bytearray] = []
        tap = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                tap._connected(self.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads, self._server.block_on_close = True, False
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self) -> Tap:
        return self

    def __exit__(self, *_error: Any) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def heard(self) -> bytes:
        """Everything that was said, in both directions."""
        return b"\n".join(bytes(stream) for stream in self._streams)

    @property
    def sealed(self) -> int:
        """How many messages were sealed."""
        return sum(map(self.heard.count, SEALED))

    def _connected(self, client: socket.socket) -> None:
        with socket.create_connection(self._target) as host:
            answers = threading.Thread(target=self._pass_on, args=(host, client), daemon=True)
            answers.start()
            self._pass_on(client, host)
            answers.join()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        stream = bytearray()
        self._streams.append(stream)
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                stream += data
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
