# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a host's sessions, over sessions that are played."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply, ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils import _shells
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import (
    FAREWELL,
    Deadline,
    OutOfTime,
)
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._shells import Shells

READ = Pipeline((Cmdlet("Get-Thing"),))
WRITE = Pipeline((Cmdlet("Set-Thing"),), write=True)
PATIENCE = 9.0


class Carrier:
    delegates = True


class PlayedSession:
    """Answers with its number; goes wrong when told to, at what it is told."""

    opened: list[PlayedSession]
    wrong: list[ShellError]
    at: tuple[str, ...]
    patience = FAREWELL
    offers = ("get-THING", "get-OTHER")
    """What the first session offers, and each after it."""
    clock_offset = None

    def __init__(self, carrier: Any) -> None:
        self.carrier, self.broken, self.closed, self.timed_out = carrier, False, False, False
        self._farewell: Deadline | None = None
        self.asked: list[str] = []
        self.times: list[float] = []
        type(self).opened.append(self)

    def open(self, timeout: float) -> None:
        self._do("open", timeout)
        self.asked.remove("open")

    def _do(self, what: str, timeout: float) -> None:
        assert not self.broken and not self.closed
        self.asked.append(what)
        self.times.append(timeout)
        if what in type(self).at and type(self).wrong:
            self.broken = True
            raise type(self).wrong.pop(0)

    def invoke(self, pipeline: Pipeline, timeout: float) -> Reply:
        self._do(pipeline.subject, timeout)
        offered = self.offers[0 if self is type(self).opened[0] else 1]
        names = {"Get-Module": ["Lync"], "Get-Command": [offered]}.get(pipeline.subject, [str(len(type(self).opened))])
        return Reply(tuple(RemoteObject(properties={"Name": name}) for name in names))

    def invoke_script(self, script: str, parameters: dict[str, Any], timeout: float) -> Reply:
        self._do(script.splitlines()[0], timeout)
        return Reply()

    @property
    def farewell(self) -> Deadline:
        self._farewell = self._farewell or Deadline(type(self).patience)
        return self._farewell

    def close(self) -> None:
        self.closed = True
        with contextlib.suppress(OutOfTime):
            self.times.append(self.farewell.remaining(PATIENCE))


class Route:
    password = user = "x"
    server = "atl"
    load = "session"

    def __init__(self, place: str) -> None:
        self.place, self.key = place, place

    def __str__(self) -> str:
        return f"the way to {self.place}"

    def carrier(self, idle_timeout: float) -> Carrier:
        assert idle_timeout
        return Carrier()


class Access:
    idle_timeout = 9.0

    def __init__(self, exchange: str) -> None:
        self.exchange = exchange

    def route(self, shell: str) -> Route:
        return Route(self.exchange if shell == "exchange" else "machine")


Make = Callable[..., Shells]


@pytest.fixture
def shells(monkeypatch: pytest.MonkeyPatch) -> Make:
    PlayedSession.opened, PlayedSession.wrong, PlayedSession.at = [], [], ("Get-Thing", "Set-Thing")
    monkeypatch.setattr(_shells, "Session", PlayedSession)

    def make(*wrong: str, at: str = "", exchange: str = "endpoint") -> Shells:
        PlayedSession.at = (at,) if at else PlayedSession.at
        PlayedSession.wrong = [ShellError(kind, "it went wrong.") for kind in wrong]
        return Shells(Access(exchange), say=lambda _message: None)  # type: ignore[arg-type] # a played access

    return make


def test_one_session_for_all_pipelines_of_a_place(shells: Make) -> None:
    farm = shells()
    for shell in ("lync", "windows", "lync", "exchange", "exchange"):
        farm.invoke(shell, READ, PATIENCE)
    machine, endpoint = PlayedSession.opened
    assert machine.asked == ["Get-Module", "Import-Module", *["Get-Thing"] * 3]
    assert endpoint.asked == ["Get-Thing"] * 2


