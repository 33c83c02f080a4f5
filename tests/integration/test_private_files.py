# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run leaves in files, whatever Ansible is told to keep, and the folder of the helpers' sockets."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import Farm, Run

pytestmark = [pytest.mark.core, pytest.mark.connections("documented")]

SECRET = "hunter5-hunter5"
IMPORT = f"""
- name: a file with a password
  onprem.exchange_lync.lync_certificate: {{type: OAuthTokenIssuer, path: 'C:\\Certificates\\nowhere.pfx', password: {SECRET}}}
  ignore_errors: true
"""
READ = """
- name: read
  onprem.exchange_lync.lync_cmdlet: {cmdlet: Get-CsSipDomain, select: [Name]}
"""
KEEPING: dict[str, dict[str, str]] = {
    "as usual": {},
    "files kept": {"ANSIBLE_KEEP_REMOTE_FILES": "1"},
    "files kept, no pipelining": {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_PIPELINING": "0"},
    "debug": {"ANSIBLE_DEBUG": "1", "ANSIBLE_KEEP_REMOTE_FILES": "1"},
}


@pytest.fixture
def short_path() -> Iterator[Path]:
    """For TMPDIR, where ansible-core makes a socket: the path of one has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="kept") as name:
        yield Path(name)


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
@pytest.mark.parametrize("settings", KEEPING)
def test_no_argument_is_ever_in_a_file(
    farm: Farm, short_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, execution: str
) -> None:
    home, log = short_path / "home", short_path / "ansible.log"
    (home / "tmp").mkdir(parents=True)
    places = {"HOME": home, "TMPDIR": home / "tmp", "ANSIBLE_REMOTE_TMP": home / "remote", "ANSIBLE_LOG_PATH": log}
    for name, value in {**places, **KEEPING[settings]}.items():
        monkeypatch.setitem(farm.environment, name, str(value))
    with files_watched((short_path, farm.state_dir / "ansible")) as found:
        run = farm.play(IMPORT, hosts="lync_servers", execution=execution, arguments=["-vvv"])
    assert run.step("a file with a password").failed
    assert log.exists() and SECRET not in run.output
    assert not found


@contextlib.contextmanager
def files_watched(folders: tuple[Path, ...]) -> Iterator[set[str]]:
    """Read every file below the folders when it has changed, until the block ends; what is given fills with those with the secret."""
    found: set[str] = set()
    known: set[tuple[int, int, int]] = set()
    over = threading.Event()

    def look() -> None:
        # os.walk goes on where a folder vanishes meanwhile; Path.rglob of Python 3.11 does not
        for folder in (place for top in folders for place in os.walk(top)):
            for path in (Path(folder[0], name) for name in folder[2]):
                with contextlib.suppress(OSError):
                    state = path.stat()
                    version = (state.st_ino, state.st_size, state.st_mtime_ns)
                    if stat.S_ISREG(state.st_mode) and version not in known:
                        if SECRET.encode() in path.read_bytes():
                            found.add(str(path))
                        known.add(version)

    def watch() -> None:
        while not over.wait(0.02):
            look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()
        look()


def watch_sockets(folder: Path, over: threading.Event, seen: set[tuple[str, str]]) -> None:
    while not over.wait(0.02):
        for path in folder.glob("*"):
            try:
                found = path.stat()
            except OSError:
                continue
            if stat.S_ISSOCK(found.st_mode):
                seen.add((f"{stat.S_IMODE(found.st_mode):04o}", f"{stat.S_IMODE(folder.stat().st_mode):04o}"))


def play_at(farm: Farm, home: Path, monkeypatch: pytest.MonkeyPatch, **how: Any) -> Run:
    monkeypatch.setitem(farm.environment, "ANSIBLE_HOME", str(home))
    monkeypatch.setitem(farm.environment, "ANSIBLE_LOCAL_TEMP", str(home.parent / "tmp"))
    return farm.play(READ, hosts="lync_servers", **how)


def test_a_socket_is_its_owners_alone_whatever_the_umask(
    farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    over, seen = threading.Event(), set[tuple[str, str]]()
    watcher = threading.Thread(target=watch_sockets, args=(home / "pc", over, seen))
    watcher.start()
    before = os.umask(0)
    try:
        run = play_at(farm, home, monkeypatch)
    finally:
        os.umask(before)
        over.set()
        watcher.join()
    assert run.rc == 0, run.output
    assert seen == {("0700", "0700")}


@pytest.mark.parametrize(
    ("folder", "mode", "owner", "says"),
    [
        ("home/pc", 0o777, None, "is open to others (mode 0777)"),
        ("home/pc", 0o755, None, "is open to others (mode 0755)"),
        ("home", 0o777, None, "is open to others (mode 0777)"),
        ("home/pc", 0o700, 65534, "belongs to the user"),
        ("home", 0o755, 65534, "belongs to the user"),
    ],
)
def test_a_folder_that_is_not_the_users_own_is_refused(
    farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, mode: int, owner: int | None, says: str
) -> None:
    if owner is not None and os.geteuid():
        pytest.skip("only root can make a folder somebody else's")
    (tmp_path / "home" / "pc").mkdir(mode=0o700, parents=True)
    wrong = tmp_path / folder
    wrong.chmod(mode)
    if owner is not None:
        os.chown(wrong, owner, owner)
    run = play_at(farm, tmp_path / "home", monkeypatch)
    assert run.rc != 0
    error = run.step("read").result["error"]
    assert says in error["message"] and str(wrong) in error["message"], error
    assert "ANSIBLE_HOME" in error["remedy"]
    assert not list((tmp_path / "home" / "pc").glob("*"))


def test_a_socket_that_nobody_listens_on_is_removed_and_a_live_one_stays(tmp_path: Path) -> None:
    """By a worker that could not reach its helper: another may have started one in between."""
    program = (
        "import socket, sys, pathlib\n"
        "from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._helper import _remove_if_dead\n"
        "dead, live = (pathlib.Path(sys.argv[1]) / name for name in ('dead', 'live'))\n"
        "gone = socket.socket(socket.AF_UNIX); gone.bind(str(dead)); gone.close()\n"
        "here = socket.socket(socket.AF_UNIX); here.bind(str(live)); here.listen(1)\n"
        "_remove_if_dead(dead); _remove_if_dead(live); _remove_if_dead(dead)\n"
        "print(dead.exists(), live.exists())\n"
    )
    started = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / ".collections")}
    said = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert said.split() == ["False", "True"]
    assert time.monotonic() - started < 60
