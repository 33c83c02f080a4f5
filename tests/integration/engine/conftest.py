# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's folder on the path, and the real engine where it is at hand."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
for folder in (ROOT / "tests" / "lab", ROOT / "tests" / "unit" / "lab", HERE):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


@pytest.fixture(scope="session")
def pwsh() -> str:
    """The PowerShell engine: PWSH, pwsh on the path, or the one beside the clone."""
    shared = Path(os.environ.get("EXCHANGE_LYNC_SHARED") or ROOT.parent / "shared")
    for candidate in (os.environ.get("PWSH"), shutil.which("pwsh"), str(shared / "pwsh" / "pwsh")):
        if candidate and Path(candidate).is_file():
            return candidate
    pytest.skip(
        "there is no PowerShell engine: set PWSH, or put one on the path or beside the clone as ../shared/pwsh/pwsh"
    )
