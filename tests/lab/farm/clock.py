# SPDX-License-Identifier: GPL-3.0-or-later

"""The farm's clock: real time, moved forward (or back) by whole days to see certificates expire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Every date that the farm shows or judges by comes from here."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        """The moment in the farm, in UTC."""
        return datetime.now(UTC) + self.offset

    def move(self, days: float) -> None:
        """Move the clock by days."""
        self.offset += timedelta(days=days)
