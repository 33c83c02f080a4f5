# SPDX-License-Identifier: GPL-3.0-or-later
"""The refusal of a ticket for the host's clock is what RFC 4120 says it is, as a decoder reads it that is not ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pyasn1.codec.der import decoder

from wire.krb_error import CLOCK_SKEW, make_error


def test_it_is_a_krb_error_of_the_service() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    token = make_error(CLOCK_SKEW, "HTTP/" + "ex01." * 30 + "litwareinc.com@LITWAREINC.COM", now)
    assert token[0] == 0x60
    body = token[3:] if token[1] == 0x81 else token[4:] if token[1] == 0x82 else token[2:]
    assert body[:13] == bytes.fromhex("06092a864886f7120102020300")
    error, rest = decoder.decode(body[13:])
    assert (bytes(rest), error.tagSet.superTags[-1].tagId) == (b"", 30)
    fields: list[Any] = list(error.values())
    assert [int(fields[at]) for at in (0, 1, 3, 4)] == [5, 30, 678, CLOCK_SKEW]
    assert str(fields[2]) == "20260102030405Z"
    assert str(fields[5]) == "LITWAREINC.COM"
    assert [str(part) for part in fields[6][1]] == ["HTTP", "ex01." * 30 + "litwareinc.com"]
