# SPDX-License-Identifier: GPL-3.0-or-later
"""certificate_verdict, the module and the filter, on what is read of the documented example before and after the assignment."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from harness import Farm, Run, Step

EXCHANGE, LYNC = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com"
NAMES = ["AUTODISCOVER.litwareinc.com", "owa.litwareinc.com"]
NOW = dt.datetime.now(dt.UTC)
OBSERVED = {
    "exchange": "{{ groups['exchange_servers'] | map('extract', hostvars, 'of_exchange') }}",
    "lync": "{{ groups['lync_servers'] | map('extract', hostvars, 'of_lync') }}",
}
READ = [
    {
        "name": f"read {product}",
        f"onprem.exchange_lync.{product}_certificate_info": {},
        "register": f"of_{product}",
        "when": f"inventory_hostname in groups['{product}_servers']",
    }
    for product in OBSERVED
]


def at(days: int = 0) -> str:
    """A moment, so many days after the start of the tests."""
    return (NOW + dt.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def judge(name: str, options: dict[str, Any] | None = None, **keywords: Any) -> dict[str, Any]:
    """The task that judges both products; by default now, and whatever comes of it."""
    asked = {"exchange": "{{ exchange }}", "lync": "{{ lync }}", "sip_domains": ["litwareinc.com"], "now": at()}
    module = {"onprem.exchange_lync.certificate_verdict": {**asked, **(options or {})}}
    return {"name": name, **module, "run_once": True, "ignore_errors": True, **keywords}


def by_filter(name: str, arguments: str) -> dict[str, Any]:
    """The task that shows what the filter says."""
    verdict = f"onprem.exchange_lync.certificate_verdict({arguments})"
    shown = {"msg": f"{{{{ {{'exchange': exchange, 'lync': lync}} | {verdict} }}}}"}
    return {"name": name, "ansible.builtin.debug": shown, "run_once": True}


def tasks(thumbprint: str) -> list[dict[str, Any]]:
    """Read and judge, assign, and read and judge again, in many ways."""
    on_lync = {"when": "inventory_hostname in groups['lync_servers']"}
    locally = {"delegate_to": "localhost", "vars": {"ansible_connection": "local"}}
    in_a_process = {"vars": {"ansible_exchange_lync_execution": "subprocess"}}
    return [
        *READ,
        judge("before"),
        judge("before, whatever there is", {"fail_on": "never"}),
        judge("as if it had been assigned", {"assigning": thumbprint}),
        {
            "name": "assign",
            "onprem.exchange_lync.lync_certificate": {"use": "OAuthTokenIssuer", "thumbprint": thumbprint},
            **on_lync,
        },
        {"name": "wait", "onprem.exchange_lync.lync_replication": {"wait": True}, **on_lync},
        *READ,
        judge("after", {"fail_on": "warning"}),
        judge("after, in check mode", {"fail_on": "warning"}, check_mode=True),
        judge("after, in a process of its own", {"fail_on": "warning"}, **in_a_process),
        judge("after, on the controller", {"fail_on": "warning"}, **locally),
        by_filter("after, by the filter", f"['litwareinc.com'], '{at()}'"),
        judge("in 670 days", {"now": at(670)}),
        judge("in 670 days, warnings count", {"now": at(670), "fail_on": "warning"}),
        by_filter("in 670 days, by the filter", f"'litwareinc.com', now='{at(670)}', warn_days=60"),
        judge("in 670 days, later warned", {"now": at(670), "warn_days": 20, "fail_on": "warning"}),
        judge("in 670 days, graver", {"now": at(670), "error_days": 31}),
        judge("longer keys", {"minimum_key_size": 4096}),
        judge("names", {"autodiscover_names": NAMES, "fail_on": "warning"}),
        by_filter("names, by the filter", f"'litwareinc.com', '{at()}', autodiscover_names={NAMES}"),
        judge("no SIP domain", {"sip_domains": []}),
        judge("no moment", {"now": "tomorrow"}),
        judge("nothing read", {"exchange": [], "lync": []}),
        judge("the end", {"now": at(800)}, ignore_errors=False),
        judge("not reached"),
    ]


@pytest.fixture(scope="module")
def run(farm: Farm) -> Run:
    good = farm.state()["certificates"]["oauth-good"]["thumbprint"]
    return farm.play(json.dumps(tasks(good)), hosts="exchange_servers:lync_servers", vars=OBSERVED)


def found(step: Step) -> set[tuple[str, str, str]]:
    """The findings of a judgement that count: rule, severity and host."""
    findings = [item for item in step.result["verdict"]["findings"] if item["severity"] != "info"]
    return {(item["rule"], item["severity"], item["host"]) for item in findings}


def test_nothing_is_asked_of_a_server_and_nothing_is_changed(run: Run) -> None:
    judged = [step for step in run.steps if step.task not in ("read exchange", "read lync", "assign", "wait")]
    assert len(judged) == len({step.task for step in judged}) == 20
    for step in judged:
        assert (step.journal, step.changed) == ([], False), step.task


def test_before_the_assignment_it_fails_and_says_what_to_do(run: Run) -> None:
    before, whatever = run.step("before"), run.step("before, whatever there is")
    assert (before.failed, before.result["error"]["kind"]) == (True, "certificate")
    assert found(before) == {("token_issuer_unassigned", "error", LYNC)}
    finding = before.result["verdict"]["findings"][0]
    assert LYNC in before.msg
    assert finding["remedy"] in before.msg
    assert not whatever.failed
    assert whatever.result["verdict"] == before.result["verdict"]
    assert [item["use"] for item in before.result["verdict"]["certificates"]] == ["ExchangeAuth"]


def test_an_assignment_is_judged_before_it_is_made(run: Run) -> None:
    foretold, after = run.step("as if it had been assigned"), run.step("after")
    assert not foretold.failed
    assert foretold.result["verdict"] == after.result["verdict"]


def test_after_the_assignment_there_is_nothing_to_say(run: Run, farm: Farm) -> None:
    verdict, certificates = run.step("after").result["verdict"], farm.state()["certificates"]
    assert (verdict["ok"], found(run.step("after")), verdict["now"]) == (True, set(), at())
    # what Exchange gives a session that another shell has imported does not tell
    unknown = [("private_key_unknown", "info", EXCHANGE)] if farm.connection == "winrm" else []
    assert [(item["rule"], item["severity"], item["host"]) for item in verdict["findings"]] == unknown
    assert verdict["summary"] == {"error": 0, "warning": 0, "info": len(unknown)}
    assert {(item["use"], item["thumbprint"], *item["hosts"]) for item in verdict["certificates"]} == {
        ("ExchangeAuth", certificates["exchange-auth"]["thumbprint"], EXCHANGE),
        ("OAuthTokenIssuer", certificates["oauth-good"]["thumbprint"], LYNC),
    }
    assert verdict["days_left"] in (699, 700)


@pytest.mark.parametrize("how", ["in check mode", "in a process of its own", "on the controller"])
def test_it_is_the_same_everywhere(run: Run, how: str) -> None:
    assert not run.step(f"after, {how}").failed
    assert run.step(f"after, {how}").result["verdict"] == run.step("after").result["verdict"]


@pytest.mark.parametrize("when", ["after", "in 670 days", "names"])
def test_the_filter_says_the_same(run: Run, when: str) -> None:
    assert run.step(f"{when}, by the filter").result["msg"] == run.step(when).result["verdict"]


def test_what_fails_is_for_the_task_to_say(run: Run) -> None:
    soon = run.step("in 670 days")
    assert (soon.failed, found(soon)) == (False, {("expires_soon", "warning", LYNC)})
    assert soon.result["verdict"]["ok"]
    counted = run.step("in 670 days, warnings count")
    assert (counted.failed, counted.result["verdict"]) == (True, soon.result["verdict"])
    later = run.step("in 670 days, later warned")
    assert (later.failed, found(later)) == (False, set())
    graver = run.step("in 670 days, graver")
    assert (graver.failed, found(graver)) == (True, {("expires_soon", "error", LYNC)})
    longer = run.step("longer keys")
    assert (longer.failed, found(longer)) == (True, {("key_size", "error", LYNC), ("key_size", "error", EXCHANGE)})


def test_the_web_site_of_exchange_carries_the_names(run: Run) -> None:
    step = run.step("names")
    assert (step.failed, found(step)) == (True, {("autodiscover_name_missing", "warning", EXCHANGE)})
    carried = "atl-exchange-001.litwareinc.com, autodiscover.litwareinc.com, mail.litwareinc.com"
    missing = f"owa.litwareinc.com: the valid certificates for IIS carry {carried}"
    assert [item["evidence"] for item in step.result["verdict"]["findings"] if item["use"] == "ExchangeIIS"] == [
        missing
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no SIP domain", "sip_domains: at least one is needed"),
        ("no moment", "now: "),
        ("nothing read", "there is nothing to judge"),
    ],
)
def test_what_cannot_be_judged_is_refused(run: Run, name: str, says: str) -> None:
    step = run.step(name)
    assert (step.failed, step.result["error"]["kind"]) == (True, "bad_input")
    assert says in step.msg
    assert "verdict" not in step.result


def test_an_expired_certificate_ends_the_play(run: Run) -> None:
    end = run.step("the end")
    assert (end.failed, found(end)) == (True, {("expired", "error", LYNC)})
    assert end.result["verdict"]["days_left"] < 0
    assert run.rc == 2
    assert run.all("not reached") == []
