# SPDX-License-Identifier: GPL-3.0-or-later
"""Several accounts on one host at the same time: every call runs under its own, and nobody ends another's session."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from harness import Farm, Run

pytestmark = [pytest.mark.core, pytest.mark.connections("documented")]

LYNC = "atl-lync-001.litwareinc.com"
ADMINISTRATOR, AUDITOR = "administrator", "auditor"
ROUNDS = 20
# who asks, by the name of the account and the password, and what only that one asks for
ASKS: dict[str, tuple[str, str, str]] = {
    "atl-exchange-001.litwareinc.com": (ADMINISTRATOR, 'P: "ä%1 é{{x', "Get-CsSipDomain"),
    LYNC: (AUDITOR, 'read: "only" 100% é', "Get-CsSite"),
    "atl-dc-001.litwareinc.com": (ADMINISTRATOR, "wrong", "Get-CsPool"),
}
WHO = {"Get-CsSipDomain": ADMINISTRATOR, "Get-CsSite": AUDITOR}


def variables() -> dict[str, Any]:
    """Unsafe texts: a password may hold what Jinja would read as a template."""
    return {
        "asks": {
            host: {"user": f"{name}@litwareinc.com", "password": {"__ansible_unsafe": password}, "cmdlet": cmdlet}
            for host, (name, password, cmdlet) in ASKS.items()
        }
    }


def tasks() -> str:
    """One round after the other; the last of them in a loop, whose items are one worker's."""
    task = """
- name: {name}
  onprem.exchange_lync.lync_cmdlet: {{cmdlet: "{{{{ asks[inventory_hostname].cmdlet }}}}", select: [Identity]}}
  delegate_to: {host}
  vars:
    ansible_user: "{{{{ asks[inventory_hostname].user }}}}"
    ansible_password: "{{{{ asks[inventory_hostname].password }}}}"
  ignore_unreachable: true
"""
    rounds = [task.format(name="ask", host=LYNC) for _round in range(ROUNDS - 5)]
    loop = task.format(name="ask in a loop", host=LYNC) + "  loop: [1, 2, 3, 4, 5]\n"
    return "".join([*rounds, loop])


def check(run: Run) -> None:
    for step in [*run.all("ask"), *run.all("ask in a loop")]:
        wrong = ASKS[step.host][1] == "wrong"
        assert step.failed == wrong, step
    failed = [step for step in run.all("ask") if step.failed]
    assert {step.result["error"]["kind"] for step in failed} == {"authentication"}


def test_every_call_runs_under_its_own_account(farm: Farm) -> None:
    """In two playbooks at once, with strategy free, from three hosts that delegate to the same one."""
    runs: list[Run] = []

    def play() -> None:
        runs.append(
            farm.play(tasks(), hosts="all", strategy="free", extra_vars=variables(), arguments=["--forks", "20"])
        )

    threads = [threading.Thread(target=play) for _playbook in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 2
    for run in runs:
        assert run.rc == 0, run.output
        check(run)
    called = [entry for entry in farm.journal() if entry["event"] == "cmdlet"]
    asked = [(entry["cmdlet"], entry["user"].rpartition("\\")[2]) for entry in called if entry["cmdlet"] in WHO]
    assert {cmdlet: {user for found, user in asked if found == cmdlet} for cmdlet in WHO} == {
        cmdlet: {user} for cmdlet, user in WHO.items()
    }, json.dumps(asked)
    assert not [entry for entry in called if entry["cmdlet"] == "Get-CsPool"]
    assert len(asked) == 2 * 2 * ROUNDS
    opened = [entry for entry in farm.journal() if entry["event"] == "session_opened" and entry["host"] == LYNC]
    assert len(opened) == 2 * 2  # one for each account and playbook: nobody's was ended by somebody else
