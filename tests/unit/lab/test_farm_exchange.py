# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exchange organization's cmdlets."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from psrpcore.types import PSUri

from farm_bench import Bench, bench, names

URL = "https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml"
ERROR_ID = re.compile(
    r"\[Server=ATL-EXCHANGE-001,RequestId=[0-9a-f-]{36},TimeStamp=[^\]]+\] \[FailureCategory=Cmdlet-(\w+)\] "
    r"[0-9A-F]{8},Microsoft\.Exchange\.Management\.SystemConfigurationTasks\.(\w+)"
)


@pytest.fixture
def litware() -> Bench:
    return bench("litware")


def test_a_client_access_server_has_a_uri_and_a_list(litware: Bench) -> None:
    found = litware("Get-ClientAccessServer").one
    assert isinstance(found.AutoDiscoverServiceInternalUri, PSUri)
    assert list(found.AutoDiscoverSiteScope) == ["Atlanta"]
    assert found.Name == "ATL-EXCHANGE-001"


@pytest.mark.parametrize(
    ("given", "scope"),
    [
        ({"Add": ["Boston", "ATLANTA"]}, ["Atlanta", "Boston"]),
        ({"Remove": "atlanta", "Add": "Boston"}, ["Boston"]),
        ({"Replace": ["Boston"]}, ["Boston"]),
        (["Boston"], ["Boston"]),
        (None, []),
    ],
)
def test_the_site_scope_takes_values_or_changes(litware: Bench, given: Any, scope: list[str]) -> None:
    assert litware("Set-ClientAccessServer", Identity="atl-exchange-001", AutoDiscoverSiteScope=given).failed is None
    assert list(litware("Get-ClientAccessServer").one.AutoDiscoverSiteScope) == scope


def test_the_autodiscover_uri_is_written_and_read_back(litware: Bench) -> None:
    answer = litware("Set-ClientAccessServer", Identity="atl-exchange-001", AutoDiscoverServiceInternalUri=PSUri(URL))
    assert answer.failed is None and not answer.outputs and not answer.warnings
    assert litware("Get-ClientAccessServer", Identity="ATL-EXCHANGE-001").one.AutoDiscoverServiceInternalUri == URL


def test_writing_what_is_there_warns(litware: Bench) -> None:
    call = {"Identity": "ATL-EXCHANGE-001", "AutoDiscoverServiceInternalUri": PSUri(URL)}
    litware("Set-ClientAccessServer", **call)
    assert (
        "no settings of 'ATL-EXCHANGE-001' have been modified" in litware("Set-ClientAccessServer", **call).warnings[0]
    )


def test_a_null_uri_blanks_it(litware: Bench) -> None:
    litware("Set-ClientAccessServer", Identity="ATL-EXCHANGE-001", AutoDiscoverServiceInternalUri=None)
    assert litware("Get-ClientAccessServer").one.AutoDiscoverServiceInternalUri is None


def test_what_if_changes_nothing_and_is_a_read(litware: Bench) -> None:
    before = litware("Get-ClientAccessServer").one.AutoDiscoverServiceInternalUri
    litware(
        "Set-ClientAccessServer", Identity="ATL-EXCHANGE-001", AutoDiscoverServiceInternalUri=PSUri(URL), WhatIf=True
    )
    assert litware("Get-ClientAccessServer").one.AutoDiscoverServiceInternalUri == before
    assert litware.farm.journal.select(writes=True) == []


def test_a_null_identity_gives_all_of_them() -> None:
    contoso = bench("contoso")
    assert len(contoso("Get-ClientAccessService", Identity=None).outputs) == 3


@pytest.mark.parametrize("cmdlet", ["Get-ClientAccessServer", "Set-ClientAccessServer"])
def test_no_such_server(litware: Bench, cmdlet: str) -> None:
    answer = litware(cmdlet, Identity="nobody")
    match = ERROR_ID.fullmatch(answer.error_id)
    assert match is not None
    assert match[1] == "ManagementObjectNotFoundException"
    assert match[2] == cmdlet.replace("-", "")
    assert answer.failed is None and answer.errors[0]["category"] == "NotSpecified"


