# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of meta/runtime.yml in module_defaults: each option reaches every module of its group."""

from __future__ import annotations

import pytest

from harness import Farm

pytestmark = [pytest.mark.connections("documented"), pytest.mark.core]

DC = "atl-dc-001.litwareinc.com"
GROUP = "group/onprem.exchange_lync"
READS = {
    "exchange_servers": """
        - {name: exchange_info, onprem.exchange_lync.exchange_info: {gather: [servers]}}
        - {name: exchange_certificate_info, onprem.exchange_lync.exchange_certificate_info: }
        - name: exchange_client_access
          onprem.exchange_lync.exchange_client_access: {autodiscover_site_scope: [Atlanta]}
        - name: exchange_cmdlet
          onprem.exchange_lync.exchange_cmdlet: {cmdlet: Get-AuthConfig, select: [Name]}
    """,
    "lync_servers": """
        - {name: lync_info, onprem.exchange_lync.lync_info: {gather: [sip_domains]}}
        - {name: lync_certificate_info, onprem.exchange_lync.lync_certificate_info: {store: false}}
        - {name: lync_certificate, onprem.exchange_lync.lync_certificate: {use: XMPPServer, state: absent}}
        - {name: lync_oauth_configuration, onprem.exchange_lync.lync_oauth_configuration: {realm: ''}}
        - {name: lync_replication, onprem.exchange_lync.lync_replication: }
        - {name: lync_cmdlet, onprem.exchange_lync.lync_cmdlet: {cmdlet: Get-CsPool, select: [Fqdn]}}
    """,
    "dns_servers": """
        - {name: dns_info, onprem.exchange_lync.dns_info: {names: [sip.litwareinc.com]}}
        - name: dns_record
          onprem.exchange_lync.dns_record: {name: sip.litwareinc.com, type: A, value: [192.0.2.20]}
    """,
}
"""A read of every module that is in a group, by the hosts that it is for."""


@pytest.mark.parametrize("hosts", READS)
def test_every_module_takes_what_its_group_gives(farm: Farm, hosts: str) -> None:
    defaults = {f"{GROUP}.exchange": {"domain_controller": DC}, f"{GROUP}.all": {"command_timeout": 60}}
    run = farm.play(READS[hosts], hosts=hosts, module_defaults=defaults)
    assert run.rc == 0, run.output
    for step in run.steps:
        assert (step.changed, step.writes) == (False, []), step.task
        read = [entry for entry in step.journal if entry["event"] == "cmdlet"]
        asked = {entry["parameters"].get("DomainController") for entry in read}
        assert asked == ({DC} if hosts == "exchange_servers" else {None}), step.task


@pytest.mark.parametrize("hosts", READS)
def test_the_time_out_of_a_group_is_that_of_its_tasks(farm: Farm, hosts: str) -> None:
    """Every cmdlet takes three seconds, and one is allowed. After that a new session is opened, which may take it all."""
    product = hosts.partition("_")[0]
    farm.lab("fault", "slow_cmdlet", "--value", "3")
    defaults = {f"{GROUP}.{product}": {"command_timeout": 1}}
    run = farm.play(READS[hosts], hosts=hosts, module_defaults=defaults, ignore_errors=True)
    farm.lab("fault", "slow_cmdlet", "--off")
    assert len(run.steps) == READS[hosts].count("- name:") + READS[hosts].count("- {name:")
    kinds = [step.result["error"]["kind"] for step in run.steps]
    assert (kinds[0], set(kinds) <= {"timeout", "not_sent"}) == ("timeout", True), run.output


def test_a_task_goes_before_its_group_and_farm_info_is_in_the_group_of_all(farm: Farm) -> None:
    defaults = {f"{GROUP}.all": {"command_timeout": 0}}
    task = "- {name: bad, onprem.exchange_lync.farm_info: {products: [lync]}, ignore_errors: true}\n"
    task += "- {name: own, onprem.exchange_lync.lync_info: {gather: [sip_domains], command_timeout: 30}}\n"
    run = farm.play(task, hosts="lync_servers", module_defaults=defaults)
    assert run.rc == 0, run.output
    assert "command_timeout: '0' must be a number of seconds greater than 0." in str(run.step("bad").result)


def test_what_judges_asks_no_host_and_takes_no_time_out(farm: Farm) -> None:
    defaults = {f"{GROUP}.all": {"command_timeout": 60}}
    task = "- {name: audit, onprem.exchange_lync.farm_audit: {snapshots: [], description: {}}, ignore_errors: true}"
    run = farm.play(task, hosts="lync_servers", module_defaults=defaults)
    assert "command_timeout" not in run.step("audit").msg
