# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm and a client's end of the streams, for tests of the emulated PowerShell alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from psrpcore import types as ps

from farm.clixml import decode, encode
from powershell.convert import properties_of
from powershell.errors import Terminating
from powershell.runspace import Command, Identity, Runspace
from powershell.values import make

OFFERED = ["Get-ClientAccessService", "Set-ClientAccessService", "Get-AuthConfig", "Get-CsOAuthConfiguration"]
NOT_FOUND = {
    "message": "Das Objekt wurde nicht gefunden.",
    "fqid": "[Server=EX,RequestId=1,TimeStamp=2] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 1A2B,Microsoft.Exchange.X",
    "category": "NotSpecified",
    "reason": "ManagementObjectNotFoundException",
    "target": "EX09",
    "type_name": "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
}


@dataclass
class StandInFarm:
    """Answers any cmdlet: a Get- with two servers, and what ``answers`` has for it besides."""

    role: str = "exchange"
    version: str = "2019"
    culture: str = "en-US"
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    charges: list[str] = field(default_factory=list)
    limits: dict[str, Any] = field(default_factory=dict)
    host: str = "ex01.example.com"

    def call(self, op: str, **fields: Any) -> dict[str, Any]:
        if op == "offers":
            return {"cmdlets": OFFERED}
        if op == "clock":
            return {"now": "2026-01-02T03:04:05+00:00"}
        if fields.get("host", self.host) != self.host:
            return {"refused": "there is no such host"}
        user = {
            "name": "EXAMPLE\\admin",
            "upn": "admin@example.com",
            "password": "secret",
            "groups": ["Organization Management"],
        }
        endpoint = {"path": "/powershell", "configuration": "Microsoft.Exchange", "profile": "exchange-endpoint"}
        described = {"fqdn": self.host, "role": self.role, "version": self.version, "culture": self.culture}
        return {**described, "users": [user], "endpoints": [endpoint], "limits": self.limits}

    def charge(self, what: str) -> None:
        self.charges.append(what)

    def event(self, event: str, **fields: Any) -> None:
        self.events.append((event, fields))

    def cmdlet(self, **fields: Any) -> Iterator[dict[str, Any]]:
        self.calls.append({**fields, "parameters": dict(decode(fields["parameters"]))})
        name = fields["cmdlet"]
        if name in self.answers:
            yield from self.answers[name]
        elif name.startswith("Get-"):
            yield from ({"output": encode(server(each))} for each in ("EX01", "EX02"))
        if not (name in self.answers and "failed" in self.answers[name][-1]):
            yield {"done": True}


def server(name: str) -> ps.PSObject:
    version = make(["Microsoft.Exchange.Data.ServerVersion", "System.Object"], "Version 15.2 (Build 1.2)", Major=15)
    scope = ps.PSList([ps.PSString("Site")])
    return make(
        ["Microsoft.Exchange.Data.Directory.Management.ClientAccessServer", "System.Object"],
        name,
        Name=ps.PSString(name),
        Identity=ps.PSString(name),
        AutoDiscoverServiceInternalUri=ps.PSUri("https://autodiscover.example.com/autodiscover/autodiscover.xml"),
        AutoDiscoverSiteScope=scope,
        AdminDisplayVersion=version,
    )


@dataclass
class StandInSink:
    """Keeps what is written."""

    outputs: list[Any] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    said: list[tuple[str, bool, list[str]]] = field(default_factory=list)
    failed: str | None = None
    record: Any = None
    stopped: bool = False

    def output(self, value: Any) -> None:
        self.outputs.append(value)

    def error(self, record: Any) -> None:
        self.errors.append(record.FullyQualifiedErrorId)
        self.record = record

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def verbose(self, text: str) -> None: ...

    def information(self, record: Any) -> None:
        data = record.MessageData
        self.said.append((str(data.Message), bool(data.NoNewLine), list(record.Tags)))

    def progress(self, record: Any) -> None: ...

    @property
    def shown(self) -> list[dict[str, Any]]:
        """The outputs as plain mappings."""
        return [{entry.name: entry.get_value(value) for entry in properties_of(value)} for value in self.outputs]


def command(name: str, *arguments: Any, **parameters: Any) -> Command:
    return Command(name, parameters=(*((None, value) for value in arguments), *parameters.items()))


def script(text: str, **parameters: Any) -> Command:
    return Command(text, is_script=True, parameters=tuple(parameters.items()))


def runspace(farm: StandInFarm, profile: str = "windows", *, delegated: bool = False) -> Runspace:
    return Runspace(profile, Identity("EXAMPLE\\admin", ("Organization Management",), delegated), farm)


def run(space: Runspace, *commands: Command, values: tuple[Any, ...] = ()) -> StandInSink:
    """Run a pipeline and keep what came of it."""
    sink = StandInSink()
    try:
        space.run(list(commands), list(values), sink)
    except Terminating as error:
        sink.failed, sink.record = error.record.FullyQualifiedErrorId, error.record
    return sink
