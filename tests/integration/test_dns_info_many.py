# SPDX-License-Identifier: GPL-3.0-or-later
"""dns_info on a farm with three zones, where one name points to a server that is gone and another has an address of its own."""

from __future__ import annotations

import json

import pytest

from harness import Farm

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]

NAMES = ("autodiscover.contoso.com", "autodiscover.fabrikam.com", "mail.contoso.com", "ex-old.corp.contoso.com")
POOL = "pool-lon.corp.contoso.com"


def test_zones_and_names(farm: Farm) -> None:
    task = {"name": "read", "onprem.exchange_lync.dns_info": {"names": [*NAMES, POOL, "fabrikam.com"]}}
    run = farm.play(json.dumps([task]), hosts="dns_servers")
    assert run.rc == 0, run.output
    step = run.step("read")
    assert [zone["name"] for zone in step.result["zones"]] == ["corp.contoso.com", "contoso.com", "fabrikam.com"]
    found = {entry["name"]: entry for entry in step.result["names"]}
    assert [found[name]["zone"] for name in NAMES] == ["contoso.com", "fabrikam.com", "contoso.com", "corp.contoso.com"]
    assert {name: list(entry["resolution"].values()) for name, entry in found.items()} == {
        "autodiscover.contoso.com": [["ex-old.corp.contoso.com"], [], True],
        "autodiscover.fabrikam.com": [[], ["203.0.113.99"], True],
        "mail.contoso.com": [[], ["198.51.100.11"], True],
        "ex-old.corp.contoso.com": [[], [], True],
        POOL: [[], ["198.51.100.21", "198.51.100.22"], True],
        "fabrikam.com": [[], [], True],
    }
    assert ("MX", "10 mail.contoso.com") in [(item["type"], item["value"]) for item in found["fabrikam.com"]["records"]]
    assert step.cmdlets == ["Get-DnsServerZone", *["Get-DnsServerResourceRecord"] * 6]
    assert step.writes == []
