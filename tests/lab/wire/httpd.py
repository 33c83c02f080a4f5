# SPDX-License-Identifier: GPL-3.0-or-later
"""The sockets of a listener: the standard library's threading server, whose handler instance is the TCP connection."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

from wire.auth import ConnectionAuth
from wire.channel_bindings import Bindings
from wire.credentials import Credentials
from wire.front import Front

_GONE = (ConnectionError, TimeoutError, ssl.SSLError, BrokenPipeError)


class Connection(BaseHTTPRequestHandler):
    """One TCP connection and what it has proved."""

    protocol_version, server_version, sys_version = "HTTP/1.1", "Microsoft-HTTPAPI/2.0", ""
    disable_nagle_algorithm, wbufsize, timeout = True, 65536, 300
    server: Listener

    def setup(self) -> None:
        """Shake hands in this thread, not in the one that accepts."""
        if self.server.tls is not None:
            self.request.settimeout(self.timeout)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()
        shown = self.request.context if isinstance(self.request, ssl.SSLSocket) else None
        bindings = self.server.site_bindings.get(shown, self.server.bindings) if shown else self.server.bindings
        self.auth = ConnectionAuth(
            self.server.credentials,
            bindings,
            self.client_address[0],
            self.server.kerberos,
            self.server.ahead,
        )

    def finish(self) -> None:
        """Close what setup() made: the server only knows the bare socket."""
        super().finish()
        self.request.close()

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.on_request()
        reply = self.server.front.handle(self.auth, self.command, self.path, headers, body)
        if reply.dropped:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """What HTTP.sys writes into the Date header of every answer: the machine's own time."""
        now = time.time() + self.server.clock() if timestamp is None else timestamp
        return super().date_time_string(now)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _handle

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Requests are counted by the farm, not logged."""


class Listener(ThreadingHTTPServer):
    """A port on the loopback interface, chosen by the system."""

    request_queue_size = 256
    daemon_threads = True

    def __init__(
        self,
        front: Front,
        credentials: Credentials,
        on_request: Callable[[], None],
        tls: ssl.SSLContext | None = None,
        bindings: Bindings | None = None,
        clock: Callable[[], float] = lambda: 0.0,
        *,
        kerberos: bool = False,
        site_bindings: Mapping[ssl.SSLContext, Bindings] = MappingProxyType({}),
        ahead: float = 0.0,
    ) -> None:
        self.front, self.credentials, self.on_request = front, credentials, on_request
        self.tls, self.bindings, self.clock, self.kerberos = tls, bindings, clock, kerberos
        self.site_bindings = site_bindings
        self.ahead = ahead
        self._serving: threading.Thread | None = None
        super().__init__(("127.0.0.1", 0), Connection)

    @property
    def port(self) -> int:
        """The port."""
        return int(self.server_address[1])

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the standard library."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error."""
        if not isinstance(sys.exc_info()[1], _GONE):
            super().handle_error(request, client_address)

    def start(self) -> None:
        """Serve in the background."""
        self._serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 3600.0}, daemon=True)
        self._serving.start()

    def stop(self) -> None:
        """Close the port; connections end with the process.

        The thread has to have ended before: its poll keeps the port open, and would go on with the number of the closed socket, which
        the next file or pipe of the process gets.
        """
        if self._serving is not None:
            ending = threading.Thread(target=self.shutdown)
            ending.start()
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the poll
            ending.join()
            self._serving.join()
            self._serving = None
        self.server_close()
