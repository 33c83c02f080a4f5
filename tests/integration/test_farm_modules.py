# SPDX-License-Identifier: GPL-3.0-or-later
"""farm_info, farm_audit and farm_report by themselves: what is read, what could not be, and that a judgement asks nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import Farm, Run
from integrating import integrate, reports

pytestmark = pytest.mark.connections("documented")

EXCHANGE, LYNC, DNS = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com", "atl-dc-001.litwareinc.com"
ALL = "exchange_servers:lync_servers:dns_servers"
FARM = {
    "sip_domains": "litwareinc.com",
    "exchange_fqdn": EXCHANGE,
    "exchange_hosts": [EXCHANGE],
    "lync_hosts": [LYNC],
    "dns_hosts": [DNS],
}
READ = f"""
- name: read
  onprem.exchange_lync.farm_info:
    names: [autodiscover.litwareinc.com, {EXCHANGE}]
    web_site: "127.0.0.1:{{{{ farm_exchange_https_port | default(443) }}}}"
    web_site_names: [autodiscover.litwareinc.com]
  register: seen
  ignore_unreachable: true
- name: judge
  onprem.exchange_lync.farm_audit: &audit
    snapshots: "{{{{ ansible_play_hosts | map('extract', hostvars, ['seen', 'snapshot']) }}}}"
    description: {json.dumps(FARM)}
    stage: before
    now: "2026-12-01T00:00:00Z"
    fail_on: never
  register: audit
  run_once: true
- name: judge in an expression
  ansible.builtin.debug:
    msg: "{{{{ snapshots | onprem.exchange_lync.farm_audit(farm, stage='before', now='2026-12-01T00:00:00Z') == expected }}}}"
  vars:
    snapshots: "{{{{ ansible_play_hosts | map('extract', hostvars, ['seen', 'snapshot']) }}}}"
    farm: {json.dumps(FARM)}
    expected: "{{{{ audit | dict2items | rejectattr('key', 'in', ['changed', 'failed']) | items2dict }}}}"
  run_once: true
- name: report
  onprem.exchange_lync.farm_report: {{audit: "{{{{ audit }}}}"}}
  run_once: true
