# SPDX-License-Identifier: GPL-3.0-or-later
"""The host as the process that it is."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wire_stand_ins import DESCRIPTION, FakeFarm, Lab

FQDN = DESCRIPTION["fqdn"]


@pytest.fixture
def farm() -> Iterator[FakeFarm]:
    farm = FakeFarm(DESCRIPTION)
    yield farm
    farm.close()


@pytest.fixture
def start(
    repository: Path, farm: FakeFarm, tmp_path: Path, certificate: Path
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    (host, port), started = farm.address, []
    place = {
        "farm": {"host": host, "port": port, "token": "secret"},
        "hosts": {FQDN: {"certificate": str(certificate)}},
    }
    (tmp_path / "lab.json").write_text(json.dumps(place), encoding="utf-8")

    def run() -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(repository / "tests" / "lab")}
        command = [sys.executable, "-m", "wire.host", str(tmp_path), FQDN]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE))
        deadline = time.monotonic() + 20
        while not any(message.get("op") == "listening" for message in farm.told) and time.monotonic() < deadline:
            time.sleep(0.02)
        return started[0]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_it_reports_its_ports_and_ends_on_sigterm(start: Callable[[], subprocess.Popen[bytes]], farm: FakeFarm) -> None:
    process = start()
    (report,) = (message for message in farm.told if message.get("op") == "listening")
    assert report["pid"] == process.pid
    assert sorted(report["listeners"]) == ["product_http", "product_https", "wsman_http", "wsman_https"]
    connection = http.client.HTTPConnection("127.0.0.1", report["listeners"]["wsman_http"], timeout=5)
    connection.request("POST", "/wsman")
    assert connection.getresponse().status == 401
    connection.close()
    assert farm.wait_for("request")[0]["count"] == 1
    assert {"token": "secret"} in farm.told
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_it_ends_with_the_farm(start: Callable[[], subprocess.Popen[bytes]], farm: FakeFarm) -> None:
    process = start()
    deadline = time.monotonic() + 5
    while not farm.followers and time.monotonic() < deadline:
        time.sleep(0.02)
    farm.hang_up()
    assert process.wait(10) in (0, 1)


def test_no_port_outlives_it_nor_the_poll_of_one(lab: Lab) -> None:
    """Such a poll keeps its port open, and then whatever file gets the number of its socket."""
    serving = [listener._serving for listener in lab.server.listeners.values()]
    lab.server.stop()
    assert not set(serving) & set(threading.enumerate())
    for port in lab.ports.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
