# SPDX-License-Identifier: GPL-3.0-or-later
"""The PowerShell Remoting server in front of the emulated PowerShell, for both framings: a pool and its pipelines.

Pipelines run in a thread of their own, so that a Stop can overtake them. All of psrpcore's state is under one lock.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from typing import Any

from psrpcore import types as ps

from wire.ports import Command, Exited, Outlet, Runspace
from wire.psrp_pool import Pool, ServerPipeline

_LOG = logging.getLogger(__name__)

OnPipeline = Callable[[list[str]], None]
"""Told the names of the commands of each pipeline that starts."""


def commands_of(pipeline: Any) -> list[Command]:
    """The commands of psrpcore's pipeline as ours."""
    return [
        Command(c.command_text, c.is_script, tuple(c.parameters), c.use_local_scope, c.end_of_statement)
        for c in pipeline.commands
    ]


def unexpected(error: Exception) -> ps.ErrorRecord:
    """The record for an exception of the emulator's own: it must reach whoever runs the tests."""
    exception = ps.NETException(Message=f"The emulated PowerShell failed: {error!r}", HResult=-2146233087)
    exception.PSObject.type_names = ["System.Management.Automation.RuntimeException", *exception.PSTypeNames]
    return ps.ErrorRecord(
        Exception=exception,
        CategoryInfo=ps.ErrorCategoryInfo(Category=ps.ErrorCategory.NotSpecified, Reason="RuntimeException"),
        FullyQualifiedErrorId="EmulatorFailed",
    )


class Execution:
    """One pipeline: what it got, its thread, and where it writes (the Sink of its runspace)."""

    def __init__(self, server: PsrpServer, pipeline: ServerPipeline) -> None:
        self.server, self.pipeline = server, pipeline
        self.metadata: Any = None
        self.input: list[Any] = []
        self.started = False
        self.stopped = False

    def _write(self, method: str, *arguments: Any, **options: Any) -> None:
        with self.server.lock:
            if self.pipeline.is_running:
                getattr(self.pipeline, method)(*arguments, **options)
                self.server.flush()

    def output(self, value: Any) -> None:
        """Write to the output stream."""
        self._write("write_output", value)

    def error(self, record: Any) -> None:
        """Write a non-terminating error."""
        record.serialize_extended_info = False
        self._write("prepare_message", record, ps.PSRPMessageType.ErrorRecord)

    def warning(self, text: str) -> None:
        """Write a warning."""
        self._write("write_warning", text)

    def verbose(self, text: str) -> None:
        """Write a verbose message."""
        self._write("write_verbose", text)

    def information(self, record: Any) -> None:
        """Write an information record, where the client knows them (protocol 2.3)."""
        theirs = self.server.pool.their_capability
        if theirs is not None and theirs.protocolversion >= ps.PSVersion("2.3"):
            data = getattr(record, "MessageData", record)
            tags = list(getattr(record, "Tags", None) or ())
            self._write("write_information", data, getattr(record, "Source", "") or "", tags=tags)

    def progress(self, record: Any) -> None:
        """Write a progress record."""
        self._write("prepare_message", record, ps.PSRPMessageType.ProgressRecord)

    def should_exit(self, code: int) -> None:
        """Tell the client's host that the script asked it to end; the real engine tells a client without a host as well."""
        self._write("host_call", ps.HostMethodIdentifier.SetShouldExit, [ps.PSInt(code)])


