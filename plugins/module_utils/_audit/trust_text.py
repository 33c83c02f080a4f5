# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on the trust as a table of text."""

from __future__ import annotations

import textwrap
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape

Row = Mapping[str, t.Any]
WIDTHS = {"check": 30, "result": 8, "evidence": 42, "remedy": 40}
_GAP = "  "


def write_table(verdict: Mapping[str, t.Any]) -> list[str]:
    """The table, line by line, with the verdict below it. The same on several servers is one row."""
    rows = [dict(zip(WIDTHS, WIDTHS, strict=True)), {name: "-" * width for name, width in WIDTHS.items()}]
    lines = [line for row in (*rows, *_fold(verdict["checks"])) for line in _write_row(row)]
    return [*lines, f"Trust between Exchange and Lync: {escape(str(verdict['sentence']))}."]


def _fold(checks: Sequence[Row]) -> Iterator[Row]:
    folded: dict[tuple[str, ...], list[str]] = {}
    for row in checks:
        folded.setdefault(tuple(str(row[name]) for name in WIDTHS), []).append(str(row["host"]))
    for cells, hosts in folded.items():
        row = dict(zip(WIDTHS, cells, strict=True))
        yield {**row, "evidence": f"{', '.join(hosts)}: {row['evidence']}"}


def _write_row(row: Row) -> Iterator[str]:
    cells = [
        textwrap.wrap(escape(str(row[name])), width, break_on_hyphens=False) or [""] for name, width in WIDTHS.items()
    ]
    for number in range(max(map(len, cells))):
        parts = [cell[number] if number < len(cell) else "" for cell in cells]
        yield _GAP.join(part.ljust(width) for part, width in zip(parts, WIDTHS.values(), strict=True)).rstrip()
