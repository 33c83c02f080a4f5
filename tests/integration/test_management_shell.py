# SPDX-License-Identifier: GPL-3.0-or-later
"""The persistent management shell: one session per host and place, whatever the play does and whatever goes wrong.

What is core's and the helper's business, whichever carrier the helper has, is tried with the documented inventory alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import ROOT, Farm, Run
from processes import helpers, watched

pytestmark = [pytest.mark.core, pytest.mark.usefixtures("started_ansible")]

LYNC = "atl-lync-001.litwareinc.com"
EXCHANGE = "atl-exchange-001.litwareinc.com"
DC = "atl-dc-001.litwareinc.com"
PASSWORD = 'P: "ä%1 é{{x'

READ = """
- name: read
  onprem.exchange_lync.lync_cmdlet: {cmdlet: Get-CsSipDomain, select: [Name, IsDefault]}
"""
WRITE = """
- name: write
  onprem.exchange_lync.lync_oauth_configuration:
    exchange_autodiscover_url: https://{{ name }}.litwareinc.com/autodiscover/autodiscover.svc
    on_conflict: replace
"""
PLAY = """
- hosts: lync_servers
  gather_facts: false
  tasks:
    - onprem.exchange_lync.lync_cmdlet: {cmdlet: Get-CsSite, select: [Identity]}
"""
LOCALLY = f"{{ansible_connection: local, ansible_python_interpreter: {sys.executable}}}"


def opened(run: Run, host: str) -> int:
    """The sessions that a run opened on a host."""
    entries = [entry for step in run.steps for entry in step.journal]
    return sum(entry["event"] == "session_opened" and entry["host"] == host for entry in entries)


def ok(run: Run) -> Run:
    assert run.rc == 0, run.output
    return run


def eventually(what: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.2)
    return False


def sessions(farm: Farm, event: str) -> int:
    return sum(entry["event"] == event for entry in farm.journal())


def fault(farm: Farm, name: str, *options: str) -> str:
    """The tasks that inject a fault into the Front End Server while the play runs."""
    lab = f"{sys.executable} {ROOT}/tests/lab fault {name} --host {LYNC} {' '.join(options)} --state {farm.state_dir}"
    return f"""
- name: fault
  ansible.builtin.command: {lab}
  delegate_to: localhost
  check_mode: false
  vars: {LOCALLY}
"""


@pytest.fixture
def mended(farm: Farm) -> Iterator[None]:
    """No fault outlives its test."""
    yield
    for name in ("lost_answer", "expire_shells", "drop_connection_after_send", "slow_cmdlet", "slow_write"):
        farm.lab("fault", name, "--off")


# One session


def test_one_session_for_tasks_blocks_and_loops(farm: Farm) -> None:
    tasks = f"""{READ}
- block:
    - name: in a block
      onprem.exchange_lync.lync_cmdlet: {{cmdlet: Get-CsPool, select: [Identity]}}
- name: in a loop
  onprem.exchange_lync.lync_cmdlet: {{cmdlet: "{{{{ item }}}}", select: [Identity]}}
  loop: [Get-CsSite, Get-CsPool, Get-CsComputer]
- name: after the loop
  onprem.exchange_lync.lync_cmdlet: {{cmdlet: Get-CsSipDomain, select: [Name, IsDefault]}}
"""
    run = ok(farm.play(tasks, hosts="lync_servers"))
    assert opened(run, LYNC) == 1
    assert run.step("read").result["objects"] == [{"Name": "litwareinc.com", "IsDefault": True}]


def test_one_session_for_modules_in_processes_of_their_own(farm: Farm) -> None:
    again = READ.replace("name: read", "name: again")
    assert opened(ok(farm.play(READ + again, hosts="lync_servers", execution="subprocess")), LYNC) == 1


@pytest.mark.connections("documented")
def test_delegated_tasks_share_the_session_of_the_host_that_they_go_to(farm: Farm) -> None:
    tasks = f"""{READ}
- name: delegated
  onprem.exchange_lync.lync_cmdlet: {{cmdlet: Get-CsPool, select: [Identity]}}
  delegate_to: {LYNC}
  run_once: true
