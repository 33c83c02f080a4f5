# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person reads of an audit: how many problems on how many servers, each once, what to do, what changes and what has changed."""

from __future__ import annotations

import textwrap
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape

Audit = Mapping[str, t.Any]
WIDTH = 120
_TITLES = {"error": "Errors", "warning": "Warnings", "info": "Notes"}
_WAYS_ON = (
    "Fix what a line says, and run again.",
    "Accept a finding: add its id, or id@server, to farm_tolerate. What it holds back is then left as it is.",
    "Leave a server out that takes no part: add it to farm_leave_out.",
)
LOOK_CLOSER = "Look closer: playbook onprem.exchange_lync.audit; docs/rules.md explains each [rule]."


def write_report(audit: Audit, *, fatal: Sequence[str], before: Audit | None = None) -> list[str]:
    """The report, line by line.

    :param audit: a result of ``farm_audit``.
    :param fatal: the severities that end the run.
    :param before: the audit before the roles wrote, where this is the one afterwards.
    """
    findings = audit["findings"]
    ends = ends_run(audit, fatal)
    lines = [write_headline(audit, fatal=fatal), *_write_findings(findings)]
    if audit["stage"] == "before":
        lines += [*(_write_ways_on() if ends else ()), *_write_to_do(audit["to_do"], held=ends)]
    else:
        lines += _write_changes(before, audit)
    lines += [*_write_days(audit["certificates"]), *([LOOK_CLOSER] if findings or audit["stage"] == "after" else [])]
    return [escape(line) for line in lines]


def ends_run(audit: Audit, fatal: Sequence[str]) -> bool:
    """Whether a finding is grave enough to end the run. One that the user has accepted never is."""
    return any(item["severity"] in fatal and not item["tolerated"] for item in audit["findings"])


def write_headline(audit: Audit, *, fatal: Sequence[str]) -> str:
    """One line: how many problems on how many servers, and what that means."""
    problems = [item for item in audit["findings"] if item["severity"] in ("error", "warning")]
    counted = _count(problems)
    if ends_run(audit, fatal):
        stopped = "Nothing was written." if audit["stage"] == "before" else "The farm is not as described."
        return f"{counted} {stopped}"
    if problems:
        return f"{counted} None of them ends the run."
    return "No problems found."


def _count(problems: Sequence[Mapping[str, t.Any]]) -> str:
    """``3 problems on 2 servers (1 error, 2 warnings).``: the same on several servers is one problem."""
    folded = list(fold(problems))
    hosts = {item["host"] for item in problems}
    kinds = [(kind, sum(item["severity"] == kind for item, _hosts in folded)) for kind in ("error", "warning")]
    shown = ", ".join(_plural(number, kind) for kind, number in kinds if number)
    return f"{_plural(len(folded), 'problem')} on {_plural(len(hosts), 'server')} ({shown})."


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def fold(findings: Iterable[Mapping[str, t.Any]]) -> Iterator[tuple[Mapping[str, t.Any], list[str]]]:
    """Each finding once, with all the servers that it was found on."""
    folded: dict[tuple[str, ...], tuple[Mapping[str, t.Any], list[str]]] = {}
    for item in findings:
        key = (item["severity"], item["rule"], item["evidence"], item["remedy"], str(item["tolerated"]))
        folded.setdefault(key, (item, []))[1].append(item["host"])
    yield from folded.values()


def _write_findings(findings: Sequence[Mapping[str, t.Any]]) -> Iterator[str]:
    """Errors first. A remedy that several lines in a row share is said once, below the last of them."""
    for severity, title in _TITLES.items():
        folded = list(fold(item for item in findings if item["severity"] == severity))
        if folded:
            yield f"{title}:"
        for number, (item, hosts) in enumerate(folded):
            tolerated = " (tolerated)" if item["tolerated"] else ""
            yield f"  [{item['rule']}] {item['evidence']}: {', '.join(hosts)}{tolerated}"
            following = folded[number + 1][0]["remedy"] if number + 1 < len(folded) else None
            if severity != "info" and not tolerated and item["remedy"] != following:
                yield from _wrap_remedy(item["remedy"])


def _wrap_remedy(text: str) -> list[str]:
    indent = " " * 6
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _write_ways_on() -> Iterator[str]:
    yield "Three ways on:"
    for number, way in enumerate(_WAYS_ON, start=1):
        yield f"  {number}. {way}"


def _write_to_do(to_do: Sequence[Mapping[str, t.Any]], *, held: bool) -> Iterator[str]:
    """What the roles would change; where the run ends before, what they would change then."""
    changes = [item for item in to_do if item["state"] == "to_do"]
    if not changes and not held:
        kept = any(item["state"] == "kept" for item in to_do)
        yield "Nothing to change." if kept else "Nothing to change: the farm is as described."
    if changes:
        yield f"To change{' once that is settled' if held else ''} ({len(changes)}):"
    yield from map(_write_change, changes)


def _write_changes(before: Audit | None, after: Audit) -> Iterator[str]:
    """What was still to do before, and is not any more."""
    left = {(item["role"], item["about"]) for item in after["to_do"]}
    planned = [item for item in (before or {}).get("to_do", ()) if item["state"] == "to_do"]
    changed = [item for item in planned if (item["role"], item["about"]) not in left]
    if changed:
        yield f"Changed ({len(changed)}):"
        yield from map(_write_change, changed)


def _write_change(change: Mapping[str, t.Any]) -> str:
    return f"  {change['role']}: {change['about']}: {change['before'] or 'none'} -> {change['after'] or 'none'}"


def _write_days(certificates: Sequence[Mapping[str, t.Any]]) -> Iterator[str]:
    """How long the certificates last that sign tokens: for each use the shortest."""
    shortest: dict[str, Mapping[str, t.Any]] = {}
    for item in certificates:
        known = shortest.get(item["use"])
        if item["days_left"] is not None and (known is None or item["days_left"] < known["days_left"]):
            shortest[item["use"]] = item
    if shortest:
        listed = [f"{use} {item['days_left']}" for use, item in shortest.items()]
        yield f"Days left: {', '.join(listed)}."
