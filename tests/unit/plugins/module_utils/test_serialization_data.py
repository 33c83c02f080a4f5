# SPDX-License-Identifier: GPL-3.0-or-later
"""SerializationData: captured from real servers, made here, cut off and turned over."""

from __future__ import annotations

import base64
import random
import re
import struct
from pathlib import Path

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.binary_objects import (
    MAX_BYTES,
    BinaryGraph,
    BinaryObject,
    NotReadable,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.serialization_data import (
    read_serialized_facts,
)

DATA = re.compile(r'N="SerializationData">([^<]+)<')


def read_captures(shared: Path, pattern: str = "*.xml") -> list[bytes]:
    """The data of captured objects."""
    paths = sorted((shared / "fixtures" / "clixml").glob(pattern))
    return [base64.b64decode(data) for path in paths for data in DATA.findall(path.read_text(encoding="utf-8-sig"))]


def test_what_captured_certificates_say(shared: Path) -> None:
    found = [read_serialized_facts(data) for data in read_captures(shared, "E1?-GetExchangeCertificate.xml")]
    auth, own, other = found[:3]
    assert auth == {
        "services": ["SMTP"],
        "status": "Valid",
        "root_ca_type": "None",
        "private_key_exportable": True,
        "friendly_name": "Microsoft Exchange Server Auth Certificate",
        "iis_sites": [],
    }
    assert (own["services"], own["root_ca_type"]) == (["IMAP", "POP", "IIS", "SMTP"], "Registry")
    assert [site.rpartition("/")[2] for site in own["iis_sites"]] == ["1", "2"]
    assert (other["services"], other["private_key_exportable"]) == ([], True)
    assert [facts["services"] for facts in found[3:]] == [facts["services"] for facts in found[:3]]


def test_every_captured_object_can_be_walked_and_only_certificates_say_anything(shared: Path) -> None:
    """Some of them are in a signed envelope."""
    captured = read_captures(shared)
    assert len(captured) >= 37
    assert any(data.startswith(b"#sig#") for data in captured)
    for data in captured:
        begin = 9 if data.startswith(b"#sig#") else 0
        root = BinaryGraph(
            data[begin:] if not begin else data[begin : begin + int.from_bytes(data[5:9], "little")]
        ).root_object
        assert isinstance(root, BinaryObject)
        assert bool(read_serialized_facts(data)) == root.name.endswith(".ExchangeCertificate")


def test_damage_is_refused_or_says_less(shared: Path) -> None:
    """Whatever is cut off or turned over, nothing but known words comes out, and nothing is raised."""
    dice = random.Random(15)
    for data in read_captures(shared, "E1?-GetExchangeCertificate.xml"):
        for end in range(0, len(data), 37):
            read_serialized_facts(data[:end])
        for _round in range(300):
            damaged = bytearray(data)
            for _place in range(dice.randint(1, 4)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            facts = read_serialized_facts(bytes(damaged))
            assert facts.get("private_key_exportable") in (True, False, None)
            assert set(facts.get("services", ())) <= {"IMAP", "POP", "UM", "IIS", "SMTP", "Federation", "UMCallRouter"}


HEADER = struct.pack("<Biiii", 0, 1, -1, 1, 0)


def text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()


def test_a_stream_of_our_own() -> None:
    person = (
        b"\x04" + struct.pack("<i", 1) + text("A") + struct.pack("<i", 3) + text("n") + text("s") + text("l")
        + bytes([0, 1, 7, 8, 2]) + struct.pack("<i", 7) + b"\x06" + struct.pack("<i", 2) + text("hi") + b"\x09" + struct.pack("<i", 3)
    )  # fmt: skip
    array = b"\x0f" + struct.pack("<ii", 3, 2) + b"\x02" + b"\xaa\xbb"
    graph = BinaryGraph(HEADER + person + array + b"\x0b")
    root = graph.root_object
    assert (root.name, root.members["n"], root.members["s"], graph.find(root.members["l"])) == (
        "A",
        7,
        "hi",
        b"\xaa\xbb",
    )


def nest(levels: int) -> bytes:
    """Arrays in arrays."""
    return b"".join(b"\x10" + struct.pack("<ii", number + 1, 1) for number in range(levels)) + b"\x0a"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEADER,
        b"\x00" * MAX_BYTES + b"\x00",
        HEADER + nest(100),
        HEADER + b"\x10" + struct.pack("<ii", 1, 2_000_000_000) + b"\x0e" + struct.pack("<i", 2_000_000_000) + b"\x0b",
        HEADER + b"\x10" + struct.pack("<ii", 1, 5) + b"\x0d\x00" * 5 + b"\x0b",
        HEADER + b"\x11" + struct.pack("<ii", 1, -5) + b"\x0b",
        HEADER + b"\x0f" + struct.pack("<ii", 1, -5) + b"\x02\x0b",
        HEADER + b"\x01" + struct.pack("<ii", 1, 9) + b"\x0b",
        HEADER + b"\x15\x0b",
    ],
    ids=[
        "nothing", "only-a-header", "too-long", "too-deep", "too-many", "no-nulls", "negative", "negative-bytes", "unknown-class",
        "a-call",
    ],
)  # fmt: skip
def test_what_is_beyond_the_bounds_is_refused(data: bytes) -> None:
    with pytest.raises(NotReadable):
        BinaryGraph(data)
    assert read_serialized_facts(data) == {}


def test_references_that_go_round_end() -> None:
    graph = BinaryGraph(HEADER + b"\x10" + struct.pack("<ii", 1, 1) + b"\x09" + struct.pack("<i", 1) + b"\x0b")
    assert graph.find(graph.root_object[0]) is graph.root_object


@pytest.mark.parametrize("data", [None, b"#sig#", b"#sig#\xff\xff\xff\x7f", b"#sig#\x00\x00\x00\x00rest"])
def test_an_envelope_without_its_content_says_nothing(data: bytes | None) -> None:
    assert read_serialized_facts(data) == {}
