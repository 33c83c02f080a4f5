# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that BIND, Knot and the lab's server do not give: of resolvers, of servers that tell little, and of broken ones."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_client import DnsClient
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_replies import DnsReply
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.rfc2136_reader import Rfc2136Reader
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

ZONE, NAME = "litwareinc.com", "autodiscover.litwareinc.com"
SOA = f"{ZONE}. 3600 IN SOA ns1.{ZONE}. hostmaster.{ZONE}. 1 900 600 86400 1200"


def reply(*answer: str, authority: Sequence[str] = (), code: str = "NOERROR", authoritative: bool = True) -> DnsReply:
    message = dns.message.Message()
    message.flags = dns.flags.QR | (dns.flags.AA if authoritative else dns.flags.Flag(0))
    for section, texts in ((message.answer, answer), (message.authority, authority)):
        for text in texts:
            owner, ttl, rdclass, kind, data = text.split(None, 4)
            section.append(dns.rrset.from_text(owner, int(ttl), rdclass, kind, data))
    message.set_rcode(dns.rcode.from_text(code))
    return DnsReply(message, b"", code)


class Asked:
    """A client that answers from a script; what is not in it is not there."""

    def __init__(self, **script: DnsReply) -> None:
        self.script = {tuple(key.split("__")): answer for key, answer in script.items()}
        self.asked: list[tuple[str, str]] = []

    def ask(self, name: str, kind: str) -> DnsReply:
        self.asked.append((name, kind))
        label = name.partition(".")[0]
        return (
            self.script.get((label, kind)) or self.script.get((label, "all")) or reply(authority=[SOA], code="NXDOMAIN")
        )


def make_reader(**script: DnsReply) -> tuple[Rfc2136Reader, Asked]:
    client = Asked(**script)
    return Rfc2136Reader(t.cast(DnsClient, client)), client


HERE = reply(authority=[SOA])
"""The name is there, or a part of another one; the zone is the server's."""


def test_a_resolver_has_no_zones() -> None:
    """It answers from what it has heard, or refers to others, up to the root."""
    heard = reply(SOA, authoritative=False)
    root = reply(authority=[". 3600 IN NS a.root-servers.net."], authoritative=False)
    above = reply(authority=["com. 3600 IN NS a.gtld-servers.net."], authoritative=False)
    for answer in (heard, root, above):
        reader, _client = make_reader(autodiscover__SOA=answer, litwareinc__SOA=answer, com__SOA=root)
        assert reader.find_zone(NAME) is None
        assert "does not answer for it with authority" in reader.explain_absence(NAME)


def test_a_referral_of_a_zone_that_the_server_does_not_have_is_no_delegation() -> None:
    referral = reply(authority=[f"{ZONE}. 3600 IN NS ns.elsewhere.example."], authoritative=False)
    reader, _client = make_reader(autodiscover__SOA=referral, com__SOA=reply(code="REFUSED"))
    assert (reader.find_zone(NAME), reader.find_delegation(ZONE, NAME)) == (None, None)


def test_an_alias_is_in_the_zone_of_the_name_above() -> None:
    """The SOA record beside it is that of its target."""
    alias = f"{NAME}. 300 IN CNAME ex1.contoso.com."
    beside = "contoso.com. 3600 IN SOA ns1.contoso.com. hostmaster.contoso.com. 1 900 600 86400 60"
    reader, client = make_reader(autodiscover__SOA=reply(alias, authority=[beside]), litwareinc__SOA=reply(SOA))
    zone = reader.find_zone(NAME)
    assert zone is not None
    assert (zone["name"], [zone["name"] for zone in reader.list_zones()]) == (ZONE, [ZONE])
    assert client.asked == [(NAME, "SOA"), (ZONE, "SOA")]


@pytest.mark.parametrize("code", ["SERVFAIL", "FORMERR", "NOTIMP"])
def test_a_zone_that_could_not_be_looked_for_is_not_missing(code: str) -> None:
    reader, _client = make_reader(autodiscover__SOA=reply(code=code))
    with pytest.raises(ShellError) as caught:
        reader.find_zone(NAME)
    assert (caught.value.kind, caught.value.error_id) == ("failed", code)


@pytest.mark.parametrize(
    "every",
    [
        reply(code="NOTIMP"),
        reply(code="REFUSED", authoritative=False),
        reply(f'{NAME}. 3789 IN HINFO "RFC8482" ""'),
        reply(f"{NAME}. 300 IN A 192.0.2.1"),
    ],
)
def test_what_a_server_does_not_tell_at_once_is_asked_for(every: DnsReply) -> None:
    reader, client = make_reader(
        autodiscover__ANY=every,
        autodiscover__A=reply(f"{NAME}. 300 IN A 192.0.2.1"),
        autodiscover__AAAA=reply(f"{NAME}. 300 IN AAAA 2001:db8::1"),
        autodiscover__TXT=reply(f'{NAME}. 300 IN TXT "x"'),
        autodiscover__all=HERE,
    )
    node = reader.read_node(ZONE, NAME)
    assert [str(record) for record in node.records] == ["A 192.0.2.1", "AAAA 2001:db8::1", "TXT x"]
    assert node.default_ttl == 1200
    assert len(client.asked) == len(set(client.asked))


def test_a_name_that_is_not_there_costs_one_question() -> None:
    reader, client = make_reader()
    assert reader.find_zone(NAME)
    assert reader.read_node(ZONE, NAME).records == ()
    assert client.asked == [(NAME, "SOA"), (NAME, "ANY")]


@pytest.mark.parametrize("kind", ["ANY", "AAAA"])
@pytest.mark.parametrize("answer", [reply(code="SERVFAIL"), reply(authoritative=False)])
def test_a_name_that_could_not_be_read_is_not_empty(kind: str, answer: DnsReply) -> None:
    script = {"autodiscover__ANY": reply(f"{NAME}. 300 IN A 192.0.2.1"), "autodiscover__all": HERE}
    reader, _client = make_reader(**{**script, f"autodiscover__{kind}": answer})
    assert reader.find_zone(NAME)
    with pytest.raises(ShellError) as caught:
        reader.read_node(ZONE, NAME)
    assert caught.value.kind == "failed"


def test_what_a_server_sends_is_shown_as_data() -> None:
    """A target with a control character, and a text that is no UTF-8."""
    reader, _client = make_reader(
        autodiscover__ANY=reply(f'{NAME}. 300 IN TXT "\\255\\027[2J"', f"{NAME}. 300 IN MX 10 a\\010b.example."),
        autodiscover__all=HERE,
    )
    assert [record.value for record in reader.read_node(ZONE, NAME).records] == ["10 a\\010b.example", "\\xff\x1b[2J"]
