# SPDX-License-Identifier: GPL-3.0-or-later
"""dns_record where somebody was there before: what is replaced, what is accepted, what comes back, and what somebody else writes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from harness import Farm, Run, Step
from name_server import HOST, TARGET, answers, register
from refusals import clear, failed

pytestmark = pytest.mark.connections("documented")

AUTODISCOVER = "autodiscover.litwareinc.com"
CLOUD = "autodiscover.outlook.com"
ADD, REMOVE = "Add-DnsServerResourceRecord{}", "Remove-DnsServerResourceRecord"

Options = Mapping[str, Any]
Steps = dict[str, Step]


def run_record(farm: Farm, options: Options) -> Run:
    """Run dns_record once, as the step "record"."""
    return farm.play(json.dumps([{"name": "record", "onprem.exchange_lync.dns_record": options}]), hosts="dns_servers")


def rhythm(farm: Farm, *cases: Options) -> list[Steps]:
    """In one play, for each case: check, read back, apply, read back, again."""
    tasks: list[dict[str, Any]] = []
    for number, options in enumerate(cases):
        record = {"onprem.exchange_lync.dns_record": options, "ignore_errors": True}
        info = {"onprem.exchange_lync.dns_info": {"names": [options["name"]]}}
        tasks += [
            {"name": f"checked {number}", "check_mode": True, **record},
            {"name": f"before {number}", **info},
            {"name": f"applied {number}", **record},
            {"name": f"after {number}", **info},
            {"name": f"again {number}", **record},
        ]
    run = farm.play(json.dumps(tasks), hosts="dns_servers")
    assert run.rc == 0, run.output
    names = ("checked", "before", "applied", "after", "again")
    return [{name: run.step(f"{name} {number}") for name in names} for number in range(len(cases))]


def see_refusal(steps: Steps) -> Step:
    """See that the task fails with a conflict, in check mode and for real, and changes nothing."""
    for name in ("checked", "applied", "again"):
        assert (steps[name].failed, steps[name].changed, steps[name].writes) == (True, False, [])
        assert steps[name].result["error"]["kind"] == "conflict"
        assert steps[name].msg == steps["applied"].msg
    assert steps["after"].result == steps["before"].result
    return steps["applied"]


def see_change(steps: Steps) -> list[str]:
    """See that check mode foretells what the run does, and that the next does nothing; the writing cmdlets."""
    checked, applied, again = steps["checked"], steps["applied"], steps["again"]
    assert (checked.changed, checked.writes) == (True, [])
    assert (applied.failed, applied.changed) == (False, True), applied.msg
    assert [applied.result[key] for key in ("commands", "diff")] == [
        checked.result[key] for key in ("commands", "diff")
    ]
    assert (again.failed, again.changed, again.writes) == (False, False, [])
    return [entry["cmdlet"] for entry in applied.writes]


def see_nothing(steps: Steps) -> dict[str, Any]:
    """See that the task succeeds and changes nothing; its result."""
    for name in ("checked", "applied", "again"):
        assert (steps[name].failed, steps[name].changed, steps[name].writes) == (False, False, []), steps[name].msg
    assert steps["after"].result == steps["before"].result
    return steps["applied"].result


def test_a_cname_into_the_cloud_is_replaced_on_the_users_word_only(farm: Farm) -> None:
    register(farm, ("autodiscover", 300, "CNAME", f"{CLOUD}."))
    asked = {"name": AUTODISCOVER, "type": "CNAME", "value": [TARGET]}
    plain, accepting = rhythm(farm, asked, {**asked, "accept_equivalent": True})
    clear(
        see_refusal(plain).msg,
        host=HOST,
        shell="windows",
        cmdlet=ADD.format("CName"),
        said=f"{AUTODISCOVER} already has CNAME {CLOUD}, which would have to be removed for CNAME {TARGET}.",
        remedy="Set on_conflict to replace",
    )
    step = see_refusal(accepting)
    assert f"do not tell whether it leads to {TARGET}" in step.msg
    assert step.result["resolution"] == {
        "verdict": "elsewhere",
        "evidence": f"CNAME {CLOUD}",
        "chain": [CLOUD],
        "addresses": [],
        "complete": False,
        "target": {"chain": [], "addresses": ["192.0.2.10"], "complete": True},
    }
    assert answers(farm, AUTODISCOVER, "CNAME") == [f"CNAME {CLOUD}. 300"]
    (replaced,) = rhythm(farm, {**asked, "on_conflict": "replace"})
    assert see_change(replaced) == [REMOVE, ADD.format("CName")]
    assert answers(farm, AUTODISCOVER, "CNAME") == [f"CNAME {TARGET}. 300"]


def test_other_addresses_are_replaced_on_the_users_word_only(farm: Farm) -> None:
    name = "balanced.litwareinc.com"
    register(farm, ("balanced", 300, "A", "192.0.2.7"), ("balanced", 300, "A", "192.0.2.8"))
    asked = {"name": name, "type": "A", "value": ["192.0.2.8", "192.0.2.9"]}
    beside = {**asked, "value": ["192.0.2.9"], "exclusive": False}
    refused, added, replaced = rhythm(farm, asked, beside, {**asked, "on_conflict": "replace"})
    message = f"{name} already has A 192.0.2.7, which would have to be removed for A 192.0.2.8, 192.0.2.9."
    assert message in see_refusal(refused).msg
    assert see_change(added) == [ADD.format("A")]
    assert [record["value"] for record in added["after"].result["names"][0]["records"]] == [
        "192.0.2.7", "192.0.2.8", "192.0.2.9",
    ]  # fmt: skip
    assert see_change(replaced) == [REMOVE]
    assert answers(farm, name, "A") == ["A 192.0.2.8 300", "A 192.0.2.9 300"]


def test_what_leads_to_the_server_already_is_accepted(farm: Farm) -> None:
    """An address instead of a CNAME, a chain of them, and a balancer with the server's address."""
    register(
        farm,
        ("alias", 300, "CNAME", f"{TARGET}."),
        ("balancer", 300, "A", "192.0.2.10"),
        ("by-address", 300, "A", "192.0.2.10"),
        ("by-alias", 300, "CNAME", "alias.litwareinc.com."),
        ("by-balancer", 300, "CNAME", "balancer.litwareinc.com."),
        ("by-mistake", 300, "A", "192.0.2.20"),
    )
    names = [f"by-{way}.litwareinc.com" for way in ("address", "alias", "balancer", "mistake")]
    cases = [{"name": name, "type": "CNAME", "value": [TARGET], "accept_equivalent": True} for name in names]
    abroad = {**cases[0], "value": ["mail.contoso.com"]}
    *equivalent, mistaken, unknown, unasked = rhythm(farm, *cases, abroad, {**cases[0], "accept_equivalent": False})
    for steps in equivalent:
        resolution = see_nothing(steps)["resolution"]
        assert (resolution["verdict"], resolution["addresses"]) == ("equivalent", ["192.0.2.10"])
    assert f"It does not lead to {TARGET}." in see_refusal(mistaken).msg
    assert see_refusal(unknown).result["resolution"]["verdict"] == "unknown"
    assert "do not tell whether it leads to mail.contoso.com." in see_refusal(unknown).msg
    see_refusal(unasked)


