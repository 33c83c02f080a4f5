# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import (
    DomainList,
    Flag,
    Instant,
    Kind,
    Name,
    NameSet,
    Text,
    Thumbprint,
    Url,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Uri

SHA1 = "B142918E463981A76503828BB1278391B716280C"


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        (Text(), "a", "A", False),
        (Text(), None, None, True),
        (Name(), "ATL-EXCHANGE-001", "atl-exchange-001", True),
        (Url(), "https://Autodiscover.litwareinc.com/A/b.xml", "HTTPS://autodiscover.litwareinc.com:443/a/B.xml", True),
        (Url(), "https://a.example/x", "http://a.example/x", False),
        (Url(), "https://a.example:8443/x", "https://a.example/x", False),
        (Url(), None, "https://a.example/x", False),
        (Thumbprint(), SHA1, SHA1, True),
        (NameSet(), ["Atlanta", "HQ"], ["hq", "atlanta"], True),
        (NameSet(), [], ["hq"], False),
        (DomainList(), ["*.a.com"], ["*.A.com"], True),
    ],
)
def test_compares_as_the_product_does(kind: Kind, one: Any, other: Any, same: bool) -> None:
    assert kind.same(one, other) is same


@pytest.mark.parametrize(
    ("kind", "remote", "plain"),
    [
        (Text(), "", None),
        (Text(), RemoteObject(text="Atlanta"), "Atlanta"),
        (Url(as_uri=True), Uri("https://a/"), "https://a/"),
        (Flag(), False, False),
        (Thumbprint(), "b1 42 91 8e", "B142918E"),
        (Thumbprint(), "", None),
        (Thumbprint(none=""), None, ""),
        (NameSet(), ["a", ""], ["a"]),
        (NameSet(), None, []),
        (NameSet(), RemoteObject(items=("a", "b")), ["a", "b"]),
        (DomainList(), "*.a.com; *.b.com", ["*.a.com", "*.b.com"]),
        (DomainList(), "", []),
        (NameSet(), ["London", "london"], ["London", "london"]),
        (
            Instant(),
            dt.datetime(2026, 11, 23, 12, 0, 0, 9, tzinfo=dt.timezone(dt.timedelta(hours=1))),
            "2026-11-23T11:00:00Z",
        ),
    ],
)
def test_shows_what_the_server_sent(kind: Kind, remote: Any, plain: Any) -> None:
    assert kind.read(remote) == plain


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        (Url(), "autodiscover.litwareinc.com/autodiscover.svc", "absolute http or https URL"),
        (Url(), "https:///autodiscover.svc", "absolute http or https URL"),
        (Url(), "ftp://a/", "absolute http or https URL"),
        (Url(), "https://auto discover.litwareinc.com/a", "absolute http or https URL"),
        (Url(), "https://auto\ndiscover.litwareinc.com/a", "absolute http or https URL"),
        (Url(), "https://auto'$discover.litwareinc.com/a", "absolute http or https URL"),
        (Url(), "https://auto..discover.litwareinc.com/a", "absolute http or https URL"),
        (Url(), "https://ken:s3cret@litwareinc.com/a", "leave it out"),
        (DomainList(), ["*.a.com\n*.b.com"], "is not a domain"),
        (DomainList(), ["https://a.com"], "is not a domain"),
        # 43 digits: the thumbprint that the Cs cmdlets' own documentation prints
        (Thumbprint(), "B142918E463981A76503828BB1278391B716280C987", "43 characters"),
        (Thumbprint(), "not hex", "40 hexadecimal digits"),
        (Instant(), "tomorrow", "ISO 8601"),
        (Instant(), "2026-11-23T12:00:00", "time zone"),
    ],
)
def test_refuses_what_cannot_be_meant(kind: Kind, value: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        kind.accept(value)


@pytest.mark.parametrize("kind", [NameSet(), DomainList()])
def test_a_set_has_each_member_once(kind: Kind) -> None:
    assert kind.accept(["London", "Paris", "london "]) == ["London", "Paris"]


def test_takes_hosts_of_every_kind() -> None:
    for url in ("https://autodiscover.bücher.example./a", "https://[2001:db8::1]:8443/a", "http://atl_exchange-001/a"):
        assert Url().accept(f" {url}\n") == url


def test_takes_a_thumbprint_as_the_certificate_console_copies_it() -> None:
    assert Thumbprint().accept("\ufeff" + SHA1) == SHA1
    assert Thumbprint().accept("\u200e" + " ".join(SHA1[i : i + 2].lower() for i in range(0, 40, 2))) == SHA1


@pytest.mark.parametrize(
    ("kind", "plain", "parameter"),
    [
        (DomainList(), ["*.a.com", "*.b.com"], "*.a.com;*.b.com"),
        (DomainList(), [], ""),
        (NameSet(), ["a"], ["a"]),
        (Text(), None, None),
        (Instant(), "2026-11-23T11:00:00Z", dt.datetime(2026, 11, 23, 11, tzinfo=dt.UTC)),
    ],
)
def test_writes_what_the_cmdlet_takes(kind: Kind, plain: Any, parameter: Any) -> None:
    assert kind.parameter(plain) == parameter


def test_writes_a_uri_typed() -> None:
    assert isinstance(Url(as_uri=True).parameter("https://a/"), Uri)
