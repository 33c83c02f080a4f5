# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line against a lab with all its processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cli.inventory import CONNECTIONS, Unsafe

LAB = Path(__file__).resolve().parents[2] / "lab"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    command = [sys.executable, str(LAB), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)


def good(*arguments: str | Path) -> str:
    """Run it and expect it to work."""
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bad(*arguments: str | Path) -> str:
    """Run it and expect one line that says what is wrong."""
    done = run(*arguments)
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1, done
    assert done.stderr.startswith("error: ")
    return done.stderr


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A lab for each test: ansible-test runs each in a process of its own, in which what outlives the test is never torn down."""
    folder = tmp_path / "lab"
    good("up", "--state", folder)
    yield folder
    run("down", "--state", folder)


def processes_of(folder: Path) -> list[str]:
    """The processes that have the folder among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended meanwhile
            if str(folder).encode() in words:
                found.append(entry.name)
    return found


def test_a_second_lab_in_the_same_folder_is_refused(state: Path) -> None:
    assert "already running" in bad("up", "--state", state)


def test_status(state: Path) -> None:
    found = json.loads(good("status", "--json", "--state", state))
    assert found["ready"] is True and found["scenario"] == "litware"
    assert set(found["hosts"]["atl-exchange-001.litwareinc.com"]["listeners"]) == {
        "wsman_http", "wsman_https", "product_http", "product_https",
    }  # fmt: skip
    assert "atl-lync-001.litwareinc.com" in good("status", "--state", state)


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_the_inventory(state: Path, connection: str) -> None:
    class Loader(yaml.SafeLoader):
        """Knows Ansible's tag."""

    Loader.add_constructor("!unsafe", lambda _, node: Unsafe(node.value))
    text = good("inventory", "--connection", connection, "--state", state)
    found = yaml.load(text, Loader)["all"]  # noqa: S506 (a SafeLoader)
    assert isinstance(found["vars"]["ansible_password"], Unsafe) and found["vars"]["ansible_password"] == 'P: "ä%1 é{{x'
    hosts = {fqdn: own for group in found["children"].values() for fqdn, own in group["hosts"].items()}
    assert [own["ansible_connection"] for own in hosts.values()] == list(CONNECTIONS[connection].values())
    exchange = hosts["atl-exchange-001.litwareinc.com"]
    assert ("ansible_exchange_shell" in exchange) is (connection != "winrm")


def test_the_inventory_is_read_by_ansible(state: Path, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text(good("inventory", "--state", state), encoding="utf-8")
    tool = Path(sys.executable).with_name("ansible-inventory")
    done = subprocess.run([tool, "-i", path, "--list"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["exchange_servers"]["hosts"] == ["atl-exchange-001.litwareinc.com"]


def test_journal_state_clock_and_fault(state: Path) -> None:
    assert json.loads(good("journal", "--json", "--state", state)) == []
    assert json.loads(good("journal", "--json", "--writes", "--state", state)) == []
    before = json.loads(good("state", "--json", "--state", state))
    good("clock", "+1", "--state", state)
    assert json.loads(good("state", "--json", "--state", state))["now"][:10] > before["now"][:10]
    good("clock", "-1", "--state", state)
    assert yaml.safe_load(good("state", "--state", state))["scenario"] == "litware"
    assert "on for atl-lync-001.litwareinc.com" in good(
        "fault", "lost_answer", "--host", "atl-lync-001", "--state", state
    )
    assert "off" in good("fault", "lost_answer", "--off", "--state", state)
    assert "there is no fault" in bad("fault", "nonsense", "--state", state)
    assert "has no host" in bad("fault", "lost_answer", "--host", "x", "--state", state)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("slow_cmdlet", "--value", "long"), "wants seconds"),
        (("slow_receive", "--value", "-1"), "wants seconds"),
        (("cmdlet_fails",), "wants the name of a cmdlet"),
        (("service_stopped",), "wants the name of a Windows service"),
        (("lost_answer", "--count", "0"), "cannot strike 0 times"),
    ],
)
def test_a_fault_that_could_not_strike_is_refused(state: Path, words: tuple[str, ...], said: str) -> None:
    assert said in bad("fault", *words, "--state", state)
    assert json.loads(good("state", "--json", "--state", state))["faults"] == []


@pytest.mark.parametrize("days", ["nan", "inf", "1e99", "400000000", "4000000"])
def test_the_clock_is_not_moved_to_where_there_are_no_dates(state: Path, days: str) -> None:
    assert "cannot be moved" in bad("clock", days, "--state", state)
    assert json.loads(good("state", "--json", "--state", state))["scenario"] == "litware"


def test_the_state_folder_is_its_owners_only(state: Path) -> None:
    assert state.stat().st_mode & 0o077 == 0


def test_without_a_lab(tmp_path: Path) -> None:
    for command in ("status", "journal", "state", "inventory", "down"):
        assert "no lab is running" in bad(command, "--state", tmp_path)
    (tmp_path / "lab.json").write_text("nonsense", encoding="utf-8")
    assert "cannot be read" in bad("status", "--state", tmp_path)


def test_a_lab_that_cannot_start(tmp_path: Path) -> None:
    assert "no scenario 'nonsense'" in bad("up", "--scenario", "nonsense", "--state", tmp_path)
    assert "not an executable" in bad("up", "--engine", tmp_path / "pwsh", "--state", tmp_path)
    broken = tmp_path / "broken.yml"
    broken.write_text("name: [", encoding="utf-8")
    assert "is not YAML" in bad("up", "--scenario", str(broken), "--state", tmp_path)
    assert processes_of(tmp_path) == []


def test_down_leaves_nothing_and_a_dead_lab_is_cleared_away(tmp_path: Path) -> None:
    good("up", "--state", tmp_path)
    assert len(processes_of(tmp_path)) == 4
    lab = json.loads((tmp_path / "lab.json").read_text(encoding="utf-8"))
    os.kill(lab["pids"]["farm"], 9)
    time.sleep(0.2)
    assert "does not answer" in bad("status", "--state", tmp_path)
    good("up", "--state", tmp_path)
    good("down", "--state", tmp_path)
    assert processes_of(tmp_path) == []
    assert not (tmp_path / "lab.json").exists()
