# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The psrp carrier: WS-Management by pypsrp, for PowerShell Remoting endpoints (the products' own and /wsman).

pypsrp's WSMan brings authentication, encryption, envelopes and faults, its generic shell the verbs; three requests a pipeline:
Command, Receive, Signal.
"""

from __future__ import annotations

import base64
import contextlib
import math
import typing as t
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.onprem.exchange_lync.plugins.module_utils import _libraries as libraries
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import soap, transport_errors
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import wsman_faults as faults
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Deadline
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.http_adapter import (
    SMALLEST_LIMIT,
    MeasuredAdapter,
    Traffic,
    mount,
)

_POWERSHELL = "http://schemas.microsoft.com/powershell"
_DELEGATED = 0x1
"""GSS_C_DELEG_FLAG (RFC 2744, appendix A), which is pyspnego's ContextReq.delegate."""
_TIMEOUT = 30.0
"""Seconds for connecting, as in core's psrp connection plugin."""

# options of core's psrp connection plugin that pypsrp's WSMan takes under the same name
_SAME = (
    "auth",
    "certificate_key_password",
    "certificate_key_pem",
    "certificate_pem",
    "connection_timeout",
    "credssp_auth_mechanism",
    "credssp_disable_tlsv1_2",
    "credssp_minimum_version",
    "max_envelope_size",
    "negotiate_delegate",
    "negotiate_hostname_override",
    "negotiate_send_cbt",
    "negotiate_service",
    "operation_timeout",
    "path",
    "proxy",
    "read_timeout",
    "reconnection_retries",
)


@dataclass(frozen=True)
class WsmanSettings:
    """Where and how to connect.

    :ivar arguments: those of pypsrp's WSMan, defaults as in core's psrp connection plugin.
    :ivar idle_timeout: seconds after which the server may end a session that nobody uses; ``None`` leaves it to the server.
    """

    server: str
    port: int
    ssl: bool
    user: str | None
    password: str | None = field(repr=False, default=None)
    cert_validation: bool | str = True
    configuration_name: str = "Microsoft.PowerShell"
    no_profile: bool = False
    idle_timeout: int | None = None
    arguments: dict[str, t.Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, options: t.Mapping[str, t.Any], idle_timeout: float | None = None) -> WsmanSettings:
        """From the options of core's psrp connection plugin, by its rules (``_build_kwargs`` there)."""
        protocol, port = _find_protocol_and_port(options.get("protocol"), options.get("port"))
        given = {name: options[name] for name in _SAME if options.get(name) is not None}
        given["encryption"] = options.get("message_encryption") or "auto"
        given["no_proxy"] = bool(options.get("ignore_proxy"))
        given["reconnection_backoff"] = float(options.get("reconnection_backoff") or 2)
        given["path"] = str(given.get("path", "wsman")).strip("/")
        given.setdefault("negotiate_service", "host")
        return cls(
            server=str(options["remote_addr"]),
            port=port,
            ssl=protocol == "https",
            user=options.get("remote_user"),
            password=options.get("remote_password"),
            cert_validation=False if options.get("cert_validation") == "ignore" else options.get("ca_cert") or True,
            configuration_name=options.get("configuration_name") or "Microsoft.PowerShell",
            no_profile=bool(options.get("no_profile")),
            idle_timeout=None if idle_timeout is None else max(60, math.ceil(idle_timeout)),
            arguments=given,
        )

    @property
    def auth(self) -> str:
        """The authentication method."""
        return str(self.arguments.get("auth", "negotiate"))

    @property
    def delegates(self) -> bool:
        """Whether cmdlets may reach a second server.

        By the logon: CredSSP, and Kerberos with delegation. By the endpoint: behind a product's own, cmdlets run with the
        product's rights after it has checked the account's role, so there is no second hop.
        """
        own = self.arguments["path"].lower() != "wsman"
        kerberos = self.auth in ("kerberos", "negotiate") and bool(self.arguments.get("negotiate_delegate"))
        return own or self.auth == "credssp" or kerberos


