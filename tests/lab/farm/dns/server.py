# SPDX-License-Identifier: GPL-3.0-or-later

"""The DNS server: UDP and TCP on one loopback port, over the farm's zones."""

from __future__ import annotations

import contextlib
import socketserver
import struct
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.tsig

from farm.dns import query, update
from farm.dns.refusal import Refusal
from farm.dns.zones import Zones

TSIG_ERRORS: dict[type[Exception], int] = {
    dns.message.UnknownTSIGKey: 17,
    dns.tsig.BadAlgorithm: 17,
    dns.tsig.BadTime: 18,
    dns.tsig.BadSignature: 16,
}
"""RFC 8945 section 3: BADKEY, BADTIME, BADSIG; a key is known with its algorithm only (section 5.2.1)."""


class NameServer:
    """Answers messages; knows nothing of sockets."""

    def __init__(self, zones: Zones, key: dns.tsig.Key) -> None:
        self.zones = zones
        self.keys = {key.name: key}

    def handle(self, wire: bytes, *, tcp: bool) -> bytes | None:
        """The answer to a message, if it deserves one."""
        try:
            request = dns.message.from_wire(wire, keyring=self.keys)
        except (dns.message.UnknownTSIGKey, dns.tsig.BadAlgorithm, dns.tsig.BadTime, dns.tsig.BadSignature) as error:
            return _unsigned_refusal(wire, TSIG_ERRORS[type(error)])
        except dns.exception.DNSException:
            return _format_error(wire)
        if request.flags & dns.flags.QR:
            return None
        response = dns.message.make_response(request)
        response.flags |= dns.flags.AA
        try:
            self._answer(request, response, tcp=tcp)
        except Refusal as refusal:
            response.set_rcode(refusal.code)
        return _to_wire(response, 65535 if tcp else max(512, request.payload))

    def _answer(self, request: dns.message.Message, response: dns.message.Message, *, tcp: bool) -> None:
        if request.opcode() == dns.opcode.UPDATE:
            update.apply(self.zones, request)
        elif request.opcode() != dns.opcode.QUERY or len(request.question) != 1:
            raise Refusal(dns.rcode.NOTIMP)
        elif request.question[0].rdtype in (dns.rdatatype.AXFR, dns.rdatatype.IXFR):
            query.transfer(self.zones, request, response, tcp=tcp)
        else:
            query.answer(self.zones, request, response)


def _to_wire(response: dns.message.Message, limit: int) -> bytes:
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        for section in (response.answer, response.authority, response.additional):
            section.clear()
        response.flags |= dns.flags.TC
        return response.to_wire()


def _format_error(wire: bytes) -> bytes | None:
    if len(wire) < 12:
        return None
    return wire[:2] + struct.pack("!H4H", 0x8000 | (wire[2] << 8 & 0x7800) | dns.rcode.FORMERR, 0, 0, 0, 0)


def _unsigned_refusal(wire: bytes, code: int) -> bytes:
    """NOTAUTH with a TSIG record that has an error and no signature (RFC 8945 section 5.3.2)."""
    request = dns.message.from_wire(wire, keyring=False, continue_on_error=True)
    asked, request.tsig = request.tsig, None  # else the response would be signed
    response = dns.message.make_response(request)
    response.set_rcode(dns.rcode.NOTAUTH)
    body = bytearray(response.to_wire())
    if asked is None:
        return bytes(body)
    signature = asked[0]
    assert isinstance(signature, dns.rdtypes.ANY.TSIG.TSIG)
    # with BADTIME, the server's time (RFC 8945 section 5.2.3)
    now = int(time.time())
    other = now.to_bytes(6, "big") if code == TSIG_ERRORS[dns.tsig.BadTime] else b""
    data = signature.replace(mac=b"", error=code, time_signed=now, other=other).to_wire()
    owner = asked.name.to_wire()
    assert data is not None and owner is not None
    body[10:12] = struct.pack("!H", 1)
    return bytes(body + owner + struct.pack("!HHIH", dns.rdatatype.TSIG, 255, 0, len(data)) + data)


class _Datagram(socketserver.BaseRequestHandler):
    server: _Udp

    def handle(self) -> None:
        if answer := self.server.names.handle(self.request[0], tcp=False):
            self.request[1].sendto(answer, self.client_address)


class _Stream(socketserver.StreamRequestHandler):
    server: _Tcp

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a client may leave at any time
            while header := self.rfile.read(2):
                answer = self.server.names.handle(self.rfile.read(struct.unpack("!H", header)[0]), tcp=True)
                if answer:
                    self.wfile.write(struct.pack("!H", len(answer)) + answer)


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    names: NameServer


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    names: NameServer


def key_of(tsig: dict[str, str]) -> dns.tsig.Key:
    """The key of updates, from its description (the secret in base64, as nsupdate takes it)."""
    return dns.tsig.Key(dns.name.from_text(tsig["name"]), tsig["secret"], tsig["algorithm"])


def serve(names: NameServer, host: str = "127.0.0.1") -> int:
    """Answer on a free port, the same for UDP and TCP; which one."""
    for _turn in range(20):
        stream = _Tcp((host, 0), _Stream)
        port = int(stream.server_address[1])
        try:
            datagram = _Udp((host, port), _Datagram)
        except OSError:
            stream.server_close()  # the UDP port of that number is taken
            continue
        for server in (stream, datagram):
            server.names = names
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return port
    raise OSError("no port is free for both UDP and TCP")
