# SPDX-License-Identifier: GPL-3.0-or-later
"""Real DNS servers and a real KDC, each in a folder of its own, on loopback and high ports, without any rights.

A program that is not installed is a reason to skip, or to fail where EXCHANGE_LYNC_REQUIRE_PEERS says that it has to be there.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.exception
import dns.message
import dns.query

from ansible_collections.onprem.exchange_lync.tests.unit import conftest as unit
from harness import ROOT

if TYPE_CHECKING:
    from kerberos_realm import Realm

HOST = "127.0.0.1"
ZONE, DEEPER, FROZEN = "litwareinc.com", "emea.litwareinc.com", "frozen.litwareinc.com"
"""A zone, one of its own below it, and one that takes no updates."""
SECRET = base64.b64encode(b"the tests' own secret").decode()
KEY, READER = "ansible", "reader"
"""A key that may write, and one that the server knows without allowing it anything."""
REALM, PRINCIPAL = "LITWAREINC.COM", "ansible"
RECORDS = """
@ NS ns1
ns1 A 127.0.0.1
ex1 A 192.0.2.10
sip A 192.0.2.20
asia NS dc.asia
dc.asia A 192.0.2.66
*.wild A 192.0.2.77
same.wild A 192.0.2.77
"""
SYSTEM = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
SAMBA = "python3-samba samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules"
PACKAGES = {
    "named": "bind9",
    "knotd": "knot",
    "krb5kdc": "krb5-kdc",
    "kdb5_util": "krb5-kdc",
    "kadmin.local": "krb5-admin-server",
    "kinit": "krb5-user",
    "nsupdate": "bind9-dnsutils",
    "samba": SAMBA,
    "samba-tool": SAMBA,
    "tar": "tar",
}
Configure = Callable[[Path, int], list[str]]
STARTS_WITHIN = 10.0
ATTEMPTS = 5


@dataclass
class Running:
    """A server that answers.

    :ivar option: the option O(server) of the modules that reaches it.
    :ivar environment: what its clients need in theirs.
    :ivar nsupdate: how nsupdate signs what the server takes, whatever the option has: as somebody else.
    :ivar realm: where its tickets come from.
    """

    program: str
    port: int
    option: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    nsupdate: tuple[str, ...] = ("-y", f"hmac-sha256:{KEY}:{SECRET}")
    realm: Realm | None = None


def find_program(name: str) -> str:
    """Where a program is."""
    found = shutil.which(name, path=SYSTEM)
    if found is None:
        unit.without(f"{name} is not installed; on Debian: apt-get install {PACKAGES[name]}")
    return found


def make_zone(name: str) -> str:
    """The text of a zone."""
    return f"$ORIGIN {name}.\n$TTL 3600\n@ SOA ns1.{ZONE}. hostmaster 1 900 600 86400 1200\n{RECORDS.strip()}\n"


def find_port() -> int:
    """A port that is free for both UDP and TCP. Somebody may take it before it is used, so that starting is tried again."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind((HOST, 0))
            with contextlib.suppress(OSError):
                datagram.bind(stream.getsockname())
                return int(stream.getsockname()[1])


