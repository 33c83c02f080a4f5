# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's decoders, each with what it takes for right, ready to be given what is wrong.

What a decoder may do with it is to return values or to raise a ShellError that a person can read. Anything else is a finding.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import random
import re
import socket
import threading
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Any, Protocol

import psrpcore
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from psrpcore import types as ps
from psrpcore.types import serialize as ps_serialize

import psrp_messages
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509 import certificate_facts
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import framing, transport_errors
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Deadline, OutOfTime
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Session
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.winrs import WinrsCarrier
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.wsman import WsmanCarrier
from mutations import BYTES, HEADS, LONGEST, XML, change_der, mutate

SECONDS = 5.0
"""What one answer may take."""


class WrongSuccessError(Exception):
    """The decoder took for whole what was not."""


class Decoder(Protocol):
    """One kind of input."""

    name: str

    def make(self, chance: random.Random) -> bytes:
        """An input, wrong by ``chance``."""

    def decode(self, data: bytes) -> None:
        """Have it decoded.

        :raises ShellError: where it is refused.
        :raises WrongSuccessError: where it should have been.
        """


# CLIXML


class _Canned:
    """A carrier whose other end opens the pool as it should, and answers the pipeline with given fragments."""

    fragment_size = 32_768
    delegates = silent = sealed = False
    requests = 0
    clock_offset = None
    by_kerberos = False

    def __init__(self) -> None:
        self.pool_id = uuid.uuid4()
        self.pipeline = uuid.UUID(int=0)
        self.answers: list[bytes] = []
        self._server = psrpcore.ServerRunspacePool()

    def open(self, first: bytes, deadline: Deadline) -> None:
        self._server.receive_data(psrpcore.PSRPPayload(first, psrpcore.StreamType.default, None))
        while self._server.next_event() is not None:
            pass
        while (payload := self._server.data_to_send(self.fragment_size)) is not None:
            self.answers.append(payload.data)

    def start(self, pipeline: uuid.UUID, first: bytes, deadline: Deadline) -> None:
        self.pipeline = pipeline

    def send(self, pipeline: uuid.UUID | None, data: bytes, deadline: Deadline, *, prompt: bool = False) -> None:
        return

    def receive(self, pipeline: uuid.UUID | None, deadline: Deadline) -> list[bytes]:
        if not self.answers:
            raise OutOfTime  # a server that says no more
        answers, self.answers = self.answers, []
        return answers

    def stop(self, pipeline: uuid.UUID, deadline: Deadline) -> None:
        return

    finish = stop

    def close(self, deadline: Deadline) -> None:
        return


_ADDRESS = psrp_messages.Address(uuid.UUID(int=1), uuid.UUID(int=2))


class Clixml:
    """The messages of a pipeline (MS-PSRP 2.2.2), in the fragments of their carrier."""

    name = "clixml"

    def __init__(self) -> None:
        self._honest = _honest_messages()
        self._session: Session | None = None

    def make(self, chance: random.Random) -> bytes:
        """Messages with wrong objects in right fragments, or the fragments themselves wrong."""
        messages = chance.sample(self._honest, chance.randint(1, 3))
        wrong = chance.randrange(len(messages))
        whole = [
            _ADDRESS.body(kind, mutate(chance, text, XML) if place == wrong else text)
            for place, (kind, text) in enumerate(messages)
        ]
        whole.append(_ADDRESS.body(psrp_messages.STATE, psrp_messages.COMPLETED))
        size = chance.choice((32_768, 300))
        data = b"".join(piece for body in whole for piece in psrp_messages.split(body, size))
        return mutate(chance, data, BYTES) if chance.random() < 0.25 else data

    def decode(self, data: bytes) -> None:
        """Have a session run a pipeline whose answer this is."""
        if self._session is None or self._session.broken:
            self._session = Session(_Canned())
            self._session.open(30)
        canned: Any = self._session.carrier
        # the pipeline's own id is not known before it starts
        start = canned.start

        def answer(pipeline: uuid.UUID, first: bytes, deadline: Deadline) -> None:
            start(pipeline, first, deadline)
            address = canned.pool_id.bytes_le + pipeline.bytes_le
            canned.answers = [data.replace(_ADDRESS.pool.bytes_le + _ADDRESS.pipeline.bytes_le, address)]

        canned.start = answer
        try:
            self._session.invoke(Pipeline((Cmdlet("Get-Thing"),)), timeout=30)
        finally:
            canned.start = start


