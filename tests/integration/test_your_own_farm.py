# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/your_own_farm.md, done as it says: the careful first run and the way back, what is in the way, audits, workflows."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import LAB, ROOT, Farm, Run
from integrating import CHECK, INTEGRATE, integrate

pytestmark = pytest.mark.connections("documented")

PAGE = (ROOT / "docs" / "your_own_farm.md").read_text(encoding="utf-8")
AUDIT = Path("onprem.exchange_lync.audit")
EXCHANGE, LYNC, DNS = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com", "atl-dc-001.litwareinc.com"
CHANGES = {
    "dns": {"Publish the Autodiscover names": ["Add-DnsServerResourceRecordCName"]},
    "certificates": {"Assign the OAuthTokenIssuer certificate": ["Set-CsCertificate"]},
    "autodiscover": {"Set the Autodiscover URI of the Client Access servers": ["Set-ClientAccessServer"]},
    "oauth": {"Set Lync's OAuth configuration": ["Set-CsOAuthConfiguration"]},
    "partners": {
        "Make Lync a partner application of Exchange": [
            "New-MailUser",
            "Set-MailUser",
            *["New-ManagementRoleAssignment"] * 2,
            "New-PartnerApplication",
        ],
        "Make Exchange a partner application of Lync": ["New-CsPartnerApplication"],
    },
}
"""What each part changes, in their order: its tasks, each with the cmdlets that write."""
ROLES = ("UserApplication", "ArchiveApplication", "MeetingGraphApplication")


def section(heading: str) -> str:
    """What stands below a heading of the page."""
    found = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert found, heading
    return found


def yaml_block(heading: str) -> str:
    """The one YAML block below a heading."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", section(heading), re.MULTILINE | re.DOTALL)
    return str(block)


def commands(heading: str, program: str) -> list[list[str]]:
    """The arguments of a program's calls below a heading, without the inventory."""
    lines = re.findall(rf"^ +{program} (.+)$", section(heading), re.M)
    words = [shlex.split(line.partition(" | ")[0]) for line in lines]
    assert words
    assert all(line.count("-i") == 1 for line in words)
    return [[word for word in line if word not in ("-i", "inventory")] for line in words]


def configuration(farm: Farm) -> dict[str, Any]:
    """What the playbook may change, but for the account of the partner application, which only an administrator removes."""
    state = farm.state()
    del state["exchange"]["recipients"]
    store = {key: value for key, value in state["lync"]["store"].items() if key != "number"}
    zones = {name: [entry for entry in of_zone if entry["type"] != "SOA"] for name, of_zone in state["dns"].items()}
    return {"exchange": state["exchange"], "lync": store, "dns": zones}


def results(run: Run, task: str) -> list[dict[str, Any]]:
    """The results of a task. Releases of ansible-core differ in whether the role is part of its name."""
    return [step.result for step in run.steps if step.task.rpartition(" : ")[2] == task]


def audits(run: Run) -> list[dict[str, Any]]:
    """The audits of a run, in their order."""
    found = results(run, "Judge the farm")
    assert found, run.output
    return found


def find(audit: dict[str, Any], severity: str) -> set[str]:
    """The rules of an audit's findings of one severity."""
    return {item["rule"] for item in audit["findings"] if item["severity"] == severity}


@pytest.fixture(scope="module")
def before(farm: Farm) -> dict[str, Any]:
    return configuration(farm)


# A careful first run


def test_each_host_answers(farm: Farm) -> None:
    """With the command ansible, as step 2 gives it."""
    answers = {}
    for hosts, *arguments in commands("A careful first run", "ansible"):
        run = farm.ad_hoc(hosts, *arguments)
        assert (run.rc, run.writes) == (0, []), run.output
        answers[hosts] = {step.host: step.result for step in run.steps}
    assert [server["fqdn"] for server in answers["exchange_servers"][EXCHANGE]["servers"]] == [EXCHANGE]
    assert answers["lync_servers"][LYNC]["default_sip_domain"] == "litwareinc.com"
    assert [name["records"] for name in answers["dns_servers"][DNS]["names"]] == [[]]


