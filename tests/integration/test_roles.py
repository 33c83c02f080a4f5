# SPDX-License-Identifier: GPL-3.0-or-later
"""Each role by itself, in a user's own play: alone, in a loop, with tags and limits, beside other roles. Right or refused, never half."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Farm, Run
from integrating import integrate, problems, reports

pytestmark = pytest.mark.connections("documented")

EXCHANGE, LYNC, DNS = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com", "atl-dc-001.litwareinc.com"
URL = "https://autodiscover.litwareinc.com/autodiscover/autodiscover"
ROLES = {
    "dns": ("dns_servers", DNS, "Add-DnsServerResourceRecordCName"),
    "certificates": ("lync_servers", LYNC, "Set-CsCertificate"),
    "autodiscover": ("exchange_servers", EXCHANGE, "Set-ClientAccessServer"),
    "oauth": ("lync_servers", LYNC, "Set-CsOAuthConfiguration"),
}
PARTNERS = "exchange_servers:lync_servers"
"""For each role that writes: the hosts of its play, the one that is written to, and the cmdlet that writes."""
ALL = "exchange_servers:lync_servers:dns_servers"


def play(farm: Farm, role: str, hosts: str, *, check: bool = False, **variables: Any) -> Run:
    """The role in a play of its own, then whether it changed something."""
    tasks = f"""
    - import_role: {{name: onprem.exchange_lync.{role}}}
    - name: changed
      ansible.builtin.debug: {{msg: "{{{{ {role}_result is changed }}}}"}}
    """
    return farm.play(tasks, hosts=hosts, check=check, extra_vars=variables)


def changed(run: Run) -> set[bool]:
    """What the role says, on all hosts."""
    return {step.result["msg"] for step in run.all("changed")}


# Strangers


def test_no_variable_of_somebody_elses_reaches_a_server(farm: Farm) -> None:
    """Names that another product's inventory may well have, and the names of 0.1.0's own variables."""
    stranger = {
        "oauth_realm": "master",
        "realm": "master",
        "dns_records": [{"name": "evil.litwareinc.com", "value": ["x.example"]}],
        "records": ["x"],
        "item": {"name": "evil"},
        "verify_fail": False,
        "servers": ["evil"],
        "timeout": 0,
        "on_conflict": "replace",
        "stage": "after",
        "integration_tolerate": ["host_not_read"],
    }
    watched = integrate(farm, "--check", extra_vars=stranger)
    assert watched.run.rc == 0, watched.run.output
    assert "evil" not in str(farm.journal())
    changes = [str(step.result) for step in watched.run.steps if step.changed]
    assert len(changes) == 6
    assert "master" not in str(changes)


# Tags and limits


def test_a_setting_holds_with_any_tags(farm: Farm) -> None:
    """R1: a write that the user has forbidden stays forbidden when preflight is skipped."""
    forbidden = {"farm_oauth_token_issuer_automatic": "false"}
    watched = integrate(farm, "--tags", "certificates", "--skip-tags", "preflight", extra_vars=forbidden)
    assert (watched.run.rc, watched.writes) == (2, [])
    assert "[token_issuer_unassigned]" in watched.run.output


@pytest.mark.parametrize(
    ("arguments", "result"),
    [(("--tags", "preflight"), 0), (("--tags", "verify"), 2), (("--skip-tags", "always"), 2)],
)
def test_tags_that_leave_nothing_to_write(farm: Farm, arguments: tuple[str, ...], result: int) -> None:
    """Verify is asked about a farm that is not integrated yet, and says so."""
    watched = integrate(farm, *arguments)
    assert (watched.run.rc, watched.writes) == (result, []), watched.run.output


def test_a_limit_that_leaves_out_a_product_is_refused(farm: Farm) -> None:
    watched = integrate(farm, "--limit", "exchange_servers")
    assert (watched.run.rc, watched.writes) == (2, [])
    found = problems(reports(watched.run)[0])
    for host in (LYNC, DNS):
        assert [problem for problem in found if problem.startswith("[host_not_in_play]") and problem.endswith(host)]


def test_serial_is_refused(farm: Farm) -> None:
    run = farm.play("- import_role: {name: onprem.exchange_lync.integration}", hosts=ALL, serial=1)
    assert run.rc == 2
    assert "cannot run with serial" in run.output
    assert not [step for step in run.steps if step.asked]


def test_a_description_that_is_wrong_is_told_in_its_own_words(farm: Farm) -> None:
    run = farm.play(
        "- import_role: {name: onprem.exchange_lync.integration}", hosts=ALL, extra_vars={"farm_sip_domains": "a b"}
    )
    assert run.rc == 2
    assert "farm_sip_domains: 'a b' is not a domain name such as litwareinc.com. Nothing was written." in run.output
    assert f"{EXCHANGE}: farm_sip" not in run.output
    assert not [step for step in run.steps if step.asked]


# Hosts that are not there


LEFT = """
- name: an earlier failure
  ansible.builtin.fail: {msg: "something else"}
  when: inventory_hostname == 'atl-dc-001.litwareinc.com'
