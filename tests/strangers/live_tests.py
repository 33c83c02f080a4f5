# SPDX-License-Identifier: GPL-3.0-or-later
"""A plugin of pytest for the clients' own tests: runs only those that ask a live server, and writes what became of each."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

OUTCOMES: dict[str, str] = {}
"""What each test said in the end; nothing where it passed."""


def is_live(item: Any) -> bool:
    """Whether a test asks a server if there is one: pypsrp's say so in a parameter, pywinrm's by their fixture."""
    parameters = getattr(item, "callspec", None)
    connection = parameters.params.get("wsman_conn") if parameters else None
    if connection:
        return bool(connection[0])
    return "protocol_real" in item.fixturenames and item.get_closest_marker("xfail") is None


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Leave out what asks nobody."""
    items[:] = [item for item in items if is_live(item)]


def pytest_runtest_logreport(report: Any) -> None:
    """Note what became of a test."""
    name = report.nodeid.rpartition("::")[2].partition("[")[0]
    OUTCOMES.setdefault(name, "")
    if not report.passed:
        OUTCOMES[name] = str(report.longrepr).strip().splitlines()[-1][:200] or report.outcome


def pytest_sessionfinish() -> None:
    """Write it all."""
    Path(os.environ["STRANGERS_OUTCOMES"]).write_text(json.dumps(OUTCOMES), encoding="utf-8")
