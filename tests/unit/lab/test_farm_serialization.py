# SPDX-License-Identifier: GPL-3.0-or-later
"""SerializationData of the lab's certificates is, but for the certificate itself, what real servers have sent."""

from __future__ import annotations

import base64
import re
import struct
from pathlib import Path
from typing import Any

import pytest

from farm.exchange.serialization import SIGNED, serialize, sign

AS_CAPTURED = [
    (0, "Microsoft Exchange Server Auth Certificate", (1, 0, 16), {"exportable": True}),
    (1, "Microsoft Exchange", (1, 3, 27), {"sites": [1, 2]}),
    (2, "WMSvc", (1, 3, 0), {"exportable": True}),
]
"""Which captured one, and what it says: name, numbers of Status, RootCAType and Services, flags and sites."""


def without_certificate(data: bytes) -> tuple[bytes, bytes]:
    """What stands before and after the certificate's own bytes, whose length says where they end."""
    place = data.index(b"\x0f" + struct.pack("<i", 3))
    (length,) = struct.unpack_from("<i", data, place + 5)
    return data[:place], data[place + 10 + length :]


@pytest.mark.parametrize("server", ["E16", "E19"])
@pytest.mark.parametrize(("place", "name", "numbers", "more"), AS_CAPTURED, ids=["auth", "own", "other"])
def test_it_is_as_captured(
    shared: Path, server: str, place: int, name: str, numbers: tuple[int, int, int], more: dict[str, Any]
) -> None:
    text = (shared / "fixtures" / "clixml" / f"{server}-GetExchangeCertificate.xml").read_text("utf-8-sig")
    captured = base64.b64decode(re.findall(r'N="SerializationData">([^<]+)<', text)[place])
    found = re.search(rb"([\w.-]+)\\[0-9A-F]{40}", captured)
    assert found is not None
    host = found[1].decode()
    sites = [f"IIS://{host.partition('.')[0]}/W3SVC/{number}" for number in more.get("sites", [])]
    flags = {"self_signed": b"\x01\x05\xfc" in captured, "exportable": bool(more.get("exportable"))}
    made = serialize(b"", name, numbers, found[0].decode(), **flags, sites=sites)
    assert without_certificate(made) == without_certificate(captured)


def test_the_envelope() -> None:
    data = sign(b"payload", b"signature")
    assert data == SIGNED + b"\x07\0\0\0payloadsignature"
