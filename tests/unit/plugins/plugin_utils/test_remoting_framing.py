# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import uuid

import pytest

from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import framing
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.framing import Decoder, Element

PIPELINE = uuid.UUID("11111111-2222-3333-4444-555555555555")
WIRE = (
    b"<DataAck PSGuid='00000000-0000-0000-0000-000000000000' />\r\n"
    b"<Data Stream='Default' PSGuid='11111111-2222-3333-4444-555555555555'>AAEC</Data>\r\n"
    b"<CommandAck PSGuid='11111111-2222-3333-4444-555555555555' />\r\n"
)
ELEMENTS = [
    Element("DataAck", framing.POOL),
    Element("Data", PIPELINE, b"\x00\x01\x02"),
    Element("CommandAck", PIPELINE),
]


def test_whole_lines() -> None:
    assert Decoder().feed(WIRE) == ELEMENTS


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_pieces_of_any_size(size: int) -> None:
    decoder = Decoder()
    pieces = (WIRE[start : start + size] for start in range(0, len(WIRE), size))
    assert [element for piece in pieces for element in decoder.feed(piece)] == ELEMENTS
    assert decoder.noise == b""


@pytest.mark.parametrize(
    ("before", "noise"),
    [
        (b"Windows PowerShell\r\nCopyright (C)\r\n\r\n", b"Windows PowerShell\nCopyright (C)\n"),
        (b"\xef\xbb\xbf", b"\xef\xbb\xbf"),
        (b"PS C:\\> ", b"PS C:\\>"),
        (b"<not one of ours/>\n", b"<not one of ours/>\n"),
    ],
)
def test_noise_is_kept_apart(before: bytes, noise: bytes) -> None:
    decoder = Decoder()
    assert decoder.feed(before + WIRE) == ELEMENTS
    assert decoder.noise == noise


def test_other_quotes_order_and_spacing() -> None:
    line = b'<Data PSGuid="11111111-2222-3333-4444-555555555555"  Stream="Default" >AAEC</Data>\n'
    assert Decoder().feed(line) == [ELEMENTS[1]]


def test_two_elements_in_a_line() -> None:
    assert Decoder().feed(WIRE.replace(b"\r\n", b"") + b"\n") == ELEMENTS


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MAXIMUM_LINE", 100)
    with pytest.raises(framing.NotServerMode):
        Decoder().feed(b"x" * 101)


def test_noise_is_bounded() -> None:
    decoder = Decoder()
    decoder.feed(b"x" * 10_000 + b"end\n")
    assert len(decoder.noise) == framing.MAXIMUM_NOISE
    assert decoder.noise.endswith(b"end\n")


def test_what_is_sent() -> None:
    assert framing.make_data(None, b"\x00\x01\x02") == (
        b"<Data Stream='Default' PSGuid='00000000-0000-0000-0000-000000000000'>AAEC</Data>\n"
    )
    assert b"Stream='PromptResponse'" in framing.make_data(PIPELINE, b"", prompt=True)
    assert framing.make_command(PIPELINE) == b"<Command PSGuid='11111111-2222-3333-4444-555555555555' />\n"
    assert framing.make_signal(PIPELINE).startswith(b"<Signal ")
    assert framing.make_close(PIPELINE).startswith(b"<Close ")
