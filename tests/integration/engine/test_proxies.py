# SPDX-License-Identifier: GPL-3.0-or-later
"""The real engine in the emulated PowerShell's place: what it runs as a runspace opens, and the farm at the other end of its functions."""

from __future__ import annotations

import json
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psrpcore import types as ps

from farm.clixml import encode
from powershell.proxies import startup
from powershell.values import make
from powershell_stand_ins import NOT_FOUND, StandInFarm
from wire.ports import Identity


class AnsweringFarm(StandInFarm):
    """The stand-in farm behind a socket, as the engine's functions reach it."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.token, self.fields = "it's a token", {"session": "S1", "endpoint": "/wsman"}
        farm = self

        class Connection(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                if json.loads(self.rfile.readline()) != {"token": farm.token}:
                    return
                for line in self.rfile:
                    for answer in farm.respond(json.loads(line)):
                        self.wfile.write(json.dumps(answer).encode() + b"\n")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection)
        self.server.daemon_threads = True
        self.address = ("127.0.0.1", int(self.server.server_address[1]))

    def respond(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        operation = request.pop("op")
        if operation == "cmdlet":
            yield from self.cmdlet(**request)
        elif operation == "event":
            self.event(request.pop("event"), **request)
            yield {"done": True}
        elif operation == "charge":
            self.charge(request["what"])
            yield {"done": True}
        else:
            yield self.call(operation, **request)


@pytest.fixture
def answering() -> Iterator[AnsweringFarm]:
    made = AnsweringFarm()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def run(pwsh: str, farm: AnsweringFarm, folder: Path, profile: str, script: str) -> list[str]:
    """Run a script after the start-up text of a profile; what it printed."""
    identity = Identity("EXAMPLE\\o'admin", ("Organization Management",))
    file = folder / "run.ps1"
    file.write_text(f"{startup(profile, farm.host, identity, farm)}\n{script}", encoding="utf-8")
    done = subprocess.run([pwsh, "-NoProfile", "-File", file], capture_output=True, text=True, timeout=60, check=False)
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


def test_arguments_and_objects_both_ways(pwsh: str, answering: AnsweringFarm, tmp_path: Path) -> None:
    script = """
Add-PSSnapin Microsoft.Exchange.Management.PowerShell.SnapIn
$secret = [securestring]::new(); $secret.AppendChar('p')
Import-ExchangeCertificate -FileData ([byte[]](1, 2)) -Password $secret -Confirm:$false
$found = Get-ClientAccessService | Select-Object Name, AutoDiscoverServiceInternalUri
"$($found[1].Name) $($found[1].AutoDiscoverServiceInternalUri.GetType().Name) $($found[1].psobject.TypeNames[0])"
Get-ClientAccessService | Set-ClientAccessService -AutoDiscoverSiteScope @{ Add = 'x' }
"""
    assert run(pwsh, answering, tmp_path, "windows", script) == [
        "EX02 Uri Selected.Microsoft.Exchange.Data.Directory.Management.ClientAccessServer"
    ]
    first = answering.calls[0]
    assert first["parameters"] == {"FileData": b"\1\2", "Password": {"$secure": "p"}, "Confirm": False}
    assert (first["user"], first["session"], first["shell"], first["set"]) == (
        "EXAMPLE\\o'admin",
        "S1",
        "exchange",
        "FileData",
    )
    assert [call["parameters"] for call in answering.calls[-2:]] == [
        {"Identity": name, "AutoDiscoverSiteScope": {"Add": "x"}} for name in ("EX01", "EX02")
    ]
    assert answering.charges == ["snapin_load"]


def test_errors_and_warnings_as_the_farm_says_them(pwsh: str, answering: AnsweringFarm, tmp_path: Path) -> None:
    answering.answers["Get-AuthConfig"] = [{"warning": "w"}, {"error": NOT_FOUND}]
    answering.answers["Get-AuthServer"] = [{"failed": NOT_FOUND}]
    script = """
