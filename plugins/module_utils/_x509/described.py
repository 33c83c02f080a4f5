# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a certificate, and the parts that it is read in."""

from __future__ import annotations

import typing as t

COMMON_NAME = "2.5.4.3"

PARTS = (
    "subject",
    "issuer",
    "serial_number",
    "not_before",
    "not_after",
    "key",
    "signature_hash",
    "self_signed",
    "extensions",
)
"""Each part is read by itself, so that one that cannot be read does not hide the others."""

# The algorithm of a key, also of one that cryptography refuses to load
KEY_ALGORITHMS = {
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.113549.1.1.10": "RSA",
    "1.2.840.10045.2.1": "EC",
    "1.2.840.10040.4.1": "DSA",
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}


class Described(t.TypedDict):
    """The facts of a certificate; documented for users in the info modules' return values.

    A fact that is not known is ``None`` or an empty list, and ``problems`` says why. ``remarks`` is information only: what the
    strict reader refused and the lenient one has read.
    """

    thumbprint: str
    raw_data: str
    subject: str | None
    issuer: str | None
    common_names: list[str]
    serial_number: str | None
    not_before: str | None
    not_after: str | None
    dns_names: list[str]
    key_type: str | None
    key_size: int | None
    signature_hash: str | None
    key_usages: list[str] | None
    extended_key_usages: list[str] | None
    is_ca: bool | None
    self_signed: bool | None
    problems: list[str]
    remarks: list[str]


class Reader:
    """Reads one certificate into the facts that it was made with. It has a method ``_read_PART`` for each of the parts."""

    def __init__(self, facts: Described) -> None:
        self.facts = facts

    def read(self, part: str) -> None:
        """Read one of :data:`PARTS`. Whatever is raised says why the part, or the rest of it, is not known."""
        getattr(self, f"_read_{part}")()


def know_nothing() -> Described:
    """Return the facts of a certificate before anything of it is read."""
    return Described(
        thumbprint="",
        raw_data="",
        subject=None,
        issuer=None,
        common_names=[],
        serial_number=None,
        not_before=None,
        not_after=None,
        dns_names=[],
        key_type=None,
        key_size=None,
        signature_hash=None,
        key_usages=None,
        extended_key_usages=None,
        is_ca=None,
        self_signed=None,
        problems=[],
        remarks=[],
    )


def format_serial_number(number: int) -> str:
    """Return a serial number as Windows shows it: whole octets, a negative one (old tools made them) in two's complement."""
    octets = max(1, (number.bit_length() + (7 if number >= 0 else 8)) // 8)
    return number.to_bytes(octets, "big", signed=number < 0).hex().upper()


def describe_refusal(error: BaseException) -> str:
    """Return why something was not read, in one short line: a library's message may quote the certificate."""
    text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(line.split())[:200] or type(error).__name__
