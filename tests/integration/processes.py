# SPDX-License-Identifier: GPL-3.0-or-later
"""What any account of the controller can see of its processes: their arguments; and what the same account can: their environment."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

PAUSE = 0.02
"""Seconds between two looks: shorter than any process of ours lives."""


@contextlib.contextmanager
def watched(texts: tuple[str, ...]) -> Iterator[set[str]]:
    """Look at all processes, again and again, until the block ends; what is given fills with the texts that were seen."""
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(PAUSE):
            shown = b"\0".join(_shown())
            seen.update(text for text in texts if text.encode() in shown)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def helpers(home: Path) -> list[int]:
    """The ids of the helper processes of the plays that have this ANSIBLE_HOME."""
    return [process for process in of_home(home) if _name(process).startswith("management_")]


def of_home(home: Path) -> list[int]:
    """The ids of the processes that have this ANSIBLE_HOME."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"ANSIBLE_HOME={home}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def _name(process: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8")
    return ""


def _shown() -> Iterator[bytes]:
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):  # it has ended, or is another account's
                yield (process / name).read_bytes()
