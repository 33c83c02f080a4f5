# SPDX-License-Identifier: GPL-3.0-or-later
"""The real PowerShell engine behind both framings, where it is found."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from psrpcore import types as ps
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool

from wire.engine import EnginePeer
from wire.psrp_shell import PsrpShell
from wire_clients import ServerModeClient, pool, protocol, wsman
from wire_stand_ins import Lab

# Clients leave sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

STARTUP = """
function Get-Thing { [CmdletBinding()] param([Parameter(Mandatory)][string]$Name, [int]$Count = 1)
    1..$Count | ForEach-Object { "$Name $_" } }
function Wait-Long { while ($true) { [Threading.Thread]::Sleep(20) } }
function Get-Culture { [cultureinfo]::CurrentCulture.Name }
$ExecutionContext.SessionState.LanguageMode = 'NoLanguage'
"""


@pytest.fixture
def lab(start_lab: Callable[..., Lab], pwsh: str) -> Lab:
    return start_lab({"culture": "de-DE"}, engine=pwsh, startup_text=lambda profile, identity, session: STARTUP)


def run(opened: RunspacePool, command: str, **parameters: Any) -> PowerShell:
    shell = PowerShell(opened)
    shell.add_cmdlet(command).add_parameters(parameters)
    shell.invoke()
    return shell


def test_behind_an_endpoint(lab: Lab) -> None:
    with pool(lab.ports["product_https"], path="PowerShell", configuration="Microsoft.Exchange") as opened:
        assert run(opened, "Get-Thing", Name="a", Count=2).output == ["a 1", "a 2"]
        assert run(opened, "Get-Thing", Bogus=1).streams.error[0].fq_error == "NamedParameterNotFound,Get-Thing"
        script = PowerShell(opened)
        script.add_script("1 + 1")
        script.invoke()
        assert script.streams.error[0].fq_error == "ScriptsNotAllowed"
        text = "ä" * 200_000
        assert run(opened, "Get-Thing", Name=text).output == [f"{text} 1"]
    assert lab.farm.wait_for("session_closed")
    started = [event["commands"] for event in lab.farm.wait_for("pipeline")]
    assert started == [["Get-Thing"], ["Get-Thing"], ["1 + 1"], ["Get-Thing"]]


def test_stop_behind_an_endpoint(lab: Lab) -> None:
    with pool(lab.ports["wsman_https"]) as opened:
        shell = PowerShell(opened)
        shell.add_cmdlet("Wait-Long")
        shell.begin_invoke()
        time.sleep(0.2)
        shell.stop()
        assert run(opened, "Get-Thing", Name="b").output == ["b 1"]


def test_a_dead_engine_is_a_lost_shell(lab: Lab) -> None:
    with pytest.raises(WSManFaultError), pool(lab.ports["wsman_https"]) as opened:
        (shell,) = lab.server.service.registry.shells
        assert isinstance(shell, PsrpShell)
        assert isinstance(shell.peer, EnginePeer)
        shell.peer.process.kill()
        assert lab.farm.wait_for("session_closed")[0]["reason"] == "ended"
        run(opened, "Get-Thing", Name="c")


def test_as_a_program(lab: Lab) -> None:
    client = ServerModeClient(protocol(lab.ports["wsman_https"]))
    assert client.invoke("Get-Thing", Name="ö", Count=2) == (["ö 1", "ö 2"], ps.PSInvocationState.Completed)
    assert client.invoke("Get-Culture")[0] == ["de-DE"]
    assert client.invoke("Get-Nothing")[1] == ps.PSInvocationState.Failed
    client.close()
    assert [event["commands"] for event in lab.farm.wait_for("pipeline", 3)] == [
        ["Get-Thing"],
        ["Get-Culture"],
        ["Get-Nothing"],
    ]


def test_a_script_as_a_program(start_lab: Callable[..., Lab], pwsh: str) -> None:
    lab = start_lab({}, engine=pwsh, startup_text=lambda profile, identity, session: "$answer = 42")
    winrm = protocol(lab.ports["wsman_https"])
    shell = winrm.open_shell(codepage=65001)
    command = winrm.run_command(shell, "powershell.exe", ["-NoProfile", "-Command", '"$answer + 1; exit 3"'])
    assert winrm.get_command_output(shell, command) == (b"43\r\n", b"", 3)
    winrm.close_shell(shell)


def test_long_startup_text_goes_through_a_file(start_lab: Callable[..., Lab], pwsh: str) -> None:
    long = "# filler\n" * 20_000 + STARTUP
    lab = start_lab({}, engine=pwsh, startup_text=lambda profile, identity, session: long)
    with pool(lab.ports["wsman_https"]) as opened:
        assert run(opened, "Get-Thing", Name="d").output == ["d 1"]
    winrm = protocol(lab.ports["wsman_https"])
    shell = winrm.open_shell(codepage=65001)
    command = winrm.run_command(shell, "powershell.exe", ["-NoProfile", "-Command", "6 * 7"])
    assert winrm.get_command_output(shell, command)[::2] == (b"42\r\n", 0)
    winrm.close_shell(shell)


def test_no_disconnect(lab: Lab) -> None:
    with (
        RunspacePool(wsman(lab.ports["wsman_https"], ssl=True, auth="basic")) as opened,
        pytest.raises(WSManFaultError),
    ):
        opened.disconnect()
