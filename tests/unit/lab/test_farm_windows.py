# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows' own cmdlets: the certificate store, services, DnsServer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from farm import report
from farm.errors import LabError
from farm.faults import Fault
from farm_bench import Bench, bench
from scenario_changes import bench_with

ZONE = {"ZoneName": "litwareinc.com"}
ALIAS = {**ZONE, "Name": "autodiscover", "HostNameAlias": "atl-exchange-001.litwareinc.com"}


@pytest.fixture
def litware() -> Bench:
    return bench("litware")


def records(lab: Bench, name: str) -> list[tuple[str, str]]:
    found = lab("Get-DnsServerResourceRecord", **ZONE, Name=name).outputs
    return [
        (str(record.RecordType), str(record.RecordData.PSObject.adapted_properties[0].get_value(record)))
        for record in found
    ]


def test_an_alias_is_added_once(litware: Bench) -> None:
    assert (
        litware("Get-DnsServerResourceRecord", **ZONE, Name="autodiscover").error_id
        == "WIN32 9714,Get-DnsServerResourceRecord"
    )
    assert litware("Add-DnsServerResourceRecordCName", **ALIAS).failed is None
    assert records(litware, "autodiscover") == [("CNAME", "atl-exchange-001.litwareinc.com.")]
    again = litware("Add-DnsServerResourceRecordCName", **ALIAS)
    assert again.error_id == "WIN32 9711,Add-DnsServerResourceRecordCName"
    assert again.errors[0]["category"] == "ResourceExists"


def test_an_alias_stands_alone(litware: Bench) -> None:
    assert litware("Add-DnsServerResourceRecordCName", **{**ALIAS, "Name": "sip"}).error_id.startswith("WIN32 9709,")
    litware("Add-DnsServerResourceRecordCName", **ALIAS)
    assert litware(
        "Add-DnsServerResourceRecordA", **ZONE, Name="autodiscover", IPv4Address="192.0.2.9"
    ).error_id.startswith("WIN32 9708,")
    other = litware("Add-DnsServerResourceRecordCName", **{**ALIAS, "HostNameAlias": "other.litwareinc.com"})
    assert other.error_id.startswith("WIN32 9709,")


def test_a_full_name_without_its_dot_goes_below_the_zone(litware: Bench) -> None:
    litware("Add-DnsServerResourceRecordA", **ZONE, Name="a.litwareinc.com", IPv4Address="192.0.2.9")
    assert records(litware, "a.litwareinc.com.litwareinc.com.") == [("A", "192.0.2.9")]
    outside = litware("Add-DnsServerResourceRecordA", **ZONE, Name="a.fabrikam.com.", IPv4Address="192.0.2.9")
    assert outside.error_id.startswith("WIN32 9563,")


def test_no_such_zone(litware: Bench) -> None:
    answer = litware("Get-DnsServerResourceRecord", ZoneName="fabrikam.com")
    assert answer.error_id == "WIN32 9601,Get-DnsServerResourceRecord"
    assert answer.errors[0]["category"] == "ObjectNotFound"
    assert litware("Get-DnsServerZone", Name="fabrikam.com").error_id == "WIN32 9601,Get-DnsServerZone"


def test_no_address(litware: Bench) -> None:
    assert litware("Add-DnsServerResourceRecordA", **ZONE, Name="x", IPv4Address="1.2.3").error_id.startswith(
        "WIN32 13,"
    )


def test_removing_asks_unless_it_is_told_not_to(litware: Bench) -> None:
    litware("Add-DnsServerResourceRecordCName", **ALIAS)
    call = {**ZONE, "Name": "autodiscover", "RRType": "CName"}
    assert (
        litware("Remove-DnsServerResourceRecord", **call).error_id == "InvalidOperation,Remove-DnsServerResourceRecord"
    )
    assert litware("Remove-DnsServerResourceRecord", **call, Force=True).failed is None
    assert litware("Remove-DnsServerResourceRecord", **call, Confirm=False).error_id.startswith("WIN32 9701,")


