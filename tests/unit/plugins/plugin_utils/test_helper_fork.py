# SPDX-License-Identifier: GPL-3.0-or-later
"""What a helper process takes away when it ends."""

from __future__ import annotations

import contextlib
import io
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.cli.scripts import ansible_connection_cli_stub as stub
from ansible.playbook.play_context import PlayContext

from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._helper_fork import HelperProcess


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a short name: a socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="pc") as name:
        yield Path(name)


class Plugin:
    """A connection that is never asked."""

    def set_options(self, direct: dict[str, Any]) -> None:
        return

    def get_option(self, _name: str) -> bool:
        return False

    def pop_messages(self) -> list[Any]:
        return []

    def close(self) -> None:
        return


class Loader:
    """Gives that connection, whatever is asked for."""

    def get(self, *_arguments: Any, **_options: Any) -> Plugin:
        return Plugin()


@pytest.fixture
def start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    monkeypatch.setattr(stub, "connection_loader", Loader())

    def go() -> Any:
        process: Any = HelperProcess(io.StringIO(), PlayContext(), str(folder / "name"), "/")
        with contextlib.redirect_stdout(io.StringIO()):  # core reads what was printed
            process.start({})
        return process

    return go


@pytest.fixture
def helper(start: Callable[[], Any]) -> Any:
    return start()


def test_its_own_socket_and_lock_are_removed(helper: Any, folder: Path) -> None:
    lock = folder / ".ansible_pc_lock_name"
    lock.touch()
    helper.shutdown()
    assert list(folder.iterdir()) == []


def test_a_socket_that_another_helper_has_made_under_this_name_stays(helper: Any, folder: Path) -> None:
    lock, name = folder / ".ansible_pc_lock_name", folder / "name"
    lock.touch()
    name.unlink()  # as a reset does
    with socket.socket(socket.AF_UNIX) as another:
        another.bind(str(name))
        helper.shutdown()
        helper.sock.close()
        assert sorted(folder.iterdir()) == [lock, name]


def test_a_helper_that_could_not_listen_takes_nothing_away(folder: Path, start: Callable[[], Any]) -> None:
    with socket.socket(socket.AF_UNIX) as another:
        another.bind(str(folder / "name"))
        process = start()
        process.shutdown()
        process.sock.close()
        assert [path.name for path in folder.iterdir()] == ["name"]
