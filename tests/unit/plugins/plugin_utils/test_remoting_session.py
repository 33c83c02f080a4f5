# SPDX-License-Identifier: GPL-3.0-or-later
"""The session against psrpcore's server side in this process."""

from __future__ import annotations

import time
import typing as t
import uuid

import psrpcore
import pytest
from psrpcore import types as ps
from pypsrp.exceptions import WSManFaultError

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ErrorRecord, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Credential, Secret, SecretText, Uri
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Deadline, Unanswered
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Limits, Session
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.plugin_utils.remoting_peers import (
    ServerCarrier,
    error_record,
)

READ = Pipeline((Cmdlet("Get-Thing", Identity="one"),))
WRITE = Pipeline((Cmdlet("Set-Thing", Identity="one"),), write=True)
Answer = t.Callable[[psrpcore.ServerPipeline], None]


def fault(code: int | str) -> WSManFaultError:
    return WSManFaultError(code, None, None, None, None, None)


def echo(pipeline: psrpcore.ServerPipeline) -> None:
    assert isinstance(pipeline.metadata, psrpcore.PowerShell)
    for command in pipeline.metadata.commands:
        for _name, value in command.parameters:
            pipeline.write_output(value)
    pipeline.complete()


def silent(pipeline: psrpcore.ServerPipeline) -> None:
    """Never ends."""


def opened(answer: Answer = echo, limits: Limits | None = None) -> tuple[Session, ServerCarrier]:
    carrier = ServerCarrier(answer)
    session = Session(carrier, limits)
    session.open(5)
    return session, carrier


def failure(session: Session, pipeline: Pipeline, timeout: float | None = 5) -> ShellError:
    with pytest.raises(ShellError) as caught:
        session.invoke(pipeline, timeout)
    return caught.value


def test_values_go_both_ways() -> None:
    session, carrier = opened()
    sent = {"Text": "x" * 1_000_000, "Number": 2**40, "Nested": [1, [None, "\U0001f600"]], "Address": Uri("https://h/")}
    assert session.invoke(Pipeline((Cmdlet("Get-Thing", **sent),)), 10).objects == tuple(sent.values())
    assert len(carrier.finished) == 1
    assert not session.broken


def test_secrets_after_one_key_exchange() -> None:
    session, carrier = opened()
    sent = {"Password": Secret("pä\U0001f600"), "Credential": Credential("u", Secret("p")), "Plain": SecretText("t")}
    assert session.invoke(Pipeline((Cmdlet("Set-Thing", **sent),)), 10).objects == (*list(sent.values())[:2], "t")
    before = carrier.requests
    session.invoke(Pipeline((Cmdlet("Set-Thing", Password=Secret("q")),)), 10)
    assert carrier.requests - before == 1


def test_a_script_with_data() -> None:
    session, carrier = opened()
    assert session.invoke_script("param($Uri) $Uri", {"Uri": Uri("http://h/")}).objects == ("http://h/",)
    command = carrier.commands[0][0]
    assert (command.command_text, command.is_script) == ("param($Uri) $Uri", True)


def test_warnings_and_errors_are_kept_the_rest_is_let_go() -> None:
    def answer(pipeline: psrpcore.ServerPipeline) -> None:
        pipeline.write_warning("two\r\n lines")
        pipeline.write_verbose("v")
        pipeline.write_debug("d")
        pipeline.write_progress("p", 1, "s")
        pipeline.write_information("i", "s")
        pipeline.write_error(
            ps.NETException("no such thing"),
            category_info=ps.ErrorCategoryInfo(
                Category=ps.ErrorCategory.ObjectNotFound, Activity="Get-Thing", Reason="R", TargetName="one"
            ),
            fully_qualified_error_id="Id,Class",
        )
        pipeline.write_output("out")
        pipeline.complete()

    session, _carrier = opened(answer)
    reply = session.invoke(READ, 5)
    assert reply.objects == ("out",)
    assert reply.warnings == ("two lines",)
    assert reply.errors == (ErrorRecord("no such thing", "Id,Class", "ObjectNotFound", "R", "one", "Get-Thing"),)


