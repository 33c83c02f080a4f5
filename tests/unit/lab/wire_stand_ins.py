# SPDX-License-Identifier: GPL-3.0-or-later
"""What the wire's neighbours are in its own tests: a farm that only listens, and a PowerShell of a few words."""

from __future__ import annotations

import json
import re
import socket
import socketserver
import threading
import time
from pathlib import Path
from typing import Any

from psrpcore import types as ps

from wire import description
from wire.farm_client import FarmClient, SessionClient
from wire.host import HostServer
from wire.ports import Identity

PASSWORD = "P@ss:word1"  # a colon: one of pyspnego's two credential formats cannot hold it
USER = "LITWARE\\administrator"

DESCRIPTION: dict[str, Any] = {
    "fqdn": "ex01.litwareinc.com",
    "short": "EX01",
    "netbios_domain": "LITWARE",
    "users": [
        {
            "name": USER,
            "upn": "administrator@litwareinc.com",
            "password": PASSWORD,
            "groups": ["Organization Management"],
        },
        {"name": "LITWARE\\nobody", "upn": "nobody@litwareinc.com", "password": PASSWORD, "groups": []},
    ],
    "endpoints": [
        {
            "path": "/wsman",
            "configuration": "Microsoft.PowerShell",
            "profile": "windows",
            "auth": ["Negotiate", "CredSSP", "Basic"],
            "listeners": ["wsman_http", "wsman_https"],
        },
        {
            "path": "/powershell",
            "configuration": "Microsoft.Exchange",
            "profile": "exchange-endpoint",
            "auth": ["Basic", "Negotiate"],
            "listeners": ["product_https", "product_http"],
            "allowed_groups": ["Organization Management"],
        },
    ],
    "limits": {"max_shells_per_user": 5, "exchange_max_concurrency": 3, "idle_timeout": 7200, "max_envelope_kb": 500},
    "culture": "en-US",
}


class PipelineError(Exception):
    """What ends a pipeline as failed."""

    def __init__(self, error_id: str) -> None:
        super().__init__(error_id)
        exception = ps.NETException(Message="It failed.", HResult=-2146233087)
        category = ps.ErrorCategoryInfo(Category=ps.ErrorCategory.InvalidOperation, Reason="RuntimeException")
        self.record = ps.ErrorRecord(Exception=exception, CategoryInfo=category, FullyQualifiedErrorId=error_id)


class FakeRunspace:
    """Knows Write-Echo, Write-Each, Wait-Stop, Start-Sleep, Test-Error, Test-Failure and Get-Identity; echoes scripts."""

    pace = 1.0

    def __init__(self, profile: str, identity: Identity, farm: SessionClient) -> None:
        self.profile, self.identity, self.farm = profile, identity, farm

    def run(self, commands: list[Any], values: list[Any], sink: Any, /) -> None:
        for command in commands:
            parameters = dict(command.parameters)
            getattr(self, f"_{command.text.lower().replace('-', '_')}", self._script)(command, parameters, values, sink)

    def _script(self, command: Any, parameters: dict[str, Any], values: list[Any], sink: Any) -> None:
        if command.text == "throw":
            raise PipelineError("Thrown")
        sleep = re.search(r"Start-Sleep (?:-Seconds )?(\d+)", command.text)
        for part in command.text.split(sleep.group(0)) if sleep else [command.text]:
            if part.strip():
                sink.output(part)
            if sleep:
                time.sleep(int(sleep.group(1)) * self.pace * 0.95)  # it began before its first output was fetched
                sleep = None

    def _write_echo(self, command: Any, parameters: dict[str, Any], values: list[Any], sink: Any) -> None:
        sink.output(parameters.get("Value"))
        for value in values:
            sink.output(value)

    def _write_each(self, command: Any, parameters: dict[str, Any], values: list[Any], sink: Any) -> None:
        sink.warning("w")
        sink.verbose("v")
        sink.information(ps.InformationRecordMsg(MessageData="i", Source="s"))
        sink.error(PipelineError("Soft").record)
        sink.output("o")

    def _start_sleep(self, command: Any, parameters: dict[str, Any], values: list[Any], sink: Any) -> None:
        time.sleep(float(parameters["Seconds"]) * self.pace * 1.05)  # as long as that at least

    def _wait_stop(self, command: Any, parameters: dict[str, Any], values: list[Any], sink: Any) -> None:
        while not sink.stopped:
            time.sleep(0.01)

    def _test_error(self, command: Any, parameters: dict[str, Any], values: list[Any], sink: Any) -> None:
        raise PipelineError("Hard")

    def _test_failure(self, command: Any, parameters: dict[str, Any], values: list[Any], sink: Any) -> None:
        raise ZeroDivisionError

    def _get_identity(self, command: Any, parameters: dict[str, Any], values: list[Any], sink: Any) -> None:
        who = self.identity
        sink.output(f"{who.user} {who.authentication} {who.delegated} {self.profile}")

    def command_metadata(self, names: list[str]) -> list[Any]:
        return list(names)

    def close(self) -> None:
        self.farm.event("runspace_closed")

    def kill(self) -> None:
        self.farm.event("runspace_killed")


class FakeFarm:
    """Answers each question with the description, and keeps all that it is told."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer, self.told, self.followers, self.connections = answer, [], [], []
        farm = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    message = json.loads(line)
                    farm.told.append(message)
                    if message.get("op") == "faults":
                        farm.followers.append(self.wfile)
                        farm.connections.append(self.connection)
                        self.wfile.write(b'{"faults": []}\n')
                    elif "op" in message and message["op"] != "event":
                        self.wfile.write(json.dumps(farm.answer).encode() + b"\n")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    told: list[dict[str, Any]]
    followers: list[Any]
    connections: list[socket.socket]

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.server.server_address[1])

    def push(self, faults: list[Any]) -> None:
        for follower in self.followers:
            follower.write(json.dumps({"faults": faults}).encode() + b"\n")

    def hang_up(self) -> None:
        """End the connections over which hosts follow the faults."""
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [message for message in self.told if message.get("event") == name]

    def wait_for(self, name: str, count: int = 1, seconds: float = 5.0) -> list[dict[str, Any]]:
        """The events of that name, when there are so many."""
        deadline = time.monotonic() + seconds
        while len(self.events(name)) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.events(name)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Lab:
    """A host with its farm."""

    def __init__(self, state: Path, certificate: Path, changes: dict[str, Any] | None = None, **options: Any) -> None:
        self.farm = FakeFarm({**DESCRIPTION, **(changes or {})})
        self.client = FarmClient(self.farm.address, "token", DESCRIPTION["fqdn"])
        host = description.parse(self.client.call("describe"))
        options.setdefault("make_runspace", FakeRunspace)
        self.server = HostServer(host, self.client, state, {"certificate": str(certificate)}, **options)
        self.server.start()

    @property
    def ports(self) -> dict[str, int]:
        return self.server.ports

    def close(self) -> None:
        self.server.stop()
        self.client.close()
        self.farm.close()
