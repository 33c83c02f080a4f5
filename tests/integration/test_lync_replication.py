# SPDX-License-Identifier: GPL-3.0-or-later
"""lync_replication: a change takes its time, a replica of a server that is gone never comes."""

from __future__ import annotations

import threading
import time

import pytest

from harness import Farm

HOST = "atl-lync-001.litwareinc.com"
STATUS = "Get-CsManagementStoreReplicationStatus"
WRITE = "- {{name: write, onprem.exchange_lync.lync_oauth_configuration: {{realm: {realm}, on_conflict: replace}}}}\n"
# The Master Replicator begins some time after a write; until then nobody is told to be behind
BEGINS = "- {name: begins, ansible.builtin.pause: {seconds: 1}}\n"
WAIT = "- {name: wait, onprem.exchange_lync.lync_replication: {wait: true, timeout: 60, interval: 1}}\n"


def readings(farm: Farm) -> int:
    return sum(entry.get("cmdlet") == STATUS for entry in farm.journal())


def release(farm: Farm, seen: int) -> None:
    """Let the replica go as soon as it has been looked at once more."""
    end = time.monotonic() + 60
    while readings(farm) <= seen and time.monotonic() < end:
        time.sleep(0.2)
    farm.lab("fault", "replication_stuck", "--host", HOST, "--off")


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_a_change_is_awaited(farm: Farm, execution: str) -> None:
    farm.lab("fault", "replication_stuck", "--host", HOST)
    looked = WAIT.replace("wait,", "looked,").replace("}}\n", "}, check_mode: true}\n")
    run = farm.play(
        WRITE.format(realm=f"{execution}.litwareinc.com") + BEGINS + looked, hosts="lync_servers", execution=execution
    )
    assert run.rc == 0, run.output
    assert (run.step("looked").result["lagging"], run.step("looked").cmdlets) == ([HOST], [STATUS])
    helper = threading.Thread(target=release, args=(farm, readings(farm)))
    helper.start()
    run = farm.play(WAIT + WAIT.replace("wait,", "again,"), hosts="lync_servers", execution=execution)
    helper.join()
    assert run.rc == 0, run.output
    waited, again = run.step("wait"), run.step("again")
    assert (waited.changed, waited.result["up_to_date"], waited.writes) == (False, True, [])
    assert 0 < waited.result["waited"] < 60
    assert (again.cmdlets, again.result["waited"]) == ([STATUS], 0.0)


def test_forcing_is_a_change_and_check_mode_writes_nothing(farm: Farm) -> None:
    force = (
        "- {{name: {name}, onprem.exchange_lync.lync_replication: {{force: true, wait: true, interval: 1}}{more}}}\n"
    )
    tasks = force.format(name="checked", more=", check_mode: true") + force.format(name="forced", more="")
    run = farm.play(tasks, hosts="lync_servers")
    checked, forced = run.step("checked"), run.step("forced")
    assert (checked.changed, checked.writes) == (True, [])
    assert forced.changed
    assert [entry["cmdlet"] for entry in forced.writes] == ["Invoke-CsManagementStoreReplication"]
    assert checked.result["commands"] == forced.result["commands"]
    assert (forced.result["up_to_date"], forced.result["waited"] > 0) == (True, True)


def test_a_stuck_replica_is_named_in_time_and_can_be_left_out(farm: Farm) -> None:
    farm.lab("fault", "replication_stuck", "--host", HOST)
    tasks = (
        WRITE.format(realm="stuck.litwareinc.com")
        + BEGINS
        + (
            f"- {{name: left out, onprem.exchange_lync.lync_replication: {{wait: true, exclude: [{HOST.upper()}]}}}}\n"
            "- {name: late, onprem.exchange_lync.lync_replication: {wait: true, timeout: 3, interval: 1}}\n"
        )
    )
    run = farm.play(tasks, hosts="lync_servers")
    farm.lab("fault", "replication_stuck", "--host", HOST, "--off")
    assert run.step("left out").result["lagging"] == []
    late = run.step("late")
    assert late.failed
    assert f"after 3 s these replicas are not up to date: {HOST}." in late.msg
    assert f"0 of 1 replicas, waiting for {HOST}, 0 of 3 s" in run.output
    assert late.result["lagging"] == [HOST]
