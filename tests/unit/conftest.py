# SPDX-License-Identifier: GPL-3.0-or-later
"""What every unit test can ask for: where the repository is, and the shared recordings beside it.

What is not there is a reason to skip, or to fail where EXCHANGE_LYNC_REQUIRE_PEERS says that it has to be there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]

BESIDE = {"recorded", "shared", "pwsh"}
"""The fixtures that give what is beside the clone."""


def pytest_addoption(parser: Any) -> None:
    """Declare the option by which nothing runs twice in ``make test``."""
    parser.addoption(
        "--beyond-ansible-test",
        action="store_true",
        help="leave out the tests of plugins that `ansible-test units` runs too: all but those that need what is beside the clone",
    )


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out what ansible-test runs."""
    if not config.getoption("--beyond-ansible-test"):
        return
    plugins = ROOT / "tests" / "unit" / "plugins"
    others = {item for item in items if plugins in item.path.parents and BESIDE.isdisjoint(item.fixturenames)}
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show what tests measured, and recorded as "agreement", from wherever they ran."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    for report in reports:
        for name, value in getattr(report, "user_properties", []):
            if name == "agreement" and report.when == "call":
                terminalreporter.write_line(f"{name}: {value}")


def without(missing: str) -> NoReturn:
    """Skip the test, or fail it where nothing may be missing."""
    if os.environ.get("EXCHANGE_LYNC_REQUIRE_PEERS"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the clone, or of the copy of it that ansible-test runs in."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded conversations and captured objects: beside the clone, or EXCHANGE_LYNC_SHARED."""
    folder = Path(os.environ.get("EXCHANGE_LYNC_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        without("the recordings are not here: put them beside the clone as ../shared or set EXCHANGE_LYNC_SHARED")
    return folder


@pytest.fixture(scope="session")
def recorded(shared: Path) -> Callable[[str], str]:
    """The text of a file in that folder, by its path there."""

    def text(name: str) -> str:
        file = shared / name
        if not file.is_file():
            without(f"{name} is not among the recordings")
        return file.read_text(encoding="utf-8-sig")

    return text


@pytest.fixture(scope="session")
def pwsh() -> str:
    """The PowerShell engine: PWSH, pwsh on the path, or the one of the recordings' folder."""
    beside = Path(os.environ.get("EXCHANGE_LYNC_SHARED") or ROOT.parent / "shared") / "pwsh" / "pwsh"
    for candidate in (os.environ.get("PWSH"), shutil.which("pwsh"), str(beside)):
        if candidate and Path(candidate).is_file():
            return candidate
    without(
        "there is no PowerShell engine: set PWSH, or put one on the path or beside the clone as ../shared/pwsh/pwsh"
    )
