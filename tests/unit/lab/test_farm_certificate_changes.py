# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchange certificates are made, exported, imported and put to use; what becomes of the internal transport certificate meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from farm.certificates import Stored
from farm.errors import LabError
from farm.usable import observe
from farm_bench import Answer, Bench, bench
from scenario_changes import bench_with

AUTH = "CN=Microsoft Exchange Server Auth Certificate"
OTHER_SITE = "ex-nyc-01.corp.contoso.com"
SECRET = {"$secure": "p"}


@pytest.fixture
def lab() -> Bench:
    return bench("contoso")


def make(lab: Bench, **more: Any) -> Answer:
    given: dict[str, Any] = {"SubjectName": AUTH, "DomainName": [], "PrivateKeyExportable": True, "KeySize": 2048}
    return lab("New-ExchangeCertificate", **{**given, "FriendlyName": "auth", "Force": True, **more})


def transport(lab: Bench) -> str:
    return str(lab("Get-TransportService", Identity="EX-LON-01").one.InternalTransportCertificateThumbprint)


def test_a_new_one_takes_the_place_of_the_internal_transport_certificate(lab: Bench) -> None:
    before = transport(lab)
    assert before == lab.farm.certificates["tls-exchange"].thumbprint
    answer = make(lab)
    made = answer.one
    assert (str(made.Subject), str(made.Services), made.PrivateKeyExportable) == (AUTH, "SMTP", True)
    assert (made.NotAfter - made.NotBefore).days == 1826
    assert made.DnsNameList == []
    assert answer.remotes[0].RawData is not None
    assert transport(lab) == str(made.Thumbprint)
    assert lab("Enable-ExchangeCertificate", Thumbprint=before, Services="SMTP").error_id.startswith("InvalidOperation")
    assert lab("Enable-ExchangeCertificate", Thumbprint=before, Services="SMTP", Force=True).failed is None
    assert transport(lab) == before
    # other servers never noticed
    assert {str(each.InternalTransportCertificateThumbprint) for each in lab("Get-TransportService").outputs} == {
        before
    }


def test_without_force_it_is_made_and_then_asks(lab: Bench) -> None:
    before, count = transport(lab), len(lab("Get-ExchangeCertificate").outputs)
    assert make(lab, Force=False).error_id.startswith("InvalidOperation")
    assert (transport(lab), len(lab("Get-ExchangeCertificate").outputs)) == (before, count + 1)
    assert make(lab, WhatIf=True).failed is None
    assert len(lab("Get-ExchangeCertificate").outputs) == count + 1


def test_two_of_them_differ_and_a_long_name_is_refused(lab: Bench) -> None:
    assert make(lab).one.Thumbprint != make(lab).one.Thumbprint
    assert make(lab, FriendlyName="x" * 64).failed is not None


def test_out_of_one_server_and_into_another(lab: Bench) -> None:
    thumb = str(make(lab).one.Thumbprint)
    out = lab("Export-ExchangeCertificate", Thumbprint=thumb, BinaryEncoded=True, Password=SECRET).one
    given = {"Server": OTHER_SITE, "FileData": out.FileData, "Password": SECRET, "PrivateKeyExportable": True}
    assert lab("Import-ExchangeCertificate", **{**given, "Password": {"$secure": "q"}}).failed is not None
    assert lab("Import-ExchangeCertificate", **given).one.PrivateKeyExportable
    assert lab.farm.machine(OTHER_SITE).store.get(thumb) is not None
    again = lab("Import-ExchangeCertificate", **given)
    assert again.failed is not None and again.failed["reason"] == "InvalidOperationException"


def test_a_copy_without_its_private_key_is_not_listed_and_in_the_way(lab: Bench) -> None:
    thumb = str(make(lab).one.Thumbprint)
    out = lab("Export-ExchangeCertificate", Thumbprint=thumb, BinaryEncoded=True, Password=SECRET).one
    lab.farm.machine(OTHER_SITE).store.add(Stored(lab.farm.certificates["made-1"], has_key=False))
    shown = lab("Get-ExchangeCertificate", Server=OTHER_SITE).outputs
    assert shown and thumb not in [str(each.Thumbprint) for each in shown]
    assert lab("Get-ExchangeCertificate", Server=OTHER_SITE, Thumbprint=thumb).failed is not None
    given = {"Server": OTHER_SITE, "FileData": out.FileData, "Password": SECRET, "PrivateKeyExportable": True}
    refused = lab("Import-ExchangeCertificate", **given).failed
    assert refused is not None and refused["category"] == "WriteError"
    assert lab("Enable-ExchangeCertificate", Server=OTHER_SITE, Thumbprint=thumb, Services="SMTP").failed is not None