def test_the_careful_first_run(farm: Farm, before: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Part by part. The playbooks take the linear strategy, whatever the administrator's own configuration says."""
    monkeypatch.setitem(farm.environment, "ANSIBLE_STRATEGY", "free")
    audit, check, *parts, again, last = commands("A careful first run", "ansible-playbook")
    assert parts == [["onprem.exchange_lync.integrate", "--diff", "--tags", role] for role in CHANGES]
    _reads(farm, audit, before, set(CHANGES))
    assert check == ["onprem.exchange_lync.integrate", *CHECK]
    _foretells(farm.playbook(Path(check[0]), *check[1:]), [task for tasks in CHANGES.values() for task in tasks])
    for done, arguments in enumerate(parts, start=1):
        _writes_one_part(farm, arguments, list(CHANGES)[:done])
    run = farm.playbook(Path(again[0]), *again[1:])
    assert (run.rc, run.writes, [step for step in run.steps if step.changed]) == (0, [], []), run.output
    _reads(farm, last, configuration(farm), set())


def _reads(farm: Farm, arguments: list[str], there: dict[str, Any], wrong: set[str]) -> None:
    """An audit writes nothing, and finds wrong what those roles would fix."""
    run = farm.playbook(Path(arguments[0]), *arguments[1:])
    assert (run.rc, run.writes) == (0, []), run.output
    assert configuration(farm) == there
    (audit,) = audits(run)
    assert {item["fixed_by"] for item in audit["findings"] if item["severity"] != "info"} == wrong


def _foretells(run: Run, changes: list[str]) -> None:
    """Check mode shows each change and writes nothing."""
    assert (run.rc, run.writes) == (0, []), run.output
    assert [step.task.rpartition(" : ")[2] for step in run.steps if step.changed] == changes
    assert f"To change ({len(changes)}):" in run.output


def _writes_one_part(farm: Farm, arguments: list[str], done: list[str]) -> None:
    """The part writes what it is for and nothing else, and its run ends well, whatever the other parts have yet to do."""
    run = farm.playbook(Path(arguments[0]), *arguments[1:])
    tasks = CHANGES[done[-1]]
    assert [step.task.rpartition(" : ")[2] for step in run.steps if step.changed] == list(tasks)
    assert [entry["cmdlet"] for entry in run.writes] == [cmdlet for cmdlets in tasks.values() for cmdlet in cmdlets]
    (audit,) = audits(run)  # verify was not asked for
    left = {item["role"] for item in audit["to_do"]}
    assert left == CHANGES.keys() - set(done[:-1])
    assert run.rc == 0, run.output


# Scheduled audits, surveys and workflows: of a farm that is integrated


@pytest.fixture(scope="module")
def integrated(farm: Farm) -> dt.datetime:
    """When the OAuthTokenIssuer certificate ends."""
    assert integrate(farm).run.rc == 0
    run = farm.playbook(AUDIT)
    (end,) = (item["not_after"] for item in audits(run)[0]["certificates"] if item["use"] == "OAuthTokenIssuer")
    return dt.datetime.fromisoformat(end)


def test_scheduled_audits(farm: Farm, integrated: dt.datetime) -> None:
    """Today all is well, and so it is 61 days before a certificate ends; 30 days before, the run fails."""
    now, later = commands("Scheduled audits", "ansible-playbook")
    assert farm.playbook(Path(now[0]), *now[1:]).rc == 0
    *arguments, moment = later
    assert moment.startswith("farm_now=")
    for days, code, rules in ((61, 0, set()), (30, 2, {"expires_soon"})):
        at = f"farm_now={(integrated - dt.timedelta(days=days)).isoformat()}"
        run = farm.playbook(Path(arguments[0]), *arguments[1:], at)
        assert (run.rc, find(audits(run)[0], "warning")) == (code, rules), run.output


def test_an_account_that_may_only_read_is_enough(farm: Farm, integrated: dt.datetime) -> None:
    """For Exchange and Lync. The DNS cmdlets need DnsAdmins to read, too, which this account is not in."""
    described = yaml.safe_load((LAB / "scenarios" / "litware.yml").read_text(encoding="utf-8"))
    (auditor,) = (user for user in described["users"] if user["name"] == "auditor")
    variables = {"ansible_user": "auditor@litwareinc.com", "ansible_password": auditor["password"]}
    tolerated = {"farm_tolerate": [f"host_not_read@{DNS}"]}
    run = farm.playbook(AUDIT, extra_vars={**variables, **tolerated})
    assert run.rc == 0, run.output
    assert [(item["rule"], item["host"]) for item in audits(run)[0]["findings"]] == [("host_not_read", DNS)]


def test_lists_of_a_survey(farm: Farm, integrated: dt.datetime) -> None:
    """The text is two domains, of which this deployment has one."""
    ((playbook, *arguments),) = commands("Surveys and workflows", "ansible-playbook")
    run = farm.playbook(Path(playbook), *arguments)
    errors = [item["about"] for item in audits(run)[0]["findings"] if item["severity"] == "error"]
    assert (run.rc, errors) == (2, ["fabrikam.com"]), run.output


def test_what_a_workflow_gets(farm: Farm, integrated: dt.datetime, tmp_path: Path) -> None:
    """The statistics of one node are variables of the next."""
    late = {"farm_now": (integrated - dt.timedelta(days=30)).isoformat(), "farm_fail_on": "never"}
    run = farm.playbook(AUDIT, extra_vars=late)
    (statistics,) = (result["ansible_stats"]["data"] for result in results(run, "Report what was found"))
    named = section("Surveys and workflows").partition("nodes after it:")[2].partition(". A run")[0]
    assert statistics.keys() == set(re.findall(r"`(farm_\w+)`", named))
    playbook = tmp_path / "next.yml"
    playbook.write_text(yaml_block("Surveys and workflows"), encoding="utf-8")
    following = farm.playbook(playbook, extra_vars=statistics)
    assert following.rc == 0, following.output
    (told,) = re.findall(r'"msg": "(.* expires on .*)"', following.output)
    assert told.startswith("OAuthTokenIssuer: CN=litwareinc.com expires on ")


# The way back


def test_the_way_back(farm: Farm, before: dict[str, Any], integrated: dt.datetime, tmp_path: Path) -> None:
    playbook = tmp_path / "back.yml"
    playbook.write_text(yaml_block("What is changed, and how to undo it"), encoding="utf-8")
    run = farm.playbook(playbook)
    assert run.rc == 0, run.output
    assert [step.changed for step in run.steps] == [True] * 6
    assert configuration(farm) == before


# When something is in the way


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A lab with the farm whose report the page shows."""
    running = Farm("messy", tmp_path_factory.mktemp("messy"), "documented")
    running.up()
    yield running
    running.down()


def test_the_report_on_the_page_is_the_one_of_the_lab(messy: Farm) -> None:
    (block,) = re.findall(r"(?:^ {4}.*\n)+", section("Read the report"), re.M)
    lines = [line.removeprefix("    ") for line in block.splitlines()]
    run = integrate(messy, "--check").run
    assert run.rc == 2
    shown = iter(run.output.splitlines())
    assert [line for line in lines if line not in shown] == []  # each after the one before it


def test_what_the_lists_on_the_page_do(messy: Farm) -> None:
    """One change is allowed, one is not made, a server is not mentioned any more. The third error is still there."""
    allowed = yaml.safe_load(yaml_block("When something is in the way"))
    run = integrate(messy, "--check", extra_vars=allowed).run
    (audit,) = audits(run)
    assert (run.rc, find(audit, "error")) == (2, {"cloud_url"})
    states = {item["about"]: item["state"] for item in audit["to_do"]}
    assert states["ex19-dub-01.corp.woodgrove.net"] == "to_do"
    assert states["autodiscover.northwindtraders.com"] == "kept"
    tolerated = {item["rule"] for item in audit["findings"] if item["tolerated"]}
    assert tolerated == {"dns_points_elsewhere", "lync_service_stopped"}
    assert "edge-red-01" not in str(audit["findings"])


def find_examples() -> dict[str, str]:
    """The rules that hold back changes, and what the page shows of each."""
    return dict(re.findall(r"^\| `(\w+)` \| `(.+?)` \|", section("When something is in the way"), re.M))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """The same farm with more of the past.

    One server's URI was cleared, and its directories take no tokens. A token issuer is in use that ends within a day, and one front end has
    it by an assignment of its own. Lync was Exchange's partner once.
    """
    folder = tmp_path_factory.mktemp("history")
    described = yaml.safe_load((LAB / "scenarios" / "messy.yml").read_text(encoding="utf-8"))
    (cleared,) = (host for host in described["hosts"] if host["fqdn"].startswith("ex19-red-01"))
    del cleared["autodiscover_uri"]
    cleared.update(oauth_virtual_directories=False, ws_security_virtual_directories=False)
    fronts = [host["fqdn"] for host in described["hosts"] if host["role"] == "lync"]
    old = {"name": "oauth-old", "subject": "CN=woodgrovebank.com", "days": [-700, 1], "hosts": fronts}
    described["certificates"].append(old)
    described["lync"]["oauth"]["token_issuer"] = "oauth-old"
    described["lync"]["assigned_certificates"].setdefault(fronts[-1], {})["OAuthTokenIssuer"] = "oauth-old"
    account = {"name": "LyncEnterprise-ApplicationAccount", "hidden": True, "roles": [*ROLES]}
    described["exchange"]["recipients"] = [account]
    described["exchange"]["partner_applications"].append(
        {
            "name": "LyncEnterprise",
            "application_identifier": "00000004-0000-0ff1-ce00-000000000000",
            "metadata_url": "https://old-pool.woodgrovebank.com/metadata/json/1",
            "linked_account": f"{described['domain']['fqdn']}/Users/{account['name']}",
            "certificates": ["oauth-old"],
            "enabled": False,
        }
    )
    scenario = folder / "history.yml"
    scenario.write_text(yaml.safe_dump(described, allow_unicode=True), encoding="utf-8")
    running = Farm(str(scenario), folder, "documented")
    running.up()
    yield running
    running.down()


def preflight(farm: Farm, **allowed: list[str]) -> tuple[Run, dict[str, Any]]:
    """The audit before anything is written, with another realm and another certificate than what is there."""
    named = farm.state()["certificates"]["lync-default-red"]["thumbprint"]
    asked = {"farm_lync_realm": "corp.woodgrove.net", "farm_oauth_token_issuer_thumbprint": named}
    run = integrate(farm, "--check", extra_vars={**asked, **allowed}).run
    return run, audits(run)[0]


def test_each_rule_holds_back_its_change(history: Farm) -> None:
    run, audit = preflight(history)
    evidence = {item["rule"]: item["evidence"] for item in audit["findings"] if item["rule"] in find_examples()}
    assert run.rc == 2
    assert evidence.keys() == find_examples().keys()
    assert find(audit, "error") == evidence.keys() - {"token_issuer_scope", "ws_security_off"}
    for rule, example in find_examples().items():
        assert example in evidence[rule]
    assert {item["conflict"] for item in audit["to_do"] if item["state"] == "held"} == evidence.keys()


def test_each_change_is_made_on_the_user_s_word(history: Farm) -> None:
    run, audit = preflight(history, farm_replace=list(find_examples()))
    assert (run.rc, find(audit, "error")) == (0, set()), run.output
    assert {item["conflict"] for item in audit["to_do"] if item["conflict"]} == find_examples().keys()
    assert {item["state"] for item in audit["to_do"]} == {"to_do"}


def test_each_change_is_not_made_where_it_is_tolerated(history: Farm) -> None:
    run, audit = preflight(history, farm_tolerate=list(find_examples()))
    assert (run.rc, find(audit, "error")) == (0, set()), run.output
    assert {item["rule"] for item in audit["findings"] if item["tolerated"]} == find_examples().keys()
    assert {item["conflict"] for item in audit["to_do"] if item["state"] == "kept"} == find_examples().keys()


# What an administrator may get wrong


def test_groups_without_hosts_are_named(farm: Farm) -> None:
    """In one inventory a group has another name, in the other no group has hosts: a play without hosts would pass."""
    renamed = farm.inventory().read_text(encoding="utf-8").replace("    exchange_servers:\n", "    exchange:\n")
    empty = "all: {children: {exchange_servers: {hosts: {}}, lync: {hosts: {somewhere: }}}}\n"
    other = replace(farm, connection="of-other-groups")
    for inventory, missing in ((renamed, "exchange_servers"), (empty, "exchange_servers and lync_servers")):
        (farm.state_dir / f"inventory-{other.connection}.yml").write_text(inventory, encoding="utf-8")
        for playbook, *arguments in ((INTEGRATE, "--tags", "certificates"), (AUDIT,)):
            run = other.playbook(Path(playbook), *map(str, arguments))
            assert run.rc == 2, run.output
            assert [step.host for step in run.steps] == ["localhost"]
            assert run.steps[0].msg.startswith(f"The inventory has no hosts in {missing}. ")
            assert "farm_exchange_hosts" in run.steps[0].msg


def test_a_limit_is_refused_with_the_hosts_that_are_missing(farm: Farm) -> None:
    watched = integrate(farm, "--tags", "certificates", "--limit", "exchange_servers")
    assert (watched.run.rc, watched.writes) == (2, [])
    missing = [item["host"] for item in audits(watched.run)[0]["findings"] if item["rule"] == "host_not_in_play"]
    assert sorted(missing) == [DNS, LYNC]


def test_wrong_values_are_named_together(farm: Farm) -> None:
    """An empty answer of a survey among them."""
    run = integrate(farm, "--check", extra_vars={"farm_exchange_fqdn": "ex", "farm_tolerate": ""}).run
    assert run.rc == 2
    for part in ("farm_tolerate must not be empty", "farm_exchange_fqdn: 'ex' is not a full name"):
        assert part in run.output