def _honest_messages() -> list[tuple[int, bytes]]:
    cipher: Any = None

    def write(value: object) -> bytes:
        return ET.tostring(ps_serialize(value, cipher))

    thing = ps.PSCustomObject(
        Name="EXCH01",
        Size=ps.PSInt64(7),
        When=ps.PSDateTime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        For=ps.PSDuration(hours=3),
        Many=ps.PSList(
            [ps.PSUInt(1), ps.PSByte(2), ps.PSDecimal("1.5"), ps.PSDouble(2.5), ps.PSChar("c"), ps.PSGuid(int=7)]
        ),
        Map=ps.PSDict({"a": ps.PSInt(1), "b": ps.PSUri("http://a/"), "c": ps.PSVersion("15.0.1")}),
        Bytes=ps.PSByteArray(b"\x01\x02"),
        Text=ps.PSString("a\n\u00e4\U0001f4a9"),
        Nothing=None,
        Enum=ps.ErrorCategory.ObjectNotFound,
    )
    record = ps.ErrorRecord(
        Exception=ps.NETException("It was not found."),
        CategoryInfo=ps.ErrorCategoryInfo(Category=ps.ErrorCategory.ObjectNotFound, Activity="Get-Thing"),
        FullyQualifiedErrorId="NotFound,GetThing",
    )
    state = (
        '<Obj RefId="0"><MS><I32 N="PipelineState">5</I32><Obj N="ExceptionAsErrorRecord" RefId="1">%s</Obj></MS></Obj>'
    )
    texts = [
        (psrp_messages.OUTPUT, write(thing)),
        (psrp_messages.OUTPUT, write(ps.PSList([thing, thing]))),
    ]
    error = write(record)
    inside = error.partition(b">")[2].rpartition(b"<")[0]
    texts += [(psrp_messages.ERROR, error), (psrp_messages.STATE, state.encode() % inside)]
    texts += [(psrp_messages.WARNING, b'<Obj RefId="0"><MS><S N="InformationalRecord_Message">beware</S></MS></Obj>')]
    return texts


# SOAP and HTTP

_SPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
    'xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer"'
)
_SHELL = "11111111-1111-1111-1111-111111111111"
_COMMAND = "22222222-2222-2222-2222-222222222222"
_RELATED = "uuid:33333333-3333-3333-3333-333333333333"
_PAYLOAD = b"fragments"
_FRAMED = (
    b"<Data Stream='Default' PSGuid='00000000-0000-0000-0000-000000000000'>"
    + base64.b64encode(_PAYLOAD)
    + b"</Data>\r\n"
)


def _envelope(action: str, body: str) -> bytes:
    head = f"<a:Action>{action}</a:Action><a:MessageID>uuid:4</a:MessageID><a:RelatesTo>{_RELATED}</a:RelatesTo>"
    return f"<s:Envelope {_SPACES}><s:Header>{head}</s:Header><s:Body>{body}</s:Body></s:Envelope>".encode()


def _stream(data: bytes) -> str:
    """MS-WSMV 3.1.4.14: the answer to a Receive."""
    inside = base64.b64encode(data).decode()
    done = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Running"
    return (
        f'<rsp:ReceiveResponse><rsp:Stream Name="stdout" CommandId="{_COMMAND}">{inside}</rsp:Stream>'
        f'<rsp:CommandState CommandId="{_COMMAND}" State="{done}"></rsp:CommandState></rsp:ReceiveResponse>'
    )


