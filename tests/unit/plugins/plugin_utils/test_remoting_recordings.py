# SPDX-License-Identifier: GPL-3.0-or-later
"""Both carriers against recorded conversations with real Windows hosts, 2008 R2 to 2019 (pypsrp's, MIT): how many agree is guarded.

The recorded server answers the carrier's own requests in order, through the transport's library; ids are translated. What the recorded
client asked and this one never does (host input, runspace limits, disconnecting) is passed over, and what the server answered to it is
decoded all the same.
"""

from __future__ import annotations

import base64
import collections
import contextlib
import re
import typing as t
import uuid
from pathlib import Path

import psrpcore
import pytest
import requests
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from pypsrp import exceptions as pypsrp_exceptions
from winrm import exceptions as winrm_exceptions

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Secret
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import transport_errors
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Deadline
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Session
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.winrs import WinrsCarrier
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.wsman import WsmanCarrier

RESPONSE = """<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">
<s:Header><a:RelatesTo>MESSAGE</a:RelatesTo></s:Header><s:Body>BODY</s:Body></s:Envelope>"""
FAULT = """<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text/></s:Reason><s:Detail>
<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="2150858793"/></s:Detail></s:Fault>"""
COMMAND = f'<CommandId xmlns="http://schemas.microsoft.com/wbem/wsman/1/windows/shell">{uuid.uuid4()}</CommandId>'
UNRECORDED = {"Receive": FAULT, "Command": COMMAND}
GUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
LISTENS = {"Create", "Command", "Receive", "Get"}