def test_empty_is_not_all(farm: Farm) -> None:
    """A variable that came out empty, as in a playbook."""
    register(farm, ("kept", 300, "A", "192.0.2.7"))
    asked = {"name": "kept.litwareinc.com", "type": "A", "state": "absent"}
    for value in ("{{ nothing | default([]) }}", "{{ nothing | default('') }}"):
        run = run_record(farm, {**asked, "value": value})
        failed(run)
        assert "value: is empty." in run.step("record").msg
    assert answers(farm, "kept.litwareinc.com", "A") == ["A 192.0.2.7 300"]
    (gone,) = rhythm(farm, asked)
    assert see_change(gone) == [REMOVE]
    assert answers(farm, "kept.litwareinc.com", "A") == []


def test_an_international_target_is_written_as_itself(farm: Farm) -> None:
    asked = {"name": "international.litwareinc.com", "type": "CNAME", "value": ["Mail.Straße.example."], "ttl": 60}
    other = {**asked, "name": "International.LitwareInc.com.", "value": ["mail.XN--STRAE-OQA.example"]}
    written, spelled = rhythm(farm, asked, other)
    assert see_change(written) == [ADD.format("CName")]
    assert see_nothing(spelled)["record"]["value"] == ["mail.xn--strae-oqa.example"]
    assert answers(farm, "international.litwareinc.com", "CNAME") == ["CNAME mail.xn--strae-oqa.example. 60"]


