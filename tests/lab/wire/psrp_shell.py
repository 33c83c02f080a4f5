# SPDX-License-Identifier: GPL-3.0-or-later
"""A PowerShell session configuration as a WS-Management shell: Command, Send, Receive and Signal move PSRP fragments.

Windows routes by the CommandId of WS-Management; the pipeline's id inside the fragments may differ from it (old clients
write it in another byte order, protocol 2.1 sends no CommandId), so the shell keeps both.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable

from wire import faults, fragments
from wire import namespaces as ns
from wire.envelope import Request
from wire.output import Fetched, Output
from wire.ports import Outlet, Peer
from wire.psrp_pool import ConnectError
from wire.shell import Shell


def decoded(text: str | None) -> bytes:
    """Base64 of the client's, else the fault for a malformed request."""
    try:
        return base64.b64decode(text or "")
    except binascii.Error:
        raise faults.malformed() from None


class PsrpShell(Shell):
    """A runspace pool over WS-Management; itself the outlet of its peer."""

    input_streams, output_streams = "stdin pr", "stdout"

    def __init__(self, request: Request, peer: Callable[[Outlet], Peer]) -> None:
        super().__init__()
        self._pool = Output(divisible=False)
        self._outputs: dict[str, Output] = {}
        self._pipelines: dict[str, uuid.UUID] = {}
        self._by_pipeline: dict[uuid.UUID, Output] = {}
        self._unfinished: set[str] = set()
        creation = request.element("Shell").findtext(ns.tag(ns.POWERSHELL, "creationXml"))
        self.peer = peer(self)
        self.peer.receive(None, decoded(creation))

    def data(self, pipeline: uuid.UUID | None, data: bytes) -> None:
        """Fragments for the client."""
        output = self._by_pipeline.get(pipeline) if pipeline else None
        if output is not None:
            output.write("stdout", data)
            return
        # Windows answers one Receive with the pool's capability and data, and the next with its state.
        apart = any(fragment.kind == fragments.RUNSPACEPOOL_STATE for fragment in fragments.split(data))
        self._pool.write("stdout", data, apart=apart)

    def ended(self, pipeline: uuid.UUID) -> None:
        """The pipeline is over."""
        if pipeline in self._by_pipeline:
            self._by_pipeline[pipeline].end()

    def broken(self) -> None:
        """The engine is gone, and the shell with it."""
        self.abandon()
        self.discard()

    @property
    def commands(self) -> list[str]:
        """The commands there are."""
        return list(self._outputs)

    @property
    def open_commands(self) -> int:
        """How many count against the quota: also one that has completed, until its client ends it (ansible/ansible pull 74985)."""
        return len(self._unfinished)

    def command(self, request: Request, command_id: str, text: str, arguments: list[str]) -> None:
        """Start a pipeline."""
        data = decoded("".join(arguments))
        pipeline = fragments.first_pipeline(data) or uuid.UUID(command_id)
        output = self._outputs[command_id] = self._by_pipeline[pipeline] = Output(divisible=False)
        self._pipelines[command_id] = pipeline
        self._unfinished.add(command_id)
        if self.abandoned:
            output.abandon()
        self.peer.create_pipeline(pipeline)
        self.peer.receive(pipeline, data)

    def send(self, command_id: str, stream: str, data: bytes, *, end: bool) -> None:
        """More fragments, for a pipeline or for the pool."""
        self.peer.receive(self._pipelines.get(command_id), data)

    def receive(self, command_id: str, timeout: float, envelope: int) -> Fetched | None:
        """What a pipeline or the pool has for the client."""
        output = self._outputs.get(command_id) if command_id else self._pool
        if output is None:
            raise faults.unknown_command()
        fetched = output.fetch(timeout, envelope)
        if fetched and fetched.done and command_id:
            self._forget(command_id)
        return fetched

    def signal(self, command_id: str, code: str) -> None:
        """Stop a pipeline, or forget it; both are fine for one that is gone."""
        if not code.lower().endswith("ctrl_c"):
            self._unfinished.discard(command_id)
        pipeline = self._pipelines.get(command_id)
        if pipeline is None:
            return
        if code.lower().endswith("ctrl_c"):
            self.peer.stop(pipeline)
        else:
            self._forget(command_id)

    def _forget(self, command_id: str) -> None:
        self._outputs.pop(command_id, None)
        pipeline = self._pipelines.pop(command_id, None)
        if pipeline is not None:
            self._by_pipeline.pop(pipeline, None)
            self.peer.close_pipeline(pipeline)

    def lose_process(self, command_id: str) -> None:
        """The host process ends, and the shell with it."""
        self.broken()
        raise faults.process_gone()

    def abandon(self) -> None:
        """Wake all that wait."""
        super().abandon()
        for output in (self._pool, *list(self._outputs.values())):
            output.abandon()

    def close(self) -> None:
        """End the pool."""
        self.abandon()
        self.peer.close()

    def disconnect(self) -> None:
        """Keep it for later."""
        self.peer.disconnect()

    def connect(self, request: Request) -> str:
        """Answer a client that comes (back)."""
        sent = decoded(request.element("Connect").findtext(ns.tag(ns.POWERSHELL, "connectXml")))
        try:
            answer = self.peer.connect(sent)
        except ConnectError:
            raise faults.malformed() from None
        text = base64.b64encode(answer).decode()
        streams = f"<rsp:InputStreams>{self.input_streams}</rsp:InputStreams><rsp:OutputStreams>{self.output_streams}"
        response = f'<connectResponseXml xmlns="{ns.POWERSHELL}">{text}</connectResponseXml>'
        return f"{streams}</rsp:OutputStreams>{response}"
