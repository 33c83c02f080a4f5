# SPDX-License-Identifier: GPL-3.0-or-later
"""A port that accepts connections and says nothing: told within the connect time-out, with the address and the account."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helper_process import Helpers, helpers
from test_attacks import READ, options

CONNECT = 2


@pytest.fixture
def port() -> Iterator[int]:
    """A port of somebody who listens and never speaks."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpers]:
    """The helpers that ask it."""
    with helpers(tmp_path_factory.mktemp("home")) as started:
        yield started


HOW: dict[str, dict[str, Any]] = {
    "http": {},
    "sealed": {"auth": "ntlm", "message_encryption": "auto", "transport": ["ntlm"]},
    "https": {"protocol": "https", "scheme": "https", "cert_validation": "ignore", "server_cert_validation": "ignore"},
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("carrier", ["psrp", "winrm"])
def test_silence_is_told_within_the_connect_time_out(process: Helpers, port: int, carrier: str, how: str) -> None:
    given = options(carrier, port, "plain")
    given["transport_options"].update({**HOW[how], "connection_timeout": CONNECT})
    answer = process.ask(given, READ, 120.0)
    assert answer.kind == "unreachable", answer
    assert answer.seconds < CONNECT + 4, answer
    message = answer.reply["error"]["message"]
    assert f"127.0.0.1:{port} as LITWARE\\administrator" in message, message
    assert "said nothing within the connect time-out" in message, message


def test_there_is_no_second_try_at_a_port_that_says_nothing(process: Helpers, port: int, tmp_path: Path) -> None:
    """0.1.0 took it for a lost session and asked again."""
    given = options("psrp", port, "plain")
    given["transport_options"]["connection_timeout"] = CONNECT
    first = process.ask(given, READ, 120.0)
    assert first.seconds < 2 * CONNECT + 2, first