Add-PSSnapin Microsoft.Exchange.Management.PowerShell.SnapIn
foreach ($name in 'Get-AuthConfig', 'Get-AuthServer') {
    try { & $name -ErrorAction Stop -WarningAction SilentlyContinue } catch { "$($_.FullyQualifiedErrorId) $($_.CategoryInfo.Reason)" }
}
Get-AuthConfig -ErrorAction SilentlyContinue -WarningVariable warned -WarningAction SilentlyContinue
"$warned $($Error[0].FullyQualifiedErrorId)"
"""
    both = f"{NOT_FOUND['fqid']} {NOT_FOUND['reason']}"
    assert run(pwsh, answering, tmp_path, "windows", script) == [both, both, f"w {NOT_FOUND['fqid']}"]


def test_the_imported_session_has_the_credential(pwsh: str, answering: AnsweringFarm, tmp_path: Path) -> None:
    script = """
$secret = [securestring]::new(); 'secret'.ToCharArray().ForEach({ $secret.AppendChar($_) })
foreach ($user in 'wrong', 'admin@example.com') {
    $credential = [pscredential]::new($user, $secret)
    $session = New-PSSession -ConfigurationName Microsoft.Exchange -ConnectionUri http://ex01.example.com/PowerShell/ `
        -Credential $credential -Authentication Kerberos -ErrorAction SilentlyContinue
    if (-not $session) { $Error[0].FullyQualifiedErrorId }
}
$null = Import-PSSession -Session $session -CommandName Get-AuthConfig
(Get-AuthConfig)[0].psobject.TypeNames[0]
Remove-PSSession $session
"""
    assert run(pwsh, answering, tmp_path, "windows", script) == [
        "AccessDenied,PSSessionOpenFailed",
        "Deserialized.Microsoft.Exchange.Data.Directory.Management.ClientAccessServer",
    ]
    assert [name for name, _fields in answering.events] == ["session_opened", "session_closed"]
    assert answering.calls[0]["session"] == answering.events[0][1]["session"] != "S1"
    assert answering.calls[0]["delegated"] is True


def test_a_products_endpoint_shows_its_own_commands(pwsh: str, answering: AnsweringFarm, tmp_path: Path) -> None:
    text = startup("exchange-endpoint", answering.host, Identity("u", ("Organization Management",)), answering)
    assert text.rstrip().endswith("LanguageMode = 'NoLanguage'")
    script = """
$visible = $ExecutionContext.InvokeCommand.GetCommands('*', 'Alias, Function, Cmdlet', $true).Where({ $_.Visibility -eq 'Public' }).Name
foreach ($name in $visible) { [Console]::Out.WriteLine($name) }
[Console]::Out.WriteLine($ExecutionContext.SessionState.Applications.Count)
"""
    file = tmp_path / "endpoint.ps1"
    file.write_text(
        text.replace("$ExecutionContext.SessionState.LanguageMode = 'NoLanguage'", script), encoding="utf-8"
    )
    done = subprocess.run([pwsh, "-NoProfile", "-File", file], capture_output=True, text=True, timeout=60, check=False)
    *names, applications = done.stdout.splitlines()
    assert set(names) == {
        "Get-AuthConfig", "Get-ClientAccessService", "Set-ClientAccessService", "Get-Command", "Select-Object", "Out-Default",
    }  # fmt: skip
    assert applications == "0"


def test_what_serializes_as_something_else_does_so_at_the_pipelines_end(
    pwsh: str, answering: AnsweringFarm, tmp_path: Path
) -> None:
    live = make(
        ["System.Security.Cryptography.X509Certificates.X509Certificate2"], "c", HasPrivateKey=True, RawData=b"1"
    )
    answering.answers["Get-ChildItem"] = [
        {"output": encode(live), "remote": encode(make(["X"], "c", RawData=ps.PSByteArray(b"1")))}
    ]
    script = """
(Get-ChildItem Cert:/LocalMachine/My | Select-Object HasPrivateKey).HasPrivateKey
@((Get-ChildItem Cert:/LocalMachine/My).psobject.Properties.Name) -join ','
"""
    assert run(pwsh, answering, tmp_path, "windows", script) == ["True", "RawData"]
