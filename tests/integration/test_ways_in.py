# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in: http, where messages have to be sealed, and https, with each method; and no more shells than an account may have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
import yaml

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Session
from harness import ROOT, Farm
from sessions import ACCOUNT, DC, EXCHANGE, LYNC, MEGABYTE, Way, ask, echo, endpoint, listeners, machine
from tap import ENVELOPE, Tap

pytestmark = [
    pytest.mark.connections("documented"),
    pytest.mark.peers(("emulated", "en-US")),
    # clients leave the sockets of a refused logon to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SHELLS = 18
"""PowerShellMaxConcurrency of Exchange's default throttling policy, and so of the lab."""


def logons(farm: Farm) -> list[tuple[str, str, str]]:
    """Host, endpoint and authentication of each session, as the hosts saw them."""
    opened = [entry for entry in farm.journal() if entry["event"] == "session_opened"]
    return [(entry["host"], entry["endpoint"], entry["authentication"]) for entry in opened]


def only_sealed(tap: Tap, session: Session) -> bool:
    """Whether all that a session sent and heard was sealed, but for the requests that log on and their answers."""
    return ENVELOPE not in tap.heard and tap.sealed > session.carrier.requests > 2


@pytest.mark.parametrize("method", ["ntlm", "credssp"])
@pytest.mark.parametrize("protocol", ["http", "https"])
@pytest.mark.parametrize("carrier", ["psrp", "winrm"])
def test_a_machine(farm: Farm, carrier: str, protocol: str, method: str) -> None:
    """By http with a megabyte; by https the tests of the transport have one."""
    values = MEGABYTE if protocol == "http" else ["beyond the BMP: \U0001f600"]
    with Tap(listeners(farm, LYNC)[0][f"wsman_{protocol}"]) as tap:
        session = machine(farm, LYNC, Way(carrier, protocol, method), port=tap.port)
        assert echo(session, values) == values
        session.close()
        assert only_sealed(tap, session) == (protocol == "http")
    assert logons(farm)[-1][::2] == (LYNC, {"ntlm": "NTLM", "credssp": "CredSSP"}[method])


@pytest.mark.parametrize(
    ("protocol", "method"), [("http", "ntlm"), ("http", "negotiate"), ("https", "negotiate"), ("https", "basic")]
)
def test_exchanges_endpoint(farm: Farm, protocol: str, method: str) -> None:
    """It takes cmdlets only: a megabyte goes into a property of a server, and comes back out of it."""
    text = MEGABYTE[0] if protocol == "http" else "beyond the BMP: \U0001f600"
    server = {"Identity": "ATL-EXCHANGE-001"}
    with Tap(listeners(farm, EXCHANGE)[0][f"product_{protocol}"]) as tap:
        session = endpoint(farm, protocol, method, port=tap.port)
        ask(session, Cmdlet("Set-ClientAccessServer", **server, AutoDiscoverSiteScope=[text]))
        (read,) = ask(session, Cmdlet("Get-ClientAccessServer", **server), select("AutoDiscoverSiteScope")).objects
        assert read["AutoDiscoverSiteScope"] == [text]
        ask(session, Cmdlet("Set-ClientAccessServer", **server, AutoDiscoverSiteScope=["Atlanta"]))
        session.close()
        assert only_sealed(tap, session) == (protocol == "http")
    assert logons(farm)[-1] == (EXCHANGE, "/powershell", "Basic" if method == "basic" else "NTLM")


@pytest.mark.parametrize(
    ("protocol", "method", "kind"),
    [
        ("http", "basic", "unsupported"),  # it cannot seal, so pypsrp does not even ask
        ("http", "credssp", "authentication"),
        ("https", "credssp", "authentication"),
    ],
)
def test_exchanges_endpoint_does_not_take_every_method(farm: Farm, protocol: str, method: str, kind: str) -> None:
    with pytest.raises(ShellError) as caught:
        endpoint(farm, protocol, method)
    assert caught.value.kind == kind, caught.value


@pytest.mark.parametrize("carrier", ["psrp", "winrm"])
def test_a_message_that_is_not_sealed_is_refused(farm: Farm, carrier: str) -> None:
    """And the tap hears it, as it would hear the messages of the tests above if they were not sealed."""
    with Tap(listeners(farm, DC)[0]["wsman_http"]) as tap:
        with pytest.raises(ShellError) as caught:
            machine(farm, DC, Way(carrier, "http", "ntlm"), port=tap.port, message_encryption="never")
        assert caught.value.kind == "unreachable"
        assert "HTTP 500" in caught.value.message
        assert (ENVELOPE in tap.heard, tap.sealed) == (True, 0)


# Playbooks

FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def documented() -> dict[str, Any]:
    """The groups of the README's inventory, all by http; its Kerberos is Negotiate here, as there is no domain."""
    blocks = FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    (text,) = (block for block in blocks if "exchange_servers:" in block)
    groups: dict[str, Any] = yaml.safe_load(text.replace("kerberos", "negotiate"))["all"]["children"]
    return groups


def psrp(method: str) -> dict[str, Any]:
    return {"ansible_connection": "psrp", "ansible_psrp_protocol": "http", "ansible_psrp_auth": method}


def winrm(method: str) -> dict[str, Any]:
    return {"ansible_connection": "winrm", "ansible_winrm_scheme": "http", "ansible_winrm_transport": method}


class Unsafe(str):
    """A text that Ansible must not template."""

    __slots__ = ()


class Dumper(yaml.SafeDumper):
    """Writes Ansible's tag for it."""


Dumper.add_representer(Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value), style='"'))
HOSTS = {"exchange_servers": EXCHANGE, "lync_servers": LYNC, "dns_servers": DC}
OTHERS = {"exchange_servers": {"exchange-by-winrm": winrm("ntlm")}, "lync_servers": {"lync-by-psrp": psrp("credssp")}}
"""Two of the hosts once more, by the other carrier."""
READS = """
- name: exchange
  onprem.exchange_lync.exchange_info: {gather: [servers]}
  when: inventory_hostname in groups.exchange_servers
- name: lync
  onprem.exchange_lync.lync_info: {gather: [sip_domains]}
  when: inventory_hostname in groups.lync_servers
- name: dns
  onprem.exchange_lync.dns_record: {name: nothing.litwareinc.com, type: A, state: absent}
  when: inventory_hostname in groups.dns_servers
"""


