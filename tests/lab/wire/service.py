# SPDX-License-Identifier: GPL-3.0-or-later
"""The WS-Management service of a host: the verbs, whatever carries them. Blocking: Receive waits for output."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from wire import envelope, faults
from wire import namespaces as ns
from wire.description import Endpoint, Host
from wire.envelope import Request
from wire.injected_faults import ConnectionDroppedError, Faults
from wire.output import Fetched
from wire.ports import Identity, Journal
from wire.psrp_shell import PsrpShell
from wire.registry import Registry
from wire.shell import CONNECTED, DISCONNECTED, Shell
from wire.winrs import CmdShell

_LOG = logging.getLogger(__name__)
_VERSION = "OS: 10.0.17763 SP: 0.0 Stack: 3.0"
_DISCONNECT_RESPONSE = f"{ns.SHELL}/DisconnectResponse"
_PIPELINE_DATA = b"<Data Stream='Default' PSGuid='"
_POOL_DATA = _PIPELINE_DATA + b"00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Opening:
    """A shell that is being opened: what its factory may need."""

    request: Request
    identity: Identity
    endpoint: Endpoint | None
    shell_id: str


Factory = Callable[[Opening], Shell]


def _cost(endpoint: Endpoint | None) -> str:
    """What opening a shell costs, by name in the table of latencies: roles are built at the products' own endpoints only."""
    if endpoint is None:
        return "command_shell"
    return "session_open" if endpoint.is_product else "powershell_start"


