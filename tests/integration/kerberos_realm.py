# SPDX-License-Identifier: GPL-3.0-or-later
"""A realm of its own: an MIT KDC on loopback without any rights, with a service for a DNS server, and BIND that takes its tickets."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.onprem.exchange_lync.tests.unit import conftest as unit
from dns_programs import (
    HOST,
    PRINCIPAL,
    REALM,
    STARTS_WITHIN,
    ZONE,
    Running,
    configure_bind,
    end_process,
    find_port,
    find_program,
    start_dns,
    start_process,
)

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
        return {"KRB5_CONFIG": str(self.folder / "krb5.conf"), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}

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


def start_kdc(folder: Path) -> tuple[subprocess.Popen[bytes], Realm]:
    """Start a KDC with the principals of the tests."""
    realm, program = Realm(folder), find_program("krb5kdc")
    _configure(realm, find_port())
    realm.run("kdb5_util", "create", "-s", "-P", "master", "-r", REALM)
    for principal in (PRINCIPAL, STRANGER, SERVICE):
        realm.run("kadmin.local", "addprinc", "-randkey", principal)
        realm.run("kadmin.local", "ktadd", "-k", str(realm.keytab(principal)), principal)
    process = start_process([program, "-n", "-r", REALM], folder, realm.environment)
    end = time.monotonic() + STARTS_WITHIN
    while "commencing operation" not in _read(folder / "kdc.log"):
        assert process.poll() is None and time.monotonic() < end, _read(folder / "log")
        time.sleep(0.01)
    return process, realm


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _configure(realm: Realm, port: int) -> None:
    folder = realm.folder
    # nothing is looked up anywhere: neither the KDC nor the servers' names
    (folder / "krb5.conf").write_text(
        f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n"
        f" dns_canonicalize_hostname = false\n rdns = false\n[realms]\n {REALM} = {{\n  kdc = {HOST}:{port}\n }}\n"
        f"[domain_realm]\n .{ZONE} = {REALM}\n",
        encoding="ascii",
    )
    (folder / "kdc.conf").write_text(
        f"[kdcdefaults]\n kdc_listen = {HOST}:{port}\n kdc_tcp_listen = {HOST}:{port}\n[realms]\n {REALM} = {{\n"
        f"  database_name = {folder}/principal\n  key_stash_file = {folder}/stash\n  acl_file = {folder}/none\n }}\n"
        f"[logging]\n kdc = FILE:{folder}/kdc.log\n",
        encoding="ascii",
    )


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
        end_process(kdc)