def first(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[1] if match else ""


def pipeline_of(arguments: str) -> str:
    """The pipeline's id in the header of a first fragment's message (MS-PSRP 2.2.1 and 2.2.4)."""
    data = base64.b64decode(arguments) if re.fullmatch(r"[A-Za-z0-9+/=]{84,}", arguments) else b""
    return str(uuid.UUID(bytes_le=data[45:61])).upper() if data else ""


def swapped(shell: str) -> str:
    """The id of the runspace pool in the older recordings: the shell's, with its bytes in .NET's order."""
    return str(uuid.UUID(bytes_le=uuid.UUID(shell).bytes)).upper()


class Exchange:
    """One recorded request with its answer."""

    def __init__(self, recorded: dict[str, t.Any]) -> None:
        self.request: str = recorded["request"] or ""
        self.response: str = recorded["response"] or ""
        self.broken = bool(recorded.get("http_error"))
        self.action = first(r"Action[^>]*>[^<]*/(\w+)<", self.request)
        self.command = first(r'CommandId="([^"]*)"', self.request) or first(r"CommandId>([^<]*)<", self.response)
        self.of_command = self.action in ("Receive", "Send") and bool(first(r'CommandId="([^"]*)"', self.request))


class Recording:
    """The server side of a conversation, answering in its order.

    :param transport_error: what the transport's library raises for an HTTP error.
    """

    def __init__(self, file: Path, transport_error: type[Exception]) -> None:
        with file.open(encoding="utf-8") as stream:
            self.exchanges = [Exchange(item) for item in yaml.safe_load(stream)["messages"]]
        self._error = transport_error
        self._of_command_matters = transport_error is pypsrp_exceptions.WinRMTransportError
        self._ids: dict[str, str] = {}
        self.fell_silent = False
        """Whether the last answer to somebody who listens was this file's: nothing more was recorded."""

    def answer(self, message: str) -> str:
        asked = Exchange({"request": message, "response": ""})
        recorded = self._next(asked)
        response = recorded.response if recorded else RESPONSE.replace("BODY", UNRECORDED.get(asked.action, ""))
        if recorded:
            self._learn(asked.request, recorded)
        if asked.action in LISTENS:
            self.fell_silent = recorded is None
        response = re.sub(r"(RelatesTo>)[^<]*", rf"\g<1>{first(r'MessageID>([^<]*)<', message)}", response)
        response = self._translated(response)
        if (recorded and recorded.broken) or "Fault>" in response:
            raise self._error("http", 500, response)
        return response

    def _next(self, asked: Exchange) -> Exchange | None:
        """The next exchange of the same verb; what this client does not ask is passed over, unless it would bring output."""
        for index, exchange in enumerate(self.exchanges):
            same_stream = not self._of_command_matters or exchange.of_command == asked.of_command
            if exchange.action == asked.action and same_stream:
                del self.exchanges[: index + 1]
                return exchange
            if exchange.action in LISTENS:
                return None
        return None

    def skip_to(self, action: str) -> bool:
        """Pass over what comes before the next exchange of that action, which this client would not ask; whether there is one."""
        while self.exchanges and self.exchanges[0].action != action:
            self.exchanges.pop(0)
        return bool(self.exchanges)

    def _learn(self, request: str, recorded: Exchange) -> None:
        for pattern in (r'ShellId="([^"]*)"', r'Name="ShellId">([^<]*)<', r'CommandId="([^"]*)"'):
            mine, theirs = first(pattern, request), first(pattern, recorded.request)
            if mine and theirs:
                self._ids[theirs.upper()] = mine.upper()
                if "ShellId" in pattern:
                    self._ids[swapped(theirs)] = mine.upper()
        # the older recordings' pipelines have an id of their own beside the command's
        mine, theirs = (pipeline_of(first(r"Arguments>([^<]*)<", text)) for text in (request, recorded.request))
        if mine and theirs:
            self._ids[theirs] = mine

    def _translated(self, response: str) -> str:
        response = re.sub(GUID, lambda match: self._ids.get(match[0].upper(), match[0]), response)
        return re.sub(r"(<rsp:Stream [^>]*>)([^<]*)(<)", lambda m: m[1] + self._fragments(m[2]) + m[3], response)

    def _fragments(self, text: str) -> str:
        """All ids at once: one may be translated into what another is translated from."""
        binary = {uuid.UUID(theirs).bytes_le: uuid.UUID(mine).bytes_le for theirs, mine in self._ids.items()}
        if not binary:
            return text
        ids = re.compile(b"|".join(map(re.escape, binary)), re.DOTALL)
        data = ids.sub(lambda match: binary[match[0]], base64.b64decode(text))
        return base64.b64encode(data).decode("ascii")


class PypsrpTransport:
    """In the place of pypsrp's HTTP transport."""

    endpoint = "http://windows-host:5985/wsman"
    session = None

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def send(self, message: bytes, **_options: t.Any) -> bytes:
        return self.recording.answer(message.decode("utf-8")).encode("utf-8")

    def close(self) -> None:
        pass


class PywinrmTransport:
    """In the place of pywinrm's HTTP transport."""

    read_timeout_sec = 30

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def build_session(self) -> requests.Session:
        return requests.Session()

    def setup_encryption(self, session: requests.Session) -> None:
        pass

    def send_message(self, message: str) -> bytes:
        return self.recording.answer(message).encode("utf-8")

    def close_session(self) -> None:
        pass


# The recordings' client used one fixed RSA key. Its modulus is in the recorded public key; this is one of its factors, from the
# recordings' own tests (tests/tests_pypsrp/test_powershell.py in github.com/jborean93/pypsrp). Without it no SecureString of theirs
# can be read.
FACTOR = int(
    "174331130742537243408330955079815843963035167715989214203198624738597363753422194561659111132445142920926993058833709875440980890363"
    "712769908141629896643845627776407469038077862709547359496382776626050712560846670587394813048350142683947903572416102765283173128172"
    "045224943986952459084128294017448217886823253"
)


def recorded_key(exchanges: list[Exchange]) -> tuple[rsa.RSAPrivateKey, bytes] | None:
    """The key pair that the recorded client sent the public half of."""
    for exchange in exchanges:
        for text in re.findall(r"<rsp:Stream [^>]*>([^<]*)<", exchange.request):
            match = re.search(rb'N="PublicKey">([^<]*)<', base64.b64decode(text))
            if match:
                public = base64.b64decode(match[1])
                modulus = int.from_bytes(public[20:], "little")
                factors = FACTOR, modulus // FACTOR
                private = pow(65537, -1, (factors[0] - 1) * (factors[1] - 1))
                numbers = rsa.RSAPrivateNumbers(
                    *factors,
                    private,
                    rsa.rsa_crt_dmp1(private, factors[0]),
                    rsa.rsa_crt_dmq1(private, factors[1]),
                    rsa.rsa_crt_iqmp(*factors),
                    rsa.RSAPublicNumbers(65537, modulus),
                )
                return numbers.private_key(), public
    return None


class Outcome:
    """What replaying a conversation brought."""

    def __init__(self) -> None:
        self.replies: list[Reply | ShellError] = []
        self.messages: collections.Counter[str] = collections.Counter()
        self.trouble = ""
        self.left: list[str] = []
        self.fell_silent = False

    def objects(self) -> list[t.Any]:
        return [item for reply in self.replies if isinstance(reply, Reply) for item in reply.objects]


class CountedPool:
    """Counts the messages that a session decodes."""

    def __init__(self, session: Session, outcome: Outcome) -> None:
        self._next = session._pool.next_event
        self._outcome = outcome
        session._pool.next_event = self  # type: ignore[method-assign]  # a spy, for the number this file is about

    def __call__(self) -> psrpcore.PSRPEvent[t.Any, t.Any] | None:
        event = self._next()
        if event is not None:
            self._outcome.messages[type(event).__name__.removesuffix("Event")] += 1
        return event


def replay_psrp(file: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    recording, outcome = Recording(file, pypsrp_exceptions.WinRMTransportError), Outcome()
    key = recorded_key(recording.exchanges)
    if key is not None:
        monkeypatch.setattr("psrpcore._client.create_keypair", lambda: key)
    while recording.skip_to("Create"):
        carrier = WsmanCarrier({"remote_addr": "windows-host", "auth": "ntlm", "operation_timeout": 1})
        carrier._wsman.transport = PypsrpTransport(recording)
        session = Session(carrier)
        CountedPool(session, outcome)
        try:
            converse(session, recording, outcome, secret=key is not None)
        except Exception as error:
            outcome.trouble = f"{type(error).__name__}: {error}"
    outcome.left = [exchange.action for exchange in recording.exchanges]
    outcome.fell_silent = recording.fell_silent
    return outcome


def converse(session: Session, recording: Recording, outcome: Outcome, *, secret: bool) -> None:
    session.open(10)
    parameters = {"Password": Secret("x")} if secret else {}
    while recording.exchanges and recording.exchanges[0].action != "Create":
        upcoming = [item.action for item in recording.exchanges]
        commands = upcoming[: upcoming.index("Create")] if "Create" in upcoming else upcoming
        if secret and "Command" not in commands and "Send" in commands:
            outcome.replies.append(asked(session, parameters))
        elif ("Command" in commands and "Receive" not in commands[: commands.index("Command")]) or (
            secret and "Command" in commands
        ):
            outcome.replies.append(asked(session, parameters))
            if session.broken:
                break
        elif commands[0] == "Receive":
            overhear(session, outcome)
        elif commands[0] == "Get":
            look(session, outcome)
        else:
            recording.exchanges.pop(0)
            if commands[0] == "Delete":
                break
    with contextlib.suppress(ShellError):
        session.close()


def asked(session: Session, parameters: dict[str, t.Any]) -> Reply | ShellError:
    try:
        return session.invoke(Pipeline((Cmdlet("Get-Anything", **parameters),)), 3)
    except ShellError as error:
        return error


def overhear(session: Session, outcome: Outcome) -> None:
    """Receive and decode what the server answered to something that this client never asks."""
    exchange = t.cast(PypsrpTransport, t.cast(WsmanCarrier, session.carrier)._wsman.transport).recording.exchanges[0]
    pipeline = uuid.UUID(exchange.command) if exchange.of_command else None
    try:
        for data in session.carrier.receive(pipeline, Deadline(1)):
            session._pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline))
    except pypsrp_exceptions.WSManFaultError as error:
        outcome.replies.append(transport_errors.to_error(error, opened=True))
    while session._pool.next_event() is not None:
        pass