- import_role: {name: onprem.exchange_lync.integration}
"""


def test_a_host_that_left_the_run_before_was_not_found_to_be_right(farm: Farm) -> None:
    """R4."""
    run = farm.play(LEFT, hosts=ALL)
    assert (run.rc, run.writes) == (2, [])
    assert (
        f"[host_not_read] it was not read: it left the run before, after a failure or as unreachable: {DNS}"
        in run.output
    )


UNREACHABLE = """
- name: read
  onprem.exchange_lync.lync_info: {gather: [version]}
  ignore_unreachable: true
  vars: {ansible_password: wrong, ansible_exchange_lync_session_scope: play}
- name: goes on
  ansible.builtin.debug: {msg: here}
"""


def test_a_host_without_a_way_in_is_unreachable(farm: Farm) -> None:
    """R6: as Ansible's own modules have it, so that ignore_unreachable has its effect."""
    run = farm.play(UNREACHABLE, hosts="lync_servers")
    assert run.rc == 0, run.output
    assert "UNREACHABLE!" in run.output
    assert run.step("goes on").msg == "here"
    step = run.step("read")
    assert (step.outcome, step.result["error"]["kind"]) == ("unreachable", "authentication")


def test_preflight_tells_who_is_unreachable_with_all_else(farm: Farm) -> None:
    """Exchange is reached at its own endpoint, whatever the port of the machine's PowerShell."""
    preflight = "- import_role: {name: onprem.exchange_lync.preflight}"
    run = farm.play(preflight, hosts=ALL, extra_vars={"ansible_port": 1})
    assert (run.rc, run.writes) == (2, [])
    (report,) = reports(run)
    unread = [problem for problem in problems(report) if problem.startswith("[host_not_read]")]
    assert [problem.rpartition(": ")[2] for problem in unread] == [DNS, LYNC]
    assert all("nothing listens on this port" in problem for problem in unread)
    assert report[0].startswith("2 problems on 2 servers (2 errors).")


# Each role alone


@pytest.mark.parametrize("role", ROLES)
def test_a_role_alone_in_a_play_without_its_hosts_is_refused(farm: Farm, role: str) -> None:
    hosts, host, _cmdlet = ROLES[role]
    run = play(farm, role, "dns_servers" if hosts != "dns_servers" else "lync_servers")
    assert (run.rc, run.writes) == (2, [])
    assert f"but not in this play: {host}" in run.output


@pytest.mark.parametrize("role", ROLES)
def test_check_apply_again(farm: Farm, role: str) -> None:
    """In the order of the roles: DNS, certificate, URI, OAuth."""
    hosts, host, cmdlet = ROLES[role]
    check, apply, again = play(farm, role, hosts, check=True), play(farm, role, hosts), play(farm, role, hosts)
    for run in (check, apply, again):
        assert run.rc == 0, run.output
    assert ([entry["cmdlet"] for entry in check.writes], changed(check)) == ([], {True})
    assert [(entry["host"], entry["cmdlet"]) for entry in apply.writes] == [(host, cmdlet)]
    assert (changed(apply), again.writes, changed(again)) == ({True}, [], {False})


