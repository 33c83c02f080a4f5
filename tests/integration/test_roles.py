# SPDX-License-Identifier: GPL-3.0-or-later
"""Each role by itself, in a user's own play with the user's own groups."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Farm, Run
from integrating import integrate, said

pytestmark = pytest.mark.connections("documented")

EXCHANGE, LYNC, DNS = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com", "atl-dc-001.litwareinc.com"
URL = "https://autodiscover.litwareinc.com/autodiscover/autodiscover"
RECORD = {"name": "autodiscover.litwareinc.com", "value": [EXCHANGE]}
SIP_DOMAINS = ["litwareinc.com"]

ROLES: dict[str, tuple[str, dict[str, Any], str]] = {
    "autodiscover": ("exchange_servers", {"autodiscover_uri": f"{URL}.xml"}, "Set-ClientAccessServer"),
    "oauth": ("lync_servers", {"oauth_exchange_autodiscover_url": f"{URL}.svc"}, "Set-CsOAuthConfiguration"),
    "dns": ("dns_servers", {"dns_records": [RECORD]}, "Add-DnsServerResourceRecordCName"),
    "certificates": ("lync_servers", {"certificates_sip_domains": SIP_DOMAINS}, "Set-CsCertificate"),
}
"""For each role that writes: the hosts of its play, its variables, and the cmdlet that writes."""


def play(farm: Farm, role: str, hosts: str, variables: dict[str, Any], *, check: bool = False, **header: Any) -> Run:
    """The role in a play of its own, then the fact by which it tells whether it changed something."""
    tasks = f"""
    - import_role: {{name: onprem.exchange_lync.{role}}}
    - name: fact
      ansible.builtin.debug: {{var: {role}_changed}}
    """
    return farm.play(tasks, hosts=hosts, check=check, extra_vars=variables, **header)


def facts(run: Run, role: str) -> set[bool]:
    """What the fact is, over all hosts."""
    return {step.result[f"{role}_changed"] for step in run.all("fact")}


@pytest.mark.parametrize("role", ROLES)
def test_check_apply_again(farm: Farm, role: str) -> None:
    hosts, variables, cmdlet = ROLES[role]
    check = play(farm, role, hosts, variables, check=True)
    apply = play(farm, role, hosts, variables)
    again = play(farm, role, hosts, variables)
    for run in (check, apply, again):
        assert run.rc == 0, run.output
    assert ([entry["cmdlet"] for entry in check.writes], facts(check, role)) == ([], {True})
    assert ([entry["cmdlet"] for entry in apply.writes], facts(apply, role)) == ([cmdlet], {True})
    assert ([entry["cmdlet"] for entry in again.writes], facts(again, role)) == ([], {False})
    assert [step for step in check.steps if step.changed]
    assert not [step for step in again.steps if step.changed]


@pytest.mark.parametrize(("role", "variable"), [(role, next(iter(ROLES[role][1]))) for role in ROLES])
def test_what_is_required_is_named(farm: Farm, role: str, variable: str) -> None:
    run = play(farm, role, ROLES[role][0], {})
    assert run.rc == 2
    assert f"missing required arguments: {variable}" in run.output
    assert run.writes == []


@pytest.mark.parametrize("role", ROLES)
def test_a_play_without_its_hosts_says_so(farm: Farm, role: str) -> None:
    hosts, variables, _cmdlet = ROLES[role]
    other = "dns_servers" if hosts != "dns_servers" else "lync_servers"
    run = play(farm, role, other, variables)
    assert (run.rc, run.writes) == (2, [])
    for host in {"exchange_servers": EXCHANGE, "lync_servers": LYNC, "dns_servers": DNS}[hosts], "--limit":
        assert host in run.output


def test_no_records_need_no_dns_server(farm: Farm) -> None:
    run = play(farm, "dns", "lync_servers", {"dns_records": [], "dns_hosts": []})
    assert run.rc == 0, run.output
    assert facts(run, "dns") == {False}


def test_preflight_reads_and_reports(farm: Farm) -> None:
    run = play(farm, "preflight", "exchange_servers:lync_servers", {"preflight_sip_domains": SIP_DOMAINS})
    assert run.rc == 0, run.output
    assert (run.writes, facts(run, "preflight")) == ([], {False})
    assert said(run, "Report all problems at once") == "Nothing stands in the way."


def test_preflight_may_only_report(farm: Farm) -> None:
    variables = {"preflight_sip_domains": ["tailspintoys.com"], "preflight_fail": False}
    run = play(farm, "preflight", "exchange_servers:lync_servers", variables)
    assert run.rc == 0, run.output
    assert "tailspintoys.com is not a SIP domain" in said(run, "Report all problems at once")


def test_a_name_that_the_web_site_of_exchange_does_not_carry_is_a_warning(farm: Farm) -> None:
    """Clients that are sent there would not trust the server: the host of either URL, and what they look for by themselves."""
    variables = {
        "preflight_sip_domains": SIP_DOMAINS,
        "preflight_autodiscover_uri": "https://Discover.litwareinc.com:443/autodiscover/autodiscover.xml",
        "preflight_exchange_autodiscover_url": f"{URL}.svc",
        "preflight_dns_records": [{**RECORD, "name": "autodiscover.eu.litwareinc.com"}, {**RECORD, "name": "meet"}],
    }
    run = play(farm, "preflight", "all", variables)
    said_of_names = [
        line for line in said(run, "Report all problems at once").splitlines() if "autodiscover_name_missing" in line
    ]
    seen = f"- (warning) {EXCHANGE}: exchange management shell: Get-ExchangeCertificate: autodiscover_name_missing: "
    assert [
        line.removeprefix(seen).partition(": the valid certificates for IIS carry")[0] for line in said_of_names
    ] == [
        "Discover.litwareinc.com",
        "autodiscover.eu.litwareinc.com",
    ]


def test_a_limited_play_says_whose_absence_matters(farm: Farm) -> None:
    run = play(farm, "preflight", "lync_servers", {"preflight_sip_domains": SIP_DOMAINS})
    assert run.rc == 2
    assert f"{EXCHANGE} is one of the Exchange servers, but not in this play" in run.output


def test_verify_tells_what_differs(farm: Farm) -> None:
    """Asked about something else than what is there, and then about what is there."""
    if not {cmdlet for _hosts, _variables, cmdlet in ROLES.values()} <= {
        entry["cmdlet"] for entry in farm.journal(writes=True)
    }:  # the tests above have not run
        assert integrate(farm).run.rc == 0
    variables = {
        "verify_sip_domains": SIP_DOMAINS,
        "verify_autodiscover_uri": "https://mail.litwareinc.com/autodiscover/autodiscover.xml",
        "verify_exchange_autodiscover_url": f"{URL}.svc",
        "verify_dns_records": [{**RECORD, "value": ["mail.litwareinc.com"]}],
    }
    run = play(farm, "verify", "exchange_servers:lync_servers:dns_servers", variables)
    assert (run.rc, run.writes) == (2, [])
    lines = said(run, "Report everything that differs at once").splitlines()
    for host, cmdlet in (
        (EXCHANGE, "Set-ClientAccessServer"),
        (DNS, "Remove-DnsServerResourceRecord"),
        (DNS, "Add-DnsServerResourceRecordCName"),
    ):
        assert [line for line in lines if f"{host}: not as it should be; still to do: {cmdlet}" in line]
    right = {**variables, "verify_autodiscover_uri": f"{URL}.xml", "verify_dns_records": [RECORD]}
    run = play(farm, "verify", "exchange_servers:lync_servers:dns_servers", right)
    assert run.rc == 0, run.output
    assert (run.writes, facts(run, "verify")) == ([], {False})


OAUTH = """
- name: checked
  import_role: &oauth {name: onprem.exchange_lync.oauth}
  check_mode: true