def test_a_name_that_the_zone_delegates_is_refused(farm: Farm) -> None:
    register(farm, ("asia", 300, "NS", "dc.asia.litwareinc.com."))
    run = run_record(farm, {"name": "autodiscover.asia.litwareinc.com", "type": "CNAME", "value": [TARGET]})
    failed(run)
    said = "litwareinc.com delegates asia.litwareinc.com to other servers"
    remedy = "Run the task on a server that has the zone asia.litwareinc.com."
    clear(run.step("record").msg, host=HOST, shell="windows", cmdlet=ADD.format("CName"), said=said, remedy=remedy)


REFUSED = {"name": "refused.litwareinc.com", "type": "CNAME", "value": [TARGET], "on_conflict": "replace"}


def fail_add(farm: Farm, *, once: bool) -> Step:
    """Replace a CNAME by another whose Add the server refuses, once or always."""
    register(farm, ("refused", 300, "CNAME", "old.litwareinc.com."))
    count = ["--count", "1"] if once else []
    farm.lab("fault", "cmdlet_fails", "--host", HOST, "--value", ADD.format("CName"), *count)
    run = run_record(farm, REFUSED)
    assert run.rc == 2, run.output
    return run.step("record")


def test_the_old_record_is_back_when_the_new_one_is_refused(farm: Farm) -> None:
    step = fail_add(farm, once=True)
    assert answers(farm, "refused.litwareinc.com", "CNAME") == ["CNAME old.litwareinc.com. 300"]
    assert [entry["cmdlet"] for entry in step.writes] == [REMOVE, ADD.format("CName"), ADD.format("CName")]
    clear(
        step.msg,
        host=HOST,
        shell="windows",
        cmdlet=ADD.format("CName"),
        said=f"Already done before it: {REMOVE}",
        remedy=f"What was removed is back: {ADD.format('CName')}",
    )
    assert [command.split()[0] for command in step.result["commands"]] == [REMOVE, ADD.format("CName")]
    assert [TARGET in command for command in step.result["commands_not_run"]] == [True]
    (replaced,) = rhythm(farm, REFUSED)
    assert see_change(replaced) == [REMOVE, ADD.format("CName")]
    assert answers(farm, "refused.litwareinc.com", "CNAME") == [f"CNAME {TARGET}. 300"]


def test_an_old_record_that_does_not_come_back_is_told(farm: Farm) -> None:
    try:
        step = fail_add(farm, once=False)
    finally:
        farm.lab("fault", "cmdlet_fails", "--off")
    assert answers(farm, "refused.litwareinc.com", "CNAME") == []
    back = "What was removed is not back: Add-DnsServerResourceRecordCName -ZoneName 'litwareinc.com' -Name 'refused'"
    clear(step.msg, host=HOST, shell="windows", cmdlet=ADD.format("CName"), remedy=back)
    assert step.msg.endswith("Run it by hand.")


def test_what_somebody_else_adds_between_reading_and_writing(farm: Farm) -> None:
    """Each cmdlet takes seconds: an update between the reading of the name and the addition comes in time."""
    seen = len(farm.journal())
    farm.lab("fault", "slow_cmdlet", "--host", HOST, "--value", "4")
    runs: list[Run] = []
    asked = {"name": "raced.litwareinc.com", "type": "CNAME", "value": [TARGET]}
    play = threading.Thread(target=lambda: runs.append(run_record(farm, asked)))
    play.start()
    try:
        while "Get-DnsServerResourceRecord" not in [entry.get("cmdlet") for entry in farm.journal()[seen:]]:
            assert play.is_alive(), runs
            time.sleep(0.2)
        register(farm, ("raced", 3600, "CNAME", f"{TARGET}."))
    finally:
        farm.lab("fault", "slow_cmdlet", "--off")
        play.join()
    step = runs[0].step("record")
    # it came in time: the addition was sent, and refused
    assert [entry["cmdlet"] for entry in step.writes] == [ADD.format("CName")]
    assert (step.failed, step.changed, step.result["commands"]) == (False, False, [])
    assert step.result["record"]["value"] == [TARGET]
    assert "somebody else did it in the meantime" in step.result["warnings"][0]
    assert answers(farm, "raced.litwareinc.com", "CNAME") == [f"CNAME {TARGET}. 3600"]
