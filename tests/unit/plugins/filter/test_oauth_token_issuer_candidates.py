# SPDX-License-Identifier: GPL-3.0-or-later
"""The candidates for OAuthTokenIssuer: every certificate of a store, the best first, with what is against it."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.onprem.exchange_lync.plugins.filter.oauth_token_issuer_candidates import FilterModule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509 import strict_reader
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

Maker = t.Any
DAY = dt.timedelta(days=1)
SIP_DOMAINS = ["litwareinc.com"]


@pytest.fixture
def candidates(now: dt.datetime) -> Callable[..., list[dict[str, t.Any]]]:
    """The filter, at a fixed moment, on a front end whose store holds these certificates."""
    find = FilterModule().filters()["oauth_token_issuer_candidates"]

    def found(*store: dict[str, t.Any], **policy: t.Any) -> list[dict[str, t.Any]]:
        front_end = {"host": "fe1.litwareinc.com", "assigned": [], "store": list(store), "error": None}
        return t.cast("list[dict[str, t.Any]]", find(front_end, SIP_DOMAINS, now.isoformat(), **policy))

    return found


def stored(raw_data: str, friendly_name: str = "", *, has_private_key: bool = True) -> dict[str, t.Any]:
    return {**describe(raw_data), "has_private_key": has_private_key, "friendly_name": friendly_name}


Candidates = Callable[..., list[dict[str, t.Any]]]


def test_what_it_tells(candidates: Candidates, certificate: Maker) -> None:
    item = stored(certificate(), "OAuthTokenIssuer")
    assert candidates(item) == [
        {
            "thumbprint": item["thumbprint"],
            "subject": "CN=litwareinc.com",
            "friendly_name": "OAuthTokenIssuer",
            "not_after": item["not_after"],
            "findings": [],
        }
    ]


def test_the_best_comes_first(candidates: Candidates, certificate: Maker, now: dt.datetime) -> None:
    items = [
        stored(certificate("pool.litwareinc.com"), "named for a host"),
        stored(certificate(not_after=now + 300 * DAY), "ends sooner"),
        stored(certificate(not_after=now + 900 * DAY), "lasts longest"),
        stored(certificate(key="rsa1024", not_after=now + 2000 * DAY), "short key"),
    ]
    names = [item["friendly_name"] for item in candidates(*items)]
    assert names == ["lasts longest", "ends sooner", "named for a host", "short key"]


@pytest.mark.parametrize(
    ("making", "rule"),
    [
        ({"key": "rsa1024"}, "key_size"),
        ({"key": "ec"}, "key_type"),
        ({"subject": "fabrikam.com"}, "sip_domain_missing"),
        ({"subject": "pool.litwareinc.local", "dns_names": ["litwareinc.com"]}, "sip_domain_not_in_subject"),
    ],
)
def test_what_is_against_it(candidates: Candidates, certificate: Maker, making: dict[str, t.Any], rule: str) -> None:
    [item] = candidates(stored(certificate(**making)))
    assert [finding["rule"] for finding in item["findings"]] == [rule]
    assert all(finding["evidence"] for finding in item["findings"])


def test_the_clock_and_the_key(candidates: Candidates, certificate: Maker, now: dt.datetime) -> None:
    def rules(item: dict[str, t.Any], **policy: t.Any) -> list[str]:
        return [finding["rule"] for finding in candidates(item, **policy)[0]["findings"]]

    assert rules(stored(certificate(not_after=now - DAY))) == ["expired"]
    assert rules(stored(certificate(not_after=now + 20 * DAY))) == ["expires_soon"]
    assert rules(stored(certificate(not_after=now + 20 * DAY)), warn_days=10) == []
    assert rules(stored(certificate(), has_private_key=False)) == ["private_key_missing"]
    assert rules(stored(certificate()), minimum_key_size=4096) == ["key_size"]


def test_an_empty_store_has_none(candidates: Candidates) -> None:
    assert candidates() == []


@pytest.mark.parametrize(
    ("front_end", "sip_domains", "message"),
    [
        ([], SIP_DOMAINS, "a result of lync_certificate_info is wanted"),
        ({"store": []}, [], "sip_domains"),
    ],
)
def test_what_it_refuses(front_end: object, sip_domains: list[str], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        FilterModule().filters()["oauth_token_issuer_candidates"](front_end, sip_domains)


def test_a_domain_that_is_none(certificate: Maker) -> None:
    front_end = {"host": "fe1", "assigned": [], "store": [stored(certificate())]}
    with pytest.raises(AnsibleFilterError, match="'no domain' is not a domain name"):
        FilterModule().filters()["oauth_token_issuer_candidates"](front_end, ["no domain"])


def test_it_takes_one_domain_and_a_moment_as_the_verdict_does(certificate: Maker, now: dt.datetime) -> None:
    front_end = {"host": "fe1", "assigned": [], "store": [stored(certificate())]}
    find = FilterModule().filters()["oauth_token_issuer_candidates"]
    assert find(front_end, "litwareinc.com", now) == find(front_end, SIP_DOMAINS, now.isoformat())


def test_without_the_library_it_says_which_is_missing(certificate: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    front_end = {"host": "fe1", "assigned": [], "store": [stored(certificate())]}
    monkeypatch.setattr(strict_reader, "CRYPTOGRAPHY_IMPORT_ERROR", "Traceback ...")
    with pytest.raises(AnsibleFilterError, match="oauth_token_issuer_candidates: The Python library cryptography"):
        FilterModule().filters()["oauth_token_issuer_candidates"](front_end, SIP_DOMAINS)
