# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start a helper process from the worker, by a fork.

Core's ``start_connection`` starts a new interpreter for it, which imports ansible-core once more: 0.4 s of CPU time for each host, and more
than a second before the first session where three hosts begin at the same time on two cores. A worker has imported it all. What runs in
the helper is core's own ``ConnectionProcess``, with the same options, socket and lock as in ``ansible_connection_cli_stub.py``.

This is the one file that uses these parts of core, which are not a public API. They are the same in 2.19.0 and 2.21.5.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import io
import json
import os
import signal
import sys
import typing as t
from pathlib import Path

from ansible import constants as C
from ansible.cli.scripts.ansible_connection_cli_stub import ConnectionProcess
from ansible.errors import AnsibleError
from ansible.module_utils.service import fork_process
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from ansible.utils.display import Display
from ansible.utils.path import unfrackpath

_NAME = "management_shel"
"""How ps shows a helper (comm): at most 15 bytes. Its command line is that of ansible-playbook."""


class HelperProcess(ConnectionProcess):
    """Core's, but it takes away no socket that has its name and is another helper's.

    After a reset the name is free, and the next task's helper may have it before this process, which waits 0.1 s, comes to its end.
    """

    def start(self, options: dict[str, t.Any]) -> None:
        """Listen, and remember which file is the own socket."""
        t.cast(t.Any, super()).start(options)
        self._own = _identify(Path(self.socket_path)) if self.sock and self.sock.getsockname() else None

    def shutdown(self) -> None:
        """Close the sessions and remove the socket and its lock."""
        if self._own and self._own == _identify(Path(self.socket_path)):
            t.cast(t.Any, super()).shutdown()


def _identify(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def start_helper(context: PlayContext, options: dict[str, t.Any], task_uuid: str, playbook: int) -> str:
    """The path of the socket of a helper that listens.

    :param playbook: the process whose end ends the helper.
    :raises AnsibleError: where there is none, with the reason.
    """
    path = _name_socket(context, playbook)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(f".ansible_pc_lock_{path.name}").open("a", encoding="ascii") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)  # core's own lock: another worker may start the same helper
        if not path.exists():
            _fork(lambda answer: HelperProcess(answer, context, str(path), "/", task_uuid, str(playbook)), options)
    return str(path)


def _name_socket(context: PlayContext, playbook: int) -> Path:
    """Where core looks for it (``NetworkConnectionBase._update_connection_state``)."""
    ssh: t.Any = connection_loader.get("ssh", class_only=True)
    control = ssh._create_control_path(
        context.remote_addr, context.port, context.remote_user, context.connection, playbook
    )
    return Path(unfrackpath(control % {"directory": unfrackpath(t.cast(t.Any, C).PERSISTENT_CONTROL_PATH_DIR)}))


def _fork(make: t.Callable[[t.TextIO], HelperProcess], options: dict[str, t.Any]) -> None:
    """Fork a daemon that serves, and wait until it listens."""
    read, write = os.pipe()
    child = fork_process()
    if not child:
        _serve(make, options, write)
    os.close(write)
    os.waitpid(child, 0)  # what has forked the daemon ends at once
    with os.fdopen(read, encoding="utf-8") as pipe:
        text = pipe.read()
    answer: dict[str, t.Any] = json.loads(text) if text else {"error": "it ended before it listened", "messages": []}
    for _level, message in answer["messages"]:
        Display().vvvv(message)
    if "error" in answer:
        raise AnsibleError(answer["error"])


def _serve(make: t.Callable[[t.TextIO], HelperProcess], options: dict[str, t.Any], write: int) -> t.NoReturn:
    """Be a helper until the end. There is no way back into the worker's code, whose stack lies below."""
    try:
        _leave_worker(write)
        with os.fdopen(write, "w", encoding="utf-8") as answer:
            process = make(answer)
            process.start(options)
        process.run()
    finally:
        os._exit(0)


def _leave_worker(kept: int) -> None:
    """Let go of what is the worker's: its signal handlers, its way to the user, its files."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # the worker's would end the worker
    Display().set_queue(t.cast(t.Any, None))
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    gc.freeze()  # nothing of the worker's is collected here, so that nobody closes a file twice
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        if descriptor not in (0, 1, 2, kept, nothing):
            os.dup2(nothing, descriptor)  # not closed: a number that is free would be given to a socket of the helper
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(_NAME, encoding="ascii")
