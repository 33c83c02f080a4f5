# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: management_shell
short_description: Persistent management shells of Exchange, Lync and Windows over WinRM
version_added: 0.1.0
author:
  - the onprem.exchange_lync contributors (@onprem)
description:
  - Keeps one remote PowerShell session for each management shell of a host, for the whole play, in a helper process on the controller.
  - Never set this as C(ansible_connection). The modules of this collection start it by themselves; how the host is reached is decided by
    the host's own C(ansible_connection), which is V(winrm) or V(psrp), and by the variables that those plugins document.
  - The variables below override that where a management shell is reached differently from the host itself.
notes:
  - Each of O(exchange_shell), O(lync_shell) and O(windows_shell) is a dictionary with these keys, all optional. It is checked when a shell
    is opened, so that nothing of it is shown where it is mistyped.
  - C(transport), V(psrp) or V(winrm), is how the shell is reached. It defaults to the host's own connection.
  - C(place) is V(endpoint) for the product's own restricted endpoint or V(machine) for the machine's ordinary PowerShell. The Exchange
    Management Shell defaults to its endpoint over psrp and to the machine over winrm; the other two default to the machine.
  - C(host), C(port), C(protocol), C(path), C(configuration_name), C(auth), C(user), C(password), C(cert_validation) and C(ca_cert) mean
    what they mean for the connection plugin of the transport.
  - C(server) is the Exchange server's own full name, for that session; it defaults to the host's inventory name.
  - C(load), for an Exchange shell on the machine, is V(session) to import the product's own session with the explicit credential, which
    needs no delegation and keeps role based access control, or V(snapin) to load the snap-in, which needs delegation and bypasses it.
  - With V(place=endpoint) and no port, V(auth=kerberos) and V(auth=negotiate) use http on port 80, where Kerberos encrypts the messages;
    everything else uses https on port 443.
options:
  host:
    description: The address of the host. Filled in from the host's own connection.
    type: str
    vars:
      - name: inventory_hostname
      - name: ansible_host
  port:
    description: The port of the host's own connection. Filled in from it.
    type: int
    vars:
      - name: ansible_port
  remote_user:
    description: The user of the host's own connection. Filled in from it.
    type: str
    vars:
      - name: ansible_user
  transport:
    description: The host's own connection. Filled in by the action plugin.
    type: str
  carried_connection:
    description: The name of a connection that cannot carry a management shell. Filled in by the action plugin.
    type: str
  transport_options:
    description: The options of the host's own connection. Filled in by the action plugin.
    type: raw
  playbook:
    description: The process of ansible-playbook. Filled in by the action plugin.
    type: str
  exchange_shell:
    description: How the Exchange Management Shell is reached, where it differs from the host's own connection.
    type: raw
    default: {}
    vars:
      - name: ansible_exchange_shell
  lync_shell:
    description: How the Lync or Skype for Business Server Management Shell is reached, where it differs from the host's own connection.
    type: raw
    default: {}
    vars:
      - name: ansible_lync_shell
  windows_shell:
    description: How plain PowerShell is reached, where it differs from the host's own connection.
    type: raw
    default: {}
    vars:
      - name: ansible_windows_shell
  execution:
    description:
      - Where a module's logic runs on the controller.
      - With V(worker) it runs in Ansible's own worker process, with V(subprocess) in a Python process of its own for each task.
    type: str
    choices: [worker, subprocess]
    default: worker
    vars:
      - name: ansible_exchange_lync_execution
    env:
      - name: ANSIBLE_EXCHANGE_LYNC_EXECUTION
    ini:
      - section: exchange_lync
        key: execution
  session_scope:
    description: When the sessions end, at the end of the play or of the playbook.
    type: str
    choices: [play, playbook]
    default: play
    vars:
      - name: ansible_exchange_lync_session_scope
    env:
      - name: ANSIBLE_EXCHANGE_LYNC_SESSION_SCOPE
    ini:
      - section: exchange_lync
        key: session_scope
  persistent_connect_timeout:
    description: Idle seconds before the helper closes its sessions and ends.
    type: int
    default: 600
    vars:
      - name: ansible_exchange_lync_idle_timeout
    env:
      - name: ANSIBLE_EXCHANGE_LYNC_IDLE_TIMEOUT
    ini:
      - section: exchange_lync
        key: idle_timeout
  persistent_command_timeout:
    description:
      - Seconds that one pipeline may take, opening the session included.
      - A task can have its own; it shares the session with tasks that have another.
    type: int
    default: 1800
    vars:
      - name: ansible_exchange_lync_command_timeout
    env:
      - name: ANSIBLE_EXCHANGE_LYNC_COMMAND_TIMEOUT
    ini:
      - section: exchange_lync
        key: command_timeout
  persistent_log_messages:
    description: Not for use, as it would write arguments to the log. It is declared because core asks for it.
    type: bool
    default: false
"""

import contextlib
import hmac
import json
import math
import os
import signal
import threading
import time
import typing as t
from pathlib import Path

from ansible.plugins.connection import NetworkConnectionBase

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._access import Access, describe_session
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._playbook_process import PlaybookProcess
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._private_folder import find_folder, make_fingerprint
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import FAREWELL

if t.TYPE_CHECKING:
    from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._shells import Shells

ALARM_SLACK = 60.0
"""Seconds: more than a transport's read time-out, a stop and a farewell take together."""
LAST_CALL = FAREWELL + 0.5
"""Seconds after the end of the playbook when a helper that is still busy is told again."""
LAST_SECONDS = FAREWELL + 1.5
"""Seconds after it when the helper ends in any case: below five."""


