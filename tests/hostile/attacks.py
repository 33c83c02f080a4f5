# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hostile server, or somebody on the way to an honest one, can answer. Each attack is one small script.

To add one: a subclass of Script with what it tampers with, and the decorator with what may come of it. A write is asked for unless it says
otherwise; ``kinds`` are the errors that are right, ``succeeds`` says that the task may also be told the truth, that it was done.
"""

from __future__ import annotations

import base64
import gzip
import re
import uuid
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from psrpcore import types as ps
from psrpcore._crypto import PSRemotingCrypto

import psrp_messages as psrp
from hostile_server import START, Asked, Raw, Script
from psrp_messages import Address
from wire.front import Reply

UNKNOWN = {"unknown_outcome"}
FAILED = {"failed"}
LOST = {"session_lost"}
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u2066"
SOAP = "application/soap+xml;charset=UTF-8"


@dataclass(frozen=True)
class Attack:
    """An attack.

    :ivar script: what the server does.
    :ivar write: whether a write is asked for, or a read.
    :ivar way: ``plain``, or ``sealed``: message encryption by NTLM.
    :ivar kinds: the kinds of error that are right.
    :ivar succeeds: whether to be told that the write was done is right as well.
    :ivar says: what has to be in the error's message.
    """

    name: str
    script: type[Script]
    kinds: frozenset[str]
    write: bool = True
    way: str = "plain"
    succeeds: bool = False
    says: str = ""
    timeout: float = 3.0
    carriers: tuple[str, ...] = ("psrp", "winrm")


ATTACKS: list[Attack] = []


def declare(name: str, script: type[Script], kinds: set[str], **more: Any) -> None:
    """Declare an attack by its name."""
    ATTACKS.append(Attack(name, script, frozenset(kinds), **more))


def attack(kinds: set[str], **more: Any) -> Callable[[type[Script]], type[Script]]:
    """Declare a script as an attack of its name."""

    def declare_class(script: type[Script]) -> type[Script]:
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in script.__name__).strip("_")
        declare(name, script, kinds, **more)
        return script

    return declare_class


def replaces(stage: str, make: Callable[[Reply], Reply | Raw]) -> type[Script]:
    """A script that replaces the HTTP answer in one stage, after what was asked for has been done."""

    class Replaces(Script):
        def http(self, asked: Asked, reply: Reply) -> Reply | Raw:
            return make(reply) if asked.stage == stage and reply.status != 401 else reply

    return Replaces


def says_first(clixml: Callable[[], Iterator[tuple[int, str]]]) -> type[Script]:
    """A script whose pipeline says messages of its own before the honest ones."""

    class Says(Script):
        def output(self, pipeline: uuid.UUID, fragments: bytes) -> Iterator[bytes]:
            address, waiting = Address.read(fragments), b""
            for kind, text in clixml():
                for piece in psrp.split(address.body(kind, text), 30_000):
                    waiting += piece
                    if len(waiting) > 30_000:
                        yield waiting
                        waiting = b""
            yield waiting + fragments

    return Says


# Redirects


def redirect(status: int, target: str) -> Callable[[Reply], Reply]:
    return lambda _reply: Reply(status, [("Location", target)])


declare(
    "redirect_to_owa_at_the_door",
    replaces("open", redirect(302, "https://mail.litwareinc.com/owa")),
    {"redirected"},
    says="/owa",
)


declare(
    "redirect_of_the_write",
    replaces(START, redirect(302, "http://evil.example/wsman")),
    UNKNOWN,
    says="http://evil.example/wsman",
)


declare("redirect_that_keeps_the_body", replaces(START, redirect(307, "/wsman")), UNKNOWN)


declare("redirect_for_ever", replaces(START, redirect(308, "https://127.0.0.1:1/wsman")), UNKNOWN)


declare(
    "redirect_with_a_logon",
    replaces(START, redirect(301, "http://user:hunter2@evil.example/x?token=hunter2")),
    UNKNOWN,
    says="evil.example/x",
)


declare("redirect_to_nowhere", replaces("answer", redirect(303, "http://[::1")), UNKNOWN)


declare("redirect_with_escapes", replaces(START, redirect(302, "http://evil.example/\x1b[2Jx")), UNKNOWN)


# Gateways, and what is no WS-Management at all


def status(number: int, body: bytes = b"", kind: str = "text/html") -> Callable[[Reply], Reply]:
    return lambda _reply: Reply(number, [("Content-Type", kind)], body)


declare("bad_gateway", replaces(START, status(502, b"<html>Bad Gateway</html>")), UNKNOWN)


declare("gateway_timeout", replaces(START, status(504)), UNKNOWN)


declare("gateway_timeout_of_the_answer", replaces("answer", status(504)), UNKNOWN)


def _answer_unavailable(_reply: Reply) -> Raw:
    head = b"HTTP/1.1 503 Service Unavailable\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"
    return Raw([head])


declare("unavailable_by_a_gateway", replaces(START, _answer_unavailable), UNKNOWN)


@attack({"session_lost"})
class UnavailableByHttpSys(Script):
    def instead(self, asked: Asked) -> tuple[int, bytes] | None:
        return (503, b"") if asked.stage == START else None


declare("server_error_without_a_word", replaces(START, status(500)), UNKNOWN)


declare("teapot_with_escapes", replaces(START, status(418, ESCAPES.encode())), UNKNOWN)


declare("empty_success", replaces(START, status(200)), UNKNOWN)


declare("no_content", replaces("answer", status(204)), UNKNOWN)


declare("a_page_instead", replaces(START, status(200, b"<html><body>Welcome</body></html>")), UNKNOWN)


declare(
    "a_page_at_the_door",
    replaces("open", status(200, b"<!DOCTYPE html><html><body>Welcome</body></html>")),
    {"unsupported", "session_lost"},
)


declare(
    "other_xml_at_the_door",
    replaces("open", status(200, b"<feed/>", "application/xml")),
    {"unsupported", "session_lost"},
)


# Content codings


def coded(coding: str, pack: Callable[[bytes], bytes]) -> Callable[[Reply], Reply]:
    return lambda reply: Reply(200, [("Content-Type", SOAP), ("Content-Encoding", coding)], pack(reply.body))


declare(
    "gzip_bomb",
    replaces("answer", coded("gzip", lambda _body: gzip.compress(bytes(300_000_000), 1))),
    UNKNOWN,
    says="gzip",
)


declare(
    "deflate_bomb",
    replaces(START, coded("deflate", lambda _body: zlib.compress(bytes(50_000_000), 1))),
    UNKNOWN,
    says="deflate",
)


declare("brotli_at_the_door", replaces("open", coded("br", bytes)), {"unsupported"}, says="br")


declare(
    "gzip_in_gzip",
    replaces("answer", coded("gzip, gzip", lambda body: gzip.compress(gzip.compress(body)))),
    UNKNOWN,
    says="gzip",
)


# Bodies without an end


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"


def forever(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Callable[[Reply], Raw]:
    def pieces() -> Iterator[bytes]:
        yield head
        yield from forever(piece)

    return lambda _reply: Raw(pieces(), pause)


declare("endless_body", replaces("answer", endless(HEAD + b"\r\n", b"x" * 65536)), UNKNOWN)


declare(
    "endless_chunks",
    replaces("answer", endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"4000\r\n" + b"x" * 16384 + b"\r\n")),
    UNKNOWN,
)


declare(
    "endless_tiny_chunks",
    replaces(START, endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000)),
    UNKNOWN,
)


declare(
    "endless_trailers",
    replaces(START, endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 1000)),
    UNKNOWN,
)


declare("endless_headers", replaces(START, endless(HEAD, b"X-More: of it\r\n" * 10)), UNKNOWN)


declare("one_endless_header", replaces(START, endless(HEAD + b"X-Long: ", b"x" * 4096)), UNKNOWN)


declare("continue_for_ever", replaces(START, endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100)), UNKNOWN)


declare(
    "drip_of_the_body",
    replaces("answer", endless(HEAD + b"Content-Length: 100000\r\n\r\n", b"x", 0.2)),
    UNKNOWN,
    timeout=1.5,
)


declare("drip_of_the_headers", replaces(START, endless(HEAD + b"X-Slow: ", b"x", 0.2)), UNKNOWN, timeout=1.5)


declare(
    "drip_at_the_door",
    replaces("open", endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.2)),
    {"unreachable"},
    timeout=1.5,
)


declare(
    "announced_gigabytes",
    replaces("answer", endless(HEAD + b"Content-Length: 99999999999\r\n\r\n", b"x" * 65536)),
    UNKNOWN,
)


# Answers that break off, or are none


def raw(*pieces: bytes, close: bool = True) -> Callable[[Reply], Raw]:
    return lambda _reply: Raw(pieces, close=close)


declare("silence_after_the_write", replaces(START, raw(close=False)), UNKNOWN, timeout=1.5)


declare("silence_at_the_door", replaces("open", raw(close=False)), {"unreachable"}, timeout=1.5, says="127.0.0.1")


declare("hang_up_after_the_write", replaces(START, raw()), UNKNOWN)


declare("hang_up_in_the_answer", replaces("answer", raw(HEAD + b"Content-Length: 5000\r\n\r\n<s:Envelope")), UNKNOWN)


declare(
    "half_an_answer",
    replaces("answer", raw(HEAD + b"Content-Length: 5000\r\n\r\n<s:Envelope", close=False)),
    UNKNOWN,
    timeout=1.5,
)


declare("binary_noise", replaces(START, raw(bytes(range(256)) * 100)), UNKNOWN)


declare("another_protocol", replaces(START, raw(b"SSH-2.0-OpenSSH_9.2p1\r\n")), UNKNOWN)


declare("negative_length", replaces(START, raw(HEAD + b"Content-Length: -1\r\n\r\n")), UNKNOWN)


declare(
    "two_answers_in_one",
    replaces(START, raw(HEAD + b"Content-Length: 0\r\n\r\n" + HEAD + b"Content-Length: 0\r\n\r\n")),
    UNKNOWN,
)


# Envelopes


def body_of(stage: str, change: Callable[[bytes], bytes]) -> type[Script]:
    """A script that changes the envelope of one stage."""

    class Changes(Script):
        def soap(self, asked: Asked, status: int, envelope: bytes) -> tuple[int, bytes]:
            return status, change(envelope) if asked.stage == stage else envelope

    return Changes


def without_declaration(envelope: bytes) -> bytes:
    return envelope.partition(b"?>")[2] if envelope.lstrip().startswith(b"<?xml") else envelope


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10) for i in range(1, 10))


declare(
    "billion_laughs",
    body_of(START, lambda xml: b'<!DOCTYPE x [<!ENTITY l0 "ha">' + LAUGHS + b"]>" + without_declaration(xml)),
    UNKNOWN,
)


declare(
    "quadratic_entities_at_the_door",
    body_of("open", lambda _xml: b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 50_000 + b'">]><x>' + b"&a;" * 5000 + b"</x>"),
    {"session_lost", "unsupported"},
)


declare(
    "entity_of_a_file",
    body_of("answer", lambda xml: b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + without_declaration(xml)),
    UNKNOWN,
)


declare("envelope_in_utf16", body_of("answer", lambda xml: without_declaration(xml).decode().encode("utf-16")), UNKNOWN)


declare(
    "envelope_in_ebcdic",
    body_of(
        "answer",
        lambda xml: b'<?xml version="1.0" encoding="cp037"?>' + without_declaration(xml).decode().encode("cp037"),
    ),
    UNKNOWN,
)


declare(
    "many_elements",
    body_of("answer", lambda xml: xml.replace(b"</s:Header>", b"<a/>" * 240_000 + b"</s:Header>")),
    UNKNOWN,
)


declare(
    "many_attributes",
    body_of(
        "answer",
        lambda xml: xml.replace(
            b"</s:Header>", b"<a " + b" ".join(b"a%d=''" % i for i in range(110_000)) + b"/></s:Header>"
        ),
    ),
    UNKNOWN,
)


declare(
    "deeply_nested",
    body_of("answer", lambda xml: xml.replace(b"</s:Header>", b"<a>" * 49_000 + b"</a>" * 49_000 + b"</s:Header>")),
    UNKNOWN,
    succeeds=True,
)


def related(envelope: bytes, to: bytes) -> bytes:
    before, mark, after = envelope.partition(b"RelatesTo>")
    return before + mark + to + after[after.index(b"<") :]


declare(
    "answer_to_another_request",
    body_of(START, lambda xml: related(xml, b"uuid:00000000-0000-0000-0000-000000000000")),
    UNKNOWN,
)


declare("answer_to_nothing", body_of("answer", lambda xml: related(xml, b"")), UNKNOWN)


declare(
    "output_of_another_command",
    body_of(
        "answer",
        lambda xml: xml.replace(b'<rsp:Stream Name="stdout" CommandId="', b'<rsp:Stream Name="stdout" CommandId="F'),
    ),
    UNKNOWN,
)


declare("output_that_is_no_base64", body_of("answer", lambda xml: xml.replace(b'">', b'">*&#0;*')), UNKNOWN)


declare(
    "output_on_another_stream", body_of("answer", lambda xml: xml.replace(b'Name="stdout"', b'Name="stdtwo"')), UNKNOWN
)


def fault(code: str, reason: str = "No.") -> bytes:
    space = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Receiver</s:Value>'
        f"<s:Subcode><s:Value>w:Odd</s:Value></s:Subcode></s:Code><s:Reason><s:Text>{reason}</s:Text></s:Reason><s:Detail>"
        f'<f:WSManFault xmlns:f="{space}" Code="{code}"/></s:Detail></s:Fault></s:Body></s:Envelope>'
    ).encode()


def faults(stage: str, code: str, reason: str = "No.") -> type[Script]:
    """A script that does what it is asked, and answers with a fault."""

    class Faults(Script):
        def soap(self, asked: Asked, status: int, envelope: bytes) -> tuple[int, bytes]:
            return (500, fault(code, reason)) if asked.stage == stage else (status, envelope)

    return Faults


declare("unknown_fault_after_the_write", faults(START, "4711"), UNKNOWN)


declare("time_out_fault_after_the_write", faults(START, "2150858793"), UNKNOWN)


declare("aborted_after_the_write", faults("answer", "995"), UNKNOWN)


declare("fault_without_a_number", faults(START, "x" * 100), UNKNOWN)


declare("escapes_in_a_fault", faults("open", "4711", "&#x9b;31m\u202ex"), {"session_lost"}, says="\\u009b31m\\u202ex")


@attack(UNKNOWN, timeout=1.5)
class NeverAnyOutput(Script):
    def output(self, pipeline: uuid.UUID, fragments: bytes) -> Iterator[bytes]:
        yield from ()


# PowerShell Remoting


class Foreign(Script):
    """Says the pipeline's end in somebody else's name, and nothing else."""

    def address(self, honest: Address) -> Address:
        return Address(honest.pool, uuid.uuid4())

    def output(self, pipeline: uuid.UUID, fragments: bytes) -> Iterator[bytes]:
        yield self.address(Address.read(fragments)).message(psrp.STATE, psrp.COMPLETED)


@attack(UNKNOWN, timeout=1.5)
class EndOfAnotherPipeline(Foreign):
    pass


@attack(UNKNOWN, timeout=1.5)
class EndOfNoPipeline(Foreign):
    def address(self, honest: Address) -> Address:
        return Address(honest.pool, psrp.NO_ID)


@attack(UNKNOWN)
class EndInAnotherRunspace(Foreign):
    def address(self, honest: Address) -> Address:
        return Address(uuid.uuid4(), honest.pipeline)


class Garbled(Script):
    """Says something before its honest words."""

    def garble(self, address: Address) -> bytes:
        raise NotImplementedError

    def output(self, pipeline: uuid.UUID, fragments: bytes) -> Iterator[bytes]:
        yield self.garble(Address.read(fragments))
        yield fragments


@attack(UNKNOWN)
class HalfAFragment(Garbled):
    def garble(self, address: Address) -> bytes:
        return address.message(psrp.OUTPUT, "<S>x</S>")[:-3]


@attack(UNKNOWN)
class FragmentOfFourGigabytes(Garbled):
    def garble(self, address: Address) -> bytes:
        return psrp.fragment(b"x" * 100, length=0xFFFFFFFF)


@attack(UNKNOWN)
class FragmentsInAnotherOrder(Garbled):
    def garble(self, address: Address) -> bytes:
        return psrp.fragment(b"x" * 100, position=7, flags=0)


@attack(UNKNOWN)
class ManyOpenMessages(Garbled):
    def garble(self, address: Address) -> bytes:
        return b"".join(psrp.fragment(b"x", flags=1) for _number in range(2000))


@attack(UNKNOWN)
class EmptyFragments(Garbled):
    def garble(self, address: Address) -> bytes:
        return b"".join(psrp.fragment(b"") for _number in range(2000))


@attack(UNKNOWN)
class UnknownMessage(Garbled):
    def garble(self, address: Address) -> bytes:
        return address.message(0x00099999, "<S>x</S>")


@attack(UNKNOWN)
class NoXml(Garbled):
    def garble(self, address: Address) -> bytes:
        return address.message(psrp.OUTPUT, b"\xff\xfe not xml")


@attack(UNKNOWN)
class RunspaceBreaks(Garbled):
    def garble(self, address: Address) -> bytes:
        return Address(address.pool, psrp.NO_ID).message(psrp.POOL_STATE, psrp.BROKEN)


def says(kind: int, *texts: str) -> type[Script]:
    """A script whose pipeline says these messages first."""
    return says_first(lambda: iter([(kind, text) for text in texts]))


declare("laughs_in_an_object", says(psrp.OUTPUT, '<!DOCTYPE x [<!ENTITY a "ha">]><S>&a;</S>'), UNKNOWN)


REFERENCES = '<Obj RefId="0"><LST>{}</LST></Obj>'.format(
    f'<Obj RefId="1"><TN RefId="0"><T>{"x" * 1000}</T></TN><MS><S N="p">{"y" * 1000}</S></MS></Obj>'
    + '<Ref RefId="1"/>' * 20_000
)


declare("references_to_one_object", says(psrp.OUTPUT, REFERENCES), UNKNOWN, says="more characters", timeout=10.0)


def nested_references() -> str:
    text = '<S N="x">a</S>'
    for level in range(40):
        text = (
            f'<Obj RefId="{level}" N="a"><MS>{text}<Ref N="b" RefId="{level - 1}"/></MS></Obj>'
            if level
            else (f'<Obj RefId="0" N="a"><MS>{text}</MS></Obj>')
        )
    return text


declare("references_that_double", says(psrp.OUTPUT, nested_references()), UNKNOWN, says="more values", timeout=20.0)


TYPES = '<Obj RefId="0"><LST><Obj RefId="1"><TN RefId="0">{}</TN></Obj>{}</LST></Obj>'.format(
    "<T>System.Object</T>" * 5_000, '<Obj RefId="2"><TNRef RefId="0"/></Obj>' * 5_000
)


declare("type_names_by_reference", says(psrp.OUTPUT, TYPES), UNKNOWN, says="more characters", timeout=20.0)


declare(
    "tiny_elements",
    says(psrp.OUTPUT, '<Obj RefId="0"><LST>' + "<Nil/>" * 1_000_000 + "</LST></Obj>"),
    UNKNOWN,
    timeout=20.0,
)


declare("one_huge_text", says(psrp.OUTPUT, "<S>" + "x" * 9_000_000 + "</S>"), UNKNOWN, says="bytes", timeout=20.0)


declare(
    "astral_text",
    says(psrp.OUTPUT, "<S>" + "x" * 7_900_000 + "\U0001f600" + "</S>", "<S>" + "y" * 5_000_000 + "</S>"),
    UNKNOWN,
    says="more characters",
    timeout=60.0,
)


declare(
    "many_texts",
    says(psrp.OUTPUT, *["<S>" + "\u00e4" * 300_000 + "</S>"] * 7),
    UNKNOWN,
    says="more characters",
    timeout=60.0,
)


declare(
    "quotes_that_grow",
    says(psrp.OUTPUT, *["<S>" + '"' * 1_000_000 + "</S>"] * 6),
    UNKNOWN,
    says="more characters",
    timeout=60.0,
)


declare("endless_objects", says_first(lambda: iter([(psrp.OUTPUT, "<I32>1</I32>")] * 60_000)), UNKNOWN, timeout=4.0)


declare(
    "endless_warnings",
    says_first(
        lambda: iter(
            [(psrp.WARNING, '<Obj RefId="0"><MS><S N="InformationalRecord_Message">w</S></MS></Obj>')] * 30_000
        )
    ),
    UNKNOWN,
    timeout=4.0,
)


declare(
    "endless_progress",
    says_first(lambda: iter([(psrp.PROGRESS, '<Obj RefId="0"><MS><S N="Activity">a</S></MS></Obj>')] * 20_000)),
    UNKNOWN,
    succeeds=True,
    timeout=3.0,
)


declare("objects_in_objects", says(psrp.OUTPUT, '<Obj RefId="0"><LST>' * 4000 + "</LST></Obj>" * 4000), UNKNOWN)


declare("reference_to_nothing", says(psrp.OUTPUT, '<Obj RefId="0"><LST><Ref RefId="99"/></LST></Obj>'), UNKNOWN)


declare("number_of_many_digits", says(psrp.OUTPUT, f"<I64>{'9' * 100_000}</I64>"), UNKNOWN)


declare("duration_without_end", says(psrp.OUTPUT, f"<TS>P{'9' * 4000}D</TS>"), UNKNOWN)


declare("secret_without_a_key", says(psrp.OUTPUT, "<SS>AAAA</SS>"), UNKNOWN)


def record() -> str:
    """An error record full of escapes, as .NET would write it."""
    reason = ps.ErrorCategoryInfo(
        Category=ps.ErrorCategory.NotSpecified, Activity=ESCAPES, Reason=ESCAPES, TargetName=ESCAPES
    )
    made = ps.ErrorRecord(Exception=ps.NETException(ESCAPES), CategoryInfo=reason, FullyQualifiedErrorId=ESCAPES)
    text = ET.tostring(ps.serialize(made, PSRemotingCrypto()), encoding="unicode")
    return re.sub("<ToString>.*?</ToString>", "", text)  # which psrpcore does not escape


declare("escapes_in_a_record", says(psrp.ERROR, record()), set(), succeeds=True, write=False)


@attack({"failed"})
class EscapesInTheEnd(Script):
    """The pipeline ends with an error record full of them."""

    def output(self, pipeline: uuid.UUID, fragments: bytes) -> Iterator[bytes]:
        reason = record().replace("<Obj ", '<Obj N="ExceptionAsErrorRecord" ', 1)
        state = f'<Obj RefId="99"><MS><I32 N="PipelineState">5</I32>{reason}</MS></Obj>'
        yield Address.read(fragments).message(psrp.STATE, state)


@attack(UNKNOWN)
class EndWithANonsenseRecord(Script):
    def output(self, pipeline: uuid.UUID, fragments: bytes) -> Iterator[bytes]:
        state = '<Obj RefId="0"><MS><I32 N="PipelineState">5</I32><I32 N="ExceptionAsErrorRecord">7</I32></MS></Obj>'
        yield Address.read(fragments).message(psrp.STATE, state)


PROMPT = (
    '<Obj RefId="0"><MS><I64 N="ci">{number}</I64><Obj N="mi" RefId="1"><TN RefId="0"><T>System.Management.Automation.Remoting.'
    'RemoteHostMethodId</T></TN><ToString>ReadLine</ToString><I32>11</I32></Obj><Obj N="mp" RefId="2"><LST/></Obj></MS></Obj>'
)


declare(
    "prompts_without_end",
    says_first(lambda: iter([(psrp.HOST_CALL, PROMPT.format(number=n)) for n in range(1, 400)])),
    UNKNOWN,
    succeeds=True,
    timeout=3.0,
)


# What powershell.exe -s writes


class Writes(Script):
    """Puts text into what the remote PowerShell writes."""

    text = b""

    def soap(self, asked: Asked, status: int, envelope: bytes) -> tuple[int, bytes]:
        if asked.stage != "answer" or b"ReceiveResponse" not in envelope:
            return status, envelope
        stream = b'<rsp:Stream Name="stdout">' + base64.b64encode(self.text) + b"</rsp:Stream>"
        return status, envelope.replace(b"<rsp:ReceiveResponse>", b"<rsp:ReceiveResponse>" + stream, 1)


@attack(UNKNOWN, succeeds=True, carriers=("winrm",))
class NoiseWithoutLines(Writes):
    text = b"z" * 700_000


@attack(UNKNOWN, succeeds=True, carriers=("winrm",))
class HalfElements(Writes):
    text = b"<Data PSGuid='" * 50_000 + b"\r\n"


@attack(UNKNOWN, succeeds=True, carriers=("winrm",))
class ForeignAcknowledgements(Writes):
    text = b"".join(b"<DataAck PSGuid='%032x' />\r\n" % n for n in range(10_000))


@attack(UNKNOWN, carriers=("winrm",))
class ElementThatCannotBeRead(Writes):
    text = b"<Data Stream='Default' PSGuid='zzz'>AAAA</Data>\r\n"


@attack(UNKNOWN, succeeds=True, carriers=("winrm",))
class OutputInAnotherName(Writes):
    text = b"<Data Stream='Default' PSGuid='11111111-2222-3333-4444-555555555555'>AAAA</Data>\r\n"


# Somebody on the way to a server that seals its messages


declare("plain_in_the_sealed_answer", replaces("answer", status(200, b"<s:Envelope/>", SOAP)), UNKNOWN, way="sealed")


declare("plain_refusal_after_the_write", replaces(START, status(500, fault("5"), SOAP)), UNKNOWN, way="sealed")


declare("plain_forbidden_after_the_write", replaces(START, status(403)), UNKNOWN, way="sealed")


declare("plain_unavailable_after_the_write", replaces(START, status(503)), UNKNOWN, way="sealed")


@attack(UNKNOWN, way="sealed")
class ForgottenLogonAfterTheWrite(Script):
    def __init__(self) -> None:
        self._left = 1

    def http(self, asked: Asked, reply: Reply) -> Reply | Raw:
        if asked.stage == START and self._left:
            self._left = 0
            return Reply(401, [("WWW-Authenticate", "Negotiate")])
        return reply


declare(
    "sealed_noise",
    replaces("answer", lambda reply: Reply(200, reply.headers, reply.body[:-60] + bytes(60))),
    UNKNOWN,
    way="sealed",
)


declare(
    "sealed_without_parts",
    replaces("answer", lambda reply: Reply(200, reply.headers, b"--Encrypted Boundary\r\n")),
    UNKNOWN,
    way="sealed",
)


@attack(UNKNOWN, way="sealed")
class AnOldSealedAnswer(Script):
    """The answer to an earlier request, sealed by the same logon, once more."""

    def __init__(self) -> None:
        self._old: Reply | None = None

    def http(self, asked: Asked, reply: Reply) -> Reply | Raw:
        if asked.stage == "open" and reply.body:
            self._old = reply
        return self._old if asked.stage == "answer" and self._old else reply


declare(
    "redirect_of_a_sealed_write",
    replaces(START, redirect(302, "http://evil.example/wsman")),
    UNKNOWN,
    way="sealed",
    says="http://evil.example/wsman",
)
