# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_info on a grown organisation: everything once, or only what is asked for."""

from __future__ import annotations

import pytest

from harness import Farm

pytestmark = pytest.mark.scenario("contoso")

ONE = "exchange_servers[0]"


def test_reads_the_whole_organisation_with_one_read_for_each_family(farm: Farm) -> None:
    run = farm.play("- name: info\n  onprem.exchange_lync.exchange_info:", hosts=ONE)
    step = run.step("info")
    assert run.rc == 0, run.output
    assert not step.changed
    assert step.writes == []
    found = step.result
    assert {server["fqdn"]: (server["version"], server["site"], server["is_edge"]) for server in found["servers"]} == {
        "ex-lon-01.corp.contoso.com": ("15.2.1544.4", "London", False),
        "ex-lon-02.corp.contoso.com": ("15.2.1544.4", "London", False),
        "ex-nyc-01.corp.contoso.com": ("15.1.2507.39", "New-York", False),
    }
    assert {domain["domain_name"]: domain["wildcard"] for domain in found["accepted_domains"]} == {
        "contoso.com": False,
        "fabrikam.com": False,
        "*.contoso.com": True,
    }
    for directories in found["virtual_directories"].values():
        assert {directory["server"]: directory["oauth_authentication"] for directory in directories} == {
            "EX-LON-01": True,
            "EX-LON-02": True,
            "EX-NYC-01": False,
        }
    assert len(found["auth_config"]["current_certificate_thumbprint"]) == 40
    assert found["organization"]["name"] == "Contoso"
    assert found["hybrid_configuration"] is None
    assert {item["name"]: item["autodiscover_site_scope"] for item in found["client_access"]} == {
        "EX-LON-01": ["London"],
        "EX-LON-02": ["London"],
        "EX-NYC-01": ["New-York"],
    }
    assert all(role["running"] for role in found["service_health"])
    own = [name for name in step.cmdlets if name.startswith(("Get-", "Test-"))]
    assert sorted(own) == [
        "Get-AcceptedDomain",
        "Get-AuthConfig",
        "Get-AutodiscoverVirtualDirectory",
        "Get-ClientAccessService",
        "Get-ExchangeServer",
        "Get-HybridConfiguration",
        "Get-OrganizationConfig",
        "Get-WebServicesVirtualDirectory",
        "Test-ServiceHealth",
    ]


def test_reads_only_what_is_asked_for_also_in_check_mode_and_in_a_process_of_its_own(farm: Farm) -> None:
    task = """
        - name: domains
          onprem.exchange_lync.exchange_info: {gather: [accepted_domains]}
          check_mode: true
        - name: again
          onprem.exchange_lync.exchange_info: {gather: [accepted_domains]}
          vars: {ansible_exchange_lync_execution: subprocess}
    """
    run = farm.play(task, hosts=ONE)
    assert run.rc == 0, run.output
    first, second = run.step("domains"), run.step("again")
    assert first.result["accepted_domains"] == second.result["accepted_domains"] != []
    assert [cmdlet for cmdlet in second.cmdlets if cmdlet.startswith("Get-")] == ["Get-AcceptedDomain"]
    assert set(first.result) & {"servers", "auth_config", "virtual_directories", "organization"} == set()
