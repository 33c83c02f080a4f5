# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call of a module: its arguments and shells going in, its result coming out.

Every module is a :class:`ModuleSpec` and a function ``run(call) -> result``. The action plugin runs that function in the worker
process; :func:`run_module` runs the same one in a process of its own (``execution: subprocess``).
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.connection import Connection
from ansible.module_utils.connection import ConnectionError as HelperError

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Helper, Shell, ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_result

Result = dict[str, t.Any]

COMMAND_TIMEOUT = "ANSIBLE_EXCHANGE_LYNC_COMMAND_TIMEOUT"
"""The environment variable by which a module in a process of its own is told the task's command time-out."""


SAID = "said"
"""The key under which a module in a process of its own hands over what it said: the action plugin shows it, and takes it away."""


@dataclass(frozen=True)
class ModuleSpec:
    """What AnsibleModule and ArgumentSpecValidator both take.

    :ivar of_host: options that are read from the host's variables where the task leaves them out.
    :ivar asks_host: whether the module asks a server; if so, it has the option ``command_timeout``.
    :ivar reaches_host: whether a task with these options may open a session on its host.
    """

    argument_spec: dict[str, dict[str, t.Any]]
    mutually_exclusive: t.Sequence[t.Sequence[str]] = ()
    required_together: t.Sequence[t.Sequence[str]] = ()
    required_one_of: t.Sequence[t.Sequence[str]] = ()
    required_if: t.Sequence[t.Sequence[t.Any]] = ()
    required_by: dict[str, t.Sequence[str]] = field(default_factory=dict)
    of_host: dict[str, t.Callable[[dict[str, t.Any]], t.Any]] = field(default_factory=dict)
    asks_host: bool = True
    reaches_host: t.Callable[[t.Mapping[str, t.Any]], bool] = lambda _given: True

    @property
    def options(self) -> dict[str, dict[str, t.Any]]:
        """The options, with those that all modules have which ask a server."""
        return {**self.argument_spec, **({"command_timeout": {"type": "float"}} if self.asks_host else {})}

    def limits(self) -> dict[str, t.Any]:
        """What core takes besides the options themselves."""
        ours = ("argument_spec", "of_host", "asks_host", "reaches_host")
        return {name: value for name, value in vars(self).items() if name not in ours}

    def fill_in(self, given: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The options that a task gives, and those that the host's variables give where it does not."""
        return {**{name: read(variables) for name, read in self.of_host.items() if name not in given}, **given}


HELPER_ENDED = (
    "Run the task again. If it repeats, look on the controller for what ends the process, such as a shortage of memory."
)


class HelperSocket:
    """The helper behind its local socket, with core's socket errors turned into ours: core's quote the request, secrets and all.

    :param timeout: seconds that each request may take; it goes with the request, so that tasks with different ones share a session.
    :param lost: called when the helper gave no answer.
    """

    def __init__(self, path: str, timeout: float, lost: t.Callable[[], None] = lambda: None) -> None:
        self._rpc = Connection(path)
        self._timeout = timeout
        self._lost = lost

    def invoke(self, request: str, *, write: bool) -> str:
        """Run one encoded pipeline, which may ``write``."""
        return self._call("invoke", request, write=write)

    def offered(self, request: str) -> str:
        """Ask which cmdlets are offered."""
        return self._call("offered", request, write=False)

    def _call(self, method: str, request: str, *, write: bool) -> str:
        try:
            return t.cast(str, getattr(self._rpc, method)(request, self._timeout))
        except HelperError as error:
            self._lost()
            kind = "unknown_outcome" if write and _was_sent(error) else "session_lost"
            message = "the helper process that holds the remote sessions gave no answer (it ended, or the command time-out passed)."
            raise ShellError(kind, message, remedy="" if kind == "unknown_outcome" else HELPER_ENDED) from error


def _was_sent(error: HelperError) -> bool:
    """Whether the helper may have had the request: core raises bare where there is no socket, and from the refusal of one."""
    if isinstance(error.__cause__, (ConnectionRefusedError, FileNotFoundError)):
        return False
    return error.__cause__ is not None or error.__context__ is not None or hasattr(error, "code")


class Call:
    """A module's view of the task that calls it.

    :param say: shows a line to the user at once, or at the end where the module runs in a process of its own.
    :ivar params: the validated arguments.
    :ivar check_mode: whether nothing may be written.
    :ivar warnings: what the user should read besides the result.
    :ivar hidden: values that must not be shown, though no option that hides its values carried them.
    """

    def __init__(
        self,
        params: dict[str, t.Any],
        *,
        check_mode: bool,
        helper: t.Callable[[], Helper],
        say: t.Callable[[str], None] = lambda _message: None,
    ) -> None:
        self.params = params
        self._say = say
        self.check_mode = check_mode
        self.warnings: list[str] = []
        self.hidden: set[str] = set()
        self._helper = helper
        self._shells: dict[ShellName, Shell] = {}

    def shell(self, name: ShellName) -> Shell:
        """The host's management shell ``name``. Nothing is opened before its first pipeline."""
        if name not in self._shells:
            self._shells[name] = Shell(name, self._helper, self.warn)
        return self._shells[name]

    def say(self, message: str) -> None:
        """Tell the user of something that goes on, such as a long wait."""
        self._say(message)

    def warn(self, message: str) -> None:
        """Show ``message`` to the user, once."""
        if message not in self.warnings:
            self.warnings.append(message)


Run = t.Callable[[Call], Result]


def carry_out(run: Run, call: Call) -> Result:
    """``run``'s result as Ansible wants it: with ``changed``, the warnings, and a refusal as ``failed`` with one clear message."""
    try:
        result = {"changed": False, **run(call)}
    except ShellError as error:
        result = {"changed": False, **error.result, "failed": True, "msg": str(error), "error": error.details()}
    if call.warnings:
        result["warnings"] = list(call.warnings)
    return t.cast(Result, escape_result(result))


def run_module(spec: ModuleSpec, run: Run) -> None:
    """The ``main()`` of every module, for a process of its own on the controller."""
    module = AnsibleModule(argument_spec=spec.options, supports_check_mode=True, **spec.limits())
    socket_path = module._socket_path
    if COMMAND_TIMEOUT not in os.environ or (not socket_path and spec.reaches_host(module.params)):
        module.fail_json(
            msg="This module needs the collection's action plugin: call it by its full name, onprem.exchange_lync.<module>."
        )
    timeout = float(os.environ[COMMAND_TIMEOUT])
    said: list[str] = []
    call = Call(
        module.params,
        check_mode=module.check_mode,
        helper=lambda: HelperSocket(socket_path or "", timeout),
        say=said.append,
    )
    result = {**carry_out(run, call), SAID: said}
    module.no_log_values |= call.hidden  # core shows the arguments beside the result
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
