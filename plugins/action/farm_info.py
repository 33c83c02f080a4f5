# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one action plugin of the collection: it runs every module's logic on the controller, over the host's own connection.

``meta/runtime.yml`` sends every module here. The plugin has the name of one of them because ``ansible-test sanity`` (action-plugin-docs)
wants a documented module of the same name for each action plugin.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import sys
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.playbook.block import Block
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import (
    COMMAND_TIMEOUT,
    SAID,
    Call,
    HelperSocket,
    ModuleSpec,
    Result,
    carry_out,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import UNREACHABLE, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line
from ansible_collections.onprem.exchange_lync.plugins.module_utils._wording import word_error
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._helper import HostHelper

MODULES = "ansible_collections.onprem.exchange_lync.plugins.modules"
ROLES = "onprem.exchange_lync."
SOCKET = "_ansible_socket"


class ActionModule(ActionBase):
    """Runs a module in the worker process, or in a process of its own where ``execution: subprocess`` asks for it."""

    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Carry out the task's module; the entry point that core calls."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            result.update(self._carry_out_module(variables))
        except ShellError as error:
            result.update(failed=True, changed=False, error=error.details())
        if result.get("failed") and result.get("error"):
            found = ShellError.from_details(result["error"])
            # what a module says that asks no server is about the farm, not about the host of the task
            host = self._name_host(variables) if self._read_spec().asks_host else ""
            result.update(self._explain(found.located(host=host)))
            result.pop("exception", None)  # of a module in a process of its own: core would show its words instead
            if self._is_unreachable(result, variables):
                # as Ansible's own modules are reported for a host without a way in, so that ignore_unreachable has its effect
                del result["failed"]
                result["unreachable"] = True
        return result

    def _is_unreachable(self, result: dict[str, t.Any], variables: dict[str, t.Any]) -> bool:
        """Whether there is no way in to the host of the task. An error may be about another server."""
        error = result["error"]
        is_own = error["host"] == self._name_host(variables)
        return error["kind"] in UNREACHABLE and is_own and not result.get("changed")

    def _explain(self, error: ShellError) -> Result:
        """The error in the words of whoever reads it."""
        role = self._task._role
        in_role = role is not None and str(role.get_name(include_role_fqcn=True)).startswith(ROLES)
        worded = word_error(error, self._name_module(), in_role=in_role)
        return {"msg": str(worded), "error": worded.details()}

    def _name_module(self) -> str:
        return str(self._task.resolved_action or self._task.action).rsplit(".", 1)[-1]

    def _read_spec(self) -> ModuleSpec:
        return t.cast(ModuleSpec, importlib.import_module(f"{MODULES}.{self._name_module()}").SPEC)

    def _name_host(self, variables: dict[str, t.Any]) -> str:
        return str(self._task.delegate_to or variables["inventory_hostname"])

    def _carry_out_module(self, variables: dict[str, t.Any]) -> Result:
        helper = HostHelper(self, variables)
        in_subprocess = helper.option("execution") == "subprocess"
        result = self._in_subprocess(helper, variables) if in_subprocess else self._in_worker(helper, variables)
        if self._display.verbosity > 2:
            for _level, message in helper.messages():
                self._display.vvv(escape_line(message), host=self._name_host(variables))
        return result

    def _in_worker(self, helper: HostHelper, variables: dict[str, t.Any]) -> Result:
        module = importlib.import_module(f"{MODULES}.{self._name_module()}")
        spec: ModuleSpec = module.SPEC
        # in a loop, the socket that an earlier item left for core is still among the arguments
        given = {key: value for key, value in self._task.args.items() if key != SOCKET}
        validated = ArgumentSpecValidator(spec.options, **spec.limits()).validate(spec.fill_in(given, variables))
        call = Call(
            validated.validated_parameters,
            check_mode=self._task.check_mode,
            helper=lambda: self._open_helper(helper),
            say=self._display.display,
        )
        if validated.error_messages:
            result: Result = {"failed": True, "msg": "; ".join(map(_to_sentence, validated.errors))}
        else:
            result = carry_out(module.run, call)
        return t.cast(Result, remove_values(result, validated._no_log_values | call.hidden))

    def _open_helper(self, helper: HostHelper) -> HelperSocket:
        return HelperSocket(self._find_socket(helper), self._choose_timeout(helper), lost=helper.forget)

    def _choose_timeout(self, helper: HostHelper) -> float:
        """Seconds that each request of this task may take: the task's own option, or the host's.

        :raises ShellError: of kind ``bad_input`` for what is no number of seconds.
        """
        given = self._task.args.get("command_timeout")
        try:
            seconds = helper.command_timeout if given is None else float(given)
        except (TypeError, ValueError):
            seconds = 0.0
        if not 0 < seconds < math.inf:
            raise ShellError("bad_input", f"command_timeout: '{given}' must be a number of seconds greater than 0.")
        return seconds

    def _find_looped_tasks(self) -> list[Task]:
        """The task that a loop repeats. Each item gets a copy of it, and core looks at the arguments of none of these."""
        block = self._task._parent
        tasks = [*block.block, *block.rescue, *block.always] if isinstance(block, Block) else []
        return [task for task in tasks if task is not self._task and task._uuid == self._task._uuid]

    def _find_socket(self, helper: HostHelper) -> str:
        if self._play_context.become:
            raise ShellError(
                "unsupported",
                "become does not reach a management shell.",
                remedy="Remove become from the task, or give the account to use in the connection variables.",
            )
        path = helper.socket()
        if self._is_closed_with_the_play(helper):
            # core resets the helpers that it finds under this name at the end of the play
            for task in (self._task, *self._find_looped_tasks()):
                task.args[SOCKET] = path
        return path

    def _is_closed_with_the_play(self, helper: HostHelper) -> bool:
        """Whether core shall know the helper: it keeps one for each host, which a delegated task must not take the place of."""
        return helper.option("session_scope") == "play" and not self._task.delegate_to

    def _is_pipelining_enabled(self, module_style: str, wrap_async: bool = False) -> bool:
        """Send a module with its arguments over standard input, also where Ansible is told to keep the files that it would write instead.

        Only a module in a process of its own is asked for; core then writes no file for it.
        """
        return module_style == "new" and not wrap_async

    def _in_subprocess(self, helper: HostHelper, variables: dict[str, t.Any]) -> Result:
        """The module's own ``main()``, on the controller's interpreter, with the helper's socket."""
        spec = self._read_spec()
        if spec.reaches_host(self._task.args):
            self._find_socket(helper)
        interpreter = {"ansible_python_interpreter": sys.executable}
        variables = {**variables, **interpreter}
        if self._task.delegate_to:
            delegated = variables["ansible_delegated_vars"]
            variables["ansible_delegated_vars"] = {
                host: {**of_host, **interpreter} for host, of_host in delegated.items()
            }
        self._task.args.update(spec.fill_in(self._task.args, variables))
        # a copy, in which core does not find the socket that it would reset at the end of the play, nor anything that it may show
        args = _HiddenArguments(self._task.args)
        real, self._connection = self._connection, helper.probe
        try:
            with _environment(COMMAND_TIMEOUT, str(self._choose_timeout(helper))):
                result = t.cast(Result, self._execute_module(module_args=args, task_vars=variables))
        finally:
            self._connection = real
        for line in result.pop(SAID, ()):
            self._display.display(line)
        return result


class _HiddenArguments(dict[str, t.Any]):
    """A module's arguments as core may write them into its debug output, and with it into its log."""

    def __repr__(self) -> str:
        return f"<{len(self)} arguments>"


@contextlib.contextmanager
def _environment(name: str, value: str) -> t.Iterator[None]:
    """Have processes that are started inside find a variable in their environment."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


def _to_sentence(error: Exception) -> str:
    """An argument error as AnsibleModule says it."""
    return f"Unsupported parameters: {error}" if isinstance(error, UnsupportedError) else str(error)
