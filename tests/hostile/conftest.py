# SPDX-License-Identifier: GPL-3.0-or-later
"""The hostile server's tests: the lab's wire and its stand-ins come on the path."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from ansible_collections.onprem.exchange_lync.tests.unit.lab import conftest as lab

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

certificate = lab.certificate

SEED = "EXCHANGE_LYNC_FUZZ_SEED"


def pytest_configure() -> None:
    """One seed for all workers, which inherit the environment."""
    os.environ.setdefault(SEED, str(random.SystemRandom().randrange(1 << 32)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which seed it was, also where all went well."""
    terminalreporter.write_line(f"fuzz.py's seed was {os.environ[SEED]} ({SEED} chooses it)")
