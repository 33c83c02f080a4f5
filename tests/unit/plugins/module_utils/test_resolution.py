# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a name leads to a target, by what dns_info returned of both."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.resolution import (
    judge_resolution,
    make_address_target,
)

NAME, TARGET = "autodiscover.contoso.com", "mail.contoso.com"
ONE, TWO, OTHER, SIX = "198.51.100.7", "198.51.100.8", "203.0.113.9", "2001:db8::7"


def entry(
    name: str, *chain: str, ips: tuple[str, ...] = (), complete: bool = True, held: bool = True
) -> dict[str, Any]:
    resolution = {"chain": list(chain), "addresses": list(ips), "complete": complete}
    made: dict[str, Any] = {
        "name": name,
        "zone": "contoso.com" if held else None,
        "records": [],
        "resolution": resolution,
    }
    return made


SERVER = entry(TARGET, ips=(ONE, TWO))
DUAL = entry(TARGET, ips=(ONE, SIX))
ALIAS = entry(TARGET, "lb.vendor.net", complete=False)
ABROAD = entry(TARGET, complete=False, held=False)

CASES = (
    # a CNAME, and chains of them
    (entry(NAME, TARGET, ips=(ONE, TWO)), SERVER, "same", f"CNAME {TARGET}, which leads to A {ONE}, {TWO}"),
    (entry(NAME, TARGET, complete=False), ABROAD, "same", f"CNAME {TARGET}"),
    (entry(NAME, TARGET), entry(TARGET), "same", f"CNAME {TARGET}, which leads to no address"),
    (entry(NAME, "lb.contoso.com", TARGET, ips=(ONE, TWO)), SERVER, "equivalent", None),
    (
        entry(NAME, "lb.contoso.com", ips=(ONE, TWO)),
        SERVER,
        "equivalent",
        f"CNAME lb.contoso.com, which leads to A {ONE}, {TWO}",
    ),
    (entry(NAME, "lb.contoso.com", ips=(ONE,)), SERVER, "elsewhere", None),
    (entry(NAME, "old.contoso.com"), SERVER, "elsewhere", "CNAME old.contoso.com, which leads to no address"),
    (entry(NAME, "autodiscover.outlook.com", complete=False), SERVER, "elsewhere", "CNAME autodiscover.outlook.com"),
    (entry(NAME, "autodiscover.outlook.com", complete=False), ABROAD, "elsewhere", "CNAME autodiscover.outlook.com"),
    (entry(NAME, "b.contoso.com", NAME), SERVER, "elsewhere", "CNAME b.contoso.com, which leads to no address"),
    # chains that meet
    (entry(NAME, "lb.vendor.net", complete=False), ALIAS, "equivalent", "CNAME lb.vendor.net"),
    (entry(NAME, ips=(ONE,)), entry(TARGET, NAME, ips=(ONE,)), "equivalent", f"A {ONE}"),
    (entry(NAME, "lb2.vendor.net", complete=False), ALIAS, "elsewhere", "CNAME lb2.vendor.net"),
    # addresses
    (entry(NAME, ips=(TWO, ONE)), SERVER, "equivalent", f"A {TWO}, {ONE}"),
    (entry(NAME, ips=(ONE,)), SERVER, "elsewhere", f"A {ONE}"),
    (entry(NAME, ips=(ONE, TWO, OTHER)), SERVER, "elsewhere", None),
    (entry(NAME, ips=(OTHER,)), SERVER, "elsewhere", f"A {OTHER}"),
    (entry(NAME, ips=(OTHER,)), entry(TARGET), "elsewhere", f"A {OTHER}"),
    (entry(NAME, ips=(ONE,)), DUAL, "equivalent", f"A {ONE}"),
    (entry(NAME, ips=(ONE, "2001:DB8:0::7")), DUAL, "equivalent", None),
    (entry(NAME, ips=(SIX,)), DUAL, "elsewhere", f"AAAA {SIX}"),
    (entry(NAME, ips=(ONE, "2001:db8::66")), DUAL, "elsewhere", f"A {ONE}, AAAA 2001:db8::66"),
    (entry(NAME, ips=(ONE,)), ABROAD, "unknown", f"A {ONE}"),
    (entry(NAME, ips=(ONE,)), ALIAS, "unknown", f"A {ONE}"),
    # a part of the addresses is not enough, on either side
    (entry(NAME, ips=(ONE, TWO), complete=False), SERVER, "elsewhere", None),
    (
        entry(NAME, ips=(ONE, TWO)),
        {**SERVER, "resolution": {**SERVER["resolution"], "complete": False}},
        "unknown",
        None,
    ),
    # nothing, or not here
    (entry(NAME), SERVER, "missing", "neither a CNAME nor an address record"),
    (entry(NAME), ABROAD, "missing", None),
    (entry(NAME, complete=False, held=False), SERVER, "unknown", "no zone on this DNS server"),
    # the name is the target
    (SERVER, SERVER, "same", f"A {ONE}, {TWO}"),
    (entry(TARGET), entry(TARGET), "missing", None),
    (ABROAD, ABROAD, "unknown", None),
    # a target that is given by its addresses
    (entry(NAME, ips=(TWO, ONE)), make_address_target([ONE, TWO]), "same", None),
    (entry(NAME, TARGET, ips=(ONE, TWO)), make_address_target([ONE, TWO]), "equivalent", None),
    (entry(NAME, TARGET, ips=(ONE, TWO)), make_address_target([ONE]), "elsewhere", None),
    (entry(NAME, "autodiscover.outlook.com", complete=False), make_address_target([ONE]), "elsewhere", None),
)


@pytest.mark.parametrize(("name", "target", "verdict", "evidence"), CASES)
def test_where_it_leads(name: dict[str, Any], target: dict[str, Any], verdict: str, evidence: str | None) -> None:
    found = judge_resolution(name, target)
    assert found.verdict == verdict
    assert evidence in (None, found.evidence)


def test_what_is_not_known_is_never_found_right() -> None:
    """Whatever a name has: with a target of which nothing is known, only the CNAME itself is right."""
    names = [
        name
        for name, _target, _verdict, _evidence in CASES
        if TARGET not in (name["name"], *name["resolution"]["chain"])
    ]
    assert len(names) > 10
    assert {judge_resolution(name, ABROAD).verdict for name in names} == {"elsewhere", "missing", "unknown"}