def test_a_lost_read_is_repeated_once_on_a_fresh_session(shells: Make) -> None:
    farm = shells("session_lost")
    assert farm.invoke("windows", READ, PATIENCE).objects[0]["Name"] == "2"
    assert [session.closed for session in PlayedSession.opened] == [True, False]


def test_but_not_twice(shells: Make) -> None:
    farm = shells("session_lost", "session_lost")
    with pytest.raises(ShellError) as caught:
        farm.invoke("windows", READ, PATIENCE)
    assert (caught.value.kind, caught.value.shell, caught.value.cmdlet) == ("session_lost", "windows", "Get-Thing")
    assert len(PlayedSession.opened) == 2


@pytest.mark.parametrize("kind", ["session_lost", "unknown_outcome"])
def test_a_lost_write_is_never_repeated(shells: Make, kind: str) -> None:
    farm = shells(kind)
    with pytest.raises(ShellError) as caught:
        farm.invoke("windows", WRITE, PATIENCE)
    assert caught.value.kind == kind
    assert [session.asked for session in PlayedSession.opened] == [["Set-Thing"]]


def test_a_fresh_session_is_set_up_again(shells: Make) -> None:
    farm = shells("session_lost")
    farm.invoke("lync", READ, PATIENCE)
    assert PlayedSession.opened[1].asked == ["Get-Module", "Import-Module", "Get-Thing"]


def test_what_is_offered_is_asked_once(shells: Make) -> None:
    farm = shells()
    assert farm.offered("exchange", ["Get-Thing", "Get-Other"], PATIENCE) == {"Get-Thing"}
    assert farm.offered("exchange", ["Get-Other"], PATIENCE) == set()
    assert PlayedSession.opened[0].asked == ["Get-Command"]


def test_cmdlets_are_imported_when_they_are_first_needed(shells: Make) -> None:
    farm = shells(exchange="machine")
    farm.invoke("exchange", READ, PATIENCE)
    farm.invoke("exchange", READ, PATIENCE)
    assert PlayedSession.opened[0].asked == ["param($Uri, $Credential)", "param($Name)", "Get-Thing", "Get-Thing"]


def test_what_is_offered_is_asked_again_where_the_session_is_lost_meanwhile(shells: Make) -> None:
    farm = shells()
    assert farm.offered("windows", ["Get-Thing"], PATIENCE) == {"Get-Thing"}
    PlayedSession.at, PlayedSession.wrong = ("Get-Command",), [ShellError("session_lost", "it went wrong.")]
    for _turn in range(2):
        assert farm.offered("windows", ["Get-Thing", "Get-Other"], PATIENCE) == {"Get-Other"}
    assert [session.asked for session in PlayedSession.opened] == [["Get-Command"] * 2, ["Get-Command"] * 2]


@pytest.mark.parametrize("pipeline", [READ, WRITE])
@pytest.mark.parametrize(
    ("shell", "at"),
    [
        ("windows", "open"),
        ("lync", "Get-Module"),
        ("lync", "Import-Module"),
        ("exchange", "param($Uri, $Credential)"),
        ("exchange", "param($Name)"),
    ],
)
def test_what_was_not_sent_for_want_of_time_is_said_to_be_so(
    shells: Make, shell: ShellName, at: str, pipeline: Pipeline
) -> None:
    farm = shells("timeout", at=at, exchange="machine")
    with pytest.raises(ShellError) as caught:
        farm.invoke(shell, pipeline, PATIENCE)
    assert (caught.value.kind, caught.value.shell, caught.value.cmdlet) == ("not_sent", shell, pipeline.subject)
    assert "nothing was sent" in caught.value.message
    assert pipeline.subject not in PlayedSession.opened[0].asked
    assert PlayedSession.opened[0].broken


def test_nor_is_anything_sent_when_the_time_is_over(shells: Make) -> None:
    farm = shells()
    farm.invoke("windows", READ, PATIENCE)
    with pytest.raises(ShellError, match="nothing was sent") as caught:
        farm.invoke("windows", WRITE, 0)
    assert caught.value.kind == "not_sent"
    assert PlayedSession.opened[0].asked == ["Get-Thing"]


