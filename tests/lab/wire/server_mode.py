# SPDX-License-Identifier: GPL-3.0-or-later
"""``powershell.exe -s`` of the emulated PowerShell: its PSRP server behind the out-of-process framing, CR LF line ends."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

from wire.out_of_process import Element, Lines, parse
from wire.output import Output
from wire.ports import Outlet, Peer
from wire.process import Process


class ServerMode(Process):
    """The server process; itself the outlet of its peer."""

    def __init__(self, output: Output, peer: Callable[[Outlet], Peer]) -> None:
        super().__init__(output)
        self._lines = Lines()
        self._lock = threading.Lock()
        self._peer = peer(self)
        self._ended = False

    def data(self, pipeline: uuid.UUID | None, data: bytes) -> None:
        """Fragments for the client."""
        self._answer(Element("Data", pipeline, data))

    def ended(self, pipeline: uuid.UUID) -> None:
        """The framing has no word for it: the client reads the pipeline's state."""

    def broken(self) -> None:
        """The server has ended."""
        self._end(1, self._peer.close)

    def _answer(self, element: Element) -> None:
        self.io.write("stdout", element.line() + b"\r\n")

    def write(self, data: bytes) -> None:
        """Elements from the client, each answered before the next is read."""
        with self._lock:
            for line in self._lines.feed(data):
                element = parse(line)
                if element is not None and not self._ended:
                    self._handle(element)
                elif not line.strip():
                    self._close()

    def _handle(self, element: Element) -> None:
        match element.name, element.pipeline:
            case "Data", pipeline:
                self._answer(Element("DataAck", pipeline))
                self._peer.receive(pipeline, element.data)
            case "Command", uuid.UUID() as pipeline:
                self._peer.create_pipeline(pipeline)
                self._answer(Element("CommandAck", pipeline))
            case "Signal", uuid.UUID() as pipeline:
                self._peer.stop(pipeline)
                self._answer(Element("SignalAck", pipeline))
            case "Close", uuid.UUID() as pipeline:
                self._peer.close_pipeline(pipeline)
                self._answer(Element("CloseAck", pipeline))
            case "Close", None:
                self._answer(Element("CloseAck", None))
                self._close()

    def _close(self) -> None:
        self._end(0, self._peer.close)

    def _end(self, exit_code: int, end_peer: Callable[[], None]) -> None:
        if not self._ended:
            self._ended = True
            end_peer()
            self.io.end(exit_code)

    def end_input(self) -> None:
        """The client is gone."""
        self._close()

    def kill(self) -> None:
        """End at once."""
        self._end(1, self._peer.kill)
