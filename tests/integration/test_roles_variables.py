# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles' variables as people give them: texts with -e, nothing at all, and what tags leave out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import ROOT, Farm
from integrating import Watched, integrate, said

pytestmark = pytest.mark.connections("documented")

EXCHANGE, LYNC, DNS = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com", "atl-dc-001.litwareinc.com"
ALL = "exchange_servers:lync_servers:dns_servers"
URL = "https://autodiscover.litwareinc.com/autodiscover/autodiscover"
RECORD = {"name": "autodiscover.litwareinc.com", "value": [EXCHANGE]}

RIGHT: dict[str, dict[str, Any]] = {
    "preflight": {},
    "certificates": {"sip_domains": ["litwareinc.com"]},
    "autodiscover": {"uri": f"{URL}.xml"},
    "oauth": {"exchange_autodiscover_url": f"{URL}.svc"},
    "dns": {"records": [RECORD]},
    "verify": {
        "sip_domains": ["litwareinc.com"],
        "autodiscover_uri": f"{URL}.xml",
        "exchange_autodiscover_url": f"{URL}.svc",
    },
    "integration": {"sip_domains": ["litwareinc.com"], "exchange_fqdn": EXCHANGE},
}
"""For each role what it needs, without the role's prefix."""
TEXTS = {
    "preflight": "sip_domains exchange_hosts lync_hosts dns_hosts autodiscover_servers replication_exclude tolerate",
    "certificates": "sip_domains autodiscover_names exchange_hosts lync_hosts replication_exclude tolerate",
    "autodiscover": "exchange_hosts servers",
    "oauth": "lync_hosts exchange_autodiscover_allowed_domains replication_exclude",
    "dns": "hosts",
    "verify": "sip_domains exchange_hosts lync_hosts dns_hosts autodiscover_servers replication_exclude tolerate",
    "integration": "sip_domains exchange_hosts lync_hosts dns_hosts autodiscover_servers replication_exclude tolerate",
}
"""Lists, which Ansible's own look at the arguments takes from a text."""
EMPTY: dict[str, dict[str, Any]] = {
    "certificates": {"sip_domains": []},
    "autodiscover": {"uri": ""},
    "oauth": {"exchange_autodiscover_url": ""},
    "verify": {"autodiscover_uri": "", "exchange_autodiscover_url": ""},
    "integration": {"exchange_fqdn": "", "autodiscover_uri": "", "exchange_autodiscover_url": ""},
}
"""What would clear a setting, or make a name of nothing."""


def prefixed(role: str, variables: dict[str, Any]) -> dict[str, Any]:
    return {f"{role}_{name}": value for name, value in variables.items()}


