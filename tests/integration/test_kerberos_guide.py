# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guide says of Kerberos beside its inventory: its krb5.conf is used as it stands there, its errors are those that are printed."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from dns_programs import find_program
from harness import ROOT, Farm
from kerberos_farm import (
    ADMINISTRATOR,
    DELEGATED,
    PASSWORD,
    enter,
    find_inventory,
    find_section,
    get_ticket,
    log_on,
    read_lab,
    run_farm,
    run_program,
    set_ports,
    write_inventory,
)
from sessions import DC, LYNC, ask


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with run_farm(tmp_path_factory.mktemp("lab")) as farm:
        yield farm


def test_the_guides_krb5_conf(realm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """With it, a ticket of a plain kinit can be delegated, and the inventory name is the name that a ticket is for."""
    (block,) = re.findall(r"^```ini\n(.*?)^```$", find_section(), re.M | re.S)
    of_lab = Path(read_lab(realm)["kerberos"]["config"]).read_text(encoding="utf-8")
    (kdc,) = re.findall(r"^\s*kdc = (\S+)$", of_lab, re.M)
    assert block.count(DC) == 1
    config = realm.state_dir / "guide.conf"
    config.write_text(block.replace(DC, kdc), encoding="utf-8")
    monkeypatch.setitem(realm.environment, "KRB5_CONFIG", str(config))
    enter(monkeypatch, realm, get_ticket(realm))
    session = log_on(realm, "winrm", LYNC, **DELEGATED)
    ask(session, Cmdlet("Import-Module", Name=["Lync"]))
    assert len(ask(session, Cmdlet("Get-CsSipDomain")).objects) == 1
    session.close()


def find_messages() -> list[str]:
    """The errors of the guide, each on one line."""
    return [" ".join(block.split()) for block in re.findall(r"^```text\n(.*?)^```$", find_section(), re.M | re.S)]


WAYS: list[dict[str, Any]] = [
    {},
    {"ansible_host": "127.0.0.1"},
    {"ansible_user": ADMINISTRATOR.lower(), "ansible_password": {"__ansible_unsafe": PASSWORD}},
]
"""No ticket, an address instead of a name, the realm in small letters: in the guide's order."""


@pytest.mark.parametrize("number", range(len(WAYS)))
def test_the_errors_that_everybody_meets_first(realm: Farm, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """By the command of the guide's first run, with its inventory."""
    inventory = set_ports(realm, copy.deepcopy(find_inventory()))
    del inventory["all"]["vars"]["ansible_password"]
    write_inventory(realm, inventory)
    if number == 1:
        monkeypatch.setitem(realm.environment, "KRB5CCNAME", get_ticket(realm))
    variables = realm.state_dir / f"way-{number}.yml"
    told = {**WAYS[number], "ansible_winrm_kinit_env_vars": ["KRB5_CONFIG"]}
    variables.write_text(json.dumps(told), encoding="utf-8")
    command = ("-m", "onprem.exchange_lync.lync_info", "-a", "gather=sip_domains", "-e", f"@{variables}")
    (step,) = realm.ad_hoc("lync_servers", *command).steps
    port = str(read_lab(realm)["hosts"][LYNC]["listeners"]["wsman_http"])
    assert step.msg.replace(port, "5985") == find_messages()[number]


def test_mits_kdc_knows_no_constrained_delegation(realm: Farm) -> None:
    """What unverified.md says of it: a service gets a ticket to itself in a user's name, but none to another service."""
    folder = Path(realm.environment["KRB5_CONFIG"]).parent
    keytab, cache = folder / f"{LYNC}.keytab", f"FILE:{realm.state_dir}/service.ccache"
    service, other = f"HTTP/{LYNC}", "HTTP/atl-dc-001.litwareinc.com"
    run_program(realm, "kinit", "-c", cache, "-k", "-t", str(keytab), service, text="")
    environment = {**os.environ, "KRB5_CONFIG": realm.environment["KRB5_CONFIG"], "KRB5CCNAME": cache, "LC_ALL": "C"}

    def ask_for(*words: str) -> str:
        command = [find_program("kvno"), "-k", str(keytab), "-U", "farm.admin", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout + done.stderr

    assert "keytab entry valid" in ask_for(service)
    assert "constrained delegation failed" in ask_for("-P", other)
    assert "UNSUPPORTED_S4U2PROXY_REQUEST" in (folder / "kdc.log").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "unverified.md").read_text(encoding="utf-8")
    assert "constrained delegation" in page
