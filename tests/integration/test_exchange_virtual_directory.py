# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_virtual_directory on three servers of two versions, of which the third accepts no OAuth."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import Farm, Run
from refusals import clear, failed

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]

ONE = "exchange_servers[0]"
NYC = "ex-nyc-01.corp.contoso.com"
ON: dict[str, Any] = {"oauth_authentication": True, "ws_security_authentication": True}
SETS = ["Set-AutodiscoverVirtualDirectory", "Set-WebServicesVirtualDirectory"]
RHYTHM = """
- name: checked
  onprem.exchange_lync.exchange_virtual_directory: &options {options}
  check_mode: true
- name: still as it was
  onprem.exchange_lync.exchange_info: {{gather: [virtual_directories]}}
- name: applied
  onprem.exchange_lync.exchange_virtual_directory: *options
- name: read back
  onprem.exchange_lync.exchange_info: {{gather: [virtual_directories]}}
- name: again
  onprem.exchange_lync.exchange_virtual_directory: *options
"""


def run_rhythm(farm: Farm, execution: str = "", **options: Any) -> Run:
    run = farm.play(RHYTHM.format(options=json.dumps(options)), hosts=ONE, execution=execution)
    assert run.rc == 0, run.output
    checked, applied, again = (run.step(name) for name in ("checked", "applied", "again"))
    assert (checked.changed, checked.writes, applied.changed) == (True, [], True)
    assert (again.changed, again.writes) == (False, [])
    for key in ("virtual_directories", "commands", "diff"):
        assert checked.result[key] == applied.result[key]
    assert again.result["virtual_directories"] == applied.result["virtual_directories"]
    return run


def flags(run: Run, step: str) -> list[bool]:
    """OAuth of the third server, as exchange_info reads it."""
    found = run.step(step).result["virtual_directories"]
    return [item["oauth_authentication"] for items in found.values() for item in items if item["server"] == "EX-NYC-01"]


def test_only_what_differs_is_written_each_with_one_cmdlet(farm: Farm) -> None:
    run = run_rhythm(farm, **ON)
    writes = run.step("applied").writes
    assert [entry["cmdlet"] for entry in writes] == SETS
    assert [entry["parameters"]["Identity"] for entry in writes] == [
        f"EX-NYC-01\\{name} (Default Web Site)" for name in ("Autodiscover", "EWS")
    ]
    assert ["WSSecurityAuthentication" in entry["parameters"] for entry in writes] == [False, False]
    assert (flags(run, "still as it was"), flags(run, "read back")) == ([False, False], [True, True])
    assert len(run.step("again").result["virtual_directories"]) == 3
    assert run.step("again").cmdlets == [
        "Get-ExchangeServer",
        "Get-AutodiscoverVirtualDirectory",
        "Get-WebServicesVirtualDirectory",
    ]
    directories = farm.state()["exchange"]["servers"][NYC]["virtual_directories"]
    assert all(item["oauth"] and item["ws_security"] for item in directories.values())


def test_one_directory_of_one_server_in_a_process_of_its_own(farm: Farm) -> None:
    given = {"servers": ["EX-LON-02"], "directories": ["web_services"], "ws_security_authentication": False}
    run = run_rhythm(farm, "subprocess", **given)
    (write,) = run.step("applied").writes
    assert (write["cmdlet"], write["parameters"]["WSSecurityAuthentication"]) == (SETS[1], False)
    assert "OAuthAuthentication" not in write["parameters"]
    assert run.step("applied").result["diff"]["after"] == {
        "ex-lon-02.corp.contoso.com": {
            "web_services": {"oauth_authentication": True, "ws_security_authentication": False}
        }
    }


@pytest.mark.parametrize(
    ("options", "said", "remedy"),
    [
        ({"servers": ["ex-par-01"]}, "no such Exchange server: ex-par-01", "Check the name"),
        ({"servers": []}, "servers: a name is empty, or the list is", "Correct the task"),
        ({"directories": []}, "directories is empty", "Correct the task"),
    ],
)
def test_what_cannot_be_used_is_refused(farm: Farm, options: dict[str, Any], said: str, remedy: str) -> None:
    task = f"- {{name: refused, onprem.exchange_lync.exchange_virtual_directory: {json.dumps({**ON, **options})}}}"
    run = farm.play(task, hosts=ONE)
    failed(run)
    assert said in run.step("refused").msg
    assert remedy in run.step("refused").msg


def test_a_refused_write_says_what_is_left_to_do(farm: Farm) -> None:
    farm.lab("fault", "cmdlet_fails", "--value", SETS[1], "--count", "1")
    task = "- {name: switch off, onprem.exchange_lync.exchange_virtual_directory: {servers: [ex-nyc-01], oauth_authentication: false}}"
    step = farm.play(task, hosts=ONE).step("switch off")
    assert step.failed
    assert [command.split()[0] for command in step.result["commands"]] == SETS[:1]
    assert [command.split()[0] for command in step.result["commands_not_run"]] == SETS[1:]
    assert "Already done before it: Set-AutodiscoverVirtualDirectory" in step.msg
    assert [entry["cmdlet"] for entry in farm.play(task, hosts=ONE).step("switch off").writes] == SETS[1:]


def test_whoever_may_only_read_sees_what_differs(farm: Farm) -> None:
    task = """
    - name: checked
      onprem.exchange_lync.exchange_virtual_directory: &on {servers: [ex-nyc-01], oauth_authentication: true}
      check_mode: true
    - {name: refused, onprem.exchange_lync.exchange_virtual_directory: *on}
    """
    auditor = {"ansible_user": "auditor@corp.contoso.com", "ansible_password": 'read: "only" 100% é'}
    run = farm.play(task, hosts=ONE, extra_vars=auditor)
    failed(run)
    assert run.step("checked").changed
    assert "A real run would fail" in str(run.step("checked").result["warnings"])
    clear(
        run.step("refused").msg,
        host="ex-lon-01.corp.contoso.com",
        shell="exchange",
        cmdlet=SETS[0],
        said="not offered to this account",
        remedy="check the product version",
    )
