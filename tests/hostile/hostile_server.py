# SPDX-License-Identifier: GPL-3.0-or-later
"""A Windows host that does what a script says: the lab's wire, with a hand on every answer before it leaves.

A script is an instance of :class:`Script`; it overrides what it wants to tamper with:

* ``instead``: an answer without doing anything;
* ``output``: the PowerShell Remoting fragments of a pipeline, the same over both carriers;
* ``soap``: the envelope of an answer, before it is sealed;
* ``http``: the HTTP answer, after it was sealed, or raw bytes in its place.

Each is told what was asked for (:class:`Asked`); the default leaves everything as an honest host has it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wire.front import Reply
from wire.httpd import Connection, Listener
from wire.psrp import PsrpServer
from wire_stand_ins import FakeRunspace, Lab

_STREAM = re.compile(rb"<rsp:Stream [^>]*>([^<]*)<")
START = "start"
"""The stage in which a pipeline is handed over."""


@dataclass(frozen=True)
class Asked:
    """A request.

    :ivar verb: WS-Management's, such as Command; empty where the body cannot be read.
    :ivar stage: ``open``, ``start`` (the pipeline is handed over), ``answer`` (its output is asked for), ``finish`` or ``close``.
    :ivar count: how many requests of this stage there have been, this one included.
    """

    verb: str
    stage: str
    count: int


@dataclass(frozen=True)
class Raw:
    """Bytes in the place of an HTTP answer.

    :ivar pieces: sent one after the other, ``pause`` seconds between them.
    :ivar close: whether the connection ends after them; else it stays open, and nothing more is said.
    """

    pieces: Iterable[bytes]
    pause: float = 0.0
    close: bool = True


class Script:
    """An honest host."""

    def instead(self, asked: Asked) -> tuple[int, bytes] | None:
        """A status and an envelope in the place of doing what was asked; nothing where it shall be done."""
        return None

    def output(self, pipeline: uuid.UUID, fragments: bytes) -> Iterator[bytes]:
        """What a pipeline is heard to say instead of ``fragments``."""
        yield fragments

    def soap(self, asked: Asked, status: int, envelope: bytes) -> tuple[int, bytes]:
        """The envelope that is sent instead."""
        return status, envelope

    def http(self, asked: Asked, reply: Reply) -> Reply | Raw:
        """The answer that is sent instead."""
        return reply


@dataclass
class Host:
    """The running host.

    :ivar ran: the names of the writing cmdlets that have run, in order.
    """

    lab: Any
    script: Script = field(default_factory=Script)
    ran: list[str] = field(default_factory=list)
    stages: dict[str, int] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    _has_started: bool = False
    _writes_late: float = 0.0

    def play(self, script: Script, *, late: float = 0.0) -> None:
        """Begin with another script; ``late`` is how long a write takes until it shows."""
        self.script, self.ran, self.stages, self._has_started, self._writes_late = script, [], {}, False, late
        self.lab.server.service.registry.expire_all()

    def note(self, verb: str, body: bytes) -> Asked:
        """Tell which stage a request belongs to."""
        stage = self._stage_of(verb, body)
        self._has_started = self._has_started or stage == START
        self.stages[stage] = self.stages.get(stage, 0) + 1
        return Asked(verb, stage, self.stages[stage])

    def _stage_of(self, verb: str, body: bytes) -> str:
        if verb in ("Delete", "Signal", "Create"):
            return {"Delete": "close", "Signal": "finish", "Create": "open"}[verb]
        is_psrp = b"/powershell/" in body
        if verb == "Command":
            return START if is_psrp else "open"
        if (
            verb == "Send"
            and not is_psrp
            and any(b"<Command " in base64.b64decode(text) for text in _STREAM.findall(body))
        ):
            return START
        if verb == "Receive" and self._has_started and (not is_psrp or b"CommandId=" in body):
            return "answer"
        return "open" if not self._has_started else "answer"

    def run(self, name: str) -> None:
        """A writing cmdlet runs."""
        if self._writes_late:
            time.sleep(self._writes_late)
        self.ran.append(name)


class _Runspace(FakeRunspace):
    """Knows Get-Thing, which reads, and Set-Thing, which writes."""

    host: Host

    def _get_thing(self, command: Any, parameters: dict[str, Any], values: list[Any], sink: Any) -> None:
        sink.output("a thing")

    def _set_thing(self, command: Any, parameters: dict[str, Any], values: list[Any], sink: Any) -> None:
        self.host.run(command.text)
        sink.output("done")


class _TamperedOutlet:
    def __init__(self, outlet: Any, host: Host) -> None:
        self._outlet, self._host = outlet, host

    def data(self, pipeline: uuid.UUID | None, fragments: bytes) -> None:
        pieces = [fragments] if pipeline is None else self._host.script.output(pipeline, fragments)
        for piece in pieces:
            self._outlet.data(pipeline, piece)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outlet, name)


class _TamperedConnection(Connection):
    """Sends what the script has made of an answer."""

    hostile: Host

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()

    def _write(self, raw: Raw) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            for piece in raw.pieces:
                if self.hostile.over.is_set():
                    return
                self.wfile.write(piece)
                self.wfile.flush()
                if raw.pause:
                    time.sleep(raw.pause)
            while not raw.close and not self.hostile.over.wait(0.1):
                pass


@contextlib.contextmanager
def running(folder: Path, certificate: Path) -> Iterator[Host]:
    """A host for as long as the block runs."""
    host = Host(None)

    def make_runspace(*arguments: Any) -> _Runspace:
        runspace = _Runspace(*arguments)
        runspace.host = host
        return runspace

    def make_server(runspace: Any, outlet: Any, *rest: Any) -> PsrpServer:
        return PsrpServer(runspace, _TamperedOutlet(outlet, host), *rest)

    powershells: Any = sys.modules["wire.powershells"]
    honest, powershells.PsrpServer = powershells.PsrpServer, make_server  # the one hand on what a pipeline says
    lab: Any = Lab(folder, certificate, _description(), make_runspace=make_runspace)
    host.lab = lab
    _tamper(host)
    try:
        yield host
    finally:
        host.over.set()
        powershells.PsrpServer = honest
        lab.close()


def _description() -> dict[str, Any]:
    """The stand-ins' host, and plain text over http allowed, so that most attacks need no authentication to be written."""
    from wire_stand_ins import DESCRIPTION

    endpoints = json.loads(json.dumps(DESCRIPTION["endpoints"]))
    open_one = {**endpoints[0], "allow_unencrypted": True, "listeners": ["plain_http"]}
    limits = {**DESCRIPTION["limits"], "max_shells_per_user": 1000}
    return {"endpoints": [open_one, *endpoints], "limits": limits}