"""


def snapshots(run: Run) -> dict[str, Any]:
    return {step.host: step.result["snapshot"] for step in run.all("read")}


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_read_judge_and_report(farm: Farm, execution: str) -> None:
    run = farm.play(READ, hosts=ALL, execution=execution, check=True)
    assert (run.rc, run.writes) == (0, []), run.output
    for host, snapshot in snapshots(run).items():
        assert (snapshot["version"], snapshot["host"], snapshot["unread"]) == (1, host, [])
        assert abs(snapshot["clock_offset"]) < 5
    parts: dict[str, set[str]] = {
        host: set(*snapshot["products"].values()) for host, snapshot in snapshots(run).items()
    }
    assert {"servers", "client_access", "certificates", "service_health", "served_certificates"} <= parts[EXCHANGE]
    assert {"computer", "pools", "assigned", "store", "windows_services", "replicas"} <= parts[LYNC]
    assert {"zones", "names", "offered"} == parts[DNS]
    (served,) = snapshots(run)[EXCHANGE]["products"]["exchange"]["served_certificates"]
    assert "autodiscover.litwareinc.com" in served["certificate"]["dns_names"]
    audit = run.step("judge")
    assert (audit.journal, audit.result["ok"], audit.changed) == ([], True, False)
    roles = ["dns", "certificates", "autodiscover", "oauth", "partners", "partners"]
    assert [item["role"] for item in audit.result["to_do"]] == roles
    assert run.step("judge in an expression").msg == "True"
    assert run.step("report").result["report"][0] == "No problems found."
    assert "No problems found.\n" in run.output


OTHER = READ.replace(
    "  register: seen\n",
    "  register: seen\n  vars: {ansible_user: '%s@litwareinc.com', ansible_password: !unsafe '%s'}\n",
)


def test_who_may_only_read_sees_what_differs_and_that_it_may_not_write(farm: Farm) -> None:
    run = farm.play(OTHER % ("auditor", 'read: "only" 100% é'), hosts=ALL)
    assert run.rc == 0, run.output
    audit = run.step("judge").result
    assert {item["rule"] for item in audit["findings"] if item["severity"] == "error"} <= {
        "not_writable",
        "host_not_read",
    }
    assert "not_writable" in {item["rule"] for item in audit["findings"]}
    assert [item["role"] for item in audit["to_do"] if item["role"] in ("autodiscover", "oauth")] == [
        "autodiscover",
        "oauth",
    ]


def test_who_may_nothing_is_told_so_of_every_part(farm: Farm) -> None:
    """What an account is not shown is unread, not absent."""
    run = farm.play(OTHER % ("operator", 'no: "rights" 0% é'), hosts=ALL)
    assert run.rc == 0, run.output
    audit = run.step("judge").result
    unread = [item for item in audit["findings"] if item["rule"] == "host_not_read"]
    assert {item["host"] for item in unread} == {EXCHANGE, LYNC, DNS}
    assert audit["work"]["oauth"]["needed"] is False


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("farm_info: {products: []}", "products: the host is in none of the groups"),
        ("farm_info: {web_site: nowhere}", "web_site: 'nowhere' must be an address and a port"),
        (
            "farm_audit: {snapshots: [{}], description: {sip_domains: a.example, exchange_fqdn: b.example}}",
            "snapshots[0] is not a snapshot",
        ),
        ("farm_audit: {snapshots: [], description: {}}", "description.sip_domains is required"),
        (
            "farm_audit: {snapshots: [], description: {sip_domains: a.example, exchange_fqdn: b.example}, tolerate: [x]}",
            "there is no rule x",
        ),
        (
            "farm_audit: {snapshots: [], description: {sip_domains: a.example, exchange_fqdn: b.example}, now: soon}",
            "description.now: ",
        ),
        ("farm_report: {audit: {}}", "audit is not a result of farm_audit"),
    ],
)
def test_what_cannot_be_used_is_refused(farm: Farm, task: str, said: str) -> None:
    run = farm.play(f"- onprem.exchange_lync.{task}", hosts="lync_servers")
    assert (run.rc, run.writes) == (2, [])
    assert said in run.output


def test_a_gravity_ends_the_task_where_it_shall(farm: Farm) -> None:
    described = json.dumps({**FARM, "lync_hosts": [LYNC, "gone.litwareinc.com"]})
    tasks = f"""
    - name: strict
      onprem.exchange_lync.farm_audit: {{snapshots: [], description: {described}, in_play: [x]}}
      register: strict
      ignore_errors: true
    - name: findings
      ansible.builtin.debug: {{msg: "{{{{ strict.findings | map(attribute='rule') | unique }}}}"}}
    """
    run = farm.play(tasks, hosts="dns_servers")
    assert run.step("strict").failed
    assert run.step("strict").msg.startswith("3 problems on 4 servers (3 errors). The farm is not as described.")
    assert "host_not_in_play" in run.output


def test_whoever_may_only_read_sees_in_check_mode_what_would_change(farm: Farm) -> None:
    # to read DNS takes DnsAdmins already
    auditor = {
        "farm_dns_records": [],
        "ansible_user": "auditor@litwareinc.com",
        "ansible_password": 'read: "only" 100% é',
    }
    check = integrate(farm, "--check", extra_vars=auditor)
    assert (check.run.rc, check.writes) == (0, []), check.run.output
    (report,) = reports(check.run)
    assert "To change" in "".join(report)
    assert "[not_writable]" in "".join(report)
    real = integrate(farm, extra_vars=auditor)
    assert (real.run.rc, real.writes) == (2, [])
    assert any(line.startswith("To change once that is settled") for line in reports(real.run)[0])