class PsrpServer:
    """A runspace pool behind either framing."""

    def __init__(self, runspace: Runspace, outlet: Outlet, on_pipeline: OnPipeline, fragment_size: int = 32768) -> None:
        self.runspace, self.outlet, self.on_pipeline = runspace, outlet, on_pipeline
        self.lock = threading.RLock()
        self.pool = Pool()
        self.pool.fragment_size = fragment_size
        self.executions: dict[uuid.UUID, Execution] = {}

    def flush(self) -> None:
        """Hand over what psrpcore has queued."""
        for pipeline, data in self.pool.drain():
            self.outlet.data(pipeline, data)

    def receive(self, pipeline: uuid.UUID | None, fragments: bytes) -> None:
        """Fragments from the client; they name their pipeline themselves."""
        with self.lock:
            for event in self.pool.events(fragments):
                handler = getattr(self, f"_on_{type(event).__name__}", None)
                if handler:
                    handler(event)
            self.flush()

    def create_pipeline(self, pipeline: uuid.UUID) -> None:
        """Make room for a pipeline."""
        with self.lock:
            self.executions[pipeline] = Execution(self, ServerPipeline(self.pool, pipeline))

    def _availability(self, event: Any) -> None:
        self.pool.runspace_availability_response(event.ci, getattr(event, "count", 1) >= 1)

    _on_SetMaxRunspacesEvent = _on_SetMinRunspacesEvent = _on_ResetRunspaceStateEvent = _availability

    def _on_GetAvailableRunspacesEvent(self, event: Any) -> None:
        busy = sum(execution.pipeline.is_running for execution in self.executions.values())
        self.pool.runspace_availability_response(event.ci, self.pool.max_runspaces - busy)

    def _on_CreatePipelineEvent(self, event: Any) -> None:
        execution = self.executions[event.pipeline_id]
        execution.metadata = event.pipeline
        if event.pipeline.no_input:
            self._start(execution)

    def _on_GetCommandMetadataEvent(self, event: Any) -> None:
        execution = self.executions[event.pipeline_id]
        execution.metadata = event.pipeline
        self._start(execution)

    def _on_PipelineInputEvent(self, event: Any) -> None:
        if event.pipeline_id in self.executions:
            self.executions[event.pipeline_id].input.append(event.data)

    def _on_EndOfPipelineInputEvent(self, event: Any) -> None:
        if event.pipeline_id in self.executions:
            self._start(self.executions[event.pipeline_id])

    def _start(self, execution: Execution) -> None:
        if not execution.started:
            execution.started = True
            execution.pipeline.start()
            threading.Thread(target=self._run, args=(execution,), daemon=True).start()

    def _run(self, execution: Execution) -> None:
        record = None
        try:
            self._invoke(execution)
        except Exited as ended:
            execution.should_exit(ended.code)
        except Exception as error:  # the border of the emulated PowerShell: whatever it raises ends this pipeline only
            record = getattr(error, "record", None)
            if record is None:
                _LOG.exception("a pipeline of the emulated PowerShell failed")
                record = unexpected(error)
        with self.lock:
            if execution.pipeline.is_running:
                execution.pipeline.fail(record) if record is not None else execution.pipeline.complete()
                self._finish(execution)

    def _invoke(self, execution: Execution) -> None:
        metadata = execution.metadata
        if hasattr(metadata, "commands"):
            commands = commands_of(metadata)
            self.on_pipeline([command.text for command in commands])
            self.runspace.run(commands, execution.input, execution)
            return
        self.on_pipeline(["Get-Command"])
        found = self.runspace.command_metadata(list(metadata.name))
        execution.output(ps.CommandMetadataCount(Count=len(found)))
        for value in found:
            execution.output(value)

    def _finish(self, execution: Execution) -> None:
        self.flush()
        self.outlet.ended(execution.pipeline.pipeline_id)

    def stop(self, pipeline: uuid.UUID) -> None:
        """End a running pipeline; its thread sees ``stopped`` and what it still writes is lost."""
        with self.lock:
            execution = self.executions.get(pipeline)
            if execution is None:
                return
            execution.stopped = True
            if execution.pipeline.is_running:
                execution.pipeline.stop()
            self._finish(execution)

    def close_pipeline(self, pipeline: uuid.UUID) -> None:
        """Forget a pipeline, running or not."""
        with self.lock:
            execution = self.executions.pop(pipeline, None)
            if execution is not None:
                execution.stopped = True
                self.pool.pipeline_table.pop(pipeline, None)

    def close(self) -> None:
        """End the pool."""
        self._stop_all()
        self.runspace.close()

    def kill(self) -> None:
        """End the pool with its process."""
        self._stop_all()
        self.runspace.kill()

    def _stop_all(self) -> None:
        with self.lock:
            for execution in self.executions.values():
                execution.stopped = True
            self.executions.clear()

    def disconnect(self) -> None:
        """Keep the pool for a client that may come back."""
        with self.lock:
            self.pool.begin_disconnect()
            self.pool.disconnect()

    def connect(self, fragments: bytes) -> bytes:
        """A client comes back with its own capability."""
        with self.lock:
            answer = self.pool.answer_connect(fragments)
            self.flush()
            return answer
