# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulated PowerShell needs of its host process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol


class Farm(Protocol):
    """The farm, as a session sees it (``wire.farm_client.SessionClient``, or a test's)."""

    host: str

    def call(self, op: str, **fields: Any) -> dict[str, Any]:
        """One question, one answer."""

    def cmdlet(self, **fields: Any) -> Iterator[dict[str, Any]]:
        """Call a cmdlet; answers as they come, the last with ``done`` or ``failed``."""

    def charge(self, what: str) -> None:
        """Let the time pass that the real thing takes."""

    def event(self, event: str, **fields: Any) -> None:
        """Tell what happened."""
