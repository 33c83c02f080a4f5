# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The winrm carrier: an ordinary remote command shell by pywinrm, with one ``powershell.exe -s`` in it.

``-s`` is PowerShell's own out-of-process server mode; no script travels. pywinrm's ``Protocol`` brings authentication, encryption and
the verbs. Four to five requests a pipeline: each element's acknowledgement has to be received before the next is sent.
"""

from __future__ import annotations

import contextlib
import inspect
import math
import re
import typing as t
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.onprem.exchange_lync.plugins.module_utils import _libraries as libraries
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import REMEDIES, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import (
    framing,
    soap,
    transport_errors,
)
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import (
    Deadline,
    OutOfTime,
    Unanswered,
)
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.http_adapter import (
    SMALLEST_LIMIT,
    MeasuredAdapter,
    Traffic,
    mount,
)
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.kerberos import Ticket, may_be_forwarded
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.kerberos_errors import REFUSED_TICKET

COMMAND = "powershell.exe"
ARGUMENTS = ("-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-s")
_UTF8 = 65001

FRAGMENT_SIZE = 80_000
"""Fragments are in Base64 in an element, which is in Base64 in an envelope: 16/9 of it, below the 150 KiB that every Windows takes."""

MOST_HELD = 16 * 1024 * 1024
"""Bytes of output that are kept while an acknowledgement is awaited."""
_TIMEOUT = 30.0
"""Seconds for connecting and reading: pywinrm's default."""

# what this module or the endpoint decides, of pywinrm's arguments
_OURS = {"self", "endpoint", "transport", "username", "password"}


@dataclass(frozen=True)
class WinrsSettings:
    """Where and how to connect.

    :ivar transports: pywinrm's authentication methods, tried in this order.
    :ivar arguments: further ones of pywinrm's Protocol.
    :ivar options: all options, for the Kerberos ticket.
    """

    endpoint: str
    transports: tuple[str, ...]
    user: str | None
    password: str | None = field(repr=False, default=None)
    idle_timeout: int | None = None
    arguments: dict[str, t.Any] = field(default_factory=dict, repr=False)
    options: t.Mapping[str, t.Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, options: t.Mapping[str, t.Any], idle_timeout: float | None = None) -> WinrsSettings:
        """From the options of core's winrm connection plugin, by its rules (``_build_winrm_kwargs`` there).

        ``_extras`` are its undeclared ``ansible_winrm_*`` variables, which are pywinrm's own arguments.
        """
        port, user = int(options.get("port") or 5986), options.get("remote_user")
        scheme = options.get("scheme") or ("http" if port == 5985 else "https")
        return cls(
            endpoint=f"{scheme}://{_put_in_brackets(str(options['remote_addr']))}:{port}/{str(options.get('path') or 'wsman').strip('/')}",
            transports=_list_transports(options.get("transport"), user, scheme),
            user=user,
            password=options.get("remote_password"),
            idle_timeout=None if idle_timeout is None else max(60, math.ceil(idle_timeout)),
            arguments=_list_arguments(options),
            options=options,
        )

    @property
    def kerberos_is_managed(self) -> bool:
        """Whether a ticket has to be got with the password."""
        mode = self.options.get("kerberos_mode")
        return mode == "managed" if mode else bool(self.password)

    @property
    def connect_timeout(self) -> float:
        """Seconds for connecting: core's option of that name, which is pywinrm's operation time-out as well."""
        return float(self.options.get("connection_timeout") or self.arguments.get("read_timeout_sec") or _TIMEOUT)

    @property
    def forwards(self) -> bool:
        """Whether Kerberos is told to delegate."""
        return str(self.arguments.get("kerberos_delegation", "")).lower() in ("true", "yes", "on", "1", "t", "y")


