# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel binding of a logon to its TLS connection (RFC 5929, tls-server-end-point), at the levels of WinRM's CbtHardeningLevel.

Microsoft's documentation of winrm/config/service/auth: with ``Relaxed``, the default, what is wrong is refused and what is absent let in;
with ``Strict`` absent is refused as well; with ``None`` nobody looks. NTLM carries an MD5 of the bindings in the client's answer
(MS-NLMP 2.2.2.1, MsvAvChannelBindings), which the answer's proof covers; all zeros mean that the client knew none. Kerberos' are in the
ticket's authenticator, where GSSAPI compares them (wire.gss_acceptor).
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes

LEVELS = ("relaxed", "strict", "none")
_AUTHENTICATE = b"NTLMSSP\0\x03\0\0\0"
_NT_RESPONSE = struct.Struct("<HHI")
_PROOF_AND_HEADER = 16 + 28
_CHANNEL_BINDINGS, _END = 0x000A, 0x0000
_ABSENT = bytes(16)


@dataclass(frozen=True)
class Bindings:
    """What a listener expects.

    :ivar digest: MD5 of the gss_channel_bindings_struct of its certificate (MS-NLMP 3.1.5.1.2, RFC 2743).
    :ivar level: one of LEVELS.
    :ivar data: the structure's application data, as Kerberos takes it.
    """

    digest: bytes
    level: str = "relaxed"
    data: bytes = b""

    @classmethod
    def of(cls, certificate: bytes, level: str) -> Bindings:
        """Those of a certificate in PEM."""
        loaded = x509.load_pem_x509_certificate(certificate)
        algorithm = loaded.signature_hash_algorithm
        if algorithm is None or algorithm.name in ("md5", "sha1"):
            algorithm = hashes.SHA256()
        data = b"tls-server-end-point:" + loaded.fingerprint(algorithm)
        addresses = bytes(16)  # no initiator's and no acceptor's
        structure = addresses + struct.pack("<I", len(data)) + data
        return cls(hashlib.md5(structure, usedforsecurity=False).digest(), level, data)

    def admits(self, token: bytes) -> bool:
        """Whether a logon with this token may go on; only NTLM's last message says anything."""
        start = token.find(_AUTHENTICATE)
        if start < 0 or self.level == "none":
            return True
        sent = _read_bindings(token[start:])
        if sent in (None, _ABSENT):
            return self.level != "strict"
        return sent == self.digest


def _read_bindings(message: bytes) -> bytes | None:
    """The bindings in an AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3), if it has them."""
    length, _most, offset = _NT_RESPONSE.unpack_from(message, 20)
    pairs = message[offset + _PROOF_AND_HEADER : offset + length]
    position = 0
    while position + 4 <= len(pairs):
        identity, size = struct.unpack_from("<HH", pairs, position)
        if identity == _END:
            return None
        if identity == _CHANNEL_BINDINGS:
            return pairs[position + 4 : position + 4 + size]
        position += 4 + size
    return None
