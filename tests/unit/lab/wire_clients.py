# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients for the wire's tests: pypsrp as it is, and psrpcore through a command shell of pywinrm's."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psrpcore
from psrpcore import types as ps
from pypsrp.powershell import RunspacePool
from pypsrp.wsman import WSMan
from winrm.exceptions import WinRMOperationTimeoutError
from winrm.protocol import Protocol

from wire_stand_ins import PASSWORD, USER

POOL = uuid.UUID(int=0)
FINAL = (ps.PSInvocationState.Completed, ps.PSInvocationState.Failed, ps.PSInvocationState.Stopped)
POWERSHELL_S = ("powershell.exe", ["-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-s"])


def wsman(port: int, *, ssl: bool, auth: str, **options: Any) -> WSMan:
    options = {"username": USER, "password": PASSWORD, "path": "wsman", "cert_validation": False, **options}
    return WSMan("localhost", port=port, ssl=ssl, auth=auth, **options)


@contextmanager
def pool(
    port: int, *, ssl: bool = True, auth: str = "basic", configuration: str = "", **options: Any
) -> Iterator[RunspacePool]:
    configuration = configuration or "Microsoft.PowerShell"
    with (
        wsman(port, ssl=ssl, auth=auth, **options) as connection,
        RunspacePool(connection, configuration_name=configuration) as opened,
    ):
        yield opened


def protocol(port: int, *, ssl: bool = True, transport: Any = "basic", **options: Any) -> Protocol:
    url = f"{'https' if ssl else 'http'}://localhost:{port}/wsman"
    options = {"username": USER, "password": PASSWORD, "server_cert_validation": "ignore", **options}
    return Protocol(url, transport=transport, **options)


class ServerModeClient:
    """psrpcore's client over ``powershell.exe -s`` in a command shell."""

    def __init__(self, winrm: Protocol) -> None:
        self.winrm = winrm
        self.shell = winrm.open_shell(codepage=65001)
        self.command = winrm.run_command(self.shell, *POWERSHELL_S, console_mode_stdin=False)
        self.pool = psrpcore.ClientRunspacePool()
        self.rest, self.acknowledged, self.lines = b"", 0, 0
        self.pool.open()
        self.flush()
        while self.pool.state == ps.RunspacePoolState.Opening:
            self.event()

    def write(self, *elements: str) -> None:
        """Send elements and wait until the last is acknowledged."""
        for element in elements:
            before = self.acknowledged
            self.winrm.send_command_input(self.shell, self.command, element.encode() + b"\n")
            while self.acknowledged == before:
                self.read()

    def flush(self) -> None:
        while (payload := self.pool.data_to_send(131072)) is not None:
            data = base64.b64encode(payload.data).decode()
            self.write(f"<Data Stream='Default' PSGuid='{payload.pipeline_id or POOL}'>{data}</Data>")

    def read(self) -> None:
        try:
            output, _errors, _code, _done = self.winrm.get_command_output_raw(self.shell, self.command)
        except WinRMOperationTimeoutError:
            return
        assert output.count(b"\n") == output.count(b"\r\n")
        *lines, self.rest = (self.rest + output).split(b"\r\n")
        for line in lines:
            self.acknowledged += b"Ack " in line
            if data := re.search(rb"PSGuid='([^']*)'>([^<]*)</Data>", line):
                pipeline = uuid.UUID(data.group(1).decode())
                fragments = base64.b64decode(data.group(2))
                payload = psrpcore.PSRPPayload(
                    fragments, psrpcore.StreamType.default, pipeline if pipeline != POOL else None
                )
                self.pool.receive_data(payload)

    def event(self) -> Any:
        while (event := self.pool.next_event()) is None:
            self.read()
        return event

    def invoke(self, command: str, **parameters: Any) -> tuple[list[Any], ps.PSInvocationState]:
        shell = psrpcore.ClientPowerShell(self.pool)
        shell.add_command(command)
        shell.add_parameters(**parameters)
        shell.start()
        self.write(f"<Command PSGuid='{shell.pipeline_id}' />")
        self.flush()
        output = []
        while True:
            event = self.event()
            if isinstance(event, psrpcore.PipelineOutputEvent):
                output.append(event.data)
            elif isinstance(event, psrpcore.PipelineStateEvent) and event.state in FINAL:
                self.write(f"<Close PSGuid='{shell.pipeline_id}' />")
                return output, event.state

    def close(self) -> None:
        self.winrm.cleanup_command(self.shell, self.command)
        self.winrm.close_shell(self.shell)
