# SPDX-License-Identifier: GPL-3.0-or-later
"""The hostile server's tests: the lab's wire and its stand-ins come on the path."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.onprem.exchange_lync.tests.unit.lab import conftest as lab

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

certificate = lab.certificate