def test_a_key_that_may_not_leave_stays(lab: Bench) -> None:
    thumb = str(make(lab, PrivateKeyExportable=False).one.Thumbprint)
    answer = lab("Export-ExchangeCertificate", Thumbprint=thumb, BinaryEncoded=True, Password=SECRET)
    assert answer.failed is not None
    nothing = lab("Export-ExchangeCertificate", Thumbprint="0" * 40, BinaryEncoded=True, Password=SECRET)
    assert nothing.failed is not None and nothing.failed["reason"] == "InvalidOperationException"


def test_services_are_added_and_a_web_site_has_one(lab: Bench) -> None:
    thumb, tls = str(make(lab).one.Thumbprint), lab.farm.certificates["tls-exchange"].thumbprint
    lab("Enable-ExchangeCertificate", Thumbprint=thumb, Services="IIS")
    services = {str(each.Thumbprint): str(each.Services) for each in lab("Get-ExchangeCertificate").outputs}
    assert services[thumb] == "SMTP, IIS"
    assert "IIS" not in services[tls]


def test_signed_data_needs_the_auth_certificate() -> None:
    lab = bench_with("contoso", certificates={0: {"days": [-1700, -1]}})
    assert [hasattr(remote, "SerializationData") for remote in lab("Get-ExchangeCertificate").remotes] == [False, False]
    old = bench_with("litware", certificates={0: {"days": [-1700, -1]}})
    assert hasattr(old("Get-ExchangeCertificate").remotes[0], "SerializationData")


# of the object in CSS-Exchange, HealthChecker/Tests/DataCollection/E19/Exchange/GetSettingOverride.xml
OVERRIDE = (
    "ComponentName SectionName AppId FlightName ModifiedBy Reason MinVersion MaxVersion FixVersion Server IsFlight Parameters Status "
    "XmlRaw AdminDisplayName ExchangeVersion Name DistinguishedName Identity Guid ObjectCategory ObjectClass WhenChanged WhenCreated "
    "WhenChangedUTC WhenCreatedUTC OrganizationId Id OriginatingServer IsValid ObjectState"
)


def test_overridden_settings() -> None:
    override = {"name": "hybrid app", "component": "Global", "section": "ExchangeOnpremAsThirdPartyAppId"}
    lab = bench_with("contoso", exchange={"setting_overrides": [override]})
    found = lab("Get-SettingOverride").one
    assert (str(found.ComponentName), str(found.SectionName)) == ("Global", "ExchangeOnpremAsThirdPartyAppId")
    assert " ".join(entry.name for entry in found.PSObject.adapted_properties) == OVERRIDE
    assert (found.Server, str(found.ExchangeVersion), str(found.XmlRaw)[:15]) == (
        None,
        "0.1 (8.0.535.0)",
        '<S CN="Global" ',
    )
    assert lab("Get-SettingOverride", Identity="none").errors


def test_an_override_names_a_certificate_by_its_thumbprint() -> None:
    of_two = {"name": "IM", "component": "OwaServer", "section": "IMSettings", "server": "EX1, EX2"}
    wanted = {**of_two, "parameters": ["IMServerName=pool", "IMCertificateThumbprint={tls-exchange}"]}
    lab = bench_with("contoso", exchange={"setting_overrides": [wanted]})
    found, thumbprint = lab("Get-SettingOverride").one, lab.farm.certificates["tls-exchange"].thumbprint
    assert [str(item) for item in found.Parameters] == ["IMServerName=pool", f"IMCertificateThumbprint={thumbprint}"]
    assert [str(item) for item in found.Server] == ["EX1", "EX2"]
    with pytest.raises(LabError, match="IM: there is no certificate gone"):
        bench_with("contoso", exchange={"setting_overrides": [{**of_two, "parameters": ["a={gone}"]}]})


def test_the_timeline_says_which_server_can_sign(lab: Bench) -> None:
    usable = observe(lab.farm)["exchange"]
    assert [usable[name]["signs"] for name in sorted(usable)] == [True, True, False]
    assert all(each["hands_on"] for each in usable.values())
    lab("Get-AuthConfig")
    assert len(lab.farm.timeline) == 1
    make(lab)
    assert [entry["journal"] for entry in lab.farm.timeline] == [1, 2]
    lab.farm.clock.move(200)
    assert not observe(lab.farm)["exchange"]["ex-lon-01.corp.contoso.com"]["signs"]