def _tamper(host: Host) -> None:
    service, thread = host.lab.server.service, threading.local()
    answer = service.handle

    def handle(xml: bytes, identity: Any, path: str) -> tuple[int, bytes]:
        verb = _verb_of(xml)
        asked = host.note(verb, xml)
        thread.asked = asked
        status, envelope = host.script.instead(asked) or answer(xml, identity, path)
        return host.script.soap(asked, status, envelope)

    service.handle = handle
    for listener in host.lab.server.listeners.values():
        _tamper_listener(listener, host, thread)


def _tamper_listener(listener: Listener, host: Host, thread: Any) -> None:
    class Tampered(_TamperedConnection):
        hostile = host

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            thread.asked = Asked("", "open" if not host.stages.get(START) else "answer", 0)
            reply = listener.front.handle(self.auth, self.command, self.path, headers, body)
            answer = host.script.http(thread.asked, reply)
            if isinstance(answer, Raw):
                self._write(answer)
            elif answer.dropped:
                self.close_connection = True
            else:
                self._send(answer)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _handle

    listener.RequestHandlerClass = Tampered


def _verb_of(xml: bytes) -> str:
    _before, _mark, after = xml.partition(b"Action")
    uri = after.partition(b">")[2].partition(b"<")[0].decode("ascii", "replace")
    return uri.rpartition("/")[2]
