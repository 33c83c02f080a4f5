# SPDX-License-Identifier: GPL-3.0-or-later
"""A killed ansible-playbook stops: nothing is sent afterwards but what was on the wire, and within five seconds nothing of it is left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import ROOT, Farm
from processes import helpers, of_home

pytestmark = [pytest.mark.core, pytest.mark.connections("documented")]

LYNC = "atl-lync-001.litwareinc.com"
WITHIN = 5.0
PLAY = """
- hosts: lync_servers
  gather_facts: false
  vars: {ansible_exchange_lync_execution: EXECUTION}
  tasks:
    - onprem.exchange_lync.lync_oauth_configuration:
        exchange_autodiscover_url: https://{{ item }}.litwareinc.com/autodiscover/autodiscover.svc
        on_conflict: replace
      loop: [one, two, three, four, five, six, seven, eight]
"""


def eventually(what: Callable[[], bool], seconds: float) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.1)
    return what()


@pytest.fixture
def slowly(farm: Farm) -> Iterator[None]:
    """Every cmdlet takes its time, so that a kill meets it under way."""
    farm.lab("fault", "slow_cmdlet", "--host", LYNC, "--value", "0.5")
    yield
    farm.lab("fault", "slow_cmdlet", "--off")


def start(farm: Farm, execution: str, *before: str) -> subprocess.Popen[bytes]:
    playbook = farm.state_dir / "killed.yml"
    playbook.write_text(PLAY.replace("EXECUTION", execution), encoding="utf-8")
    command = [*before, sys.executable, "-m", "ansible", "playbook", "-i", str(farm.inventory()), str(playbook)]
    home, config = str(farm.state_dir / "ansible"), str(ROOT / "ansible.cfg")
    environment = {**os.environ, "ANSIBLE_HOME": home, "ANSIBLE_CONFIG": config}
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, stdout=nowhere, stderr=nowhere)


def writes(farm: Farm) -> int:
    return len(farm.journal(writes=True))


def sessions_are_closed(farm: Farm) -> bool:
    events = [entry["event"] for entry in farm.journal()]
    return events.count("session_opened") == events.count("session_closed")


@pytest.mark.usefixtures("slowly")
@pytest.mark.parametrize(
    ("execution", "number"),
    [("worker", 0), ("worker", 1), ("worker", 2), ("worker", 3), ("worker", 6), ("subprocess", 2)],
)
def test_nothing_is_sent_for_a_playbook_that_was_killed(farm: Farm, execution: str, number: int) -> None:
    before, home = writes(farm), farm.state_dir / "ansible"
    running = start(farm, execution)
    try:
        assert eventually(lambda: bool(helpers(home)), 30)
        assert eventually(lambda: writes(farm) >= before + number, 60)
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    killed = time.monotonic()
    sent = writes(farm) - before
    assert eventually(lambda: not of_home(home), WITHIN), of_home(home)
    assert time.monotonic() - killed < WITHIN + 1
    assert eventually(lambda: sessions_are_closed(farm), 2)
    assert writes(farm) - before <= sent + 1  # what was on the wire
    time.sleep(2)
    assert writes(farm) - before <= sent + 1


@pytest.mark.usefixtures("slowly")
def test_a_playbook_that_is_the_first_process_of_its_container(farm: Farm) -> None:
    """Its workers' parent is the process 1 by right, and they are not orphans."""
    unshare = shutil.which("unshare")
    alone = [str(unshare), "--pid", "--fork", "--mount-proc", "--kill-child"]
    if not unshare or subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no process namespace can be made here (unshare --pid as root)")
    before, home = writes(farm), farm.state_dir / "ansible"
    running = start(farm, "worker", *alone)
    assert running.wait(120) == 0
    assert writes(farm) == before + 8
    assert eventually(lambda: sessions_are_closed(farm) and not of_home(home), WITHIN)
    running = start(farm, "worker", *alone)
    try:
        assert eventually(lambda: writes(farm) >= before + 9, 60)
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    assert eventually(lambda: not of_home(home), WITHIN)
    assert writes(farm) < before + 16


def test_a_worker_whose_playbook_is_gone_starts_no_helper(tmp_path: Path) -> None:
    """Told by the process that the worker was forked from, not by who is its parent now."""
    program = (
        "import multiprocessing, os, signal, sys, time\n"
        "from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._playbook_process import PlaybookProcess\n"
        "def work(path):\n"
        "    before = PlaybookProcess.find().has_ended()\n"
        "    os.kill(os.getppid(), signal.SIGKILL)\n"
        "    while os.getppid() == PlaybookProcess.find().pid: time.sleep(0.01)\n"
        "    open(path, 'w').write(f'{before} {PlaybookProcess.find().has_ended()}')\n"
        "multiprocessing.get_context('fork').Process(target=work, args=(sys.argv[1],)).start()\n"
        "time.sleep(60)\n"
    )
    said = tmp_path / "said"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".collections")}
    subprocess.run([sys.executable, "-c", program, str(said)], env=environment, check=False, timeout=60)
    assert eventually(said.exists, 5)
    assert eventually(lambda: said.read_text(encoding="utf-8") == "False True", 5), said.read_text(encoding="utf-8")
