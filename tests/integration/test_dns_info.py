# SPDX-License-Identifier: GPL-3.0-or-later
"""dns_info on the documented example."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import Farm, Step
from name_server import HOST, register
from refusals import clear, refused

AUTODISCOVER, EXCHANGE = "autodiscover.litwareinc.com", "atl-exchange-001.litwareinc.com"


def read(farm: Farm, *names: str, execution: str = "", check: bool = False) -> Step:
    """Run dns_info once."""
    task = {"name": "read", "onprem.exchange_lync.dns_info": {"names": list(names)} if names else {}}
    run = farm.play(json.dumps([task]), hosts="dns_servers", execution=execution, check=check)
    assert run.rc == 0, run.output
    step = run.step("read")
    assert (step.changed, step.writes) == (False, [])
    return step


def entry(name: str, zone: str | None, *records: tuple[str, str], **resolution: Any) -> dict[str, Any]:
    """What is returned of a name."""
    return {
        "name": name,
        "zone": zone,
        "records": [{"type": kind, "value": value, "ttl": 3600} for kind, value in records],
        "resolution": {"chain": [], "addresses": [], "complete": True, **resolution},
    }


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_the_zones_alone(farm: Farm, execution: str) -> None:
    step = read(farm, execution=execution, check=True)
    assert step.result["zones"] == [
        {"name": "litwareinc.com", "type": "Primary", "reverse": False, "directory_integrated": True}
    ]
    assert (step.result["names"], step.cmdlets) == ([], ["Get-DnsServerZone"])


def test_names_before_and_after(farm: Farm) -> None:
    zone = "litwareinc.com"
    step = read(farm, AUTODISCOVER, "ATL-Exchange-001.litwareinc.com.", "www.example.net", AUTODISCOVER.upper())
    address = entry(EXCHANGE, zone, ("A", "192.0.2.10"), addresses=["192.0.2.10"])
    abroad = entry("www.example.net", None, complete=False)
    assert step.result["names"] == [entry(AUTODISCOVER, zone), address, abroad]
    assert step.cmdlets == ["Get-DnsServerZone", *["Get-DnsServerResourceRecord"] * 2]
    register(farm, ("autodiscover", 3600, "CNAME", f"{EXCHANGE}."))
    step = read(farm, AUTODISCOVER)
    alias = entry(AUTODISCOVER, zone, ("CNAME", EXCHANGE), chain=[EXCHANGE], addresses=["192.0.2.10"])
    assert step.result["names"] == [alias]
    assert step.cmdlets == ["Get-DnsServerZone", *["Get-DnsServerResourceRecord"] * 2]


def test_records_of_all_types(farm: Farm) -> None:
    register(
        farm,
        ("many", 3600, "MX", "10 Mail.litwareinc.com."),
        ("many", 3600, "TXT", '"v=spf1 " "MX -all"'),
        ("many", 3600, "AAAA", "2001:DB8::10"),
        ("many", 3600, "HINFO", '"x" "y"'),
    )
    found = read(farm, "many.litwareinc.com", "_sipinternaltls._tcp.litwareinc.com", "litwareinc.com").result["names"]
    assert [[(record["type"], record["value"]) for record in name["records"]] for name in found] == [
        [("AAAA", "2001:db8::10"), ("HINFO", ""), ("MX", "10 mail.litwareinc.com"), ("TXT", "v=spf1 MX -all")],
        [("SRV", "0 0 5061 sip.litwareinc.com")],
        [("NS", HOST), ("SOA", HOST)],
    ]


def test_a_delegation_and_a_loop(farm: Farm) -> None:
    register(
        farm,
        ("asia", 3600, "NS", "dc.asia.litwareinc.com."),
        ("dc.asia", 3600, "A", "192.0.2.66"),
        ("one", 3600, "CNAME", "two.litwareinc.com."),
        ("two", 3600, "CNAME", "one.litwareinc.com."),
        ("east", 3600, "CNAME", "dc.asia.litwareinc.com."),
    )
    names = [f"{label}.litwareinc.com" for label in ("asia", "dc.asia", "one", "two", "east")]
    asia, dc, one, two, east = read(farm, *names).result["names"]
    assert [asia, dc] == [entry(name, None, complete=False) for name in names[:2]]
    assert one["resolution"] == {"chain": [names[3], names[2]], "addresses": [], "complete": True}
    assert two["resolution"] == {"chain": [names[2], names[3]], "addresses": [], "complete": True}
    assert east["resolution"] == {"chain": [names[1]], "addresses": [], "complete": False}


def test_bad_input_is_refused_before_anything_is_read(farm: Farm) -> None:
    cases = (
        {"names": ""},
        {"names": [AUTODISCOVER, ""]},
        {"names": ["autodiscover"]},
        {"names": ["a b.litwareinc.com"]},
    )
    for message in refused(farm, "dns_info", "dns_servers", *cases, asked=False):
        clear(
            message, host=HOST, shell="windows", cmdlet="Get-DnsServerZone", said="names: ", remedy="Correct the task"
        )
