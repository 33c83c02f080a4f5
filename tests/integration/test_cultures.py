# SPDX-License-Identifier: GPL-3.0-or-later
"""Every family of modules on the PowerShell engine, by psrp on German servers and by winrm on Turkish ones: reads, writes, writes again.

A German server writes 1,5 and 31.01.2026; in Turkish the capital of i is not I. Neither may be seen from here.
"""

from __future__ import annotations

import pytest

from harness import Farm

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
- name: cmdlet
  onprem.exchange_lync.exchange_cmdlet: {cmdlet: Get-ClientAccessServer, select: [AutoDiscoverSiteScope]}
"""
LYNC = """
- name: topology
  onprem.exchange_lync.lync_info:
- name: certificates
  onprem.exchange_lync.lync_certificate_info: {exportable: true}
- name: certificate
  onprem.exchange_lync.lync_certificate: &pfx
    {use: OAuthTokenIssuer, path: 'C:\\Certificates\\oauth.pfx', password: 'pfx: "ä" 50% é'}
- name: certificate again
  onprem.exchange_lync.lync_certificate: *pfx
- name: configuration
  onprem.exchange_lync.lync_oauth_configuration: &oauth
    exchange_autodiscover_url: https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc
    exchange_autodiscover_allowed_domains: [LITWAREINC.com]
    wait: true
- name: configuration again
  onprem.exchange_lync.lync_oauth_configuration: *oauth
- name: cmdlet
  onprem.exchange_lync.lync_cmdlet: {cmdlet: Get-CsOAuthConfiguration, select: [ExchangeAutodiscoverAllowedDomains]}
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


each_family = pytest.mark.parametrize("hosts", FAMILIES)
READ_BACK = {
    "exchange_servers": {"AutoDiscoverSiteScope": ["Atlanta", "ISTANBUL", "istanbul-2"]},
    "lync_servers": {"ExchangeAutodiscoverAllowedDomains": "LITWAREINC.com"},
}
"""What the modules that take any cmdlet read of what was written."""


def runs(farm: Farm, hosts: str) -> None:
    run = farm.play(FAMILIES[hosts], hosts=hosts)
    assert run.rc == 0, run.output
    changed = {step.task for step in run.steps if step.changed}
    assert changed == {step.task.removesuffix(" again") for step in run.steps if step.task.endswith(" again")}
    assert not [step.writes for step in run.steps if step.task not in changed and step.writes]
    for step in run.all("certificates"):
        keys = {item["friendly_name"]: item["private_key_exportable"] for item in step.result.get("store", ())}
        assert not keys or (keys["OAuthTokenIssuer"], keys["OAuth ECC"]) == (True, None)
    for step in run.all("cmdlet"):
        assert step.result["objects"] == [READ_BACK[hosts]]
    for step in run.steps:
        assert step.result.get("warnings", []) == [], step.task
        for server in step.result.get("servers", []):
            assert not server.get("error"), server


@each_family
@pytest.mark.connections("psrp")
@pytest.mark.peers(("engine", "de-DE"))
def test_every_family_by_psrp(farm: Farm, hosts: str) -> None:
    runs(farm, hosts)


@each_family
@pytest.mark.connections("winrm")
@pytest.mark.peers(("engine", "tr-TR"))
def test_every_family_by_winrm(farm: Farm, hosts: str) -> None:
    runs(farm, hosts)
