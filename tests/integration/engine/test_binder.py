# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's strict binder against the engine's own, over generated calls of every catalogued cmdlet."""

from __future__ import annotations

import collections
import subprocess
from pathlib import Path

import pytest
import yaml

from engine.binder_calls import Call, all_calls
from powershell.binder import bind, bind_input
from powershell.catalogue import load
from powershell.errors import Terminating
from powershell.proxies import enums, signature

HERE = Path(__file__).resolve().parent

# Answers with the chosen set and the names that were bound; a sort that needs no other module.
PREAMBLE = """
$ErrorActionPreference = 'Stop'
$Secure = [securestring]::new()
$Credential = [pscredential]::new('a', $Secure)
function Show-Bound($Caller, $Bound) {
    $names = [System.Collections.Generic.List[string]]::new()
    foreach ($name in $Bound.Keys) { $names.Add($name.ToLowerInvariant()) }
    $names.Sort([System.StringComparer]::Ordinal)
    "bound $($Caller.ParameterSetName) $([string]::Join(',', $names))"
}
function Show-Error($Record) { "$($Record.FullyQualifiedErrorId) $($Record.CategoryInfo.Category) $($Record.CategoryInfo.Reason)" }
"""


def lab_answer(call: Call) -> str:
    """What the lab's binder makes of a call."""
    try:
        bound = bind(call.cmdlet, call.arguments, input_expected=call.input is not None)
        if call.input is not None:
            bound = bind_input(bound, call.input[1])
    except Terminating as error:
        info = error.record.CategoryInfo
        return f"{error.record.FullyQualifiedErrorId} {info.Category.name} {info.Reason}"
    return f"bound {bound.set_name} {','.join(sorted(name.lower() for name in bound.values))}"


def engine_answers(calls: list[Call], pwsh: str, folder: Path) -> list[str]:
    """What the engine makes of all calls, in one process."""
    cmdlets = list({call.cmdlet.name: call.cmdlet for call in calls}.values())
    lines = [enums(load(), cmdlets), PREAMBLE]
    lines += [
        f"function {c.name} {{ {signature(c)}\nprocess {{ Show-Bound $PSCmdlet $PSBoundParameters }} }}"
        for c in cmdlets
    ]
    lines += [
        f"$answer = try {{ {c.line} }} catch {{ Show-Error $_ }}; [Console]::Out.WriteLine([string]$answer)"
        for c in calls
    ]
    script = folder / "calls.ps1"
    script.write_text("\n".join(lines), encoding="utf-8")
    run = subprocess.run(
        [pwsh, "-NoProfile", "-File", script], capture_output=True, text=True, timeout=300, check=False
    )
    answers = run.stdout.splitlines()
    assert len(answers) == len(calls), run.stderr
    return answers


def listed() -> set[str]:
    """The calls whose differences are known and explained."""
    entries = yaml.safe_load((HERE / "differences.yml").read_text(encoding="utf-8"))
    assert all(entry["reason"].strip() for entry in entries)
    return {call for entry in entries for call in entry["calls"]}


def test_binds_as_the_engine_does(pwsh: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cmdlets = [cmdlet.as_function() for cmdlet in load().of_shell("exchange", "lync", "dns")]
    calls = [call for cmdlet in cmdlets for call in all_calls(cmdlet)]
    pairs = {
        call.line: (lab_answer(call), answer)
        for call, answer in zip(calls, engine_answers(calls, pwsh, tmp_path), strict=True)
    }
    different = {line for line, (lab, engine) in pairs.items() if lab != engine}
    kinds = collections.Counter(
        lab.partition(",")[0] if not lab.startswith("bound") else "bound" for lab, _engine in pairs.values()
    )
    with capsys.disabled():
        print(
            f"\n{len(cmdlets)} cmdlets, {len(calls)} calls, {len(different)} differences, all of them listed: {dict(kinds)}"
        )
    unlisted = {line: pairs[line] for line in sorted(different - listed())}
    assert not unlisted
    assert not listed() - different, "no longer different: take them out of differences.yml"
