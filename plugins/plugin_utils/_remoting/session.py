# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PowerShell Remoting session: pipelines in, typed replies out, over any carrier."""

from __future__ import annotations

import contextlib
import typing as t
import uuid
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils import _libraries as libraries
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ErrorRecord, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import MASK, Value
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import (
    clixml_values,
    error_records,
    library_logs,
    psrpcore_gaps,
    transport_errors,
)
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import (
    Carrier,
    Deadline,
    OutOfTime,
)
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.guarded import ps, psrpcore
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.kerberos_errors import tell_clock
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.soap import NotSoap

_ENDED = (ps.PSInvocationState.Completed, ps.PSInvocationState.Failed, ps.PSInvocationState.Stopped)
_FINISHING = 20.0
"""Seconds, at most, for freeing a pipeline that has ended: core's operation time-out."""
_GONE = (ps.RunspacePoolState.Broken, ps.RunspacePoolState.Closed)


@dataclass(frozen=True)
class Limits:
    """What one pipeline may bring: more is a mistake in the question, and would fill the controller's memory.

    The figures keep the helper process below 200 MiB whatever a server sends; the tests measure it.
    """

    objects: int = 50_000
    values: int = 300_000
    characters: int = 12 * 1024 * 1024
    bytes: int = 64 * 1024 * 1024


@dataclass
class _Gathered:
    """What a running pipeline has brought so far."""

    limits: Limits
    secrets: set[str]
    deadline: Deadline
    objects: list[Value] = field(default_factory=list)
    errors: list[ErrorRecord] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    received: int = 0

    def __post_init__(self) -> None:
        self._budget = clixml_values.Budget(self.limits.values, self.limits.characters, self.deadline.last_moment)
        self._decoder = clixml_values.Decoder(self._budget)

    def take(self, event: psrpcore.PSRPEvent[t.Any, t.Any]) -> None:
        """Keep output, errors and warnings; progress, verbose, debug and information records are let go.

        :raises ShellError: for an object that cannot be made out, and when there are too many.
        """
        try:
            self._take(event)
        except (ShellError, OutOfTime):
            raise
        # asking again would bring the same object again, so this must not look like a lost session
        except Exception as error:
            raise ShellError(
                "failed", f"an object of the server cannot be decoded ({type(error).__name__})."
            ) from error
        self._check(len(self.objects) + len(self.errors) + len(self.warnings), self.limits.objects, "objects")

    def _take(self, event: psrpcore.PSRPEvent[t.Any, t.Any]) -> None:
        if isinstance(event, psrpcore.PipelineOutputEvent):
            self.objects.append(self._decoder.decode(event.data))
        elif isinstance(event, psrpcore.ErrorRecordEvent):
            self.errors.append(self.record(event.record))
        elif isinstance(event, psrpcore.WarningRecordEvent):
            self.warnings.append(self.line(str(event.record.Message)))

    def count(self, received: int) -> None:
        """Count what came over the wire."""
        self.received += received
        self._check(self.received, self.limits.bytes, "bytes")

    def line(self, text: str) -> str:
        """A server's message without line ends and without the secrets that it was given."""
        shown = escape_line(text, self.secrets, MASK)
        self._budget.spend(shown)
        return shown

    def record(self, record: ps.ErrorRecord) -> ErrorRecord:
        """A PowerShell error record, with what is not localised of it.

        :raises ShellError: for one that cannot be made out.
        """
        try:
            return self._to_record(record)
        except (AttributeError, TypeError, ValueError) as error:
            message = f"an error record of the server cannot be decoded ({type(error).__name__})."
            raise ShellError("failed", message) from error

    def _to_record(self, record: ps.ErrorRecord) -> ErrorRecord:
        category = record.CategoryInfo
        return ErrorRecord(
            message=self.line(str(record) if record.Exception is not None else str(record.FullyQualifiedErrorId)),
            error_id=self.line(str(record.FullyQualifiedErrorId or "")),
            category=category.Category.name,
            reason=self.line(str(category.Reason or "")),
            target=self.line(str(category.TargetName or "")),
            cmdlet=self.line(str(category.Activity or "")),
        )

    def reply(self) -> Reply:
        """What the pipeline gave."""
        return Reply(tuple(self.objects), tuple(self.errors), tuple(self.warnings))

    @staticmethod
    def _check(count: int, limit: int, what: str) -> None:
        if count > limit:
            raise ShellError(
                "failed",
                f"the pipeline brought more than {limit} {what} and was stopped.",
                remedy="Ask for fewer objects.",
            )


