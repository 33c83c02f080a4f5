# SPDX-License-Identifier: GPL-3.0-or-later
"""The mailbox test, and the table at the end of role verify, on a farm in which the trust works until a test breaks it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from harness import Farm, Run
from integrating import reports
from refusals import clear, failed

pytestmark = [pytest.mark.scenario("broken"), pytest.mark.connections("documented")]

FE1, FE2, EX1, EX2 = (f"{name}.tailspintoys.com" for name in ("fe1", "fe2", "ex1", "ex2"))
SIP = "sip:test@tailspintoys.com"
ALL = "exchange_servers:lync_servers:dns_servers"
CMDLET = "Test-CsExStorageConnectivity"
VERIFY = "- import_role: {name: onprem.exchange_lync.verify}"


def run_test(
    farm: Farm, *, check: bool = False, execution: str = "", hosts: str = "lync_servers", **options: Any
) -> Run:
    given = json.dumps({"sip_uri": SIP, **options})
    task = f"- {{name: test, onprem.exchange_lync.lync_storage_connectivity: {given}}}"
    return farm.play(task, hosts=hosts, check=check, execution=execution)


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_each_front_end_writes_an_item_and_deletes_it(farm: Farm, execution: str) -> None:
    check, run = (run_test(farm, check=check, execution=execution) for check in (True, False))
    assert (check.rc, check.writes, run.rc) == (0, [], 0), run.output
    for host in (FE1, FE2):
        foretold, step = check.step("test", host), run.step("test", host)
        assert (foretold.changed, foretold.result["passed"]) == (False, None)
        assert (
            foretold.result["commands"]
            == step.result["commands"]
            == [f"{CMDLET} -SipUri '{SIP}' -Folder 'ConversationHistory' -DeleteItem:$true"]
        )
        assert (step.changed, step.result["passed"], step.result["output"]) == (False, True, ["Test passed."])
    asked = [(entry["host"], entry["parameters"]["DeleteItem"]) for entry in run.writes]
    assert sorted(asked) == [(FE1, True), (FE2, True)]
    assert farm.state()["mailboxes"] == {"test@tailspintoys.com": []}


def test_an_item_that_stays_is_a_change(farm: Farm) -> None:
    run = run_test(farm, hosts=FE1, delete_item=False, folder="Dumpster", storage_service_host=FE1)
    assert run.step("test").changed
    assert farm.state()["mailboxes"] == {"test@tailspintoys.com": ["Dumpster"]}
    (write,) = run.writes
    assert (write["parameters"]["Binding"], write["parameters"]["HostNameStorageService"]) == ("NetTCP", FE1)


def test_a_test_that_does_not_pass_says_so_and_what_to_do(farm: Farm) -> None:
    run = run_test(farm, sip_uri="nobody@tailspintoys.com", hosts=FE1)
    assert (run.rc, [(entry["cmdlet"], entry["outcome"]) for entry in run.writes]) == (2, [(CMDLET, "error")])
    step = run.step("test")
    clear(
        step.msg,
        host=FE1,
        shell="lync",
        cmdlet=CMDLET,
        said="has no mailbox associated",
        remedy="events 32053 and 32054",
    )
    assert (step.changed, step.result["passed"], step.result["error"]["kind"]) == (False, False, "failed")
    assert step.result["commands_not_run"] == []
    quiet = run_test(farm, sip_uri="nobody@elsewhere.example", hosts=FE1, fail=False)
    assert (quiet.rc, quiet.step("test").result["passed"]) == (0, False)
    assert "New-AcceptedDomain" in quiet.step("test").result["error"]["remedy"]
    assert farm.state()["hosts"][FE1]["events"] == [32053, 32054]


@pytest.mark.parametrize("sip", ["nobody", "sip:@x.example", "a b@x.example"])
def test_what_is_no_address_is_refused(farm: Farm, sip: str) -> None:
    run = run_test(farm, sip_uri=sip, hosts=FE1, fail=False)
    failed(run)
    assert "is not a SIP address such as" in run.step("test").msg
    assert run.writes == []


def test_an_account_without_the_group_is_told_so(farm: Farm) -> None:
    task = f"""
    - name: test
      onprem.exchange_lync.lync_storage_connectivity: {{sip_uri: '{SIP}', fail: false}}
      vars: {{ansible_user: auditor@tailspintoys.com, ansible_password: !unsafe 'read: "only" 100% é'}}
    """
    step = farm.play(task, hosts=FE1).step("test")
    assert (step.result["passed"], step.result["error"]["kind"]) == (None, "access_denied")


def verify(farm: Farm, *, check: bool = False, **variables: Any) -> Run:
    return farm.play(VERIFY, hosts=ALL, check=check, extra_vars=variables)


def rows(run: Run) -> dict[tuple[str, str], str]:
    """The results of the table's rows, by check and host."""
    return {
        (row["check"], row["host"]): row["result"]
        for row in next(step for step in run.steps if "Say whether the trust works" in step.task).result["checks"]
    }


