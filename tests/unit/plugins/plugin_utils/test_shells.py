# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a host's sessions, over sessions that are played."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils import _shells
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._shells import Shells

READ = Pipeline((Cmdlet("Get-Thing"),))
WRITE = Pipeline((Cmdlet("Set-Thing"),), write=True)


class Carrier:
    delegates = True


class PlayedSession:
    """Answers with its number; goes wrong when told to."""

    opened: list[PlayedSession]
    wrong: list[ShellError]

    def __init__(self, carrier: Any) -> None:
        self.carrier, self.broken, self.closed = carrier, False, False
        self.asked: list[str] = []
        type(self).opened.append(self)

    def open(self, timeout: float | None) -> None:
        assert timeout

    def invoke(self, pipeline: Pipeline, timeout: float | None = None) -> Reply:
        self.asked.append(pipeline.subject)
        if pipeline.subject in ("Get-Thing", "Set-Thing") and type(self).wrong:
            self.broken = True
            raise type(self).wrong.pop(0)
        names = {"Get-Module": ["Lync"], "Get-Command": ["get-THING"]}.get(
            pipeline.subject, [str(len(type(self).opened))]
        )
        return Reply(tuple(RemoteObject(properties={"Name": name}) for name in names))

    def invoke_script(self, script: str, parameters: dict[str, Any], timeout: float) -> Reply:
        assert 0 < timeout <= Access.command_timeout
        self.asked.append(script.splitlines()[0])
        return Reply()

    def close(self) -> None:
        self.closed = True


class Route:
    password = user = "x"
    server = "atl"
    load = "session"

    def __init__(self, place: str) -> None:
        self.place, self.key = place, place

    def carrier(self, idle_timeout: float) -> Carrier:
        assert idle_timeout
        return Carrier()


class Access:
    idle_timeout = command_timeout = 9.0

    def __init__(self, exchange: str) -> None:
        self.exchange = exchange

    def route(self, shell: str) -> Route:
        return Route(self.exchange if shell == "exchange" else "machine")


Make = Callable[..., Shells]


@pytest.fixture
def shells(monkeypatch: pytest.MonkeyPatch) -> Make:
    PlayedSession.opened, PlayedSession.wrong = [], []
    monkeypatch.setattr(_shells, "Session", PlayedSession)

    def make(*wrong: str, exchange: str = "endpoint") -> Shells:
        PlayedSession.wrong = [ShellError(kind, "it went wrong.") for kind in wrong]
        return Shells(Access(exchange), say=lambda _message: None)  # type: ignore[arg-type] # a played access

    return make


def test_one_session_for_all_pipelines_of_a_place(shells: Make) -> None:
    farm = shells()
    for shell in ("lync", "windows", "lync", "exchange", "exchange"):
        farm.invoke(shell, READ)
    machine, endpoint = PlayedSession.opened
    assert machine.asked == ["Get-Module", "Import-Module", *["Get-Thing"] * 3]
    assert endpoint.asked == ["Get-Thing"] * 2


def test_a_lost_read_is_repeated_once_on_a_fresh_session(shells: Make) -> None:
    farm = shells("session_lost")
    assert farm.invoke("windows", READ).objects[0]["Name"] == "2"
    assert [session.closed for session in PlayedSession.opened] == [True, False]


def test_but_not_twice(shells: Make) -> None:
    farm = shells("session_lost", "session_lost")
    with pytest.raises(ShellError) as caught:
        farm.invoke("windows", READ)
    assert (caught.value.kind, caught.value.shell, caught.value.cmdlet) == ("session_lost", "windows", "Get-Thing")
    assert len(PlayedSession.opened) == 2


@pytest.mark.parametrize("kind", ["session_lost", "unknown_outcome"])
def test_a_lost_write_is_never_repeated(shells: Make, kind: str) -> None:
    farm = shells(kind)
    with pytest.raises(ShellError) as caught:
        farm.invoke("windows", WRITE)
    assert caught.value.kind == kind
    assert [session.asked for session in PlayedSession.opened] == [["Set-Thing"]]


def test_a_fresh_session_is_set_up_again(shells: Make) -> None:
    farm = shells("session_lost")
    farm.invoke("lync", READ)
    assert PlayedSession.opened[1].asked == ["Get-Module", "Import-Module", "Get-Thing"]


def test_what_is_offered_is_asked_once(shells: Make) -> None:
    farm = shells()
    assert farm.offered("exchange", ["Get-Thing", "Get-Other"]) == {"Get-Thing"}
    assert farm.offered("exchange", ["Get-Other"]) == set()
    assert PlayedSession.opened[0].asked == ["Get-Command"]


def test_cmdlets_are_imported_when_they_are_first_needed(shells: Make) -> None:
    farm = shells(exchange="machine")
    farm.invoke("exchange", READ)
    farm.invoke("exchange", READ)
    assert PlayedSession.opened[0].asked == ["param($Uri, $Credential)", "param($Name)", "Get-Thing", "Get-Thing"]


def test_closing_closes_everything_once(shells: Make) -> None:
    farm = shells()
    farm.invoke("windows", READ)
    farm.invoke("exchange", READ)
    farm.close()
    assert all(session.closed for session in PlayedSession.opened)
