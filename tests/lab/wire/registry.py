# SPDX-License-Identifier: GPL-3.0-or-later
"""The shells of a host: who owns them, how many a user may have, and how long they may idle."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wire import faults
from wire.description import Endpoint, Limits
from wire.ports import Identity
from wire.shell import Shell

OnClosed = Callable[[Shell, str], None]


class Registry:
    """All shells by id; a thread ends those that idle too long."""

    def __init__(self, limits: Limits, on_closed: OnClosed) -> None:
        self._limits, self._on_closed = limits, on_closed
        self._shells: dict[str, Shell] = {}
        self._opening: set[str] = set()
        self._open: Counter[tuple[str, str]] = Counter()
        self._changed = threading.Condition()
        threading.Thread(target=self._reap, name="idle shells", daemon=True).start()

    def _quota(self, endpoint: Endpoint | None) -> tuple[str, int]:
        if endpoint is not None and endpoint.shell == "exchange":
            return "exchange", self._limits.exchange_max_concurrency
        return (endpoint.path if endpoint else "/wsman"), self._limits.max_shells_per_user

    def find_refusal(self, endpoint: Endpoint | None) -> faults.Fault:
        """The fault of whoever has as many shells there as one may have."""
        name, allowed = self._quota(endpoint)
        return faults.too_many_runspaces(allowed) if name == "exchange" else faults.too_many_shells(allowed)

    @contextmanager
    def place(self, shell_id: str, identity: Identity, endpoint: Endpoint | None) -> Iterator[Callable[[Shell], None]]:
        """A place for one more shell of the user, else the fault of the quota; freed if the shell does not come about.

        The client names its shell: a name that is in use, by anybody, is refused, and the first shell stays what it is.
        """
        name, allowed = self._quota(endpoint)
        key = (identity.user.casefold(), name)
        with self._changed:
            if shell_id in self._shells or shell_id in self._opening:
                raise faults.already_exists()
            if self._open[key] >= allowed:
                raise self.find_refusal(endpoint)
            self._open[key] += 1
            self._opening.add(shell_id)
        taken = False

        def take(shell: Shell) -> None:
            nonlocal taken
            taken = True
            shell.on_close = lambda: self._free(key)
            shell.discard = lambda: self._remove(shell, "ended")
            with self._changed:
                self._shells[shell.id] = shell
                self._changed.notify_all()

        try:
            yield take
        finally:
            with self._changed:
                self._opening.discard(shell_id)
            if not taken:
                self._free(key)

    def _free(self, key: tuple[str, str]) -> None:
        with self._changed:
            self._open[key] -= 1

    @contextmanager
    def using(self, shell_id: str, identity: Identity | None) -> Iterator[Shell]:
        """The user's shell, which does not idle meanwhile."""
        shell = self._shells.get(shell_id.upper())
        if shell is None or identity is None or shell.identity.user.casefold() != identity.user.casefold():
            raise faults.unknown_shell()
        self._use(shell, 1)
        try:
            yield shell
        finally:
            self._use(shell, -1)
        if shell.abandoned and shell.id not in self._shells:
            raise faults.unknown_shell()

    def _use(self, shell: Shell, more: int) -> None:
        with self._changed:
            shell.busy += more
            shell.touch()

    @property
    def shells(self) -> list[Shell]:
        """All shells."""
        return list(self._shells.values())

    def of(self, identity: Identity | None) -> list[Shell]:
        """The user's shells."""
        return [shell for shell in self.shells if identity and shell.identity.user == identity.user]

    def remove(self, shell: Shell) -> None:
        """The client deletes its shell."""
        self._remove(shell, "deleted")

    def expire_all(self, reason: str = "expired") -> None:
        """All shells vanish."""
        for shell in self.shells:
            self._remove(shell, reason)

    def _remove(self, shell: Shell, reason: str) -> None:
        with self._changed:
            if self._shells.pop(shell.id, None) is None:
                return
        shell.on_close()
        shell.close()
        self._on_closed(shell, reason)

    def _reap(self) -> None:
        while True:
            with self._changed:
                left = [shell.idle_timeout - shell.idle_for for shell in self._shells.values()]
                self._changed.wait(max(min(left), 0.01) if left else None)
                idle = [shell for shell in self._shells.values() if shell.idle_for >= shell.idle_timeout]
            for shell in idle:
                self._remove(shell, "idle")
