# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_oauth_connectivity: what it says of a target that takes Exchange's token, of others, and that it writes nothing anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import Farm, Run
from refusals import clear, failed, refused

pytestmark = pytest.mark.connections("documented")

HOST, FRONT_END = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com"
MODULE = "onprem.exchange_lync.exchange_oauth_connectivity"
OWN = f"https://{HOST}/ews/exchange.asmx"
MAILBOX = "front.desk@litwareinc.com"
CMDLET = "Test-OAuthConnectivity"


def task(name: str, **options: Any) -> str:
    given = json.dumps({"target_uri": OWN, "mailbox": MAILBOX, **options})
    return f"- {{name: {name}, {MODULE}: {given}, ignore_errors: true}}\n"


def run_test(farm: Farm, *tasks: str, **play: Any) -> Run:
    run = farm.play("".join(tasks), hosts=HOST, **play)
    assert (run.rc, run.writes) == (0, []), run.output
    return run


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_it_is_run_in_check_mode_as_well_and_says_what_it_is_no_proof_of(farm: Farm, execution: str) -> None:
    checked = (
        f"- {{name: checked, {MODULE}: {json.dumps({'target_uri': OWN, 'mailbox': MAILBOX})}, check_mode: true}}\n"
    )
    switches = task("switches", service="AutoD", app_only=True, use_cached_token=True, reload_config=True)
    run = run_test(farm, checked, task("test"), switches, execution=execution)
    for step in (run.step("checked"), run.step("test")):
        found = {key: step.result[key] for key in ("passed", "result_type", "task")}
        assert found == {"passed": True, "result_type": "Success", "task": "Checking EWS API Call Under Oauth"}
        assert (step.changed, step.cmdlets) == (False, [CMDLET])
        assert "no proof that Lync and Exchange trust each other" in step.result["note"]
        assert 'The token cache is being cleared because "use cached token" was set to false.' in step.result["detail"]
        assert {key: value for key, value in step.journal[-1]["parameters"].items() if key != "ErrorAction"} == {
            "Service": "EWS",
            "TargetUri": OWN,
            "Mailbox": MAILBOX,
        }
    step = run.step("switches")
    assert (step.result["passed"], step.result["task"]) == (True, "Checking AutoD API Call Under Oauth")
    asked = step.journal[-1]["parameters"]
    assert [asked[name] for name in ("AppOnly", "UseCachedToken", "ReloadConfig")] == [True] * 3


def test_a_test_that_does_not_pass_says_why_and_what_to_do(farm: Farm) -> None:
    """Lync is no Exchange, a name leads nowhere, and a directory takes no tokens."""
    nowhere = "https://mail.fabrikam.com/ews/exchange.asmx"
    options = (
        "onprem.exchange_lync.exchange_virtual_directory: {oauth_authentication: false, directories: [web_services]}"
    )
    before = farm.play(f"- {options}", hosts=HOST)
    assert before.rc == 0, before.output
    run = run_test(
        farm,
        task("lync", target_uri=f"https://{FRONT_END}/ews/exchange.asmx"),
        task("nowhere", target_uri=nowhere),
        task("closed"),
        task("quiet", fail=False),
    )
    after = farm.play(f"- {options.replace('false', 'true')}", hosts=HOST)
    assert after.rc == 0, after.output
    said = {
        "lync": ("(404) Not Found", "Nothing at this host answers as Exchange: check target_uri."),
        "nowhere": ("could not be resolved: 'mail.fabrikam.com'", "Look at detail in the result"),
        "closed": ("(401) Unauthorized", "The other side does not take the token."),
    }
    for name, (reason, remedy) in said.items():
        step = run.step(name)
        clear(step.msg, host=HOST, shell="exchange", cmdlet=CMDLET, said=reason, remedy=remedy)
        assert (step.failed, step.changed, step.result["passed"]) == (True, False, False)
        assert (step.result["result_type"], step.result["error"]["kind"]) == ("Error", "failed")
        assert any(reason in line for line in step.result["detail"])
        assert "no proof that Lync" in step.result["note"]
    quiet = run.step("quiet")
    assert (quiet.failed, quiet.result["passed"]) == (False, False)
    assert "(401)" in quiet.result["error"]["message"]


def test_what_could_not_be_tested_is_not_known(farm: Farm) -> None:
    """A mailbox that is none, what Exchange refuses, and an account that is not offered the cmdlet."""
    auditor = "  vars: {ansible_user: auditor@litwareinc.com, ansible_password: !unsafe 'read: \"only\" 100% é'}\n"
    run = run_test(
        farm,
        task("unknown", mailbox="nobody@litwareinc.com"),
        task("refused", app_only=True, fail=False),
        f"- name: auditor\n  {MODULE}: {{target_uri: '{OWN}', mailbox: {MAILBOX}, fail: false}}\n{auditor}",
    )
    kinds = {name: run.step(name).result["error"]["kind"] for name in ("unknown", "refused", "auditor")}
    assert kinds == {"unknown": "not_found", "refused": "failed", "auditor": "not_offered"}
    for name in kinds:
        found = run.step(name).result
        assert (found["passed"], found["result_type"], found["detail"]) == (None, None, [])


def test_what_cannot_be_used_is_refused_and_nothing_is_asked(farm: Farm) -> None:
    """Whatever fail says: such a task is wrong."""
    cases: dict[str, dict[str, Any]] = {
        "target_uri: 'outlook.office365.com' is not an absolute http or https URL": {
            "target_uri": "outlook.office365.com"
        },
        "mailbox is empty": {"target_uri": OWN, "mailbox": " "},
    }
    given = [{"mailbox": MAILBOX, "fail": False, **options} for options in cases.values()]
    messages = refused(farm, "exchange_oauth_connectivity", HOST, *given, asked=False)
    for message, said in zip(messages, cases, strict=True):
        assert said in message
    run = farm.play(f"- {{name: test, {MODULE}: {{target_uri: '{OWN}'}}}}", hosts=HOST)
    failed(run)
    assert "app_only is False but all of the following are missing: mailbox" in run.step("test").msg
    assert run.step("test").asked == []
