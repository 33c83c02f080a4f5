# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication of the Central Management Store that begins late and deploys after that, and who does it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from farm.errors import LabError
from farm.faults import Fault
from farm_bench import Bench
from scenario_changes import bench_with

LATE = {"begins_after": 60.0, "delay": 10.0, "deploys_after": 30.0, "forced_delay": 5.0}
URL = "https://autodiscover.contoso.com/autodiscover/autodiscover.svc"
NEW_YORK, FIRST = "sfb-nyc-01.corp.contoso.com", "sfb-lon-01.corp.contoso.com"


@pytest.fixture
def late() -> Bench:
    return bench_with("contoso", lync={"replication": LATE})


def pass_time(lab: Bench, seconds: float) -> None:
    lab.farm.clock.offset += timedelta(seconds=seconds)


def status(lab: Bench, replica: str = NEW_YORK) -> Any:
    return lab("Get-CsManagementStoreReplicationStatus", ReplicaFqdn=replica).one


def url_on(lab: Bench, host: str = NEW_YORK) -> str:
    return str(lab("Get-CsOAuthConfiguration", host=host, LocalStore=True).one.ExchangeAutodiscoverUrl)


def write(lab: Bench) -> datetime:
    """Write, and say when by the server's clock."""
    assert lab("Set-CsOAuthConfiguration", ExchangeAutodiscoverUrl=URL).failed is None
    moment: datetime = lab("Get-Date", host=FIRST).one
    return moment


def test_until_the_snapshot_every_replica_says_that_it_is_up_to_date(late: Bench) -> None:
    before = status(late)
    written = write(late)
    pass_time(late, 55)
    now = status(late)
    assert (now.UpToDate, url_on(late) == URL) == (True, False)
    assert (now.LastUpdateCreation, now.LastStatusReport) == (before.LastUpdateCreation, before.LastStatusReport)
    assert now.LastUpdateCreation < written


def test_then_it_is_behind_and_then_it_reports(late: Bench) -> None:
    written = write(late)
    pass_time(late, 61)
    behind = status(late)
    assert (behind.UpToDate, behind.LastUpdateCreation > written) == (False, True)
    assert behind.LastStatusReport < behind.LastUpdateCreation
    pass_time(late, 10)
    there = status(late)
    assert (there.UpToDate, url_on(late)) == (True, URL)
    assert there.LastStatusReport - there.LastUpdateCreation == timedelta(seconds=10)


def test_a_certificate_comes_into_the_store_after_the_replica_is_up_to_date(late: Bench) -> None:
    good = late.farm.certificates["oauth-good"].thumbprint
    late("Set-CsCertificate", Identity="global", Type="OAuthTokenIssuer", Thumbprint=good)
    pass_time(late, 71)
    assert status(late).UpToDate is True
    assert late("Get-CsCertificate", host=NEW_YORK, Type="OAuthTokenIssuer").one.Thumbprint == good
    path = f"Cert:\\LocalMachine\\My\\{good}"
    assert late("Get-Item", host=NEW_YORK, Path=path).error_id.startswith("PathNotFound,")
    pass_time(late, 30)
    assert late("Get-Item", host=NEW_YORK, Path=path).one.HasPrivateKey is True


def test_replication_that_is_invoked_does_not_wait_for_its_turn(late: Bench) -> None:
    write(late)
    assert late("Invoke-CsManagementStoreReplication").failed is None
    before = status(late)
    assert before.UpToDate is True
    pass_time(late, 6)
    after = status(late)
    assert (after.UpToDate, url_on(late)) == (True, URL)
    assert after.LastStatusReport > before.LastStatusReport


def test_a_replica_that_was_held_reports_when_it_is_let_go(late: Bench) -> None:
    late.farm.faults.switch_on(Fault("replication_stuck", NEW_YORK))
    write(late)
    pass_time(late, 100)
    assert status(late).UpToDate is False
    late.farm.faults.switch_off("replication_stuck", NEW_YORK)
    let_go = late.farm.clock.now()
    assert status(late).UpToDate is True
    assert status(late).LastStatusReport >= let_go


def test_a_replica_that_is_stuck_from_the_start_reported_months_ago(late: Bench) -> None:
    old = status(late, "edge-old.contoso.com")
    assert old.UpToDate is False
    assert late.farm.clock.now() - old.LastStatusReport > timedelta(days=90)


def test_dates_are_by_the_clock_of_the_server_that_replicates() -> None:
    lab = bench_with("contoso", hosts={3: {"clock": 3600.0}}, lync={"replication": {"begins_after": 0.0, "delay": 0.0}})
    there = lab("Get-Date", host=FIRST).one
    write(lab)
    assert status(lab).LastUpdateCreation >= there
    assert lab("Get-Date", host=NEW_YORK).one < there


def test_the_active_master_is_told() -> None:
    lab = bench_with(
        "contoso",
        lync={"central_management": "pool-lon.corp.contoso.com", "active_master": "sfb-lon-02.corp.contoso.com"},
    )
    found = lab("Get-CsManagementStoreReplicationStatus", CentralManagementStoreStatus=True).one
    assert found.ActiveMasterFqdn == "sfb-lon-02.corp.contoso.com"
    assert list(found.ActiveFileTransferAgents) == ["sfb-lon-02.corp.contoso.com"]
    assert "edge-old.contoso.com" in list(found.ActiveReplicas)
    assert "CentralManagement:pool-lon.corp.contoso.com" in list(lab("Get-CsPool").outputs[0].Services)


def test_only_the_central_pool_has_the_services_that_replicate(late: Bench) -> None:
    def names(host: str) -> set[str]:
        return {str(found.Name) for found in late("Get-CsWindowsService", host=host).outputs}

    assert {"MASTER", "FTA", "REPLICA", "RTCRGS", "RTCCPS", "RTCCLSAGT"} <= names(FIRST)
    assert names(FIRST) - names(NEW_YORK) == {"MASTER", "FTA"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"central_management": "nowhere"}, "central_management names nowhere, which is no pool"),
        (
            {"active_master": NEW_YORK},
            "active_master names sfb-nyc-01.corp.contoso.com, which is not in the pool pool-lon",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(LabError, match=message):
        bench_with("contoso", lync=changes)
