# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology, read as it is asked for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject
from ansible_collections.onprem.exchange_lync.plugins.modules import lync_info

POOL = "pool.contoso.com"
NOON = dt.datetime(2026, 8, 1, 12, tzinfo=dt.UTC)
ANSWERS: dict[str, Any] = {
    "Get_CsSite": [{"Identity": "Site:London", "SiteId": "London", "DisplayName": "London", "Pools": [POOL]}],
    "Get_CsPool": [
        {
            "Fqdn": POOL,
            "Site": RemoteObject(text="Site:London"),
            "Computers": RemoteObject(items=("FE2.contoso.com", "fe1.contoso.com")),
            "Services": [f"Registrar:{POOL}", f"UserServer:{POOL}"],
        },
        {"Fqdn": "dir.contoso.com", "Site": "Site:London", "Computers": ["dir1.contoso.com"], "Services": ["Registrar:dir"]},
        {"Fqdn": "web.contoso.com", "Site": "Site:London", "Computers": ["web1.contoso.com"], "Services": ["WebServer:web"]},
        {"Fqdn": "edge.contoso.com", "Site": "Site:London", "Computers": ["edge1.contoso.com"], "Services": ["EdgeServer:edge"]},
        {"Fqdn": "med.contoso.com", "Site": "Site:London", "Computers": ["med1.contoso.com"], "Services": ["MediationServer:med"]},
        {"Fqdn": "ex.contoso.com", "Site": "Site:London", "Computers": [], "Services": None},
    ],
    "Get_CsComputer": [{"Fqdn": "fe1.contoso.com", "Pool": POOL}],
    "Get_CsSipDomain": [{"Name": "fabrikam.com", "IsDefault": False}, {"Name": "contoso.com", "IsDefault": True}],
    "Get_CsService": [
        {"Identity": f"UserServer:{POOL}", "Role": "UserServer", "PoolFqdn": POOL, "SiteId": "Site:London", "Version": 7}
    ],
    "Get_CsServerVersion": ["Skype for Business Server 2019 (7.0.2046.0): Volume license key installed."],
    "Get_CsOAuthConfiguration": [
        {"ExchangeAutodiscoverUrl": "", "ExchangeAutodiscoverAllowedDomains": "*.a.com;*.b.com", "Realm": "contoso.com"}
    ],
    "Get_CsManagementStoreReplicationStatus": lambda CentralManagementStoreStatus=False: (
        [{"ActiveMasterFqdn": POOL, "ActiveFileTransferAgents": RemoteObject(items=(POOL,))}]
        if CentralManagementStoreStatus
        else [{"ReplicaFqdn": "fe1.contoso.com", "UpToDate": True, "LastUpdateCreation": NOON}]
    ),
    "Get_CsWindowsService": [{"Name": "RTCSRV", "Status": RemoteObject(("System.Enum",), "Running", value=4)}],
}  # fmt: skip


def test_everything_with_one_read_for_each_family(scripted: Any, run_module: Any) -> None:
    helper = scripted(**ANSWERS)
    result = run_module(lync_info, helper)
    # the replicas and the state of the store itself are two questions to one cmdlet
    families = [name.replace("_", "-", 1) for name in ANSWERS]
    assert sorted(helper.reads) == sorted([*families, "Get-CsManagementStoreReplicationStatus"])
    assert result["front_ends"] == ["fe1.contoso.com", "fe2.contoso.com"]
    assert result["oauth_computers"] == ["dir1.contoso.com", "fe1.contoso.com", "fe2.contoso.com", "web1.contoso.com"]
    assert [pool["front_end"] for pool in result["pools"]] == [True, False, False, False, False, False]
    assert [pool["uses_oauth"] for pool in result["pools"]] == [True, True, True, False, False, False]
    assert result["pools"][0]["site"] == result["sites"][0]["name"] == "London"
    assert result["default_sip_domain"] == "contoso.com"
    assert [domain["name"] for domain in result["sip_domains"]] == ["contoso.com", "fabrikam.com"]
    assert result["version"]["product"] == "Skype for Business Server 2019"
    assert result["version"]["build"] == "7.0.2046.0"
    assert result["services"][0]["version"] == "7"
    assert result["oauth_configuration"] == {
        "exchange_autodiscover_url": None, "exchange_autodiscover_allowed_domains": ["*.a.com", "*.b.com"],
        "realm": "contoso.com", "service_name": None,
    }  # fmt: skip
    assert result["replicas"] == [
        {"replica_fqdn": "fe1.contoso.com", "up_to_date": True, "last_status_report": None,
         "last_update_creation": "2026-08-01T12:00:00Z", "product_version": None}
    ]  # fmt: skip
    assert result["central_management"] == {"active_master_fqdn": POOL, "active_file_transfer_agents": [POOL]}
    assert result["windows_services"] == [{"name": "RTCSRV", "status": "Running"}]


def test_only_what_is_asked_for_is_read(scripted: Any, run_module: Any) -> None:
    helper = scripted(**ANSWERS)
    result = run_module(lync_info, helper, gather=["sip_domains"])
    assert helper.reads == ["Get-CsSipDomain"]
    assert sorted(result) == ["changed", "default_sip_domain", "sip_domains"]


@pytest.mark.parametrize("sentence", [[], ["Lync Server: keine Lizenz"]])
def test_a_version_that_does_not_tell(scripted: Any, run_module: Any, sentence: list[str]) -> None:
    helper = scripted(Get_CsServerVersion=sentence)
    version = run_module(lync_info, helper, gather=["version"])["version"]
    assert version == {"product": None, "build": None, "text": " ".join(sentence)}


def test_what_cannot_be_read_is_no_absence(scripted: Any, run_module: Any) -> None:
    helper = scripted(Get_CsPool=ShellError("access_denied", "Access is denied."))
    assert run_module(lync_info, helper, gather=["pools"])["failed"]