_RECEIVED = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/ReceiveResponse"
_FAULT = (
    "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:InternalError</s:Value></s:Subcode></s:Code><s:Reason>"
    '<s:Text xml:lang="en-US">It broke.</s:Text></s:Reason><s:Detail><f:WSManFault '
    'xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="995" Machine="h"><f:Message>It broke.</f:Message>'
    "</f:WSManFault></s:Detail></s:Fault>"
)
_CREATED = _envelope(
    "http://schemas.xmlsoap.org/ws/2004/09/transfer/CreateResponse",
    "<x:ResourceCreated><a:Address>http://h/</a:Address><a:ReferenceParameters><w:ResourceURI>r</w:ResourceURI>"
    f"<w:SelectorSet><w:Selector Name='ShellId'>{_SHELL}</w:Selector></w:SelectorSet></a:ReferenceParameters>"
    "</x:ResourceCreated>",
)

_COMMANDED = _envelope(
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandResponse",
    f"<rsp:CommandResponse><rsp:CommandId>{_COMMAND}</rsp:CommandId></rsp:CommandResponse>",
)


def _http(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/soap+xml;charset=UTF-8\r\nServer: Microsoft-HTTPAPI/2.0\r\n"
    return f"{head}Date: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class _Port:
    """A port that answers every request with the bytes it has been given, and hangs up."""

    def __init__(self) -> None:
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.number: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _address = self._listener.accept()
            with contextlib.suppress(OSError), connection:
                connection.settimeout(SECONDS)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        request = b""
        while (end := request.find(b"\r\n\r\n")) < 0:
            if not (more := connection.recv(65_536)):
                return
            request += more
        length = re.search(rb"(?i)content-length: (\d+)", request)
        while len(request) < end + 4 + int(length[1] if length else 0):
            request += connection.recv(65_536)
        asked = re.search(rb"MessageID[^>]*>\s*([^<\s]+)", request)
        connection.sendall(self.answer.replace(_RELATED.encode(), asked[1] if asked else b""))
        connection.shutdown(socket.SHUT_WR)


@dataclass
class _Carriers:
    """One carrier of each kind, that has opened, and its port."""

    port: _Port = field(default_factory=_Port)

    def __post_init__(self) -> None:
        self.psrp = WsmanCarrier(
            {"remote_addr": "127.0.0.1", "port": self.port.number, "protocol": "http", "auth": "basic", "message_encryption": "never",
             "remote_user": "u", "remote_password": "p", "connection_timeout": 10}
        )  # fmt: skip
        self.winrm = WinrsCarrier(
            {"remote_addr": "127.0.0.1", "port": self.port.number, "scheme": "http", "transport": ["basic"], "remote_user": "u",
             "remote_password": "p", "server_cert_validation": "ignore"}
        )  # fmt: skip
        self.port.answer = _http("200 OK", _CREATED)
        self.winrm._open_shell("plaintext", Deadline(30))
        self.winrm._process = _COMMAND

    def ask(self, verb: str, answer: bytes, *, by_winrm: bool) -> list[bytes]:
        """What a carrier makes of an answer to one of its requests."""
        self.port.answer = answer
        try:
            return list((self._ask_by_winrm if by_winrm else self._ask_by_psrp)(verb) or [])
        except Exception as error:
            raise transport_errors.to_error(error, opened=verb != "create") from error

    def _ask_by_psrp(self, verb: str) -> Any:
        deadline, command = Deadline(30), uuid.UUID(_COMMAND)
        if verb == "create":
            self.psrp._shell.opened = False
            self.psrp.open(b"x", deadline)
        elif verb == "command":
            self.psrp.start(command, b"x", deadline)
        elif verb == "receive":
            return self.psrp.receive(command, deadline)
        else:
            self.psrp.stop(command, deadline)

    def _ask_by_winrm(self, verb: str) -> Any:
        deadline, carrier = Deadline(30), self.winrm
        carrier._decoder = framing.Decoder()
        if verb == "create":
            carrier._open_shell("plaintext", deadline)
        elif verb == "command":
            carrier._protocol.run_command(_SHELL, "powershell.exe")
        elif verb == "receive":
            return carrier.receive(None, deadline)
        else:
            carrier._write(b"x", deadline)
        return None


class Soap:
    """The envelopes of WS-Management, over both carriers."""

    name = "soap"

    def __init__(self) -> None:
        self._carriers = _Carriers()
        received = {True: _envelope(_RECEIVED, _stream(_FRAMED)), False: _envelope(_RECEIVED, _stream(_PAYLOAD))}
        signalled = _envelope(
            "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/SignalResponse", "<rsp:SignalResponse/>"
        )
        self._honest = [
            (verb, by_winrm, envelope)
            for by_winrm in (False, True)
            for verb, envelope in (
                ("receive", received[by_winrm]),
                ("create", _CREATED),
                ("command", _COMMANDED),
                ("signal", signalled),
                ("receive", _envelope("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", _FAULT)),
            )
        ]

    def make(self, chance: random.Random) -> bytes:
        """An envelope, and in front of it a byte that says what it answers."""
        place = chance.randrange(len(self._honest))
        return bytes([place]) + mutate(chance, self._honest[place][2], XML)

    def decode(self, data: bytes) -> None:
        """Have a carrier receive it."""
        verb, by_winrm, honest = self._honest[data[0]]
        status = "500 Internal Server Error" if b"Fault" in honest else "200 OK"
        self._carriers.ask(verb, _http(status, data[1:]), by_winrm=by_winrm)


class HttpHeads:
    """The heads of HTTP answers, before an envelope that is right."""

    name = "http"

    def __init__(self) -> None:
        self._carriers = _Carriers()

    def make(self, chance: random.Random) -> bytes:
        """An answer, and in front of it a byte that says which carrier it is for."""
        by_winrm = chance.random() < 0.5
        body = _envelope(_RECEIVED, _stream(_FRAMED if by_winrm else _PAYLOAD))
        head, end, _body = _http("200 OK", body).partition(b"\r\n\r\n")
        return bytes([by_winrm]) + mutate(chance, head + end, HEADS) + body

    def decode(self, data: bytes) -> None:
        """Have a carrier receive it; what comes out is what the envelope holds, or nothing."""
        received = self._carriers.ask("receive", data[1:], by_winrm=bool(data[0]))
        if received not in ([], [_PAYLOAD]):
            raise WrongSuccessError


# Certificates


class Certificates:
    """Certificates as the products give them out: DER."""

    name = "certificates"

    def __init__(self) -> None:
        self._honest = [_certificate(number) for number in range(4)]

    def make(self, chance: random.Random) -> bytes:
        """One with a part of it wrong, and every length right, or with wrong bytes."""
        data = chance.choice(self._honest)
        for _change in range(chance.choice((1, 1, 2, 3))):
            data = change_der(chance, data)[:LONGEST]
        return data

    def decode(self, data: bytes) -> None:
        """Have it described."""
        certificate_facts.describe(data)


def _certificate(number: int) -> bytes:
    keys: list[Any] = [
        rsa.generate_private_key(65537, 2048),
        ec.derive_private_key(number + 5, ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32),
        ec.derive_private_key(number + 5, ec.SECP384R1()),
    ]
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "exch01.example.com"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "\u00c4"),
        ]
    )
    begin = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(
        name, name, keys[number].public_key(), 4711 + number, begin, begin + dt.timedelta(days=365)
    )
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (
            x509.SubjectAlternativeName(
                [x509.DNSName("a.example.com"), x509.DNSName("*.b.example.com"), x509.RFC822Name("a@b")]
            ),
            False,
        ),
        (x509.BasicConstraints(ca=bool(number % 2), path_length=3 if number % 2 else None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.KeyUsage(True, False, True, False, False, False, False, False, False), True),
        (x509.SubjectKeyIdentifier.from_public_key(keys[number].public_key()), False),
    ]
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    algorithm = None if number == 2 else hashes.SHA256()
    return builder.sign(keys[number], algorithm).public_bytes(Encoding.DER)
