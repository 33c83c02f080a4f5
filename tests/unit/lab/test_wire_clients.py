# SPDX-License-Identifier: GPL-3.0-or-later
"""Unmodified clients against a host: each way to authenticate, both shells, both framings."""

from __future__ import annotations

import base64
import uuid
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from psrpcore import types as ps
from pypsrp.client import Client
from pypsrp.complex_objects import PSInvocationState
from pypsrp.encryption import WinRMEncryption
from pypsrp.exceptions import WSManFaultError
from pypsrp.messages import SessionCapability
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import SelectorSet

from wire import namespaces as ns
from wire_clients import ServerModeClient, pool, protocol
from wire_stand_ins import PASSWORD, USER, Lab

# Clients leave sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

EXCHANGE = {"path": "PowerShell", "configuration": "Microsoft.Exchange"}


def run(opened: RunspacePool, command: str, **parameters: Any) -> PowerShell:
    shell = PowerShell(opened)
    shell.add_cmdlet(command).add_parameters(parameters)
    shell.invoke()
    return shell


@pytest.mark.parametrize(
    ("listener", "auth", "options", "expected"),
    [
        ("wsman_https", "basic", {}, "Basic False windows"),
        ("wsman_https", "ntlm", {}, "NTLM False windows"),
        ("wsman_http", "ntlm", {}, "NTLM False windows"),
        ("wsman_http", "negotiate", {"username": "administrator@litwareinc.com"}, "NTLM False windows"),
        ("wsman_http", "credssp", {}, "CredSSP True windows"),
        ("wsman_https", "credssp", {}, "CredSSP True windows"),
        ("product_https", "basic", EXCHANGE, "Basic False exchange-endpoint"),
        ("product_http", "ntlm", EXCHANGE, "NTLM False exchange-endpoint"),
    ],
)
def test_pypsrp(lab: Lab, listener: str, auth: str, options: dict[str, Any], expected: str) -> None:
    with pool(lab.ports[listener], ssl=listener.endswith("https"), auth=auth, **options) as opened:
        assert run(opened, "Get-Identity").output == [f"{USER} {expected}"]
    (session,) = lab.farm.wait_for("session_opened")
    assert session["user"] == USER
    assert lab.farm.wait_for("session_closed")[0]["session"] == session["session"]
    assert [event["commands"] for event in lab.farm.wait_for("pipeline")] == [["Get-Identity"]]


@pytest.mark.parametrize(
    ("listener", "transport"),
    [("wsman_https", "basic"), ("wsman_https", "ntlm"), ("wsman_http", "ntlm"), ("wsman_http", "credssp")],
)
def test_pywinrm(lab: Lab, listener: str, transport: str) -> None:
    winrm = protocol(lab.ports[listener], ssl=listener.endswith("https"), transport=transport)
    shell = winrm.open_shell()
    for line, expected in {
        "hostname": (b"EX01\r\n", b"", 0),
        "echo hi&exit /b 3": (b"hi\r\n", b"", 3),
        "echo %COMPUTERNAME%>&2": (b"", b"EX01\r\n", 0),
    }.items():
        command = winrm.run_command(shell, line)
        assert winrm.get_command_output(shell, command) == expected
        winrm.cleanup_command(shell, command)
    command = winrm.run_command(shell, "netstat", ["-a"])
    output, errors, code = winrm.get_command_output(shell, command)
    assert (output, code) == (b"", 1)
    assert b"is not recognized as an internal or external command" in errors
    winrm.close_shell(shell)
    assert lab.farm.wait_for("session_closed")[0]["endpoint"] == "winrs"


def test_pypsrp_client_runs_a_program_and_a_script(lab: Lab) -> None:
    options = {"username": USER, "password": PASSWORD, "auth": "basic", "cert_validation": False}
    with Client("localhost", port=lab.ports["wsman_https"], **options) as client:
        assert client.execute_cmd("whoami") == ("litware\\administrator\r\n", "", 0)
        output, _streams, had_errors = client.execute_ps("'x'")
        assert "Invoke-Expression" in output  # pypsrp's wrapping, which the stand-in repeats
        assert not had_errors


def test_encoded_command(lab: Lab) -> None:
    winrm = protocol(lab.ports["wsman_https"])
    shell = winrm.open_shell(codepage=65001)
    command = winrm.run_command(shell, "powershell.exe", ["-NoProfile", "-EncodedCommand", "JwDkACcA"])
    assert winrm.get_command_output(shell, command) == ("'ä'\r\n".encode(), b"", 0)
    failing = winrm.run_command(shell, "powershell.exe", ["-EncodedCommand", "dABoAHIAbwB3AA=="])
    _output, errors, code = winrm.get_command_output(shell, failing)
    assert (errors.startswith(b"#< CLIXML"), code) == (True, 1)
    refused = winrm.run_command(shell, "powershell.exe", ["-EncodedCommand", "!!!"])
    output, errors, code = winrm.get_command_output(shell, refused)
    assert (output, b"is not properly encoded" in errors, code) == (b"", True, 0xFFFD0000)
    winrm.close_shell(shell)


