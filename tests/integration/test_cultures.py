# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules on German and Turkish servers, on the PowerShell engine: reads, writes and writes again, one of each family.

A German server writes 1,5 and 31.01.2026; in Turkish the capital of i is not I. Neither may be seen from here.
"""

from __future__ import annotations

import pytest

from harness import Farm

pytestmark = [pytest.mark.peers(("engine", "de-DE"), ("engine", "tr-TR")), pytest.mark.connections("documented")]

EXCHANGE = """
- name: organisation
  onprem.exchange_lync.exchange_info:
- name: certificates
  onprem.exchange_lync.exchange_certificate_info:
- name: URI
  onprem.exchange_lync.exchange_client_access: &uri
    servers: [atl-exchange-001.LITWAREINC.com]
    autodiscover_service_internal_uri: https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml
    autodiscover_site_scope: [Atlanta, ISTANBUL, istanbul-2]
- name: URI again
  onprem.exchange_lync.exchange_client_access: *uri
"""
LYNC = """
- name: topology
  onprem.exchange_lync.lync_info:
- name: certificates
  onprem.exchange_lync.lync_certificate_info:
- name: certificate
  onprem.exchange_lync.lync_certificate: &pfx
    {use: OAuthTokenIssuer, path: 'C:\\Certificates\\oauth.pfx', password: 'pfx: "ä" 50% é'}
- name: certificate again
  onprem.exchange_lync.lync_certificate: *pfx
- name: configuration
  onprem.exchange_lync.lync_oauth_configuration: &oauth
    exchange_autodiscover_url: https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc
    exchange_autodiscover_allowed_domains: [LITWAREINC.com]
- name: configuration again
  onprem.exchange_lync.lync_oauth_configuration: *oauth
- name: replication
  onprem.exchange_lync.lync_replication: {wait: true}
"""
DNS = """
- name: record
  onprem.exchange_lync.dns_record: &record
    {name: autodiscover.LITWAREINC.com, type: CNAME, value: atl-exchange-001.litwareinc.com, ttl: 5400}
- name: record again
  onprem.exchange_lync.dns_record: *record
"""


FAMILIES = {"exchange_servers": EXCHANGE, "lync_servers": LYNC, "dns_servers": DNS}


@pytest.mark.parametrize("hosts", FAMILIES)
def test_every_family(farm: Farm, hosts: str) -> None:
    run = farm.play(FAMILIES[hosts], hosts=hosts)
    assert run.rc == 0, run.output
    changed = {step.task for step in run.steps if step.changed}
    assert changed == {step.task.removesuffix(" again") for step in run.steps if step.task.endswith(" again")}
    assert not [step.writes for step in run.steps if step.task not in changed and step.writes]
    for step in run.steps:
        assert step.result.get("warnings", []) == [], step.task
        for server in step.result.get("servers", []):
            assert not server.get("error"), server