def look(session: Session, outcome: Outcome) -> None:
    try:
        t.cast(WsmanCarrier, session.carrier)._wsman.get("http://schemas.microsoft.com/wbem/wsman/1/windows/shell")
    except pypsrp_exceptions.WinRMError as error:
        outcome.replies.append(transport_errors.to_error(error, opened=True))


def files(shared: Path, *patterns: str) -> list[Path]:
    return sorted(file for pattern in patterns for file in (shared / "fixtures" / "wsman").glob(pattern))


PSRP = ("test_psrp_*.yml", "test_client_execute_ps*.yml")
WINRS = ("test_winrs_*.yml", "test_client_execute_cmd*.yml")
SIZES = ("test_wsman_update_envelope_size_*.yml",)
SILENT = {
    # the recorded client stops listening for the server's key; this one goes on until its time is up
    "test_psrp_key_exchange_timeout",
    # a Create and a Delete: the recorded client never runs a command
    "test_winrs_open_already_opened",
}
"""Their end is no recorded answer, but that there is none. They are replayed, and not counted as agreeing."""


def test_every_recording_is_replayed(shared: Path) -> None:
    replayed = [*files(shared, *PSRP), *files(shared, *WINRS), *files(shared, *SIZES)]
    assert replayed and sorted(replayed) == files(shared, "*.yml")


