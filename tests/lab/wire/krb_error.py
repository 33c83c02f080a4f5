# SPDX-License-Identifier: GPL-3.0-or-later
"""The message by which a server refuses a ticket because of its own clock.

KRB-ERROR (RFC 4120, section 5.9.1) in a token of GSSAPI (RFC 4121, section 4.1).

GSSAPI writes it by itself for what it finds; that an emulated host's clock is wrong it cannot find, since there is only one clock here.
"""

from __future__ import annotations

from datetime import UTC, datetime

CLOCK_SKEW = 37
"""KRB_AP_ERR_SKEW (RFC 4120, section 7.5.9)."""
_MECHANISM = bytes.fromhex("06092a864886f712010202")
_ERROR_TOKEN = b"\x03\x00"
_SERVICE_AND_INSTANCE = 2
"""NT-SRV-INST (RFC 4120, section 6.2)."""


def make_error(code: int, server: str, now: datetime) -> bytes:
    """The token.

    :param server: the service principal, with its realm.
    :param now: the server's time.
    """
    name, _separator, realm = server.rpartition("@")
    strings = b"".join(_encode(0x1B, part.encode()) for part in name.split("/"))
    principal = _field(0, _encode_number(_SERVICE_AND_INSTANCE)) + _field(1, _encode(0x30, strings))
    fields = (
        (0, _encode_number(5)),
        (1, _encode_number(30)),
        (4, _encode(0x18, now.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())),
        (5, _encode_number(now.microsecond)),
        (6, _encode_number(code)),
        (9, _encode(0x1B, realm.encode())),
        (10, _encode(0x30, principal)),
    )
    error = _encode(0x7E, _encode(0x30, b"".join(_field(number, value) for number, value in fields)))
    return _encode(0x60, _MECHANISM + _ERROR_TOKEN + error)


def _field(number: int, value: bytes) -> bytes:
    return _encode(0xA0 + number, value)


def _encode_number(number: int) -> bytes:
    return _encode(0x02, number.to_bytes(number.bit_length() // 8 + 1))


def _encode(tag: int, content: bytes) -> bytes:
    """One value in DER: a length from 128 on says first of how many bytes it is."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    digits = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 0x80 + len(digits)]) + digits + content
