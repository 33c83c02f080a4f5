# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain of its own: a real Active Directory domain controller, Samba's, with the accounts and hosts of the lab's documented example.

It serves Kerberos and LDAP at an address of 127.0.0.0/8 that nobody else of the tests has, at the ports that both always have. That takes
root. Provisioning a domain takes ten seconds; it is done once for a clone, and every run begins with a copy of the result.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.onprem.exchange_lync.tests.unit import conftest as unit
from dns_programs import (
    DEEPER,
    PRINCIPAL,
    REALM,
    RECORDS,
    STARTS_WITHIN,
    ZONE,
    end_process,
    find_program,
)
from harness import LAB, ROOT
from kerberos_realm import SERVICE, STRANGER, Realm
from samba_certificate import write_certificates

NAME = "ns1"
"""The domain controller."""
CONTROLLER = f"{NAME}.{ZONE}"
OTHER_NAME = f"other.{ZONE}"
"""A name that leads to the same address, and that its certificate does not carry."""
PYTHON = "/usr/bin/python3"
"""Debian's own, which has Samba's libraries."""
SERVICES = ("HTTP", "HOST", "WSMAN")
PORTS = (88, 389, 636)
FARM_PASSWORD = 'p "q" {{x}} é'
"""That of the accounts of kerberos_farm.py."""
CACHE = ROOT / ".cache" / "samba"
USERS = [
    {"name": PRINCIPAL, "password": "updates the DNS", "keytab": True, "groups": ["DnsAdmins"]},
    {"name": STRANGER, "password": "updates nothing", "keytab": True},
    {"name": "farm.admin", "password": FARM_PASSWORD},
    {"name": "guarded", "password": FARM_PASSWORD, "sensitive": True},
    {"name": "newcomer", "password": "to be changed", "must_change": True},
    {"name": "outsider", "password": "may see nothing", "hidden": ["CN=Configuration,DC=litwareinc,DC=com"]},
]
"""Accounts beside those of the lab's scenario."""
_SETTINGS = """\
[global]
 netbios name = {name}
 realm = {realm}
 workgroup = LITWARE
 server role = active directory domain controller
 server services = ldap, kdc
 interfaces = {address}/8
 bind interfaces only = yes
 private dir = {folder}/private
 state directory = {folder}/state
 binddns dir = {folder}/bind-dns
 cache directory = {folder}/cache
 lock directory = {folder}
 pid directory = {folder}
 ncalrpc dir = {folder}/ncalrpc
 logging = file
 log file = {folder}/log.samba
 tls keyfile = {folder}/tls/key.pem
 tls certfile = {folder}/tls/certificate.pem
 tls cafile = {folder}/tls/ca.pem
 ldap server require strong auth = allow_sasl_over_tls
"""
# the last line as Windows has it: a logon with a ticket inside TLS needs no seal of its own
_CLIENT = """\
[libdefaults]
 default_realm = {realm}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 forwardable = true
[realms]
 {realm} = {{
  kdc = {address}:88
 }}
[domain_realm]
 .{domain} = {realm}
"""


@dataclass(frozen=True)
class Domain(Realm):
    """A running domain controller.

    :ivar address: where it listens.
    """

    address: str

    def keytab(self, principal: str) -> Path:
        """The keys of a principal; those of the DNS service are where Samba puts them."""
        return self.folder / "bind-dns" / "dns.keytab" if principal == SERVICE else super().keytab(principal)

    @property
    def ca(self) -> Path:
        """The authority of its certificate."""
        return self.folder / "tls" / "ca.pem"

    @property
    def hosts(self) -> Path:
        """The names that lead to it, in the form of /etc/hosts."""
        return self.folder / "hosts"

    @property
    def administrator(self) -> tuple[str, str]:
        """The first account of the scenario, and its password."""
        user = read_scenario()["users"][0]
        return f"{user['name']}@{ZONE}", str(user["password"])


def read_scenario() -> dict[str, Any]:
    """The lab's documented example, whose accounts and hosts the domain has."""
    scenario: dict[str, Any] = yaml.safe_load((LAB / "scenarios" / "litware.yml").read_text(encoding="utf-8"))
    return scenario


def require_samba() -> None:
    """Skip where a domain controller cannot be run."""
    for program in ("samba", "samba-tool", "kinit", "tar"):
        find_program(program)
    if subprocess.run([PYTHON, "-c", "import samba.samdb"], capture_output=True, check=False).returncode:
        unit.without("Samba's Python library is not installed; on Debian: apt-get install python3-samba")
    if os.geteuid():
        unit.without("a domain controller takes root: it listens at the ports of Kerberos and LDAP")


def write_settings(folder: Path, address: str) -> Path:
    """smb.conf, and what clients need."""
    names = {"folder": folder, "address": address, "realm": REALM, "domain": ZONE, "name": NAME.upper()}
    (folder / "krb5.conf").write_text(_CLIENT.format(**names), encoding="ascii")
    (folder / "hosts").write_text(f"{address} {CONTROLLER} {OTHER_NAME}\n", encoding="ascii")
    settings = folder / "smb.conf"
    settings.write_text(_SETTINGS.format(**names), encoding="utf-8")
    return settings


