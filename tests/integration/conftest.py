# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the integration tests: a lab for each module of tests, connection and peer.

A peer is what answers behind the lab's endpoints, and its language. With EXCHANGE_LYNC_LAB_ENGINE set it is the real PowerShell
engine for every test that does not say otherwise. EXCHANGE_LYNC_CONNECTIONS names the connections of tests that name none
themselves: "psrp winrm", one of them, or "documented", which is Exchange by psrp and Lync by winrm in one inventory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ansible_collections.onprem.exchange_lync.tests.unit import conftest as unit

sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).parent))

from harness import Farm
from preloaded_ansible import StartedAnsible

CONNECTIONS = ("psrp", "winrm")
ASKED = tuple(os.environ.get("EXCHANGE_LYNC_CONNECTIONS", " ".join(CONNECTIONS)).split())

pwsh = unit.pwsh


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was measured, as the unit tests do, and which files took the time: what is split by files takes as long as the longest."""
    unit.pytest_terminal_summary(terminalreporter)
    seconds: dict[str, float] = {}
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if spent := getattr(report, "duration", 0.0):
            name = report.nodeid.partition("::")[0]
            seconds[name] = seconds.get(name, 0.0) + spent
    for name, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        if spent >= LONG:
            terminalreporter.write_line(f"{spent:6.0f} s  {name}")


class Peer(NamedTuple):
    """What answers: "emulated" or "engine", and its culture, where it is not the scenario's."""

    powershell: str
    culture: str | None = None


LONG = 5.0
"""Seconds from which on a file of tests is listed at the end."""
DEFAULT = Peer("engine" if os.environ.get("EXCHANGE_LYNC_LAB_ENGINE") else "emulated")


FIRST = (
    "broken_fixed",
    "management_shell",
    "your_own_farm",
    "roles",
    "transport",
    "lync_certificates",
    "rotations",
    "examples",
)
"""The files that take longest, by the end of their names: they begin first, so that no worker waits for one of them at the end."""


def pytest_configure(config: Any) -> None:
    """Declare the markers."""
    config.addinivalue_line("markers", "core: run on the oldest ansible-core as well: what stands on its internals")
    config.addinivalue_line("markers", "scenario(name): the lab's scenario, litware where nothing is said")
    config.addinivalue_line(
        "markers", "connections(names): the connections to run a test over, psrp and winrm where nothing is said"
    )
    config.addinivalue_line("markers", "emulated: leave out on the real PowerShell engine, which has no part in it")
    config.addinivalue_line(
        "markers", "peers((powershell, culture), ...): what answers, instead of the run's own choice"
    )


def pytest_generate_tests(metafunc: Any) -> None:
    """Run each test that uses a farm over every connection and with every peer that it names."""
    if "farm" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("connections")
        named = [name for name in marker.args if name in ASKED or name not in CONNECTIONS] if marker else ASKED
        metafunc.parametrize("connection", named, scope="module")
        if marker := metafunc.definition.get_closest_marker("peers"):
            metafunc.parametrize("peer", [Peer(*peer) for peer in marker.args], ids="-".join, scope="module")


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Have the longest files begin first; those who run files side by side keep to the order (--no-loadscope-reorder)."""
    names = {f"test_{name}": number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: names.get(item.path.stem, len(names)))


@pytest.fixture(scope="module")
def peer() -> Peer:
    """What answers behind the lab's endpoints."""
    return DEFAULT


@pytest.fixture(scope="module")
def farm(request: Any, connection: str, peer: Peer, tmp_path_factory: Any) -> Iterator[Farm]:
    """A running lab, fresh for each module of tests, connection and peer."""
    marker = request.node.get_closest_marker("scenario")
    engine = request.getfixturevalue("pwsh") if peer.powershell == "engine" else None
    scenario, folder = marker.args[0] if marker else "litware", tmp_path_factory.mktemp("lab")
    running = Farm(scenario, folder, connection, engine=engine, culture=peer.culture)
    running.up()
    yield running
    running.down()


@pytest.fixture
def started_ansible(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start Ansible for each run, as a user does: for tests that look at its processes."""
    monkeypatch.setattr(farm, "ansible", StartedAnsible())
