# SPDX-License-Identifier: GPL-3.0-or-later
"""Which PowerShell answers behind an endpoint or a powershell.exe: the emulated one, or the real engine in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wire import cmd
from wire.description import Host
from wire.engine import Engine, EnginePeer, EngineProcess
from wire.farm_client import FarmClient, SessionClient
from wire.output import Output
from wire.ports import Identity, Outlet, Peer, Runspace
from wire.process import Finished, Process
from wire.psrp import OnPipeline, PsrpServer
from wire.psrp_shell import PsrpShell
from wire.script import Script
from wire.server_mode import ServerMode
from wire.service import Opening
from wire.winrs import BAD_PARAMETER_EXIT, CmdShell, PowerShellCall

MakeRunspace = Callable[[str, Identity, SessionClient], Runspace]
StartupText = Callable[[str, Identity, SessionClient], str]

_MACHINE = "windows"
_LARGEST_FRAGMENT = 32768


@dataclass(frozen=True)
class PowerShells:
    """Makes the shells of a host."""

    host: Host
    farm: FarmClient
    make_runspace: MakeRunspace
    engine: Engine | None = None
    startup_text: StartupText = lambda profile, identity, session: ""
    started: Callable[[list[str]], None] = lambda names: None
    """Told the cmdlets of each pipeline."""

    def _session(self, opening: Opening) -> SessionClient:
        endpoint, identity = opening.endpoint, opening.identity
        return self.farm.session(
            session=opening.shell_id,
            user=identity.user,
            groups=list(identity.groups),
            delegated=identity.delegated,
            shell=endpoint.shell if endpoint else _MACHINE,
            endpoint=endpoint.path if endpoint else "winrs",
        )

    def _told(self, session: SessionClient) -> OnPipeline:
        def told(names: list[str]) -> None:
            self.started(names)
            session.event("pipeline", commands=names)

        return told

    def open_endpoint(self, opening: Opening) -> PsrpShell:
        """A session configuration's shell."""
        assert opening.endpoint is not None  # the service found it
        session, profile = self._session(opening), opening.endpoint.profile
        told = self._told(session)
        # Base64 and the envelope around it must leave a fragment whole.
        size = min(_LARGEST_FRAGMENT, (opening.request.envelope_size - 4096) * 3 // 4)

        def peer(outlet: Outlet) -> Peer:
            if self.engine is not None:
                return EnginePeer(outlet, self.engine, self.startup_text(profile, opening.identity, session), told)
            return PsrpServer(self.make_runspace(profile, opening.identity, session), outlet, told, size)

        return PsrpShell(opening.request, peer)

    def open_cmd(self, opening: Opening) -> CmdShell:
        """A command shell."""
        session = self._session(opening)

        def environment(variables: dict[str, str]) -> dict[str, str]:
            return cmd.environment(self.host, opening.identity, variables)

        shell = CmdShell(opening.request, environment)
        shell.start_powershell = lambda call, output: self._start_powershell(call, output, opening.identity, session)
        return shell

    def _start_powershell(
        self, call: PowerShellCall, output: Output, identity: Identity, session: SessionClient
    ) -> Process:
        session.charge("powershell_start")
        if call.refusal:
            return Finished(output, b"", f"{call.refusal}\r\n".encode(), BAD_PARAMETER_EXIT)
        told = self._told(session)
        if self.engine is not None:
            startup = self.startup_text(_MACHINE, identity, session)
            here = call.directory.replace("'", "''")
            startup += f"\n$global:LabLocation = '{here}'" if here else ""
            return EngineProcess(output, self.engine, startup, call, told)
        runspace = self.make_runspace(_MACHINE, identity, session)
        if call.server:
            return ServerMode(output, lambda outlet: PsrpServer(runspace, outlet, told))
        told([call.script or ""])
        return Script(output, runspace, call.script)
