# SPDX-License-Identifier: GPL-3.0-or-later
"""What every unit test can ask for: where the repository is, and the shared recordings beside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the clone, or of the copy of it that ansible-test runs in."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded conversations and captured objects: beside the clone, or EXCHANGE_LYNC_SHARED."""
    folder = Path(os.environ.get("EXCHANGE_LYNC_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip("the recordings are not here: put them beside the clone as ../shared or set EXCHANGE_LYNC_SHARED")
    return folder


@pytest.fixture(scope="session")
def pwsh() -> str:
    """The PowerShell engine: PWSH, pwsh on the path, or the one of the recordings' folder.

    Without one the test is skipped, or fails where EXCHANGE_LYNC_REQUIRE_ENGINE says that there has to be one.
    """
    beside = Path(os.environ.get("EXCHANGE_LYNC_SHARED") or ROOT.parent / "shared") / "pwsh" / "pwsh"
    for candidate in (os.environ.get("PWSH"), shutil.which("pwsh"), str(beside)):
        if candidate and Path(candidate).is_file():
            return candidate
    missing = (
        "there is no PowerShell engine: set PWSH, or put one on the path or beside the clone as ../shared/pwsh/pwsh"
    )
    if os.environ.get("EXCHANGE_LYNC_REQUIRE_ENGINE"):
        pytest.fail(missing)
    pytest.skip(missing)
