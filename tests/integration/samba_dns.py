# SPDX-License-Identifier: GPL-3.0-or-later
"""The DNS of an Active Directory domain: BIND, whose zones are those of the directory (Samba's BIND9_DLZ), and which takes its tickets."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.onprem.exchange_lync.tests.unit import conftest as unit
from dns_programs import (
    FROZEN,
    KEY,
    PRINCIPAL,
    READER,
    SECRET,
    Running,
    make_zone,
    serve_dns,
    start_bind,
)
from kerberos_realm import SERVICE, make_kerberos_option, require_gssapi
from samba_domain import Domain, run_domain

BY_TICKET = ("-g",)
"""How nsupdate signs with a ticket."""


def find_driver() -> Path:
    """What shows the directory's zones to the BIND of this machine, which is 9.18 or later in every Debian that has Samba 4.17."""
    found = sorted(Path("/usr/lib").glob("*/samba/bind9/dlz_bind9_18.so"))
    if not found:
        unit.without("Samba's driver for BIND is not installed; on Debian: apt-get install samba-dsdb-modules samba")
    return found[0]


def configure_directory_bind(folder: Path, port: int, *, domain: Domain) -> list[str]:
    """BIND with the zones of the directory, keys that these allow nothing, and a zone of its own that takes no updates."""
    (folder / f"{FROZEN}.zone").write_text(make_zone(FROZEN), encoding="ascii")
    keys = "\n".join(f'key "{name}" {{ algorithm hmac-sha256; secret "{SECRET}"; }};' for name in (KEY, READER))
    database = f'dlz "Active Directory" {{ database "dlopen {find_driver()}"; }};'
    zone = f'zone "{FROZEN}" {{ type primary; file "{FROZEN}.zone"; }};'
    keytab = f'tkey-gssapi-keytab "{domain.keytab(SERVICE)}"; minimal-responses yes;'
    return start_bind(folder, port, f"{keys}\n{database}\n{zone}\n", keytab)


@contextlib.contextmanager
def run_samba_dns(folder: Path) -> Iterator[Running]:
    """A domain, and its DNS server."""
    require_gssapi()
    with run_domain(folder / "domain") as domain:
        server = folder / "bind"
        server.mkdir()
        environment = {**domain.environment, "SMB_CONF_PATH": str(domain.folder / "smb.conf")}
        configure = functools.partial(configure_directory_bind, domain=domain)
        with serve_dns("named", server, configure, environment) as port:
            yield Running("samba", port, make_kerberos_option(port), domain.client(PRINCIPAL), BY_TICKET, domain)
