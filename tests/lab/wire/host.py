# SPDX-License-Identifier: GPL-3.0-or-later
"""One emulated host: ``python -m wire.host STATE_DIR FQDN`` with tests/lab on ``sys.path``.

Opens its listeners on ports of 127.0.0.1 that the system chooses, reports them to the farm
(``{"op": "listening", "host": …, "listeners": {name: port}, "pid": …}``) and serves until SIGTERM, or until the farm's end of the
connection goes away on which it follows the injected faults.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wire import description
from wire.auth import server_tls, show_by_name
from wire.channel_bindings import Bindings
from wire.credentials import Credentials
from wire.engine import Engine
from wire.farm_client import Connection, FarmClient, FarmGoneError, SessionClient
from wire.front import Front
from wire.httpd import Listener
from wire.injected_faults import Faults
from wire.ports import Identity, Runspace
from wire.powershells import MakeRunspace, PowerShells, StartupText
from wire.service import Service
from wire.web_site import WebSite

WEB_SITE = "product_https"
"""The listener that IIS's web site is behind."""
CBT = "EXCHANGE_LYNC_LAB_CBT"
"""The environment variable by which ``up --cbt`` overrides what the scenario says of each host."""


def emulated(profile: str, identity: Identity, session: SessionClient) -> Runspace:
    """A runspace of the emulated PowerShell."""
    from powershell.runspace import Runspace as Emulated  # late: a host with the real engine does not need it

    runspace: Runspace = Emulated(profile, identity, session)
    return runspace


def proxies(profile: str, identity: Identity, session: SessionClient) -> str:
    """The start-up text of the real engine: functions that stand for the profile's cmdlets."""
    from powershell.proxies import startup  # late: a host with the emulated PowerShell does not need it

    text: str = startup(profile, host=session.host, identity=identity, farm=session)
    return text


class HostServer:
    """All listeners of a host over one service."""

    def __init__(
        self,
        host: description.Host,
        farm: FarmClient,
        state_dir: Path,
        place: Mapping[str, Any],
        make_runspace: MakeRunspace = emulated,
        engine: str | None = None,
        startup_text: StartupText = proxies,
    ) -> None:
        self.host, self.farm, self.clock = host, farm, host.clock
        self.faults = Faults(lambda name: farm.event("fault", fault=name))
        self._credentials = Credentials(host)
        self._credentials.use_for_ntlm(state_dir / f"{host.fqdn}.ntlm")
        running = Engine(engine, state_dir, host.culture) if engine else None
        shells = PowerShells(host, farm, make_runspace, running, startup_text, self._started)
        self.service = Service(host, farm, self.faults, shells.open_cmd, shells.open_endpoint)
        names = sorted({name for endpoint in host.endpoints for name in endpoint.listeners})
        self.listeners = {name: self._listener(name, place) for name in names}

    def _listener(self, name: str, place: Mapping[str, Any]) -> Listener:
        encrypted = name.endswith("https")
        endpoints = [endpoint for endpoint in self.host.endpoints if name in endpoint.listeners]
        level = os.environ.get(CBT) or self.host.cbt
        site = WebSite(self.farm, level) if name == WEB_SITE else None
        front = Front(self.service, endpoints, encrypted=encrypted, pages=site.find_page if site else None)
        # the domain's clock goes with the farm's, so what is wrong is what was when the lab started
        domain: dict[str, Any] = {"kerberos": "keytab" in place, "ahead": self.host.clock}
        if not encrypted:
            return Listener(front, self._credentials, self.farm.count_request, clock=self._ahead, **domain)
        certificate, key = Path(place["certificate"]), place.get("key")
        tls = server_tls(certificate, Path(key) if key else None)
        if site:
            show_by_name(tls, {"localhost"}, site.choose_certificate)
        bindings = Bindings.of(certificate.read_bytes(), level)
        return Listener(
            front,
            self._credentials,
            self.farm.count_request,
            tls,
            bindings,
            self._ahead,
            site_bindings=site.bindings if site else {},
            **domain,
        )

    def _ahead(self) -> float:
        return self.clock

    def update(self, told: Mapping[str, Any]) -> None:
        """Take what holds from now on: the injected faults, and by how much the clock is ahead."""
        self.clock = float(told.get("clock", self.clock))
        self.faults.update(told.get("faults", ()))

    def _started(self, names: list[str]) -> None:
        self.faults.pipeline = tuple(names)

    @property
    def ports(self) -> dict[str, int]:
        """The port of each listener."""
        return {name: listener.port for name, listener in self.listeners.items()}

    def start(self) -> None:
        """Serve in the background."""
        for listener in self.listeners.values():
            listener.start()

    def stop(self) -> None:
        """End all shells and close the ports."""
        for listener in self.listeners.values():
            listener.stop()
        self.service.registry.expire_all("shutdown")


def follow_farm(connection: Connection, update: Callable[[Mapping[str, Any]], None], host: str) -> None:
    """Take what the farm says of faults and clock until it ends."""
    connection.send({"op": "faults", "host": host, "follow": True})
    try:
        while True:
            update(connection.receive())
    except (FarmGoneError, OSError, ValueError):
        return  # the farm is gone, or this process is about to be


def main(state_dir: str, fqdn: str) -> int:
    """Serve a host of the lab in that directory."""
    state = Path(state_dir)
    lab = json.loads((state / "lab.json").read_text(encoding="utf-8"))
    farm = FarmClient((lab["farm"]["host"], lab["farm"]["port"]), lab["farm"]["token"], fqdn)
    host = description.parse(farm.call("describe"))
    server = HostServer(host, farm, state, lab["hosts"][fqdn], engine=lab.get("engine"))
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())

    def follow() -> None:
        follow_farm(farm.connect(), server.update, fqdn)
        ended.set()

    threading.Thread(target=follow, daemon=True).start()
    server.start()
    farm.call("listening", listeners=server.ports, pid=os.getpid())
    ended.wait()
    try:
        server.stop()
        farm.close()
    except OSError:
        return 1  # the farm was first to go: there is nobody to tell
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