def test_each_request_has_a_time_of_its_own_and_the_session_stays(shells: Make) -> None:
    farm = shells()
    for timeout in (100, 3, 50):
        farm.invoke("windows", READ, timeout)
    (session,) = PlayedSession.opened
    for given, had in zip((100, 100, 3, 50), session.times, strict=True):
        assert given - 1 < had <= given


def test_a_read_that_takes_too_long_is_not_repeated(shells: Make) -> None:
    farm = shells("timeout")
    with pytest.raises(ShellError) as caught:
        farm.invoke("windows", READ, PATIENCE)
    assert (caught.value.kind, len(PlayedSession.opened)) == ("timeout", 1)


def test_closing_closes_everything_once(shells: Make) -> None:
    farm = shells()
    farm.invoke("windows", READ, PATIENCE)
    farm.invoke("exchange", READ, PATIENCE)
    farm.close()
    assert all(session.closed for session in PlayedSession.opened)
    assert [session.asked for session in PlayedSession.opened] == [["Get-Thing"]] * 2


def test_closing_removes_the_products_session_first_within_the_time_of_a_farewell(shells: Make) -> None:
    farm = shells(exchange="machine")
    farm.invoke("exchange", READ, PATIENCE)
    farm.invoke("windows", READ, PATIENCE)
    farm.close()
    (session,) = PlayedSession.opened
    assert session.asked[-2:] == ["Get-Thing", "Get-PSSession"]
    assert session.closed
    removing, closing = session.times[-2:]
    assert removing < closing <= FAREWELL


def test_a_server_that_is_gone_is_not_waited_for_twice(shells: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlayedSession, "patience", 0.0)
    farm = shells("session_lost", at="Get-PSSession", exchange="machine")
    farm.invoke("exchange", READ, PATIENCE)
    farm.close()
    (session,) = PlayedSession.opened
    assert session.closed
    assert session.times[-1] == _shells.SETUP_FAREWELL  # what came after it had no time of its own


def test_nothing_is_asked_of_a_broken_session_any_more(shells: Make) -> None:
    farm = shells("timeout", exchange="machine")
    with pytest.raises(ShellError):
        farm.invoke("exchange", READ, PATIENCE)
    (session,) = PlayedSession.opened
    assert (session.asked[-1], session.closed) == ("Get-Thing", True)
    farm.close()
    assert len(PlayedSession.opened) == 1


@pytest.mark.parametrize("kind", ["double_hop", "access_denied", "not_offered", "throttled"])
def test_an_error_of_the_set_up_keeps_its_kind_and_ends_the_session(shells: Make, kind: str) -> None:
    farm = shells(kind, at="Get-Module")
    with pytest.raises(ShellError) as caught:
        farm.invoke("lync", WRITE, PATIENCE)
    assert (caught.value.kind, caught.value.message) == (kind, "it went wrong.")
    (session,) = PlayedSession.opened
    assert (session.asked, session.closed) == (["Get-Module"], True)
    farm.invoke("lync", WRITE, PATIENCE)
    assert PlayedSession.opened[1].asked == ["Get-Module", "Import-Module", "Set-Thing"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("authentication", "it went wrong: the way to machine."),
        ("untrusted", "it went wrong: the way to machine."),
        ("throttled", "it went wrong."),
    ],
)
def test_what_the_connection_variables_decide_names_the_way(shells: Make, kind: str, message: str) -> None:
    with pytest.raises(ShellError) as caught:
        shells(kind, at="open").invoke("windows", READ, PATIENCE)
    assert (caught.value.kind, caught.value.message) == (kind, message)


def test_a_reply_says_how_far_the_servers_clock_is_ahead(shells: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlayedSession, "clock_offset", 12.5)
    assert shells().invoke("windows", READ, PATIENCE).clock_offset == 12.5
