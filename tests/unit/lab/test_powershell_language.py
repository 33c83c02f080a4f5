# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the PowerShell language that the lab reads, and that it refuses the rest of it before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from powershell_stand_ins import StandInFarm, run, runspace, script


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ("'it''s'", ["it's"]),
        ('$x = "a"; "$x`n${x}"', ["a\na"]),
        ("42; -1; 2.5", [42, -1, 2.5]),
        ("@(1, 2); @()", [1, 2]),
        ("$true; $null; $false", [True, False]),
        ("@{a = 1; 'b c' = 'x', 'y'}", [{"a": 1, "b c": ["x", "y"]}]),
        ("@{a = @{b = 3}}.a.b", [3]),
        ("# nothing\n<# at\nall #>", []),
        ("$x = Write-Output 1, 2, 3; $x.Count", [3]),
        ("(Write-Output 'a' | Select-Object -First 1)", ["a"]),
        ("[void](Write-Output 1); $null = Write-Output 2; 3", [3]),
        ("if (-not $x) { 'none' } else { 'some' }", ["none"]),
        ("$x = 'A'\nif ($x -eq 'a') { 1 }\nelse { 2 }", [1]),
        ("if ($x -ne $null) { 1 }", []),
        ("1, 2 | Measure-Object | Select-Object -ExpandProperty Count", [2]),
        ("Write-Output -InputObject:5", [5]),
        ("& 'Write-Output' 6 |\n Out-Null; Write-Output `\n 7", [7]),
        ("$global:x = 4; $x", [4]),
    ],
)
def test_reads(text: str, outputs: list[Any]) -> None:
    sink = run(runspace(StandInFarm()), script(text))
    assert (sink.failed, sink.errors) == (None, [])
    assert sink.outputs == outputs


@pytest.mark.parametrize(
    "text",
    [
        "foreach ($x in 1) { $x }",
        "$x = 1 + 2",
        "function f { }",
        "[math]::Abs(1)",
        "$x[0]",
        "Get-Date | ForEach-Object { $_ }",
        '"$(1)"',
        "try { 1 } catch { 2 }",
        "$env:PATH",
        "1 -gt 0",
        "Write-Output 1; $x.Method()",
        "'unclosed",
        "Get-Date > file",
        "while ($true) { }",
        "@'\nhere\n'@",
        "Get-Date && Get-Date",
        "$x++",
        "switch (1) { }",
        "$x = exit 3",
        "Get-Date | exit",
        "exit 1 + 2",
        "throw 'x'",
        "return",
        ". 'x.ps1'",
        "x.ps1 -Name a",
        "c:/x.ps1",
        "-not $x",
    ],
)
def test_refuses_the_rest_before_anything_runs(text: str) -> None:
    sink = run(runspace(StandInFarm()), script(f"Write-Output 'begun'\n{text}"))
    assert sink.failed == "LanguageNotInLab"
    assert sink.record.CategoryInfo.Reason == "ParseException"
    assert sink.outputs == []


def test_parameters_are_bound_and_converted() -> None:
    text = "param([Parameter(Mandatory)] [string] $Name, [int] $Count = 3, [switch] $All, $Rest)\n$Name; $Count; $All; $Rest"
    space = runspace(StandInFarm())
    assert run(space, script(text, Name="a", Count="7", All=True)).outputs == ["a", 7, True]
    assert run(space, script(text, Na="b")).outputs[:2] == ["b", 3]
    assert run(space, script(text)).failed == "MissingMandatoryParameter"
    assert run(space, script(text, Name="a", Count="x")).failed == "ParameterArgumentTransformationError"


def test_an_error_ends_its_statement_and_the_script_goes_on() -> None:
    sink = run(runspace(StandInFarm()), script("Get-Bogus; 'after'"))
    assert (sink.errors, sink.outputs, sink.failed) == (["CommandNotFoundException"], ["after"], None)


def test_a_statement_that_begins_with_a_dash_is_a_command_of_no_name() -> None:
    sink = run(runspace(StandInFarm()), script("-BogusSwitch x; 'after'"))
    assert (sink.errors, sink.outputs, sink.failed) == (["CommandNotFoundException"], ["after"], None)


def test_an_error_ends_the_script_under_stop() -> None:
    sink = run(runspace(StandInFarm()), script("$ErrorActionPreference = 'Stop'; Get-Bogus; 'after'"))
    assert (sink.outputs, sink.failed) == ([], "CommandNotFoundException")
    sink = run(runspace(StandInFarm()), script("Import-Module Bogus -ErrorAction Stop; 'after'"))
    assert (sink.outputs, sink.failed) == (
        [],
        "Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand",
    )


def test_variables_live_as_long_as_the_runspace() -> None:
    space = runspace(StandInFarm())
    run(space, script("$kept = 5"))
    assert run(space, script("$kept")).outputs == [5]