def start_process(
    command: list[str], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a server. What it says is in the file log of its folder."""
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a server, and see that it has ended."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    """Whether a DNS server answers for the zone."""
    query = dns.message.make_query(ZONE, "SOA")
    with contextlib.suppress(OSError, EOFError, dns.exception.DNSException):
        return bool(dns.query.tcp(query, HOST, port=port, timeout=1).answer)
    return False


def _wait(process: subprocess.Popen[bytes], port: int) -> bool:
    end = time.monotonic() + STARTS_WITHIN
    while process.poll() is None and time.monotonic() < end:
        if answers(port):
            return True
        time.sleep(0.01)
    return False


def start_dns(
    program: str, folder: Path, configure: Configure, environment: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[bytes], int]:
    """Start a DNS server, and give its port.

    :param configure: writes its configuration for a port, and gives its command.
    """
    for _attempt in range(ATTEMPTS):
        port = find_port()
        process = start_process(configure(folder, port), folder, environment)
        try:
            if _wait(process, port):
                return process, port
        except BaseException:  # somebody ends the tests while it starts
            end_process(process)
            raise
        end_process(process)
    raise AssertionError(f"{program} does not start:\n{(folder / 'log').read_text(encoding='utf-8', errors='replace')}")


@contextlib.contextmanager
def serve_dns(
    program: str, folder: Path, configure: Configure, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a DNS server until the end, and give its port."""
    process, port = start_dns(program, folder, configure, environment)
    try:
        yield port
    finally:
        end_process(process)


def configure_bind(folder: Path, port: int, *, keytab: Path | None = None) -> list[str]:
    """BIND: named.conf and the zones."""
    for zone in (ZONE, DEEPER, FROZEN):
        (folder / f"{zone}.zone").write_text(make_zone(zone), encoding="ascii")
    kerberos = f'tkey-gssapi-keytab "{keytab}";' if keytab else ""
    policy = f"update-policy {{ grant {KEY} zonesub ANY; grant {PRINCIPAL}@{REALM} zonesub ANY; }};"
    allowed = policy if keytab else f"allow-update {{ key {KEY}; }};"
    zones = "\n".join(
        f'zone "{zone}" {{ type primary; file "{zone}.zone"; {allowed if zone != FROZEN else ""} }};'
        for zone in (ZONE, DEEPER, FROZEN)
    )
    keys = "\n".join(f'key "{name}" {{ algorithm hmac-sha256; secret "{SECRET}"; }};' for name in (KEY, READER))
    return start_bind(folder, port, f"{keys}\n{zones}\n", kerberos)


def start_bind(folder: Path, port: int, configuration: str, option: str = "") -> list[str]:
    """Write named.conf around what the caller has; the command."""
    options = (
        f'directory "{folder}"; pid-file "{folder}/pid"; session-keyfile "{folder}/session.key"; lock-file none; '
        f"listen-on port {port} {{ {HOST}; }}; listen-on-v6 {{ none; }}; "
        f"recursion no; notify no; dnssec-validation no; {option}"
    )
    text = f"options {{ {options} }};\ncontrols {{ }};\n{configuration}"
    (folder / "named.conf").write_text(text, encoding="ascii")
    return [find_program("named"), "-g", "-n", "1", "-c", str(folder / "named.conf")]


def configure_knot(folder: Path, port: int) -> list[str]:
    """Knot: knot.conf and the zones."""
    for zone in (ZONE, DEEPER, FROZEN):
        (folder / f"{zone}.zone").write_text(make_zone(zone), encoding="ascii")
    keys = "".join(f"  - id: {name}\n    algorithm: hmac-sha256\n    secret: {SECRET}\n" for name in (KEY, READER))
    zones = "".join(
        f"  - domain: {zone}\n    storage: {folder}\n{'' if zone == FROZEN else '    acl: writing' + chr(10)}"
        for zone in (ZONE, DEEPER, FROZEN)
    )
    acl = f"acl:\n  - id: writing\n    key: {KEY}\n    action: update\n"
    return start_knot(folder, port, f"key:\n{keys}{acl}zone:\n{zones}")


def start_knot(folder: Path, port: int, configuration: str) -> list[str]:
    """Write knot.conf around what the caller has; the command."""
    sizes = "".join(f"    {name}-db-max-size: 16M\n" for name in ("journal", "kasp", "timer", "catalog"))
    threads = "".join(f"    {name}-workers: 1\n" for name in ("udp", "tcp", "background"))
    server = (
        f"server:\n    rundir: {folder}\n    listen: {HOST}@{port}\n{threads}database:\n    storage: {folder}\n{sizes}"
    )
    text = f"{server}log:\n  - target: stderr\n    any: info\n{configuration}"
    (folder / "knot.conf").write_text(text, encoding="ascii")
    return [find_program("knotd"), "-c", str(folder / "knot.conf")]


def find_block(beginning: str, part: str = "") -> str:
    """The block of docs/your_own_farm.md about other DNS servers that begins with these words, and has that part."""
    page = (ROOT / "docs" / "your_own_farm.md").read_text(encoding="utf-8")
    section = page.partition("\n## DNS that is not Windows\n")[2].partition("\n## ")[0]
    blocks = [found[1] for found in re.finditer(r"^```\w*\n(.*?)^```$", section, re.M | re.S)]
    (block,) = [text for text in blocks if text.startswith(beginning) and part in text]
    return block


def configure_guides_bind(folder: Path, port: int, *, block: str, option: str = "") -> list[str]:
    """BIND as the guide has it."""
    (folder / f"{ZONE}.zone").write_text(make_zone(ZONE), encoding="ascii")
    return start_bind(folder, port, block.replace("/var/lib/bind", str(folder)), option)


def configure_guides_knot(folder: Path, port: int, *, block: str) -> list[str]:
    """Knot as the guide has it."""
    (folder / f"{ZONE}.zone").write_text(make_zone(ZONE), encoding="ascii")
    return start_knot(folder, port, block.replace("/var/lib/knot", str(folder)))


def make_option(port: int, **more: Any) -> dict[str, Any]:
    """The option that reaches a server on a port, with its key."""
    return {"address": HOST, "port": port, "key_name": KEY, "key_secret": SECRET, **more}


@contextlib.contextmanager
def run_bind(folder: Path) -> Iterator[Running]:
    """BIND with a shared key."""
    process, port = start_dns("named", folder, configure_bind)
    try:
        yield Running("bind", port, make_option(port))
    finally:
        end_process(process)


@contextlib.contextmanager
def run_knot(folder: Path) -> Iterator[Running]:
    """Knot with a shared key."""
    process, port = start_dns("knotd", folder, configure_knot)
    try:
        yield Running("knot", port, make_option(port))
    finally:
        end_process(process)


@contextlib.contextmanager
def run_lab_server(folder: Path) -> Iterator[Running]:
    """The lab's own, with a shared key."""
    zones = (ZONE, DEEPER)
    for zone in zones:
        (folder / f"{zone}.zone").write_text(make_zone(zone), encoding="ascii")
    files = [str(folder / f"{zone}.zone") for zone in zones]
    script = str(Path(__file__).with_name("lab_dns_server.py"))
    process = start_process([sys.executable, script, f"ns1.{ZONE}", KEY, SECRET, *files], folder)
    try:
        end = time.monotonic() + STARTS_WITHIN
        while not (said := (folder / "log").read_text(encoding="utf-8")).endswith("\n"):
            assert process.poll() is None and time.monotonic() < end, said
            time.sleep(0.01)
        yield Running("lab", int(said), make_option(int(said)))
    finally:
        end_process(process)