- name: fact
  ansible.builtin.debug: &fact {var: oauth_changed}
- name: as it was
  onprem.exchange_lync.lync_oauth_configuration: &read {}
- name: applied
  import_role: *oauth
- {name: fact, ansible.builtin.debug: *fact}
- name: as it is
  onprem.exchange_lync.lync_oauth_configuration: *read
- name: again
  import_role: *oauth
- {name: fact, ansible.builtin.debug: *fact}
"""


def test_the_names_of_the_oauth_configuration(farm: Farm) -> None:
    """What the role leaves alone by default: in check mode, for real, and again."""
    names = {"realm": "litwareinc.com", "service_name": "lync.litwareinc.com"}
    wanted = {**names, "exchange_autodiscover_allowed_domains": ["*.fabrikam.com", "*.litwareinc.com"]}
    variables = {"exchange_autodiscover_url": f"{URL}.svc", **wanted}
    run = farm.play(OAUTH, hosts="lync_servers", extra_vars={f"oauth_{key}": value for key, value in variables.items()})
    assert run.rc == 0, run.output
    assert [step.result["oauth_changed"] for step in run.all("fact")] == [True, True, False]
    assert [entry["cmdlet"] for entry in run.writes] == ["Set-CsOAuthConfiguration"]
    before = run.step("as it was").result["oauth_configuration"]
    after = run.step("as it is").result["oauth_configuration"]
    assert not before.items() & names.items()
    assert {**after, **variables} == after


def test_one_host_after_the_other(farm: Farm) -> None:
    """With serial, each batch does what its hosts are for."""
    tasks = """
    - import_role: {name: onprem.exchange_lync.autodiscover}
    - import_role: {name: onprem.exchange_lync.oauth}
    """
    variables = ROLES["autodiscover"][1] | ROLES["oauth"][1]
    run = farm.play(tasks, hosts="exchange_servers:lync_servers", extra_vars=variables, serial=1)
    assert run.rc == 0, run.output


def test_a_role_that_judges_all_hosts_together_refuses_serial(farm: Farm) -> None:
    tasks = """
    - block:
        - import_role: {{name: onprem.exchange_lync.{0}}}
      rescue:
        - name: refused {0}
          ansible.builtin.debug: {{var: ansible_failed_result.msg}}
    """
    judging = ("preflight", "certificates", "verify", "integration")
    variables = {
        "certificates_sip_domains": SIP_DOMAINS,
        "verify_sip_domains": SIP_DOMAINS,
        "verify_autodiscover_uri": f"{URL}.xml",
        "verify_exchange_autodiscover_url": f"{URL}.svc",
    }
    all_roles = "".join(tasks.format(role) for role in judging)
    run = farm.play(all_roles, hosts="exchange_servers:lync_servers", extra_vars=variables, serial=1)
    for role in judging:
        said = [step.result["ansible_failed_result.msg"] for step in run.all(f"refused {role}")]
        assert len(said) == 2, run.output
        assert all("cannot run with serial" in message for message in said)
    assert not [step for step in run.steps if step.journal]
