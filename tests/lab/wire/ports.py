# SPDX-License-Identifier: GPL-3.0-or-later
"""What the wire needs of its neighbours, and what it gives them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Identity:
    """Who is at the other end of a connection, as authentication found out."""

    user: str
    groups: tuple[str, ...] = ()
    delegated: bool = False
    """Only CredSSP and Kerberos with delegation hand over credentials that reach a second machine."""
    authentication: str = "Basic"
    address: str = "127.0.0.1"


@dataclass(frozen=True)
class Command:
    """One command of a pipeline, as the client asked for it."""

    text: str
    is_script: bool = False
    parameters: Sequence[tuple[str | None, Any]] = field(default_factory=tuple)
    use_local_scope: bool | None = None
    end_of_statement: bool = False


class Exited(Exception):
    """A script ended with ``exit``: the pipeline is complete, and the host is told to end with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit {code}")
        self.code = code


class Sink(Protocol):
    """Where a pipeline writes to."""

    @property
    def stopped(self) -> bool:
        """Whether the client asked to stop."""

    def output(self, value: Any) -> None: ...
    def error(self, record: Any) -> None: ...
    def warning(self, text: str) -> None: ...
    def verbose(self, text: str) -> None: ...
    def information(self, record: Any) -> None: ...
    def progress(self, record: Any) -> None: ...


class Runspace(Protocol):
    """A PowerShell runspace: the emulated one, or a test's."""

    def run(self, commands: list[Any], input: list[Any], sink: Any, /) -> None:  # noqa: A002 - PowerShell's own word
        """Run a pipeline; an exception with a ``record`` ends it as failed, :class:`Exited` as complete."""

    def command_metadata(self, names: list[str]) -> list[Any]:
        """What commands there are: the answer to Import-PSSession."""

    def close(self) -> None:
        """The client has closed its pool."""

    def kill(self) -> None:
        """Its process is killed: nothing that it has opened elsewhere is closed."""


class Outlet(Protocol):
    """Where a PowerShell Remoting server puts what its client shall read."""

    def data(self, pipeline: uuid.UUID | None, fragments: bytes) -> None:
        """Fragments for a pipeline, or for the pool."""

    def ended(self, pipeline: uuid.UUID) -> None:
        """The pipeline's last fragment is out."""

    def broken(self) -> None:
        """The server itself has ended."""


class Peer(Protocol):
    """A PowerShell Remoting server without its transport: psrpcore's with the emulated PowerShell, or the real engine."""

    def receive(self, pipeline: uuid.UUID | None, fragments: bytes) -> None:
        """Fragments from the client."""

    def create_pipeline(self, pipeline: uuid.UUID) -> None:
        """Fragments of a new pipeline are about to come."""

    def stop(self, pipeline: uuid.UUID) -> None:
        """Stop the pipeline, if it runs."""

    def close_pipeline(self, pipeline: uuid.UUID) -> None:
        """Forget the pipeline."""

    def close(self) -> None:
        """End the pool and all that runs in it."""

    def kill(self) -> None:
        """End the process of the pool."""

    def disconnect(self) -> None:
        """The client goes away and may come back."""

    def connect(self, fragments: bytes) -> bytes:
        """A client comes (back): its connect fragments for ours."""


class Journal(Protocol):
    """The part of the farm's client that the transports need."""

    def event(self, event: str, **fields: Any) -> None: ...
    def charge(self, what: str) -> float: ...
