# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A logon to LDAP with a Kerberos ticket: SASL's mechanism GSSAPI (RFC 4752), bound to TLS, or with every later message sealed.

ldap3 2.9, its last release that is none for testing, logs on so but seals nothing. What is sealed here is what passes through its socket
(RFC 4422, section 3.7), so that ldap3 itself knows nothing of it.
"""

from __future__ import annotations

import socket
import ssl
import traceback
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._libraries import (
    CRYPTOGRAPHY,
    LDAP_GSSAPI,
    missing,
    require,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line

try:
    import gssapi

    LDAP_GSSAPI_IMPORT_ERROR: str | None = None
except (ImportError, OSError):  # OSError: the library is there, the system's Kerberos is not
    LDAP_GSSAPI_IMPORT_ERROR = traceback.format_exc()

Exchange = t.Callable[[bytes], bytes]
"""Sends a token of the client's in a bind request; gives the server's."""

_NO_LAYER, _SEALED = 1, 4
_LARGEST = 0xFFFFFF
"""Octets of one sealed message; the protocol has three octets for its own size."""
_TICKET = (
    "Get a ticket with kinit, or name a keytab in KRB5_CLIENT_KTNAME, in the environment that runs ansible-playbook. The address in O({0}) "
    "has to be the full name of the domain controller, because the ticket is for ldap/ and that name."
)


class SealedSocket:
    """A connected socket whose messages are sealed by a security context: as much of a socket as ldap3 uses."""

    def __init__(self, plain: socket.socket, context: gssapi.SecurityContext) -> None:
        self._plain, self._context = plain, context
        self._opened = b""

    def sendall(self, data: bytes) -> None:
        """Seal and send."""
        sealed = self._context.wrap(data, True).message
        self._plain.sendall(len(sealed).to_bytes(4, "big") + sealed)

    def recv(self, size: int) -> bytes:
        """What has arrived, opened; empty if the server has closed the connection."""
        if not self._opened:
            self._opened = self._receive()
        data, self._opened = self._opened[:size], self._opened[size:]
        return data

    def _receive(self) -> bytes:
        head = self._read(4)
        length = int.from_bytes(head, "big")
        if not head or length > _LARGEST:
            return b""
        try:
            opened = self._context.unwrap(self._read(length))
        except gssapi.exceptions.GSSError as error:
            raise OSError(f"a message that is not sealed as agreed ({escape_line(error.gen_message())})") from None
        if not opened.encrypted:
            raise OSError("a message that is signed, but not sealed as agreed")
        return bytes(opened.message)

    def _read(self, length: int) -> bytes:
        """Just so many octets, or nothing if the connection ends before."""
        data = b""
        while len(data) < length:
            more = self._plain.recv(length - len(data))
            if not more:
                return b""
            data += more
        return data

    def shutdown(self, how: int) -> None:
        """As of a socket."""
        self._plain.shutdown(how)

    def close(self) -> None:
        """As of a socket."""
        self._plain.close()


def find_bindings(connection: ssl.SSLSocket) -> bytes:
    """The channel bindings of a TLS connection: the hash of the server's certificate (RFC 5929, section 4.1)."""
    require(CRYPTOGRAPHY)
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    shown = connection.getpeercert(binary_form=True) or b""
    own = x509.load_der_x509_certificate(shown).signature_hash_algorithm
    weak = own is None or own.name in ("md5", "sha1")
    digest = hashes.Hash(hashes.SHA256() if weak or own is None else own)
    digest.update(shown)
    return b"tls-server-end-point:" + digest.finalize()


def log_on_with_ticket(
    exchange: Exchange, host: str, *, option: str, bindings: bytes | None
) -> gssapi.SecurityContext | None:
    """Log on.

    :param host: the name that the ticket is for.
    :param option: the option that gave it, for messages.
    :param bindings: the channel bindings of TLS (RFC 5929), where TLS protects the messages.
    :returns: what seals further messages; None where TLS does.
    :raises ShellError: of kind ``authentication`` if there is no ticket, or the server does not take it.
    """
    if LDAP_GSSAPI_IMPORT_ERROR is not None:
        raise missing(LDAP_GSSAPI, LDAP_GSSAPI_IMPORT_ERROR)
    try:
        context = _open_context(host, bindings)
        token = _negotiate(context, exchange)
        _choose_layer(context, token, exchange, _NO_LAYER if bindings is not None else _SEALED)
    except gssapi.exceptions.GSSError as error:
        code = f"{error.maj_code:#x}/{error.min_code & 0xFFFFFFFF:#x}"
        message = f"Kerberos gives no way in to ldap/{host}: {escape_line(error.gen_message())}"
        remedy = _TICKET.format(option)
        raise ShellError("authentication", message, error_id=code, remedy=remedy) from None
    return None if bindings is not None else context


def _open_context(host: str, bindings: bytes | None) -> gssapi.SecurityContext:
    flag = gssapi.RequirementFlag
    flags = flag.mutual_authentication | flag.integrity
    if bindings is None:
        flags |= flag.confidentiality | flag.replay_detection | flag.out_of_sequence_detection
    return gssapi.SecurityContext(
        name=gssapi.Name(f"ldap@{host}", gssapi.NameType.hostbased_service),
        mech=gssapi.MechType.kerberos,
        flags=flags,
        usage="initiate",
        channel_bindings=None if bindings is None else gssapi.raw.ChannelBindings(application_data=bindings),
    )


def _negotiate(context: gssapi.SecurityContext, exchange: Exchange) -> bytes:
    """Until both sides know each other. To the client's last token, an empty one, the server offers layers (RFC 4752, section 3.1)."""
    token = b""
    while not context.complete:
        token = exchange(context.step(token or None) or b"")
    return token


def _choose_layer(context: gssapi.SecurityContext, offer: bytes, exchange: Exchange, wanted: int) -> None:
    offered = context.unwrap(offer).message
    if len(offered) != 4 or not offered[0] & wanted:
        what = "to seal messages" if wanted == _SEALED else "a logon that leaves the protection of messages to TLS"
        raise ShellError("unsupported", f"the server does not offer {what}.")
    size = _LARGEST if wanted == _SEALED else 0
    exchange(context.wrap(bytes([wanted]) + size.to_bytes(3, "big"), False).message)
