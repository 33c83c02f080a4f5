# SPDX-License-Identifier: GPL-3.0-or-later

"""The farm's clock: real time, moved forward (or back) by whole days to see certificates expire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from farm.errors import LabError


class Clock:
    """Every date that the farm shows or judges by comes from here."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        """The moment in the farm, in UTC."""
        return datetime.now(UTC) + self.offset

    def move(self, days: float) -> None:
        """Move the clock by days; not to where there are no dates."""
        try:
            moved = self.offset + timedelta(days=days)
            datetime.now(UTC) + moved
        except (OverflowError, ValueError) as error:
            raise LabError(f"the clock cannot be moved by {days:g} days: {error}") from error
        self.offset = moved
