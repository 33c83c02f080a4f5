# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one way by which both carriers' HTTP requests go out and answers come in, those of the authentication among them.

pypsrp and pywinrm both send through requests. What this adapter sees to holds for every message of either:

* no byte is waited for beyond the deadline, and no answer is longer than it may be, however slowly or endlessly it comes;
* a redirect is not followed: neither a logon nor a message goes to an address that nobody named;
* a content coding is refused that nobody asked for, since a few bytes of it can become many;
* a sealed request takes a sealed answer (MS-WSMV 2.2.9.1);
* an answer that ends a logon by CredSSP before it is complete is an answer, and not a wrong password;
* a request is sent once: only the making of a connection is repeated, where the user's options say so.
"""

from __future__ import annotations

import email.utils
import http.client
import io
import time
import typing as t
from urllib.parse import urlsplit

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Deadline, OutOfTime
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.guarded import requests, urllib3
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.soap import NotSoap

SEALED = ("multipart/encrypted", "multipart/x-multi-encrypted")
"""How an HTTP message says that its body is sealed (MS-WSMV 2.2.9.1)."""
SMALLEST_LIMIT = 1024 * 1024
"""Bytes of one answer that are taken whatever the envelope size: Windows sends no more than 500 KiB by default (MaxEnvelopeSizekb)."""
_PIECE = 16 * 1024

REDIRECTED = (
    "Correct the address, the port, the protocol or the path in the connection variables. If it leads to /owa: HTTP Redirect was set "
    "on the Default Web Site of IIS and its virtual directories took it over; remove it from the virtual directory PowerShell."
)


class UnsealedAnswer(Exception):
    """A sealed request was answered in plain text, which anybody on the way can have written.

    :ivar status: the HTTP status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class RefusedByHttpSys(Exception):
    """HTTP 503 from Windows' own HTTP.sys, which says it before a request gets to any process.

    The reasons that Microsoft lists for it (AppOffline, Disabled, QueueFull, ConnLimit: "Error logging in HTTP APIs") are all of
    that kind. A gateway's 503 does not name Microsoft-HTTPAPI and says nothing about what ran behind it.
    """


class Traffic:
    """What one carrier may still do on the wire, and what it has done.

    :param connect_timeout: seconds in which a server has to say its first byte.
    :param limit: the most bytes of one answer, its headers included.
    :ivar requests: HTTP requests sent so far.
    :ivar received: bytes received so far.
    :ivar sealed: whether the last request was sealed.
    :ivar clock_offset: by how many seconds the server's clock is ahead of this one's, by the last answer's Date header, which HTTP.sys
        writes; None where there was none. The header has whole seconds.
    """

    def __init__(self, connect_timeout: float, limit: int) -> None:
        self.deadline = Deadline(None)
        self.requests = 0
        self.received = 0
        self.sealed = False
        self.clock_offset: float | None = None
        self._connect_timeout = connect_timeout
        self._limit = limit

    @property
    def silent(self) -> bool:
        """Whether the server has not said anything yet."""
        return not self.received

    def begin(self, request: requests.PreparedRequest) -> None:
        """Count a request that is about to be sent."""
        self.deadline.check()
        self.requests += 1
        self.sealed = _is_sealed(request.headers)

    def timeouts(self, given: t.Any) -> tuple[float, float]:
        """The seconds for connecting and for reading, by what the library asks for, the deadline and what the server has said."""
        connect, read = given if isinstance(given, tuple) else (given, given)
        connect = min(self._connect_timeout, connect or self._connect_timeout)
        read = min(read or connect, connect) if self.silent else read or self._connect_timeout
        return self.deadline.remaining(connect), self.deadline.last_moment.remaining(read)

    def note_date(self, header: str | None) -> None:
        """Compare the server's clock, by the Date header of an answer, with this one's."""
        try:
            moment = email.utils.parsedate_to_datetime(header or "")
        except (ValueError, TypeError, OverflowError):
            return
        if moment.tzinfo is not None:
            self.clock_offset = round(moment.timestamp() + 0.5 - time.time(), 1)

    def count(self, received: int, so_far: int) -> None:
        """Count what came of an answer of which ``so_far`` bytes have come.

        :raises ShellError: when the answer is too long.
        """
        self.received += received
        if so_far > self._limit:
            message = f"one answer of the server is longer than {self._limit} bytes and was not read to its end."
            raise ShellError("failed", message, remedy="Ask for fewer objects.")


class _MeasuredReader(io.RawIOBase):
    """Reads a socket no longer than the deadline allows and no more than the limit allows.

    ``_sock`` is where the authentication libraries look for the server's certificate.
    """

    def __init__(self, raw: t.Any, traffic: Traffic) -> None:
        super().__init__()
        self._raw, self._traffic = raw, traffic
        self._sock = raw._sock
        self._patience = self._sock.gettimeout()
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        patience = 3600.0 if self._patience is None else self._patience
        allowed = self._traffic.deadline.last_moment.remaining(patience)
        self._sock.settimeout(allowed)
        try:
            received: int | None = self._raw.readinto(buffer)
        except TimeoutError as error:
            if allowed < patience:
                raise OutOfTime from error
            raise
        self._read += received or 0
        self._traffic.count(received or 0, self._read)
        return received

    def close(self) -> None:
        self._raw.close()
        super().close()


