# SPDX-License-Identifier: GPL-3.0-or-later
"""A realm of its own: an MIT KDC on loopback without any rights, with a service for a DNS server, and BIND that takes its tickets."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.onprem.exchange_lync.tests.unit import conftest as unit
from dns_programs import (
    HOST,
    PRINCIPAL,
    REALM,
    ZONE,
    Running,
    configure_bind,
    end_process,
    find_program,
    start_dns,
)
from farm.kdc import KdcProcess

STRANGER = "stranger"
"""A principal that the DNS server allows nothing."""
SERVICE = f"DNS/ns1.{ZONE}"


@dataclass(frozen=True)
class Realm:
    """A running KDC."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What every program needs that uses the realm."""
        return {"KRB5_CONFIG": str(self.folder / "krb5.conf")}

    def client(self, principal: str = PRINCIPAL) -> dict[str, str]:
        """What a client needs that gets its tickets with a keytab."""
        names = {
            "KRB5CCNAME": f"FILE:{self.folder / principal}.ccache",
            "KRB5_CLIENT_KTNAME": str(self.keytab(principal)),
        }
        return {"KRB5_CONFIG": self.environment["KRB5_CONFIG"], **names}

    def keytab(self, principal: str) -> Path:
        """The keys of a principal."""
        return self.folder / f"{principal.replace('/', '-')}.keytab"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the realm's programs."""
        command, environment = [find_program(program), *arguments], {**os.environ, **self.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"


def start_kdc(folder: Path) -> tuple[KdcProcess, Realm]:
    """Start a KDC, the lab's, with the principals of the tests."""
    for program in ("krb5kdc", "kdb5_util", "kadmin.local"):
        find_program(program)
    realm, commands = Realm(folder), []
    for principal in (PRINCIPAL, STRANGER, SERVICE):
        commands += [f"addprinc -randkey {principal}", f"ktadd -k {realm.keytab(principal)} {principal}"]
    return KdcProcess(folder, REALM, ZONE, commands), realm


def make_kerberos_option(port: int) -> dict[str, Any]:
    """The option that reaches a server on a port, with a ticket."""
    return {"address": HOST, "port": port, "gss_tsig": True}


def require_gssapi() -> None:
    """Skip where the library is not installed."""
    try:
        import gssapi  # noqa: F401 - that it is there is all that is asked
    except ImportError:
        unit.without("gssapi is not installed; tests/ci/kerberos_wheels.py builds it")


@contextlib.contextmanager
def run_bind_with_kerberos(folder: Path) -> Iterator[Running]:
    """BIND that takes updates from a principal, and no shared key's."""
    require_gssapi()
    realms, servers = folder / "kdc", folder / "bind"
    realms.mkdir()
    servers.mkdir()
    kdc, realm = start_kdc(realms)
    try:
        configure = functools.partial(configure_bind, keytab=realm.keytab(SERVICE))
        named, port = start_dns("named", servers, configure, realm.environment)
        try:
            yield Running("bind-kerberos", port, make_kerberos_option(port), realm.client(), realm=realm)
        finally:
            end_process(named)
    finally:
        kdc.stop()