"""
    run = ok(farm.play(tasks, hosts="lync_servers"))
    assert opened(run, LYNC) == 1
    # in batches too: a helper that serves other hosts is not core's to close at the end of a batch
    run = ok(farm.play(tasks.replace(READ, ""), hosts="dns_servers:exchange_servers", serial=1))
    assert [step.outcome for step in run.all("delegated")] == ["ok", "ok"]
    assert opened(run, LYNC) == 1
    assert opened(run, DC) == opened(run, EXCHANGE) == 0


def test_a_single_task_by_the_command_ansible(farm: Farm) -> None:
    run = ok(farm.ad_hoc("exchange_servers", "-m", "onprem.exchange_lync.exchange_info", "-a", "gather=servers"))
    (step,) = run.steps
    assert [server["name"] for server in step.result["servers"]] == ["ATL-EXCHANGE-001"]
    assert "ATL-EXCHANGE-001" in run.output
    assert (step.writes, opened(run, EXCHANGE), opened(run, LYNC)) == ([], 2 if farm.connection == "winrm" else 1, 0)
    # the one that the machine's PowerShell opened to the product too, which the lab, like Exchange, keeps when that process is killed
    assert eventually(lambda: sessions(farm, "session_opened") == sessions(farm, "session_closed"))
    wrong = farm.ad_hoc("exchange_servers", "-m", "onprem.exchange_lync.exchange_info", "-e", "ansible_password=wrong")
    assert wrong.rc != 0
    assert wrong.steps[0].result["error"]["kind"] == "authentication"


@pytest.mark.connections("documented")
def test_a_play_has_its_own_session_unless_the_playbook_keeps_it(farm: Farm, tmp_path: Path) -> None:
    playbook = tmp_path / "two.yml"
    playbook.write_text(PLAY * 2, encoding="utf-8")
    assert opened(ok(farm.playbook(playbook)), LYNC) == 2
    kept = farm.playbook(playbook, extra_vars={"ansible_exchange_lync_session_scope": "playbook"})
    assert opened(ok(kept), LYNC) == 1


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_a_session_that_only_loops_use_ends_with_the_play_and_by_a_reset(
    farm: Farm, tmp_path: Path, execution: str
) -> None:
    loop = "      loop: [first, second]\n"
    playbook = tmp_path / "loops.yml"
    again = (PLAY + loop).removeprefix(PLAY.split("    - ", 1)[0])
    playbook.write_text(f"{PLAY}{loop}    - meta: reset_connection\n{again}{PLAY}{loop}", encoding="utf-8")
    run = ok(farm.playbook(playbook, extra_vars={"ansible_exchange_lync_execution": execution}))
    assert opened(run, LYNC) == 3


def test_reset_connection_ends_the_session(farm: Farm) -> None:
    """Each time; what a helper that was reset takes away is in test_helper_fork.py."""
    run = ok(farm.play(READ + f"- meta: reset_connection{READ}" * 4, hosts="lync_servers"))
    assert opened(run, LYNC) == 5


@pytest.mark.connections("documented")
def test_another_account_is_another_session(farm: Farm) -> None:
    tasks = """
- name: as the administrator
  onprem.exchange_lync.lync_cmdlet: {cmdlet: Get-CsSite, select: [Identity]}
- name: with a wrong password
  onprem.exchange_lync.lync_cmdlet: {cmdlet: Get-CsSite, select: [Identity]}
  vars: {ansible_password: wrong}
  ignore_unreachable: true
- name: as the administrator again
  onprem.exchange_lync.lync_cmdlet: {cmdlet: Get-CsSite, select: [Identity]}
