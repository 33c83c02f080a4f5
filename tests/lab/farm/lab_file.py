# SPDX-License-Identifier: GPL-3.0-or-later

"""``lab.json``: where everything of a running lab is. Written by the farm, read by host processes, command line and tests."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import Any

from farm.certificates import Issued, pem
from farm.describe import account, listeners
from farm.realm import Realm
from farm.state import Farm
from farm.web.site_certificate import find_site_certificate


class LabFile:
    """The file and its content."""

    def __init__(self, state: Path, content: dict[str, Any]) -> None:
        self.path = state / "lab.json"
        self.content = content
        self.lock = threading.Lock()

    @classmethod
    def create(
        cls, state: Path, farm: Farm, *, farm_port: int, dns_port: int, token: str, engine: str | None
    ) -> LabFile:
        """The content at start, with each host's TLS certificate written beside it."""
        authority = state / "ca.pem"
        authority.write_bytes(_certificate_pem(farm.authority.issued.raw))
        administrator = account(farm, farm.scenario.users[0])
        return cls(
            state,
            {
                "scenario": farm.scenario.name,
                "latency": farm.latency.mode,
                "engine": engine,
                "ready": False,
                "farm": {"host": "127.0.0.1", "port": farm_port, "token": token},
                "dns": {"host": "127.0.0.1", "port": dns_port, "tsig": farm.tsig},
                "ca": str(authority),
                "administrator": {
                    "name": administrator["name"],
                    "upn": administrator["upn"],
                    "password": administrator["password"],
                },
                "inventory": farm.scenario.inventory,
                "pids": {"farm": os.getpid()},
                "hosts": {host.fqdn: _host(state, farm, host.fqdn) for host in farm.scenario.hosts},
            },
        )

    def add_realm(self, realm: Realm) -> None:
        """The hosts have keys of this realm's."""
        self.content["kerberos"] = realm.describe()
        self.content["pids"].update(realm.list_pids())
        for fqdn, host in self.content["hosts"].items():
            host["keytab"] = str(realm.keytab(fqdn))

    def listening(self, fqdn: str, ports: dict[str, int], pid: int | None) -> None:
        """A host answers on these ports; when all do, the lab is ready."""
        with self.lock:
            self.content["hosts"][fqdn]["listeners"] = ports
            if pid:
                self.content["pids"][fqdn] = pid
            self.content["ready"] = all(host["listeners"] for host in self.content["hosts"].values())
            self._write()

    def write(self) -> None:
        """Write the file."""
        with self.lock:
            self._write()

    def remove(self) -> None:
        """Remove the file: the lab is gone."""
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        # It holds passwords and the control token: for its owner only, and never half written.
        draft = self.path.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(self.content, indent=2), encoding="utf-8")
        draft.replace(self.path)


def write_site_certificate(state: Path, farm: Farm, fqdn: str) -> dict[str, str]:
    """The certificate that the web site of a host shows now, with its key, as files; nothing where it has none."""
    issued = find_site_certificate(farm, farm.machines[fqdn].host)
    if issued is None:
        return {}
    certificate, key = state / f"{fqdn}.{issued.thumbprint}.pem", state / f"{fqdn}.{issued.thumbprint}.key"
    if not key.exists():
        certificate.write_bytes(_certificate_pem(issued.raw))
        _write_key(key, issued)
    return {"certificate": str(certificate), "key": str(key)}


def _host(state: Path, farm: Farm, fqdn: str) -> dict[str, Any]:
    host = farm.machines[fqdn].host
    issued = farm.authority.server(fqdn)
    certificate, key = state / f"{fqdn}.pem", state / f"{fqdn}.key"
    certificate.write_bytes(_certificate_pem(issued.raw))
    _write_key(key, issued)
    return {
        "short": host.short,
        "role": host.role,
        "listeners": {},
        "expected_listeners": listeners(host),
        "certificate": str(certificate),
        "key": str(key),
    }


def _write_key(path: Path, issued: Issued) -> None:
    path.touch(mode=0o600)
    path.write_bytes(pem(issued.key))


def _certificate_pem(raw: bytes) -> bytes:
    return DER_cert_to_PEM_cert(raw).encode()
