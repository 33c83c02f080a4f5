# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP envelopes of WS-Management: what a request says, and how an answer is written."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from functools import cached_property
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from wire import faults
from wire import namespaces as ns
from wire.ports import Identity

_HEAD = '<s:Envelope xml:lang="en-US" ' + " ".join(f'xmlns:{p}="{u}"' for p, u in ns.PREFIXES.items()) + ">"
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_DIGITS = re.compile(r"[0-9]+")
_SMALLEST_ENVELOPE = 8192


def new_id() -> str:
    """An identifier as Windows writes it."""
    return str(uuid.uuid4()).upper()


def seconds(text: str) -> float:
    """Seconds of an xs:duration, else the fault for an invalid one."""
    match = _DURATION.fullmatch(text)
    if match is None or text in ("P", "PT"):
        raise faults.invalid_timeout(text)
    return sum(float(part or 0) * unit for part, unit in zip(match.groups(), (86400, 3600, 60, 1), strict=True))


class Request:
    """A parsed request, with who sends it and through which endpoint."""

    def __init__(self, xml: bytes, identity: Identity | None, path: str) -> None:
        try:
            envelope = ElementTree.fromstring(xml)
        except ElementTree.ParseError:
            envelope = ElementTree.Element("nothing")
        self.identity = identity
        self.path = path
        self.header = envelope.find(ns.tag(ns.SOAP, "Header"))
        self.body = envelope.find(ns.tag(ns.SOAP, "Body"))
        self.action = self._text(ns.ADDRESSING, "Action")
        self.message_id = self._text(ns.ADDRESSING, "MessageID")

    def _text(self, namespace: str, name: str) -> str:
        found = self.header.findtext(ns.tag(namespace, name)) if self.header is not None else None
        return (found or "").strip()

    def _named(self, name: str) -> dict[str, str]:
        found = self.header.iter(ns.tag(ns.WSMAN, name)) if self.header is not None else ()
        return {element.get("Name", ""): element.text or "" for element in found}

    @property
    def verb(self) -> str:
        """The last part of the action: Create, Receive, ..."""
        return self.action.rsplit("/", 1)[-1]

    @cached_property
    def is_identify(self) -> bool:
        """DMTF DSP0226 chapter 11: the one request without addressing."""
        return self.body is not None and self.body.find(ns.tag(ns.IDENTITY, "Identify")) is not None

    @cached_property
    def resource_uri(self) -> str:
        """The resource, without a query."""
        return self._text(ns.WSMAN, "ResourceURI").partition("?")[0]

    @cached_property
    def to(self) -> str:
        """The address that the client used."""
        return self._text(ns.ADDRESSING, "To")

    @cached_property
    def selectors(self) -> dict[str, str]:
        """Selectors by name."""
        return self._named("Selector")

    @cached_property
    def options(self) -> dict[str, str]:
        """Options by name."""
        return self._named("Option")

    @cached_property
    def timeout(self) -> float:
        """OperationTimeout in seconds; a malformed one faults every verb."""
        text = self._text(ns.WSMAN, "OperationTimeout")
        return seconds(text) if text else 60.0

    @cached_property
    def envelope_size(self) -> int:
        """The largest answer that the client takes, in bytes; what is no number faults every verb."""
        text = self._text(ns.WSMAN, "MaxEnvelopeSize") or "153600"
        if not _DIGITS.fullmatch(text):
            raise faults.malformed()
        return max(int(text), _SMALLEST_ENVELOPE)

    def element(self, *names: str) -> ElementTree.Element:
        """A shell element of the body by its path, else the fault for a malformed request."""
        found = self.body.find("/".join(ns.tag(ns.SHELL, name) for name in names)) if self.body is not None else None
        if found is None:
            raise faults.malformed()
        return found

    def elements(self, *names: str) -> Iterator[ElementTree.Element]:
        """All shell elements of the body by their path."""
        path = "/".join(ns.tag(ns.SHELL, name) for name in names)
        return iter(self.body.findall(path)) if self.body is not None else iter(())


def reply(request: Request, body: str, action: str = "") -> bytes:
    """An answer to the request."""
    return (
        f"{_HEAD}<s:Header><a:Action>{escape(action or request.action + 'Response')}</a:Action>"
        f"<a:MessageID>uuid:{new_id()}</a:MessageID><p:ActivityId>{new_id()}</p:ActivityId>"
        f"<a:To>{ns.ADDRESSING}/role/anonymous</a:To><a:RelatesTo>{escape(request.message_id)}</a:RelatesTo></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def fault(request: Request, error: faults.Fault, machine: str) -> bytes:
    """A fault as the answer to the request."""
    return reply(request, error.body(machine), f"{ns.WSMAN}/fault")


def identify_reply(version: str) -> bytes:
    """The answer to Identify."""
    return (
        f'<s:Envelope xmlns:s="{ns.SOAP}" xml:lang="en-US"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{ns.IDENTITY}"><wsmid:ProtocolVersion>{ns.WSMAN}</wsmid:ProtocolVersion>'
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>{version}</wsmid:ProductVersion></wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()