class WinrsCarrier:
    """Carries fragments on the standard streams of a PowerShell process in a remote command shell.

    :param options: those of core's winrm connection plugin, by its names.
    :param idle_timeout: seconds that an unused shell lives on the server.
    :raises ShellError: where a library is missing.
    """

    fragment_size = FRAGMENT_SIZE

    def __init__(self, options: t.Mapping[str, t.Any], idle_timeout: float | None = None) -> None:
        self.settings = WinrsSettings.of(options, idle_timeout)
        self.pool_id = uuid.uuid4()
        self.delegates = False
        self._traffic = Traffic(self.settings.connect_timeout, SMALLEST_LIMIT)
        self._protocol: t.Any = None
        self._ticket: Ticket | None = None
        self._shell = self._process = ""
        self._decoder = framing.Decoder()
        self._data: list[bytes] = []
        self._held = 0
        self._current = framing.POOL
        self._awaited: tuple[str, uuid.UUID] | None = None
        self._finished: list[uuid.UUID] = []
        libraries.require(libraries.PYWINRM)

    @property
    def requests(self) -> int:
        """HTTP requests sent so far."""
        return self._traffic.requests

    @property
    def clock_offset(self) -> float | None:
        """By how many seconds the server's clock is ahead."""
        return self._traffic.clock_offset

    @property
    def silent(self) -> bool:
        """Whether the server has not said anything yet."""
        return self._traffic.silent

    @property
    def by_kerberos(self) -> bool:
        """Whether a logon by Kerberos is tried."""
        return "kerberos" in self.settings.transports

    @property
    def sealed(self) -> bool:
        """Whether the last request was sealed."""
        return self._traffic.sealed

    def open(self, first: bytes, deadline: Deadline) -> None:
        """Open the command shell with the first authentication method that is accepted, and start PowerShell in it."""
        self._log_on(deadline)
        with self._ready(deadline):
            self._process = self._protocol.run_command(
                self._shell, COMMAND, ARGUMENTS, console_mode_stdin=False, skip_cmd_shell=False
            )
        self.send(None, first, deadline)

    def start(self, pipeline: uuid.UUID, first: bytes, deadline: Deadline) -> None:
        """Create the pipeline; those that have ended are freed in the same request."""
        finished, self._finished = self._finished, []
        self._current, self._awaited = pipeline, ("CommandAck", pipeline)
        self._write(b"".join([*map(framing.make_close, finished), framing.make_command(pipeline)]), deadline)
        try:
            self._wait_for_acknowledgement(deadline)
            self.send(pipeline, first, deadline)
        except (OutOfTime, ShellError):
            raise
        # whatever it is: the server may have the pipeline
        except Exception as error:
            raise Unanswered from error

    def send(self, pipeline: uuid.UUID | None, data: bytes, deadline: Deadline, *, prompt: bool = False) -> None:
        """Send one element and wait for its acknowledgement: PowerShell handles each line on a thread of its own."""
        self._awaited = ("DataAck", pipeline or framing.POOL)
        self._write(framing.make_data(pipeline, data, prompt=prompt), deadline)
        self._wait_for_acknowledgement(deadline)

    def receive(self, pipeline: uuid.UUID | None, deadline: Deadline) -> list[bytes]:
        """What the process has written for the pipeline that runs, or for the pool."""
        if not self._data:
            self._read(deadline)
        data, self._data, self._held = self._data, [], 0
        return data

    def stop(self, pipeline: uuid.UUID, deadline: Deadline) -> None:
        """Ask for the pipeline's stop."""
        self._write(framing.make_signal(pipeline), deadline)

    def finish(self, pipeline: uuid.UUID, deadline: Deadline) -> None:
        """Remember to free the pipeline with the next request."""
        self._finished.append(pipeline)

    def close(self, deadline: Deadline) -> None:
        """Delete the command shell, and with it the process."""
        shell, self._shell = self._shell, ""
        try:
            if shell:
                with self._ready(deadline):
                    self._delete(shell)
        finally:
            if self._protocol is not None:
                self._protocol.transport.close_session()
            if self._ticket is not None:
                self._ticket.close()
                self._ticket = None

    def _delete(self, shell: str) -> None:
        try:
            self._protocol.close_shell(shell)
        # the border of pywinrm: each authentication method has exceptions of its own
        except Exception as error:
            if not transport_errors.lost_its_logon(error):
                raise
            # close_shell has dropped the logon: this is a fresh one
            self._protocol.close_shell(shell)

    # One request each

    def _write(self, elements: bytes, deadline: Deadline) -> None:
        with self._ready(deadline):
            self._protocol.send_command_input(self._shell, self._process, elements)

    def _read(self, deadline: Deadline) -> None:
        from winrm.exceptions import WinRMOperationTimeoutError

        try:
            with self._ready(deadline):
                output, error, code, ended = self._protocol.get_command_output_raw(self._shell, self._process)
        except WinRMOperationTimeoutError:
            return
        self._decoder.mutter(error)
        for element in self._decoder.feed(output):
            self._take(element)
        if ended and not self._data:
            raise ShellError(
                "session_lost", f"the remote {COMMAND} ended with exit code {code}{self._quote_last_words()}."
            )

    def _take(self, element: framing.Element) -> None:
        """Keep what is for the pipeline that runs or for the pool, up to a limit; what nobody waits for is let go."""
        if (element.kind, element.owner) == self._awaited:
            self._awaited = None
        if element.kind != "Data" or element.owner not in (framing.POOL, self._current):
            return
        self._held += len(element.data)
        if self._held > MOST_HELD:
            message = f"the server sent more than {MOST_HELD} bytes before it took what was sent."
            raise ShellError("failed", message, remedy="Ask for fewer objects.")
        self._data.append(element.data)

    def _wait_for_acknowledgement(self, deadline: Deadline) -> None:
        while self._awaited is not None:
            self._read(deadline)

    def _quote_last_words(self) -> str:
        """What the process said beside the protocol, for people: PowerShell wraps its standard error in CLIXML."""
        text = self._decoder.noise.decode("utf-8", "replace")
        wrapped = re.findall(r'<S S="Error">([^<]*)</S>', text)
        said = escape_line("".join(wrapped).replace("_x000D__x000A_", " ") if wrapped else text)
        return f": {said.rstrip('.')}" if said else ""

    @contextlib.contextmanager
    def _ready(self, deadline: Deadline) -> t.Iterator[None]:
        """Within it, no request waits beyond the deadline, and Kerberos finds its ticket."""
        self._traffic.deadline = deadline
        operation, read = self._timeouts
        wait = math.ceil(deadline.remaining(operation))
        self._protocol.operation_timeout_sec = wait
        self._protocol.transport.read_timeout_sec = wait + read - operation
        try:
            with self._ticket.active() if self._ticket else contextlib.nullcontext():
                yield
        finally:
            self._traffic.deadline = Deadline(None)

    # Logging on

    def _log_on(self, deadline: Deadline) -> None:
        refused: list[ShellError] = []
        for transport in self.settings.transports:
            try:
                return self._open_shell(transport, deadline)
            except OutOfTime:
                raise
            # the border of pywinrm: the next method may be accepted
            except Exception as error:
                refused.append(transport_errors.to_error(error, opened=False, silent=self.silent))
                if transport == "kerberos" and refused[-1].remedy == REMEDIES["authentication"]:
                    refused[-1].remedy = REFUSED_TICKET
        if len(refused) == 1:
            raise refused[0]
        tried = "; ".join(
            f"{name}: {error.message}" for name, error in zip(self.settings.transports, refused, strict=True)
        )
        raise ShellError(refused[0].kind, f"no authentication method succeeded ({tried})", remedy=refused[0].remedy)

    def _open_shell(self, transport: str, deadline: Deadline) -> None:
        settings = self.settings
        _require_for(transport)
        _check_ca(settings.arguments.get("ca_trust_path"))
        if transport == "kerberos" and settings.kerberos_is_managed:
            self._ticket = Ticket(
                settings.user or "", settings.password or "", settings.options, forwardable=settings.forwards
            )
        self._protocol = _make_protocol(settings, transport)
        self._measure(self._protocol.transport)
        self._timeouts = self._protocol.operation_timeout_sec, self._protocol.read_timeout_sec
        self.delegates = transport == "credssp" or (transport == "kerberos" and settings.forwards)
        idle = f"PT{settings.idle_timeout}S" if settings.idle_timeout else None
        with self._ready(deadline):
            self._shell = self._protocol.open_shell(codepage=_UTF8, idle_timeout=idle)
            if transport == "kerberos" and self.delegates:
                self.delegates = may_be_forwarded()

    def _measure(self, transport: t.Any) -> None:
        """Have every session that pywinrm builds send through our adapter, from its first request on.

        With message encryption pywinrm logs on while it builds the session.
        """
        from winrm.exceptions import WinRMTransportError

        build, log_on = transport.build_session, transport.setup_encryption
        measured: list[t.Any] = []

        def measure(session: t.Any) -> t.Any:
            if not any(session is known for known in measured):
                measured[:] = [session]
                mount(session, MeasuredAdapter(self._traffic, to_error=WinRMTransportError))
            return session

        transport.setup_encryption = lambda session: log_on(measure(session))
        transport.build_session = lambda: measure(build())
        soap.check_transport(transport, "send_message")