def test_the_add_after_a_remove_can_be_made_to_fail(litware: Bench) -> None:
    litware("Add-DnsServerResourceRecordCName", **ALIAS)
    litware.farm.faults.switch_on(Fault("cmdlet_fails", value="Add-DnsServerResourceRecord*", count=1))
    gone = litware("Remove-DnsServerResourceRecord", **ZONE, Name="autodiscover", RRType="CName", Force=True)
    assert gone.failed is None and not gone.errors
    failed = litware("Add-DnsServerResourceRecordCName", **{**ALIAS, "HostNameAlias": "other.litwareinc.com"})
    assert failed.error_id == "WIN32 9002,Add-DnsServerResourceRecordCName"
    assert litware("Get-DnsServerResourceRecord", **ZONE, Name="autodiscover").error_id.startswith("WIN32 9714,")
    assert not litware("Add-DnsServerResourceRecordCName", **ALIAS).errors


def test_removing_one_value_of_many(litware: Bench) -> None:
    litware("Add-DnsServerResourceRecordA", **ZONE, Name="x", IPv4Address=["192.0.2.1", "192.0.2.2"])
    litware("Remove-DnsServerResourceRecord", **ZONE, Name="x", RRType="A", RecordData="192.0.2.1", Force=True)
    assert records(litware, "x") == [("A", "192.0.2.2")]


def test_objects_that_came_out_go_back_in(litware: Bench) -> None:
    litware("Add-DnsServerResourceRecordCName", **ALIAS, TimeToLive=timedelta(minutes=5))
    old = litware("Get-DnsServerResourceRecord", **ZONE, Name="autodiscover").one
    assert old.TimeToLive == timedelta(minutes=5)
    new = litware("Get-DnsServerResourceRecord", **ZONE, Name="autodiscover").one
    new.TimeToLive = timedelta(hours=1)
    assert not litware("Set-DnsServerResourceRecord", **ZONE, OldInputObject=old, NewInputObject=new).errors
    assert litware("Get-DnsServerResourceRecord", **ZONE, Name="autodiscover").one.TimeToLive == timedelta(hours=1)
    assert not litware("Remove-DnsServerResourceRecord", **ZONE, InputObject=new, Force=True).errors
    assert litware("Get-DnsServerResourceRecord", **ZONE, Name="autodiscover").error_id.startswith("WIN32 9714,")


def test_another_server_is_a_second_hop(litware: Bench) -> None:
    far = {"host": "atl-lync-001", "ComputerName": "atl-dc-001.litwareinc.com"}
    assert litware("Get-DnsServerZone", **far).one.ZoneName == "litwareinc.com"
    litware.delegated = False
    assert litware("Get-DnsServerZone", **far).error_id == "WIN32 5,Get-DnsServerZone"
    assert litware("Get-DnsServerZone").failed is None
    assert litware("Get-DnsServerZone", host="atl-lync-001").error_id == "WIN32 1722,Get-DnsServerZone"


def test_dns_needs_its_group(litware: Bench) -> None:
    litware.user = "auditor"
    answer = litware("Get-DnsServerZone")
    assert answer.failed is not None and answer.failed["category"] == "PermissionDenied"


def test_the_certificate_store(litware: Bench) -> None:
    found = litware("Get-ChildItem", host="atl-lync-001", Path="Cert:\\LocalMachine\\My").outputs
    by_name = {str(item.FriendlyName): item for item in found}
    assert by_name["OAuth no private key"].HasPrivateKey is False
    assert by_name["OAuthTokenIssuer"].HasPrivateKey is True
    good = litware.farm.certificates["oauth-good"]
    one = litware("Get-Item", host="atl-lync-001", Path=f"cert:\\localmachine\\my\\{good.thumbprint}").one
    assert one.RawData == good.raw
    assert one.EnhancedKeyUsageList[0].ObjectId == "1.3.6.1.5.5.7.3.1"
    missing = litware("Get-Item", host="atl-lync-001", Path="Cert:\\LocalMachine\\My\\00")
    assert missing.error_id == "PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand"


