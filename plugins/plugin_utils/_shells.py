# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The remote sessions of one host: opened at the first pipeline, kept, replaced after a failure, closed at the end.

Shells that are reached in the same way share one session: a Lync shell on the machine's own PowerShell is that PowerShell with a
module loaded.
"""

from __future__ import annotations

import contextlib
import math
import typing as t
from dataclasses import replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply, ShellName
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._access import Access, Route
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import (
    FAREWELL,
    Deadline,
    OutOfTime,
)
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Session
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._setup import Setup, setup_of

AT_THE_DOOR = ("authentication", "redirected", "shell_denied", "unreachable", "untrusted")
"""Kinds of error that the connection variables decide: the message names the way that was taken."""


SETUP_FAREWELL = 0.6 * FAREWELL
"""Seconds of it for what a set-up opened; the rest is for the session itself."""


class OpenShell:
    """A shell on its session: what was set up for it, and what it is known to offer."""

    def __init__(self, session: Session, setup: Setup) -> None:
        self.session = session
        self.setup = setup
        self.known: dict[str, bool] = {}


class Shells:
    """The management shells of one host.

    :param access: how each shell is reached.
    :param say: takes what only a curious user wants to read.
    :param is_wanted: whether whoever asked is still there. Nothing is sent for a playbook that has ended.
    """

    def __init__(
        self, access: Access, say: t.Callable[[str], None], is_wanted: t.Callable[[], bool] = lambda: True
    ) -> None:
        self._access = access
        self._say = say
        self._is_wanted = is_wanted
        self._sessions: dict[tuple[str, str], Session] = {}
        self._open: dict[ShellName, OpenShell] = {}
        self._deadline = Deadline(None)

    def invoke(self, name: ShellName, pipeline: Pipeline, timeout: float) -> Reply:
        """Run ``pipeline``. A read whose session was lost is repeated once on a fresh one; a write never is.

        :param timeout: seconds for opening, setting up, running and repeating together.
        :raises ShellError: located by shell and cmdlet. A write without its answer is of kind ``unknown_outcome``; one that is of kind
            ``session_lost`` or ``not_sent`` did not reach the server.
        """
        self._deadline = Deadline(timeout)
        return self._invoke_with_repeat(name, pipeline)

    def offered(self, name: ShellName, names: t.Sequence[str], timeout: float) -> set[str]:
        """Which of the cmdlets ``names`` the shell offers; asked of the server once in the life of a session."""
        self._deadline = Deadline(timeout)
        shell = self._open.get(name)
        known = dict(shell.known) if shell else {}
        if unknown := [cmdlet for cmdlet in names if cmdlet not in known]:
            known |= self._ask(name, unknown)
            if shell and self._open.get(name) is not shell and len(unknown) < len(names):
                # the session was lost while it was asked: what an earlier one offered says nothing of this one
                known = self._ask(name, names)
        return {cmdlet for cmdlet in names if known[cmdlet]}

    def close(self) -> None:
        """Close every session. A server that no longer answers is left to its own idle time-out."""
        sessions, shells = list(self._sessions.values()), list(self._open.values())
        self._sessions, self._open = {}, {}
        for session in sessions:
            self._close(session, [shell.setup for shell in shells if shell.session is session])

    def _ask(self, name: ShellName, names: t.Sequence[str]) -> dict[str, bool]:
        asked = Cmdlet("Get-Command", Name=list(names), ErrorAction="SilentlyContinue")
        reply = self._invoke_with_repeat(name, Pipeline((asked, select("Name"))))
        found = {str(item["Name"]).casefold() for item in reply.objects}
        answer = {cmdlet: cmdlet.casefold() in found for cmdlet in names}
        if name in self._open:
            self._open[name].known.update(answer)
        return answer

    def _invoke_with_repeat(self, name: ShellName, pipeline: Pipeline) -> Reply:
        try:
            return self._invoke(name, pipeline)
        except ShellError as error:
            if error.kind != "session_lost" or pipeline.write:
                raise error.located(shell=name, cmdlet=pipeline.subject) from error
            self._say(f"{name}: the session was lost ({error.message}); reading again on a fresh one")
        try:
            return self._invoke(name, pipeline)
        except ShellError as error:
            raise error.located(shell=name, cmdlet=pipeline.subject) from error

    def _left(self) -> float:
        """The seconds that are left for what is about to be sent."""
        if not self._is_wanted():
            raise ShellError(
                "not_sent", "nothing was sent: ansible-playbook has ended.", remedy="Run the playbook again."
            )
        try:
            return self._deadline.remaining(math.inf)
        except OutOfTime as error:
            message = f"nothing was sent: opening the shell took {self._deadline}."
            raise ShellError("not_sent", message) from error

    def _invoke(self, name: ShellName, pipeline: Pipeline) -> Reply:
        shell = self._open_shell(name)
        try:
            with _before_it_is_sent():
                shell.setup.before(shell.session, pipeline, self._left)
            return replace(shell.session.invoke(pipeline, self._left()), clock_offset=shell.session.clock_offset)
        except ShellError as error:
            if shell.session.broken and error.kind == "unknown_outcome":
                error.ended = (
                    self._discard(shell.session) and not shell.session.timed_out and shell.setup.ends_with_session
                )
            raise
        finally:
            if shell.session.broken:
                self._discard(shell.session)

    def _open_shell(self, name: ShellName) -> OpenShell:
        if name not in self._open:
            with _before_it_is_sent():
                self._open[name] = self._set_up(name)
        return self._open[name]

    def _set_up(self, name: ShellName) -> OpenShell:
        route = self._access.route(name)
        session = self._sessions.get(route.key) or self._open_session(route)
        setup = setup_of(name, route)
        try:
            setup.open(session, self._left)
        finally:
            if session.broken:
                self._discard(session)
        return OpenShell(session, setup)

    def _open_session(self, route: Route) -> Session:
        left, session = self._left(), Session(route.carrier(self._access.idle_timeout))
        try:
            session.open(left)
        except ShellError as error:
            if error.kind in AT_THE_DOOR:
                error.message = f"{error.message.removesuffix('.')}: {route}."
            raise
        self._say(f"session opened: {route}")
        self._sessions[route.key] = session
        return session

    def _discard(self, session: Session) -> bool:
        """Forget a session after an exception: an answer may still be in flight that belongs to nobody.

        :returns: whether the server confirmed that the session is gone, and with it what ran in it.
        """
        if session not in self._sessions.values():
            return False
        self._sessions = {key: kept for key, kept in self._sessions.items() if kept is not session}
        self._open = {name: shell for name, shell in self._open.items() if shell.session is not session}
        return self._close(session)

    def _close(self, session: Session, setups: t.Sequence[Setup] = ()) -> bool:
        """Close a session, and first what its set-ups opened. Nobody waits longer for a server that is gone: the time is for all of it."""
        _begun = session.farewell
        try:
            for setup in setups:
                setup.close(session, SETUP_FAREWELL)
        except ShellError as error:
            self._say(f"closing what a shell opened: {error}")
        try:
            session.close()
        except ShellError as error:
            self._say(f"closing a session: {error}")
            return False
        return True


@contextlib.contextmanager
def _before_it_is_sent() -> t.Iterator[None]:
    """Have a time-out inside say that the pipeline, which comes after it, was not sent."""
    try:
        yield
    except ShellError as error:
        if error.kind != "timeout":
            raise
        message = f"nothing was sent: the shell was not ready in time: {error.message}"
        raise ShellError("not_sent", message, cmdlet=error.cmdlet) from error