def fail(record: ps.ErrorRecord) -> Answer:
    def answer(pipeline: psrpcore.ServerPipeline) -> None:
        pipeline.write_output("before")
        pipeline._change_state(ps.PSInvocationState.Failed, error=record)

    return answer


def test_a_terminating_error_leaves_the_session_whole() -> None:
    session, carrier = opened(fail(error_record("gone", "X,Class", "ObjectNotFound")))
    for pipeline in (READ, WRITE):
        error = failure(session, pipeline)
        assert (error.kind, error.message, error.error_id, error.category) == (
            "not_found",
            "gone",
            "X,Class",
            "ObjectNotFound",
        )
    assert not session.broken
    assert len(carrier.finished) == 2


def test_no_secret_comes_back_in_a_message() -> None:
    session, _carrier = opened(fail(error_record('cannot convert "hunter2" here', "Y")))
    for secret in (SecretText("hunter2"), Secret("hunter2"), Credential("u", Secret("hunter2"))):
        assert (
            failure(session, Pipeline((Cmdlet("Set-Thing", Password=secret),))).message
            == 'cannot convert "********" here'
        )


def test_nothing_is_sent_that_cannot_be() -> None:
    session, carrier = opened()
    before = carrier.requests
    error = failure(session, Pipeline((Cmdlet("Set-Thing", When=object()),), write=True))
    assert (error.kind, error.cmdlet) == ("bad_parameter", "Set-Thing")
    assert carrier.requests == before
    assert session.invoke(READ, 5).objects == ("one",)


@pytest.mark.parametrize(("pipeline", "kind"), [(READ, "timeout"), (WRITE, "unknown_outcome")])
def test_a_timeout_stops_the_pipeline_and_breaks_the_session(pipeline: Pipeline, kind: str) -> None:
    session, carrier = opened(silent)
    assert failure(session, pipeline, 0.2).kind == kind
    assert len(carrier.stopped) == 1
    assert session.broken
    assert failure(session, READ).kind == "session_lost"
    session.close()
    assert carrier.closed


def test_a_farewell_without_time_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    session, carrier = opened()
    monkeypatch.setattr(carrier, "close", lambda _deadline: Deadline(0).check())
    with pytest.raises(ShellError, match="no time was left to tell the server"):
        session.close()
    assert session.broken