"""
    run = ok(farm.play(tasks, hosts="lync_servers"))
    wrong = run.step("with a wrong password")
    assert wrong.failed
    assert wrong.result["error"]["kind"] == "authentication"
    assert LYNC in wrong.msg


@pytest.mark.connections("documented")
def test_both_executions_return_the_same(farm: Farm) -> None:
    results = []
    for execution in ("worker", "subprocess"):
        run = ok(
            farm.play(READ + WRITE, hosts="lync_servers", check=True, extra_vars={"name": "same"}, execution=execution)
        )
        results.append(
            [{key: value for key, value in step.result.items() if key != "invocation"} for step in run.steps]
        )
    assert results[0] == results[1]


def test_sessions_are_closed_when_the_play_ends(farm: Farm) -> None:
    ok(farm.play(READ, hosts="lync_servers"))
    assert eventually(lambda: sessions(farm, "session_opened") == sessions(farm, "session_closed"))


@pytest.mark.connections("documented")
def test_a_session_that_several_workers_asked_for_at_once_is_closed(farm: Farm) -> None:
    delegated = f"{READ}  delegate_to: {LYNC}\n"
    run = ok(farm.play(delegated, hosts="all"))
    assert opened(run, LYNC) == 1
    assert eventually(lambda: sessions(farm, "session_opened") == sessions(farm, "session_closed"))


def test_sessions_are_closed_when_the_playbook_is_killed(farm: Farm) -> None:
    before = sessions(farm, "session_opened")
    playbook = farm.state_dir / "killed.yml"
    playbook.write_text(
        PLAY
        + "    - ansible.builtin.command: sleep 60\n      delegate_to: localhost\n      vars: {ansible_connection: local}\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "ansible", "playbook", "-i", str(farm.inventory()), str(playbook)]
    environment = {
        **os.environ,
        "ANSIBLE_HOME": str(farm.state_dir / "ansible"),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    }
    running = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        assert eventually(lambda: sessions(farm, "session_opened") > before)
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    assert eventually(lambda: sessions(farm, "session_opened") == sessions(farm, "session_closed"))


@pytest.mark.connections("documented")
def test_a_read_whose_helper_is_killed_is_repeated_on_another(farm: Farm) -> None:
    before = sessions(farm, "session_opened")
    farm.lab("fault", "slow_cmdlet", "--host", LYNC, "--value", "4", "--count", "1")

    def kill() -> None:
        assert eventually(lambda: sessions(farm, "session_opened") > before)
        for helper in helpers(farm.state_dir / "ansible"):
            os.kill(helper, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    run = ok(farm.play(READ, hosts="lync_servers"))
    killer.join()
    assert opened(run, LYNC) == 2


@pytest.mark.connections("documented")
def test_a_helper_has_no_open_file_of_the_worker_that_it_was_forked_from(farm: Farm) -> None:
    """Not the pipe to the terminal, which a reader would wait for, nor the queue to ansible-playbook."""
    farm.lab("fault", "slow_cmdlet", "--host", LYNC, "--value", "3", "--count", "1")
    seen: list[set[str]] = []

    def look() -> None:
        assert eventually(lambda: len(helpers(farm.state_dir / "ansible")) == 1)
        (helper,) = helpers(farm.state_dir / "ansible")
        assert eventually(lambda: sessions(farm, "session_opened") > sessions(farm, "session_closed"))
        seen.append({str(link.readlink()) for link in Path(f"/proc/{helper}/fd").iterdir()})

    looker = threading.Thread(target=look)
    looker.start()
    ok(farm.play(READ, hosts="lync_servers"))
    looker.join()
    kinds = {link.partition(":")[0] for link in seen[0]}
    assert kinds <= {"/dev/null", "socket", "anon_inode"}


@pytest.mark.connections("documented")
def test_an_idle_helper_ends_and_the_next_task_starts_another(farm: Farm) -> None:
    tasks = f"""{READ}
- ansible.builtin.pause: {{seconds: 4}}
- name: later
  onprem.exchange_lync.lync_cmdlet: {{cmdlet: Get-CsSite, select: [Identity]}}
"""
    run = ok(farm.play(tasks, hosts="lync_servers", extra_vars={"ansible_exchange_lync_idle_timeout": 1}))
    assert opened(run, LYNC) == 2


def test_tasks_of_ansible_itself_on_the_same_host_are_untouched(farm: Farm) -> None:
    run = ok(
        farm.play(
            f"{READ}\n- name: raw\n  ansible.builtin.raw: Write-Output untouched; exit 3\n  failed_when: raw_result.rc != 3\n"
            f"  register: raw_result\n{READ.replace('name: read', 'name: after')}",
            hosts="lync_servers",
        )
    )
    assert "untouched" in run.step("raw").result["stdout"]


# What cannot be


@pytest.mark.connections("documented")
@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ("become: true", "become does not reach a management shell"),
        ("async: 10", "async"),
        ("vars: {ansible_connection: ssh}", "cannot carry a management shell"),
        ("vars: {ansible_lync_shell: {plcae: machine}}", "has unknown keys. Did you mean place?"),
        ("vars: {ansible_lync_shell: 'user=u password=hunter4'}", "must be a dictionary, not text"),
        ("vars: {ansible_lync_shell: {password hunter4: }}", "has unknown keys"),
        ("vars: {ansible_lync_shell: {transport: hunter4}}", "transport must be psrp or winrm"),
    ],
)
def test_refuses_clearly(farm: Farm, keywords: str, says: str) -> None:
    run = farm.play(f"{READ.rstrip()}\n  {keywords}", hosts="lync_servers")
    assert run.rc != 0
    assert says in run.output
    assert "Traceback" not in run.output
    assert "hunter4" not in run.output


@pytest.mark.connections("documented")
def test_a_home_that_is_nested_too_deeply_is_named(farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(farm.environment, "ANSIBLE_HOME", str(tmp_path / ("deep" * 25)))
    run = farm.play(READ, hosts="lync_servers")
    assert run.rc != 0
    assert "ANSIBLE_HOME" in run.step("read").result["error"]["remedy"]


# What goes wrong on the way


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize("name", ["lost_answer", "drop_connection_after_send", "expire_shells"])
def test_a_read_whose_answer_or_session_is_lost_is_read_again(farm: Farm, name: str) -> None:
    again = READ.replace("name: read", "name: again")
    run = ok(farm.play(READ + fault(farm, name, "--count 1") + again, hosts="lync_servers"))
    assert run.step("again").result["objects"] == run.step("read").result["objects"]
    assert opened(run, LYNC) == 2


@pytest.mark.usefixtures("mended")
def test_a_write_whose_answer_is_lost_is_read_back_and_never_sent_twice(farm: Farm) -> None:
    lost = fault(farm, "lost_answer", "--count 1", "--value Set-CsOAuthConfiguration")
    run = ok(farm.play(READ + lost + WRITE, hosts="lync_servers", extra_vars={"name": "lost"}))
    step = run.step("write")
    assert step.changed
    assert [entry["cmdlet"] for entry in step.writes] == ["Set-CsOAuthConfiguration"]
    assert "It was read back: it had taken effect." in step.result["warnings"][0]
    assert (
        step.result["oauth_configuration"]["exchange_autodiscover_url"]
        == "https://lost.litwareinc.com/autodiscover/autodiscover.svc"
    )


@pytest.mark.usefixtures("mended")
@pytest.mark.connections("documented")
def test_a_write_that_takes_too_long_is_not_sent_again_while_it_may_still_run(farm: Farm) -> None:
    """It takes effect long after the task has ended; until then it is unknown whether it will."""
    slow = fault(farm, "slow_write", "--value 9")
    limited = "  vars: {ansible_exchange_lync_command_timeout: 3}\n"
    before = len(farm.journal(writes=True))
    run = farm.play(READ + slow + WRITE + limited, hosts="lync_servers", extra_vars={"name": "late"})
    step = run.step("write")
    assert eventually(lambda: len(farm.journal(writes=True)) > before)
    time.sleep(6)  # as long as a second one would need after the first
    assert [entry["cmdlet"] for entry in farm.journal(writes=True)[before:]] == ["Set-CsOAuthConfiguration"]
    assert (step.failed, step.result["error"]["kind"]) == (True, "unknown_outcome"), run.output
    assert "it may still be running, so it was not sent again" in step.msg


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_a_command_that_takes_too_long_is_given_up_and_its_answer_never_mixed_up(farm: Farm, execution: str) -> None:
    """Each task has its own limit, and all of them one session; that of the task that started the helper binds nobody else."""
    tasks = f"""
