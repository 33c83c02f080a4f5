# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import ssl

import pytest
import requests
from pypsrp import exceptions as pypsrp
from winrm import exceptions as winrm

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import REMEDIES, ErrorRecord
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import (
    error_records,
    transport_errors,
    wsman_faults,
)
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Unanswered
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.http_adapter import UnsealedAnswer

HERE = Pipeline((Cmdlet("Get-Thing", Identity="one"),))
THERE = Pipeline((Cmdlet("Get-DnsServerResourceRecord", ComputerName="atl-dc-001.litwareinc.com"),))
EXCHANGE = (
    "[Server=EX01,RequestId=2c7b2e1c-3a4b-4f6e-9a6b-0d0c2f6c1d11,TimeStamp=8/1/2026 12:00:00 PM] "
    "[FailureCategory=Cmdlet-{failure}] 1A2B3C4D,Microsoft.Exchange.Management.X.GetThing"
)


def record(error_id: str = "", category: str = "NotSpecified", reason: str = "Exception") -> ErrorRecord:
    # the message would lead astray if it were read
    return ErrorRecord("Zugriff verweigert. not found", error_id, category, reason)


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (record("CommandNotFoundException", "ObjectNotFound", "CommandNotFoundException"), "not_offered"),
        (record("NamedParameterNotFound,Get-Thing", "InvalidArgument", "ParameterBindingException"), "not_offered"),
        (record("Modules_ModuleNotFound,Import-Module", "ResourceUnavailable", "FileNotFoundException"), "not_offered"),
        (record("AmbiguousParameter,Get-Thing"), "bad_parameter"),
        (record("AmbiguousParameterSet,Get-Thing"), "bad_parameter"),
        (record("MissingMandatoryParameter,Get-Thing"), "bad_parameter"),
        (record("MissingArgument,Get-Thing"), "bad_parameter"),
        (record("PositionalParameterNotFound,Get-Thing"), "bad_parameter"),
        (record("ParameterArgumentTransformationError,Get-Thing"), "bad_parameter"),
        (record("ParameterArgumentValidationErrorNullNotAllowed,Get-Thing"), "bad_parameter"),
        (record("CannotConvertArgumentNoMessage,Get-Thing"), "bad_parameter"),
        (record("Other,Get-Thing", reason="ParameterBindingValidationException"), "bad_parameter"),
        (record("ScriptsNotAllowed", "ParserError"), "language"),
        (record("MethodInvocationNotSupportedInConstrainedLanguage"), "language"),
        (record("PathNotFound,Get-Item", "ObjectNotFound", "ItemNotFoundException"), "not_found"),
        (record(EXCHANGE.format(failure="ManagementObjectNotFoundException")), "not_found"),
        (record(EXCHANGE.format(failure="CmdletAccessDeniedException")), "access_denied"),
        (record(EXCHANGE.format(failure="OverBudgetException")), "throttled"),
        (record(EXCHANGE.format(failure="ADObjectAlreadyExistsException")), "conflict"),
        (record(EXCHANGE.format(failure="LocalizedException")), "failed"),
        (record("X", reason="Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"), "not_found"),
        (record("WIN32 9709,Add-DnsServerResourceRecordCName", "NotSpecified", "CimException"), "conflict"),
        (record("WIN32 9711,Add-DnsServerResourceRecordA", "ResourceExists", "CimException"), "conflict"),
        (record("WIN32 9601,Get-DnsServerResourceRecord", "ObjectNotFound", "CimException"), "not_found"),
        (record("WIN32 5,Get-DnsServerZone", "PermissionDenied", "CimException"), "access_denied"),
        (record("X", "ResourceBusy"), "busy"),
        (record("X", "PermissionDenied"), "access_denied"),
        (record("X", "ResourceExists"), "conflict"),
        (record("X", "LimitsExceeded"), "throttled"),
        (record("X", "InvalidOperation", "InvalidOperationException"), "failed"),
        (record(), "failed"),
    ],
)
def test_cmdlet_errors(found: ErrorRecord, kind: str) -> None:
    assert error_records.classify(found, HERE, delegates=True) == kind
    assert kind == "failed" or kind in REMEDIES