def describe_content() -> dict[str, Any]:
    """What the domain holds."""
    scenario = read_scenario()
    hosts = [host["fqdn"] for host in scenario["hosts"]]
    users = [{"name": user["name"], "password": user["password"]} for user in scenario["users"]]
    return {
        "users": [*users, *USERS],
        "computers": {
            host: [f"{service}/{name}" for service in SERVICES for name in (host, host.partition(".")[0])]
            for host in hosts
        },
        # a domain controller registers it when it starts, by a service of Samba's that is left out here
        "principals": {f"{NAME.upper()}$": [f"ldap/{CONTROLLER}"]},
        **describe_zones(),
    }


def describe_zones() -> dict[str, Any]:
    """The records that every DNS server of the tests has, in the domain's own zone and in one below it."""
    start = f"{CONTROLLER} hostmaster.{ZONE} 1 900 600 86400 1200"
    records = []
    for zone in (ZONE, DEEPER):
        named: dict[str, list[list[str]]] = {"@": [["SOA", start]]}
        for name, kind, data in (line.split() for line in RECORDS.strip().splitlines()):
            full = data if kind == "A" else f"{data}.{zone if name == 'asia' else ZONE}"
            named.setdefault(name, []).append([kind, full])
        records += [[zone, name, found, 3600] for name, found in named.items()]
    return {"new_zones": [DEEPER], "records": records}


def provision(folder: Path, content: Mapping[str, Any]) -> None:
    """Make the domain, and fill it."""
    settings = write_settings(folder, "127.0.0.1")
    own = ["--realm", REALM, "--domain", "LITWARE", "--host-name", NAME, "--host-ip", "127.0.0.1"]
    kind = ["--server-role", "dc", "--dns-backend", "BIND9_DLZ", "--adminpass", "Provisioned-1"]
    # what Windows keeps beside a file is kept in a file, since not every file system of a container takes it
    beside = f"--option=posix:eadb={folder}/state/beside.tdb"
    run([find_program("samba-tool"), "domain", "provision", "--targetdir", str(folder), *own, *kind, beside])
    shutil.rmtree(folder / "etc")
    script = str(Path(__file__).with_name("samba_fill.py"))
    run([PYTHON, script, str(settings), str(folder)], text=json.dumps(content))
    write_certificates(folder / "tls", CONTROLLER)


def run(command: list[str], *, text: str = "") -> str:
    """Run a program of Samba's."""
    done = subprocess.run(
        command,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def find_provisioned(content: Mapping[str, Any]) -> Path:
    """The archive of the domain. It is made where there is none of this content and of this Samba yet."""
    version = run([find_program("samba"), "--version"])
    sources = [
        Path(__file__).with_name(f"samba_{name}.py").read_text(encoding="utf-8")
        for name in ("domain", "fill", "certificate")
    ]
    key = hashlib.sha256(json.dumps([version, sources, content]).encode()).hexdigest()[:16]
    archive = CACHE / f"{key}.tar"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # by the first of several that run at the same time
        if not archive.exists():
            for old in CACHE.glob("*.tar"):
                old.unlink()
            make_archive(archive, content)
    return archive


def make_archive(archive: Path, content: Mapping[str, Any]) -> None:
    """Provision in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="samba-", dir=CACHE) as name:
        folder = Path(name, "domain")
        folder.mkdir()
        provision(folder, content)
        draft = archive.with_suffix(".draft")
        run([find_program("tar"), "--create", "--sparse", "--file", str(draft), "--directory", str(folder), "."])
        draft.replace(archive)


def take_address() -> tuple[socket.socket, str]:
    """An address that no other run of the tests on this machine has: whoever has it listens at port 1, as long as the socket is open."""
    while True:
        address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(2, 254)}"
        mark = socket.socket()
        try:
            mark.bind((address, 1))
        except OSError:
            mark.close()
            continue
        mark.listen()
        return mark, address


def wait_for_ports(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Until the domain controller answers at all of them."""
    end = time.monotonic() + STARTS_WITHIN
    for port in PORTS:
        while True:
            with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
                break
            said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
            assert process.poll() is None and time.monotonic() < end, f"samba does not start:\n{said}"
            time.sleep(0.02)


@contextlib.contextmanager
def run_domain(folder: Path, content: Mapping[str, Any] | None = None) -> Iterator[Domain]:
    """A domain controller until the end.

    Its standard input is a pipe of ours: with -i it ends by itself when that closes, so it does not outlive the tests, however they end.
    """
    require_samba()
    folder.mkdir(exist_ok=True)
    archive = find_provisioned(describe_content() if content is None else content)
    run([find_program("tar"), "--extract", "--file", str(archive), "--directory", str(folder)])
    mark, address = take_address()
    with mark, (folder / "log").open("wb") as log:
        settings = write_settings(folder, address)
        process = subprocess.Popen(
            [find_program("samba"), "-i", "-M", "single", "-s", str(settings)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_for_ports(process, address, folder / "log")
            yield Domain(folder, address)
        finally:
            end_process(process)
            assert process.stdin is not None
            process.stdin.close()