class Session:
    """One runspace on a server, for one pipeline at a time.

    :raises ShellError: where psrpcore is missing.
    :ivar broken: nothing more can be asked: an answer may still be in flight that belongs to nobody. An error by which the
        server itself ended a pipeline does not break the session, for that is a whole answer.
    :ivar timed_out: the session broke because an answer did not come in time: what was asked may still run.
    """

    def __init__(self, carrier: Carrier, limits: Limits | None = None) -> None:
        libraries.require(libraries.PSRPCORE)
        library_logs.quieten()
        self.carrier = carrier
        self.broken = False
        self.timed_out = False
        self._limits = limits or Limits()
        self._pool = psrpcore_gaps.Pool(runspace_pool_id=carrier.pool_id)
        self._sent: uuid.UUID | None = None
        self._taken: uuid.UUID | None = None
        self._has_key = False
        self._farewell: Deadline | None = None

    @property
    def farewell(self) -> Deadline:
        """The time for saying goodbye, stopping and closing together, which begins when it is first asked for."""
        self._farewell = self._farewell or Deadline.for_farewell()
        return self._farewell

    def open(self, timeout: float | None = None) -> None:
        """Open the runspace.

        :raises ShellError: for whatever keeps it from opening; the session is broken then.
        """
        deadline = Deadline(timeout)
        try:
            self._open(_Gathered(self._limits, set(), deadline), deadline)
        except OutOfTime as error:
            self._give_up()
            raise ShellError("unreachable", f"the session did not open within {deadline}.") from error
        # the border of the transports' libraries: transport_errors knows every one of them
        except Exception as error:
            self._give_up()
            found = transport_errors.to_error(error, opened=False, silent=self.carrier.silent)
            raise (tell_clock(found, self.clock_offset) if self.carrier.by_kerberos else found) from error
        except BaseException:
            self.broken = True
            raise

    @property
    def clock_offset(self) -> float | None:
        """By how many seconds the server's clock is ahead of this one's; None where it was not seen."""
        return self.carrier.clock_offset

    def invoke(self, pipeline: Pipeline, timeout: float | None = None) -> Reply:
        """Run ``pipeline`` and wait for its end, at most ``timeout`` seconds.

        :raises ShellError: for the error that ended the pipeline, and for whatever keeps the session from answering. Of kind
            ``unknown_outcome`` for a write whose answer was lost, ``timeout`` for a read that took too long, ``not_sent`` where
            the time was over before, ``session_lost`` where the same read may succeed on a fresh session.
        """
        powershell = self._new_powershell()
        for cmdlet in pipeline.cmdlets:
            powershell.add_command(cmdlet.name)
            self._add_parameters(powershell, cmdlet.name, cmdlet.parameters)
        return self._run(powershell, pipeline, Deadline(timeout))

    def invoke_script(
        self, script: str, parameters: t.Mapping[str, Value] | None = None, timeout: float | None = None
    ) -> Reply:
        """Run a constant script, its data in ``parameters``: for setting a session up, never for what a user gave.

        :raises ShellError: as :meth:`invoke` does.
        """
        powershell = self._new_powershell()
        powershell.add_script(script, use_local_scope=False)
        self._add_parameters(powershell, "", dict(parameters or {}))
        return self._run(powershell, Pipeline(()), Deadline(timeout), dict(parameters or {}))

    def close(self) -> None:
        """Close the remote end, also that of a broken session: what is left there counts against the account's quota.

        :raises ShellError: when the server could not be told; there is nothing more that one could do.
        """
        self.broken = True
        try:
            self.carrier.close(self.farewell)
        except OutOfTime as error:
            raise ShellError("session_lost", "no time was left to tell the server.") from error
        # the border of the transports' libraries, as in open
        except Exception as error:
            raise transport_errors.to_error(error, opened=True) from error

    def _open(self, gathered: _Gathered, deadline: Deadline) -> None:
        self._pool.open()
        self._pool.deadline = deadline.last_moment
        self.carrier.open(b"".join(self._take_fragments()), deadline)
        while self._pool.state != ps.RunspacePoolState.Opened:
            self._check_alive(self._wait_for_event(None, gathered, deadline), gathered)

    def _give_up(self) -> None:
        """Leave nothing behind of a session that did not open; its own error is the one to tell."""
        if self.carrier.silent:
            self._farewell = Deadline(0.0, grace=0.0)  # to a server that has never answered there is nothing to say
        with contextlib.suppress(ShellError):
            self.close()

    # What follows runs one pipeline

    def _new_powershell(self) -> psrpcore.ClientPowerShell:
        if self.broken or self._pool.state != ps.RunspacePoolState.Opened:
            raise ShellError("session_lost", "the session is closed.")
        return psrpcore.ClientPowerShell(self._pool)

    def _add_parameters(self, powershell: psrpcore.ClientPowerShell, cmdlet: str, parameters: dict[str, Value]) -> None:
        for name, value in parameters.items():
            try:
                powershell.add_parameter(name, clixml_values.encode(value))
            except (TypeError, ValueError) as error:
                powershell.close()
                raise ShellError(
                    "bad_parameter", f"the value of -{name} cannot be sent: {type(error).__name__}.", cmdlet=cmdlet
                ) from error

    def _run(
        self,
        powershell: psrpcore.ClientPowerShell,
        pipeline: Pipeline,
        deadline: Deadline,
        data: dict[str, Value] | None = None,
    ) -> Reply:
        given = data if data is not None else [cmdlet.parameters for cmdlet in pipeline.cmdlets]
        gathered = _Gathered(self._limits, clixml_values.list_secrets(given), deadline)
        self._pool.deadline = deadline.last_moment
        try:
            if clixml_values.has_secrets(given):
                self._exchange_key(gathered, deadline)
            state, reason = self._run_to_its_end(powershell, gathered, deadline)
        except OutOfTime as error:
            raise self._give_up_waiting(powershell, pipeline, deadline) from error
        # the border of the transports' libraries, as in open
        except Exception as error:
            raise self._explain_loss(error, powershell, pipeline) from error
        except BaseException:
            self.broken = True
            raise
        self._finish(powershell, deadline)
        if state == ps.PSInvocationState.Completed:
            return gathered.reply()
        raise self._explain_end(state, reason, pipeline)

    def _run_to_its_end(
        self, powershell: psrpcore.ClientPowerShell, gathered: _Gathered, deadline: Deadline
    ) -> tuple[ps.PSInvocationState, ErrorRecord | None]:
        """How the pipeline ended, and the error that ended it."""
        powershell.start()
        self._flush(deadline)
        while True:
            event = self._wait_for_event(powershell.pipeline_id, gathered, deadline)
            self._check_alive(event, gathered)
            if event.pipeline_id == powershell.pipeline_id:
                # Running and Stopping are reported as well; only these three end a pipeline
                if isinstance(event, psrpcore.PipelineStateEvent) and event.state in _ENDED:
                    return event.state, None if event.reason is None else gathered.record(event.reason)
                gathered.take(event)
            if isinstance(event, (psrpcore.PipelineHostCallEvent, psrpcore.RunspacePoolHostCallEvent)):
                self._refuse(event)
            self._flush(deadline)

    def _exchange_key(self, gathered: _Gathered, deadline: Deadline) -> None:
        """Agree on the key for SecureStrings, once in the life of a session (MS-PSRP 3.1.5.4.3 to 5)."""
        if self._has_key:
            return
        self._pool.exchange_key()
        self._flush(deadline)
        while not self._has_key:
            self._check_alive(self._wait_for_event(None, gathered, deadline), gathered)

    def _wait_for_event(
        self, pipeline: uuid.UUID | None, gathered: _Gathered, deadline: Deadline
    ) -> psrpcore.PSRPEvent[t.Any, t.Any]:
        while (event := self._decode_event()) is None:
            received = self.carrier.receive(pipeline, deadline)
            if not received and pipeline is not None:
                # over WS-Management the pool has a stream of its own, on which the server may ask for the session's key
                received = self.carrier.receive(None, Deadline(deadline.remaining(1.0)))
            for data in received:
                gathered.count(len(data))
                self._pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline))
        self._has_key = self._has_key or isinstance(event, psrpcore.EncryptedSessionKeyEvent)
        return event

    def _decode_event(self) -> psrpcore.PSRPEvent[t.Any, t.Any] | None:
        try:
            return self._pool.next_event()
        except (ShellError, OutOfTime, NotSoap):
            raise
        # psrpcore lets any exception of its conversions out; asking again would bring the same message again
        except Exception as error:
            raise ShellError(
                "failed", f"a message of the server cannot be decoded ({type(error).__name__})."
            ) from error

    def _flush(self, deadline: Deadline) -> None:
        while (payload := self._pool.data_to_send(self.carrier.fragment_size)) is not None:
            if payload.pipeline_id and payload.pipeline_id != self._sent:
                deadline.check()  # what has no time left is not sent
                self._sent = payload.pipeline_id
                self.carrier.start(payload.pipeline_id, payload.data, deadline)
                self._taken = payload.pipeline_id
            else:
                prompt = payload.stream_type == psrpcore.StreamType.prompt_response
                self.carrier.send(payload.pipeline_id, payload.data, deadline, prompt=prompt)

    def _take_fragments(self) -> t.Iterator[bytes]:
        while (payload := self._pool.data_to_send(self.carrier.fragment_size)) is not None:
            yield payload.data

    def _check_alive(self, event: psrpcore.PSRPEvent[t.Any, t.Any], gathered: _Gathered) -> None:
        if isinstance(event, psrpcore.RunspacePoolStateEvent) and event.state in _GONE:
            reason = f": {gathered.record(event.reason).message}" if event.reason is not None else ""
            raise ShellError("session_lost", f"the server closed the runspace{reason}.")

    def _refuse(self, call: psrpcore.PipelineHostCallEvent | psrpcore.RunspacePoolHostCallEvent) -> None:
        """Answer a prompt with an error, as a host without a user does; nobody waits for an answer to the other calls."""
        if call.ci in self._pool._ci_events:
            message = "There is nobody to answer a prompt."
            record = ps.ErrorRecord(
                Exception=ps.NETException(message),
                CategoryInfo=ps.ErrorCategoryInfo(),
                FullyQualifiedErrorId="HostFunctionNotImplemented",
            )
            self._pool.host_response(call.ci, error_record=record)

    # What follows ends one

    def _finish(self, powershell: psrpcore.ClientPowerShell, deadline: Deadline) -> None:
        powershell.close()
        try:
            self.carrier.finish(powershell.pipeline_id, self._allow(deadline))
        # the answer is whole and stands; the next pipeline takes a fresh session
        except Exception:
            self.broken = True

    def _allow(self, deadline: Deadline) -> Deadline:
        """What is left of the time, or that of a farewell."""
        try:
            return Deadline(deadline.remaining(_FINISHING))
        except OutOfTime:
            return self.farewell

    def _explain_end(self, state: ps.PSInvocationState, reason: ErrorRecord | None, pipeline: Pipeline) -> ShellError:
        if reason is not None:
            return error_records.to_error(reason, pipeline, delegates=self.carrier.delegates)
        if state == ps.PSInvocationState.Stopped:
            kind = "unknown_outcome" if pipeline.write else "session_lost"
            return ShellError(kind, "the server stopped the pipeline.")
        return ShellError("failed", "the pipeline failed, and the server gave no reason.")

    def _give_up_waiting(
        self, powershell: psrpcore.ClientPowerShell, pipeline: Pipeline, deadline: Deadline
    ) -> ShellError:
        self.timed_out = True
        self._abandon(powershell)
        message = f"no answer within {deadline}."
        if self._sent != powershell.pipeline_id:
            return ShellError("not_sent", f"nothing was sent: {message}")
        return ShellError("unknown_outcome" if pipeline.write else "timeout", message)

    def _explain_loss(self, error: Exception, powershell: psrpcore.ClientPowerShell, pipeline: Pipeline) -> ShellError:
        """What an exception means that came between the pipeline and its answer."""
        sent = self._sent == powershell.pipeline_id
        # a refusal to take the pipeline comes before anything ran; any other failure says nothing about what ran
        refused = self._taken != powershell.pipeline_id and transport_errors.was_refused(
            error, sealed=self.carrier.sealed
        )
        own = isinstance(error, ShellError) and error.kind == "failed"  # a limit of ours: the server still listens
        self._abandon(powershell, stop=own)
        found = transport_errors.to_error(error, opened=True)
        self.timed_out = found.kind == "timeout" or transport_errors.is_silence(error)
        if pipeline.write and sent and not refused:
            return ShellError(
                "unknown_outcome", f"the answer to a write was lost: {found.message}", remedy=found.remedy
            )
        if found.kind == "timeout" and not sent:
            return ShellError("not_sent", f"nothing was sent: {found.message}")
        return found

    def _abandon(self, powershell: psrpcore.ClientPowerShell, *, stop: bool = True) -> None:
        """Leave a pipeline whose end is not known; the server is asked to stop it, if it can still be asked."""
        self.broken = True
        if stop and self._sent == powershell.pipeline_id:
            try:
                self.carrier.stop(powershell.pipeline_id, self.farewell)
            # the session is given up either way
            except Exception:
                return