class WsmanCarrier:
    """Carries fragments in a WS-Management shell.

    :param options: those of core's psrp connection plugin, by its names.
    :param idle_timeout: seconds that an unused session lives on the server.
    :raises ShellError: where a library is missing or the options do not go together.
    """

    def __init__(self, options: t.Mapping[str, t.Any], idle_timeout: float | None = None) -> None:
        self.settings = settings = WsmanSettings.of(options, idle_timeout)
        self.pool_id = uuid.uuid4()
        self.delegates = settings.delegates
        self._wsman = _connect(settings)
        self._traffic = Traffic(
            settings.arguments.get("connection_timeout", _TIMEOUT),
            max(SMALLEST_LIMIT, 4 * self._wsman.max_envelope_size),
        )
        self._measure(self._wsman.transport)
        self.fragment_size = self._wsman.max_payload_size
        self._shell = self._new_shell()

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
        """Whether the logon may be one by Kerberos."""
        return self.settings.auth in ("kerberos", "negotiate")

    @property
    def sealed(self) -> bool:
        """Whether the last request was sealed."""
        return self._traffic.sealed

    def open(self, first: bytes, deadline: Deadline) -> None:
        """Create the shell."""
        from pypsrp.wsman import OptionSet

        creation = ET.Element("creationXml", xmlns=_POWERSHELL)
        creation.text = base64.b64encode(first).decode("ascii")
        options = OptionSet()
        options.add_option("protocolversion", "2.3", {"MustComply": "true"})
        with self._ready(deadline):
            self._shell.open(options, creation)
        self.delegates = self.delegates and not self._kept_its_ticket()

    def _kept_its_ticket(self) -> bool:
        """Whether Kerberos was told to delegate and has not.

        GSSAPI then goes on without: the ticket cannot be forwarded, or the account may not be delegated.
        """
        if not self.settings.arguments.get("negotiate_delegate"):
            return False
        contexts = getattr(getattr(self._wsman.transport.session, "auth", None), "contexts", {})
        asked = [context for context in contexts.values() if getattr(context, "negotiated_protocol", "") == "kerberos"]
        return bool(asked) and not any(_DELEGATED & int(context.context_attr) for context in asked)

    def start(self, pipeline: uuid.UUID, first: bytes, deadline: Deadline) -> None:
        """Create the pipeline's command."""
        with self._ready(deadline):
            self._shell.command("", [base64.b64encode(first).decode("ascii")], command_id=_to_command_id(pipeline))

    def send(self, pipeline: uuid.UUID | None, data: bytes, deadline: Deadline, *, prompt: bool = False) -> None:
        """Send to a command or to the shell."""
        with self._ready(deadline):
            self._shell.send("pr" if prompt else "stdin", data, command_id=_to_command_id(pipeline))

    def receive(self, pipeline: uuid.UUID | None, deadline: Deadline) -> list[bytes]:
        """Ask for output; the server holds the request until there is some, or until the operation time-out."""
        from pypsrp.exceptions import WSManFaultError

        try:
            with self._ready(deadline):
                received = self._shell.receive("stdout", _to_command_id(pipeline))
        except WSManFaultError as error:
            if error.code == faults.ERROR_WSMAN_OPERATION_TIMEDOUT:
                return []
            raise
        data = received[2]["stdout"]
        return [data] if data else []

    def stop(self, pipeline: uuid.UUID, deadline: Deadline) -> None:
        """Ask for the pipeline's stop."""
        with self._ready(deadline):
            self._shell.signal("powershell/signal/ctrl_c", _to_command_id(pipeline))

    def finish(self, pipeline: uuid.UUID, deadline: Deadline) -> None:
        """Free the command."""
        from pypsrp.shell import SignalCode

        with self._ready(deadline):
            self._shell.signal(SignalCode.TERMINATE, _to_command_id(pipeline))

    def close(self, deadline: Deadline) -> None:
        """Delete the shell and drop the connections."""
        try:
            with self._ready(deadline):
                self._delete()
        finally:
            self._shell.opened = False
            self._wsman.close()

    def _delete(self) -> None:
        try:
            self._shell.close()
        # the border of pypsrp: each authentication method has exceptions of its own
        except Exception as error:
            if not transport_errors.lost_its_logon(error):
                raise
            transport = self._wsman.transport
            transport.close()
            transport.session = transport.encryption = None
            self._shell.close()

    @contextlib.contextmanager
    def _ready(self, deadline: Deadline) -> t.Iterator[None]:
        """Within it, no request waits beyond the deadline."""
        self._traffic.deadline = deadline
        operation = self._wsman.operation_timeout
        wait = math.ceil(deadline.remaining(operation))
        # without a time-out of its own a request has the configured one, and the read time-out's slack beyond it
        self._wsman.patience = None if wait >= operation else wait
        try:
            yield
        finally:
            self._wsman.patience = None
            self._traffic.deadline = Deadline(None)

    def _new_shell(self) -> t.Any:
        from pypsrp.shell import WinRS

        return WinRS(
            t.cast(t.Any, self._wsman),
            resource_uri=f"{_POWERSHELL}/{self.settings.configuration_name}",
            id=str(self.pool_id).upper(),
            input_streams="stdin pr",
            output_streams="stdout",
            idle_time_out=self.settings.idle_timeout,
            no_profile=self.settings.no_profile or None,
        )

    def _measure(self, transport: t.Any) -> None:
        """Have every session that pypsrp builds send through our adapter; it offers no other moment to lay hands on one."""
        from pypsrp.exceptions import WinRMTransportError

        build, given = transport._build_session, self.settings.arguments

        def build_measured() -> t.Any:
            session = build()
            adapter = MeasuredAdapter(
                self._traffic,
                int(given.get("reconnection_retries", 0)),
                given["reconnection_backoff"],
                given.get("certificate_key_password"),
                to_error=WinRMTransportError,
            )
            mount(session, adapter)
            return session

        transport._build_session = build_measured
        soap.check_transport(transport, "send")


