# SPDX-License-Identifier: GPL-3.0-or-later
"""lync_oauth_configuration where the URL leads to Exchange Online, and where a Director and a dead Edge replica get what is written."""

from __future__ import annotations

import re

import pytest

from harness import Farm
from refusals import clear, failed

pytestmark = [pytest.mark.scenario("messy"), pytest.mark.connections("documented")]

HOST = "sfb-red-01.corp.woodgrove.net"
MATTER = ["dir-red-01.corp.woodgrove.net", HOST, "sfb-red-02.corp.woodgrove.net"]
EDGE = "edge-red-01.corp.woodgrove.net"
CLOUD = "https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc"
RIGHT = "https://autodiscover.woodgrovebank.com/autodiscover/autodiscover.svc"
MODULE = "onprem.exchange_lync.lync_oauth_configuration"
LOCAL = "{cmdlet: Get-CsOAuthConfiguration, parameters: {LocalStore: true}, select: [ExchangeAutodiscoverUrl]}"


def test_a_url_that_leads_to_the_cloud_stops_the_task_or_is_kept(farm: Farm) -> None:
    options = f"exchange_autodiscover_url: '{RIGHT}'"
    run = farm.play(
        f"""
        - {{name: kept, {MODULE}: {{{options}, exchange_autodiscover_allowed_domains: ['*.woodgrovebank.com'], on_conflict: keep}}}}
        - {{name: checked, {MODULE}: {{{options}}}, check_mode: true, ignore_errors: true}}
        - {{name: refused, {MODULE}: {{{options}}}}}
        """,
        hosts=HOST,
    )
    assert run.rc == 2
    kept = run.step("kept")
    assert (kept.changed, len(kept.writes)) == (True, 1)
    assert kept.result["oauth_configuration"]["exchange_autodiscover_url"] == CLOUD
    said = f"exchange_autodiscover_url is {CLOUD}, which leads to Exchange Online"
    assert kept.result["warnings"] == [f"Left as it is: {said}."]
    for name in ("checked", "refused"):
        assert (run.step(name).writes, run.step(name).result["error"]["kind"]) == ([], "conflict")
        message = run.step(name).msg
        clear(
            message,
            host=HOST,
            shell="lync",
            cmdlet="Set-CsOAuthConfiguration",
            said=said,
            remedy="Nothing was written.",
        )


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_waiting_ends_when_every_front_end_and_director_has_it(farm: Farm, execution: str) -> None:
    """Until the Master Replicator begins, every replica says that it is up to date. That of Edge never is again, and is not waited for."""
    url = RIGHT if execution == "worker" else RIGHT.replace("autodiscover.wood", "autodiscover-eu.wood")
    options = f"{{exchange_autodiscover_url: '{url}', on_conflict: replace, wait: true, timeout: 60}}"
    write = f"- {{name: set, {MODULE}: {options}, run_once: true}}\n"
    read = f"- {{name: own, onprem.exchange_lync.lync_cmdlet: {LOCAL}}}\n"
    again = f"- {{name: again, {MODULE}: {options}, run_once: true}}\n"
    run = farm.play(write + read + again, hosts="lync_servers", execution=execution)
    assert run.rc == 0, run.output
    replication = run.step("set").result["replication"]
    assert (replication["up_to_date"], replication["lagging"]) == (True, [])
    assert 1.0 <= replication["waited"] < 60
    edge = next(item for item in replication["replicas"] if item["replica_fqdn"] == EDGE)
    assert not edge["up_to_date"]
    # what was waited for is true: each computer's own replica has the URL
    assert {step.host for step in run.all("own")} == set(MATTER)
    assert {step.result["objects"][0]["ExchangeAutodiscoverUrl"] for step in run.all("own")} == {url}
    assert (run.step("again").changed, "replication" in run.step("again").result) == (False, False)
    told = re.findall(r"^(\d of 3 replicas), waiting for (.*), \d+ of 60 s$", run.output, re.M)
    assert told[0] == ("0 of 3 replicas", ", ".join(MATTER))
    assert run.output.count(" of 3 replicas, waiting for") == len(told) <= 3


def test_a_director_that_lags_is_named_with_what_was_written(farm: Farm) -> None:
    director = MATTER[0]
    farm.lab("fault", "replication_stuck", "--host", director)
    task = f"- {{name: set, {MODULE}: {{realm: late.com, on_conflict: replace, wait: true, timeout: 15}}}}"
    run = farm.play(task, hosts=HOST)
    late = run.step("set")
    assert (run.rc, late.result["error"]["kind"], late.changed, len(late.result["commands"])) == (2, "timeout", True, 1)
    assert late.result["replication"]["lagging"] == [director]
    said = f"these replicas are not up to date: {director}."
    clear(
        late.msg,
        host=HOST,
        shell="lync",
        cmdlet="Get-CsManagementStoreReplicationStatus",
        said=said,
        remedy="Check that each",
    )
    assert f"2 of 3 replicas, waiting for {director}, " in run.output
    excluding = task.replace("late.com", "left.out.com").replace(
        "timeout: 15", f"timeout: 30, exclude: [{director.upper()}]"
    )
    excluded = farm.play(excluding, hosts=HOST)
    farm.lab("fault", "replication_stuck", "--host", director, "--off")
    assert excluded.rc == 0, excluded.output
    assert excluded.step("set").result["replication"]["lagging"] == []


def test_an_unknown_value_is_refused_before_anything_is_asked(farm: Farm) -> None:
    run = farm.play(f"- {{name: wrong, {MODULE}: {{exchange_autodiscover_url: 'https://['}}}}", hosts=HOST)
    failed(run)
    assert run.step("wrong").cmdlets == []
