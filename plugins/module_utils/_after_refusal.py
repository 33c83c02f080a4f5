# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done when the server refuses a write of a plan: see whether it is needed at all, and put back what had to make room for it."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import UNKNOWN, Step, Steps, listed

Undo = t.Sequence[tuple[Step, Step]]
"""Steps that only make room for a later one, each with the step that takes it back."""


ALREADY = ("conflict", "not_found")
"""Kinds of error of a write that somebody else may have made needless in the meantime: what it adds is there, what it removes is not."""


def plan_after_race(
    refused: ShellError, step: Step, plan_again: t.Callable[[], t.Sequence[Step]], warn: t.Callable[[str], None]
) -> t.Sequence[Step]:
    """What is still to do after a write that was refused with one of :data:`ALREADY`, by what is read back.

    :param step: the step that was refused; it is never sent again.
    :raises ShellError: ``refused``, if the step is still to do.
    """
    reason = refused.message.strip()
    try:
        left = plan_again()
    except ShellError as error:
        refused.message = f"{reason} Read back after that: {error.message}"
        raise refused from error
    if step in left:
        raise refused
    told = "but what it was to do is done: somebody else did it in the meantime."
    if left:
        told = "because somebody else changed the same in the meantime. It was read and planned again."
    warn(f"{step.name} was refused ({reason}), {told}")
    return left


def put_back(error: ShellError, undo: Undo, steps: Steps, *, refused: bool) -> None:
    """Put back at once what was taken away to make room, the last first, and add to ``error`` whether that worked.

    :param refused: whether the server refused the write; if nobody knows its outcome, nothing is sent.
    """
    gone = _find_gone(undo, steps)
    if gone and not refused:
        error.message += f" What was removed may still be missing; this puts it back: {listed(gone)}."
        return
    for step in gone:
        failure = steps.repair(step)
        error.message += f" {_tell_outcome(step, failure)}"
        if failure is None:
            error.result["commands"] = [str(ran) for ran in steps.ran]
        elif failure.kind in UNKNOWN:
            error.result["commands_unknown"] = [*error.result["commands_unknown"], str(step)]


def _tell_outcome(step: Step, failure: ShellError | None) -> str:
    if failure is None:
        return f"What was removed is back: {step}."
    known = "may not be back" if failure.kind in UNKNOWN else "is not back"
    return f"What was removed {known}: {step} failed too ({failure.message.strip()}). Run it by hand."


def _find_gone(undo: Undo, steps: Steps) -> list[Step]:
    """What takes back the removals that nothing has followed, the last first."""
    found: list[Step] = []
    for step in reversed(steps.sent):
        inverse = next((back for taken, back in undo if taken == step), None)
        if inverse is None and step in steps.ran:
            break
        # else the step's outcome was unknown, and it was planned again because it had not taken effect
        if inverse is not None and inverse not in found:
            found.append(inverse)
    return found
