# SPDX-License-Identifier: GPL-3.0-or-later
"""Which answers say that a write has not run: those that come before anything runs, and no others."""

from __future__ import annotations

import pytest
import requests
from pypsrp import exceptions as pypsrp
from winrm import exceptions as winrm

from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import transport_errors
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.http_adapter import (
    RefusedByHttpSys,
    UnsealedAnswer,
)


def status(code: int) -> list[Exception]:
    return [pypsrp.WinRMTransportError("http", code, ""), winrm.WinRMTransportError("http", code, "")]


def fault(code: int | str) -> pypsrp.WSManFaultError:
    return pypsrp.WSManFaultError(code, None, None, None, None, None)


@pytest.mark.parametrize("code", [401, 403, 404, 405, 413])
def test_a_server_refuses_by_these(code: int) -> None:
    for error in status(code):
        assert transport_errors.was_refused(error, sealed=False)
        assert not transport_errors.was_refused(error, sealed=True)  # anybody on the way can have written it


@pytest.mark.parametrize("code", [302, 400, 407, 408, 425, 429, 500, 501, 502, 503, 504])
def test_and_by_no_others(code: int) -> None:
    """0.1.0 took every status for a refusal, a gateway's 502 and 504 among them."""
    for error in status(code):
        assert not transport_errors.was_refused(error, sealed=False)


def test_http_sys_refuses_by_its_own_503_and_a_logon_by_its_own_error() -> None:
    for error in (RefusedByHttpSys(), pypsrp.AuthenticationError("x"), winrm.InvalidCredentialsError("x")):
        assert transport_errors.was_refused(error, sealed=False)
        assert not transport_errors.was_refused(error, sealed=True)


@pytest.mark.parametrize("sealed", [False, True])
def test_a_fault_refuses_by_its_code_or_subcode(sealed: bool) -> None:
    for code in (5, 2150858843, 2150859173, 2150858811, "w:QuotaLimit", "w:AccessDenied", "a:ActionNotSupported"):
        assert transport_errors.was_refused(fault(code), sealed=sealed), code
    for code in (4711, 995, 1726, 170, 2150858793, 2147942509, "w:TimedOut", "w:InternalError", "w:Concurrency"):
        assert not transport_errors.was_refused(fault(code), sealed=sealed), code


def test_silence_and_what_is_not_sealed_refuse_nothing() -> None:
    for error in (requests.ReadTimeout(), requests.ConnectionError(), UnsealedAnswer(403), OSError(), ValueError()):
        assert not transport_errors.was_refused(error, sealed=False)
