# SPDX-License-Identifier: GPL-3.0-or-later

"""What operations cost on real servers (tests/lab/latency.yml), charged when the lab runs with ``--latency real``."""

from __future__ import annotations

import time
from pathlib import Path

import yaml

TABLE = Path(__file__).resolve().parent.parent / "latency.yml"


class Latency:
    """Charges the cost of an operation by letting that time pass."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))

    def seconds(self, what: str, shell: str = "") -> float:
        """The cost of an operation: a key of the table, or ``cmdlet:NAME``; of an unknown one, nothing."""
        if self.mode == "none":
            return 0.0
        kind, _separator, name = what.partition(":")
        entry = self.table.get(kind)
        if kind == "cmdlet":
            entry = (
                self.table["cmdlet"].get(name) or self.table["cmdlet"]["windows" if shell == "windows" else "default"]
            )
        return float(entry["seconds"]) if entry else 0.0

    def charge(self, what: str, shell: str = "") -> float:
        """Let the cost pass; how much it was."""
        if cost := self.seconds(what, shell):
            time.sleep(cost)
        return cost
