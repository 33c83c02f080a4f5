# SPDX-License-Identifier: GPL-3.0-or-later
"""Message encryption of WinRM: a SOAP envelope sealed by the security context, as MIME parts (MS-WSMV 2.2.9.1)."""

from __future__ import annotations

import re
import struct
from typing import Any

_CHUNK = 16384
_MULTIPART = ("multipart/encrypted", "multipart/x-multi-encrypted")
_BOUNDARY = re.compile(r'boundary="?([^";]+)')
_LENGTH = re.compile(rb"Length=(\d+)")
_PROTOCOLS = {
    "credssp": "application/HTTP-CredSSP-session-encrypted",
    "kerberos": "application/HTTP-Kerberos-session-encrypted",
}
_SPNEGO = "application/HTTP-SPNEGO-session-encrypted"
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"
_OCTETS_OF_A_CLIENT = re.compile(rb"\A[ \t]*Content-Type:[ \t]*application/octet-stream\r\n", re.IGNORECASE)
"""Windows takes it with and without the tab before it: the Ruby clients (WinRb/WinRM) have always sent none."""


class SealError(ValueError):
    """The message is not what its parts say."""


def is_sealed(content_type: str) -> bool:
    """Whether a body of that type is encrypted."""
    return content_type.startswith(_MULTIPART)


def unseal(context: Any, content_type: str, body: bytes) -> bytes:
    """The envelope of an encrypted body."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise SealError("no boundary")
    boundary = b"--" + match.group(1).encode()
    parts = body.split(boundary + b"\r\n")[1:]
    return b"".join(_unsealed_part(context, boundary, parts[i], parts[i + 1]) for i in range(0, len(parts) - 1, 2))


def _unsealed_part(context: Any, boundary: bytes, header: bytes, payload: bytes) -> bytes:
    length = _LENGTH.search(header)
    if length is None:
        raise SealError("no length")
    sealed = _OCTETS_OF_A_CLIENT.sub(b"", payload, count=1).removesuffix(boundary + b"--\r\n")
    (signature,) = struct.unpack("<i", sealed[:4])
    plain: bytes = context.unwrap_winrm(sealed[4 : 4 + signature], sealed[4 + signature :])
    if len(plain) != int(length.group(1)):
        raise SealError("wrong length")
    return plain


def seal(context: Any, scheme: str, body: bytes, *, spaced: bool) -> tuple[str, bytes]:
    """Content type and body of an encrypted answer; IIS in front of Exchange writes a space after the dashes."""
    protocol = _PROTOCOLS.get(scheme, _SPNEGO)
    several = scheme == "credssp" and len(body) > _CHUNK
    chunks = [body[i : i + _CHUNK] for i in range(0, len(body), _CHUNK)] if several else [body]
    boundary = b"-- Encrypted Boundary" if spaced else b"--Encrypted Boundary"
    sealed = b"".join(_sealed_part(context, protocol, boundary, chunk) for chunk in chunks)
    kind = _MULTIPART[1] if several else _MULTIPART[0]
    return f'{kind};protocol="{protocol}";boundary="Encrypted Boundary"', sealed + boundary + b"--\r\n"


def _sealed_part(context: Any, protocol: str, boundary: bytes, chunk: bytes) -> bytes:
    wrapped = context.wrap_winrm(chunk)
    length = len(chunk) + wrapped.padding_length
    # Clients look for the tab before both headers.
    head = (
        f"\tContent-Type: {protocol}\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={length}\r\n"
    )
    signature = struct.pack("<i", len(wrapped.header)) + wrapped.header
    return b"".join((boundary, b"\r\n", head.encode(), boundary, b"\r\n", _OCTETS, signature, wrapped.data))