def _measured(connection: type, traffic: Traffic) -> type:
    """urllib3's class of connections, whose answers are measured as they are read, and whose requests as they are written."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: t.Any, *arguments: t.Any, **options: t.Any) -> None:
            super().__init__(sock, *arguments, **options)
            self.fp = io.BufferedReader(_MeasuredReader(t.cast(t.Any, self.fp).detach(), traffic))

    class Connection(connection):  # type: ignore[misc]  # one of two classes of urllib3
        response_class = Response

        def send(self, data: t.Any) -> None:
            """In pieces: TLS sends each of its records with the whole time-out anew."""
            pieces = (
                [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)] if isinstance(data, bytes) else [data]
            )
            for piece in pieces or [data]:
                if self.sock is not None:
                    patience = self.sock.gettimeout()
                    self.sock.settimeout(
                        traffic.deadline.last_moment.remaining(3600.0 if patience is None else patience)
                    )
                super().send(piece)

    return Connection


class MeasuredAdapter(requests.adapters.HTTPAdapter):
    """Sends the requests of a carrier, with what the module's docstring promises.

    :param retries: how often the making of a connection is tried again.
    :param backoff: the factor of the pauses between.
    :param key_password: that of the client certificate's key.
    :param to_error: makes the library's own error of an HTTP status: of its protocol, the status, and the text of the answer.
    """

    def __init__(
        self,
        traffic: Traffic,
        retries: int = 0,
        backoff: float = 0.0,
        key_password: str | None = None,
        *,
        to_error: t.Callable[[str, int, str], Exception],
    ) -> None:
        self._traffic, self._to_error = traffic, to_error
        self._pool_options: dict[str, t.Any] = {"key_password": key_password} if key_password is not None else {}
        connecting = urllib3.util.Retry(
            total=None, connect=retries, read=0, redirect=0, status=0, other=0, backoff_factor=backoff
        )
        super().__init__(max_retries=connecting)

    def init_poolmanager(self, *arguments: t.Any, **options: t.Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*arguments, **{**options, **self._pool_options})
        self._measure(self.poolmanager)

    def proxy_manager_for(self, *arguments: t.Any, **options: t.Any) -> t.Any:
        """Make the pools of connections by way of a proxy."""
        manager = super().proxy_manager_for(*arguments, **options)
        self._measure(manager)
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: t.Any = None,
        verify: t.Any = True,
        cert: t.Any = None,
        proxies: t.Any = None,
    ) -> requests.Response:
        """Send once, and look at the answer's head before anybody reads its body."""
        self._traffic.begin(request)
        sealed = self._traffic.sealed
        response = super().send(request, stream, self._traffic.timeouts(timeout), verify, cert, proxies)
        try:
            _check_head(response, sealed=sealed)
            self._traffic.note_date(response.headers.get("Date"))
            if response.status_code not in (200, 401) and _logs_on_with_message(request):
                # requests-credssp takes every other status for a logon without its token, and says that of it
                raise self._to_error("http", response.status_code, response.text)
        except BaseException:
            response.close()
            raise
        return response

    def _measure(self, manager: t.Any) -> None:
        manager.pool_classes_by_scheme = {
            scheme: type(
                f"Measured{pool.__name__}", (pool,), {"ConnectionCls": _measured(pool.ConnectionCls, self._traffic)}
            )
            for scheme, pool in (
                ("http", urllib3.HTTPConnectionPool),
                ("https", urllib3.HTTPSConnectionPool),
            )
        }


def mount(session: requests.Session, adapter: MeasuredAdapter) -> None:
    """Have every request of ``session`` go through ``adapter``."""
    session.headers["Accept-Encoding"] = "identity"
    for prefix in list(session.adapters):
        session.mount(prefix, adapter)


def _is_sealed(headers: t.Mapping[str, t.Any]) -> bool:
    return _read_header(headers, "Content-Type").strip().lower().startswith(SEALED)


def _read_header(headers: t.Mapping[str, t.Any], name: str) -> str:
    """A header, which some libraries set as bytes."""
    value = headers.get(name) or ""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _logs_on_with_message(request: requests.PreparedRequest) -> bool:
    """Whether a request is a step of CredSSP that carries the message already, so that its answer may be that of the message."""
    return _read_header(request.headers, "Authorization").lower().startswith("credssp ") and bool(request.body)


def _check_head(response: requests.Response, *, sealed: bool) -> None:
    """Refuse an answer by its status and headers.

    A 401 passes: the authentication answers it, and its body is never taken for the server's word.
    """
    if 300 <= response.status_code < 400:
        raise ShellError("redirected", _describe_redirect(response), remedy=REDIRECTED)
    if (coding := response.headers.get("Content-Encoding", "identity").strip().lower()) not in ("", "identity"):
        message = f"the server sent an answer in the content coding '{escape_line(coding)}', which nobody asked for."
        raise ShellError(
            "unsupported", message, remedy="Switch dynamic compression off for this virtual directory or proxy."
        )
    if sealed and response.status_code not in (401, 407) and not _is_sealed(response.headers):
        raise UnsealedAnswer(response.status_code)
    if not sealed and _is_sealed(response.headers):
        raise NotSoap("the server sent an encrypted answer to a request that was not encrypted")
    if response.status_code == 503 and response.headers.get("Server", "").startswith("Microsoft-HTTPAPI/"):
        raise RefusedByHttpSys


def _describe_redirect(response: requests.Response) -> str:
    """Where to, without what an address can hide: a logon before the host, and a query after the path."""
    said = f"the server answered with a redirect (HTTP {response.status_code})"
    try:
        target = urlsplit(response.headers.get("Location", ""))
        host = target.netloc.rpartition("@")[2]
    except ValueError:
        return f"{said} to what is no address; it is not followed."
    shown = escape_line(f"{target.scheme}://{host}{target.path}" if host else target.path)
    return f"{said} to '{shown}', which is not followed."
