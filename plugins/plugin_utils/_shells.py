# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The remote sessions of one host: opened at the first pipeline, kept, replaced after a failure, closed at the end.

Shells that are reached in the same way share one session: a Lync shell on the machine's own PowerShell is that PowerShell with a
module loaded.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply, ShellName
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._access import Access, Route
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Session
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._setup import Setup, setup_of

AT_THE_DOOR = ("authentication", "unreachable", "untrusted")
"""Kinds of error that the connection variables decide: the message names the way that was taken."""


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
    """

    def __init__(self, access: Access, say: t.Callable[[str], None]) -> None:
        self._access = access
        self._say = say
        self._sessions: dict[tuple[str, str], Session] = {}
        self._open: dict[ShellName, OpenShell] = {}
        self._end = 0.0

    def invoke(self, name: ShellName, pipeline: Pipeline) -> Reply:
        """Run ``pipeline``. A read whose session was lost is repeated once on a fresh one; a write never is.

        :raises ShellError: located by shell and cmdlet. A write without its answer is of kind ``unknown_outcome``; one that is of kind
            ``session_lost`` did not reach the server.
        """
        self._begin()
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

    def offered(self, name: ShellName, names: t.Sequence[str]) -> set[str]:
        """Which of the cmdlets ``names`` the shell offers; asked of the server once in the life of a session."""
        self._begin()
        unknown = [cmdlet for cmdlet in names if cmdlet not in self._known(name)]
        if unknown:
            asked = Cmdlet("Get-Command", Name=unknown, ErrorAction="SilentlyContinue")
            reply = self.invoke(name, Pipeline((asked, select("Name"))))
            found = {str(item["Name"]).casefold() for item in reply.objects}
            self._known(name).update({cmdlet: cmdlet.casefold() in found for cmdlet in unknown})
        return {cmdlet for cmdlet in names if self._known(name)[cmdlet]}

    def close(self) -> None:
        """Close every session. A server that no longer answers is left to its own idle time-out."""
        sessions, self._sessions, self._open = list(self._sessions.values()), {}, {}
        for session in sessions:
            try:
                session.close()
            except ShellError as error:
                self._say(f"closing a session: {error}")

    def _begin(self) -> None:
        """From now on the command time-out counts: for opening, setting up, running and repeating together."""
        self._end = time.monotonic() + self._access.command_timeout

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise ShellError(
                "timeout", f"nothing was sent: opening the shell took {self._access.command_timeout:.0f} seconds."
            )
        return left

    def _known(self, name: ShellName) -> dict[str, bool]:
        opened = self._open.get(name)
        return opened.known if opened else self._opened(name).known

    def _invoke(self, name: ShellName, pipeline: Pipeline) -> Reply:
        shell = self._opened(name)
        try:
            shell.setup.before(shell.session, pipeline, self._left)
            return shell.session.invoke(pipeline, self._left())
        finally:
            if shell.session.broken:
                self._discard(shell.session)

    def _opened(self, name: ShellName) -> OpenShell:
        if name not in self._open:
            route = self._access.route(name)
            session = self._sessions.get(route.key) or self._session(route)
            setup = setup_of(name, route)
            try:
                setup.open(session, self._left)
            finally:
                if session.broken:
                    self._discard(session)
            self._open[name] = OpenShell(session, setup)
        return self._open[name]

    def _session(self, route: Route) -> Session:
        session = Session(route.carrier(self._access.idle_timeout))
        try:
            session.open(self._left())
        except ShellError as error:
            if error.kind in AT_THE_DOOR:
                error.message = f"{error.message.removesuffix('.')}: {route}."
            raise
        self._say(f"session opened: {route}")
        self._sessions[route.key] = session
        return session

    def _discard(self, session: Session) -> None:
        """Forget a session after an exception: an answer may still be in flight that belongs to nobody."""
        self._sessions = {key: kept for key, kept in self._sessions.items() if kept is not session}
        self._open = {name: shell for name, shell in self._open.items() if shell.session is not session}
        try:
            session.close()
        except ShellError as error:
            self._say(f"closing a broken session: {error}")
