# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's binder against the engine's own over calls at random, with the values that each converted.

The seed is printed, and a new one each time; EXCHANGE_LYNC_SEED makes the same calls again.
"""

from __future__ import annotations

import collections
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.binder_calls import Call
from engine.random_calls import PREAMBLE, describe, random_calls
from engine.test_binder import COMPARED
from powershell.binder import bind, bind_input
from powershell.catalogue import load
from powershell.errors import Terminating
from powershell.proxies import enums, signature

CALLS = 5000
AT_LEAST = 0.99
KINDS = {"named", "shortened", "bare", "unknown", "positional", "piped"}
ON_ONE_LINE = (
    "function Format-Line($Answer) { $text = [string]::Join(' ', @($Answer)); if ($null -eq $text) { return '' }; "
    "$text.Replace([string][char]10, '_').Replace([string][char]13, '_') }"
)


def lab_answer(call: Call) -> str:
    """What the lab's binder makes of a call. Any exception but a refusal is a crash, and fails the test."""
    try:
        bound = bind(call.cmdlet, call.arguments, input_expected=call.input is not None)
        bound = bound if call.input is None else bind_input(bound, call.input[1])
    except Terminating as error:
        info = error.record.CategoryInfo
        return f"{error.record.FullyQualifiedErrorId} {info.Category.name} {info.Reason}"
    return describe(bound)


def engine_answers(calls: list[Call], pwsh: str, folder: Path) -> list[str]:
    """What the engine makes of all calls, in one process."""
    cmdlets = list({call.cmdlet.name: call.cmdlet for call in calls}.values())
    script = folder / "calls.ps1"
    script.write_text("\n".join(program(calls, cmdlets)), encoding="utf-8")
    line = [pwsh, "-NoProfile", "-File", str(script)]
    run = subprocess.run(line, capture_output=True, text=True, timeout=600, check=False)
    answers = run.stdout.splitlines()
    assert len(answers) == len(calls), run.stderr
    return answers


def program(calls: list[Call], cmdlets: list[Any]) -> Iterator[str]:
    yield from (enums(load(), cmdlets), PREAMBLE, ON_ONE_LINE)
    for cmdlet in cmdlets:
        yield f"function {cmdlet.name} {{ {signature(cmdlet)}\nprocess {{ Show-Bound $PSCmdlet $PSBoundParameters }} }}"
    for call in calls:
        answer = f"$answer = try {{ {call.line} }} catch {{ Show-Error $_ }}"
        yield f"{answer}; [Console]::Out.WriteLine((Format-Line $answer))"


def test_binds_and_converts_as_the_engine_does(pwsh: str, tmp_path: Path, record_property: Any) -> None:
    seed = int(os.environ.get("EXCHANGE_LYNC_SEED") or random.SystemRandom().randrange(2**32))
    calls = random_calls(COMPARED, CALLS, seed)
    answered = list(zip(calls, map(lab_answer, calls), engine_answers(calls, pwsh, tmp_path), strict=True))
    different = [(call.line, lab, engine) for call, lab, engine in answered if lab != engine]
    heads = collections.Counter(f"{_head(lab)} for {_head(engine)}" for _line, lab, engine in different)
    said = ", ".join(f"{count} {head}" for head, count in heads.most_common())
    agreed = len(calls) - len(different)
    total = f"{agreed} of {len(calls)} calls at random, values included, seed {seed}; what differs: {said}"
    record_property("agreement", f"parameter binder of PowerShell: {total}")
    assert {kind for call in calls for kind in call.kind.split("+")} >= KINDS
    assert agreed >= AT_LEAST * len(calls), (seed, different)


def _head(answer: str) -> str:
    return answer.partition(" ")[0].partition(",")[0]