def sentence(run: Run) -> str:
    found = re.search(r"^Trust between Exchange and Lync: (.*)\.$", run.output, re.MULTILINE)
    assert found, run.output
    return found[1]


def test_without_the_mailbox_test_it_is_not_proven(farm: Farm) -> None:
    run = verify(farm, farm_require_trust=True)
    assert (run.rc, run.writes) == (0, []), run.output
    assert reports(run)[0][0] == "No problems found."
    assert sentence(run) == "not proven, but nothing contradicts it: the mailbox test was not run"
    found = rows(run)
    assert {check for (check, _host), result in found.items() if result == "not run"} == {
        "A front end writes to a mailbox"
    }
    assert set(found.values()) == {"passed", "not run"}
    assert {host for check, host in found if check == "Exchange publishes its certificate"} == {EX1, EX2}
    checking = verify(farm, check=True, farm_trust_sip_address=SIP)
    assert (checking.rc, checking.writes, sentence(checking)) == (0, [], sentence(run))


def test_with_it_the_trust_is_proven(farm: Farm) -> None:
    run = verify(farm, farm_require_trust=True, farm_trust_sip_address=SIP[4:], farm_trust_folder="Dumpster")
    assert (run.rc, sentence(run)) == (0, "proven"), run.output
    assert sorted((entry["host"], entry["parameters"]["Folder"]) for entry in run.writes) == [
        (FE1, "Dumpster"),
        (FE2, "Dumpster"),
    ]
    assert set(rows(run).values()) == {"passed"}


def test_a_mailbox_test_that_does_not_pass_ends_the_run_where_the_trust_is_required(farm: Farm) -> None:
    wrong: dict[str, Any] = {"farm_trust_sip_address": "nobody@tailspintoys.com"}
    told, required = verify(farm, farm_require_trust=False, **wrong), verify(farm, **wrong)
    assert (told.rc, required.rc) == (0, 2)
    assert sentence(told) == "not proven: a front end cannot write to the mailbox"
    assert "The trust between Exchange and Lync is not proven" in required.output


def test_what_could_not_be_seen_is_not_right(farm: Farm) -> None:
    farm.lab("fault", "http_503", "--host", EX2)
    try:
        run = verify(farm, farm_require_trust=True, farm_fail_on="never", farm_trust_sip_address=SIP)
    finally:
        farm.lab("fault", "http_503", "--host", EX2, "--off")
    assert run.rc == 2
    assert rows(run)["Exchange publishes its certificate", EX2] == "not seen"


def test_a_front_end_that_is_not_in_the_run_is_not_proven(farm: Farm) -> None:
    given = {"farm_require_trust": True, "farm_fail_on": "never", "farm_trust_sip_address": SIP}
    run = farm.play(VERIFY, hosts=ALL, arguments=("--limit", f"!{FE2}"), extra_vars=given)
    assert (run.rc, sentence(run)) == (2, "not proven: it could not be seen whether a front end writes to a mailbox")
    assert rows(run)["A front end writes to a mailbox", FE2] == "not seen"
    left_out = farm.play(VERIFY, hosts=ALL, extra_vars={**given, "farm_leave_out": [FE2]})
    assert (left_out.rc, sentence(left_out)) == (0, "proven"), left_out.output


def test_a_partner_application_that_is_gone(farm: Farm) -> None:
    """The last one: it takes the partner application away."""
    gone = farm.play(
        "- {name: gone, onprem.exchange_lync.lync_cmdlet: {cmdlet: Remove-CsPartnerApplication, parameters: {Identity: Exchange}}}",
        hosts=FE1,
    )
    assert gone.rc == 0, gone.output
    run = verify(farm, farm_require_trust=True)
    assert (run.rc, sentence(run)) == (2, "not proven: no partner application")
