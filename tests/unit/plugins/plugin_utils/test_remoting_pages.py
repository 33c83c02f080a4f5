# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of HTML instead of an envelope, as HTTP.sys and IIS send it with their own refusals: its status counts, and nothing parses it."""

from __future__ import annotations

import types
from collections.abc import Callable

import pytest
from pypsrp import exceptions as pypsrp
from winrm import exceptions as winrm

from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import soap, transport_errors

PAGE = '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">\r\n<HTML><BODY>no</BODY></HTML>'
LIBRARIES = [pypsrp.WinRMTransportError, winrm.WinRMTransportError]


def send(answer: Callable[[], bytes]) -> bytes:
    transport = types.SimpleNamespace(send=answer)
    soap.check_transport(transport, "send")
    sent: bytes = transport.send()
    return sent


@pytest.mark.parametrize("error", LIBRARIES)
@pytest.mark.parametrize(
    ("status", "says"),
    [
        (404, "there is nothing at this path"),
        (413, "larger than the server takes"),
        (500, "HTTP 500 and no WS-Management message"),
    ],
)
def test_the_status_says_it(error: type[Exception], status: int, says: str) -> None:
    def refuse() -> bytes:
        raise error("http", status, PAGE)

    with pytest.raises(error) as caught:
        send(refuse)
    assert caught.value.args == ("http", status, "")
    assert says in transport_errors.to_error(caught.value, opened=False).message


@pytest.mark.parametrize("error", LIBRARIES)
def test_an_envelope_is_left_to_the_library(error: type[Exception]) -> None:
    def refuse() -> bytes:
        raise error("http", 500, "<Envelope/>")

    with pytest.raises(error) as caught:
        send(refuse)
    assert caught.value.args == ("http", 500, "<Envelope/>")


def test_a_page_that_is_no_refusal_is_no_answer() -> None:
    with pytest.raises(soap.NotSoap):
        send(PAGE.encode)
