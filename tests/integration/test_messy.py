# SPDX-License-Identifier: GPL-3.0-or-later
"""An organisation with fifteen years of history: what is said of it is what a careful administrator would say, no more and no less.

Who that is, and why each thing is said, stands in messy_expert.yml.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import Farm
from integrating import Watched, integrate, reports

pytestmark = [pytest.mark.scenario("messy"), pytest.mark.connections("documented")]

EXPERT: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "messy_expert.yml").read_text(encoding="utf-8"))
HELD = ["dns_points_elsewhere", "autodiscover_uri_replaced", "cloud_url"]


@pytest.fixture(scope="module")
def before(farm: Farm) -> dict[str, Any]:
    state: dict[str, Any] = farm.state()
    return state


@pytest.fixture(scope="module")
def unasked(farm: Farm, before: dict[str, Any]) -> Watched:
    """The first run, for which nobody has said anything but what the farm is."""
    return integrate(farm)


def judged(watched: Watched) -> Any:
    """The first audit of a run."""
    return next(step.result for step in watched.run.steps if step.task.endswith("Judge the farm"))


def test_preflight_says_what_the_expert_says(unasked: Watched) -> None:
    found: dict[tuple[str, str, str], set[str]] = {}
    for item in judged(unasked)["findings"]:
        found.setdefault((item["rule"], item["severity"], item["evidence"]), set()).add(item["host"])
    said = sorted((rule, severity, sorted(hosts)) for (rule, severity, _evidence), hosts in found.items())
    assert said == sorted((item["rule"], item["severity"], item["hosts"]) for item in EXPERT["said"])
    things = {(item["rule"], item["about"]) for item in judged(unasked)["findings"]}
    assert {(item["rule"], item["about"]) for item in EXPERT["said"] if "about" in item} <= things


def test_it_stops_there(unasked: Watched, farm: Farm, before: dict[str, Any]) -> None:
    assert (unasked.run.rc, unasked.writes) == (2, [])
    assert reports(unasked.run)[0][0] == "6 problems on 6 servers (3 errors, 3 warnings). Nothing was written."
    assert farm.state()["exchange"] == before["exchange"]


def test_what_needs_nobodys_word(unasked: Watched) -> None:
    to_do = {(item["role"], item["about"]) for item in judged(unasked)["to_do"] if item["state"] == "to_do"}
    assert to_do == {(item["role"], item["about"]) for item in EXPERT["to_do"]}


def test_what_is_accepted_is_left_as_it_is(farm: Farm, unasked: Watched, before: dict[str, Any]) -> None:
    """In check mode, for real, and again: the errors are accepted, and only what nobody chose is changed."""
    accepted = {"farm_tolerate": HELD}
    check, apply, again = (integrate(farm, *arguments, extra_vars=accepted) for arguments in (["--check"], [], []))
    for watched in (check, apply, again):
        assert watched.run.rc == 0, watched.run.output
    assert [entry["cmdlet"] for entry in apply.writes] == [
        "Set-CsCertificate",
        "Set-ClientAccessService",
        "New-MailUser",
        "Set-MailUser",
        *["New-ManagementRoleAssignment"] * 3,
        "New-PartnerApplication",
        "New-CsPartnerApplication",
    ]
    assert (check.writes, again.writes) == ([], [])
    assert [step.result["commands"] for step in check.run.steps if step.changed] == [
        step.result["commands"] for step in apply.run.steps if step.changed
    ]
    after, servers = farm.state(), before["exchange"]["servers"]
    changed = {name for name, server in after["exchange"]["servers"].items() if server != servers[name]}
    assert changed == {"ex19-red-01.corp.woodgrove.net"}
    assert after["dns"] == before["dns"]
    assert after["lync"]["store"]["oauth"] == before["lync"]["store"]["oauth"]


def test_what_may_be_replaced_is_replaced_and_nothing_else(farm: Farm, unasked: Watched) -> None:
    """One by its name, the others by their rule; Exchange 2010 and Edge are left alone."""
    word = {
        "farm_replace": ["cloud_url", "dns_points_elsewhere@autodiscover.northwindtraders.com"],
        "farm_tolerate": ["autodiscover_uri_replaced"],
    }
    apply, again = integrate(farm, extra_vars=word), integrate(farm, extra_vars=word)
    assert (apply.run.rc, again.run.rc) == (0, 0), apply.run.output
    written = [entry["cmdlet"] for entry in apply.writes]
    assert [name for name in written if name not in ("Set-CsCertificate", "Set-ClientAccessService")] == [
        "Remove-DnsServerResourceRecord",
        "Add-DnsServerResourceRecordCName",
        "Set-CsOAuthConfiguration",
    ]
    assert again.writes == []
    uris = {name: server["autodiscover_uri"] for name, server in farm.state()["exchange"]["servers"].items()}
    assert "autodiscover-eu" in uris["ex19-dub-01.corp.woodgrove.net"]
    assert "ex10-red-01" in uris["ex10-red-01.corp.woodgrove.net"]