@pytest.mark.parametrize(
    ("found", "pipeline", "delegates", "kind"),
    [
        (record(EXCHANGE.format(failure="ADOperationException")), HERE, False, "double_hop"),
        (record(EXCHANGE.format(failure="ADOperationException")), HERE, True, "failed"),
        (record("X", "ResourceUnavailable", "SqlConnectionException"), HERE, False, "double_hop"),
        (record("WIN32 5,Get-DnsServerResourceRecord", "PermissionDenied"), THERE, False, "double_hop"),
        (record("WIN32 5,Get-DnsServerResourceRecord", "PermissionDenied"), THERE, True, "access_denied"),
        (record("WIN32 5,Get-DnsServerResourceRecord", "PermissionDenied"), HERE, False, "access_denied"),
        (record("X", "ObjectNotFound"), THERE, False, "not_found"),
    ],
)
def test_double_hop_rests_on_the_logon(found: ErrorRecord, pipeline: Pipeline, delegates: bool, kind: str) -> None:
    assert error_records.classify(found, pipeline, delegates=delegates) == kind


def test_what_differs_from_call_to_call_is_left_out_of_the_id() -> None:
    error = error_records.to_error(
        record(EXCHANGE.format(failure="ManagementObjectNotFoundException")), HERE, delegates=True
    )
    assert error.error_id == "ManagementObjectNotFoundException,Microsoft.Exchange.Management.X.GetThing"
    assert error_records.stable_id("PathNotFound,Class") == "PathNotFound,Class"


def psrp_fault(code: int | str) -> pypsrp.WSManFaultError:
    return pypsrp.WSManFaultError(code, "host", "Grund", None, None, None)


def refused_by_exchange(failure: str) -> pypsrp.WSManFaultError:
    text = f"[Server=EX01,RequestId=1] [FailureCategory=AuthZ-{failure}] Der Benutzer …"
    return pypsrp.WSManFaultError(2689860592, "EX01", text, None, None, None)


def winrm_fault(code: int | None = None, subcode: str | None = None) -> winrm.WSManFaultError:
    return winrm.WSManFaultError(500, "m", "<secret/>", "Grund", "s:Sender", subcode, code)


NAME = requests.ConnectionError(OSError("x", socket.gaierror(-2, "Name or service not known")))
REFUSED = requests.ConnectionError(OSError("x", ConnectionRefusedError(111, "Connection refused")))
SELF_SIGNED = requests.exceptions.SSLError(OSError("x", ssl.SSLCertVerificationError(1, "self-signed")))


@pytest.mark.parametrize(
    ("error", "kind", "piece"),
    [
        (pypsrp.AuthenticationError("user p@ss"), "authentication", "did not accept the credentials"),
        (winrm.InvalidCredentialsError("x"), "authentication", "did not accept the credentials"),
        (pypsrp.WinRMTransportError("http", 401, "<html>"), "authentication", "HTTP 401"),
        (pypsrp.WinRMTransportError("http", 404, "<html>"), "unsupported", "nothing at this path"),
        (winrm.WinRMTransportError("http", 404, "<html>"), "unsupported", "nothing at this path"),
        (winrm.WinRMTransportError("http", 403, "<html>"), "shell_denied", "HTTP 403"),
        (winrm.WinRMTransportError("http", 413, "<html>"), "too_large", "HTTP 413"),
        (winrm.WinRMTransportError("http", 502, "<html>"), "unreachable", "HTTP 502"),
        (psrp_fault(5), "shell_denied", "WS-Management fault 5"),
        (winrm_fault(5), "shell_denied", "WS-Management fault 5"),
        (psrp_fault(2150859173), "throttled", "quota of shells"),
        (psrp_fault(2150859175), "throttled", "more requests"),
        (psrp_fault(2150859241), "throttled", "quota of operations"),
        (winrm_fault(2147944216), "throttled", "no further process"),
        (psrp_fault(2150859179), "throttled", "quota of shells, users, requests or operations"),
        (psrp_fault("w:QuotaLimit"), "throttled", "quota"),
        (winrm_fault(2150859174), "throttled", "quota of operations"),
        (winrm_fault(None, "w:QuotaLimit"), "throttled", "quota"),
        (winrm_fault(None, "w:AccessDenied"), "shell_denied", "does not allow"),
        (psrp_fault(2150858843), "session_lost", "no longer knows the session"),
        (psrp_fault(4711), "session_lost", "fault 4711: Grund"),
        (refused_by_exchange("CmdletAccessDeniedException"), "shell_denied", "no management role"),
        (refused_by_exchange("AuthorizationException"), "throttled", "no further runspace"),
        (SELF_SIGNED, "untrusted", "not trusted"),
        (requests.exceptions.SSLError("handshake"), "unreachable", "no TLS connection"),
        (NAME, "unreachable", "name cannot be resolved"),
        (REFUSED, "unreachable", "connection refused"),
        (requests.exceptions.ConnectTimeout("x"), "unreachable", "host"),
        (requests.exceptions.ReadTimeout("x"), "unreachable", "read time-out"),
        (requests.exceptions.ProxyError("x"), "unreachable", "proxy"),
        (ValueError("Cannot use message encryption with auth 'basic'."), "unsupported", "message encryption"),
        (winrm.WinRMError("read_timeout_sec must exceed operation_timeout_sec"), "unsupported", "must exceed"),
        (RuntimeError("p@ss"), "session_lost", "an unforeseen RuntimeError"),
    ],
)
def test_transport_errors(error: Exception, kind: str, piece: str) -> None:
    found = transport_errors.to_error(error, opened=False)
    assert (found.kind, piece in found.message) == (kind, True), found.message
    assert kind in REMEDIES and found.remedy
    for leak in ("p@ss", "<html>", "<secret/>", "Traceback"):
        assert leak not in str(found)


