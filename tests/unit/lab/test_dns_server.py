# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's DNS server over real sockets, with dnspython as its client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update
import dns.zone
import pytest

from farm.dns.server import NameServer, key_of, serve
from farm.dns.zones import Zones
from farm.scenario import load

HOST = "127.0.0.1"
TSIG = {"name": "lab-update", "algorithm": "hmac-sha256", "secret": "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="}
ZONE = "litwareinc.com"


@dataclass
class Client:
    """Asks the server."""

    port: int
    zones: Zones

    def ask(self, name: str, kind: str = "A", *, tcp: bool = False) -> dns.message.Message:
        question = dns.message.make_query(name, kind)
        return (dns.query.tcp if tcp else dns.query.udp)(question, HOST, timeout=3, port=self.port)

    def send(self, update: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        return dns.query.tcp(update, HOST, timeout=3, port=self.port).rcode()

    def update(self, zone: str = ZONE, *, signed: bool = True) -> dns.update.UpdateMessage:
        message = dns.update.UpdateMessage(zone)
        if signed:
            message.use_tsig(key_of(TSIG))
        return message


@pytest.fixture(scope="module")
def port_and_names() -> tuple[int, NameServer]:
    names = NameServer(Zones([], "dc.test"), key_of(TSIG))
    return serve(names), names


@pytest.fixture
def client(port_and_names: tuple[int, NameServer]) -> Iterator[Client]:
    port, names = port_and_names
    names.zones = Zones(load("litware").zones, "atl-dc-001.litwareinc.com")
    yield Client(port, names.zones)


@pytest.mark.parametrize("tcp", [False, True])
def test_an_address(client: Client, tcp: bool) -> None:
    answer = client.ask("ATL-Exchange-001.litwareinc.com", tcp=tcp)
    assert [entry[0].to_text() for entry in answer.answer] == ["192.0.2.10"]
    assert answer.flags & dns.flags.AA


def test_no_such_name_and_no_such_type(client: Client) -> None:
    assert client.ask("autodiscover.litwareinc.com").rcode() == dns.rcode.NXDOMAIN
    empty = client.ask("sip.litwareinc.com", "AAAA")
    assert empty.rcode() == dns.rcode.NOERROR and not empty.answer and empty.authority
    assert client.ask("_tcp.litwareinc.com").rcode() == dns.rcode.NOERROR
    assert client.ask("www.example.com").rcode() == dns.rcode.REFUSED


def test_an_update_is_seen_with_its_chain(client: Client) -> None:
    message = client.update()
    message.absent("autodiscover")
    message.add("autodiscover", 300, "CNAME", "atl-exchange-001.litwareinc.com.")
    serial = client.zones.zones[0].serial
    assert client.send(message) == dns.rcode.NOERROR
    answer = client.ask("autodiscover.litwareinc.com")
    assert [dns.rdatatype.to_text(entry.rdtype) for entry in answer.answer] == ["CNAME", "A"]
    assert client.zones.zones[0].serial == serial + 1
    assert client.send(message_like(client)) == dns.rcode.YXDOMAIN


def message_like(client: Client) -> dns.update.UpdateMessage:
    message = client.update()
    message.absent("autodiscover")
    message.add("autodiscover", 300, "A", "192.0.2.99")
    return message


def test_an_alias_over_an_address_is_silently_ignored(client: Client) -> None:
    message = client.update()
    message.add("sip", 300, "CNAME", "other.litwareinc.com.")
    assert client.send(message) == dns.rcode.NOERROR
    assert client.ask("sip.litwareinc.com").answer[0][0].to_text() == "192.0.2.20"


def test_compare_and_swap(client: Client) -> None:
    message = client.update()
    message.present("sip", "A", "192.0.2.1")
    message.replace("sip", 300, "A", "192.0.2.2")
    assert client.send(message) == dns.rcode.NXRRSET
    message = client.update()
    message.present("sip", "A", "192.0.2.20")
    message.replace("sip", 300, "A", "192.0.2.2")
    assert client.send(message) == dns.rcode.NOERROR
    assert client.ask("sip.litwareinc.com").answer[0][0].to_text() == "192.0.2.2"


def test_each_record_keeps_its_own_lifetime_and_an_answer_has_the_shortest(client: Client) -> None:
    message = client.update()
    message.add("sip", 60, "A", "192.0.2.21")
    assert client.send(message) == dns.rcode.NOERROR
    zone = client.zones.zones[0]
    kept = {entry.data.to_text(): entry.ttl for entry in zone.entries(zone.absolute("sip"))}
    assert kept == {"192.0.2.20": 3600, "192.0.2.21": 60}
    answer = client.ask("sip.litwareinc.com").answer[0]
    assert (answer.ttl, len(answer)) == (60, 2)


def test_deleting_keeps_the_apex(client: Client) -> None:
    message = client.update()
    message.delete("@")
    message.delete("meet")
    assert client.send(message) == dns.rcode.NOERROR
    assert client.ask("meet.litwareinc.com").rcode() == dns.rcode.NXDOMAIN
    assert client.ask("litwareinc.com", "NS").answer


def test_unsigned_and_wrongly_signed_updates(client: Client) -> None:
    message = client.update(signed=False)
    message.add("x", 300, "A", "192.0.2.2")
    assert client.send(message) == dns.rcode.REFUSED
    message = dns.update.UpdateMessage(ZONE)
    message.use_tsig(dns.tsig.Key("other", "c2VjcmV0", "hmac-sha256"))
    message.add("x", 300, "A", "192.0.2.2")
    with pytest.raises(dns.tsig.PeerBadKey):
        client.send(message)


def test_an_update_signed_with_the_key_under_another_algorithm(client: Client) -> None:
    message = client.update(signed=False)
    message.use_tsig(key_of({**TSIG, "algorithm": "hmac-sha512"}))
    message.add("x", 300, "A", "192.0.2.2")
    with pytest.raises(dns.tsig.PeerBadKey):
        client.send(message)
    assert client.ask("x.litwareinc.com").rcode() == dns.rcode.NXDOMAIN


def test_the_wrong_zone(client: Client) -> None:
    message = client.update("example.com")
    message.add("x", 300, "A", "192.0.2.2")
    assert client.send(message) == dns.rcode.NOTAUTH
    message = client.update()
    message.add(dns.name.from_text("x.example.com"), 300, "A", "192.0.2.2")
    assert client.send(message) == dns.rcode.NOTZONE


def test_a_transfer_needs_the_key(client: Client) -> None:
    with pytest.raises(dns.query.TransferError):
        dns.query.inbound_xfr(HOST, dns.zone.Zone(ZONE), port=client.port, timeout=3)
    zone = dns.zone.Zone(ZONE)
    key = key_of(TSIG)
    request = dns.message.make_query(ZONE, "AXFR")
    request.use_tsig(keyring=key)
    dns.query.inbound_xfr(HOST, zone, request, port=client.port, timeout=3)
    assert zone.get_rdataset("atl-lync-001", "A") is not None


def test_nonsense_gets_a_format_error(port_and_names: tuple[int, NameServer]) -> None:
    _port, names = port_and_names
    answer = names.handle(b"\x12\x34" + b"\xff" * 30, tcp=False)
    assert answer is None or answer[:2] == b"\x12\x34"
    assert names.handle(b"short", tcp=False) is None


def test_a_delegated_name_is_referred_to_its_servers(client: Client) -> None:
    message = client.update()
    message.add("asia", 300, "NS", "dc.asia.litwareinc.com.")
    message.add("dc.asia", 300, "A", "192.0.2.66")
    assert client.send(message) == dns.rcode.NOERROR
    for name in ("asia.litwareinc.com", "dc.asia.litwareinc.com", "any.asia.litwareinc.com"):
        answer = client.ask(name)
        assert (answer.rcode(), answer.answer, answer.flags & dns.flags.AA) == (dns.rcode.NOERROR, [], 0)
        assert [entry.to_text() for entry in answer.authority] == [
            "asia.litwareinc.com. 300 IN NS dc.asia.litwareinc.com."
        ]
        assert [entry.to_text() for entry in answer.additional] == ["dc.asia.litwareinc.com. 300 IN A 192.0.2.66"]


def test_a_wildcard_answers_for_names_that_are_not_there(client: Client) -> None:
    message = client.update()
    message.add("*.wild", 300, "A", "192.0.2.77")
    message.add("own.wild", 300, "TXT", "x")
    assert client.send(message) == dns.rcode.NOERROR
    assert client.ask("any.wild.litwareinc.com").answer[0].to_text() == "any.wild.litwareinc.com. 300 IN A 192.0.2.77"
    assert client.ask("a.b.wild.litwareinc.com").answer
    assert client.ask("own.wild.litwareinc.com").answer == []
    assert client.ask("below.own.wild.litwareinc.com").rcode() == dns.rcode.NXDOMAIN
    message = client.update()
    message.absent("any.wild")  # RFC 2136, section 7.16: a prerequisite does not look at wildcards
    assert client.send(message) == dns.rcode.NOERROR
