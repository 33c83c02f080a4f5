# SPDX-License-Identifier: GPL-3.0-or-later
"""The model's objects against objects captured from real Exchange servers: same type names, same types of properties."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from psrpcore.types import PSObject

from farm_bench import bench

NAMESPACE = "{http://schemas.microsoft.com/powershell/2004/04}"
CAPTURES = {
    "Get-AuthConfig": "E19-GetAuthConfig.xml",
    "Get-ExchangeServer": "E19-GetExchangeServer.xml",
    "Get-AcceptedDomain": "E19-GetAcceptedDomain.xml",
    "Get-PartnerApplication": "E19-GetPartnerApplication.xml",
    "Get-WebServicesVirtualDirectory": "E19-GetWebServicesVirtualDirectory.xml",
    "Get-ExchangeCertificate": "E19-GetExchangeCertificate.xml",
    "Get-HybridConfiguration": "E19-GetHybridConfiguration.xml",
}
LATER = {"NetworkAddress"}
"""A collection of the model's whose element type is simpler than the captured one's."""


def shape(element: ET.Element, names: dict[str, str]) -> str:
    """The kind of a value: its element, and for an object its first type name."""
    kind = element.tag.removeprefix(NAMESPACE)
    if kind != "Obj":
        return kind
    first = element.find(f"{NAMESPACE}TN/{NAMESPACE}T")
    reference = element.find(f"{NAMESPACE}TNRef")
    name = first.text if first is not None else names.get(reference.get("RefId", "") if reference is not None else "")
    return str(name).partition("`")[0]


def properties(text: str) -> tuple[list[str], dict[str, str], list[str]]:
    """Type names, the kinds of the properties and the names of the notes of a document's first object."""
    # A captured file is of the tests' own choice, and the other one is made here.
    root = ET.fromstring(text)[0]
    names = {entry.get("RefId", ""): str(entry[0].text) for entry in root.iter(f"{NAMESPACE}TN")}
    of = {
        part: {entry.get("N", ""): shape(entry, names) for entry in found}
        for part in ("Props", "MS")
        if (found := root.find(NAMESPACE + part)) is not None
    }
    types = [str(entry.text) for entry in root[0]]
    return types, of.get("Props", {}), list(of.get("MS", {}))


def modelled(cmdlet: str) -> str:
    """The CLIXML of the model's first object."""
    from farm import registry
    from farm.clixml import encode
    from farm.registry import Call, Caller, Remote

    lab = bench("messy" if cmdlet == "Get-HybridConfiguration" else "contoso")
    entry = registry.REGISTRY[cmdlet.lower()]
    host = lab.farm.scenario.hosts_of("exchange")[0]
    call = Call(lab.farm, host, Caller("x", frozenset(), True, "/powershell"), entry, {}, lambda _: None)
    first = next(iter(entry.handler(call)))
    value = first.remote if isinstance(first, Remote) else first
    assert isinstance(value, PSObject)
    return encode(value)


@pytest.mark.parametrize("cmdlet", CAPTURES)
def test_an_object_is_shaped_as_the_captured_one(cmdlet: str, shared: Path) -> None:
    captured_types, captured, _notes = properties(
        (shared / "fixtures" / "clixml" / CAPTURES[cmdlet]).read_text("utf-8-sig")
    )
    types, own, _notes = properties(modelled(cmdlet))
    assert types == captured_types
    unknown = set(own) - set(captured)
    assert not unknown, f"the captured object has no {unknown}"
    wrong = {
        name: (kind, captured[name])
        for name, kind in own.items()
        if kind != captured[name] and "Nil" not in (kind, captured[name]) and "Ref" not in (kind, captured[name])
    }
    assert set(wrong) <= LATER, wrong


def test_an_accepted_domain_keeps_the_order_of_the_captured_one(shared: Path) -> None:
    _types, captured, _notes = properties(
        (shared / "fixtures" / "clixml" / "E19-GetAcceptedDomain.xml").read_text("utf-8-sig")
    )
    _types, own, _notes = properties(modelled("Get-AcceptedDomain"))
    assert [name for name in captured if name in own] == list(own)
