# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults injected by name: what clients see, and that the farm is told."""

from __future__ import annotations

import threading
import time

import pytest
import requests
from pypsrp.exceptions import WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool

from wire.host import follow_farm
from wire.injected_faults import Faults
from wire_clients import ServerModeClient, pool, protocol, wsman
from wire_stand_ins import Lab

# Clients leave sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def echo(opened: RunspacePool) -> list[str]:
    shell = PowerShell(opened)
    shell.add_cmdlet("Write-Echo").add_parameter("Value", "x")
    output: list[str] = shell.invoke()
    return output


@pytest.mark.parametrize("name", ["drop_connection_after_send", "lost_answer"])
def test_the_pipeline_runs_and_nobody_hears(lab: Lab, name: str) -> None:
    with pool(lab.ports["wsman_https"]) as opened:
        lab.server.faults.update([{"name": name, "count": 1}])
        with pytest.raises(requests.exceptions.ConnectionError):
            echo(opened)
        assert [event["commands"] for event in lab.farm.wait_for("pipeline")] == [["Write-Echo"]]
        assert [event["fault"] for event in lab.farm.wait_for("fault")] == [name]
        assert echo(opened) == ["x"]


def test_lost_answer_of_a_server_process(lab: Lab) -> None:
    client = ServerModeClient(protocol(lab.ports["wsman_https"]))
    lab.server.faults.update([{"name": "lost_answer", "count": 1}])
    with pytest.raises(requests.exceptions.ConnectionError):
        client.invoke("Write-Echo", Value="x")
    assert [event["commands"] for event in lab.farm.wait_for("pipeline")] == [["Write-Echo"]]


def test_expired_shells(lab: Lab) -> None:
    opened = RunspacePool(wsman(lab.ports["wsman_https"], ssl=True, auth="basic"))
    opened.open()
    lab.server.faults.update(["expire_shells"])
    lab.server.faults.update(["expire_shells"])
    with pytest.raises(WSManFaultError) as caught:
        echo(opened)
    assert caught.value.code == 2150858843
    assert [event["reason"] for event in lab.farm.wait_for("session_closed")] == ["expired"]
    with pool(lab.ports["wsman_https"]) as again:
        assert echo(again) == ["x"]


def test_stopped_application_pool(lab: Lab) -> None:
    lab.server.faults.update(["http_503"])
    with pytest.raises(WinRMTransportError) as caught, pool(lab.ports["wsman_https"]):
        pass
    assert caught.value.code == 503


def test_slow_receive(lab: Lab) -> None:
    with pool(lab.ports["wsman_https"]) as opened:
        lab.server.faults.update([{"name": "slow_receive", "value": "0.3", "count": 1}])
        started = time.monotonic()
        assert echo(opened) == ["x"]
        assert time.monotonic() - started >= 0.3


def test_the_farm_pushes_faults(lab: Lab) -> None:
    faults = Faults()
    connection = lab.client.connect()
    follower = threading.Thread(
        target=follow_farm, args=(connection, lambda told: faults.update(told["faults"]), "ex01")
    )
    follower.start()
    deadline = time.monotonic() + 5
    while not lab.farm.followers and time.monotonic() < deadline:
        time.sleep(0.01)
    lab.farm.push([{"name": "http_503", "value": "", "count": 2}])
    while not faults.take("http_503") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [bool(faults.take("http_503")) for _turn in range(2)] == [True, False]
    connection.close()
    follower.join(5)
    assert not follower.is_alive()
