# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on the documented example: check, apply, again."""

from __future__ import annotations

import collections

import pytest

from harness import Farm
from integrating import Watched, answers, headers, problems, reports, sessions, three_runs

pytestmark = pytest.mark.core

EXCHANGE, LYNC, DNS = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com", "atl-dc-001.litwareinc.com"
OF_EXCHANGE = "/autodiscover/metadata/json/1"
AUTODISCOVER = "https://autodiscover.litwareinc.com/autodiscover/autodiscover"
CHANGES = [
    "Publish the Autodiscover names",
    "Assign the OAuthTokenIssuer certificate",
    "Set the Autodiscover URI of the Client Access servers",
    "Set Lync's OAuth configuration",
    "Make Lync a partner application of Exchange",
    "Make Exchange a partner application of Lync",
]
WRITES = [
    (DNS, "Add-DnsServerResourceRecordCName"),
    (LYNC, "Set-CsCertificate"),
    (EXCHANGE, "Set-ClientAccessServer"),
    (LYNC, "Set-CsOAuthConfiguration"),
    (EXCHANGE, "New-MailUser"),
    (EXCHANGE, "Set-MailUser"),
    (EXCHANGE, "New-ManagementRoleAssignment"),
    (EXCHANGE, "New-ManagementRoleAssignment"),
    (EXCHANGE, "New-PartnerApplication"),
    (LYNC, "New-CsPartnerApplication"),
]


@pytest.fixture(scope="module")
def runs(farm: Farm) -> tuple[Watched, Watched, Watched]:
    return three_runs(farm)


Runs = tuple[Watched, Watched, Watched]


def test_the_runs_succeed(runs: Runs) -> None:
    for watched in runs:
        assert watched.run.rc == 0, watched.run.output


def test_check_mode_tells_every_change_and_writes_nothing(runs: Runs) -> None:
    check, apply, _again = runs
    assert ([task for task, _host in check.changed], check.writes) == (CHANGES, [])
    assert [task for task, _host in apply.changed] == CHANGES


def test_what_check_mode_foretells_is_what_the_run_does(runs: Runs) -> None:
    """Cmdlet by cmdlet, with all its parameters, though a run that writes waits for the replicas as well."""
    foretold, done = ([step.result.get("commands") for step in of.run.steps if step.changed] for of in runs[:2])
    assert foretold == done
    lines = [line.strip() for line in reports(runs[0].run)[0]]
    changes = lines[lines.index("To change (6):") + 1 :][:6]
    after = [line.strip() for line in reports(runs[1].run)[1]]
    assert after[after.index("Changed (6):") + 1 :][:6] == changes


def test_the_apply_writes_what_the_documentation_says_and_nothing_else(runs: Runs) -> None:
    assert [(entry["host"], entry["cmdlet"]) for entry in runs[1].writes] == WRITES
    assert {entry["outcome"] for entry in runs[1].writes} == {"ok"}


def test_the_third_run_changes_nothing(runs: Runs) -> None:
    assert (runs[2].changed, runs[2].writes) == ([], [])


def test_one_session_for_each_host_and_place(runs: Runs, farm: Farm) -> None:
    for watched in runs:
        assert watched.each("sessions") == sessions(farm)


def test_a_run_without_changes_is_short_and_reads_each_thing_once(runs: Runs) -> None:
    """Ceilings, so that nobody makes it dearer unawares."""
    run = runs[2].run
    assert len(headers(run)) <= 16, headers(run)
    calls = [entry for step in run.steps for entry in step.journal if entry["event"] == "cmdlet"]
    reads = collections.Counter((entry["host"], entry["cmdlet"], str(entry["parameters"])) for entry in calls)
    assert {read: count for read, count in reads.items() if count > 1} == {}
    # the names of the DNS server are read one by one, and what is assigned globally beside what the server goes by
    names = collections.Counter((host, cmdlet) for host, cmdlet, _parameters in reads)
    several = {(DNS, "Get-DnsServerResourceRecord"), (LYNC, "Get-CsCertificate")}
    assert {read for read, count in names.items() if count > 1} == several


def test_the_farm_is_as_documented(runs: Runs, farm: Farm) -> None:
    state = farm.state()
    store = state["lync"]["store"]
    assert state["exchange"]["servers"][EXCHANGE]["autodiscover_uri"] == f"{AUTODISCOVER}.xml"
    assert store["oauth"]["exchange_autodiscover_url"] == f"{AUTODISCOVER}.svc"
    assert all(replica["oauth"] == store["oauth"] for replica in state["lync"]["replicas"].values())
    assert answers(farm, "autodiscover.litwareinc.com") == [EXCHANGE]
    lync, exchange = store["partner_applications"], state["exchange"]["partner_applications"]
    assert [item["metadata_url"] for item in lync] == [AUTODISCOVER.replace("/autodiscover/autodiscover", OF_EXCHANGE)]
    (partner,) = [item for item in exchange if item["metadata_url"]]
    assert partner["metadata_url"] == f"https://{LYNC}/metadata/json/1"
    assert partner["certificates"] == [store["certificates"]["OAuthTokenIssuer"]["thumbprint"]]
    assert answers(farm, "autodiscover.litwareinc.com", "A") == answers(farm, EXCHANGE, "A") != []


def test_what_was_written_is_read_back_and_else_not(runs: Runs) -> None:
    assert [len(reports(watched.run)) for watched in runs] == [1, 2, 1]
    for watched in runs:
        for report in reports(watched.run):
            assert report[0] == "No problems found."
            assert problems(report) == []
    assert "Nothing to change: the farm is as described." in reports(runs[2].run)[0]
