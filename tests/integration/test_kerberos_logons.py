# SPDX-License-Identifier: GPL-3.0-or-later
"""Every logon with Kerberos that docs/your_own_farm.md describes, with tickets of a real KDC: as it is written there, but for the ports."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from harness import Farm, Run
from kerberos_farm import (
    ADMINISTRATOR,
    DELEGATED,
    PASSWORD,
    SENSITIVE,
    enter,
    find_inventory,
    find_section,
    get_ticket,
    log_on,
    run_farm,
    run_program,
    set_ports,
    write_inventory,
)
from sessions import DC, EXCHANGE, LYNC, MEGABYTE, Way, ask, echo, endpoint, listeners, machine
from tap import ENVELOPE, Tap

CARRIERS = ["psrp", "winrm"]
PSRP = {
    "ansible_connection": "psrp",
    "ansible_psrp_protocol": "http",
    "ansible_psrp_auth": "kerberos",
    "ansible_psrp_negotiate_delegate": True,
}
"""The same for Lync over psrp, as the page has it below its inventory."""
READS = """
- name: exchange
  onprem.exchange_lync.exchange_info: {gather: [servers]}
  when: inventory_hostname in groups.exchange_servers
- name: lync
  onprem.exchange_lync.lync_info: {gather: [sip_domains]}
  when: inventory_hostname in groups.lync_servers
- name: dns
  onprem.exchange_lync.dns_info: {names: [sip.litwareinc.com]}
  when: inventory_hostname in groups.dns_servers
"""


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with run_farm(tmp_path_factory.mktemp("lab")) as farm:
        yield farm


def logons(farm: Farm, before: int) -> list[tuple[str, str, str]]:
    """Host, endpoint and authentication of the sessions since then."""
    opened = [entry for entry in farm.journal() if entry["event"] == "session_opened"][before:]
    return sorted((entry["host"], entry["endpoint"], entry["authentication"]) for entry in opened)


def read_all(
    farm: Farm, inventory: dict[str, Any], environment: dict[str, str]
) -> tuple[Run, list[tuple[str, str, str]]]:
    """Read every host in a play."""
    write_inventory(farm, inventory)
    before = len(logons(farm, 0))
    kept = dict(farm.environment)
    farm.environment.update(environment)
    try:
        run = farm.play(READS, hosts="all")
    finally:
        farm.environment.clear()
        farm.environment.update(kept)
    return run, logons(farm, before)


def documented(farm: Farm, *, password: bool, **lync: Any) -> dict[str, Any]:
    """The guide's inventory; with Lync by other variables, where some are given."""
    inventory = set_ports(farm, copy.deepcopy(find_inventory()))
    variables, children = inventory["all"]["vars"], inventory["all"]["children"]
    assert variables.pop("ansible_password") == "{{ vault_farm_admin_password }}"
    assert variables["ansible_user"] == ADMINISTRATOR
    if password:
        # a password that looks like a template comes out of the vault as data
        variables["ansible_password"] = "{{ lookup('ansible.builtin.env', 'VAULT_FARM_ADMIN_PASSWORD') }}"
        variables["ansible_winrm_kinit_env_vars"] = ["KRB5_CONFIG"]
    if lync:
        children["lync_servers"]["vars"] = lync
    return inventory


def make_keytab(farm: Farm) -> dict[str, str]:
    """A keytab, with the commands and the variables of the guide."""
    commands = re.search(r"^ +ktutil\n(.*?quit)\n", find_section(), re.M | re.S)
    assert commands is not None
    add, *rest = [line.strip() for line in commands[1].splitlines()]
    run_program(farm, "ktutil", text="\n".join([add, PASSWORD, *rest, ""]))
    variables = dict(re.findall(r"^ +export (\w+)=FILE:(\S+)$", find_section(), re.M))
    assert set(variables) == {"KRB5_CLIENT_KTNAME", "KRB5CCNAME"}
    return {name: f"FILE:{farm.state_dir / file}" for name, file in variables.items()}


