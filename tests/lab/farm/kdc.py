# SPDX-License-Identifier: GPL-3.0-or-later

"""The domain's key distribution centre: MIT's krb5kdc on loopback, without any rights, with the scenario's accounts and hosts.

Each host has the service names that clients ask for. In Active Directory HTTP and others are HOST by another name (sPNMappings), and WinRM
registers WSMAN; MIT has no other names, so each is a principal with keys of its own, in the host's one keytab.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from farm.errors import LabError
from farm.realm import ADDRESS, CONFIGURATION, Realm
from farm.scenario import Host, Scenario, User

SERVICES = ("HTTP", "HOST", "host", "WSMAN")
SYSTEM = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
PACKAGES = {"krb5kdc": "krb5-kdc", "kdb5_util": "krb5-kdc", "kadmin.local": "krb5-admin-server"}
STARTS_WITHIN = 10.0

_CONFIGURATION = """\
[libdefaults]
 default_realm = {realm}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 forwardable = true
[realms]
 {realm} = {{
  kdc = {address}:{port}
 }}
[domain_realm]
 .{domain} = {realm}
"""
_PROFILE = """\
[kdcdefaults]
 kdc_listen = {address}:{port}
 kdc_tcp_listen = {address}:{port}
[realms]
 {realm} = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  acl_file = {folder}/none
  supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
  default_principal_flags = +preauth
 }}
[logging]
 kdc = FILE:{folder}/kdc.log
"""
# what Windows has: AES with SHA-1 (MS-KILE 2.2.7), and pre-authentication of every account


class KdcProcess:
    """MIT's KDC, with a realm of its own.

    :param commands: kadmin's, which make the principals and their keytabs.
    :ivar process: the running KDC.
    """

    def __init__(self, folder: Path, realm: str, domain: str, commands: list[str]) -> None:
        self.folder, self.realm = folder, realm
        names = {"realm": realm, "address": ADDRESS, "port": _find_port(), "domain": domain}
        (folder / CONFIGURATION).write_text(_CONFIGURATION.format(**names), encoding="utf-8")
        (folder / "kdc.conf").write_text(_PROFILE.format(**names, folder=folder), encoding="utf-8")
        self._environment = {
            **os.environ,
            "KRB5_CONFIG": str(folder / CONFIGURATION),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
        }
        self._run("kdb5_util", "create", "-s", "-P", "master", "-r", realm)
        # on its standard input: an argument could be read by everybody, and a process for each principal takes its time
        self.said = self._run("kadmin.local", "-r", realm, text="\n".join([*commands, "quit", ""]))
        self.process = self._start()
        try:
            self._wait()
        except BaseException:  # it did not start, or somebody ends the lab meanwhile
            self.stop()
            raise

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(STARTS_WITHIN)

    def _run(self, name: str, *arguments: str, text: str = "") -> str:
        done = subprocess.run(
            [_find_program(name), *arguments],
            env=self._environment,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise LabError(f"{name} ended with {done.returncode}: {done.stdout.strip()}")
        return done.stdout

    def _start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [*_end_with_parent(), _find_program("krb5kdc"), "-n", "-r", self.realm, "-P", str(self.folder / "pid")],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _wait(self) -> None:
        end, said = time.monotonic() + STARTS_WITHIN, self.folder / "kdc.log"
        while not (said.exists() and "commencing operation" in said.read_text(encoding="utf-8")):
            if self.process.poll() is not None or time.monotonic() > end:
                raise LabError(f"krb5kdc did not start; see the files log and kdc.log in {self.folder}")
            time.sleep(0.01)


class Kdc(Realm):
    """A realm with the scenario's accounts and hosts, and the KDC that serves it."""

    def __init__(self, state: Path, scenario: Scenario) -> None:
        folder = state / "kdc"
        shutil.rmtree(folder, ignore_errors=True)  # the realm of an earlier lab in the same folder
        folder.mkdir(mode=0o700, parents=True)
        super().__init__(state, folder, scenario)
        commands = [_add_user(user) for user in scenario.users]
        for host in scenario.hosts:
            commands += self._add_services(host)
        self._kdc = KdcProcess(folder, self.name, scenario.domain.fqdn, commands)
        if missing := [host.fqdn for host in scenario.hosts if not self.keytab(host.fqdn).exists()]:
            self._kdc.stop()
            raise LabError(f"kadmin.local made no keys for {', '.join(missing)}: {self._kdc.said}")

    def list_pids(self) -> dict[str, int]:
        """The KDC's."""
        return {"kdc": self._kdc.process.pid}

    def stop(self) -> None:
        """End the KDC."""
        self._kdc.stop()

    def _add_services(self, host: Host) -> list[str]:
        names = [f"{service}/{name}" for service in SERVICES for name in (host.fqdn, host.short)]
        return [
            *(f"addprinc -randkey +ok_as_delegate {name}" for name in names),
            f"ktadd -k {self.keytab(host.fqdn)} {' '.join(names)}",
        ]


def _add_user(user: User) -> str:
    password = user.password.replace('"', '""')
    flags = "-allow_forwardable " if user.sensitive else ""
    return f'addprinc {flags}-pw "{password}" {user.name}'


def _end_with_parent() -> list[str]:
    """The words before a command that have the kernel end it with this process, however that ends (prctl(2), PR_SET_PDEATHSIG)."""
    found = shutil.which("setpriv", path=SYSTEM)
    return [found, "--pdeathsig", "TERM"] if found else []


def _find_program(name: str) -> str:
    found = shutil.which(name, path=SYSTEM)
    if found is None:
        raise LabError(f"{name} is not installed; on Debian: apt-get install {PACKAGES[name]}")
    return found


def _find_port() -> int:
    """A port that is free for both UDP and TCP."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind((ADDRESS, 0))
            try:
                datagram.bind(stream.getsockname())
            except OSError:
                continue
            return int(stream.getsockname()[1])