# the recordings that are about an error: what the session makes of it
ENDED_BY_AN_ERROR = {
    "test_psrp_error_failed": ["failed"],
    "test_psrp_is_alive_http_error": ["session_lost"],
    "test_psrp_is_alive_invalid_selectors": ["session_lost"],
    "test_psrp_is_alive_other_wsman_error": ["session_lost"],
    "test_psrp_key_exchange_timeout": ["not_sent"],
    "test_psrp_receive_failure": ["session_lost"],
    "test_psrp_with_jea_configuration": ["language"],
}


def messages_of(file: Path) -> int:
    """The PowerShell Remoting messages that the recorded server sent: fragments that end one."""
    total = 0
    for exchange in Recording(file, OSError).exchanges:
        for text in re.findall(r"<rsp:Stream [^>]*>([^<]*)<", exchange.response):
            data = base64.b64decode(text)
            while data:
                total += bool(data[16] & 2)
                data = data[21 + int.from_bytes(data[17:21], "big") :]
    return total


def test_psrp_conversations(shared: Path, monkeypatch: pytest.MonkeyPatch, record_property: t.Any) -> None:
    outcomes = {}
    recorded = files(shared, *PSRP)
    for file in recorded:
        with monkeypatch.context() as patched:
            outcomes[file.stem] = replay_psrp(file, patched)
    whole = [name for name, outcome in outcomes.items() if not outcome.trouble and not outcome.left]
    decoded, sent = sum(outcome.messages.total() for outcome in outcomes.values()), sum(map(messages_of, recorded))
    to_their_end = [name for name in whole if not outcomes[name].fell_silent]
    agreement = (
        f"{len(to_their_end)} of {len(outcomes)} conversations to their end, {decoded} of {sent} messages decoded"
    )
    record_property("agreement", f"PowerShell Remoting with real Windows: {agreement}")
    assert {name: outcome.trouble or outcome.left for name, outcome in outcomes.items() if name not in whole} == {}
    assert (len(whole), decoded) == (30, sent)
    assert set(whole) - set(to_their_end) == SILENT & outcomes.keys()
    errors_met = {
        name: [reply.kind for reply in outcome.replies if isinstance(reply, ShellError)]
        for name, outcome in outcomes.items()
    }
    assert {name: kinds for name, kinds in errors_met.items() if kinds} == ENDED_BY_AN_ERROR


