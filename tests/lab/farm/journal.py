# SPDX-License-Identifier: GPL-3.0-or-later

"""What happened: one entry for each session and each cmdlet that reached the model, secrets masked; and counters for each host."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from farm.objects import plain

MASK = "********"
SECRETS = {"password", "capassword", "credential", "alternateserviceaccountcredential"}


def masked(parameters: dict[str, object]) -> dict[str, Any]:
    """Bound parameters as JSON data: a secret is masked by its name, and every SecureString and credential by its kind."""
    return {name: _masked(name, value) for name, value in parameters.items()}


def _masked(name: str, value: object) -> Any:
    if name.lower() in SECRETS or (isinstance(value, dict) and "$secure" in value):
        return MASK
    shown = plain(value)
    if isinstance(shown, dict):
        return {key: _masked(key, entry) for key, entry in shown.items()}
    return shown


@dataclass
class Counters:
    """What a host has seen since the lab started."""

    sessions: int = 0
    open_sessions: int = 0
    pipelines: int = 0
    cmdlets: int = 0
    requests: int = 0
    faults: int = 0
    refused: int = 0


@dataclass
class Journal:
    """Entries in the order they ended, and the counters."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    counters: dict[str, Counters] = field(default_factory=dict)
    other_events: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, entry: dict[str, Any]) -> None:
        """Number an entry and keep it."""
        with self.lock:
            self.entries.append({"id": len(self.entries) + 1, **entry})

    def counter(self, host: str) -> Counters:
        """The counters of a host."""
        return self.counters.setdefault(host, Counters())

    def count(self, host: str, **increments: int) -> None:
        """Add to a host's counters."""
        with self.lock:
            counter = self.counter(host)
            for name, increment in increments.items():
                setattr(counter, name, getattr(counter, name) + increment)

    def select(self, *, writes: bool) -> list[dict[str, Any]]:
        """All entries, or those of cmdlets that write."""
        with self.lock:
            if not writes:
                return list(self.entries)
            return [entry for entry in self.entries if entry["event"] == "cmdlet" and entry["kind"] == "write"]