@pytest.fixture
def taps(farm: Farm) -> Iterator[dict[str, Tap]]:
    """A tap before each http listener that the inventory names: before the machines, and before Exchange's endpoint."""
    ports = {group: listeners(farm, host)[0] for group, host in HOSTS.items()}
    with ExitStack() as stack:
        machines = {group: stack.enter_context(Tap(found["wsman_http"])) for group, found in ports.items()}
        product = stack.enter_context(Tap(ports["exchange_servers"]["product_http"]))
        yield {**machines, "exchange": product}


def by_http(farm: Farm, taps: dict[str, Tap]) -> Farm:
    """The farm with the README's inventory, and its hosts once more, by ports of the taps."""
    groups = documented()
    assert {group: list(found["hosts"]) for group, found in groups.items()} == {k: [v] for k, v in HOSTS.items()}
    for group, found in groups.items():
        found["vars"]["ansible_port"] = taps[group].port
        found["hosts"] |= OTHERS.get(group, {})
    groups["exchange_servers"]["vars"]["ansible_exchange_shell"] = {"port": taps["exchange"].port}
    groups["exchange_servers"]["hosts"]["exchange-by-winrm"]["ansible_exchange_shell"] = {"server": EXCHANGE}
    groups["dns_servers"]["vars"]["ansible_psrp_auth"] = "ntlm"
    account = {"ansible_user": ACCOUNT["remote_user"], "ansible_password": Unsafe(ACCOUNT["remote_password"])}
    inventory = {"all": {"vars": {"ansible_host": ACCOUNT["remote_addr"], **account}, "children": groups}}
    named = replace(farm, connection="by-http")
    path = farm.state_dir / f"inventory-{named.connection}.yml"
    path.write_text(yaml.dump(inventory, Dumper=Dumper, allow_unicode=True), encoding="utf-8")
    return named


def test_the_documented_inventory_by_http(farm: Farm, taps: dict[str, Tap]) -> None:
    before = len(logons(farm))
    run = by_http(farm, taps).play(READS, hosts="all")
    assert run.rc == 0, run.output
    assert sorted(logons(farm)[before:]) == [
        (DC, "/wsman", "NTLM"),
        (EXCHANGE, "/powershell", ""),  # the session that the machine's own PowerShell opens, and imports
        (EXCHANGE, "/powershell", "NTLM"),
        (EXCHANGE, "winrs", "NTLM"),
        (LYNC, "/wsman", "CredSSP"),
        (LYNC, "winrs", "CredSSP"),
    ]
    for name, tap in taps.items():
        assert ENVELOPE not in tap.heard, name
        assert tap.sealed > 10, name


# No more shells than an account may have


def test_no_more_shells_than_an_account_may_have(farm: Farm) -> None:
    task = """
        - name: set
          onprem.exchange_lync.exchange_client_access:
            autodiscover_service_internal_uri: https://mail.litwareinc.com/autodiscover/autodiscover.xml
    """
    held = [endpoint(farm) for _turn in range(SHELLS)]
    run = farm.play(task, hosts="exchange_servers")
    step = run.step("set")
    assert (run.rc, run.writes) == (2, [])
    assert step.result["error"]["kind"] == "throttled"
    for part in (EXCHANGE, "exchange management shell", "no further runspace", "PowerShellMaxConcurrency"):
        assert part in step.msg
    for session in held:
        session.close()
    endpoint(farm).close()