SECRET = {"Password": Secret("x")}


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(("parameters", "timeout"), [(SECRET, 0.2), (SECRET, 0.0), ({}, 0.0)])
def test_what_was_not_sent_in_time_is_said_to_be_so(
    parameters: dict[str, t.Any], timeout: float, write: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key for a secret is agreed on before anything is sent of the pipeline."""
    session, carrier = opened()

    def wait(_pipeline: uuid.UUID | None, deadline: Deadline) -> list[bytes]:
        time.sleep(deadline.remaining(0.05))
        return []

    monkeypatch.setattr(carrier, "receive", wait)
    error = failure(session, Pipeline((Cmdlet("Set-Thing", **parameters),), write=write), timeout)
    assert (error.kind, error.message) == ("not_sent", f"nothing was sent: no answer within {timeout:g} seconds.")
    assert session.broken
    assert (carrier.commands, carrier.stopped) == ([], [])


@pytest.mark.parametrize("pipeline", [READ, WRITE])
def test_nor_was_it_sent_when_the_server_times_out_before(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    session, carrier = opened()

    def time_out(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise fault(2150858793)

    monkeypatch.setattr(carrier, "send", time_out)
    secret = Pipeline((pipeline.cmdlets[0].with_parameters(**SECRET),), write=pipeline.write)
    assert failure(session, secret).kind == "not_sent"
    assert carrier.commands == []


def test_opening_takes_no_longer_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = ServerCarrier(echo)
    monkeypatch.setattr(carrier, "open", lambda _first, _deadline: None)
    session = Session(carrier)
    with pytest.raises(ShellError, match=r"did not open within 0\.2 seconds"):
        session.open(0.2)
    assert session.broken and carrier.closed


@pytest.mark.parametrize(("pipeline", "kind"), [(READ, "session_lost"), (WRITE, "unknown_outcome")])
def test_a_lost_connection(pipeline: Pipeline, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session, carrier = opened(silent)

    def cut(_pipeline: uuid.UUID | None, _deadline: Deadline) -> list[bytes]:
        raise ConnectionResetError

    monkeypatch.setattr(carrier, "receive", cut)
    assert failure(session, pipeline).kind == kind
    assert session.broken
    assert carrier.stopped == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (fault(2150858843), "session_lost"),
        (fault(2150858793), "unknown_outcome"),
        (fault("w:TimedOut"), "unknown_outcome"),
        (Unanswered(), "unknown_outcome"),
        (OSError(), "unknown_outcome"),
    ],
)
def test_a_write_that_was_not_taken(error: Exception, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in answer to the very request that creates the pipeline says that it did not run; silence says nothing."""
    session, carrier = opened()

    def refuse(_pipeline: uuid.UUID, _first: bytes, _deadline: Deadline) -> None:
        raise error

    monkeypatch.setattr(carrier, "start", refuse)
    assert failure(session, WRITE).kind == kind
    assert session.broken


def test_too_many_objects() -> None:
    def answer(pipeline: psrpcore.ServerPipeline) -> None:
        for number in range(20):
            pipeline.write_output(number)

    session, carrier = opened(answer, Limits(objects=10))
    error = failure(session, READ)
    assert (error.kind, error.message) == ("failed", "the pipeline brought more than 10 objects and was stopped.")
    assert error.remedy == "Ask for fewer objects."
    assert session.broken and carrier.stopped


def test_too_many_bytes() -> None:
    session, _carrier = opened(limits=Limits(bytes=100_000))
    error = failure(session, Pipeline((Cmdlet("Get-Thing", Text="x" * 200_000),), write=True))
    assert error.kind == "unknown_outcome"
    assert "more than 100000 bytes" in error.message


def test_what_cannot_be_decoded_is_no_lost_session(monkeypatch: pytest.MonkeyPatch) -> None:
    session, _carrier = opened()

    def stumble(*_arguments: t.Any) -> t.NoReturn:
        raise KeyError("x")

    monkeypatch.setattr(
        "ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.clixml_values.Decoder.decode", stumble
    )
    error = failure(session, READ)
    assert (error.kind, error.message) == ("failed", "an object of the server cannot be decoded (KeyError).")
    assert session.broken


def test_an_interruption_breaks_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    session, carrier = opened()

    def interrupt(*_arguments: t.Any) -> t.NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(carrier, "receive", interrupt)
    with pytest.raises(KeyboardInterrupt):
        session.invoke(READ, 5)
    assert session.broken


def test_a_failing_farewell_does_not_spoil_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    session, carrier = opened()

    def cut(_pipeline: uuid.UUID, _deadline: Deadline) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(carrier, "finish", cut)
    assert session.invoke(WRITE, 5).objects == ("one",)
    assert session.broken


def test_a_prompt_is_refused() -> None:
    def answer(pipeline: psrpcore.ServerPipeline) -> None:
        pipeline.host_call(ps.HostMethodIdentifier.ReadLine)

    session, carrier = opened(answer)
    failure(session, READ, 0.3)
    assert [event.error.FullyQualifiedErrorId for event in carrier.host_responses] == ["HostFunctionNotImplemented"]


def test_the_server_may_ask_for_the_key() -> None:
    def answer(pipeline: psrpcore.ServerPipeline) -> None:
        def later() -> None:
            pipeline.write_output(ps.PSSecureString("late"))
            pipeline.complete()

        carrier.when_keyed = later
        carrier.server.request_key()

    carrier = ServerCarrier(answer)
    session = Session(carrier)
    session.open(5)
    assert session.invoke(READ, 5).objects == (Secret("late"),)


def test_the_server_closes_the_runspace() -> None:
    def answer(pipeline: psrpcore.ServerPipeline) -> None:
        pipeline.runspace_pool.prepare_message(
            ps.RunspacePoolStateMsg(
                RunspaceState=ps.RunspacePoolState.Broken, ExceptionAsErrorRecord=error_record("recycled", "Z")
            )
        )

    session, _carrier = opened(answer)
    error = failure(session, READ)
    assert (error.kind, error.message) == ("session_lost", "the server closed the runspace: recycled.")