def test_a_recording_that_begins_with_a_get_comes_to_its_end(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (shared / "fixtures" / "wsman" / "test_psrp_error_failed.yml").open(encoding="utf-8") as stream:
        recorded = yaml.safe_load(stream)
    get = {"request": "<wsa:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</wsa:Action>", "response": "<x/>"}
    file = tmp_path / "begins_with_get.yml"
    file.write_text(yaml.safe_dump({"messages": [get, *recorded["messages"]]}), encoding="utf-8")
    outcome = replay_psrp(file, monkeypatch)
    assert (outcome.trouble, outcome.left) == ("", [])
    assert [reply.kind for reply in outcome.replies if isinstance(reply, ShellError)] == ["failed"]


def reply_of(name: str, shared: Path, monkeypatch: pytest.MonkeyPatch, number: int = 0) -> Reply:
    reply = replay_psrp(shared / "fixtures" / "wsman" / f"{name}.yml", monkeypatch).replies[number]
    assert isinstance(reply, Reply)
    return reply


def test_values_of_many_types(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = reply_of("test_psrp_multiple_commands", shared, monkeypatch).objects
    assert objects[1] == Secret("abc")
    assert objects[2] == "こんにちは - actual_x000A_string\nnewline: \U00010437"
    assert objects[5] == 123
    assert objects[6].type_names[0] == "System.ServiceProcess.ServiceController"
    assert objects[6]["ServicesDependedOn"] == ["RPCSS", "HTTP"]
    assert objects[6]["CanStop"] is True


def test_streams_are_told_apart(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = reply_of("test_psrp_stream_output_invocation", shared, monkeypatch)
    assert reply.objects == ("output stream",)
    assert reply.warnings == ("warning stream",)
    assert [(error.message, error.cmdlet) for error in reply.errors] == [("error stream", "Write-Error")]


def test_a_server_of_protocol_2_1(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its records lack SerializeExtent: psrpcore alone gives up on them."""
    reply = reply_of("test_psrp_run_protocol_version_2.1", shared, monkeypatch)
    assert str(reply.objects[0]) == "error"
    assert reply.objects[1:] == ("message 1", 2, ["3", 3])


def test_a_restricted_endpoint_refuses_scripts(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = replay_psrp(shared / "fixtures" / "wsman" / "test_psrp_with_jea_configuration.yml", monkeypatch)
    setting, refusal = outcome.replies
    assert isinstance(setting, Reply) and setting.objects[0]["Value"] == "true"
    assert isinstance(refusal, ShellError) and (refusal.kind, refusal.error_id) == ("language", "ScriptsNotAllowed")


def test_dates_are_instants(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = reply_of("test_psrp_with_history", shared, monkeypatch, 1).objects[0]
    assert history["StartExecutionTime"].isoformat() == "2018-06-13T23:47:39.677047+00:00"


def replay_winrs(file: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ShellError, bytes, bool]:
    """What the carrier says of a command that is no PowerShell in server mode, what it wrote, and whether it fell silent."""
    recording = Recording(file, winrm_exceptions.WinRMTransportError)
    monkeypatch.setattr("winrm.protocol.Transport", lambda **_options: PywinrmTransport(recording))
    carrier = WinrsCarrier({"remote_addr": "windows-host", "port": 5985, "transport": ["ntlm"]})
    session = Session(carrier)
    with pytest.raises(ShellError) as caught:
        session.open(3)
    noise = carrier._decoder.noise
    session.close()
    return caught.value, noise, recording.fell_silent


ENDED = "the remote powershell.exe ended with exit code"
# what the recorded command shells did: the error's kind, a piece of its message, a piece of what the process wrote
WINRS_OUTCOMES: dict[str, tuple[str, str, str]] = {
    "test_client_execute_cmd": ("session_lost", f"{ENDED} 0: Volume in drive C", "13 Dir(s)"),
    "test_client_execute_cmd_environment": ("session_lost", f"{ENDED} 0: AAA=", 'double_quote=double " quote'),
    "test_winrs_bad_cmd_id": ("session_lost", "no longer knows the session (WS-Management fault 2150858843)", ""),
    "test_winrs_fail_poll_process": ("unsupported", "WS-Management fault 87", ""),
    "test_winrs_no_cmd_shell": ("unsupported", "cannot find the program (WS-Management fault 2147942402)", ""),
    "test_winrs_noprofile": ("session_lost", f"{ENDED} 0: ALLUSERSPROFILE=", "PATHEXT=.COM"),
    "test_winrs_open_already_opened": ("unreachable", "did not open within 3 seconds", ""),
    "test_winrs_operation_timeout": ("session_lost", f"{ENDED} 0: hi hi again.", "hi again"),
    "test_winrs_send": ("session_lost", f"{ENDED} 0: output 1 output 2.", "output 2"),
    "test_winrs_standard": ("session_lost", f"{ENDED} 0: hi.", "hi"),
    "test_winrs_stderr_rc": ("session_lost", f"{ENDED} 1: err out.", "err"),
    "test_winrs_unicode": ("session_lost", f"{ENDED} 0: こんにちは.", "こんにちは"),
}


def test_winrs_conversations(shared: Path, monkeypatch: pytest.MonkeyPatch, record_property: t.Any) -> None:
    """The recorded processes are no PowerShell in server mode: the carrier has to say so, with what they wrote."""
    right, silent = set(), set()
    for file in files(shared, *WINRS):
        with monkeypatch.context() as patched:
            error, noise, fell_silent = replay_winrs(file, patched)
        kind, message, written = WINRS_OUTCOMES[file.stem]
        if error.kind == kind and message in error.message and written in noise.decode("utf-8", "replace"):
            right.add(file.stem)
        if fell_silent:
            silent.add(file.stem)
    agreement = f"{len(right - silent)} of {len(WINRS_OUTCOMES)} conversations to their end"
    record_property("agreement", f"WinRS with real Windows: {agreement}")
    assert right == WINRS_OUTCOMES.keys()
    assert silent == SILENT & WINRS_OUTCOMES.keys()


class Scales(PypsrpTransport):
    """Keeps how large each message was."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording)
        self.sizes: list[int] = []

    def send(self, message: bytes, **options: t.Any) -> bytes:
        self.sizes.append(len(message))
        return super().send(message, **options)


def test_no_message_is_larger_than_the_recorded_servers_take(shared: Path, record_property: t.Any) -> None:
    """They were asked for it. The carrier does not ask, since what it sends is small enough for the smallest."""
    fits = {}
    for file in files(shared, *SIZES):
        carrier = WsmanCarrier({"remote_addr": "windows-host", "auth": "ntlm"})
        scales = Scales(Recording(file, pypsrp_exceptions.WinRMTransportError))
        carrier._wsman.transport = scales
        carrier.send(uuid.uuid4(), bytes(carrier.fragment_size), Deadline(1))
        carrier._wsman.update_max_payload_size()
        assert carrier._wsman.max_envelope_size == 1024 * int(file.stem.rpartition("_")[2])
        fits[file.stem] = 100_000 < scales.sizes[0] <= carrier._wsman.max_envelope_size
    record_property("agreement", f"limits of real Windows: {sum(fits.values())} of {len(fits)} kept to")
    assert len(fits) == 3 and all(fits.values())