def _make_protocol(settings: WinrsSettings, transport: str) -> t.Any:
    from winrm.protocol import Protocol

    class RelatedProtocol(Protocol):
        """pywinrm's protocol with a look at whether an answer is the answer to the request, and whose output it carries."""

        def send_message(self, message: str) -> bytes:
            answer: bytes = super().send_message(message)
            soap.check_relation(message, answer)
            return answer

    return RelatedProtocol(
        settings.endpoint,
        transport=t.cast(t.Any, transport),
        username=settings.user,
        password=settings.password,
        **settings.arguments,
    )


def _list_transports(given: t.Any, user: str | None, scheme: str) -> tuple[str, ...]:
    """What is given, else as ansible-core 2.21 guesses.

    2.19 goes on to Basic where Kerberos fails, which would show the password to whoever answers.
    """
    if given and (isinstance(given, str) or given[0]):
        return (given,) if isinstance(given, str) else tuple(given)
    if user and "@" in user:
        return ("kerberos",)
    return ("ssl",) if scheme == "https" else ("plaintext",)


def _list_arguments(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    libraries.require(libraries.PYWINRM)
    from winrm.protocol import Protocol

    known = set(inspect.signature(Protocol.__init__).parameters) - _OURS
    extras = {name.removeprefix("ansible_winrm_"): value for name, value in (options.get("_extras") or {}).items()}
    given = {name: value for name, value in {**extras, **options}.items() if name in known and value is not None}
    if given.get("ca_trust_path") == "":
        # requests takes an empty path for "do not check"; an authority that is left out has to mean the system's own
        del given["ca_trust_path"]
    if options.get("connection_timeout"):
        # as core does: the variable's name notwithstanding, it is the operation time-out
        given["operation_timeout_sec"] = int(options["connection_timeout"])
        given["read_timeout_sec"] = int(options["connection_timeout"]) + 10
    return given


def _require_for(transport: str) -> None:
    library = {"credssp": libraries.PYWINRM_CREDSSP, "kerberos": libraries.PYWINRM_KERBEROS}.get(transport)
    if library is not None:
        libraries.require(library)


def _check_ca(path: t.Any) -> None:
    if path and path != "legacy_requests" and not Path(path).exists():
        raise ShellError("untrusted", f"there is no CA file {path} on the controller.")


def _put_in_brackets(host: str) -> str:
    return f"[{host}]" if ":" in host else host
