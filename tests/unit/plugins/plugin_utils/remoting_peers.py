# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers for the remoting tests: psrpcore's server side in this process, and a real PowerShell engine beside it."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
import typing as t
import uuid

import psrpcore
from psrpcore import types as ps

from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import framing
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Deadline


class ServerCarrier:
    """A carrier with psrpcore's server at its other end.

    :param answer: called with the server's pipeline once it has been created; it writes the pipeline's output.
    """

    fragment_size = 4096
    delegates = silent = sealed = False

    def __init__(self, answer: t.Callable[[psrpcore.ServerPipeline], None]) -> None:
        self.pool_id = uuid.uuid4()
        self.requests = 0
        self.clock_offset: float | None = None
        self.by_kerberos = False
        self.stopped: list[uuid.UUID] = []
        self.finished: list[uuid.UUID] = []
        self.closed = False
        self.waited = 0.0
        self.commands: list[t.Any] = []
        self.host_responses: list[t.Any] = []
        self.when_keyed: t.Callable[[], None] = lambda: None
        self.server = psrpcore.ServerRunspacePool()
        self._answer = answer

    def open(self, first: bytes, deadline: Deadline) -> None:
        self._take(first)

    def start(self, pipeline: uuid.UUID, first: bytes, deadline: Deadline) -> None:
        psrpcore.ServerPipeline(self.server, pipeline)
        self._take(first, pipeline)

    def send(self, pipeline: uuid.UUID | None, data: bytes, deadline: Deadline, *, prompt: bool = False) -> None:
        self._take(data, pipeline)

    def receive(self, pipeline: uuid.UUID | None, deadline: Deadline) -> list[bytes]:
        payload = self.server.data_to_send(32768)
        if payload is None:
            wait = deadline.remaining(0.05)
            self.waited += wait
            time.sleep(wait)
            return []
        return [payload.data]

    def stop(self, pipeline: uuid.UUID, deadline: Deadline) -> None:
        self.stopped.append(pipeline)

    def finish(self, pipeline: uuid.UUID, deadline: Deadline) -> None:
        self.finished.append(pipeline)

    def close(self, deadline: Deadline) -> None:
        self.closed = True

    def _take(self, data: bytes, pipeline: uuid.UUID | None = None) -> None:
        self.requests += 1
        self.server.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline))
        while (event := self.server.next_event()) is not None:
            if isinstance(event, psrpcore.CreatePipelineEvent):
                running = self.server.pipeline_table[event.pipeline_id]
                self.commands.append(event.pipeline.commands)
                running.start()
                self._answer(running)
            elif isinstance(event, psrpcore.PublicKeyEvent):
                self.when_keyed()
            elif isinstance(event, psrpcore.PipelineHostResponseEvent):
                self.host_responses.append(event)


def error_record(
    message: str, error_id: str, category: str = "NotSpecified", reason: str = "Exception"
) -> ps.ErrorRecord:
    """An error record as a server makes it."""
    return ps.ErrorRecord(
        Exception=ps.NETException(message),
        CategoryInfo=ps.ErrorCategoryInfo(Category=ps.ErrorCategory[category], Activity="Get-Thing", Reason=reason),
        FullyQualifiedErrorId=error_id,
    )


class EngineCarrier:
    """A carrier over the pipes of a real engine that is in server mode: the framing alone, without any WinRS."""

    fragment_size = 80_000
    delegates = silent = sealed = False

    def __init__(self, command: str, culture: str = "en_US") -> None:
        self.pool_id = uuid.uuid4()
        self.requests = 0
        self.clock_offset: float | None = None
        self.by_kerberos = False
        environment = {**os.environ, "LC_ALL": f"{culture}.UTF-8"}
        self.process = subprocess.Popen(
            [command, "-s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._input, self._output = self.process.stdin, self.process.stdout
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._output, selectors.EVENT_READ)
        self._decoder = framing.Decoder()
        self._data: list[bytes] = []
        self._acknowledged: set[tuple[str, uuid.UUID]] = set()

    def open(self, first: bytes, deadline: Deadline) -> None:
        self.send(None, first, deadline)

    def start(self, pipeline: uuid.UUID, first: bytes, deadline: Deadline) -> None:
        self._write(framing.make_command(pipeline))
        self._await("CommandAck", pipeline, deadline)
        self.send(pipeline, first, deadline)

    def send(self, pipeline: uuid.UUID | None, data: bytes, deadline: Deadline, *, prompt: bool = False) -> None:
        self._write(framing.make_data(pipeline, data, prompt=prompt))
        self._await("DataAck", pipeline or framing.POOL, deadline)

    def receive(self, pipeline: uuid.UUID | None, deadline: Deadline) -> list[bytes]:
        if not self._data:
            self._read(deadline)
        data, self._data = self._data, []
        return data

    def stop(self, pipeline: uuid.UUID, deadline: Deadline) -> None:
        self._write(framing.make_signal(pipeline))

    def finish(self, pipeline: uuid.UUID, deadline: Deadline) -> None:
        self._write(framing.make_close(pipeline))

    def close(self, deadline: Deadline) -> None:
        self._ready.close()
        self._input.close()
        self._output.close()
        self.process.kill()
        self.process.wait()

    def _write(self, elements: bytes) -> None:
        self._input.write(elements)
        self._input.flush()

    def _read(self, deadline: Deadline) -> None:
        if not self._ready.select(deadline.remaining(1.0)):
            return
        received = os.read(self._output.fileno(), 1 << 16)
        if not received:
            raise BrokenPipeError("the engine ended")
        for element in self._decoder.feed(received):
            if element.kind == "Data":
                self._data.append(element.data)
            else:
                self._acknowledged.add((element.kind, element.owner))

    def _await(self, kind: str, owner: uuid.UUID, deadline: Deadline) -> None:
        while (kind, owner) not in self._acknowledged:
            self._read(deadline)
        self._acknowledged.discard((kind, owner))
