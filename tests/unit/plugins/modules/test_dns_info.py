# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones, names, and where they lead, from a DNS server of which only some zones hold their records."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject
from ansible_collections.onprem.exchange_lync.plugins.modules import dns_info

HOUR = dt.timedelta(hours=1)
ZONES = {
    "Contoso.com": "Primary",
    "corp.contoso.com": "Secondary",
    "fabrikam.com": "Forwarder",
    "tailspin.com": "Stub",
    "2.0.192.in-addr.arpa": "Primary",
}
ALIASES = {f"a{number}.contoso.com": f"a{number + 1}.contoso.com." for number in range(1, 9)}
CHAIN = {name: [("CNAME", {"HostNameAlias": target})] for name, target in ALIASES.items()}
RECORDS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "contoso.com": [
        ("MX", {"Preference": 10, "MailExchange": "Mail.contoso.com."}),
        ("NS", {"NameServer": "dc1.contoso.com."}),
        ("SOA", {"PrimaryServer": "dc1.contoso.com.", "ResponsiblePerson": "hostmaster.", "SerialNumber": 7}),
        ("TXT", {"DescriptiveText": "v=spf1 MX -all"}),
        ("HINFO", {"Cpu": "x"}),
    ],
    "mail.contoso.com": [("A", {"IPv4Address": "192.0.2.8"}), ("A", {"IPv4Address": "192.0.2.7"})],
    "both.contoso.com": [("AAAA", {"IPv6Address": "2001:DB8::1"}), ("A", {"IPv4Address": "192.0.2.9"})],
    "autodiscover.contoso.com": [("CNAME", {"HostNameAlias": "EX1.corp.contoso.com."})],
    "ex1.corp.contoso.com": [("A", {"IPv4Address": "192.0.2.1"})],
    "cloud.contoso.com": [("CNAME", {"HostNameAlias": "autodiscover.outlook.com."})],
    "partner.contoso.com": [("CNAME", {"HostNameAlias": "mail.fabrikam.com."})],
    "loop.contoso.com": [("CNAME", {"HostNameAlias": "loop2.contoso.com."})],
    "loop2.contoso.com": [("CNAME", {"HostNameAlias": "loop.contoso.com."})],
    "asia.contoso.com": [("NS", {"NameServer": "dc.asia.contoso.com."})],
    "dc.asia.contoso.com": [("A", {"IPv4Address": "192.0.2.66"})],
    "_sip._tls.contoso.com": [
        ("SRV", {"Priority": 0, "Weight": 5, "Port": 443, "DomainName": "sip.contoso.com."}),
    ],
    "a9.contoso.com": [("A", {"IPv4Address": "192.0.2.19"})],
    **CHAIN,
}


def get_records(ZoneName: str, Name: str, Node: bool) -> Any:
    assert ZONES.get(ZoneName) or ZoneName == "contoso.com", f"{ZoneName} is not on this server"
    assert ZONES.get(ZoneName) not in ("Forwarder", "Stub"), f"the records of {ZoneName} are not on this server"
    found = RECORDS.get(ZoneName if Name == "@" else f"{Name}.{ZoneName}")
    if found is None:
        return ShellError("not_found", "no such name.", error_id="WIN32 9714,Get-DnsServerResourceRecord")
    return [
        {"RecordType": kind, "TimeToLive": HOUR, "RecordData": RemoteObject(properties=data)} for kind, data in found
    ]


@pytest.fixture
def helper(scripted: Any) -> Any:
    zones = [
        {"ZoneName": name, "ZoneType": kind, "IsReverseLookupZone": "arpa" in name, "IsDsIntegrated": kind == "Primary"}
        for name, kind in ZONES.items()
    ]
    return scripted(Get_DnsServerZone=zones, Get_DnsServerResourceRecord=get_records)


def read(run_module: Any, helper: Any, *names: str) -> list[dict[str, Any]]:
    result = run_module(dns_info, helper, names=list(names))
    assert not result.get("failed"), result
    assert result["changed"] is False
    return list(result["names"])


def test_only_the_zones(run_module: Any, helper: Any) -> None:
    result = run_module(dns_info, helper)
    assert [zone["name"] for zone in result["zones"]] == [name.lower() for name in ZONES]
    assert result["zones"][0] == {
        "name": "contoso.com",
        "type": "Primary",
        "reverse": False,
        "directory_integrated": True,
    }
    assert [zone["reverse"] for zone in result["zones"]] == [False, False, False, False, True]
    assert (result["names"], helper.reads) == ([], ["Get-DnsServerZone"])


