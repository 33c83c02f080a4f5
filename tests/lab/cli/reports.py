# SPDX-License-Identifier: GPL-3.0-or-later

"""Status, journal and state, for people."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

COUNTERS = ("sessions", "open_sessions", "pipelines", "cmdlets", "requests")
NOTHING = "-"


def table(headings: list[str], rows: Iterable[list[str]]) -> str:
    """Columns as wide as they need to be."""
    lines = [headings, *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(headings))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def status(found: dict[str, Any]) -> str:
    """What each host has seen."""
    head = f"scenario {found['scenario']}, latency {found['latency']}, engine {found['engine'] or 'emulated'}, farm time {found['now']}"
    rows = [
        [fqdn, host["role"], *(str(host[name]) for name in COUNTERS), _ports(host["listeners"])]
        for fqdn, host in found["hosts"].items()
    ]
    faults = [f"fault {fault['name']} on {fault['host']} {fault['value']}".rstrip() for fault in found["faults"]]
    return "\n".join(
        [head, table(["host", "role", *(name.replace("_", " ") for name in COUNTERS), "listeners"], rows), *faults]
    )


def _ports(listeners: dict[str, int]) -> str:
    return " ".join(f"{name}:{port}" for name, port in listeners.items()) or NOTHING


def journal(entries: list[dict[str, Any]]) -> str:
    """One line for each entry."""
    rows = [
        [
            str(entry["id"]),
            entry["time"][11:23],
            entry["host"].partition(".")[0],
            entry["shell"],
            entry["endpoint"],
            entry["kind"] if entry["event"] == "cmdlet" else NOTHING,
            entry["cmdlet"] or entry["event"],
            entry["outcome"],
            json.dumps(entry["parameters"], ensure_ascii=False) if entry["parameters"] else NOTHING,
        ]
        for entry in entries
    ]
    return table(["id", "time", "host", "shell", "endpoint", "kind", "what", "outcome", "parameters"], rows)
