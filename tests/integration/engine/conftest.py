# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's folder on the path."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
for folder in (ROOT / "tests" / "lab", ROOT / "tests" / "unit" / "lab", HERE):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
