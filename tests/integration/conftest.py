# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the integration tests: a lab for each module of tests and connection.

With EXCHANGE_LYNC_LAB_ENGINE set, the labs put the real PowerShell engine behind their endpoints.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Farm

CONNECTIONS = ("psrp", "winrm")


def pytest_configure(config: Any) -> None:
    """Declare the markers."""
    config.addinivalue_line("markers", "scenario(name): the lab's scenario, litware where nothing is said")
    config.addinivalue_line(
        "markers", "connections(names): the connections to run a test over, psrp and winrm where nothing is said"
    )


def pytest_generate_tests(metafunc: Any) -> None:
    """Run each test that uses a farm over every connection that it names."""
    if "farm" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("connections")
        metafunc.parametrize("connection", marker.args if marker else CONNECTIONS, scope="module")


@pytest.fixture(scope="module")
def farm(request: Any, connection: str, tmp_path_factory: Any) -> Iterator[Farm]:
    """A running lab, fresh for each module of tests and connection."""
    marker = request.node.get_closest_marker("scenario")
    running = Farm(marker.args[0] if marker else "litware", tmp_path_factory.mktemp("lab"), connection)
    running.up(*(["--engine", "auto"] if os.environ.get("EXCHANGE_LYNC_LAB_ENGINE") else []))
    yield running
    running.down()