def test_partners_alone_write_to_both_products_and_to_both_only(farm: Farm) -> None:
    """After the others: each server reads the other's document. Without one of the products, nothing is written."""
    for hosts, absent in (("exchange_servers", LYNC), ("lync_servers", EXCHANGE)):
        run = play(farm, "partners", hosts)
        assert (run.rc, run.writes) == (2, [])
        assert f"but not in this play: {absent}" in run.output
    check, apply, again = (play(farm, "partners", PARTNERS, check=check) for check in (True, False, False))
    for run in (check, apply, again):
        assert run.rc == 0, run.output
    assert (check.writes, changed(check)) == ([], {True})
    written = [(entry["host"], entry["cmdlet"]) for entry in apply.writes]
    assert written[-2:] == [(EXCHANGE, "New-PartnerApplication"), (LYNC, "New-CsPartnerApplication")]
    assert {cmdlet for host, cmdlet in written[:-2]} == {"New-MailUser", "Set-MailUser", "New-ManagementRoleAssignment"}
    assert (changed(apply), again.writes, changed(again)) == ({True}, [], {False})


def test_keys_that_are_stale_are_told_by_verify_and_read_again(farm: Farm) -> None:
    """Somebody has Lync sign with another certificate; another certificate of Exchange's partner is no reason to touch anything else."""
    other = farm.state()["certificates"]["oauth-expiring"]["thumbprint"]
    options = f"{{use: OAuthTokenIssuer, thumbprint: {other}, on_conflict: replace}}"
    assert farm.play(f"- onprem.exchange_lync.lync_certificate: {options}", hosts="lync_servers").rc == 0
    accepted = {"farm_warn_days": 0}
    told = farm.play("- import_role: {name: onprem.exchange_lync.verify}", hosts=ALL, extra_vars=accepted)
    assert (told.rc, told.writes) == (2, [])
    assert f"[partner_keys_stale] Lync signs with {other}; Exchange knows " in told.output
    watched = integrate(farm, extra_vars=accepted)
    assert watched.run.rc == 0, watched.run.output
    assert [(entry["cmdlet"], entry["parameters"].get("RefreshAuthMetadata")) for entry in watched.writes] == [
        ("Set-PartnerApplication", True)
    ]


def test_no_records_need_no_dns_server(farm: Farm) -> None:
    watched = integrate(farm, extra_vars={"farm_dns_records": [], "farm_dns_hosts": []})
    assert watched.run.rc == 0, watched.run.output
    assert not [entry for entry in watched.run.steps if DNS in str(entry.journal)]


# In loops


LOOP = """
- name: each
  ansible.builtin.include_role: {name: onprem.exchange_lync.integration}
  vars:
    farm_dns_records: "{{ item.records }}"
    farm_lync_realm: "{{ item.realm }}"
  loop:
    - {records: [{name: one.litwareinc.com, value: atl-exchange-001.litwareinc.com}], realm: litwareinc.com}
    - {records: [{name: two.litwareinc.com, value: [atl-exchange-001.litwareinc.com]}], realm: LitwareInc.com}
"""


def test_each_turn_of_a_loop_is_right(farm: Farm) -> None:
    """R3: the caller's item reaches the role, and nothing of the role's own loops takes its place."""
    run = farm.play(LOOP, hosts=ALL)
    assert run.rc == 0, run.output
    named = [entry["parameters"]["Name"] for entry in run.writes if entry["cmdlet"].startswith("Add-")]
    assert named == ["one", "two"]
    # the second realm is the same in another spelling
    assert [entry["cmdlet"] for entry in run.writes].count("Set-CsOAuthConfiguration") == 1


