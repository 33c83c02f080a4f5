# SPDX-License-Identifier: GPL-3.0-or-later
"""A script that ends with ``exit``: what its client is told by the lab's own PowerShell, and by the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pypsrp.complex_objects import PSInvocationState
from pypsrp.host import PSHost
from pypsrp.powershell import PowerShell, RunspacePool

from powershell.runspace import Runspace
from powershell_stand_ins import StandInFarm
from wire_clients import pool, protocol, wsman
from wire_stand_ins import Lab

# Clients leave sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Host(PSHost):
    """A client's host that keeps what it was told to end with."""

    def __init__(self) -> None:
        super().__init__(None, None, False, None, None, None, "1.0")
        self.told: list[int] = []

    def SetShouldExit(self, runspace: Any, pipeline: Any, exit_code: int) -> None:
        assert pipeline is not None
        self.told.append(exit_code)


@pytest.fixture(params=["lab", "engine"])
def lab(request: pytest.FixtureRequest, start_lab: Callable[..., Lab]) -> Lab:
    if request.param == "lab":
        return start_lab(make_runspace=lambda profile, identity, session: Runspace(profile, identity, StandInFarm()))
    engine = request.getfixturevalue("pwsh")
    return start_lab(engine=engine, startup_text=lambda profile, identity, session: "")


def invoke(opened: RunspacePool, text: str) -> PowerShell:
    shell = PowerShell(opened)
    shell.add_script(text)
    shell.invoke()
    assert shell.state == PSInvocationState.COMPLETED
    assert not shell.had_errors
    return shell


def test_the_clients_host_is_told(lab: Lab) -> None:
    host = Host()
    with (
        wsman(lab.ports["wsman_https"], ssl=True, auth="basic") as connection,
        RunspacePool(connection, configuration_name="Microsoft.PowerShell", host=host) as opened,
    ):
        for text, outputs, code in (
            ("'before'; exit 3; 'after'", ["before"], 3),
            ("exit", [], 0),
            ("exit '7'", [], 7),
            ("exit 2.5", [], 2),
            ("exit $true", [], 1),
            ("exit 'x'", [], 0),
            ("if ($true) { exit 4 }\n'after'", [], 4),
            ("'x'\nexit $LASTEXITCODE", ["x"], 0),
        ):
            host.told.clear()
            assert (invoke(opened, text).output, host.told) == (outputs, [code]), text
        assert invoke(opened, "'the runspace lives on'").output == ["the runspace lives on"]


def test_a_client_without_a_host_is_told_as_well(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    with pool(lab.ports["wsman_https"]) as opened:
        assert invoke(opened, "'before'; exit 3; 'after'").output == ["before"]
    told = [record.message for record in caplog.records if "no host was defined" in record.message]  # pypsrp's words
    assert [message.partition(", ")[2] for message in told] == ["method: SetShouldExit, args: [3]"]


def test_a_program_ends_with_the_code(lab: Lab) -> None:
    winrm = protocol(lab.ports["wsman_https"])
    shell = winrm.open_shell(codepage=65001)
    command = winrm.run_command(shell, "powershell.exe", ["-NoProfile", "-Command", "\"'before'; exit 3; 'after'\""])
    assert winrm.get_command_output(shell, command) == (b"before\r\n", b"", 3)
    winrm.close_shell(shell)