class Service:
    """Answers requests; knows nothing of HTTP."""

    def __init__(self, host: Host, journal: Journal, injected: Faults, cmd: Factory, powershell: Factory) -> None:
        self.host, self.journal, self.injected = host, journal, injected
        self._cmd, self._powershell = cmd, powershell
        self.registry = Registry(host.limits, self._closed)
        injected.on_expire = self.registry.expire_all

    def handle(self, xml: bytes, identity: Identity | None, path: str) -> tuple[int, bytes]:
        """HTTP status and envelope of the answer; every failure becomes a fault, since clients resend to a dead connection."""
        request = Request(xml, identity, path)
        if request.is_identify:
            return 200, envelope.identify_reply(_VERSION)
        try:
            return 200, self._verb(request)
        except faults.Fault as fault:
            return 500, envelope.fault(request, fault, self.host.fqdn)
        except ConnectionDroppedError:
            raise
        except Exception as error:  # the border of the service: the client gets a fault, the log the traceback
            _LOG.exception("%s failed", request.verb)
            return 500, envelope.fault(
                request, faults.internal_error(f"The emulated service failed: {error!r}"), self.host.fqdn
            )

    def _verb(self, request: Request) -> bytes:
        # Reading the time-out and the size faults every verb where one is malformed.
        if request.body is None or request.timeout < 0 or request.envelope_size < 0:
            raise faults.malformed()
        verb = getattr(self, f"_do_{request.verb.lower()}", None)
        if verb is None:
            raise faults.unsupported_action(request.action)
        answer: bytes = verb(request)
        return answer

    def _endpoint(self, request: Request) -> Endpoint | None:
        if request.resource_uri == ns.CMD_URI and request.path == "/wsman":
            return None
        for endpoint in self.host.endpoints:
            if endpoint.path == request.path and endpoint.resource_uri.lower() == request.resource_uri.lower():
                return endpoint
        raise faults.unknown_resource(request.resource_uri)

    def _do_create(self, request: Request) -> bytes:
        try:
            return self._create(request)
        except faults.Fault as fault:
            user = request.identity.user if request.identity else ""
            self.journal.event("refused", user=user, endpoint=request.path, code=fault.code)
            raise

    def _create(self, request: Request) -> bytes:
        endpoint, identity = self._endpoint(request), request.identity
        guard = endpoint or next((e for e in self.host.endpoints if e.path == request.path), None)
        if identity is None or (guard and not guard.admits(identity.groups)):
            raise faults.access_denied()
        self._check_quota(endpoint)
        shell_id = (request.element("Shell").get("ShellId") or envelope.new_id()).upper()
        with self.registry.place(shell_id, identity, endpoint) as take:
            charged = self.journal.charge(_cost(endpoint))
            shell = (self._powershell if endpoint else self._cmd)(Opening(request, identity, endpoint, shell_id))
            shell.id, shell.identity, shell.resource_uri = shell_id, identity, request.resource_uri
            shell.endpoint = endpoint.path if endpoint else "winrs"
            shell.idle_timeout = self._idle_timeout(request)
            self._opened(shell, endpoint, charged)
            take(shell)
        selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
        created = (
            f"<x:ResourceCreated><a:Address>{escape(request.to)}</a:Address><a:ReferenceParameters><w:ResourceURI>"
            f"{escape(request.resource_uri)}</w:ResourceURI>{selector}</a:ReferenceParameters></x:ResourceCreated>"
        )
        return envelope.reply(request, created + shell.describe())

    def _check_quota(self, endpoint: Endpoint | None) -> None:
        """Refuse one more shell where a fault says that the account has enough of them."""
        exchange = endpoint is not None and endpoint.shell == "exchange"
        if self.injected.take("quota_runspaces" if exchange else "quota_shells"):
            raise self.registry.find_refusal(endpoint)

    def _check_command_quota(self, shell: Shell) -> None:
        """The same of one more command, or request, or what a command is in such a shell."""
        if self.injected.take("quota_operations"):
            raise faults.too_many_operations()
        if self.injected.take("quota_requests"):
            raise faults.too_many_requests()
        if isinstance(shell, PsrpShell):
            if self.injected.take("quota_commands") or shell.open_commands >= self.host.limits.max_commands_per_shell:
                raise faults.too_many_commands()
        elif self.injected.take("quota_processes"):
            raise faults.too_many_processes()

    def _idle_timeout(self, request: Request) -> float:
        asked = request.element("Shell").findtext(ns.tag(ns.SHELL, "IdleTimeOut"))
        return min(envelope.seconds(asked) if asked else 7200.0, self.host.limits.idle_timeout)

    def _opened(self, shell: Shell, endpoint: Endpoint | None, charged: float) -> None:
        identity = shell.identity
        self.journal.event(
            "session_opened",
            session=shell.id,
            user=identity.user,
            shell=endpoint.shell if endpoint else "windows",
            endpoint=shell.endpoint,
            authentication=identity.authentication,
            delegated=identity.delegated,
            address=identity.address,
            duration=charged,
        )

    def _closed(self, shell: Shell, reason: str) -> None:
        product = next((e.shell for e in self.host.endpoints if e.path == shell.endpoint), "windows")
        fields = {"session": shell.id, "user": shell.identity.user, "endpoint": shell.endpoint, "reason": reason}
        self.journal.event("session_closed", shell=product, **fields)

    def _do_get(self, request: Request) -> bytes:
        if request.resource_uri == ns.CONFIG_URI:
            return envelope.reply(request, self._configuration())
        with self.registry.using(request.selectors.get("ShellId", ""), request.identity) as shell:
            return envelope.reply(request, shell.describe())

    def _configuration(self) -> str:
        size = self.host.limits.max_envelope_kb
        return (
            f'<cfg:Config xmlns:cfg="{ns.CONFIG}" xml:lang="en-US"><cfg:MaxEnvelopeSizekb>{size}</cfg:MaxEnvelopeSizekb>'
            "<cfg:MaxTimeoutms>60000</cfg:MaxTimeoutms><cfg:MaxBatchItems>32000</cfg:MaxBatchItems></cfg:Config>"
        )

    def _do_enumerate(self, request: Request) -> bytes:
        shells = self.registry.of(request.identity)
        if request.resource_uri.endswith("/Command"):
            items = "".join(self._commands(shell) for shell in shells if shell.id in self._filtered(request))
        else:
            items = "".join(shell.describe() for shell in shells)
        return envelope.reply(
            request,
            f'<n:EnumerateResponse xmlns:n="{ns.ENUMERATION}"><n:EnumerationContext/><w:Items>{items}</w:Items>'
            "<w:EndOfSequence/></n:EnumerateResponse>",
        )

    @staticmethod
    def _filtered(request: Request) -> set[str]:
        found = request.body.iter(ns.tag(ns.WSMAN, "Selector")) if request.body is not None else ()
        return {(selector.text or "").upper() for selector in found if selector.get("Name") == "ShellId"}

    @staticmethod
    def _commands(shell: Shell) -> str:
        return "".join(
            f"<rsp:Command><rsp:ShellId>{shell.id}</rsp:ShellId><rsp:CommandId>{command}</rsp:CommandId>"
            "<rsp:State>Running</rsp:State></rsp:Command>"
            for command in shell.commands
        )

    def _do_command(self, request: Request) -> bytes:
        line = request.element("CommandLine")
        command_id = (line.get("CommandId") or envelope.new_id()).upper()
        arguments = [argument.text or "" for argument in line.iterfind(ns.tag(ns.SHELL, "Arguments"))]
        with self.registry.using(request.selectors.get("ShellId", ""), request.identity) as shell:
            self._check_command_quota(shell)
            shell.command(request, command_id, line.findtext(ns.tag(ns.SHELL, "Command")) or "", arguments)
        if isinstance(shell, PsrpShell):
            self._drop_if("drop_connection_after_send")
        return envelope.reply(
            request, f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
        )

    def _do_send(self, request: Request) -> bytes:
        with self.registry.using(request.selectors.get("ShellId", ""), request.identity) as shell:
            for stream in request.elements("Send", "Stream"):
                data, end = base64.b64decode(stream.text or ""), (stream.get("End") or "").lower() == "true"
                shell.send((stream.get("CommandId") or "").upper(), stream.get("Name") or "", data, end=end)
        self._drop_if("drop_connection_after_send")
        return envelope.reply(request, "<rsp:SendResponse/>")

    def _drop_if(self, fault: str) -> None:
        if self.injected.take(fault):
            raise ConnectionDroppedError(fault)

    def _do_receive(self, request: Request) -> bytes:
        wanted = request.element("Receive", "DesiredStream")
        command_id = (wanted.get("CommandId") or "").upper()
        if slow := self.injected.take("slow_receive"):
            time.sleep(float(slow.get("value") or 5))
        with self.registry.using(request.selectors.get("ShellId", ""), request.identity) as shell:
            if command_id and self.injected.take("quota_memory"):
                shell.lose_process(command_id)
            largest = min(request.envelope_size, self.host.limits.max_envelope_kb * 1024)
            fetched = shell.receive(command_id, request.timeout, largest)
        if fetched is None:
            raise faults.operation_timeout()
        if self._is_answer(shell, command_id, fetched):
            self._drop_if("lost_answer")
        return envelope.reply(
            request, f"<rsp:ReceiveResponse>{self._streams(shell, command_id, fetched)}</rsp:ReceiveResponse>"
        )

    @staticmethod
    def _is_answer(shell: Shell, command_id: str, fetched: Fetched) -> bool:
        """Whether it is (some of) a pipeline's output."""
        if isinstance(shell, PsrpShell):
            return bool(command_id)
        data = b"".join(chunk for _stream, chunk in fetched.chunks)
        return data.count(_PIPELINE_DATA) > data.count(_POOL_DATA)

    @staticmethod
    def _streams(shell: Shell, command_id: str, fetched: Fetched) -> str:
        of = f' CommandId="{command_id}"' if command_id else ""
        parts = [
            f'<rsp:Stream Name="{name}"{of}>{base64.b64encode(data).decode()}</rsp:Stream>'
            for name, data in fetched.chunks
        ]
        if fetched.done and isinstance(shell, CmdShell):
            parts += [
                f'<rsp:Stream Name="{name}"{of} End="true"></rsp:Stream>' for name in shell.output_streams.split()
            ]
        if command_id:
            state = "Done" if fetched.done else "Running"
            code = f"<rsp:ExitCode>{fetched.exit_code & 0xFFFFFFFF}</rsp:ExitCode>" if fetched.done else ""
            parts.append(f'<rsp:CommandState{of} State="{ns.SHELL}/CommandState/{state}">{code}</rsp:CommandState>')
        return "".join(parts)

    def _do_signal(self, request: Request) -> bytes:
        signal = request.element("Signal")
        with self.registry.using(request.selectors.get("ShellId", ""), request.identity) as shell:
            shell.signal((signal.get("CommandId") or "").upper(), signal.findtext(ns.tag(ns.SHELL, "Code")) or "")
        return envelope.reply(request, "<rsp:SignalResponse/>")

    def _do_delete(self, request: Request) -> bytes:
        with self.registry.using(request.selectors.get("ShellId", ""), request.identity) as shell:
            pass  # found, and the caller's own
        self.registry.remove(shell)
        return envelope.reply(request, "")

    def _do_disconnect(self, request: Request) -> bytes:
        with self.registry.using(request.selectors.get("ShellId", ""), request.identity) as shell:
            shell.disconnect()
            shell.state = DISCONNECTED
        return envelope.reply(request, "", _DISCONNECT_RESPONSE)

    def _do_reconnect(self, request: Request) -> bytes:
        with self.registry.using(request.selectors.get("ShellId", ""), request.identity) as shell:
            shell.state = CONNECTED
        return envelope.reply(request, "")

    def _do_connect(self, request: Request) -> bytes:
        with self.registry.using(request.selectors.get("ShellId", ""), request.identity) as shell:
            answer = shell.connect(request)
            shell.state = CONNECTED
        return envelope.reply(request, f"<rsp:ConnectResponse>{answer}</rsp:ConnectResponse>")