REFUSED_TURN = """
- name: each
  ansible.builtin.include_role: {name: onprem.exchange_lync.dns}
  vars: {farm_dns_records: "{{ item.records }}"}
  loop:
    - {records: []}
    - {record: mistyped}
"""


def test_an_undefined_value_in_a_turn_is_refused(farm: Farm) -> None:
    """R3: no default swallows it."""
    run = farm.play(REFUSED_TURN, hosts="dns_servers")
    assert (run.rc, run.writes) == (2, [])
    assert "has no attribute 'records'" in run.output


# What verify sees


DRIFT = """
- name: somebody else
  onprem.exchange_lync.lync_oauth_configuration: {realm: other.example, on_conflict: replace, wait: true}
  delegate_to: atl-lync-001.litwareinc.com
  run_once: true
- import_role: {name: onprem.exchange_lync.verify}
"""


def test_verify_sees_what_the_roles_write(farm: Farm) -> None:
    """R2: the realm that a role has set and somebody has changed since."""
    run = farm.play(DRIFT, hosts=ALL, extra_vars={"farm_lync_realm": "litwareinc.com"})
    assert run.rc == 2
    assert "[oauth_configuration_replaced] realm is other.example, not litwareinc.com: Lync" in run.output
    again = integrate(
        farm, extra_vars={"farm_lync_realm": "litwareinc.com", "farm_replace": "oauth_configuration_replaced"}
    )
    assert [entry["cmdlet"] for entry in again.writes] == ["Set-CsOAuthConfiguration"]
    assert again.run.rc == 0, again.run.output


def test_a_warning_can_turn_a_scheduled_run_red(farm: Farm) -> None:
    """R8."""
    soon = {"farm_warn_days": "1000", "farm_fail_on": "warning"}
    watched = integrate(farm, "--tags", "verify", extra_vars=soon)
    assert (watched.run.rc, watched.writes) == (2, [])
    assert "[expires_soon]" in watched.run.output
    assert integrate(farm, "--tags", "verify", extra_vars={**soon, "farm_fail_on": "error"}).run.rc == 0


def test_what_a_survey_gives(farm: Farm) -> None:
    """R9, R12: lists as text, a trailing dot."""
    survey = {
        "farm_sip_domains": "LitwareInc.com.",
        "farm_tolerate": "expires_soon, oauth_off",
        "farm_leave_out": "gone.litwareinc.com",
    }
    watched = integrate(farm, extra_vars=survey)
    assert (watched.run.rc, watched.writes) == (0, []), watched.run.output


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"farm_tolerate": ["nonsense"]}, "farm_tolerate: there is no rule nonsense"),
        ({"farm_replace": "expired"}, "farm_replace: expired is not one of"),
        ({"farm_lync_realm": ""}, "farm_lync_realm must not be empty"),
        ({"farm_exchange_fqdn": "mail"}, "farm_exchange_fqdn: 'mail' is not a full name"),
        ({"farm_oauth_token_issuer_thumbprint": "{{ nobody_defined_this }}"}, "'nobody_defined_this' is undefined"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_asked(farm: Farm, given: dict[str, Any], said: str) -> None:
    run = play(farm, "dns", "dns_servers", **given)
    assert run.rc == 2
    assert said in run.output
    assert not [step for step in run.steps if step.asked]


def test_an_alias_is_known_by_the_name_that_the_topology_has(farm: Farm, tmp_path: Any) -> None:
    """R11: its certificates are looked at, whatever the inventory calls it."""
    renamed = farm.inventory().read_text(encoding="utf-8").replace(f"{LYNC}:", "lync01:")
    (farm.state_dir / "inventory-aliased.yml").write_text(renamed, encoding="utf-8")
    aliased = Farm(farm.scenario, farm.state_dir, "aliased", farm.environment, _runs=900)
    watched = integrate(aliased)
    assert (watched.run.rc, watched.writes) == (0, []), watched.run.output
    assert "front_end_not_in_inventory" not in watched.run.output