def test_after_opening_a_failure_is_a_lost_session() -> None:
    for error in (REFUSED, pypsrp.AuthenticationError("x"), winrm.WinRMTransportError("http", 404, "")):
        assert transport_errors.to_error(error, opened=True).kind == "session_lost"
    assert transport_errors.to_error(psrp_fault(2150859173), opened=True).kind == "throttled"
    assert transport_errors.to_error(pypsrp.WinRMTransportError("http", 413, ""), opened=True).kind == "too_large"


@pytest.mark.parametrize("error", [psrp_fault(2150859174), winrm_fault(2150859174), psrp_fault(2150859241)])
def test_a_session_that_has_used_up_its_operations_is_replaced(error: Exception) -> None:
    """What it was asked had not run, and a fresh one counts from nothing."""
    found = transport_errors.to_error(error, opened=True)
    assert (found.kind, "MaxConcurrentOperationsPerUser" in found.remedy) == ("session_lost", True)
    assert transport_errors.to_error(error, opened=False).kind == "throttled"
    assert was_refused(error)


@pytest.mark.parametrize(
    ("error", "piece"),
    [
        (psrp_fault(2150859175), "PowerShellMaxCmdlets"),
        (winrm_fault(2147944216), "MaxProcessesPerShell"),
        (refused_by_exchange("AuthorizationException"), "PowerShellMaxConcurrency"),
        (refused_by_exchange("CmdletAccessDeniedException"), "RemotePowerShellEnabled"),
        (UnsealedAnswer(413), "ansible_psrp_max_envelope_size"),
    ],
)
def test_what_to_do_about_a_limit(error: Exception, piece: str) -> None:
    assert piece in transport_errors.to_error(error, opened=False).remedy


def was_refused(error: Exception, *, sealed: bool = False) -> bool:
    return transport_errors.was_refused(error, sealed=sealed)


def test_silence_is_no_refusal() -> None:
    assert was_refused(psrp_fault(5)) and was_refused(winrm_fault(5))
    assert not was_refused(psrp_fault(wsman_faults.ERROR_WSMAN_OPERATION_TIMEDOUT))
    assert not was_refused(psrp_fault("w:TimedOut"))
    assert not was_refused(winrm_fault(None, "w:TimedOut"))
    assert not was_refused(requests.exceptions.ReadTimeout())
    hidden = Unanswered()
    hidden.__cause__ = psrp_fault(2150858843)
    assert not was_refused(hidden)
    assert transport_errors.to_error(hidden, opened=True).kind == "session_lost"


def test_messages_are_one_masked_line_of_bounded_length() -> None:
    assert escape_line("a\r\n  b\tpw pw2", ["pw", "pw2"], "***") == "a b *** ***"
    assert len(escape_line("x" * 10_000)) == 600


def test_a_lost_logon_is_worth_a_fresh_one() -> None:
    for error in (
        pypsrp.AuthenticationError("x"),
        winrm.InvalidCredentialsError("x"),
        winrm.WinRMTransportError("http", 400, ""),
    ):
        assert transport_errors.lost_its_logon(error)
    assert not transport_errors.lost_its_logon(psrp_fault(2150858843))
    assert not transport_errors.lost_its_logon(REFUSED)