def flatten(inventory: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each host's variables."""
    shared = inventory["all"]["vars"]
    groups = inventory["all"]["children"].values()
    return {
        name: shared | group.get("vars", {}) | (own or {}) for group in groups for name, own in group["hosts"].items()
    }


def test_the_inventory_of_the_demonstration_is_the_guides(realm: Farm) -> None:
    shown = flatten(yaml.safe_load(realm.lab("inventory", "--connection", "kerberos")))
    described = flatten(documented(realm, password=False))
    assert {host: own | {"ansible_user": ADMINISTRATOR} for host, own in shown.items()} == described


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("logon", ["password", "ticket", "keytab"])
def test_the_inventory_of_the_guide(realm: Farm, logon: str, carrier: str) -> None:
    """Lync by winrm as it is there, and by psrp as the page says below it. Lync's cmdlets need the delegated ticket."""
    environments = {
        "password": lambda: {"VAULT_FARM_ADMIN_PASSWORD": PASSWORD},
        "ticket": lambda: {"KRB5CCNAME": get_ticket(realm)},
        "keytab": lambda: make_keytab(realm),
    }
    inventory = documented(realm, password=logon == "password", **(PSRP if carrier == "psrp" else {}))
    run, opened = read_all(realm, inventory, environments[logon]())
    assert run.rc == 0, run.output
    assert opened == [
        (DC, "/wsman", "Kerberos"),
        (EXCHANGE, "/powershell", "Kerberos"),
        (LYNC, "winrs" if carrier == "winrm" else "/wsman", "Kerberos"),
    ]
    assert run.step("lync", LYNC).result["default_sip_domain"] == "litwareinc.com"


@pytest.mark.parametrize("logon", ["password", "ticket"])
def test_exchange_by_way_of_the_machine(realm: Farm, logon: str) -> None:
    """Over winrm the machine opens the session: with the password, or with the ticket that was handed over."""
    inventory = documented(realm, password=logon == "password")
    groups = inventory["all"]["children"]
    groups["exchange_servers"]["vars"] = groups["lync_servers"]["vars"]
    for host in groups["exchange_servers"]["hosts"].values():
        del host["ansible_exchange_shell"]
    environment = {"VAULT_FARM_ADMIN_PASSWORD": PASSWORD} if logon == "password" else {"KRB5CCNAME": get_ticket(realm)}
    run, opened = read_all(realm, inventory, environment)
    assert run.rc == 0, run.output
    assert (EXCHANGE, "winrs", "Kerberos") in opened


@pytest.mark.parametrize("carrier", CARRIERS)
def test_messages_are_sealed_over_http(realm: Farm, monkeypatch: pytest.MonkeyPatch, carrier: str) -> None:
    enter(monkeypatch, realm, get_ticket(realm))
    with Tap(listeners(realm, LYNC)[0]["wsman_http"]) as tap:
        session = log_on(realm, carrier, LYNC, port=tap.port)
        assert echo(session, MEGABYTE) == MEGABYTE
        session.close()
        assert ENVELOPE not in tap.heard
        assert tap.sealed > session.carrier.requests > 2


def test_exchanges_own_endpoint_says_kerberos(realm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """It offers Kerberos, not Negotiate, and the messages say so too (MS-WSMV 2.2.9.1)."""
    enter(monkeypatch, realm, get_ticket(realm))
    with Tap(listeners(realm, EXCHANGE)[0]["product_http"]) as tap:
        account = {"remote_addr": EXCHANGE, "remote_user": ADMINISTRATOR, "remote_password": None}
        session = endpoint(realm, "http", "kerberos", port=tap.port, **account)
        assert len(ask(session, Cmdlet("Get-ExchangeServer")).objects) == 1
        session.close()
        assert b"Authorization: Kerberos " in tap.heard
        assert b"application/HTTP-Kerberos-session-encrypted" in tap.heard
        assert ENVELOPE not in tap.heard


def test_a_ticket_in_spnego(realm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pypsrp's ``negotiate`` sends it."""
    enter(monkeypatch, realm, get_ticket(realm))
    session = log_on(realm, "psrp", LYNC, method="negotiate")
    assert echo(session, ["é"]) == ["é"]
    session.close()
    assert logons(realm, 0)[-1][2] == "Kerberos"


# Over https, to a host that requires channel bindings


@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_logon_is_bound_to_its_tls_connection(realm: Farm, monkeypatch: pytest.MonkeyPatch, carrier: str) -> None:
    enter(monkeypatch, realm, get_ticket(realm))
    session = log_on(realm, carrier, DC, "https")
    assert echo(session, ["é"]) == ["é"]
    session.close()
    unbound = {"negotiate_send_cbt": False, "_extras": {"ansible_winrm_send_cbt": False}}
    with pytest.raises(ShellError) as caught:
        log_on(realm, carrier, DC, "https", **unbound)
    assert caught.value.kind == "authentication"
    log_on(realm, carrier, LYNC, "https", **unbound).close()  # which does not require them


@pytest.mark.parametrize("carrier", CARRIERS)
def test_ntlm_is_bound_as_well(realm: Farm, carrier: str) -> None:
    """What the guide says of the libraries."""
    machine(realm, DC, Way(carrier, "https", "ntlm")).close()


# Delegation


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize(
    ("user", "options", "delegated", "reaches"),
    [
        (ADMINISTRATOR, (), True, True),
        (ADMINISTRATOR, (), False, False),
        (ADMINISTRATOR, ("-F",), True, False),  # a ticket that cannot be forwarded
        (SENSITIVE, ("-f",), True, False),  # an account that may not be delegated
    ],
)
def test_a_second_server(
    realm: Farm,
    monkeypatch: pytest.MonkeyPatch,
    carrier: str,
    user: str,
    options: tuple[str, ...],
    *,
    delegated: bool,
    reaches: bool,
) -> None:
    """Lync's cmdlets ask the Central Management Store, which is on another server."""
    enter(monkeypatch, realm, get_ticket(realm, *options, user=user))
    session = log_on(realm, carrier, LYNC, remote_user=user, **(DELEGATED if delegated else {}))
    assert session.carrier.delegates == reaches
    ask(session, Cmdlet("Import-Module", Name=["Lync"]))
    if reaches:
        assert len(ask(session, Cmdlet("Get-CsSipDomain")).objects) == 1
    else:
        with pytest.raises(ShellError) as caught:
            ask(session, Cmdlet("Get-CsSipDomain"))
        assert caught.value.kind == "double_hop"
        assert "klist -f shows F" in caught.value.remedy
    session.close()
