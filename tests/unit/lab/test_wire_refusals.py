# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host refuses, and how: names, passwords, quotas, sizes, protocols, idleness."""

from __future__ import annotations

import base64
import http.client
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool

from wire import namespaces as ns
from wire.ports import Identity
from wire_clients import pool, protocol, wsman
from wire_stand_ins import DESCRIPTION, PASSWORD, USER, Lab

# Clients leave sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

EXCHANGE = {"path": "PowerShell", "configuration": "Microsoft.Exchange"}


def fault_of(act: Callable[[], Any]) -> WSManFaultError:
    with pytest.raises(WSManFaultError) as caught:
        act()
    return caught.value


def post(port: int, path: str = "/wsman", body: str = "", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def creating(shell_id: str, headers: str = "") -> bytes:
    """A Create of a command shell whose name the client chooses."""
    prefixes = f'xmlns:s="{ns.SOAP}" xmlns:a="{ns.ADDRESSING}" xmlns:w="{ns.WSMAN}" xmlns:rsp="{ns.SHELL}"'
    header = f"<a:Action>{ns.TRANSFER}/Create</a:Action><w:ResourceURI>{ns.CMD_URI}</w:ResourceURI>{headers}"
    body = f'<rsp:Shell ShellId="{shell_id}"/>'
    envelope = f"<s:Envelope {prefixes}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    return envelope.encode()


@pytest.mark.parametrize("auth", ["basic", "ntlm", "negotiate"])
def test_wrong_password(lab: Lab, auth: str) -> None:
    with pytest.raises(AuthenticationError):
        RunspacePool(wsman(lab.ports["wsman_https"], ssl=True, auth=auth, password="wrong")).open()


def test_wrong_password_by_credssp(lab: Lab) -> None:
    with pytest.raises(Exception, match=r"0x8009030c|Server|credential"):
        RunspacePool(wsman(lab.ports["wsman_https"], ssl=True, auth="credssp", password="wrong")).open()


def test_basic_needs_tls(lab: Lab) -> None:
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    response = post(lab.ports["wsman_http"], Authorization=f"Basic {token}")
    assert response.status == 401
    assert response.headers.get_all("WWW-Authenticate") == ["Negotiate", "CredSSP"]


def test_basic_without_tls_where_it_is_allowed(start_lab: Callable[..., Lab]) -> None:
    endpoints = [{**endpoint, "allow_unencrypted": True} for endpoint in DESCRIPTION["endpoints"]]
    lab = start_lab({"endpoints": endpoints})
    with pool(lab.ports["wsman_http"], ssl=False, encryption="never"):
        assert lab.farm.wait_for("session_opened")


def test_unencrypted_messages_are_refused(lab: Lab) -> None:
    with pytest.raises(WinRMTransportError) as caught:
        RunspacePool(wsman(lab.ports["wsman_http"], ssl=False, auth="ntlm", encryption="never")).open()
    assert caught.value.code == 500


def test_kerberos_is_refused_for_lack_of_a_key_distribution_centre(lab: Lab) -> None:
    token = base64.b64encode(bytes.fromhex("600b06092a864886f71201020201")).decode()
    assert post(lab.ports["wsman_http"], Authorization=f"Negotiate {token}").status == 401
    assert post(lab.ports["wsman_http"], Authorization=f"Kerberos {token}").status == 401
    assert post(lab.ports["wsman_http"], Authorization="Negotiate !").status == 401


def test_unknown_path_is_a_page(lab: Lab) -> None:
    with pytest.raises(WinRMTransportError) as caught:
        RunspacePool(wsman(lab.ports["wsman_https"], ssl=True, auth="basic", path="nowhere")).open()
    assert caught.value.code == 404
    assert "<h2>Not Found</h2>" in caught.value.response_text


def test_identify_needs_no_logon(lab: Lab) -> None:
    identify = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body><i:Identify '
    identify += 'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>'
    assert post(lab.ports["wsman_http"], body=identify, WSMANIDENTIFY="unauthenticated").status == 200


def test_wrong_configuration(lab: Lab) -> None:
    connection = wsman(lab.ports["wsman_https"], ssl=True, auth="basic")
    fault = fault_of(RunspacePool(connection, configuration_name="Microsoft.Exchange").open)
    assert fault.code == 2150858811
    assert "Microsoft.Exchange) was not found in the WS-Management catalog" in (fault.reason or "")


def test_user_without_the_right(lab: Lab) -> None:
    options = {"auth": "basic", "username": "LITWARE\\nobody", "path": "PowerShell"}
    connection = wsman(lab.ports["product_https"], ssl=True, **options)
    assert fault_of(RunspacePool(connection, configuration_name="Microsoft.Exchange").open).code == 5
    assert [event["code"] for event in lab.farm.wait_for("refused")] == [5]


@pytest.mark.parametrize(
    ("listener", "options", "allowed", "code", "says"),
    [
        ("wsman_https", {}, 5, 2150859173, "maximum number of 5 concurrent shells"),
        ("product_https", EXCHANGE, 3, 2152992672, "maximum number of connections allowed : 3 for the policy party"),
    ],
)
def test_too_many_shells(lab: Lab, listener: str, options: dict[str, Any], allowed: int, code: int, says: str) -> None:
    with ExitStack() as stack:
        for _turn in range(allowed):
            stack.enter_context(pool(lab.ports[listener], **options))
        fault = fault_of(lambda: stack.enter_context(pool(lab.ports[listener], **options)))
        assert fault.code == code
        assert says in (fault.provider_fault or fault.reason or "")
    with pool(lab.ports[listener], **options):
        assert len(lab.farm.wait_for("session_opened", allowed + 1)) == allowed + 1


def test_a_shell_id_in_use_is_refused_and_the_first_shell_stays(lab: Lab) -> None:
    service = lab.server.service
    winrm = protocol(lab.ports["wsman_https"])
    first = winrm.open_shell()
    for user in (USER, "LITWARE\\nobody"):
        status, answer = service.handle(creating(first), Identity(user), "/wsman")
        assert (status, b'Code="2150858803"' in answer, b"w:AlreadyExists" in answer) == (500, True, True)
    command = winrm.run_command(first, "hostname")
    assert winrm.get_command_output(first, command)[0] == b"EX01\r\n"
    winrm.close_shell(first)
    assert [event["session"] for event in lab.farm.wait_for("session_closed")] == [first]
    assert len(lab.farm.wait_for("session_opened")) == 1
    statuses = [service.handle(creating(f"SHELL-{turn}"), Identity(USER), "/wsman")[0] for turn in range(5)]
    assert statuses == [200] * 5
    assert service.handle(creating("shell-0"), Identity(USER), "/wsman")[1].count(b'Code="2150858803"') == 1


def test_another_users_shell_is_unknown(lab: Lab) -> None:
    mine = protocol(lab.ports["wsman_https"])
    shell = mine.open_shell()
    theirs = protocol(lab.ports["wsman_https"], username="LITWARE\\nobody")
    with pytest.raises(Exception, match="invalid selectors"):
        theirs.run_command(shell, "hostname")
    mine.close_shell(shell)


def test_idle_shell_is_closed(start_lab: Callable[..., Lab]) -> None:
    lab = start_lab({"limits": {**DESCRIPTION["limits"], "idle_timeout": 0.3}})
    opened = RunspacePool(wsman(lab.ports["wsman_https"], ssl=True, auth="basic"))
    opened.open()
    assert lab.farm.wait_for("session_closed")[0]["reason"] == "idle"
    shell = PowerShell(opened)
    shell.add_cmdlet("Get-Identity")
    assert fault_of(shell.invoke).code == 2150858843


def test_waiting_is_not_idling(start_lab: Callable[..., Lab]) -> None:
    lab = start_lab({"limits": {**DESCRIPTION["limits"], "idle_timeout": 0.3}})
    with pool(lab.ports["wsman_https"]) as opened:
        shell = PowerShell(opened)
        shell.add_cmdlet("Start-Sleep").add_parameter("Seconds", 0.8)
        shell.invoke()
        assert not lab.farm.events("session_closed")


def test_receive_times_out_and_is_asked_again(lab: Lab) -> None:
    started = time.monotonic()
    with pool(lab.ports["wsman_https"], operation_timeout=1) as opened:
        shell = PowerShell(opened)
        shell.add_cmdlet("Start-Sleep").add_parameter("Seconds", 1.5)
        shell.invoke()
    assert time.monotonic() - started > 1.5


def test_too_large_a_request(lab: Lab) -> None:
    connection = wsman(lab.ports["wsman_https"], ssl=True, auth="basic")
    with pytest.raises(WinRMTransportError) as caught:
        connection.transport.send(b"x" * 600_000)
    assert caught.value.code == 413


def test_no_answer_is_larger_than_the_client_takes(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """pywinrm says how much it takes; the lab's answers keep to it."""
    winrm = protocol(lab.ports["wsman_https"])
    sizes: list[int] = []
    send = winrm.send_message

    def measured(message: str) -> bytes:
        sizes.append(len(answer := send(message.replace(">153600<", ">16384<"))))
        return answer

    monkeypatch.setattr(winrm, "send_message", measured)
    shell = winrm.open_shell()
    text = "x" * 100_000
    command = winrm.run_command(shell, "echo", [text])
    assert winrm.get_command_output(shell, command)[0] == f"{text}\r\n".encode()
    assert max(sizes) <= 16384
    winrm.close_shell(shell)


def test_malformed_request_is_a_fault(lab: Lab) -> None:
    status, answer = lab.server.service.handle(b"<oops", Identity(USER), "/wsman")
    assert (status, b'Code="2150858817"' in answer) == (500, True)


@pytest.mark.parametrize("size", ["many", "-1", "0x4000", "1e6"])
def test_an_envelope_size_that_is_no_number_is_a_fault(lab: Lab, size: str) -> None:
    request = creating("one", f"<w:MaxEnvelopeSize>{size}</w:MaxEnvelopeSize>")
    status, answer = lab.server.service.handle(request, Identity(USER), "/wsman")
    assert (status, b'Code="2150858817"' in answer) == (500, True)
    assert not lab.server.service.registry.shells