def test_records_of_all_types(run_module: Any, helper: Any) -> None:
    apex, service = read(run_module, helper, "contoso.com", "_sip._tls.contoso.com")
    assert apex["records"] == [
        {"type": "HINFO", "value": "", "ttl": 3600},
        {"type": "MX", "value": "10 mail.contoso.com", "ttl": 3600},
        {"type": "NS", "value": "dc1.contoso.com", "ttl": 3600},
        {"type": "SOA", "value": "dc1.contoso.com", "ttl": 3600},
        {"type": "TXT", "value": "v=spf1 MX -all", "ttl": 3600},
    ]
    assert [record["value"] for record in service["records"]] == ["0 5 443 sip.contoso.com"]


@pytest.mark.parametrize(
    ("name", "zone", "chain", "addresses", "complete"),
    [
        ("mail.contoso.com", "contoso.com", [], ["192.0.2.7", "192.0.2.8"], True),
        ("both.contoso.com", "contoso.com", [], ["192.0.2.9", "2001:db8::1"], True),
        ("autodiscover.contoso.com", "contoso.com", ["ex1.corp.contoso.com"], ["192.0.2.1"], True),
        ("ex1.corp.contoso.com", "corp.contoso.com", [], ["192.0.2.1"], True),
        ("nothing.contoso.com", "contoso.com", [], [], True),
        ("cloud.contoso.com", "contoso.com", ["autodiscover.outlook.com"], [], False),
        ("partner.contoso.com", "contoso.com", ["mail.fabrikam.com"], [], False),
        ("loop.contoso.com", "contoso.com", ["loop2.contoso.com", "loop.contoso.com"], [], True),
        ("a1.contoso.com", "contoso.com", [f"a{n}.contoso.com" for n in range(2, 10)], ["192.0.2.19"], True),
        ("www.example.net", None, [], [], False),
        ("mail.fabrikam.com", None, [], [], False),
        ("mail.tailspin.com", None, [], [], False),
        ("asia.contoso.com", None, [], [], False),
        ("dc.asia.contoso.com", None, [], [], False),
    ],
)
def test_where_a_name_leads(
    run_module: Any, helper: Any, name: str, zone: str | None, chain: list[str], addresses: list[str], complete: bool
) -> None:
    (found,) = read(run_module, helper, name)
    assert (found["name"], found["zone"]) == (name, zone)
    assert found["resolution"] == {"chain": chain, "addresses": addresses, "complete": complete}
    assert bool(found["records"]) == (zone is not None and name in RECORDS)


def test_at_most_eight_aliases_are_followed(run_module: Any, helper: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(RECORDS, "a0.contoso.com", [("CNAME", {"HostNameAlias": "a1.contoso.com."})])
    (found,) = read(run_module, helper, "a0.contoso.com")
    assert found["resolution"] == {
        "chain": [f"a{n}.contoso.com" for n in range(1, 9)], "addresses": [], "complete": False,
    }  # fmt: skip


def test_each_name_is_read_and_returned_once(run_module: Any, helper: Any) -> None:
    found = read(
        run_module, helper, "autodiscover.contoso.com", "EX1.corp.contoso.com.", "AutoDiscover.Contoso.com.", "xn--x"
        ".contoso.com",
    )  # fmt: skip
    assert [entry["name"] for entry in found] == [
        "autodiscover.contoso.com", "ex1.corp.contoso.com", "xn--x.contoso.com",
    ]  # fmt: skip
    assert helper.reads == ["Get-DnsServerZone", *["Get-DnsServerResourceRecord"] * 3]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "names: is empty."),
        (" ", "names: is empty."),
        ("autodiscover", "names: 'autodiscover' is not a full name"),
        ("auto discover.contoso.com", "is not a domain name"),
        ("☕.contoso.com", "is not a domain name: "),
    ],
)
def test_bad_input_is_refused_before_anything_is_read(run_module: Any, helper: Any, name: str, said: str) -> None:
    result = run_module(dns_info, helper, names=["mail.contoso.com", name])
    assert (result["failed"], result["error"]["kind"]) == (True, "bad_input")
    assert result["msg"].startswith("windows management shell: Get-DnsServerZone: names: ")
    assert said in result["msg"]
    assert helper.pipelines == []


def test_what_cannot_be_read_is_an_error_and_no_absence(run_module: Any, helper: Any) -> None:
    helper.answers["Get-DnsServerResourceRecord"] = ShellError("access_denied", "Access is denied.")
    result = run_module(dns_info, helper, names=["mail.contoso.com"])
    assert (result["failed"], result["error"]["kind"]) == (True, "access_denied")
