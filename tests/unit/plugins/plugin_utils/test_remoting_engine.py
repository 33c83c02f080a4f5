# SPDX-License-Identifier: GPL-3.0-or-later
"""The session against a real PowerShell engine in server mode, in three cultures."""

from __future__ import annotations

import datetime as dt
import decimal
import typing as t
import uuid

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Credential, Secret, Uri
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Session
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.plugin_utils import remoting_peers

TYPED = {
    "Boolean": True,
    "Int32": -1,
    "Int64": -(2**40),
    "UInt64": 2**63,
    "Double": 1234567.891,
    "Decimal": decimal.Decimal("1234567.891"),
    "String": "İı_x0041_\U0001f600\r\n\x00",
    "Byte[]": bytes(range(256)) * 4096,
    "Uri": Uri("https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc"),
    "Guid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "DateTime": dt.datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=dt.UTC),
    "TimeSpan": dt.timedelta(days=1, seconds=30),
    "ArrayList": [1, ["zwei", None], []],
    "Hashtable": {"I": "i", "n": [1.5]},
    "SecureString": Secret("pässword\U0001f600"),
    "PSCredential": Credential("LITWARE\\administrator", Secret("p")),
}
FUNCTIONS = """
function Get-Same { [CmdletBinding()] param($Value) , $Value }
function Get-TypeName { [CmdletBinding()] param($Value) $Value.GetType().Name }
function Set-Typed {
    [CmdletBinding()] param([uri]$Uri, [datetime]$When, [switch]$Force, [int]$Number, [double]$Real, [string[]]$Names)
    '{0}|{1:o}|{2}|{3}|{4}|{5}' -f $Uri.Host, $When.ToUniversalTime(), $Force, $Number, ($Real * 2 -eq 3), ($Names -join '+')
}
"""


@pytest.fixture(scope="module", params=["en_US", "de_DE", "tr_TR"])
def session(request: pytest.FixtureRequest, pwsh: str) -> t.Iterator[Session]:
    opened = Session(remoting_peers.EngineCarrier(pwsh, request.param))
    opened.open(60)
    opened.invoke_script(FUNCTIONS)
    yield opened
    opened.close()


def answer(session: Session, name: str, **parameters: t.Any) -> tuple[t.Any, ...]:
    return session.invoke(Pipeline((Cmdlet(name, **parameters),)), 60).objects


@pytest.mark.parametrize("kind", TYPED)
def test_typed_there_and_back(session: Session, kind: str) -> None:
    assert answer(session, "Get-TypeName", Value=TYPED[kind]) == (kind,)
    assert answer(session, "Get-Same", Value=TYPED[kind]) == (TYPED[kind],)


def test_null(session: Session) -> None:
    assert answer(session, "Get-Same", Value=None) == (None,)


def test_parameters_bind_in_any_culture(session: Session) -> None:
    """A date, a number with a fraction: as text they would be read in the server's regional format."""
    when = dt.datetime(2026, 8, 1, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    parameters = {"Uri": "https://h/", "When": when, "Force": True, "Number": 7, "Real": 1.5, "Names": ["a", "b"]}
    assert answer(session, "Set-Typed", **parameters) == ("h|2026-08-01T10:00:00.0000000Z|True|7|True|a+b",)


@pytest.mark.parametrize(
    ("cmdlet", "kind", "error_id"),
    [
        (Cmdlet("Get-Nothing"), "not_offered", "CommandNotFoundException"),
        (Cmdlet("Set-Typed", Unknown=1), "not_offered", "NamedParameterNotFound,Set-Typed"),
        (Cmdlet("Set-Typed", N=1), "bad_parameter", "AmbiguousParameter,Set-Typed"),
        (Cmdlet("Set-Typed", Number="x"), "bad_parameter", "ParameterArgumentTransformationError,Set-Typed"),
    ],
)
def test_errors_are_the_same_in_every_language(session: Session, cmdlet: Cmdlet, kind: str, error_id: str) -> None:
    with pytest.raises(ShellError) as caught:
        session.invoke(Pipeline((cmdlet,)), 60)
    assert (caught.value.kind, caught.value.error_id) == (kind, error_id)
    assert not session.broken


def test_warnings_and_errors(session: Session) -> None:
    session.invoke_script("function Write-Both { Write-Warning 'w'; Write-Error 'e'; 'o' }")
    reply = session.invoke(Pipeline((Cmdlet("Write-Both"),)), 60)
    assert (reply.objects, reply.warnings, [error.message for error in reply.errors]) == (("o",), ("w",), ["e"])


def test_a_megabyte_both_ways(session: Session) -> None:
    text = "x\U0001f600" * 500_000
    assert answer(session, "Get-Same", Value=text) == (text,)


def test_a_timeout_leaves_nothing_behind(pwsh: str) -> None:
    session = Session(remoting_peers.EngineCarrier(pwsh))
    session.open(60)
    with pytest.raises(ShellError) as caught:
        session.invoke(Pipeline((Cmdlet("Start-Sleep", Seconds=60),)), 1)
    assert caught.value.kind == "timeout"
    assert session.broken
    session.close()


def test_an_engine_that_dies(pwsh: str) -> None:
    session = Session(remoting_peers.EngineCarrier(pwsh))
    session.open(60)
    with pytest.raises(ShellError) as caught:
        session.invoke_script("[Environment]::Exit(3)")
    assert caught.value.kind == "session_lost"
    session.close()
