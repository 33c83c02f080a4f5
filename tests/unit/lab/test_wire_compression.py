# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a product's endpoint are compressed for whoever asks for that, those of WinRM are not."""

from __future__ import annotations

import base64
import gzip
import http.client
import ssl

import pytest

from wire import namespaces as ns
from wire.compression import accepts
from wire_stand_ins import PASSWORD, USER, Lab


def ask(lab: Lab, listener: str, path: str, accept: str | None) -> tuple[str | None, bytes]:
    """The content coding and the body of an answer that is a fault."""
    context = ssl._create_unverified_context()  # noqa: S323 - the certificate is not what is tried here
    connection = http.client.HTTPSConnection("127.0.0.1", lab.ports[listener], timeout=10, context=context)
    headers = {
        "Authorization": f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}",
        "Content-Type": "application/soap+xml;charset=UTF-8",
    }
    connection.putrequest("POST", path, skip_accept_encoding=True)
    for name, value in {**headers, **({"Accept-Encoding": accept} if accept is not None else {})}.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", "5")
    connection.endheaders(b"<oops")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 500
    return answer.getheader("Content-Encoding"), body


@pytest.mark.parametrize("accept", ["gzip, deflate", "deflate;q=0.5, GZIP;q=0.1", "*"])
def test_iis_compresses_for_a_client_that_asks(lab: Lab, accept: str) -> None:
    coding, body = ask(lab, "product_https", "/PowerShell", accept)
    assert coding == "gzip"
    assert ns.SOAP.encode() in gzip.decompress(body)
    assert ask(lab, "wsman_https", "/wsman", accept)[0] is None


@pytest.mark.parametrize("accept", [None, "identity", "gzip;q=0, *;q=0", "deflate", "gzip;q=much"])
def test_nobody_else_gets_a_compressed_answer(lab: Lab, accept: str | None) -> None:
    coding, body = ask(lab, "product_https", "/PowerShell", accept)
    assert (coding, ns.SOAP.encode() in body) == (None, True)


def test_a_proxy_that_compresses_what_nobody_asked_for(lab: Lab) -> None:
    lab.server.faults.update([{"name": "compressed_answers", "count": 1}])
    coding, body = ask(lab, "wsman_https", "/wsman", "identity")
    assert (coding, ns.SOAP.encode() in gzip.decompress(body)) == ("gzip", True)
    assert ask(lab, "wsman_https", "/wsman", "identity")[0] is None


def test_weights() -> None:
    assert accepts("*;q=0.1, identity")
    assert not accepts("gzip;q=0, *")
    assert not accepts("")
