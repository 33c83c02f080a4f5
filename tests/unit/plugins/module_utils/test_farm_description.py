# SPDX-License-Identifier: GPL-3.0-or-later
"""The description of a farm: what users write, in YAML, as text and in surveys, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import (
    NAMES,
    Description,
    DescriptionError,
    read_description,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.who_speaks import assign_parts, list_names

LEAST: dict[str, Any] = {"sip_domains": ["litwareinc.com"], "exchange_fqdn": "mail.litwareinc.com"}
UPDATES: dict[str, Any] = {"dns_provider": "rfc2136"}
URL = "https://autodiscover.litwareinc.com/autodiscover/autodiscover"


def read(**given: Any) -> Description:
    return read_description({**LEAST, **given})


def test_what_follows() -> None:
    described = read()
    assert described.autodiscover_name == "autodiscover.litwareinc.com"
    assert described.autodiscover_service_internal_uri == f"{URL}.xml"
    assert described.exchange_autodiscover_url == f"{URL}.svc"
    assert described.dns_records is None


def test_it_can_be_read_again() -> None:
    described = read(dns_records=[{"name": "a.litwareinc.com", "value": "192.0.2.1", "type": "A", "ttl": "60"}])
    assert read_description(described.as_dict()) == described


@pytest.mark.parametrize("domains", [["LitwareInc.com.", "fabrikam.com"], "LitwareInc.com., fabrikam.com"])
def test_one_spelling_of_a_domain(domains: Any) -> None:
    """A list or text with commas; the last dot gets into no URL."""
    described = read(sip_domains=domains)
    assert described.sip_domains == ("litwareinc.com", "fabrikam.com")
    assert described.exchange_autodiscover_url == f"{URL}.svc"


def test_international_names() -> None:
    """IDNA 2008: ß is a letter of its own."""
    assert read(exchange_fqdn="mail.straße.example").exchange_fqdn == "mail.xn--strae-oqa.example"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"oauth_token_issuer_automatic": "false"}, False),
        ({"warn_days": "90"}, 90),
        ({"leave_out": "a.example,b.example"}, ("a.example", "b.example")),
        ({"replace": []}, ()),
        ({"dns_records": []}, ()),
        (
            {"oauth_token_issuer_thumbprint": "b1 42 91 8e 46 39 81 a7 65 03 82 8b b1 27 83 91 b7 16 28 0d"},
            "B142918E463981A76503828BB1278391B716280D",
        ),
        ({"now": "2026-12-01T00:00:00+01:00"}, "2026-11-30T23:00:00Z"),
    ],
)
def test_text_is_understood(given: dict[str, Any], expected: Any) -> None:
    (name,) = given
    assert getattr(read(**given), name) == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sip_domains": None}, "farm_sip_domains is required"),
        ({"sip_domains": []}, "farm_sip_domains must name at least one domain."),
        ({"sip_domains": "a.example,,b.example"}, "farm_sip_domains has an empty member"),
        ({"sip_domains": ["*.litwareinc.com"]}, "farm_sip_domains: '*.litwareinc.com' is not a domain name"),
        ({"sip_domains": ["user@litwareinc.com"]}, "is not a domain name"),
        ({"exchange_fqdn": "mail"}, "farm_exchange_fqdn: 'mail' is not a full name"),
        ({"exchange_fqdn": ""}, "farm_exchange_fqdn must not be empty"),
        ({"lync_realm": ""}, "farm_lync_realm must not be empty. Leave the variable out"),
        ({"lync_realm": ["a"]}, "farm_lync_realm must be text, not a list."),
        ({"leave_out": ""}, "farm_leave_out must not be empty"),
        ({"leave_out": {"a": 1}}, "must be a list, or text with commas"),
        ({"exchange_autodiscover_url": f"{URL}.xml"}, "farm_exchange_autodiscover_url: "),
        ({"autodiscover_service_internal_uri": f"{URL}.svc"}, "farm_autodiscover_service_internal_uri: "),
        ({"oauth_token_issuer_thumbprint": "B142918E"}, "farm_oauth_token_issuer_thumbprint: "),
        ({"oauth_token_issuer_automatic": "perhaps"}, "must be true or false, not 'perhaps'."),
        ({"warn_days": "-1"}, "farm_warn_days must be a whole number from 0 on, not '-1'."),
        ({"warn_days": True}, "must be a whole number"),
        ({"fail_on": "info"}, "farm_fail_on must be error, warning or never, not 'info'."),
        ({"now": "tomorrow"}, "farm_now: "),
        ({"dns_records": "autodiscover"}, "farm_dns_records must be a list of records"),
        ({"dns_records": [{"name": "a.example"}]}, "farm_dns_records[0] must be a dictionary with name and value"),
        (
            {"dns_records": [{"name": "a.example", "value": "b", "type": "MX"}]},
            "farm_dns_records[0] must be CNAME, A or AAAA",
        ),
        ({"exchange_autodiscover_allowed_domains": ["a b"]}, "farm_exchange_autodiscover_allowed_domains: "),
        ({"oauth_realm": "master"}, "farm_oauth_realm is not a variable"),
        ({"dns_provider": "bind"}, "farm_dns_provider must be windows or rfc2136, not 'bind'."),
        ({"dns_provider": "rfc2136"}, "farm_dns_server is required: give the address of the DNS server, and a key."),
        ({"dns_server": {"address": "ns1"}}, "farm_dns_server is used with farm_dns_provider=rfc2136 only."),
        ({**UPDATES, "dns_server": "ns1"}, "farm_dns_server must be a dictionary with address, and optionally "),
        ({**UPDATES, "dns_server": {"port": 53}}, "farm_dns_server must be a dictionary with address"),
        ({**UPDATES, "dns_server": {"address": ""}}, "farm_dns_server.address must not be empty."),
        (
            {**UPDATES, "dns_server": {"address": "ns1", "key": "x"}},
            "farm_dns_server must be a dictionary with address",
        ),
        ({"directory": "dc1"}, "farm_directory must be a dictionary with address, and optionally ca_path, "),
        ({"directory": {"address": " "}}, "farm_directory.address must not be empty."),
        ({"directory": {"address": "dc1", "base": "x"}}, "farm_directory must be a dictionary with address"),
    ],
)
def test_what_is_refused_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(DescriptionError) as caught:
        read(**given)
    assert [item for item in caught.value.problems if said in item], caught.value.problems


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(DescriptionError) as caught:
        read_description({"sip_domains": "", "fail_on": "x", "warn_days": "y"})
    assert [item.partition(" ")[0] for item in caught.value.problems] == [
        "farm_sip_domains",
        "farm_fail_on",
        "farm_warn_days",
        "farm_exchange_fqdn",
    ]


def test_every_field_has_a_reader() -> None:
    assert set(NAMES) == set(Description.__dataclass_fields__)


HOSTS = {"exchange_hosts": ["e1", "e2"], "lync_hosts": ["l1", "l2", "both"], "dns_hosts": ["d1", "both"]}


def test_who_speaks() -> None:
    """The first of each product that is there and takes part."""
    parts = assign_parts(read(**HOSTS, leave_out=["L2"]), ["e2", "l1", "l2", "both"])
    assert parts["speakers"] == {"exchange": "e2", "lync": "l1", "dns": "both"}
    assert parts["products"] == {"e2": ["exchange"], "l1": ["lync"], "both": ["lync", "dns"]}


def test_without_records_dns_is_not_asked() -> None:
    parts = assign_parts(read(**HOSTS, dns_records=[]), ["e1", "l1", "d1", "both"])
    assert (parts["speakers"]["dns"], parts["products"]["both"], "d1" in parts["products"]) == ("", ["lync"], False)


def test_nobody_speaks_for_a_product_that_is_not_there() -> None:
    assert assign_parts(read(**HOSTS), ["l1"])["speakers"] == {"exchange": "", "lync": "l1", "dns": ""}


@pytest.mark.parametrize(
    ("present", "speaker", "products"),
    [
        (["l1", "e2", "both"], "e2", {"e2": ["exchange", "dns"], "l1": ["lync"], "both": ["lync"]}),
        (["l2", "d1"], "l2", {"l2": ["lync", "dns"]}),
        (["localhost", "other"], "localhost", {"localhost": ["dns"]}),
    ],
)
def test_who_asks_a_dns_server_that_is_no_host(present: list[str], speaker: str, products: dict[str, Any]) -> None:
    """One that reads for the whole farm anyway, if there is one."""
    described = read(**HOSTS, **UPDATES, dns_server={"address": "ns1.litwareinc.com"})
    parts = assign_parts(described, present)
    assert (parts["speakers"]["dns"], parts["products"]) == (speaker, products)
    assert described.hosts["dns"] == ()


def test_a_description_has_no_secret() -> None:
    server = {"address": "ns1", "key_name": "ansible", "key_secret": "c2VjcmV0"}
    described = read(**UPDATES, dns_server=server)
    assert described.dns_server == {"address": "ns1", "key_name": "ansible"}
    assert read_description(described.as_dict()) == described
    with pytest.raises(DescriptionError) as caught:
        read(dns_server=server, fail_on="x")
    assert "c2VjcmV0" not in str(caught.value)
    account = {"address": "dc1", "user": "ann@litwareinc.com"}
    assert read(directory={**account, "password": "x"}).directory == account


def test_the_names_to_look_up() -> None:
    assert list_names(read(sip_domains=["a.example", "b.example"])) == [
        "autodiscover.a.example",
        "autodiscover.b.example",
        "mail.litwareinc.com",
    ]
    records = [
        {"name": "@", "zone": "a.example", "value": "192.0.2.1", "type": "A"},
        {"name": "x.b.example", "value": "y.c.example."},
    ]
    assert list_names(read(dns_records=records)) == ["a.example", "x.b.example", "y.c.example"]
