# SPDX-License-Identifier: GPL-3.0-or-later
"""What the info modules say of a farm with a history: 2010, Edge servers, a Director, hybrid, keys that stay where they are."""

from __future__ import annotations

import pytest

from harness import Farm

pytestmark = [pytest.mark.scenario("messy"), pytest.mark.connections("documented")]

EX16, DUBLIN = "ex16-red-01.corp.woodgrove.net", "ex19-dub-01.corp.woodgrove.net"


def test_exchange(farm: Farm) -> None:
    run = farm.play(
        """
        - name: all
          onprem.exchange_lync.exchange_info:
        - name: certificates
          onprem.exchange_lync.exchange_certificate_info:
        - name: through Dublin
          onprem.exchange_lync.exchange_info: {gather: [client_access], domain_controller: dc-dub-01.corp.woodgrove.net}
        """,
        hosts=EX16,
    )
    assert run.rc == 0, run.output
    found = run.step("all").result
    servers = {server["name"]: (server["version"].partition(".")[0], server["is_edge"]) for server in found["servers"]}
    assert servers == {
        "EX10-RED-01": ("14", False), "EX16-RED-01": ("15", False), "EX19-RED-01": ("15", False), "EX19-DUB-01": ("15", False),
        "EDGE-EX-01": ("15", True),
    }  # fmt: skip
    assert found["hybrid_configuration"]["domains"] == ["woodgrovebank.com", "northwindtraders.com"]
    uris = {item["name"]: item["autodiscover_service_internal_uri"] for item in found["client_access"]}
    assert uris["EX19-DUB-01"] == "https://autodiscover-eu.woodgrovebank.com/autodiscover/autodiscover.xml"
    assert {item["originating_server"] for item in found["client_access"]} == {"dc-red-01.corp.woodgrove.net"}
    assert all(role["running"] for role in found["service_health"])
    old = [item for item in found["virtual_directories"]["autodiscover"] if item["server"] == "EX10-RED-01"]
    assert [item["oauth_authentication"] for item in old] == [False]
    stores = run.step("certificates").result["servers"]
    assert {store["host"] for store in stores} == {EX16, EX16.replace("16", "19"), DUBLIN}
    assert {store["error"] for store in stores} == {None}
    through = run.step("through Dublin").result["client_access"]
    assert {item["originating_server"] for item in through} == {"dc-dub-01.corp.woodgrove.net"}


def test_lync(farm: Farm) -> None:
    run = farm.play(
        """
        - name: topology
          onprem.exchange_lync.lync_info: {gather: [pools, windows_services, replicas, central_management]}
        - name: certificates
          onprem.exchange_lync.lync_certificate_info: {exportable: true}
        """,
        hosts="sfb-red-0*",
    )
    assert run.rc == 0, run.output
    result = run.step("topology", "sfb-red-02.corp.woodgrove.net").result
    assert result["front_ends"] == ["sfb-red-01.corp.woodgrove.net", "sfb-red-02.corp.woodgrove.net"]
    assert result["oauth_computers"] == ["dir-red-01.corp.woodgrove.net", *result["front_ends"]]
    assert {"name": "RTCRGS", "status": "Stopped"} in result["windows_services"]
    behind = [replica["replica_fqdn"] for replica in result["replicas"] if not replica["up_to_date"]]
    assert behind == ["edge-red-01.corp.woodgrove.net"]
    assert result["central_management"]["active_master_fqdn"] == "sfb-red-01.corp.woodgrove.net"
    store = run.step("certificates", "sfb-red-01.corp.woodgrove.net").result["store"]
    keys = {item["friendly_name"]: (item["key_provider"], item["private_key_exportable"]) for item in store}
    assert (keys["pool-red Default"], keys["OAuth"]) == (("csp", True), ("cng", None))
