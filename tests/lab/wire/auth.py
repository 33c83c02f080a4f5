# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP authentication of one TCP connection: Basic, Negotiate (NTLM) and CredSSP by pyspnego, Kerberos by MIT's GSSAPI.

In a lab without a KDC, a Kerberos token is refused as a server without the right key refuses it, with 401.
"""

from __future__ import annotations

import base64
import binascii
import functools
import math
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spnego
import spnego.tls

from wire import sealing
from wire.channel_bindings import Bindings
from wire.credentials import Credentials
from wire.gss_acceptor import Acceptor, RefusedError, is_ticket
from wire.ports import Identity

Headers = list[tuple[str, str]]

_ORDER = ("Negotiate", "Kerberos", "NTLM", "CredSSP", "Basic")
"""Clients match the joined headers with an expression that wants Basic last."""


@functools.cache
def _credssp_tls() -> spnego.tls.CredSSPTLSContext:
    """One certificate for all CredSSP exchanges of the process: making its key takes longer than the exchange."""
    certificate, key, public_key = spnego.tls.generate_tls_certificate()
    context = spnego.tls.default_tls_context(usage="accept")
    context.public_key = public_key
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "credssp.pem")
        path.touch(mode=0o600)
        path.write_bytes(certificate + key)
        context.context.load_cert_chain(path)
    return context


@dataclass
class ConnectionAuth:
    """What a connection has proved so far."""

    credentials: Credentials
    bindings: Bindings | None = None
    address: str = "127.0.0.1"
    kerberos: bool = False
    """Whether the host has keys of its own, from a KDC."""
    ahead: float = 0.0
    """By how many seconds the host's clock is ahead of the domain's."""
    identity: Identity | None = None
    final: Headers = field(default_factory=list)
    """Headers for the answer that ends an exchange."""
    _context: Any = None
    _scheme: str = ""
    _ends: float = math.inf
    """When the ticket of the logon ends."""

    def challenge(self, schemes: Sequence[str]) -> Headers:
        """The headers of a 401."""
        offered = [scheme for scheme in _ORDER if scheme in schemes]
        return [("WWW-Authenticate", 'Basic realm="WSMAN"' if scheme == "Basic" else scheme) for scheme in offered]

    def authenticate(self, header: str, schemes: Sequence[str]) -> Headers | None:
        """The headers of the 401 to send, or nothing when the client is known."""
        self.final = []
        if time.time() > self._ends:
            self._forget()
        if not header:
            return None if self.identity else self.challenge(schemes)
        scheme, _separator, text = header.partition(" ")
        if scheme.lower() not in {offered.lower() for offered in schemes}:
            return self.challenge(schemes)
        try:
            token = base64.b64decode(text, validate=True)
        except binascii.Error:
            return self.challenge(schemes)
        if scheme.lower() == "basic":
            return None if self._basic(token) else self.challenge(schemes)
        return self._step(scheme, token, schemes)

    def _basic(self, token: bytes) -> bool:
        # requests, which both clients use, writes Latin-1 where it can; RFC 7617 leaves the choice open
        try:
            text = token.decode()
        except UnicodeDecodeError:
            text = token.decode("latin-1")
        name, _separator, password = text.partition(":")
        user = self.credentials.check(name, password)
        self._forget()
        self.identity = Identity(user.name, user.groups, False, "Basic", self.address) if user else None
        return user is not None

    def _forget(self) -> None:
        self._context, self.identity, self._ends = None, None, math.inf

    def _step(self, scheme: str, token: bytes, schemes: Sequence[str]) -> Headers | None:
        try:
            answer = self._advance(scheme.lower(), token)
        except RefusedError as refused:
            self._forget()
            told = base64.b64encode(refused.token or b"").decode()
            return [("WWW-Authenticate", f"{scheme} {told}")] if told else self.challenge(schemes)
        if self._context is None:
            return self.challenge(schemes)
        text = base64.b64encode(answer).decode() if answer else ""
        headers = [("WWW-Authenticate", f"{scheme} {text}".rstrip())]
        if not self._context.complete:
            return headers
        self.final = headers if answer else []
        return None if self._recognise() else self.challenge(schemes)

    def _advance(self, scheme: str, token: bytes) -> bytes | None:
        """One step of the exchange; afterwards there is no context if the client has failed."""
        try:
            if self._context is None or self._context.complete or scheme != self._scheme:
                self._forget()
                self._scheme = scheme
                self._context = self._new_context(scheme, token)
            answer: bytes | None = self._context.step(token)
            if self.bindings is not None and not self.bindings.admits(token):
                raise ValueError("wrong channel bindings")
        except RefusedError:
            raise
        # pyspnego raises SpnegoError, ValueError, struct.error, ssl.SSLError, ..., gssapi its own: each means 401
        except Exception:
            self._forget()
            return None
        return answer

    def _new_context(self, scheme: str, token: bytes) -> Any:
        if scheme == "credssp":
            return spnego.server(protocol="credssp", credssp_tls_context=_credssp_tls())
        if scheme == "kerberos" or is_ticket(token):
            if not self.kerberos:
                raise ValueError("a ticket, and no key to read it")
            return Acceptor(self.bindings, self.ahead)
        return spnego.server(protocol=scheme)

    def _recognise(self) -> bool:
        user = self.credentials.find(self._context.client_principal or "")
        if user is None:
            self._forget()
            return False
        delegated, kind = self._scheme == "credssp", "CredSSP" if self._scheme == "credssp" else "NTLM"
        if isinstance(self._context, Acceptor):
            delegated, kind = self._context.delegated, "Kerberos"
            self._ends = time.time() + self._context.lifetime
        self.identity = Identity(user.name, user.groups, delegated, kind, self.address)
        return True

    def unseal(self, content_type: str, body: bytes) -> bytes:
        """The envelope of an encrypted body."""
        if self._context is None:
            raise sealing.SealError("no security context")
        return sealing.unseal(self._context, content_type, body)

    def seal(self, body: bytes, *, spaced: bool) -> tuple[str, bytes]:
        """Content type and body of an encrypted answer."""
        return sealing.seal(self._context, self._scheme, body, spaced=spaced)


def show_by_name(
    own: ssl.SSLContext, names: Collection[str], other: Callable[[], ssl.SSLContext | None]
) -> ssl.SSLContext:
    """Have a listener show its own certificate to clients that give one of the names, or none, and another one to all others.

    RFC 6066, section 3. Where there is no other one, the handshake fails, as it does on a web site without a certificate.
    """

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> int | None:
        if name is None or name.lower() in names:
            return None
        shown = other()
        if shown is None:
            return int(ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE)
        connection.context = shown
        return None

    own.sni_callback = choose
    return own


def server_tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """TLS of a listener; the certificate file holds its chain, and the key unless that has a file of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key if key and os.fspath(key) else None)
    return context
