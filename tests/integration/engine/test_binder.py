# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's strict binder against the engine's own, over generated calls of every catalogued cmdlet."""

from __future__ import annotations

import collections
import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from engine.binder_calls import Call, all_calls
from powershell.binder import bind, bind_input
from powershell.catalogue import FILE, load
from powershell.errors import Terminating
from powershell.proxies import enums, signature

HERE = Path(__file__).resolve().parent
OF_POWERSHELL = {"standard", "windows"}
"""PowerShell's own cmdlets: the engine has them, or stand-ins of the lab's for them."""
COMPARED = [cmdlet.as_function() for cmdlet in load().of_shell("exchange", "lync", "dns")]
AT_LEAST = {
    "valid": 450,
    "one parameter": 1500,
    "unknown": 205,
    "missing": 200,
    "mixed": 140,
    "wrong type": 790,
    "null": 830,
    "empty": 80,
    "abbreviated": 4800,
    "ambiguous": 720,
    "alias": 46,
    "common": 880,
    "twice": 150,
    "positional": 740,
    "piped": 830,
}
"""How many calls of each kind there have to be: a generator that yields nothing would agree with everything."""

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


def catalogued() -> set[str]:
    """The cmdlets of the products and of DNS in the catalogue's file."""
    entries = json.loads(FILE.read_text(encoding="utf-8"))["cmdlets"]
    return {name for name, entry in entries.items() if entry["shell"] not in OF_POWERSHELL}


def kinds_of(call: Call, answer: str) -> tuple[str, ...]:
    """What a call is: how it was made, and ambiguous where a name that it gives may mean several parameters."""
    return (call.kind, "ambiguous") if answer.startswith("AmbiguousParameter,") else (call.kind,)


def agreement(answered: list[tuple[Call, str, str]]) -> dict[str, tuple[int, int]]:
    """For each kind of call, how many have the same answer from both, and how many there are."""
    same: collections.Counter[str] = collections.Counter()
    total: collections.Counter[str] = collections.Counter()
    for call, lab, engine in answered:
        total.update(kinds_of(call, engine))
        same.update(kinds_of(call, engine) if lab == engine else ())
    return {kind: (same[kind], count) for kind, count in total.items()}


def test_every_catalogued_cmdlet_has_calls_of_its_own() -> None:
    for cmdlet in COMPARED:
        kinds = {call.kind for call in all_calls(cmdlet)}
        assert kinds >= {"valid", "unknown", "common", "twice", "positional", "piped"}, cmdlet.name
        assert not cmdlet.parameters or kinds >= {"abbreviated"}, cmdlet.name
    assert sorted(cmdlet.name for cmdlet in COMPARED) == sorted(catalogued())


def test_binds_as_the_engine_does(pwsh: str, tmp_path: Path, record_property: Any) -> None:
    calls = [call for cmdlet in COMPARED for call in all_calls(cmdlet)]
    answers = engine_answers(calls, pwsh, tmp_path)
    answered = [(call, lab_answer(call), answer) for call, answer in zip(calls, answers, strict=True)]
    different = {call.line: (lab, engine) for call, lab, engine in answered if lab != engine}
    kinds = agreement(answered)
    said = ", ".join(f"{kind} {same}/{count}" for kind, (same, count) in kinds.items())
    total = f"{len(COMPARED)} cmdlets, {len(calls) - len(different)} of {len(calls)} calls"
    record_property(
        "agreement", f"parameter binder of PowerShell: {total} ({said}); what differs is in differences.yml"
    )
    assert {call.cmdlet.name for call in calls} == catalogued()
    assert kinds.keys() == AT_LEAST.keys()
    assert not {kind: count for kind, (_same, count) in kinds.items() if count < AT_LEAST[kind]}
    unlisted = {line: different[line] for line in sorted(different.keys() - listed())}
    assert not unlisted
    assert not listed() - different.keys(), "no longer different: take them out of differences.yml"
