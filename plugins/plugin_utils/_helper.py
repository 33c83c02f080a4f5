# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The helper process of a host and an account, from the worker's side: find it or start it.

A helper is named after the options that decide what its sessions are, the account and its password among them. Tasks with other
options find another helper; nobody replaces or resets one that somebody else may be using.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import typing as t
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.connection import Connection
from ansible.module_utils.connection import ConnectionError as HelperError
from ansible.plugins.connection import ConnectionBase, NetworkConnectionBase
from ansible.plugins.loader import connection_loader

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._access import describe_session
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._helper_fork import start_helper
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._playbook_process import PlaybookProcess
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._private_folder import (
    find_folder,
    make_fingerprint,
    prepare,
    private_files,
)

if t.TYPE_CHECKING:
    from ansible.plugins.action import ActionBase

PLUGIN = "onprem.exchange_lync.management_shell"
A_SHORT_HOME = "Give ANSIBLE_HOME a short, writable path: the socket is in its folder pc, and has at most 107 bytes."
CARRYING = {"winrm": "winrm", "psrp": "psrp"}
_ATTEMPTS = 3


class HostHelper:
    """The helper of the host that a task addresses.

    :ivar probe: an instance of the ``management_shell`` plugin that holds the options and knows the socket; never connected.
    """

    def __init__(self, action: ActionBase, task_vars: dict[str, t.Any]) -> None:
        self._action = action
        self._task_vars = task_vars
        self._opened = False
        self._playbook = PlaybookProcess.find()
        self.probe = self._configure()

    def option(self, name: str) -> t.Any:
        """An option of the ``management_shell`` connection, as resolved for this host."""
        return self.probe.get_option(name)

    def socket(self) -> str:
        """The path of the helper's socket; starts the helper where none runs with these options.

        :raises ShellError: where the helper cannot be started.
        """
        if not self._opened:
            self.probe._socket_path = self._attach()
            self.probe._connected = self._opened = True
        return t.cast(str, self.probe._socket_path)

    @property
    def command_timeout(self) -> float:
        """Seconds that each request of this task may take."""
        return float(self.option("persistent_command_timeout"))

    def forget(self) -> None:
        """Look for the helper anew at the next call: this one gave no answer."""
        self._opened = False

    def messages(self) -> list[tuple[str, str]]:
        """What the helper queued for the user's eyes at this verbosity."""
        if not self._opened:
            return []
        with contextlib.suppress(HelperError):
            return t.cast("list[tuple[str, str]]", Connection(self.probe._socket_path).pop_messages())
        return []

    def _configure(self) -> NetworkConnectionBase:
        task, variables = self._action._task, self._task_vars
        if task.delegate_to:
            variables = variables["ansible_delegated_vars"][task.delegate_to]
        context = self._action._play_context.copy()
        context.connection, context.become, context.shell = PLUGIN, False, "sh"
        context.remote_addr = task.delegate_to or self._task_vars["inventory_hostname"]
        probe = connection_loader.get(
            PLUGIN, context, "/dev/null", task_uuid=task._uuid, ansible_playbook_pid=str(self._playbook.pid)
        )
        templar = self._action._templar.copy_with_new_env(available_variables=variables)
        probe.set_options(var_options=probe._resolve_option_variables(variables, templar))
        probe.set_option("playbook", str(self._playbook))
        self._take_over(probe, self._action._connection)
        context.port = probe.get_option("port")
        return t.cast(NetworkConnectionBase, probe)

    def _take_over(self, probe: t.Any, real: ConnectionBase) -> None:
        """Give the probe what core resolved for the host's own connection: inventory, vault, ``-u`` and ``-k``, loop item, delegation."""
        carried = next((name for name in CARRYING if real.matches_name([name])), None)
        probe.set_option("transport", carried or "")
        if carried is None:
            probe.set_option("carried_connection", real._load_name)
            return
        # get_options() leaves out the undeclared ansible_winrm_* and ansible_psrp_* variables that the plugins keep apart
        probe.set_option("transport_options", {**real.get_options(), "_extras": real._options.get("_extras", {})})
        for mine, theirs in (("host", "remote_addr"), ("port", "port"), ("remote_user", "remote_user")):
            probe.set_option(mine, real.get_option(theirs))

    def _attach(self) -> str:
        folder, options = find_folder(), self.probe.get_options()
        prepare(folder, Path(t.cast(t.Any, C).ANSIBLE_HOME))
        fingerprint = make_fingerprint(folder, describe_session(options))
        # what core hashes into the socket's name beside the host, the port and the playbook
        self.probe._play_context.remote_user = fingerprint
        for _attempt in range(_ATTEMPTS):
            path = self._find() or self._start(options)
            with contextlib.suppress(HelperError):
                if Connection(path).attach(fingerprint):
                    return path
                raise ShellError("failed", "another helper process has the name of this host's.")
            _remove_if_dead(Path(path))
        raise ShellError("session_lost", "the host's helper process does not answer on its socket.")

    def _find(self) -> str | None:
        self.probe._socket_path = None
        self.probe._update_connection_state()
        return t.cast("str | None", self.probe._socket_path)

    def _start(self, options: dict[str, t.Any]) -> str:
        if self._playbook.has_ended():
            raise ShellError(
                "not_sent", "nothing was sent: ansible-playbook has ended.", remedy="Run the playbook again."
            )
        try:
            with private_files():
                return start_helper(self.probe._play_context, options, self._action._task._uuid, self._playbook.pid)
        except AnsibleError as error:
            message = f"the host's helper process could not be started: {error}."
            raise ShellError("failed", message, remedy="" if _has_room() else A_SHORT_HOME) from error


def _remove_if_dead(path: Path) -> None:
    """Remove the socket of a helper that has ended, so that another can have its name.

    A helper that is just ending (idle time-out) or that was killed leaves its file. Under core's own lock: otherwise the file could be
    that of the helper which another worker has started in between.
    """
    lock = path.with_name(f".ansible_pc_lock_{path.name}")
    with contextlib.suppress(OSError), lock.open("a", encoding="ascii") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            try:
                asking.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()


def _has_room() -> bool:
    """Whether a socket can be made where core makes it: a name of ten characters in a folder of its own (sun_path, unix(7))."""
    folder = find_folder()
    return len(os.fsencode(folder)) + len("/") + 10 <= 107 and os.access(folder, os.W_OK)
