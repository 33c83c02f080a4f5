# SPDX-License-Identifier: GPL-3.0-or-later
"""Every attack over both carriers: told in time, in words, without a lie, within its memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attacks import ATTACKS, Attack
from helper_process import Answer, Helpers, helpers
from hostile_server import Host, running
from wire_stand_ins import PASSWORD, USER

SLACK = 5.0
MOST_MIB = 200.0
WRITE = {"cmdlets": [["Set-Thing", []]], "write": True}
READ = {"cmdlets": [["Get-Thing", []]], "write": False}
ALL = [(attack, carrier) for attack in ATTACKS for carrier in attack.carriers]
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def options(carrier: str, port: int, way: str) -> dict[str, Any]:
    """The helper's options for a way to the host."""
    account = {"remote_addr": "127.0.0.1", "port": port, "remote_user": USER, "remote_password": PASSWORD}
    if carrier == "psrp":
        how: dict[str, Any] = {"protocol": "http", "auth": "basic", "message_encryption": "never"}
        how = how if way == "plain" else {"protocol": "http", "auth": "ntlm"}
    else:
        how = {"scheme": "http", "transport": ["basic" if way == "plain" else "ntlm"], "_extras": {}}
    shells: dict[str, Any] = {f"{shell}_shell": {} for shell in ("exchange", "lync", "windows")}
    return {
        "transport": carrier,
        "transport_options": {**account, **how},
        "carried_connection": None,
        **shells,
        "host": "127.0.0.1",
        "port": port,
        "remote_user": USER,
        "execution": "worker",
        "session_scope": "play",
        "persistent_connect_timeout": 600,
        "persistent_command_timeout": 1800,
        "persistent_log_messages": False,
        "playbook": f"{os.getpid()}:0",
    }


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Host]:
    """The hostile host."""
    with running(tmp_path_factory.mktemp("host"), certificate) as started:
        yield started


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpers]:
    """The helpers that ask it."""
    with helpers(tmp_path_factory.mktemp("home")) as started:
        yield started


def ask(host: Host, process: Helpers, attack: Attack, carrier: str) -> Answer:
    host.play(attack.script())
    port = host.lab.ports["plain_http" if attack.way == "plain" else "wsman_http"]
    return process.ask(options(carrier, port, attack.way), WRITE if attack.write else READ, attack.timeout)


def test_there_are_enough() -> None:
    assert len([attack for attack in ATTACKS if len(attack.carriers) == 2]) >= 60
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("carrier", ["psrp", "winrm"])
@pytest.mark.parametrize("way", ["plain", "sealed"])
def test_an_honest_host_is_believed(host: Host, process: Helpers, carrier: str, way: str) -> None:
    from hostile_server import Script

    host.play(Script())
    port = host.lab.ports["plain_http" if way == "plain" else "wsman_http"]
    answer = process.ask(options(carrier, port, way), WRITE, 5.0)
    assert (answer.reply.get("objects"), host.ran, answer.said) == (["done"], ["Set-Thing"], "")


@pytest.mark.parametrize(("attack", "carrier"), ALL, ids=[f"{attack.name}-{carrier}" for attack, carrier in ALL])
def test_an_attack(host: Host, process: Helpers, attack: Attack, carrier: str, record_property: Any) -> None:
    answer = ask(host, process, attack, carrier)
    record_property("peak", answer.peak_mib)
    told = f"{answer} after {host.stages}, ran {host.ran}"
    assert answer.seconds <= attack.timeout + SLACK, told
    assert answer.reply and "traceback" not in answer.reply and not answer.said, told
    assert 0 < answer.peak_mib <= MOST_MIB, told
    shown = str(answer.reply.get("error", {**answer.reply, "objects": []}))
    assert not CONTROL.search("".join(walk(answer.reply))), told
    assert PASSWORD not in shown and "hunter2" not in shown, told
    assert host.ran in ([], ["Set-Thing"]), told
    if "error" not in answer.reply:
        assert attack.succeeds and host.ran == (["Set-Thing"] if attack.write else []), told
        return
    assert answer.kind in attack.kinds, told
    assert attack.says in answer.reply["error"]["message"], told
    assert answer.kind == "unknown_outcome" or answer.kind == "failed" or host.ran == [], told


def walk(value: Any) -> Iterator[str]:
    """Every text of an answer but the objects, which are data."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(item)
