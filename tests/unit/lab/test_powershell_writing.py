# SPDX-License-Identifier: GPL-3.0-or-later
"""The cmdlets by which scripts of smoke tests speak: Write-Host, Write-Warning, Write-Error, Invoke-Expression, Start-Sleep.

The real engine comes without them (they are in Microsoft.PowerShell.Utility), so their pages and what clients of real servers expect
of them are what they are held against (make strangers).
"""

from __future__ import annotations

import threading
import time

import pytest
from psrpcore import types as ps

from powershell_stand_ins import StandInFarm, StandInSink, command, run, runspace, script

WRITE_ERROR = "Microsoft.PowerShell.Commands.WriteErrorException"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Write-Host 'a'", ("a", False)),
        ("Write-Host a b 3", ("a b 3", False)),
        ("Write-Host 'a', 'b' -Separator '; '", ("a; b", False)),
        ("Write-Host -NoNewline -Object a -ForegroundColor Red", ("a", True)),
        ("Write-Host", ("", False)),
        ("'piped' | Write-Host", ("piped", False)),
        ("Write-Host \u3053\u3093", ("\u3053\u3093", False)),
    ],
)
def test_what_is_for_the_host_is_no_output(text: str, said: tuple[str, bool]) -> None:
    sink = run(runspace(StandInFarm()), script(text))
    assert (sink.outputs, sink.errors, sink.said) == ([], [], [(*said, ["PSHOST"])])


def test_a_warning() -> None:
    space = runspace(StandInFarm())
    assert run(space, script("Write-Warning 'w'; 'after'")).warnings == ["w"]
    assert run(space, script("Write-Warning 'w' -WarningAction SilentlyContinue")).warnings == []
    assert run(space, script("Write-Warning 'w' -WarningAction Stop; 'after'")).failed == (
        "ActionPreferenceStop,Microsoft.PowerShell.Commands.WriteWarningCommand"
    )


def test_an_error_ends_nothing_by_itself() -> None:
    sink = run(runspace(StandInFarm()), script("Write-Error 'e'; 'after'"))
    assert (sink.outputs, sink.errors, sink.failed) == (["after"], [WRITE_ERROR], None)
    info = sink.record.CategoryInfo
    assert (str(sink.record), info.Category, info.Reason) == ("e", ps.ErrorCategory.NotSpecified, "WriteErrorException")
    assert (info.Activity, sink.record.Exception.PSTypeNames[0]) == ("Write-Error", WRITE_ERROR)


@pytest.mark.parametrize("text", ["$ErrorActionPreference = 'Stop'; Write-Error e", "Write-Error e -ErrorAction Stop"])
def test_an_error_under_stop_ends_the_script(text: str) -> None:
    sink = run(runspace(StandInFarm()), script(f"'before'; {text}; 'after'"))
    assert (sink.outputs, sink.failed) == (["before"], WRITE_ERROR)


def test_what_an_error_is_said_to_be() -> None:
    text = "Write-Error -Message e -ErrorId Mine -Category objectnotfound -TargetObject t -CategoryReason Why -CategoryActivity Do"
    sink = run(runspace(StandInFarm()), script(f"{text} -CategoryTargetName n"))
    info = sink.record.CategoryInfo
    assert (sink.errors, info.Category) == (["Mine"], ps.ErrorCategory.ObjectNotFound)
    assert (info.Reason, info.Activity, info.TargetName, sink.record.TargetObject) == ("Why", "Do", "n", "t")
    assert run(runspace(StandInFarm()), script("Write-Error e -Category Bogus")).errors == [
        "CannotConvertArgumentNoMessage,Microsoft.PowerShell.Commands.WriteErrorCommand"
    ]


@pytest.mark.parametrize(
    ("text", "outputs", "errors"),
    [
        ("Invoke-Expression '1; 2' | Measure-Object | Select-Object -ExpandProperty Count", [2], []),
        ("$x = 'a'; iex '$x; $y = 4'; $y", ["a", 4], []),
        ("Invoke-Expression 'Get-Bogus'; 'after'", ["after"], ["CommandNotFoundException"]),
        ("Invoke-Expression -Command \"'it''s'\"", ["it's"], []),
        ("'1', '2' | Invoke-Expression", [1, 2], []),
    ],
)
def test_an_expression(text: str, outputs: list[object], errors: list[str]) -> None:
    sink = run(runspace(StandInFarm()), script(text))
    assert (sink.outputs, sink.errors, sink.failed) == (outputs, errors, None)


def test_an_expression_that_the_lab_does_not_read_ends_the_pipeline() -> None:
    sink = run(runspace(StandInFarm()), command("Invoke-Expression", Command="foreach ($x in 1) { }"))
    assert sink.failed == "LanguageNotInLab"


def test_an_error_in_an_expression_of_its_own_ends_it() -> None:
    """As recorded of Windows (test_client_execute_ps_failure of pypsrp): the pipeline has failed."""
    sink = run(runspace(StandInFarm()), command("Invoke-Expression", Command="1; Get-Bogus; 2"))
    assert (sink.outputs, sink.failed) == ([1], "CommandNotFoundException")


def test_no_expression_on_a_products_endpoint() -> None:
    sink = run(runspace(StandInFarm(), "exchange-endpoint"), command("Invoke-Expression", Command="1"))
    assert sink.failed == "CommandNotFoundException"


@pytest.mark.parametrize(("alias", "shown"), [("echo a", ["a"]), ("write 5", [5]), ("1, 2 | select -First 1", [1])])
def test_aliases(alias: str, shown: list[object]) -> None:
    assert run(runspace(StandInFarm()), script(alias)).outputs == shown


def test_a_sleep_ends_in_time_or_when_it_is_stopped() -> None:
    started = time.monotonic()
    assert run(runspace(StandInFarm()), script("Start-Sleep -Milliseconds 120; 'up'")).outputs == ["up"]
    assert time.monotonic() - started >= 0.12
    sink = StandInSink()
    threading.Timer(0.1, lambda: setattr(sink, "stopped", True)).start()
    runspace(StandInFarm()).run([script("Start-Sleep -s 60; 'never'")], [], sink)
    assert (sink.outputs, time.monotonic() - started < 30) == ([], True)