def test_exchange_2013_has_no_client_access_service(litware: Bench) -> None:
    answer = litware("Get-ClientAccessService")
    assert answer.error_id == "CommandNotFoundException"


def test_the_old_name_warns_where_there_is_a_new_one() -> None:
    assert "Get-ClientAccessService" in bench("contoso")("Get-ClientAccessServer").warnings[0]


def test_a_certificate_is_whole_in_process_and_raw_data_outside(litware: Bench) -> None:
    answer = litware("Get-ExchangeCertificate")
    live, remote = answer.outputs[0], answer.remotes[0]
    assert {"Thumbprint", "Services", "Status", "NotAfter"} <= set(names(live))
    assert names(remote) == ["RawData", "RunspaceId", "SerializationData"]
    assert remote.RawData == live.RawData


def test_a_certificate_by_identity(litware: Bench) -> None:
    thumbprint = litware.farm.certificates["exchange-auth"].thumbprint
    found = litware("Get-ExchangeCertificate", Identity=f"ATL-EXCHANGE-001\\{thumbprint}").one
    assert found.Thumbprint == thumbprint
    assert int(found.Services) == 16 and str(found.Services) == "SMTP"


def test_a_missing_certificate_is_an_invalid_operation() -> None:
    contoso = bench("contoso")
    thumbprint = contoso("Get-AuthConfig").one.CurrentCertificateThumbprint
    assert contoso("Get-ExchangeCertificate", Server="ex-lon-01", Thumbprint=thumbprint).one
    answer = contoso("Get-ExchangeCertificate", Server="ex-nyc-01", Thumbprint=thumbprint)
    assert answer.failed is not None and answer.failed["reason"] == "InvalidOperationException"


def test_a_certificate_expires_with_the_clock(litware: Bench) -> None:
    litware.farm.clock.move(2000)
    found = litware("Get-ExchangeCertificate").outputs[0]
    assert found.Status.PSObject.to_string == "DateInvalid"
    assert found.NotAfter < datetime.now(UTC) + litware.farm.clock.offset


def test_the_auth_config_of_2013_lacks_later_properties(litware: Bench) -> None:
    found = litware("Get-AuthConfig").one
    assert found.NextCertificateThumbprint == "" and found.NextCertificateEffectiveDate is None
    assert "DeploymentId" not in names(found)
    assert "DeploymentId" in names(bench("contoso")("Get-AuthConfig").one)


def test_service_health_follows_the_services(litware: Bench) -> None:
    assert all(role.RequiredServicesRunning for role in litware("Test-ServiceHealth").outputs)
    litware.farm.machine("atl-exchange-001").services["MSExchangeServiceHost"] = False
    roles = {str(role.Role): role for role in litware("Test-ServiceHealth").outputs}
    assert list(roles["Client Access Server Role"].ServicesNotRunning) == ["MSExchangeServiceHost"]


def test_without_delegation_the_snapin_does_not_reach_the_directory(litware: Bench) -> None:
    litware.delegated = False
    assert (
        "[FailureCategory=Cmdlet-ADTransientException]" in litware("Get-ClientAccessServer", endpoint="/wsman").error_id
    )
    assert litware("Get-ClientAccessServer", endpoint="/powershell").failed is None


def test_the_auditor_is_offered_reads_at_the_endpoint_and_refused_under_the_snapin(litware: Bench) -> None:
    litware.user = "auditor"
    call = {"Identity": "ATL-EXCHANGE-001", "AutoDiscoverServiceInternalUri": PSUri(URL)}
    assert litware("Get-ClientAccessServer").failed is None
    assert litware("Set-ClientAccessServer", **call).error_id == "CommandNotFoundException"
    assert (
        "[FailureCategory=Cmdlet-ADOperationException]"
        in litware("Set-ClientAccessServer", endpoint="winrs", **call).error_id
    )


def test_an_injected_failure_strikes_as_often_as_it_is_told(litware: Bench) -> None:
    from farm.faults import Fault

    litware.farm.faults.switch_on(Fault("cmdlet_fails", value="get-authconfig", count=1))
    assert litware("Get-AuthConfig").failed is not None
    assert litware("Get-AuthConfig").failed is None
