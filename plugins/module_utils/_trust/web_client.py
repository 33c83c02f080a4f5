# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One question to a server's web site, without an account: bounded in time and size, and no redirect is followed."""

from __future__ import annotations

import http.client
import io
import socket
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._tls_context import make_looking_context

LARGEST = 256 * 1024
"""Octets of an answer, headers and all. A metadata document has a few thousand for each key."""
_PIECE = 16 * 1024


class NoAnswerError(Exception):
    """There was no answer, or none that can be read; the text says why."""


@dataclass(frozen=True)
class Question:
    """What is asked of which server.

    :ivar address: where to connect to.
    :ivar server: the server's own name, for TLS and the Host header.
    :ivar seconds: for all of it: connection, handshake, and answer.
    :ivar bearer: whether to send the empty Bearer header (MS-XOAUTH, 3.1.5.4), to which Exchange says whom it trusts.
    """

    address: str
    port: int
    server: str
    path: str
    seconds: float
    bearer: bool = False

    @property
    def url(self) -> str:
        """The address as a person would type it."""
        return f"https://{self.server}{'' if self.port == 443 else f':{self.port}'}{self.path}"


@dataclass(frozen=True)
class WebAnswer:
    """An answer.

    :ivar certificate: the certificate that was shown, in DER.
    :ivar protocol: the version of TLS.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    certificate: bytes
    protocol: str

    def list_values(self, name: str) -> list[str]:
        """The values of a header, which may be there several times."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


def ask(question: Question) -> WebAnswer:
    """Ask, and read the whole answer.

    :raises NoAnswerError: also where it takes too long, or is too large.
    """
    end = time.monotonic() + question.seconds
    try:
        with (
            socket.create_connection((question.address, question.port), question.seconds) as plain,
            make_looking_context().wrap_socket(plain, server_hostname=question.server) as shaken,
        ):
            certificate, protocol = shaken.getpeercert(binary_form=True) or b"", shaken.version() or ""
            shaken.sendall(_write_request(question))
            received = _read_all(shaken, end)
    except TimeoutError as error:
        raise NoAnswerError(f"no answer within {question.seconds:g} s") from error
    except (OSError, ValueError) as error:  # ValueError: a name that no certificate can be asked for
        raise NoAnswerError(str(error)) from error
    return _read_answer(received, certificate, protocol)


def _write_request(question: Question) -> bytes:
    lines = [f"GET {question.path} HTTP/1.1", f"Host: {question.server}", "Accept: application/json, text/xml, */*"]
    lines += ["Authorization: Bearer"] if question.bearer else []
    return "\r\n".join([*lines, "User-Agent: onprem.exchange_lync", "Connection: close", "", ""]).encode("ascii")


def _read_all(connection: socket.socket, end: float) -> bytes:
    """Until the server closes the connection, as it was asked to."""
    received = b""
    while len(received) <= LARGEST:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        piece = connection.recv(_PIECE)
        if not piece:
            return received
        received += piece
    raise NoAnswerError(f"the answer is larger than {LARGEST // 1024} KiB, and was not read to its end")


class _Received:
    """What http.client takes for a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_arguments: t.Any) -> io.BytesIO:
        """The data as a file."""
        return io.BytesIO(self._data)


def _read_answer(received: bytes, certificate: bytes, protocol: str) -> WebAnswer:
    response = http.client.HTTPResponse(t.cast("socket.socket", _Received(received)), method="GET")
    try:
        response.begin()
        body = response.read()
    except (http.client.HTTPException, ValueError) as error:
        raise NoAnswerError(f"the answer is not HTTP: {type(error).__name__}") from error
    return WebAnswer(response.status, tuple(response.getheaders()), body, certificate, protocol)
