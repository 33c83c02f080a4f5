# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/your_own_farm.md, done as it says: the careful first run, step by step, and the way back. And what may go wrong on the way."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import ROOT, Farm, Run
from integrating import CHECK, INTEGRATE, integrate, said

pytestmark = pytest.mark.connections("documented")

PAGE = (ROOT / "docs" / "your_own_farm.md").read_text(encoding="utf-8")
EXCHANGE, LYNC, DNS = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com", "atl-dc-001.litwareinc.com"
CHANGES = {
    "certificates": ("Assign the OAuthTokenIssuer certificate", "Set-CsCertificate"),
    "autodiscover": ("Set the Autodiscover URI of the Client Access servers", "Set-ClientAccessServer"),
    "oauth": ("Set the OAuth configuration", "Set-CsOAuthConfiguration"),
    "dns": ("Publish the records", "Add-DnsServerResourceRecordCName"),
}
"""What each part changes: the task, and the cmdlet that writes."""
TELL = """
- hosts: exchange_servers:lync_servers:dns_servers
  gather_facts: false
  tags: [always]
  tasks:
    - name: facts
      ansible.builtin.debug: {msg: "{{ dict(names | zip(q('vars', *names))) }}"}
      vars: {names: "{{ q('varnames', '^[a-z]+_changed$') | sort }}"}
"""
"""A play that shows what the roles have left on each host."""


def section(heading: str) -> str:
    """What stands below a heading of the page."""
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def commands(program: str) -> list[list[str]]:
    """The arguments of a program's calls in the careful first run, without the inventory."""
    lines = re.findall(rf"^ +{program} (.+)$", section("A careful first run"), re.M)
    words = [shlex.split(line.partition(" | ")[0]) for line in lines]
    assert all(line.count("-i") == 1 for line in words)
    return [[word for word in line if word not in ("-i", "inventory")] for line in words]


def configuration(farm: Farm) -> dict[str, Any]:
    """What the playbook may change."""
    state = farm.state()
    store = {key: value for key, value in state["lync"]["store"].items() if key != "number"}
    zones = {name: [entry for entry in of_zone if entry["type"] != "SOA"] for name, of_zone in state["dns"].items()}
    return {"exchange": state["exchange"], "lync": store, "dns": zones}


@pytest.fixture(scope="module")
def before(farm: Farm) -> dict[str, Any]:
    return configuration(farm)


def test_each_host_answers(farm: Farm) -> None:
    """With the command ansible, as step 2 gives it."""
    results = {}
    for hosts, *arguments in commands("ansible"):
        run = farm.ad_hoc(hosts, *arguments)
        assert (run.rc, run.writes) == (0, []), run.output
        results[hosts] = {step.host: step.result for step in run.steps}
    assert [server["fqdn"] for server in results["exchange_servers"][EXCHANGE]["servers"]] == [EXCHANGE]
    assert results["lync_servers"][LYNC]["default_sip_domain"] == "litwareinc.com"
    assert results["dns_servers"][DNS]["changed"] is False


def test_the_careful_first_run(
    farm: Farm, before: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Part by part. The playbook takes the linear strategy, whatever the administrator's own configuration says."""
    monkeypatch.setitem(farm.environment, "ANSIBLE_STRATEGY", "free")
    steps = commands("ansible-playbook")
    tagged = [["--diff", "--tags", role] for role in CHANGES]
    preflight, verify = ["--tags", "preflight"], ["--tags", "verify"]
    assert [arguments for _playbook, *arguments in steps] == [preflight, list(CHECK), *tagged, verify, []]
    del steps[1]  # test_integrate begins with it
    for playbook, *arguments in steps:
        wrapped = tmp_path / "step.yml"
        wrapped.write_text(f"- import_playbook: {playbook}\n{TELL}", encoding="utf-8")
        run = farm.playbook(wrapped, *arguments)
        assert run.rc == 0, run.output
        _is_as_announced(run, arguments[-1] if arguments else "")
        if arguments == preflight:
            assert configuration(farm) == before


def _is_as_announced(run: Run, tag: str) -> None:
    """One step wrote what its tag is for and nothing else, reported at its end, and left facts that say so on every host."""
    parts = {role: part for role, part in CHANGES.items() if tag in ("", role)}
    ran = [step.task.rpartition(" : ")[2] for step in run.steps]
    wrote = parts if tag else {}
    assert {task for task in ran if task in dict(CHANGES.values())} == {task for task, _cmdlet in parts.values()}
    changed = [step.task.rpartition(" : ")[2] for step in run.steps if step.changed]
    assert list(zip(changed, [entry["cmdlet"] for entry in run.writes], strict=True)) == list(wrote.values())
    reports = {"preflight": "Report all problems at once", "verify": "Report everything that differs at once"}
    assert [ran.count(report) for report in reports.values()] == [tag in ("", "preflight"), tag == "verify"]
    if tag in reports:
        assert said(run, reports[tag]) in ("Nothing stands in the way.", "Everything is as it should be.")
    facts = {
        **{f"{role}_changed": bool(wrote) for role in [*parts, "integration"]},
        **({"preflight_changed": False} if tag in ("", "preflight") else {}),
        **({"verify_changed": False} if tag == "verify" else {}),
    }
    assert {step.host for step in run.all("facts")} == {EXCHANGE, LYNC, DNS}
    assert [step.result["msg"] for step in run.all("facts")] == [facts] * 3


def test_the_way_back(farm: Farm, before: dict[str, Any], tmp_path: Path) -> None:
    block = section("What the playbook changes, and how to undo it").partition("```yaml\n")[2].partition("```")[0]
    playbook = tmp_path / "back.yml"
    playbook.write_text(block, encoding="utf-8")
    run = farm.playbook(playbook)
    assert run.rc == 0, run.output
    assert [step.changed for step in run.steps] == [True] * 4
    assert configuration(farm) == before


# What an administrator may get wrong


def test_groups_without_hosts_are_named(farm: Farm) -> None:
    """An inventory in which one group has another name, and one in which no group has hosts."""
    renamed = farm.inventory().read_text(encoding="utf-8").replace("    exchange_servers:\n", "    exchange:\n")
    empty = "all: {children: {exchange_servers: {hosts: {}}, lync: {hosts: {somewhere: }}}}\n"
    other = replace(farm, connection="of-other-groups")
    for inventory, missing in ((renamed, "exchange_servers"), (empty, "exchange_servers and lync_servers")):
        (farm.state_dir / f"inventory-{other.connection}.yml").write_text(inventory, encoding="utf-8")
        run = other.playbook(INTEGRATE, "--tags", "certificates")
        assert run.rc == 2, run.output
        assert [step.host for step in run.steps] == ["localhost"]
        assert run.steps[0].msg.startswith(f"The inventory has no hosts in {missing}. ")
        assert "integration_exchange_hosts" in run.steps[0].msg


def test_a_limit_that_leaves_out_a_product_is_told_by_the_part_that_needs_it(farm: Farm) -> None:
    watched = integrate(farm, "--tags", "certificates", "--limit", "exchange_servers")
    assert (watched.run.rc, watched.writes) == (2, [])
    assert f"None of the Front End Servers ({LYNC}) is in this play" in watched.run.output
