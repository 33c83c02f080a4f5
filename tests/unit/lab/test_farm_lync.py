# SPDX-License-Identifier: GPL-3.0-or-later
"""The Lync farm's cmdlets, and the replication of the Central Management Store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psrpcore.types import PSDateTime, PSDict

from farm.faults import Fault
from farm_bench import Answer, Bench, bench

URL = "https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc"
PFX = r"C:\Certificates\oauth.pfx"


@pytest.fixture
def litware() -> Bench:
    return bench("litware")


@pytest.fixture
def contoso() -> Bench:
    return bench("contoso")


def thumbprint(lab: Bench, name: str) -> str:
    return lab.farm.certificates[name].thumbprint


def assign(lab: Bench, name: str, **more: Any) -> Answer:
    return lab(
        "Set-CsCertificate", Identity="global", Type="OAuthTokenIssuer", Thumbprint=thumbprint(lab, name), **more
    )


def pass_time(lab: Bench, seconds: float) -> None:
    lab.farm.clock.offset += timedelta(seconds=seconds)


def issuer(lab: Bench, host: str = "") -> list[str]:
    return [str(found.Thumbprint) for found in lab("Get-CsCertificate", host=host, Type="OAuthTokenIssuer").outputs]


def test_a_fresh_farm_has_blank_settings(litware: Bench) -> None:
    found = litware("Get-CsOAuthConfiguration").one
    assert (found.Identity, found.ExchangeAutodiscoverUrl, found.Realm) == ("Global", "", "")
    assert found.ServiceName == "00000004-0000-0ff1-ce00-000000000000"


def test_settings_that_are_not_given_stay(contoso: Bench) -> None:
    contoso("Set-CsOAuthConfiguration", ExchangeAutodiscoverUrl=URL)
    found = contoso("Get-CsOAuthConfiguration", Identity="global").one
    assert (found.ExchangeAutodiscoverUrl, found.ExchangeAutodiscoverAllowedDomains) == (URL, "*.contoso.com")


def test_writing_what_is_there_makes_no_version(litware: Bench) -> None:
    litware("Set-CsOAuthConfiguration", ExchangeAutodiscoverUrl=URL)
    number = litware.farm.store.head.number
    litware("Set-CsOAuthConfiguration", ExchangeAutodiscoverUrl=URL)
    assert litware.farm.store.head.number == number


def test_a_write_reaches_the_replica_after_its_time(litware: Bench) -> None:
    litware("Set-CsOAuthConfiguration", ExchangeAutodiscoverUrl=URL)
    pass_time(litware, 0.6)
    assert litware("Get-CsManagementStoreReplicationStatus").one.UpToDate is False
    assert litware("Get-CsOAuthConfiguration", LocalStore=True).one.ExchangeAutodiscoverUrl == ""
    pass_time(litware, 1.0)
    assert litware("Get-CsManagementStoreReplicationStatus").one.UpToDate is True
    assert litware("Get-CsOAuthConfiguration", LocalStore=True).one.ExchangeAutodiscoverUrl == URL


def test_invoked_replication_is_sooner(litware: Bench) -> None:
    litware("Set-CsOAuthConfiguration", ExchangeAutodiscoverUrl=URL)
    litware("Invoke-CsManagementStoreReplication")
    pass_time(litware, 0.6)
    assert litware("Get-CsManagementStoreReplicationStatus").one.UpToDate is True


def test_a_stuck_replica_stays_behind(contoso: Bench) -> None:
    states = {str(state.ReplicaFqdn): state for state in contoso("Get-CsManagementStoreReplicationStatus").outputs}
    assert [name for name, state in states.items() if not state.UpToDate] == ["edge-old.contoso.com"]
    contoso.farm.faults.switch_on(Fault("replication_stuck", "sfb-lon-02.corp.contoso.com"))
    contoso("Set-CsOAuthConfiguration", ExchangeAutodiscoverUrl=URL)
    pass_time(contoso, 5)
    assert not contoso("Get-CsManagementStoreReplicationStatus", ReplicaFqdn="sfb-lon-02.corp.contoso.com").one.UpToDate
    assert contoso("Get-CsManagementStoreReplicationStatus", ReplicaFqdn="sfb-lon-01.corp.contoso.com").one.UpToDate


def test_a_global_certificate_reaches_every_front_end(contoso: Bench) -> None:
    old, new = thumbprint(contoso, "oauth-expiring"), thumbprint(contoso, "oauth-good")
    assert assign(contoso, "oauth-good").failed is None
    assert issuer(contoso, "sfb-nyc-01") == [old]
    pass_time(contoso, 2.1)
    assert issuer(contoso, "sfb-nyc-01") == [new]
    stored = contoso.farm.machine("sfb-nyc-01").store.get(new)
    assert stored is not None and stored.has_key
    assert contoso("Get-CsCertificate", Type="OAuthTokenIssuer").one.PreviousThumbprint == old


def test_a_key_that_cannot_be_exported_stays_behind(contoso: Bench) -> None:
    assign(contoso, "oauth-not-exportable")
    pass_time(contoso, 2.1)
    assert issuer(contoso, "sfb-nyc-01") == [thumbprint(contoso, "oauth-not-exportable")]
    stored = contoso.farm.machine("sfb-nyc-01").store.get(thumbprint(contoso, "oauth-not-exportable"))
    assert stored is not None and not stored.has_key


@pytest.mark.parametrize(
    ("name", "error"), [("oauth-no-key", "CertificateHasNoPrivateKey"), ("oauth-expired", "CertificateExpired")]
)
def test_a_certificate_that_lync_refuses(litware: Bench, name: str, error: str) -> None:
    assert assign(litware, name).error_id.startswith(f"{error},Microsoft.Rtc.Management.Deployment.")
    assert issuer(litware) == []


@pytest.mark.parametrize("name", ["oauth-1024", "oauth-subject", "oauth-ecc"])
def test_a_wrong_certificate_that_lync_takes(litware: Bench, name: str) -> None:
    assert assign(litware, name).failed is None


def test_a_certificate_that_is_not_in_the_store(litware: Bench) -> None:
    answer = litware("Set-CsCertificate", Type="OAuthTokenIssuer", Thumbprint="0" * 40)
    assert answer.error_id.startswith("CertificateNotFound,")


def test_roll_requires_a_date_and_keeps_the_current_one(litware: Bench) -> None:
    assert assign(litware, "oauth-good").failed is None
    assert assign(litware, "oauth-expiring", Roll=True).error_id.startswith("InvalidArgument,")
    moment = datetime.now(UTC) + timedelta(days=2)
    date = PSDateTime(moment.year, moment.month, moment.day, tzinfo=UTC)
    assert assign(litware, "oauth-expiring", Roll=True, EffectiveDate=date).failed is None
    pass_time(litware, 2.1)
    found = litware("Get-CsCertificate", Type="OAuthTokenIssuer").one
    assert found.PreviousThumbprint == thumbprint(litware, "oauth-good")
    assert found.EffectiveDate.date() == moment.date()
    # staged in the place of one that was never in force
    assert assign(litware, "oauth-subject", Roll=True, EffectiveDate=date).failed is None
    pass_time(litware, 2.1)
    found = litware("Get-CsCertificate", Type="OAuthTokenIssuer").one
    assert found.PreviousThumbprint == thumbprint(litware, "oauth-good")


def test_removing_only_the_previous_one(litware: Bench) -> None:
    assign(litware, "oauth-good")
    assign(litware, "oauth-expiring")
    litware("Remove-CsCertificate", Identity="global", Type="OAuthTokenIssuer", Previous=True)
    pass_time(litware, 2.1)
    assert litware("Get-CsCertificate", Type="OAuthTokenIssuer").one.PreviousThumbprint == ""
    litware("Remove-CsCertificate", Identity="global", Type="OAuthTokenIssuer", Force=True)
    pass_time(litware, 2.1)
    assert issuer(litware) == []


def test_a_file_is_imported_with_its_password_only(litware: Bench) -> None:
    call = {"Identity": "global", "Type": "OAuthTokenIssuer", "Path": PFX}
    wrong = litware("Import-CsCertificate", Password="wrong", **call)
    assert wrong.failed is not None and wrong.failed["reason"] == "CryptographicException"
    right = litware("Import-CsCertificate", Password='pfx: "ä" 50% é', **call)
    assert right.failed is None
    pass_time(litware, 2.1)
    assert issuer(litware) == [thumbprint(litware, "oauth-pfx")]
    assert litware("Import-CsCertificate", **{**call, "Path": r"C:\none.pfx"}).error_id.startswith("FileNotFound,")


def test_passwords_are_masked_in_the_journal(litware: Bench) -> None:
    litware("Import-CsCertificate", Path=PFX, Password="hidden")
    litware("Import-CsCertificate", Path=PFX, Password=PSDict({"$secure": "hidden"}))
    assert "hidden" not in str(litware.farm.journal.entries)
    assert [entry["parameters"]["Password"] for entry in litware.farm.journal.select(writes=True)] == ["********"] * 2


def test_a_type_for_one_computer_is_not_global(litware: Bench) -> None:
    answer = litware(
        "Set-CsCertificate", Identity="global", Type="Default", Thumbprint=thumbprint(litware, "oauth-good")
    )
    assert answer.error_id.startswith("InvalidArgument,")


def test_without_delegation_the_store_is_not_reached(litware: Bench) -> None:
    litware.delegated = False
    answer = litware("Get-CsOAuthConfiguration")
    assert answer.failed is not None and answer.failed["reason"] == "SqlConnectionException"
    assert litware("Get-CsOAuthConfiguration", LocalStore=True).failed is None
    assert litware("Get-CsCertificate").failed is None


def test_rights(litware: Bench) -> None:
    litware.user = "auditor"
    assert litware("Get-CsOAuthConfiguration").failed is None
    assert litware("Set-CsOAuthConfiguration", Realm="x").error_id.startswith("AccessDenied,")
    litware.user = "operator"
    assert litware("Get-CsSipDomain").error_id.startswith("AccessDenied,")


def test_certificates_are_not_offered_at_the_product_endpoint(litware: Bench) -> None:
    assert litware("Get-CsSipDomain", endpoint="/ocspowershell").one.IsDefault is True
    answer = litware("Remove-CsCertificate", endpoint="/ocspowershell", Type="Default")
    assert answer.error_id == "CommandNotFoundException"


def test_the_topology(contoso: Bench) -> None:
    assert [str(pool.Fqdn) for pool in contoso("Get-CsPool").outputs] == [
        "pool-lon.corp.contoso.com",
        "sfb-nyc-01.corp.contoso.com",
    ]
    assert len(contoso("Get-CsComputer").outputs) == 3
    assert [str(site.Identity) for site in contoso("Get-CsSite").outputs] == ["Site:London", "Site:New-York"]
    assert [str(domain.Name) for domain in contoso("Get-CsSipDomain").outputs] == ["contoso.com", "fabrikam.com"]
    assert "7.0.2046.0" in contoso("Get-CsServerVersion").one
    assert contoso("Get-CsPool", Identity="none").error_id.startswith("CannotFindItem,")


def test_partner_applications(litware: Bench) -> None:
    address = "https://atl-exchange-001.litwareinc.com/autodiscover/metadata/json/1"
    assert (
        litware("New-CsPartnerApplication", Identity="Exchange", MetadataUrl=address).one.AuthToken
        == f"Value={address}"
    )
    assert litware("New-CsPartnerApplication", Identity="exchange", MetadataUrl=address).error_id.startswith(
        "ItemAlreadyExists,"
    )
    litware("Set-CsPartnerApplication", Identity="Exchange", Enabled=False)
    assert litware("Get-CsPartnerApplication", Identity="Exchange").one.Enabled is False
    bad = litware("New-CsPartnerApplication", Identity="Other", MetadataUrl="https://gone.invalid/metadata/json/1")
    assert bad.error_id.startswith("ParameterBindingFailed,")
    litware("Remove-CsPartnerApplication", Identity="Exchange")
    assert litware("Get-CsPartnerApplication").outputs == []
