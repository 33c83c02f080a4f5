# SPDX-License-Identifier: GPL-3.0-or-later
"""What every unit test can ask for: where the repository is, and the shared recordings beside it."""

from __future__ import annotations

import os
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
