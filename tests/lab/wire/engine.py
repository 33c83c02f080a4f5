# SPDX-License-Identifier: GPL-3.0-or-later
"""The real PowerShell engine in the place of the emulated one: a process ``pwsh -s`` behind either framing.

Where a client speaks the engine's own framing (``powershell.exe -s`` in a command shell), lines are passed through; behind a
WS-Management endpoint they are bridged. The engine hands each line to its thread pool, so the next element for one id goes
out only after the Ack of the last.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import threading
import uuid
from pathlib import Path
from typing import IO

from wire import faults
from wire.fragments import EndOfPipeline
from wire.out_of_process import Element, Lines, parse
from wire.output import Output
from wire.ports import Outlet
from wire.process import Process
from wire.psrp import OnPipeline
from wire.winrs import PowerShellCall

_PATIENCE = 60.0
"""Seconds to wait for an Ack before the engine counts as dead."""
_LONGEST_ARGUMENT = 100_000
"""Linux takes 128 KiB in one argument."""
_LONGEST_BESIDE_A_SCRIPT = 10_000
"""Start-up text and script go in one argument, in Base64 of UTF-16: 8/3 of their length."""
_COMMAND_NAME = re.compile(rb'<S N="Cmd">([^<]*)</S>')


class Engine:
    """Starts engine processes; each gets the start-up text of its endpoint."""

    def __init__(self, program: str, state_dir: Path, culture: str) -> None:
        self._program, self._state_dir = program, state_dir
        self._environment = {**os.environ, "LC_ALL": f"{culture.replace('-', '_')}.UTF-8"}

    def serve(self, startup: str) -> subprocess.Popen[bytes]:
        """A remoting server; the start-up text runs in each runspace as it opens."""
        return self._start("-s", "-Command", self._short(startup))

    def run(self, startup: str, script: str) -> subprocess.Popen[bytes]:
        """A script, after the start-up text."""
        text = f"{self._short(startup, _LONGEST_BESIDE_A_SCRIPT)}\n{script}".encode("utf-16-le")
        return self._start("-NoProfile", "-EncodedCommand", base64.b64encode(text).decode())

    def _short(self, startup: str, limit: int = _LONGEST_ARGUMENT) -> str:
        if len(startup.encode()) < limit:
            return startup
        path = self._state_dir / f"startup-{uuid.uuid5(uuid.NAMESPACE_OID, startup)}.ps1"
        if not path.exists():
            path.touch(0o600)  # the control token is in it
            path.write_text(startup, encoding="utf-8")
        quoted = str(path).replace("'", "''")
        return f". '{quoted}'"

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [self._program, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, env=self._environment, bufsize=0
        )


class Pipelines:
    """Says of each new pipeline what its commands are: its first data names them."""

    def __init__(self, told: OnPipeline) -> None:
        self._told = told
        self.silent: set[uuid.UUID] = set()

    def see(self, element: Element) -> None:
        """Take notice of what goes to the engine."""
        if element.pipeline is not None and element.name == "Command":
            self.silent.add(element.pipeline)
        elif element.pipeline in self.silent:
            self.silent.discard(element.pipeline)
            self._told([name.decode(errors="replace") for name in _COMMAND_NAME.findall(element.data)])


def _stream(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # all three are pipes
    return pipe


def _read(pipe: IO[bytes]) -> bytes:
    try:
        return os.read(pipe.fileno(), 65536)
    except (OSError, ValueError):
        return b""  # closed by kill()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


class EngineProcess(Process):
    """The engine as a program of a command shell; line ends become those of Windows."""

    def __init__(self, output: Output, engine: Engine, startup: str, call: PowerShellCall, told: OnPipeline) -> None:
        super().__init__(output)
        self._server, self._pipelines = call.server, Pipelines(told)
        self._input = Lines()
        self._engine, self._startup = engine, startup
        self._process: subprocess.Popen[bytes] | None = None
        self._script = b""
        self._left = 2
        self._lock = threading.Lock()
        if call.server or call.script is not None:
            self._launch(call.script)

    def _launch(self, script: str | None) -> None:
        run = self._engine.serve(self._startup) if script is None else self._engine.run(self._startup, script)
        self._process = run
        for name, pipe in (("stdout", run.stdout), ("stderr", run.stderr)):
            threading.Thread(target=self._pump, args=(run, name, _stream(pipe)), daemon=True).start()

    def _pump(self, process: subprocess.Popen[bytes], name: str, pipe: IO[bytes]) -> None:
        lines = Lines()
        while data := _read(pipe):
            for line in lines.feed(data):
                element = parse(line) if self._server and b"Data " in line else None
                if element is None or not element.is_startup_state:
                    # a null at a line's end is engine.ps1's, for what Write-Host ends with LF alone
                    self.io.write(name, line[:-1] + b"\n" if line.endswith(b"\0") else line + b"\r\n")
        with self._lock:
            self._left -= 1
            if not self._left:
                code = process.wait()
                self.io.end(code if code >= 0 else 1)

    def write(self, data: bytes) -> None:
        """Standard input of the engine, or the script that it shall run."""
        if self._process is None:
            self._script += data
            return
        if self._server:
            for line in self._input.feed(data):
                if (line.startswith(b"<Command ") or self._pipelines.silent) and (element := parse(line)):
                    self._pipelines.see(element)
        try:
            _stream(self._process.stdin).write(data)
        except (BrokenPipeError, ValueError):
            raise faults.pipe_ended() from None

    def end_input(self) -> None:
        """No more input."""
        if self._process is None:
            self._launch(self._script.decode(errors="replace"))
        else:
            _stream(self._process.stdin).close()

    def kill(self) -> None:
        """End the engine."""
        if self._process is not None:
            _end(self._process)


class EnginePeer:
    """The engine behind a WS-Management endpoint: fragments to elements and back."""

    def __init__(self, outlet: Outlet, engine: Engine, startup: str, told: OnPipeline) -> None:
        self._outlet, self._pipelines = outlet, Pipelines(told)
        self.process = engine.serve(startup)
        self._acknowledged: set[tuple[str, uuid.UUID | None]] = set()
        self._news = threading.Condition()
        self._turns: dict[uuid.UUID | None, threading.Lock] = {None: threading.Lock()}
        self._endings: dict[uuid.UUID, EndOfPipeline] = {}
        self._writing = threading.Lock()
        self._dead = False
        threading.Thread(target=self._read_elements, daemon=True).start()
        threading.Thread(target=self._discard_errors, daemon=True).start()

    def _discard_errors(self) -> None:
        while _read(_stream(self.process.stderr)):
            pass  # an unread pipe would block the engine

    def _read_elements(self) -> None:
        lines = Lines()
        while data := _read(_stream(self.process.stdout)):
            for line in lines.feed(data):
                element = parse(line)
                if element is not None:
                    self._handle(element)
        with self._news:
            closing, self._dead = self._dead, True
            self._news.notify_all()
        if not closing:
            self._outlet.broken()

    def _handle(self, element: Element) -> None:
        if element.name != "Data":
            with self._news:
                self._acknowledged.add((element.name, element.pipeline))
                self._news.notify_all()
        elif not element.is_startup_state:
            self._outlet.data(element.pipeline, element.data)
            ending = self._endings.get(element.pipeline) if element.pipeline else None
            if ending and element.pipeline and ending.seen_in(element.data):
                self._outlet.ended(element.pipeline)

    def _send(self, element: Element) -> None:
        """Write an element and wait until the engine has taken it."""
        self._pipelines.see(element)
        key = (f"{element.name}Ack", element.pipeline)
        with self._turns.setdefault(element.pipeline, threading.Lock()):
            try:
                with self._writing:
                    _stream(self.process.stdin).write(element.line() + b"\n")
            except (BrokenPipeError, ValueError):
                raise faults.unknown_shell() from None
            with self._news:
                self._news.wait_for(lambda: key in self._acknowledged or self._dead, _PATIENCE)
                if key not in self._acknowledged:
                    raise faults.internal_error(f"The PowerShell engine did not answer {element.name}.")
                self._acknowledged.discard(key)

    def receive(self, pipeline: uuid.UUID | None, fragments: bytes) -> None:
        """Fragments for the engine."""
        self._send(Element("Data", pipeline, fragments))

    def create_pipeline(self, pipeline: uuid.UUID) -> None:
        """Announce a pipeline."""
        self._endings[pipeline] = EndOfPipeline()
        self._send(Element("Command", pipeline))

    def stop(self, pipeline: uuid.UUID) -> None:
        """Stop a pipeline; the engine then reports its state."""
        self._send(Element("Signal", pipeline))

    def close_pipeline(self, pipeline: uuid.UUID) -> None:
        """Forget a pipeline."""
        if self._endings.pop(pipeline, None) and not self._dead:
            self._send(Element("Close", pipeline))
            self._turns.pop(pipeline, None)

    def close(self) -> None:
        """End the engine."""
        with self._news:
            self._dead = True
            self._news.notify_all()
        _end(self.process)

    def kill(self) -> None:
        """End the engine: a process is all that there is."""
        self.close()

    def disconnect(self) -> None:
        """The out-of-process framing has no disconnect."""
        raise faults.unsupported_action("Disconnect")

    def connect(self, fragments: bytes) -> bytes:
        """The out-of-process framing has no connect."""
        raise faults.unsupported_action("Connect")