class Connection(NetworkConnectionBase):
    """The helper process of one host and account. Its public methods are its JSON-RPC surface; core's ``ansible-connection`` runs it."""

    transport = "onprem.exchange_lync.management_shell"
    has_pipelining = True

    def __init__(self, play_context: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(play_context, *args, **kwargs)
        self._shells: Shells | None = None
        self._fingerprint: str | None = None
        self._playbook: PlaybookProcess | None = None
        self._closing = threading.Event()

    def is_pipelining_enabled(self, wrap_async: bool = False) -> bool:
        """A module in a process of its own travels over stdin, so that no argument is ever in a file."""
        return not wrap_async

    def set_options(self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None) -> None:
        """Take the options. In the helper process, where they come as ``direct`` alone, the first ones hold for its life.

        Two workers that start a helper at the same time find the same one, and core hands it the options of both. They say the same
        of what a session is, else its name would be another; what they say of their tasks goes with each request.
        """
        in_helper = direct is not None and var_options is None and "playbook" in direct
        if self._fingerprint is not None:
            return
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)
        if in_helper:
            self._fingerprint = make_fingerprint(find_folder(), describe_session(self.get_options()))
            self._playbook = PlaybookProcess.parse(self.get_option("playbook"))
            threading.Thread(target=self._watch, args=(self._playbook,), daemon=True).start()

    def set_option(self, option: str, value: t.Any) -> None:
        """Set one option, in a worker; a helper's options are fixed."""
        if self._fingerprint is None:
            t.cast(t.Any, super()).set_option(option, value)

    def _connect(self) -> Connection:
        return self

    def attach(self, fingerprint: str) -> bool:
        """Whether this helper runs with the options of ``fingerprint``."""
        return self._fingerprint is not None and hmac.compare_digest(self._fingerprint, fingerprint)

    def invoke(self, request: str, timeout: float) -> str:
        """Run one pipeline: ``{"shell", "pipeline"}`` to a reply, or to ``{"error"}``, all as JSON text."""
        asked = json.loads(request)
        pipeline = Pipeline.decoded(asked["pipeline"])
        _put_off_alarm(timeout)
        return self._answer(
            lambda shells: shells.invoke(asked["shell"], pipeline, timeout).to_json(), write=pipeline.write
        )

    def offered(self, request: str, timeout: float) -> str:
        """Which cmdlets a shell offers: ``{"shell", "names"}`` to ``{"names"}``, or to ``{"error"}``."""
        asked = json.loads(request)
        _put_off_alarm(timeout)
        return self._answer(
            lambda shells: json.dumps({"names": sorted(shells.offered(asked["shell"], asked["names"], timeout))})
        )

    def reset(self) -> None:
        """End this helper. The socket's name is free again when the caller has its answer."""
        _put_off_alarm()
        with contextlib.suppress(OSError):
            Path(self._socket_path or "").unlink()
        self.close()

    def close(self) -> None:
        """Close the remote sessions; core calls this at the end of the play, on idle time-out and on ``meta: reset_connection``."""
        self._closing.set()
        self._forget()
        super().close()

    def _answer(self, ask: t.Callable[[Shells], str], *, write: bool = False) -> str:
        # only in the helper: each task's worker loads this plugin for its options, and need not load the transports with it
        from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._shells import Shells

        host = self._play_context.remote_addr
        try:
            if self._shells is None:
                self._shells = Shells(
                    Access(self.get_options(), host),
                    say=lambda message: self.queue_message("vvv", escape_line(message)),
                    is_wanted=lambda: self._playbook is None or not self._playbook.has_ended(),
                )
            return ask(self._shells)
        except ShellError as error:
            return json.dumps({"error": error.located(host=host).socket_details()})
        # the border of the helper: core would send the exception's text, which may quote the request. Its alarm ends up here too.
        except Exception as error:
            self._forget()
            found = ShellError(
                "unknown_outcome" if write else "failed",
                f"the helper process met an unforeseen {type(error).__name__} and closed its sessions.",
                host=host,
            )
            return json.dumps({"error": found.socket_details()})
        finally:
            if self._playbook is not None and self._playbook.has_ended():
                self.close()

    def _forget(self) -> None:
        """Close all sessions: after an exception an answer may be in flight that belongs to nobody."""
        shells, self._shells = self._shells, None
        if shells:
            shells.close()

    def _watch(self, playbook: PlaybookProcess) -> None:
        """End this process when its playbook is gone: a killed ansible-playbook resets nobody.

        Core's handler of SIGTERM raises an exception. It goes to the main thread: one that waits for a request does not see a signal that
        another thread has taken. While a call runs it breaks the call off, and the sessions are closed; a second one comes after the
        time for that, and then no more is waited for.
        """
        if not playbook.wait(self._closing):
            return
        main = t.cast(int, threading.main_thread().ident)
        signal.pthread_kill(main, signal.SIGTERM)
        time.sleep(LAST_CALL)
        signal.pthread_kill(main, signal.SIGTERM)
        time.sleep(LAST_SECONDS - LAST_CALL)
        with contextlib.suppress(OSError):
            Path(self._socket_path or "").unlink()
        os._exit(1)


def _put_off_alarm(timeout: float = 0.0) -> None:
    """Set core's alarm anew, for well after the time-out of this request.

    Core sets it by the time-out of the task that started this helper, and it ends the sessions without a word: ours has to come first.
    """
    signal.alarm(math.ceil(max(0.0, timeout) + ALARM_SLACK))
