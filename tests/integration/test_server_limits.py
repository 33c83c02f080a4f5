# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers limit: quotas, idle time, the size of a message, the pace of an account. And what IIS does to answers on their way.

Exchange and the DNS server are reached by psrp, Lync by winrm. Each message has to say what happened, where, and what to do.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import yaml

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from harness import LAB, ROOT, Farm, Run, Step
from sessions import EXCHANGE, LYNC, Way, ask, endpoint, listeners, machine
from tap import ENVELOPE, Tap

pytestmark = [
    pytest.mark.connections("documented"),
    pytest.mark.peers(("emulated", "en-US")),
    # clients leave the sockets of a refused logon to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

IDLE = 3
LOCALLY = f"{{ansible_connection: local, ansible_python_interpreter: {sys.executable}}}"
READS = {
    "lync_servers": "onprem.exchange_lync.lync_cmdlet: {cmdlet: Get-CsSipDomain, select: [Name]}",
    "exchange_servers": "onprem.exchange_lync.exchange_cmdlet: {cmdlet: Get-AcceptedDomain, select: [DomainName]}",
}
URI = "https://idle.litwareinc.com/autodiscover/autodiscover"
WRITES = {
    "lync_servers": "onprem.exchange_lync.lync_cmdlet: {cmdlet: Set-CsOAuthConfiguration, parameters: {Identity: global, "
    f"ExchangeAutodiscoverUrl: {{uri: {URI}.svc}}}}}}",
    "exchange_servers": "onprem.exchange_lync.exchange_cmdlet: {cmdlet: Set-ClientAccessServer, parameters: "
    f"{{Identity: ATL-EXCHANGE-001, AutoDiscoverServiceInternalUri: {{uri: {URI}.xml}}}}}}",
}
HOSTS = {"lync_servers": LYNC, "exchange_servers": EXCHANGE}


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """What refused clients leave to the garbage collector goes while this test's filter of warnings holds, and not in some later test."""
    yield
    gc.collect()


def inject(farm: Farm, host: str, *fault: str) -> str:
    """A task that injects a fault while the play runs."""
    command = f"{sys.executable} {ROOT}/tests/lab fault {' '.join(fault)} --host {host} --state {farm.state_dir}"
    return f"- {{name: fault, ansible.builtin.command: {command}, delegate_to: localhost, vars: {LOCALLY}}}\n"


def task(name: str, act: str) -> str:
    return f"- {{name: {name}, ignore_errors: true, {act}}}\n"


def opened(steps: Sequence[Step], host: str) -> int:
    entries = [entry for step in steps for entry in step.journal]
    return sum(entry["event"] == "session_opened" and entry["host"] == host for entry in entries)


def check_refusal(run: Run, name: str, host: str, kind: str, *says: str) -> None:
    """A message that names the host, and has all that."""
    step = run.step(name)
    assert (step.failed, step.result["error"]["kind"], step.writes) == (True, kind, []), step.msg
    assert step.msg.startswith(f"{host}: ")
    for said in says:
        assert said in step.msg


def check_repeated(run: Run, name: str, host: str) -> None:
    """A read that was repeated on a fresh session."""
    step = run.step(name)
    assert (step.failed, opened([step], host)) == (False, 1), step.msg
    assert step.result["objects"] == run.step("plain").result["objects"]


# Quotas


def test_quotas_at_exchange(farm: Farm) -> None:
    """By psrp, at its own endpoint."""
    read = READS["exchange_servers"]
    steps = inject(farm, EXCHANGE, "quota_runspaces", "--count 1") + task("runspaces", read) + task("plain", read)
    for quota in ("operations", "commands", "memory"):
        steps += inject(farm, EXCHANGE, f"quota_{quota}", "--count 1") + task(quota, read)
    for fault in ("quota_requests", "compressed_answers"):
        steps += inject(farm, EXCHANGE, fault, "--count 1") + task(fault, read)
    steps += task("then", read) + inject(farm, EXCHANGE, "quota_operations", "--count 1")
    steps += task("write", WRITES["exchange_servers"])
    run = farm.play(steps, hosts="exchange_servers")
    assert run.rc == 0, run.output
    says = ("Exchange allows this account no further runspace for now", "PowerShellMaxConcurrency", "throttling policy")
    check_refusal(run, "runspaces", EXCHANGE, "throttled", *says)
    for quota in ("operations", "commands", "memory"):
        check_repeated(run, quota, EXCHANGE)
    check_refusal(run, "quota_requests", EXCHANGE, "throttled", "more requests", "Wait, then run the task again")
    compression = ("in the content coding 'gzip', which nobody asked for", "Switch dynamic compression off")
    check_refusal(run, "compressed_answers", EXCHANGE, "unsupported", *compression)
    assert not run.step("then").failed
    check_refusal(run, "write", EXCHANGE, "session_lost", "quota of operations", "MaxConcurrentOperationsPerUser")


def test_quotas_on_a_front_end(farm: Farm) -> None:
    """By winrm: a command shell with one program in it."""
    read = READS["lync_servers"]
    quotas = ("shells", "processes", "operations")
    steps = "".join(inject(farm, LYNC, f"quota_{quota}", "--count 1") + task(quota, read) for quota in quotas)
    steps += task("plain", read) + inject(farm, LYNC, "quota_memory", "--count 1") + task("memory", read)
    run = farm.play(steps, hosts="lync_servers")
    assert run.rc == 0, run.output
    check_refusal(run, "shells", LYNC, "throttled", "quota of shells (MaxShellsPerUser)", "refuses more shells")
    check_refusal(run, "processes", LYNC, "throttled", "starts no further process", "Compare MaxProcessesPerShell")
    check_refusal(run, "operations", LYNC, "throttled", "quota of operations", "raise MaxConcurrentOperationsPerUser")
    check_repeated(run, "memory", LYNC)


@pytest.mark.parametrize("carrier", ["psrp", "winrm"])
@pytest.mark.parametrize("method", ["credssp", "ntlm", "basic"])
def test_a_refusal_is_told_by_every_method(farm: Farm, carrier: str, method: str) -> None:
    """CredSSP sends the message with the last step of the logon: what refuses the message does not refuse the logon."""
    farm.lab("fault", "quota_shells", "--host", LYNC, "--count", "1")
    with pytest.raises(ShellError) as caught:
        machine(farm, LYNC, Way(carrier, "https", method))
    assert (caught.value.kind, "quota of shells" in caught.value.message) == ("throttled", True), caught.value
    machine(farm, LYNC, Way(carrier, "https", method)).close()


def test_exchange_slows_an_account_down(farm: Farm) -> None:
    """It takes its time, everything is done once, and the warning is told."""
    steps = """
- name: set
  onprem.exchange_lync.exchange_client_access:
    autodiscover_service_internal_uri: https://slow.litwareinc.com/autodiscover/autodiscover.xml
    on_conflict: replace
"""
    farm.lab("fault", "micro_delay", "--host", EXCHANGE, "--value", "300")
    run = farm.play(steps + steps.replace("name: set", "name: again"), hosts="exchange_servers")
    farm.lab("fault", "micro_delay", "--off")
    step, again = run.step("set"), run.step("again")
    assert [entry["cmdlet"] for entry in step.writes] == ["Set-ClientAccessServer"], run.output
    assert (again.changed, again.writes) == (False, [])
    assert any(
        warning.startswith("Set-ClientAccessServer: Micro delay applied. Actual delayed: 300 msecs")
        for warning in step.result["warnings"]
    ), step.result


# Idle time, pipelines of a shell, the size of a message


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A lab whose servers have limits of their own."""
    folder = tmp_path_factory.mktemp("strict")
    described = yaml.safe_load((LAB / "scenarios" / "litware.yml").read_text(encoding="utf-8"))
    described["limits"] = {"idle_timeout": IDLE, "max_commands_per_shell": 3, "max_envelope_kb": 64}
    scenario = folder / "strict.yml"
    scenario.write_text(yaml.safe_dump(described, allow_unicode=True), encoding="utf-8")
    running = Farm(str(scenario), folder, "documented")
    running.up()
    yield running
    running.down()


@pytest.mark.parametrize("group", HOSTS)
def test_a_shell_that_idled_too_long_is_replaced_and_no_write_is_repeated(strict: Farm, group: str) -> None:
    host = HOSTS[group]
    pause = f"- ansible.builtin.pause: {{seconds: {IDLE + 2}}}\n"
    steps = task("plain", READS[group]) + pause + task("later", READS[group])
    steps += pause + task("write", WRITES[group]) + task("again", WRITES[group])
    before = len(strict.journal())
    run = strict.play(steps, hosts=group)
    assert run.rc == 0, run.output
    check_repeated(run, "later", host)
    check_refusal(run, "write", host, "session_lost", "the server no longer knows the session", "run the task again")
    assert (run.step("again").failed, len(run.step("again").writes)) == (False, 1)
    closed = [entry["outcome"] for entry in strict.journal()[before:] if entry["event"] == "session_closed"]
    assert closed[:2] == ["idle", "idle"]


def test_pipelines_that_have_ended_count_no_more(strict: Farm) -> None:
    """A shell that takes three at a time takes ten one after the other."""
    steps = "".join(task(f"read {number}", READS["exchange_servers"]) for number in range(10))
    run = strict.play(steps, hosts="exchange_servers")
    assert not [step for step in run.steps if step.failed], run.output
    assert opened(run.steps, EXCHANGE) == 1


@pytest.mark.parametrize("group", HOSTS)
def test_a_message_that_is_too_large_for_the_server(strict: Farm, group: str) -> None:
    """Its limit is 64 KiB here, and what it is to take has more; over psrp the option says so, and the message comes in parts."""
    cmdlets = {"lync_servers": ("lync", "Get-CsPool"), "exchange_servers": ("exchange", "Get-ExchangeServer")}
    product, cmdlet = cmdlets[group]
    act = f"onprem.exchange_lync.{product}_cmdlet: {{cmdlet: {cmdlet}, select: [Identity], parameters: "
    act += "{Identity: '{{ \"x\" * 120000 }}'}}"
    steps = task("large", act) + task("plain", READS[group])
    run = strict.play(steps, hosts=group)
    says = ("HTTP 413", "MaxEnvelopeSizekb", "ansible_psrp_max_envelope_size")
    check_refusal(run, "large", HOSTS[group], "too_large", *says)
    assert not run.step("plain").failed
    if product == "exchange":
        told: dict[str, Any] = {"ansible_psrp_max_envelope_size": 64 * 1024}
        run = strict.play(task("large", act), hosts=group, extra_vars=told)
        assert run.step("large").result["error"]["kind"] == "not_found", run.output


@pytest.mark.parametrize("carrier", ["psrp", "winrm"])
def test_a_sealed_message_that_is_too_large(strict: Farm, carrier: str) -> None:
    """HTTP.sys refuses it in plain text, which is not taken for the server's word; but what to do is said all the same."""
    session = machine(strict, LYNC, Way(carrier, "http", "ntlm"))
    with pytest.raises(ShellError) as caught:
        ask(session, Cmdlet("Write-Output", InputObject="x" * 120_000))
    session.close()
    error = caught.value
    assert (error.kind, "answered in plain text (HTTP 413)" in error.message) == ("session_lost", True), error
    assert "MaxEnvelopeSizekb" in error.remedy


# IIS


def test_what_iis_does_to_exchanges_answers(farm: Farm) -> None:
    """It compresses for whoever asks, and puts a blank into the boundary of what is sealed."""
    with Tap(listeners(farm, EXCHANGE)[0]["product_http"]) as tap:
        session = endpoint(farm, "http", "negotiate", port=tap.port)
        assert len(ask(session, Cmdlet("Get-ExchangeServer")).objects) == 1
        session.close()
    assert ENVELOPE not in tap.heard
    assert b"\r\n-- Encrypted Boundary\r\n" in tap.heard
    assert tap.heard.count(b"Accept-Encoding: identity\r\n") == tap.heard.count(b"POST ")
    assert b"Content-Encoding" not in tap.heard