def _connect(settings: WsmanSettings) -> t.Any:
    libraries.require(libraries.PYPSRP)
    if settings.auth == "credssp":
        libraries.require(libraries.PYPSRP_CREDSSP)
    if settings.auth == "kerberos":
        libraries.require(libraries.PYPSRP_KERBEROS)
    if isinstance(settings.cert_validation, str) and not Path(settings.cert_validation).exists():
        raise ShellError("untrusted", f"there is no CA file {settings.cert_validation} on the controller.")
    from pypsrp.wsman import WSMan

    class Connection(WSMan):
        """pypsrp's WSMan without its own repetitions, and with a look at whose output it got.

        It repeats a Receive five times after a read time-out, with growing pauses: far beyond any deadline of ours.
        """

        patience: int | None = None

        def invoke(
            self,
            action: str,
            resource_uri: str,
            resource: ET.Element | None,
            option_set: t.Any = None,
            selector_set: t.Any = None,
            timeout: int | None = None,
            *,
            retries_on_read_timeout: int = 0,
        ) -> ET.Element:
            answer: ET.Element = super().invoke(
                action, resource_uri, resource, option_set, selector_set, self.patience or timeout
            )
            if resource is not None:
                soap.check_streams(resource, answer)
            return answer

    try:
        return Connection(
            settings.server,
            port=settings.port,
            username=settings.user,
            password=settings.password,
            ssl=settings.ssl,
            cert_validation=t.cast(bool, settings.cert_validation),
            **settings.arguments,
        )
    except ValueError as error:
        raise transport_errors.to_error(error, opened=False) from error


def _find_protocol_and_port(protocol: str | None, port: int | str | None) -> tuple[str, int]:
    if protocol is None:
        protocol = "http" if port is not None and int(port) == 5985 else "https"
    return protocol, int(port) if port is not None else {"https": 5986}.get(protocol, 5985)


def _to_command_id(pipeline: uuid.UUID | None) -> str | None:
    return None if pipeline is None else str(pipeline).upper()