def test_streams_and_errors(lab: Lab) -> None:
    with pool(lab.ports["wsman_https"]) as opened:
        shell = run(opened, "Write-Each")
        assert shell.output == ["o"]
        assert [record.message for record in shell.streams.warning] == ["w"]
        assert [record.fq_error for record in shell.streams.error] == ["Soft"]
        assert [record.message_data for record in shell.streams.information] == ["i"]
        for command, error_id in {"Test-Error": "Hard", "Test-Failure": "EmulatorFailed"}.items():
            failed = run(opened, command)
            assert failed.had_errors
            assert [record.fq_error for record in failed.streams.error] == [error_id]


def test_stop(lab: Lab) -> None:
    with pool(lab.ports["wsman_https"]) as opened:
        shell = PowerShell(opened)
        shell.add_cmdlet("Wait-Stop")
        shell.begin_invoke()
        shell.stop()
        assert shell.state == PSInvocationState.STOPPED


def test_input_large_values_and_secrets(lab: Lab) -> None:
    with pool(lab.ports["wsman_https"]) as opened:
        opened.exchange_keys()
        text = "ä🙂" * 200_000
        inputs: Any = ["one", "two"]
        shell = PowerShell(opened)
        shell.add_cmdlet("Write-Echo").add_parameter("Value", text)
        assert shell.invoke(input=inputs) == [text, "one", "two"]
        secret = PowerShell(opened)
        secret.add_cmdlet("Write-Echo").add_parameter("Value", opened.serialize("secret", metadata=None))
        assert secret.invoke()


def test_server_mode(lab: Lab) -> None:
    client = ServerModeClient(protocol(lab.ports["wsman_https"]))
    output, state = client.invoke("Get-Identity")
    assert (output, state) == ([f"{USER} Basic False windows"], ps.PSInvocationState.Completed)
    assert client.invoke("Test-Error")[1] == ps.PSInvocationState.Failed
    text = "x" * 300_000
    assert client.invoke("Write-Echo", Value=text)[0] == [text]
    client.close()
    assert lab.farm.wait_for("runspace_killed")
    assert [event["commands"][0] for event in lab.farm.wait_for("pipeline", 3)] == [
        "Get-Identity",
        "Test-Error",
        "Write-Echo",
    ]
    assert {"op": "charge", "host": "ex01.litwareinc.com", "what": "powershell_start"} in lab.farm.told


def test_only_a_process_that_is_told_to_close_closes_its_runspace(lab: Lab) -> None:
    with pool(lab.ports["wsman_https"]):
        pass
    assert len(lab.farm.wait_for("runspace_closed")) == 1
    client = ServerModeClient(protocol(lab.ports["wsman_https"]))
    client.write(f"<Close PSGuid='{uuid.UUID(int=0)}' />")
    client.close()
    assert len(lab.farm.wait_for("runspace_closed", 2)) == 2
    assert not lab.farm.events("runspace_killed")


def test_disconnect_and_connect(lab: Lab) -> None:
    with pool(lab.ports["wsman_https"]) as opened:
        opened.disconnect()
        (found,) = RunspacePool.get_runspace_pools(opened.connection)
        found.connect()
        assert run(found, "Write-Echo", Value="again").output == ["again"]


@pytest.mark.parametrize("auth", ["ntlm", "credssp"])
def test_a_sealed_part_without_a_tab_is_read(lab: Lab, monkeypatch: pytest.MonkeyPatch, auth: str) -> None:
    """As all Ruby clients write it (WinRM::HTTP::HttpNegotiate of the gem winrm)."""
    wrap = WinRMEncryption._wrap_message

    def wrap_without_tab(self: WinRMEncryption, message: bytes) -> bytes:
        return wrap(self, message).replace(b"\tContent-Type: application/octet", b"Content-Type: application/octet", 1)

    monkeypatch.setattr(WinRMEncryption, "_wrap_message", wrap_without_tab)
    with pool(lab.ports["wsman_http"], ssl=False, auth=auth) as opened:
        assert run(opened, "Write-Echo", Value="x" * 40_000).output == ["x" * 40_000]


def connect_with(found: RunspacePool, data: bytes) -> None:
    """What RunspacePool.connect sends, with other fragments."""
    content = ET.Element(ns.tag(ns.SHELL, "Connect"))
    ET.SubElement(content, "connectXml", xmlns=ns.POWERSHELL).text = base64.b64encode(data).decode()
    selectors = SelectorSet()
    selectors.add_option("ShellId", found.id)
    found.connection.connect(found.shell.resource_uri, content, selector_set=selectors)


@pytest.mark.parametrize("wrong", ["nothing", "noise", "half"])
def test_a_wrong_connect_leaves_the_pool_as_it_was(lab: Lab, wrong: str) -> None:
    with pool(lab.ports["wsman_https"]) as opened:
        opened.disconnect()
        (found,) = RunspacePool.get_runspace_pools(opened.connection)
        capability = found._fragmenter.fragment(SessionCapability("2.3", "2.0", "1.1.0.1"), found.id)[0]
        with pytest.raises(WSManFaultError):
            connect_with(found, {"nothing": b"", "noise": b"\0" * 64, "half": capability}[wrong])
        found.connect()
        assert run(found, "Write-Echo", Value="again").output == ["again"]
