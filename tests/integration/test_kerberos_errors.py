# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with Kerberos, each with its cause: one message that says what it is and what to do, over both carriers."""

from __future__ import annotations

import gc
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils import _libraries as libraries
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.tests.unit import conftest as unit
from harness import Farm
from kerberos_farm import (
    ADMINISTRATOR,
    PASSWORD,
    enter,
    find_inventory,
    find_section,
    get_ticket,
    log_on,
    run_farm,
    set_ports,
    write_inventory,
)
from sessions import DC, LYNC

pytestmark = [
    pytest.mark.parametrize("carrier", ["psrp", "winrm"]),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SECONDS = 4
"""How long a ticket lives that ends in mid-run."""


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with run_farm(tmp_path_factory.mktemp("lab")) as farm:
        yield farm


@pytest.fixture
def refused(realm: Farm, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ShellError]:
    """The error of a logon, without a ticket if none is named."""

    def fail(carrier: str, host: str = LYNC, *, cache: str = "", config: str = "", **options: Any) -> ShellError:
        enter(monkeypatch, realm, cache)
        if config:
            monkeypatch.setenv("KRB5_CONFIG", config)
        with pytest.raises(ShellError) as caught:
            log_on(realm, carrier, host, **options)
        error = caught.value.located()  # a copy: what led to it holds on to the sockets
        del caught
        gc.collect()
        assert PASSWORD not in str(error)
        return error

    return fail


def change_config(farm: Farm, name: str, pattern: str, replacement: str) -> str:
    """Another krb5.conf."""
    text = Path(farm.environment["KRB5_CONFIG"]).read_text(encoding="utf-8")
    changed = re.sub(pattern, replacement, text)
    assert changed != text
    path = farm.state_dir / name
    path.write_text(changed, encoding="utf-8")
    return str(path)


Refused = Callable[..., ShellError]


def test_no_ticket(refused: Refused, carrier: str) -> None:
    error = refused(carrier)
    assert (error.kind, error.message) == ("authentication", "Kerberos has no ticket of this account.")
    assert "Get a ticket with kinit" in error.remedy
    assert "KRB5_CLIENT_KTNAME" in error.remedy
    assert "Kerberos has no ticket of this account" in find_section()


def test_somebody_elses_ticket(realm: Farm, refused: Refused, carrier: str) -> None:
    error = refused(carrier, cache=get_ticket(realm), remote_user="administrator@LITWAREINC.COM")
    assert error.message == "Kerberos has no ticket of this account."


def test_an_expired_ticket(realm: Farm, refused: Refused, carrier: str) -> None:
    cache = get_ticket(realm, "-l", "1s")
    time.sleep(2.5)  # times have whole seconds
    error = refused(carrier, cache=cache)
    assert (error.kind, error.message) == ("authentication", "the Kerberos ticket has expired.")
    assert "Get a new one with kinit" in error.remedy
    assert "the Kerberos ticket has expired" in find_section()


@pytest.mark.parametrize(
    ("user", "password", "message"),
    [
        (ADMINISTRATOR, "wrong", "the domain does not accept the account's password or keytab"),
        ("nobody@LITWAREINC.COM", "x", "the domain does not know the account"),
        ("farm.admin@NOWHERE.COM", "x", "knows no key distribution centre (KDC) of the realm"),
        ("farm.admin@litwareinc.com", PASSWORD, "knows no key distribution centre (KDC) of the realm"),
    ],
)
def test_a_wrong_account(refused: Refused, carrier: str, user: str, password: str, message: str) -> None:
    """A realm in small letters is another one."""
    error = refused(carrier, remote_user=user, remote_password=password)
    assert error.kind == "authentication"
    assert message in error.message
    if "realm" in message:
        assert "Write the realm of ansible_user in capitals" in error.remedy
        assert message in find_section()


def test_an_address_has_no_service_principal(realm: Farm, refused: Refused, carrier: str) -> None:
    error = refused(carrier, cache=get_ticket(realm), remote_addr="127.0.0.1")
    service = {"psrp": "host", "winrm": "HTTP"}[carrier]
    assert error.kind == "authentication"
    assert "no service principal for the name" in error.message
    assert f"({service}/127.0.0.1@LITWAREINC.COM)" in error.message
    assert "Use the server's full name" in error.remedy
    assert "no service principal for the name" in find_section()


def test_a_ticket_for_another_host(realm: Farm, refused: Refused, carrier: str) -> None:
    """The host cannot read it. pywinrm does not look at what the host says of it."""
    other = {"negotiate_hostname_override": DC, "_extras": {"ansible_winrm_kerberos_hostname_override": DC}}
    error = refused(carrier, cache=get_ticket(realm), **other)
    assert error.kind == "authentication"
    assert "setspn -Q HTTP/NAME" in error.remedy
    if carrier == "psrp":
        assert "the host cannot read the ticket" in error.message


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_no_kdc_answers(realm: Farm, refused: Refused, carrier: str, password: str | None) -> None:
    config = change_config(realm, "down.conf", r"kdc = \S+", "kdc = 127.0.0.1:9")
    cache = "" if password else get_ticket(realm)
    error = refused(carrier, cache=cache, config=config, remote_password=password)
    assert error.kind == "unreachable"
    assert "no key distribution centre (KDC) of the realm answers" in error.message
    assert "port 88" in error.remedy


def test_a_library_is_missing(realm: Farm, refused: Refused, monkeypatch: pytest.MonkeyPatch, carrier: str) -> None:
    library = {"psrp": libraries.PYPSRP_KERBEROS, "winrm": libraries.PYWINRM_KERBEROS}[carrier]
    monkeypatch.setitem(sys.modules, library.module, None)
    error = refused(carrier, cache=get_ticket(realm))
    assert error.kind == "missing_library"
    assert f"pip install '{library.package}'" in error.remedy
    assert "libkrb5-dev" in error.remedy


# In a play

READ = """
- name: first
  onprem.exchange_lync.dns_info: {names: [sip.litwareinc.com]}
- name: wait
  ansible.builtin.wait_for: {timeout: 0}
  delegate_to: localhost
- name: later
  onprem.exchange_lync.dns_record: {name: late.litwareinc.com, type: A, value: [192.0.2.1]}
"""


def make_play(farm: Farm, carrier: str, **more: Any) -> None:
    """An inventory with the guide's DNS server, over a carrier."""
    inventory = set_ports(farm, find_inventory())
    groups = inventory["all"]["children"]
    del inventory["all"]["vars"]["ansible_password"]
    if carrier == "winrm":
        groups["dns_servers"]["vars"] = groups["lync_servers"]["vars"]
    inventory["all"]["vars"] |= more
    write_inventory(farm, inventory)


def test_a_ticket_that_ends_in_mid_run(realm: Farm, monkeypatch: pytest.MonkeyPatch, carrier: str) -> None:
    """The host asks for a new logon, there is no ticket for it, and nothing is written."""
    make_play(realm, carrier)
    life = SECONDS + 4  # ansible-playbook itself takes its time to begin
    monkeypatch.setitem(realm.environment, "KRB5CCNAME", get_ticket(realm, "-l", f"{life}s"))
    run = realm.play(READ.replace("timeout: 0", f"timeout: {life}"), hosts="dns_servers")
    assert (run.step("first", DC).failed, run.writes) == (False, []), run.output
    last = run.step("later", DC)
    assert last.failed
    assert "the Kerberos ticket has expired" in last.msg
    assert last.result["error"]["kind"] == "authentication"


def test_a_ticket_that_is_renewed_in_mid_run(realm: Farm, monkeypatch: pytest.MonkeyPatch, carrier: str) -> None:
    """By whoever runs kinit beside it, or by a keytab: nothing is lost."""
    make_play(realm, carrier)
    life = SECONDS + 4
    cache = get_ticket(realm, "-l", f"{life}s")
    monkeypatch.setitem(realm.environment, "KRB5CCNAME", cache)
    kinit = f"kinit -c {cache} {ADMINISTRATOR}"
    renew = f"""
- name: renew
  ansible.builtin.shell: {{cmd: "{kinit}", stdin: "{{{{ secret }}}}"}}
  delegate_to: localhost
  vars: {{ansible_connection: local, ansible_shell_type: sh}}
  no_log: true
- name: later
"""
    tasks = READ.replace("timeout: 0", f"timeout: {life}").replace("\n- name: later\n", renew)
    secret = {"secret": {"__ansible_unsafe": PASSWORD}}
    run = realm.play(tasks, hosts="dns_servers", extra_vars=secret)
    assert run.rc == 0, run.output
    assert [entry["cmdlet"] for entry in run.writes] == ["Add-DnsServerResourceRecordA"]
    realm.play(
        "- onprem.exchange_lync.dns_record: {name: late.litwareinc.com, type: A, state: absent}", hosts="dns_servers"
    )


@pytest.mark.parametrize("ahead", ["+900s", "-900s"])
def test_clocks_that_differ(realm: Farm, monkeypatch: pytest.MonkeyPatch, carrier: str, ahead: str) -> None:
    """A controller whose clock is wrong. MIT's client makes up for that by default (kdc_timesync), so it has to be told not to."""
    library = next((str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
    if library is None:
        unit.without("libfaketime is not installed; on Debian: apt-get install libfaketime")
    make_play(realm, carrier)
    ticket = get_ticket(realm)
    config = change_config(realm, "clock.conf", r"\[libdefaults\]", "[libdefaults]\n kdc_timesync = 0")
    for name, value in {"KRB5_CONFIG": config, "KRB5CCNAME": ticket, "LD_PRELOAD": library, "FAKETIME": ahead}.items():
        monkeypatch.setitem(realm.environment, name, value)
    run = realm.play(
        "- {name: first, onprem.exchange_lync.dns_info: {names: [sip.litwareinc.com]}}", hosts="dns_servers"
    )
    first = run.step("first", DC)
    assert first.failed, run.output
    assert first.result["error"]["kind"] == "authentication"
    assert "the clocks differ by more than five minutes" in first.msg
    if (carrier, ahead) == ("psrp", "+900s"):  # the other three fail before the host is asked
        assert "The host's clock is 15 minutes behind the controller's" in first.msg
