# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's side of a Kerberos logon: MIT's GSSAPI with the host's keytab, which the process's environment names.

Clients send the ticket as it is (RFC 1964) or in SPNEGO (RFC 4178), both under the HTTP scheme Negotiate: pywinrm and pypsrp's ``kerberos``
the one, pypsrp's ``negotiate`` the other. Under the scheme Kerberos, which is all that Exchange's own endpoint offers beside Basic
(github.com/jborean93/pypsrp, issue 66), it is always the bare one.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from wire.channel_bindings import Bindings
from wire.krb_error import CLOCK_SKEW, make_error

_OIDS = (bytes.fromhex("2a864886f712010202"), bytes.fromhex("2a864882f712010202"))
"""Kerberos, and what Windows 2000 called it: [MS-SPNG] 3.1.5.2 has both."""
_FIRST_MECHANISM = re.compile(rb"\A\x60.{1,5}?\x06\x06\x2b\x06\x01\x05\x05\x02.{2,24}?\x06[\x01-\x20](.{9})", re.DOTALL)
_BARE = re.compile(rb"\A\x60.{1,5}?\x06\x09(.{9})", re.DOTALL)
_CHANNEL_BOUND = 0x800
"""GSS_C_CHANNEL_BOUND_FLAG, of MIT 1.19 and later."""
_SKEW = 300
"""Seconds by which clocks may differ (RFC 4120, section 1.6), and for which an acceptor of MIT's takes a ticket beyond its end."""


def is_ticket(token: bytes) -> bool:
    """Whether a first token is Kerberos', bare or as the first choice of SPNEGO."""
    found = _BARE.match(token) or _FIRST_MECHANISM.match(token)
    return found is not None and found[1] in _OIDS


class RefusedError(ValueError):
    """The logon is not taken.

    :ivar token: what the client is told (KRB-ERROR), as network traces of IIS show it beside the 401.
    """

    def __init__(self, reason: str, token: bytes | None = None) -> None:
        super().__init__(reason)
        self.token = token


@dataclass(frozen=True)
class Wrapped:
    """A sealed message, in the parts that WinRM sends it in."""

    header: bytes
    data: bytes
    padding_length: int


@functools.cache
def _own_keys() -> Any:
    import gssapi  # late: a lab without Kerberos does without it

    return gssapi.Credentials(usage="accept")


class Acceptor:
    """One logon, and the messages that it seals. What goes wrong is an exception of gssapi's or a RefusedError.

    :param bindings: those of the TLS connection, if it is one.
    :param ahead: by how many seconds the host's clock is ahead of the domain's.
    """

    def __init__(self, bindings: Bindings | None, ahead: float = 0.0) -> None:
        import gssapi
        from gssapi.raw import ChannelBindings

        self._ahead = ahead
        self._bindings = bindings if bindings is not None and bindings.level != "none" else None
        options = {"channel_bindings": ChannelBindings(application_data=self._bindings.data)} if self._bindings else {}
        self._context: Any = gssapi.SecurityContext(creds=_own_keys(), usage="accept", **options)

    def step(self, token: bytes) -> bytes | None:
        """One message of the client's; ours."""
        answer: bytes | None = self._context.step(token)
        try:
            complete = self.complete
        except Exception as error:  # gssapi keeps what went wrong until anybody looks, and gives the token first
            raise RefusedError(str(error), answer) from error
        if complete and abs(self._ahead) > _SKEW:
            now = datetime.now(UTC) + timedelta(seconds=self._ahead)
            told = make_error(CLOCK_SKEW, str(self._context.target_name), now)
            raise RefusedError("the clocks differ", told if _BARE.match(token) else None)
        strict = self._bindings is not None and self._bindings.level == "strict"
        if strict and complete and not int(self._context.actual_flags) & _CHANNEL_BOUND:
            raise RefusedError("no channel bindings")
        return answer

    @property
    def complete(self) -> bool:
        """Whether the client is known."""
        return bool(self._context.complete)

    @property
    def client_principal(self) -> str:
        """Who it is."""
        return str(self._context.initiator_name)

    @property
    def delegated(self) -> bool:
        """Whether the client has handed over a ticket with which the server can go on in its name."""
        return self._context.delegated_creds is not None

    @property
    def lifetime(self) -> float:
        """Seconds until the ticket ends."""
        return float(self._context.lifetime) - _SKEW

    def wrap_winrm(self, plain: bytes) -> Wrapped:
        """Seal, with the token's header apart (MS-WSMV 2.2.9.1.2)."""
        from gssapi.raw import IOV, IOVBufferType, wrap_iov

        parts = IOV(IOVBufferType.header, plain, IOVBufferType.padding, std_layout=False)
        wrap_iov(self._context, parts, confidential=True)
        header, data, padding = (part.value or b"" for part in parts)
        return Wrapped(header, data + padding, len(padding))

    def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
        """Open what a client has sealed."""
        from gssapi.raw import IOV, IOVBufferType, unwrap_iov

        parts = IOV((IOVBufferType.header, False, header), data, IOVBufferType.data, std_layout=False)
        if not unwrap_iov(self._context, parts).encrypted:
            raise RefusedError("a message that is signed only")
        return bytes(parts[1].value or b"")