def rescued(role: str, name: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The role, and what it failed with."""
    task = {"import_role": {"name": f"onprem.exchange_lync.{role}"}, "vars": prefixed(role, RIGHT[role] | variables)}
    told = {"name": f"{role} {name}", "ansible.builtin.debug": {"var": "ansible_failed_result.msg"}}
    return {"block": [task], "rescue": [told]}


def test_every_role_refuses_texts_for_lists_and_what_says_nothing(farm: Farm) -> None:
    """Before the first question: nothing is asked of any host. All that is wrong is told at once."""
    assert sorted(RIGHT) == sorted(path.name for path in (ROOT / "roles").iterdir())
    texts: dict[str, dict[str, Any]] = {
        role: dict.fromkeys(TEXTS[role].split(), "atl.litwareinc.com") for role in RIGHT
    }
    tasks = [rescued(role, "texts", texts[role]) for role in RIGHT]
    tasks += [rescued(role, "empty", EMPTY[role]) for role in EMPTY]
    run = farm.play(yaml.safe_dump(tasks), hosts="lync_servers")
    assert not [step for step in run.steps if step.journal]
    cases = {"texts": (texts, "is a text, and a list is wanted"), "empty": (EMPTY, "is empty")}
    for name, (variables, why) in cases.items():
        for role, wrong in variables.items():
            told = run.step(f"{role} {name}").result["ansible_failed_result.msg"]
            assert isinstance(told, list), told
            assert sorted(line.split(" ")[0] for line in told) == sorted(prefixed(role, wrong)), role
            assert all(why in line for line in told)


def test_a_text_is_refused_where_preflight_is_left_out(farm: Farm) -> None:
    watched = integrate(farm, "--tags", "autodiscover", extra_vars={"integration_sip_domains": "litwareinc.com"})
    assert (watched.run.rc, watched.writes) == (2, [])
    assert "integration_sip_domains is a text, and a list is wanted" in watched.run.output


def test_no_as_a_text_is_no(farm: Farm) -> None:
    """-e name=false gives a text, and every text but the empty one would be true."""
    roles: dict[str, dict[str, Any]] = {
        "oauth": {"service_name": "lync.litwareinc.com", "wait_for_replication": "false"},
        "preflight": {"sip_domains": ["tailspintoys.com"], "fail": "false"},
        "verify": {"fail": "false"},
    }
    tasks = [
        {"import_role": {"name": f"onprem.exchange_lync.{role}"}, "vars": prefixed(role, RIGHT[role] | variables)}
        for role, variables in roles.items()
    ]
    run = farm.play(yaml.safe_dump(tasks), hosts=ALL)
    assert run.rc == 0, run.output
    assert [entry["cmdlet"] for entry in run.writes] == ["Set-CsOAuthConfiguration"]
    waited = "Wait until every replica has the OAuth configuration"
    assert {step.outcome for step in run.steps if step.task.endswith(waited)} == {"skipped"}
    assert "tailspintoys.com is not a SIP domain" in said(run, "Report all problems at once")
    assert said(run, "Report everything that differs at once").startswith("This is not as it should be:")


def changed(watched: Watched) -> dict[str, bool]:
    """The fact by which the integration tells whether it changed something, by host."""
    steps = [step for step in watched.run.steps if step.task.endswith("Tell whether anything was changed")]
    return {step.host: step.result["ansible_facts"]["integration_changed"] for step in steps}


def test_what_is_left_out_is_not_missed(farm: Farm) -> None:
    """Parts that are left out with --skip-tags, of a farm that is not integrated: in check mode, and for real."""
    check = integrate(farm, "--check", "--skip-tags", "dns")
    assert check.run.rc == 0, check.run.output
    assert "Report everything that differs at once" not in check.run.output
    apply = integrate(farm, "--skip-tags", "certificates,dns")
    assert apply.run.rc == 0, apply.run.output
    assert {entry["cmdlet"] for entry in apply.writes} <= {"Set-ClientAccessServer", "Set-CsOAuthConfiguration"}
    assert said(apply.run, "Report everything that differs at once") == "Everything is as it should be."
    for watched in (check, apply):
        assert changed(watched) == dict.fromkeys((EXCHANGE, LYNC, DNS), True)


def test_a_server_that_is_away_and_one_that_only_shows(farm: Farm, tmp_path: Path) -> None:
    """A DNS server that cannot be reached is told, and the next one is asked and written to, as for both products.

    An account without Set-ClientAccessServer is enough where all servers have some URI, and only blank ones are to be set.
    """
    away, more = "atl-dc-000.litwareinc.com", tmp_path / "more.yml"
    hosts = {
        EXCHANGE: {"ansible_user": "auditor@litwareinc.com", "ansible_password": 'read: "only" 100% é'},
        away: {"ansible_connection": "psrp", "ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_user": "nobody"},
    }
    groups: dict[str, Any] = {"dns_servers": {"hosts": {away: {}}}}
    more.write_text(yaml.safe_dump({"all": {"hosts": hosts, "children": groups}}, allow_unicode=True), encoding="utf-8")
    variables = {
        "integration_dns_hosts": [away, DNS],
        "integration_tolerate": ["unreachable"],
        "integration_autodiscover_uri": "https://mail.litwareinc.com/autodiscover/autodiscover.xml",
        "integration_autodiscover_only_blank": "true",
    }
    watched = integrate(farm, "--tags", "preflight,dns", "-i", str(more), extra_vars=variables)
    assert watched.run.rc == 0, watched.run.output
    assert [(entry["host"], entry["cmdlet"]) for entry in watched.writes] == [(DNS, "Add-DnsServerResourceRecordCName")]
    title, *lines = said(watched.run, "Report all problems at once").splitlines()
    assert title == "Nothing stands in the way."
    assert [line.split(": ")[:3] for line in lines] == [
        [f"- (warning) {away}", "windows management shell", "Get-DnsServerZone"]
    ]