- name: starts the helper, in time or not
  onprem.exchange_lync.lync_cmdlet: {{cmdlet: Get-CsPool, select: [Identity]}}
  vars: {{ansible_exchange_lync_command_timeout: 1}}
  ignore_errors: true
{fault(farm, "slow_cmdlet", "--value 3", "--count 1")}
- name: has time
  onprem.exchange_lync.lync_cmdlet: {{cmdlet: Get-CsSite, select: [Identity]}}
  vars: {{ansible_exchange_lync_command_timeout: 100}}
{READ}{fault(farm, "slow_cmdlet", "--value 12", "--count 1")}
- name: slow
  onprem.exchange_lync.lync_cmdlet: {{cmdlet: Get-CsSite, select: [Identity]}}
  vars: {{ansible_exchange_lync_command_timeout: 3}}
  ignore_errors: true
- name: next
  onprem.exchange_lync.lync_cmdlet: {{cmdlet: Get-CsSipDomain, select: [Name]}}
"""
    run = ok(farm.play(tasks, hosts="lync_servers", execution=execution))
    first, patient, read, slow, following = (step for step in run.steps if step.task != "fault")
    assert [opened(Run(0, "", [step]), LYNC) for step in (patient, read, slow, following)] == [
        int(first.failed),
        0,
        0,
        1,
    ]
    assert slow.failed
    assert slow.result["error"]["kind"] == "timeout"
    assert "ansible_exchange_lync_command_timeout" in slow.msg
    assert following.result["objects"] == [{"Name": "litwareinc.com"}]


# Secrets


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_no_secret_is_shown_or_kept(farm: Farm, execution: str) -> None:
    tasks = f"""{READ}
- name: a file with a password
  onprem.exchange_lync.lync_certificate: {{type: OAuthTokenIssuer, path: 'C:\\Certificates\\nowhere.pfx', password: hunter2-hunter2}}
  ignore_errors: true
- name: any cmdlet with a secret
  onprem.exchange_lync.lync_cmdlet:
    cmdlet: Import-CsCertificate
    parameters: {{Path: nowhere.pfx, Password: {{secret: hunter3-hunter3}}}}
  ignore_errors: true
"""
    secrets = ("hunter2-hunter2", "hunter3-hunter3", PASSWORD)
    with watched((*secrets, "RECORDER_FILE")) as seen:
        run = farm.play(tasks, hosts="lync_servers", execution=execution, arguments=["-vvvvv"])
    assert run.step("any cmdlet with a secret").failed
    assert seen == {"RECORDER_FILE"}
    shown = run.output + str([step.result for step in run.steps]) + str(farm.journal())
    for secret in secrets:
        assert secret not in shown
        files = [path for path in (farm.state_dir / "ansible").rglob("*") if path.is_file()]
        assert not [path for path in files if secret.encode() in path.read_bytes()]
