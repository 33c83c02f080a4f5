# SPDX-License-Identifier: GPL-3.0-or-later
"""Replicas that come up to date after some readings, or never."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.replication import Awaited, Replica
from ansible_collections.onprem.exchange_lync.plugins.modules import lync_replication

EDGE = "Edge.contoso.com"


class Replicas:
    """FE1 is up to date, FE2 after ``readings``, EDGE never. Sleeping is counted, not done."""

    def __init__(self, scripted: Any, readings: int) -> None:
        self.readings, self.slept, self.forced = readings, 0.0, False
        self.helper = scripted(
            Get_CsManagementStoreReplicationStatus=self.read, Invoke_CsManagementStoreReplication=self.invoke
        )

    def read(self) -> list[dict[str, Any]]:
        self.readings -= 1
        return [
            self._state("fe1.contoso.com", True),
            self._state("fe2.contoso.com", self.readings < 0),
            self._state(EDGE, False),
        ]

    def invoke(self) -> None:
        self.readings, self.forced = min(self.readings, 1), True

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def monotonic(self) -> float:
        return self.slept

    def _state(self, name: str, fresh: bool) -> dict[str, Any]:
        moment = dt.datetime(2026, 8, 1, 12, 1 if self.forced and fresh else 0, tzinfo=dt.UTC)
        return {
            "ReplicaFqdn": name,
            "UpToDate": fresh,
            "LastStatusReport": moment,
            "LastUpdateCreation": moment,
            "ProductVersion": "7.0.2046.0",
        }


@pytest.fixture
def replicas(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(readings: int) -> Replicas:
        made = Replicas(scripted, readings)
        module = "ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.replication_wait.time"
        monkeypatch.setattr(f"{module}.sleep", made.sleep)
        monkeypatch.setattr(f"{module}.monotonic", made.monotonic)
        return made

    return make


def test_status_is_one_read(replicas: Any, run_module: Any) -> None:
    there = replicas(9)
    result = run_module(lync_replication, there.helper, exclude=[EDGE.lower()])
    assert result["lagging"] == ["fe2.contoso.com"]
    assert "failed" not in result
    assert (result["changed"], result["up_to_date"], result["waited"]) == (False, False, 0.0)
    assert result["replicas"][0] == {
        "replica_fqdn": "fe1.contoso.com", "up_to_date": True, "last_status_report": "2026-08-01T12:00:00Z",
        "last_update_creation": "2026-08-01T12:00:00Z", "product_version": "7.0.2046.0",
    }  # fmt: skip
    assert len(there.helper.pipelines) == 1


def test_waiting(replicas: Any, run_module: Any) -> None:
    there = replicas(3)
    result = run_module(lync_replication, there.helper, wait=True, interval=5, exclude=[EDGE])
    assert (result["up_to_date"], result["waited"], there.slept) == (True, 15.0, 15)
    assert "failed" not in result
    assert result["changed"] is False


def test_the_time_out_names_those_that_lag(replicas: Any, run_module: Any) -> None:
    there = replicas(99)
    result = run_module(lync_replication, there.helper, wait=True, timeout=30, interval=10)
    assert result["failed"]
    assert "after 30 s these replicas are not up to date: Edge.contoso.com, fe2.contoso.com." in result["msg"]
    assert "exclude" in result["msg"]
    assert result["lagging"] == [EDGE, "fe2.contoso.com"]
    assert there.slept == 30


def test_forcing_is_the_only_change(replicas: Any, run_module: Any) -> None:
    there = replicas(9)
    predicted = run_module(lync_replication, there.helper, check=True, force=True, wait=True)
    assert (there.helper.writes, there.slept) == ([], 0)
    assert (predicted["changed"], predicted["lagging"]) == (True, [EDGE, "fe2.contoso.com"])
    result = run_module(lync_replication, there.helper, force=True, wait=True, exclude=[EDGE])
    assert "failed" not in result
    assert result["changed"]
    assert result["commands"] == predicted["commands"] == ["Invoke-CsManagementStoreReplication"]
    assert [command.name for command in there.helper.writes] == ["Invoke-CsManagementStoreReplication"]


def test_after_forcing_nobody_is_believed_before_a_new_update(scripted: Any, replicas: Any, run_module: Any) -> None:
    there = replicas(0)
    minutes = iter([0, 0, 0, 3])  # before it is forced, and three readings after it

    def read() -> list[dict[str, Any]]:
        moment = dt.datetime(2026, 8, 1, 12, next(minutes), tzinfo=dt.UTC)
        return [{"ReplicaFqdn": "fe1.contoso.com", "UpToDate": True, "LastUpdateCreation": moment}]

    helper = scripted(Get_CsManagementStoreReplicationStatus=read, Invoke_CsManagementStoreReplication=[])
    result = run_module(lync_replication, helper, force=True, wait=True, interval=60)
    assert "failed" not in result
    assert (result["up_to_date"], result["waited"], there.slept) == (True, 120.0, 120)


def test_the_last_reading_is_at_the_end_of_the_time_out(replicas: Any, run_module: Any) -> None:
    there = replicas(1)
    result = run_module(lync_replication, there.helper, wait=True, timeout=3, interval=5, exclude=[EDGE])
    assert (result["up_to_date"], there.slept) == (True, 3)
    there = replicas(99)
    result = run_module(lync_replication, there.helper, wait=True, timeout=12, interval=5)
    assert (result["failed"], result["waited"], there.slept) == (True, 12.0, 12)


def test_what_was_started_is_told_whatever_fails_after_it(replicas: Any, run_module: Any) -> None:
    there = replicas(0)
    forced = {"changed": True, "commands": ["Invoke-CsManagementStoreReplication"], "commands_not_run": []}
    late = run_module(lync_replication, there.helper, force=True, wait=True, timeout=0)
    assert late["error"]["kind"] == "timeout"
    assert late.items() >= forced.items()
    there.helper.answers["Get-CsManagementStoreReplicationStatus"] = ShellError("access_denied", "Access is denied.")
    unread = run_module(lync_replication, there.helper, force=True)
    assert unread["error"]["kind"] == "access_denied"
    assert unread.items() >= forced.items()
    looked = run_module(lync_replication, there.helper)
    assert (looked["failed"], looked["changed"]) == (True, False)


def test_an_account_that_may_not_force_is_told_so(replicas: Any, run_module: Any) -> None:
    there = replicas(0)
    del there.helper.answers["Invoke-CsManagementStoreReplication"]
    checked = run_module(lync_replication, there.helper, check=True, force=True)
    assert checked["changed"]
    assert "A real run would fail: " in checked["warnings"][0]
    assert "Invoke-CsManagementStoreReplication" in checked["warnings"][0]
    refused = run_module(lync_replication, there.helper, force=True)
    assert (refused["error"]["kind"], refused["changed"]) == ("not_offered", False)
    assert refused["commands_not_run"] == ["Invoke-CsManagementStoreReplication"]
    assert there.helper.writes == []


NOON = dt.datetime(2026, 8, 1, 12, tzinfo=dt.UTC)
LATER = NOON + dt.timedelta(milliseconds=100)


@pytest.mark.parametrize(
    ("awaited", "sent", "fresh", "lags"),
    [
        (Awaited(), None, True, False),
        (Awaited(), None, False, True),
        (Awaited(excluded=frozenset({"fe1"})), None, False, False),
        (Awaited(before={"fe1": NOON}), NOON, True, True),
        (Awaited(before={"fe1": NOON}), LATER, True, False),
        (Awaited(before={"fe1": NOON}), LATER, False, True),
        (Awaited(before={"fe1": None}), None, True, True),
        (Awaited(before={}), NOON, True, False),  # it was not listed before
        (Awaited(since=LATER), NOON, True, True),
        (Awaited(since=LATER), LATER, True, False),
        (Awaited(since=NOON), None, True, True),
        (Awaited(computers=frozenset({"dir"})), LATER, False, True),  # who matters is not listed
    ],
)
def test_who_lags(awaited: Awaited, sent: dt.datetime | None, fresh: bool, lags: bool) -> None:
    replica = Replica({"replica_fqdn": "FE1.", "up_to_date": fresh}, sent)
    assert bool(awaited.list_lagging([replica])) == lags
    assert awaited.count([replica]) == (0 if awaited.excluded else 1)


def test_since_is_a_moment_that_an_update_has_to_be_as_new_as(replicas: Any, run_module: Any) -> None:
    there = replicas(0)
    asked = {"exclude": [EDGE], "since": "2026-08-01T14:00:00+02:00"}
    assert run_module(lync_replication, there.helper, **asked)["lagging"] == []
    asked["since"] = "2026-08-01T12:00:01Z"
    assert run_module(lync_replication, there.helper, **asked)["lagging"] == ["fe1.contoso.com", "fe2.contoso.com"]
    late = run_module(lync_replication, there.helper, **asked, wait=True, timeout=10)
    assert (late["error"]["kind"], late["replicas"][0]["up_to_date"]) == ("timeout", True)
    assert there.helper.said[0] == "0 of 2 replicas, waiting for fe1.contoso.com, fe2.contoso.com, 0 of 10 s"


@pytest.mark.parametrize(
    "params", [{"interval": 0}, {"timeout": -1}, {"since": ""}, {"since": "yesterday"}, {"since": "2026-08-01"}]
)
def test_bad_input(replicas: Any, run_module: Any, params: dict[str, Any]) -> None:
    there = replicas(0)
    assert run_module(lync_replication, there.helper, wait=True, **params)["failed"]
    assert there.helper.pipelines == []
