# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_restart and the handlers of role restart on two servers whose web sites have not read a change yet."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Farm, Run
from integrating import integrate, reports
from refusals import failed

pytestmark = [
    pytest.mark.scenario("broken:iisreset_forgotten,service_host_not_restarted"),
    pytest.mark.connections("documented"),
]

EX1, EX2 = "ex1.tailspintoys.com", "ex2.tailspintoys.com"
PLAY = """
- import_role: {name: onprem.exchange_lync.restart}
- name: a change
  ansible.builtin.command: "true"
  delegate_to: localhost
  connection: local
  run_once: true
  check_mode: false
  vars: {ansible_connection: local}
  notify: Exchange's partner applications changed
"""
OUT_OF_REACH: dict[str, Any] = {"ansible_port": 1, "ansible_psrp_connection_timeout": 2}


def pending(farm: Farm) -> list[str]:
    return [host for host, of_host in farm.state()["hosts"].items() if of_host["restart_pending"]]


def notify(farm: Farm, *, check: bool = False, **variables: Any) -> Run:
    return farm.play(PLAY, hosts="exchange_servers", check=check, extra_vars=variables)


def test_nothing_is_restarted_without_the_users_word_nor_in_check_mode(farm: Farm) -> None:
    for run in (notify(farm), notify(farm, check=True, farm_restart=True)):
        assert (run.rc, run.writes) == (0, []), run.output
        said = f"Nothing was restarted. On {EX1}, {EX2}, one after the other: Restart-Service -Name 'WAS', 'W3SVC' -Force:$true"
        assert said in run.output
    assert pending(farm) == [EX1, EX2]


def test_what_cannot_be_reached_is_reported(farm: Farm) -> None:
    """Only Exchange's endpoint is there: a warning names the commands, and the run goes on."""
    run = notify(farm, farm_restart=True, **OUT_OF_REACH)
    assert (run.rc, run.writes) == (0, []), run.output
    assert run.output.replace("\n", " ").count("Run there: Restart-Service -Name 'WAS', 'W3SVC'") >= 1
    task = "- {name: restart, onprem.exchange_lync.exchange_restart: {after: [partner_application]}}"
    alone = farm.play(task, hosts=EX1, extra_vars=OUT_OF_REACH).step("restart")
    assert (alone.outcome, alone.result["error"]["kind"]) == ("unreachable", "unreachable")
    assert pending(farm) == [EX1, EX2]


@pytest.mark.emulated
def test_tags_leave_out_what_they_name_and_no_more(farm: Farm) -> None:
    """A restart that was announced is not lost with verify, nor verify with the restart. The second server stays as it is."""
    given: dict[str, Any] = {"farm_restart": True, "farm_leave_out": [EX2]}
    unfinished = integrate(farm, "--skip-tags", "restart", extra_vars=given)
    assert (unfinished.run.rc, unfinished.writes) == (2, [])
    assert ["[issuer_not_trusted]" in "\n".join(report) for report in reports(unfinished.run)] == [True, True]
    watched = integrate(farm, "--skip-tags", "verify", extra_vars=given)
    assert watched.run.rc == 0, watched.run.output
    (report,) = reports(watched.run)
    assert f"restart: {EX1}: its web site has not read its partner applications -> restarted" in " ".join(report)
    assert {(entry["host"], entry["cmdlet"]) for entry in watched.writes} == {(EX1, "Restart-Service")}
    assert pending(farm) == [EX2]


def test_one_server_after_the_other(farm: Farm) -> None:
    run = notify(farm, farm_restart="yes")
    assert run.rc == 0, run.output
    assert [(entry["host"], entry["parameters"]["Name"]) for entry in run.writes] == [
        (EX1, ["WAS", "W3SVC"]),
        (EX2, ["WAS", "W3SVC"]),
    ]
    (result,) = [step.result for step in run.steps if step.task.endswith("Restart Exchange after the change")]
    assert [item["restarted"] for item in result["results"]] == [["WAS", "W3SVC"]] * 2
    assert pending(farm) == []
    assert "Nothing was restarted" not in run.output


