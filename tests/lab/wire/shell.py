# SPDX-License-Identifier: GPL-3.0-or-later
"""What every WS-Management shell is: an owner, an age, and the verbs that reach it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from xml.sax.saxutils import escape

from wire import faults
from wire.envelope import Request
from wire.output import Fetched
from wire.ports import Identity

CONNECTED, DISCONNECTED = "Connected", "Disconnected"


def _nothing() -> None:
    return None


class Shell(ABC):
    """A shell; the service fills in who owns it when it has been created."""

    input_streams = output_streams = ""
    identity: Identity

    def __init__(self) -> None:
        self.on_close: Callable[[], None] = _nothing
        self.discard: Callable[[], None] = _nothing
        """Takes the shell out of the registry, which sets both."""
        self.id = self.resource_uri = self.endpoint = ""
        self.idle_timeout = 7200.0
        self.state = CONNECTED
        self.abandoned = False
        self.busy = 0
        self.created = self.touched = time.monotonic()

    @property
    def idle_for(self) -> float:
        """Seconds since the client last said or heard something."""
        return 0.0 if self.busy else time.monotonic() - self.touched

    def touch(self) -> None:
        """The client has been heard."""
        self.touched = time.monotonic()

    @property
    @abstractmethod
    def commands(self) -> list[str]:
        """The commands there are."""

    @abstractmethod
    def command(self, request: Request, command_id: str, text: str, arguments: list[str]) -> None:
        """Start a command."""

    @abstractmethod
    def send(self, command_id: str, stream: str, data: bytes, *, end: bool) -> None:
        """Input for a command."""

    @abstractmethod
    def receive(self, command_id: str, timeout: float, envelope: int) -> Fetched | None:
        """Output, waited for; nothing when the time is over."""

    @abstractmethod
    def signal(self, command_id: str, code: str) -> None:
        """Interrupt or end a command."""

    @abstractmethod
    def close(self) -> None:
        """End the shell and all in it."""

    @abstractmethod
    def lose_process(self, command_id: str) -> None:
        """The process behind the command ends for want of memory."""

    def abandon(self) -> None:
        """The shell is gone: whoever waits for its output gets the fault of an unknown shell."""
        self.abandoned = True

    def disconnect(self) -> None:
        """The client goes away; only PowerShell's shells can."""
        raise faults.unsupported_action("Disconnect")

    def connect(self, request: Request) -> str:
        """A client comes back."""
        raise faults.unsupported_action("Connect")

    def describe(self) -> str:
        """The shell as Get, Enumerate and Create show it."""
        age, idle = (int(time.monotonic() - since) for since in (self.created, self.touched))
        fields = {
            "ShellId": self.id,
            "ResourceUri": self.resource_uri,
            "Owner": self.identity.user,
            "ClientIP": self.identity.address,
            "ProcessId": "4242",
            "IdleTimeOut": f"PT{self.idle_timeout:.3f}S",
            "InputStreams": self.input_streams,
            "OutputStreams": self.output_streams,
            "MaxIdleTimeOut": "PT2147483.647S",
            "Locale": "en-US",
            "DataLocale": "en-US",
            "CompressionMode": "NoCompression",
            "ProfileLoaded": "Yes",
            "Encoding": "UTF8",
            "BufferMode": "Block",
            "State": self.state,
            "ShellRunTime": f"P0DT0H0M{age}S",
            "ShellInactivity": f"P0DT0H0M{idle}S",
        }
        return "<rsp:Shell>" + "".join(f"<rsp:{k}>{escape(v)}</rsp:{k}>" for k, v in fields.items()) + "</rsp:Shell>"
