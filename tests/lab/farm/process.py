# SPDX-License-Identifier: GPL-3.0-or-later

"""The farm's process: model, DNS server and control socket; starts the host processes and ends with them.

``python -m farm.process STATE SCENARIO [--latency none|real] [--engine PATH] [--kerberos | --realm FOLDER] [--without-hosts]``
"""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
import threading
from pathlib import Path

from farm import registry
from farm.dns.server import NameServer, key_of, serve
from farm.errors import LabError
from farm.hosts import HostProcesses
from farm.kdc import Kdc
from farm.lab_file import LabFile
from farm.realm import Realm, open_realm
from farm.scenario import load
from farm.server import Control, Server
from farm.state import Farm

WATCH = 0.5
"""Seconds between looks at the host processes."""


class FarmProcess:
    """A running farm."""

    def __init__(
        self,
        state: Path,
        scenario: str,
        latency: str = "none",
        engine: str | None = None,
        *,
        kerberos: bool = False,
        realm: Path | None = None,
    ) -> None:
        registry.load()
        self.state = state
        (state / "log").mkdir(parents=True, exist_ok=True)
        self.farm = Farm(load(scenario), latency)
        self.stop = threading.Event()
        self.realm: Realm | None = None
        if realm or kerberos:
            served = self.farm.scenario
            self.realm = open_realm(state, realm, served) if realm else Kdc(state, served)
        self.farm.kerberos = self.realm is not None
        self.server = Server(secrets.token_urlsafe(24))
        dns_port = serve(NameServer(self.farm.zones, key_of(self.farm.tsig)))
        self.lab = LabFile.create(
            state, self.farm, farm_port=self.server.port, dns_port=dns_port, token=self.server.token, engine=engine
        )
        if self.realm:
            self.lab.add_realm(self.realm)
        self.server.control = Control(self.farm, self.lab, self.stop)
        self.hosts = HostProcesses(state, self.realm)

    def start(self, *, with_hosts: bool = True) -> None:
        """Answer, and start the hosts."""
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.lab.write()
        for host in self.farm.scenario.hosts if with_hosts else []:
            self.hosts.start(host.fqdn)

    def wait(self) -> None:
        """Until somebody stops the lab or a host process dies."""
        while not self.stop.wait(WATCH):
            if dead := self.hosts.dead():
                fqdn, code = next(iter(dead.items()))
                raise LabError(
                    f"the process of {fqdn} ended with exit code {code}; see {self.state / 'log' / f'{fqdn}.log'}"
                )

    def close(self) -> None:
        """End the hosts, then the farm."""
        self.hosts.stop()
        if self.realm:
            self.realm.stop()
        self.server.shutdown()
        self.server.server_close()
        self.lab.remove()


def main(arguments: list[str]) -> int:
    """Run a farm until it is stopped."""
    parser = argparse.ArgumentParser(prog="farm.process")
    parser.add_argument("state", type=Path)
    parser.add_argument("scenario")
    parser.add_argument("--latency", choices=["none", "real"], default="none")
    parser.add_argument("--engine")
    parser.add_argument("--kerberos", action="store_true")
    parser.add_argument("--realm", type=Path)
    parser.add_argument("--without-hosts", action="store_true")
    chosen = parser.parse_args(arguments)
    try:
        kerberos = {"kerberos": chosen.kerberos, "realm": chosen.realm}
        process = FarmProcess(chosen.state, chosen.scenario, chosen.latency, chosen.engine, **kerberos)
    except LabError as error:
        print(f"error: {error}", flush=True)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: process.stop.set())
    try:
        process.start(with_hosts=not chosen.without_hosts)
        process.wait()
    except LabError as error:
        print(f"error: {error}", flush=True)
        return 1
    finally:
        process.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
