# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an XML text of a server has to be before anything parses it: Python's parsers build whatever they are told to.

SOAP 1.2 allows no document type and no processing instruction (section 5), and .NET's remoting writes none, so neither can be meant.
Without a document type there are no entities; without another encoding the bytes say how many elements there are.
"""

from __future__ import annotations

import itertools
import re
import typing as t
import xml.etree.ElementTree as ET

MOST_ELEMENTS = 50_000
"""Elements of one text: each costs some hundred bytes as an object. An answer of 500 KiB, Windows' largest by default, has fewer."""

_DECLARATION = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml\s[^<>]{0,200}\?>")
_ATTRIBUTE = re.compile(rb"=\s*[\"']")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([^"']*)["']""")
_SHELL = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
_SPACES = {"s": "http://www.w3.org/2003/05/soap-envelope", "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing"}


class NotSoap(Exception):
    """What a server sent is not of the kind that WS-Management or PowerShell Remoting sends."""


def check_xml(text: bytes | bytearray, most_elements: int = MOST_ELEMENTS) -> None:
    """See that a text is XML of a kind that can be parsed safely; whether it is well-formed is the parser's business.

    :raises NotSoap: where it is not.
    """
    body = text
    if declaration := _DECLARATION.match(text):
        encoding = _ENCODING.search(declaration[0])
        if encoding and encoding[1].lower() not in (b"utf-8", b"us-ascii"):
            raise NotSoap("the server sent XML in another encoding than UTF-8")
        body = text[declaration.end() :]
    if b"\0" in body or b"<?" in body or b"<!" in body:
        raise NotSoap(
            "the server sent XML with a document type, an instruction or zero bytes, which no Windows server sends"
        )
    if body.count(b"<") > 2 * most_elements or _count_attributes(body, 2 * most_elements) > 2 * most_elements:
        raise NotSoap(f"the server sent XML with more than {most_elements} elements or attributes in one message")


def check_transport(transport: t.Any, method: str) -> None:
    """Have every answer that ``transport`` gives by ``method`` checked, those among them that it raises as errors.

    If HTTP.sys or IIS refuses a request itself, the answer is a page of HTML. Its HTTP status is reported, and the page is not read.
    """
    send: t.Callable[..., bytes] = getattr(transport, method)

    def send_and_check(*arguments: t.Any, **options: t.Any) -> bytes:
        try:
            answer = send(*arguments, **options)
        # both libraries keep the body of an error for the caller to parse
        except Exception as error:
            try:
                check_xml(_to_bytes(getattr(error, "response_text", b"")))
            except NotSoap:
                error.args = (*error.args[:2], "")  # protocol and status; the text is the third, in both libraries
            raise
        check_xml(answer)
        return answer

    setattr(transport, method, send_and_check)


def check_relation(request: str | bytes, answer: bytes) -> None:
    """See that an answer is the answer to this request, and what it carries the output of the command that was asked for.

    WS-Addressing says the first by RelatesTo, MS-WSMV 2.2.4.31 the second by the CommandId of each stream.

    :raises NotSoap: where it is not.
    """
    asked, answered = _parse(request), _parse(answer)
    identity = asked.findtext("s:Header/a:MessageID", namespaces=_SPACES)
    related = answered.findtext("s:Header/a:RelatesTo", namespaces=_SPACES) or ""
    if not identity or related.strip().lower() != identity.strip().lower():
        raise NotSoap("the server's answer does not belong to the request")
    check_streams(asked, answered)


def check_streams(asked: ET.Element, answered: ET.Element | None) -> None:
    """See that every stream in an answer is one that was asked for, of the command that was asked for (MS-WSMV 2.2.4.9 and 2.2.4.31).

    :raises NotSoap: where one is not, and where the answer lacks what the libraries look for without asking.
    """
    if answered is None:
        raise NotSoap("the server's answer has no body")
    desired = list(asked.iter(f"{_SHELL}DesiredStream"))
    if not desired:
        return
    commands = {stream.get("CommandId", "").lower() for stream in desired} | {""}
    names = {name for stream in desired for name in (stream.text or "").split()}
    for stream in answered.iter(f"{_SHELL}Stream"):
        if stream.get("CommandId", "").lower() not in commands:
            raise NotSoap("the server sent the output of another command")
        if stream.get("Name") not in names:
            raise NotSoap("the server sent a stream that was not asked for")
    if any("State" not in state.attrib for state in answered.iter(f"{_SHELL}CommandState")):
        raise NotSoap("the server's answer does not say in which state the command is")


def _parse(text: str | bytes) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314  # ours, or checked by check_xml


def _count_attributes(body: bytes | bytearray, enough: int) -> int:
    """How many attributes there can be; not more precise than ``enough``, for what is a text may look like one."""
    if body.count(b"=") <= enough:
        return 0
    return sum(1 for _match in itertools.islice(_ATTRIBUTE.finditer(body), enough + 1))


def _to_bytes(text: t.Any) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text or b"")
