# SPDX-License-Identifier: GPL-3.0-or-later
"""certificate_verdict on the grown farm, where some of it is wrong."""

from __future__ import annotations

import pytest

from harness import Farm

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]

FRONT_ENDS = ["sfb-lon-01.corp.contoso.com", "sfb-lon-02.corp.contoso.com", "sfb-nyc-01.corp.contoso.com"]
TASKS = """
- name: read all Exchange servers through one of them
  onprem.exchange_lync.exchange_certificate_info:
  register: of_exchange
  when: inventory_hostname == groups['exchange_servers'] | first
- name: read each front end
  onprem.exchange_lync.lync_certificate_info:
  register: of_lync
  when: inventory_hostname in groups['lync_servers']
- name: judge
  onprem.exchange_lync.certificate_verdict:
    exchange: ["{{ hostvars[groups['exchange_servers'] | first].of_exchange }}"]
    lync: "{{ groups['lync_servers'] | map('extract', hostvars, 'of_lync') }}"
    sip_domains: [contoso.com, fabrikam.com]
  run_once: true
"""


def test_all_that_is_wrong_is_found_where_it_is_and_nothing_else(farm: Farm) -> None:
    run = farm.play(TASKS, hosts="exchange_servers:lync_servers")
    judged = run.step("judge")
    verdict = judged.result["verdict"]
    assert (run.rc, judged.failed, verdict["ok"], run.writes) == (2, True, False, [])
    found = sorted((item["rule"], item["severity"], item["host"]) for item in verdict["findings"])
    assert found == sorted(
        [
            ("certificate_missing", "error", "ex-nyc-01.corp.contoso.com"),
            *(("sip_domain_missing", "error", host) for host in FRONT_ENDS),
            *(("expires_soon", "warning", host) for host in FRONT_ENDS),
        ]
    )
    assert verdict["summary"] == {"error": 4, "warning": 3, "info": 0}
    for said in ("ex-nyc-01.corp.contoso.com", "fabrikam.com"):
        assert said in judged.msg
    assert "expires_soon" not in judged.msg
    assert verdict["days_left"] in (19, 20)
    hosts = {item["use"]: item["hosts"] for item in verdict["certificates"]}
    assert hosts["OAuthTokenIssuer"] == FRONT_ENDS
    assert hosts["ExchangeAuth"] == ["ex-lon-01.corp.contoso.com", "ex-lon-02.corp.contoso.com"]
