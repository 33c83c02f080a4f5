# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas of WinRM and of Exchange as clients see them, by count and injected; and how large an answer is under a server's own limit."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import SignalCode
from winrm.exceptions import WSManFaultError as WinrmFaultError

from wire.description import Limits
from wire.injected_faults import NAMES
from wire_clients import POWERSHELL_S, ServerModeClient, pool, protocol, wsman
from wire_stand_ins import DESCRIPTION, Lab

# Clients leave sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

EXCHANGE: dict[str, Any] = {"path": "PowerShell", "configuration": "Microsoft.Exchange"}


def echo(opened: RunspacePool, value: str = "x") -> PowerShell:
    shell = PowerShell(opened)
    shell.add_cmdlet("Write-Echo").add_parameter("Value", value)
    assert shell.invoke() == [value]
    return shell


def limited(**limits: int) -> dict[str, Any]:
    return {"limits": {**DESCRIPTION["limits"], **limits}}


def refused(act: Callable[[], Any]) -> WSManFaultError:
    with pytest.raises(WSManFaultError) as caught:
        act()
    return caught.value


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("quota_operations", 2150859174, "allowed a maximum number of 1500 concurrent operations"),
        ("quota_requests", 2150859175, "user load quota"),
        ("quota_commands", "w:InternalError", "maximum number of concurrent commands per shell"),
    ],
)
def test_a_command_that_a_quota_refuses(lab: Lab, name: str, code: int | str, says: str) -> None:
    with pool(lab.ports["wsman_https"]) as opened:
        lab.server.faults.update([{"name": name, "count": 1}])
        fault = refused(lambda: echo(opened))
        assert (fault.code, says in (fault.reason or "")) == (code, True)
        assert not lab.farm.events("pipeline")
        echo(opened)


def test_a_shell_that_a_quota_refuses(lab: Lab) -> None:
    lab.server.faults.update([{"name": "quota_shells", "count": 1}])
    fault = refused(RunspacePool(wsman(lab.ports["wsman_https"], ssl=True, auth="basic")).open)
    assert (fault.code, "maximum number of 5 concurrent shells" in (fault.reason or "")) == (2150859173, True)
    assert [event["code"] for event in lab.farm.wait_for("refused")] == [2150859173]


def test_a_runspace_that_exchange_refuses(lab: Lab) -> None:
    """Injected; by count it is in test_wire_refusals.py."""
    lab.server.faults.update([{"name": "quota_runspaces", "count": 1}, "quota_shells"])
    connection = wsman(lab.ports["product_https"], ssl=True, auth="basic", path="PowerShell")
    fault = refused(RunspacePool(connection, configuration_name="Microsoft.Exchange").open)
    assert fault.code == 0x80540FA0
    assert "[FailureCategory=AuthZ-AuthorizationException] Fail to create a runspace" in (fault.provider_fault or "")
    with pool(lab.ports["product_https"], **EXCHANGE) as opened:  # what WinRM refuses is none of Exchange's
        echo(opened)


def test_a_program_that_a_quota_refuses(lab: Lab) -> None:
    winrm = protocol(lab.ports["wsman_https"])
    shell = winrm.open_shell()
    lab.server.faults.update([{"name": "quota_processes", "count": 1}])
    with pytest.raises(WinrmFaultError) as caught:
        winrm.run_command(shell, *POWERSHELL_S)
    assert caught.value.wsman_fault_code == 0x80070718
    winrm.close_shell(shell)


def test_a_process_without_memory_takes_its_shell_with_it(lab: Lab) -> None:
    opened = RunspacePool(wsman(lab.ports["wsman_https"], ssl=True, auth="basic"))
    opened.open()
    lab.server.faults.update([{"name": "quota_memory", "count": 1}])
    assert refused(lambda: echo(opened)).code == 1726
    assert refused(lambda: echo(opened)).code == 2150858843


def test_a_program_without_memory_ends_and_its_command_shell_stays(lab: Lab) -> None:
    client = ServerModeClient(protocol(lab.ports["wsman_https"]))
    lab.server.faults.update([{"name": "quota_memory", "count": 1}])
    _out, _error, code, done = client.winrm.get_command_output_raw(client.shell, client.command)
    assert (code & 0xFFFFFFFF, done) == (0xE0434352, True)
    command = client.winrm.run_command(client.shell, "hostname")
    assert client.winrm.get_command_output(client.shell, command)[0] == b"EX01\r\n"
    client.winrm.close_shell(client.shell)


def test_pipelines_count_until_they_are_ended(start_lab: Callable[..., Lab]) -> None:
    lab = start_lab(limited(max_commands_per_shell=2))
    with pool(lab.ports["wsman_https"]) as opened, ExitStack() as ended:
        shells = [echo(opened), echo(opened)]
        assert "commands per shell" in (refused(lambda: echo(opened)).reason or "")
        for shell in shells:
            opened.shell.signal(SignalCode.TERMINATE, str(shell.id).upper())
        ended.callback(echo, opened)


def test_no_answer_is_larger_than_the_server_sends(
    start_lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client takes 150 KiB, the server sends 64."""
    lab = start_lab(limited(max_envelope_kb=64))
    winrm = protocol(lab.ports["wsman_https"])
    sizes: list[int] = []
    send = winrm.send_message

    def measured(message: str) -> bytes:
        assert re.search(r">153600<", message)
        sizes.append(len(answer := send(message)))
        return answer

    monkeypatch.setattr(winrm, "send_message", measured)
    shell = winrm.open_shell()
    for letter in "xyz":
        winrm.get_command_output(shell, winrm.run_command(shell, "echo", [letter * 40_000, ">>", "written.txt"]))
    output = winrm.get_command_output(shell, winrm.run_command(shell, "type", ["written.txt"]))[0]
    assert len(output) > 3 * 40_000
    assert max(sizes) <= 64 * 1024
    winrm.close_shell(shell)


def test_every_quota_can_be_injected() -> None:
    from farm.faults import WIRE

    assert tuple(WIRE) == NAMES
    assert set(Limits.__dataclass_fields__) == set(_limits_of_the_farm())


def _limits_of_the_farm() -> dict[str, int]:
    from farm.describe import LIMITS

    return LIMITS
