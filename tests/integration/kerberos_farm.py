# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented example with a KDC: accounts for every logon, tickets as kinit gets them, keytabs as the guide makes them."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Session
from ansible_collections.onprem.exchange_lync.tests.unit import conftest as unit
from dns_programs import find_program
from harness import LAB, ROOT, Farm
from samba_domain import FARM_PASSWORD
from sessions import DC, Way, machine

ADMINISTRATOR, PASSWORD = "farm.admin@LITWAREINC.COM", FARM_PASSWORD
"""The account of the guide."""
SENSITIVE = "guarded@LITWAREINC.COM"
"""An account that cannot be delegated, with the same rights."""


def require_kerberos() -> None:
    """Skip where a program or a library of Kerberos is missing."""
    for program in ("krb5kdc", "kdb5_util", "kadmin.local", "kinit"):
        find_program(program)
    missing = [name for name in ("gssapi", "kerberos", "krb5") if importlib.util.find_spec(name) is None]
    if missing:
        unit.without(f"the libraries {', '.join(missing)} are not installed; tests/ci/kerberos_wheels.py builds them")


@contextlib.contextmanager
def run_farm(folder: Path, clocks: Mapping[str, int] | None = None, realm: Path | None = None) -> Iterator[Farm]:
    """A lab with a KDC, in which the DNS server requires channel bindings over https.

    :param clocks: by how many seconds the clocks of hosts are wrong.
    :param realm: the folder of another KDC's realm, which knows these accounts and hosts; the lab then has none of its own.
    """
    require_kerberos()
    described = yaml.safe_load((LAB / "scenarios" / "litware.yml").read_text(encoding="utf-8"))
    groups = described["users"][0]["groups"]
    for name, sensitive in ((ADMINISTRATOR, False), (SENSITIVE, True)):
        account = {"name": name.partition("@")[0], "password": PASSWORD, "groups": groups, "sensitive": sensitive}
        described["users"].append(account)
    for host in described["hosts"]:
        host["cbt"] = "strict" if host["fqdn"] == DC else "relaxed"
        host["clock"] = (clocks or {}).get(host["fqdn"], 0)
    scenario = folder / "kerberos.yml"
    scenario.write_text(yaml.safe_dump(described, allow_unicode=True), encoding="utf-8")
    farm = Farm(str(scenario), folder, "guide")
    farm.up(*(["--realm", str(realm)] if realm else ["--kerberos"]))
    try:
        farm.environment.update(read_lab(farm)["kerberos"]["environment"])
        farm.environment["KRB5CCNAME"] = f"FILE:{folder}/no-ticket"
        yield farm
    finally:
        farm.down()


def read_lab(farm: Farm) -> dict[str, Any]:
    """Where everything is."""
    lab: dict[str, Any] = json.loads((farm.state_dir / "lab.json").read_text(encoding="utf-8"))
    return lab


def run_program(farm: Farm, *command: str, text: str) -> None:
    """Run a program of Kerberos as whoever prepares a run."""
    environment = {**os.environ, "KRB5_CONFIG": farm.environment["KRB5_CONFIG"]}
    done = subprocess.run(
        [find_program(command[0]), *command[1:]],
        input=text,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        cwd=farm.state_dir,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def get_ticket(farm: Farm, *options: str, user: str = ADMINISTRATOR) -> str:
    """A ticket as kinit gets it: the value of KRB5CCNAME."""
    cache = f"FILE:{farm.state_dir}/{user.partition('@')[0]}{''.join(options).replace('-', '.')}.ccache"
    run_program(farm, "kinit", *options, "-c", cache, user, text=f"{PASSWORD}\n")
    return cache


def find_section() -> str:
    """What the guide says of Kerberos."""
    page = (ROOT / "docs" / "your_own_farm.md").read_text(encoding="utf-8")
    return page.partition("\n## Inventory\n")[2].partition("\n### Kerberos\n")[2].partition("\n### ")[0]


def find_inventory() -> dict[str, Any]:
    """The guide's inventory."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", find_section(), re.M | re.S)
    inventory: dict[str, Any] = yaml.safe_load(block)
    return inventory


def set_ports(farm: Farm, inventory: dict[str, Any]) -> dict[str, Any]:
    """The inventory with the lab's ports in place of 5985, 80 and 443: nothing else is changed."""
    hosts = read_lab(farm)["hosts"]
    assert inventory["all"]["vars"].pop("ansible_port") == 5985
    for group in inventory["all"]["children"].values():
        for name in group["hosts"]:
            ports = hosts[name]["listeners"]
            group["hosts"][name] = {"ansible_port": ports["wsman_http"]}
            if "product_http" in ports:
                shell = {"ansible_exchange_shell": {"port": ports["product_http"]}}
                group["hosts"][name] |= {**shell, "farm_exchange_https_port": ports["product_https"]}
            elif "product_https" in ports:
                group["hosts"][name]["farm_lync_https_port"] = ports["product_https"]
    return inventory


def write_inventory(farm: Farm, inventory: dict[str, Any]) -> None:
    """Have plays use the inventory."""
    (farm.state_dir / "inventory-guide.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")


def enter(monkeypatch: pytest.MonkeyPatch, farm: Farm, cache: str = "") -> None:
    """Have this process be one that has a ticket, or none."""
    hosts, ask = read_lab(farm)["hosts"], socket.getaddrinfo

    def find(host: Any, *given: Any, **options: Any) -> Any:
        return ask("127.0.0.1" if host in hosts else host, *given, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find)
    monkeypatch.setenv("KRB5_CONFIG", farm.environment["KRB5_CONFIG"])
    monkeypatch.setenv("KRB5CCNAME", cache or farm.environment["KRB5CCNAME"])


def log_on(farm: Farm, carrier: str, host: str, protocol: str = "http", **options: Any) -> Session:
    """A session by Kerberos, as the account of the guide, with a ticket unless a password is given."""
    account = {"remote_addr": host, "remote_user": ADMINISTRATOR, "remote_password": None}
    method = options.pop("method", "kerberos")
    return machine(
        farm, host, Way(carrier, protocol, method), **{**account, "kinit_env_vars": ["KRB5_CONFIG"], **options}
    )


DELEGATED: dict[str, Any] = {"negotiate_delegate": True, "_extras": {"ansible_winrm_kerberos_delegation": True}}
"""The options by which each carrier delegates."""
