# SPDX-License-Identifier: GPL-3.0-or-later
"""lync_info on the documented example."""

from __future__ import annotations

import pytest

from harness import Farm

HOST = "atl-lync-001.litwareinc.com"


def test_the_topology_in_one_session_with_one_read_for_each_family(farm: Farm) -> None:
    run = farm.play("- {name: read, onprem.exchange_lync.lync_info: }", hosts="lync_servers")
    step = run.step("read")
    assert run.rc == 0, run.output
    # the replicas and the state of the store itself are two questions to one cmdlet
    assert sorted(step.cmdlets) == [
        "Get-CsComputer", "Get-CsManagementStoreReplicationStatus", "Get-CsManagementStoreReplicationStatus", "Get-CsOAuthConfiguration",
        "Get-CsPool", "Get-CsServerVersion", "Get-CsService", "Get-CsSipDomain", "Get-CsSite", "Get-CsWindowsService",
    ]  # fmt: skip
    result = step.result
    assert result["default_sip_domain"] == "litwareinc.com"
    assert result["front_ends"] == [HOST]
    assert result["computers"] == [{"fqdn": HOST, "pool": HOST}]
    assert [site["name"] for site in result["sites"]] == ["Atlanta"]
    assert result["version"]["product"].endswith("Lync Server 2013")
    assert result["version"]["build"] == "5.0.8308.0"
    assert result["oauth_computers"] == [HOST]
    assert result["oauth_configuration"]["service_name"] == "00000004-0000-0ff1-ce00-000000000000"
    assert [(replica["replica_fqdn"], replica["up_to_date"]) for replica in result["replicas"]] == [(HOST, True)]
    assert result["central_management"] == {"active_master_fqdn": HOST, "active_file_transfer_agents": [HOST]}
    assert {"name": "RTCSRV", "status": "Running"} in result["windows_services"]
    assert {service["role"] for service in result["services"]} >= {"Registrar", "UserServer"}
    assert step.writes == []


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_only_what_is_asked_for(farm: Farm, execution: str) -> None:
    task = "- {name: read, onprem.exchange_lync.lync_info: {gather: [version, sip_domains]}}"
    step = farm.play(task, hosts="lync_servers", check=True, execution=execution).step("read")
    assert sorted(step.cmdlets) == ["Get-CsServerVersion", "Get-CsSipDomain"]
    assert step.result["sip_domains"] == [{"name": "litwareinc.com", "default": True}]
    assert "pools" not in step.result