def list_roots(lab: Bench, host: str) -> list[str]:
    found = lab("Get-ChildItem", host=host, Path=["Cert:\\LocalMachine\\Root", "Cert:\\LocalMachine\\CA"]).outputs
    assert {str(item.PSParentPath).rpartition("::")[2] for item in found} <= {r"LocalMachine\Root"}
    return [str(item.Subject) for item in found]


def test_trusted_roots() -> None:
    """The lab's authority and others; one may be there twice, and one may be no root."""
    below = {"name": "below", "subject": "CN=Issuing CA", "authority": True, "hosts": []}
    more = {"root_certificates": ["below", "below"], "public_roots": 2}
    lab = bench_with("broken", hosts={2: more, 3: {"trusts_authority": False}}, certificates={99: below})
    first, second = (f"fe{number}.tailspintoys.com" for number in (1, 2))
    own = "CN=Lab Authority tailspintoys.com"
    assert list_roots(lab, second) == []
    assert [subject.partition(",")[0] for subject in list_roots(lab, first)] == [
        own,
        "CN=Issuing CA",
        "CN=Issuing CA",
        *(f"CN=Public Root Authority {number}" for number in (0, 1)),
    ]
    issued = lab.farm.certificates["below"].certificate
    issued.verify_directly_issued_by(lab.farm.authority.issued.certificate)
    assert issued.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    url = "https://autodiscover.tailspintoys.com/autodiscover/metadata/json/1"
    assert lab("Invoke-WebRequest", host=first, Uri=url).one.StatusCode == 200
    refused = lab("Invoke-WebRequest", host=second, Uri=url).failed
    assert refused and "trust relationship" in refused["message"]


def test_a_root_that_is_no_certificate_of_the_scenario_is_refused() -> None:
    with pytest.raises(LabError, match="there is no certificate gone"):
        bench_with("broken", hosts={2: {"root_certificates": ["gone"]}})


def test_services(litware: Bench) -> None:
    assert litware("Get-Service", host="atl-lync-001", Name="rtcsrv").one.DisplayName == "Lync Server Front-End"
    assert (
        litware("Get-Service", Name="none").error_id
        == "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand"
    )
    assert litware("Get-Service", Name="no*").outputs == []
    litware.farm.machine("atl-dc-001").services["DNS"] = False
    assert litware("Restart-Service", Name="dns", PassThru=True).one.Status.PSObject.to_string == "Running"


@pytest.mark.parametrize(
    ("cmdlet", "parameters"),
    [
        (
            "Set-ClientAccessServer",
            {"Identity": "ATL-EXCHANGE-001", "AutoDiscoverServiceInternalUri": "https://a.example"},
        ),
        ("Set-CsOAuthConfiguration", {"Realm": "a.example"}),
        ("Add-DnsServerResourceRecordCName", ALIAS),
        ("Remove-DnsServerResourceRecord", {**ZONE, "Name": "sip", "RRType": "A", "Force": True}),
        ("Restart-Service", {"Name": "DNS"}),
    ],
)
def test_a_write_that_is_to_be_confirmed_changes_nothing_since_nobody_can_answer(
    litware: Bench, cmdlet: str, parameters: dict[str, Any]
) -> None:
    before = report.state(litware.farm)
    asked = litware(cmdlet, **parameters, Confirm=True)
    assert asked.failed and asked.error_id.startswith("HostFunctionNotImplemented,")
    assert asked.failed["category"] == "NotImplemented"
    passing = {"now": "", "timeline": []}  # the timeline begins with the first cmdlet
    assert report.state(litware.farm) | passing == before | passing
    assert litware(cmdlet, **parameters, Confirm=True, WhatIf=True).failed is None
    assert litware(cmdlet, **parameters, Confirm=False).failed is None