def test_each_reason_has_its_restarts_each_once(farm: Farm) -> None:
    task = """
    - name: foretold
      onprem.exchange_lync.exchange_restart: &both {after: [virtual_directory, auth_certificate, virtual_directory]}
      check_mode: true
    - {name: done, onprem.exchange_lync.exchange_restart: *both}
    - {name: all, onprem.exchange_lync.exchange_restart: {after: [auth_certificate, partner_application]}}
    """
    run = farm.play(task, hosts=EX1)
    assert run.rc == 0, run.output
    foretold, done = run.step("foretold"), run.step("done")
    assert (foretold.writes, foretold.result["restarted"]) == ([], [])
    assert foretold.result["commands"] == done.result["commands"]
    assert done.result["restarted"] == [
        "MSExchangeServiceHost",
        "MSExchangeAutodiscoverAppPool",
        "MSExchangeServicesAppPool",
        "MSExchangeOWAAppPool",
        "MSExchangeECPAppPool",
    ]
    assert run.step("all").result["restarted"] == ["MSExchangeServiceHost", "WAS", "W3SVC"]


def test_a_restart_that_is_refused_says_what_is_left(farm: Farm) -> None:
    farm.lab("fault", "cmdlet_fails", "--value", "Restart-WebAppPool", "--count", "1")
    step = farm.play(
        "- {name: restart, onprem.exchange_lync.exchange_restart: {after: [auth_certificate]}}", hosts=EX1
    ).step("restart")
    assert step.failed
    assert step.result["restarted"] == ["MSExchangeServiceHost"]
    assert [command.split()[2] for command in step.result["commands_not_run"]] == [
        "'MSExchangeOWAAppPool'",
        "'MSExchangeECPAppPool'",
    ]


def test_no_reason_is_refused(farm: Farm) -> None:
    run = farm.play("- {name: restart, onprem.exchange_lync.exchange_restart: {after: []}}", hosts=EX1)
    failed(run)
    assert "after is empty: name what was changed" in run.step("restart").msg


@pytest.mark.emulated
def test_the_role_virtual_directories_needs_the_users_word_and_notifies(farm: Farm) -> None:
    off = "{servers: [ex2], directories: [web_services], oauth_authentication: false}"
    assert farm.play(f"- onprem.exchange_lync.exchange_virtual_directory: {off}", hosts=EX1).rc == 0
    role = "- import_role: {name: onprem.exchange_lync.virtual_directories}"

    def play(*, check: bool = False, **variables: Any) -> Run:
        return farm.play(role, hosts="exchange_servers", check=check, extra_vars=variables)

    held = play()
    assert (held.rc, held.writes) == (2, [])
    assert "To switch it on, add oauth_off to farm_replace" in " ".join(held.output.split())
    word: dict[str, Any] = {"farm_replace": ["oauth_off@web_services"], "farm_restart": True}
    check, apply, again = play(check=True, **word), play(**word), play(**word)
    for run in (check, apply, again):
        assert run.rc == 0, run.output
    assert (check.writes, again.writes) == ([], [])
    assert f"virtual_directories: {EX2} web_services: does not accept OAuth -> accepts OAuth" in check.output
    pools = ["Restart-WebAppPool"] * 2
    assert [(entry["host"], entry["cmdlet"]) for entry in apply.writes] == [
        (EX1, "Set-WebServicesVirtualDirectory"),
        *((host, cmdlet) for host in (EX1, EX2) for cmdlet in pools),
    ]


@pytest.mark.emulated
def test_a_change_is_read_before_verify_looks_for_it(farm: Farm) -> None:
    """With the tags of both parts: the handlers do not wait for the end of the play."""
    switch = "{auth_metadata_url: 'https://pool.tailspintoys.com/metadata/json/1', enabled: %s, on_conflict: replace}"
    off = f"- onprem.exchange_lync.exchange_partner_application: {switch % 'false'}"
    assert farm.play(off, hosts=EX1).rc == 0
    begin = len(farm.journal())
    word = {"farm_replace": ["partner_application_disabled"], "farm_restart": True}
    watched = integrate(farm, "--tags", "partners,verify", extra_vars=word)
    assert watched.run.rc == 0, watched.run.output
    done = [(entry["host"], entry["cmdlet"]) for entry in farm.journal()[begin:] if entry["event"] == "cmdlet"]
    wanted = [(EX1, "Set-PartnerApplication"), (EX1, "Restart-Service"), (EX2, "Restart-Service")]
    assert [entry for entry in done if entry in wanted] == wanted
    assert (EX1, "Get-PartnerApplication") in done[done.index(wanted[-1]) :]  # verify has read the farm since
