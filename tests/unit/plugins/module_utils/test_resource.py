# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb over a server that is played at the helper's JSON border."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, carry_out
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import DomainList, Url
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Property, Resource, Table, ensure
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject

THING = Resource(
    name="thing",
    shell="lync",
    read=Cmdlet("Get-Thing"),
    write=Cmdlet("Set-Thing", Identity="global"),
    table=Table(
        Property("url", "Url", Url()), Property("domains", "Domains", DomainList()), Property("realm", "Realm")
    ),
)


class Server:
    """One thing, behind the helper's interface."""

    def __init__(self, **properties: Any) -> None:
        self.properties: dict[str, Any] = {"Url": None, "Domains": "", "Realm": "", **properties}
        self.writes: list[dict[str, Any]] = []
        self.reads = 0
        self.asked = 0
        self.lose: list[str] = []
        self.refuses: dict[str, str] = {}
        self.meanwhile: dict[str, Any] = {}
        self.deaf, self.is_there, self.ended = False, True, True
        self.shows_after = 0
        self.late: dict[str, Any] = {}
        self.offers = {"Get-Thing", "Set-Thing"}

    def invoke(self, request: str, *, write: bool) -> str:
        pipeline = Pipeline.decoded(json.loads(request)["pipeline"])
        if pipeline.write:
            return self._write(dict(pipeline.cmdlets[0].parameters))
        self.reads += 1
        if self.late and self.reads > self.shows_after:
            self.properties.update(self.late)
        if self.writes and "read back" in self.refuses:
            return self._refused("read back")
        there = (RemoteObject(properties=dict(self.properties)),) if self.is_there else ()
        return json.dumps(Reply(there).encoded())

    def _refused(self, what: str) -> str:
        return json.dumps({"error": ShellError(self.refuses[what], "no.").details()})

    def _write(self, parameters: dict[str, Any]) -> str:
        assert (parameters.pop("ErrorAction"), parameters.pop("Identity")) == ("Stop", "global")
        self.writes.append(parameters)
        self.properties.update(self.meanwhile)
        if "write" in self.refuses:
            return self._refused("write")
        lost = self.lose.pop(0) if self.lose else ""
        if lost == "late":
            self.late = parameters
        elif not self.deaf and lost != "before":
            self.properties.update(parameters)
        if lost:
            error = ShellError("unknown_outcome", "the answer was lost.", ended=self.ended)
            return json.dumps({"error": error.socket_details()})
        return json.dumps(Reply(warnings=("slow",)).encoded())

    def offered(self, request: str) -> str:
        self.asked += 1
        return json.dumps({"names": [name for name in json.loads(request)["names"] if name in self.offers]})


def run(server: Server, *, check: bool = False, patience: float | None = None, **params: Any) -> dict[str, Any]:
    call = Call({"url": None, "domains": None, "realm": None, **params}, check_mode=check, helper=lambda: server)
    return carry_out(lambda call: ensure(call, THING, patience=patience), call)


def test_check_mode_reads_once_and_returns_what_a_real_run_returns() -> None:
    server = Server()
    predicted = run(server, check=True, url="https://a/x", domains=["*.b"])
    assert (server.reads, server.writes) == (1, [])
    real = run(server, url="https://a/x", domains=["*.b"])
    assert real.pop("warnings") == ["Set-Thing: slow"]
    assert predicted == real
    assert real["diff"]["before"] == {"url": None, "domains": [], "realm": None}
    assert real["thing"] == {"url": "https://a/x", "domains": ["*.b"], "realm": None}
    assert real["commands"] == ["Set-Thing -Identity 'global' -Url 'https://a/x' -Domains '*.b'"]


def test_writes_once_with_only_what_differs_and_then_never() -> None:
    server = Server(Url="https://A/x", Realm="r")
    assert run(server, url="https://a:443/x", realm="s")["changed"]
    assert server.writes == [{"Realm": "s"}]
    again = run(server, url="https://a:443/x", realm="s")
    assert (again["changed"], again["commands"], len(server.writes)) == (False, [], 1)


def test_an_empty_string_clears_and_an_omitted_option_leaves_alone() -> None:
    server = Server(Url="https://a/x", Realm="r")
    assert run(server, realm="")["thing"] == {"url": "https://a/x", "domains": [], "realm": None}
    assert server.writes == [{"Realm": None}]


def test_bad_input_is_refused_before_anything_is_written() -> None:
    server = Server()
    result = run(server, url="nowhere")
    assert (result["failed"], result["error"]["kind"], server.writes) == (True, "bad_input", [])
    assert "Set-Thing: url: 'nowhere' is not an absolute" in result["msg"]


def test_what_is_not_offered_is_refused_before_the_first_write_and_foretold_in_check_mode() -> None:
    server = Server()
    server.offers = {"Get-Thing"}
    checked = run(server, check=True, realm="s")
    assert (checked["changed"], len(checked["warnings"])) == (True, 1)
    assert checked["warnings"][0].startswith("A real run would fail: lync management shell: Set-Thing: ")
    refused = run(server, realm="s")
    assert (refused["error"]["kind"], refused["changed"], server.writes) == ("not_offered", False, [])
    assert refused["msg"] == checked["warnings"][0].removeprefix("A real run would fail: ")
    assert (refused["commands"], refused["commands_not_run"]) == ([], checked["commands"])
    asked = server.asked
    assert not run(server, realm="")["changed"]
    assert server.asked == asked  # nothing is to be written, so nobody is asked


def test_what_is_not_there_is_said() -> None:
    server = Server()
    server.is_there = False
    result = run(server, realm="s")
    assert (result["error"]["kind"], result["changed"], server.writes) == ("not_found", False, [])
    assert "Get-Thing: nothing was returned." in result["msg"]


@pytest.mark.parametrize("kind", ["access_denied", "failed", "not_sent"])
def test_a_write_that_is_refused_is_not_sent_again(kind: str) -> None:
    server = Server()
    server.refuses["write"] = kind
    result = run(server, realm="s")
    assert (result["error"]["kind"], result["changed"]) == (kind, False)
    assert (len(server.writes), server.reads) == (1, 1)
    assert result["commands_not_run"] == ["Set-Thing -Identity 'global' -Realm 's'"]


def test_a_write_that_cannot_be_read_back_is_told_all_the_same() -> None:
    server = Server()
    server.refuses["read back"] = "unreachable"
    result = run(server, realm="s")
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "unreachable", True)
    assert result["commands"] == ["Set-Thing -Identity 'global' -Realm 's'"]


def test_a_lost_write_that_cannot_be_read_back_stays_unknown() -> None:
    server = Server()
    server.lose, server.refuses["read back"] = ["after"], "unreachable"
    result = run(server, realm="s")
    assert (result["error"]["kind"], result["changed"]) == ("unknown_outcome", True)
    assert result["commands_unknown"] == ["Set-Thing -Identity 'global' -Realm 's'"]
    assert "Reading it back failed too: no." in result["msg"]


@pytest.mark.parametrize(
    ("lost", "sent", "told"),
    [("after", 1, "read back: it had taken effect."), ("before", 2, "it had not taken effect and is sent again.")],
)
def test_a_write_without_its_answer_is_read_back_and_planned_again(lost: str, sent: int, told: str) -> None:
    server = Server()
    server.lose = [lost]
    result = run(server, realm="s")
    assert (result["changed"], result["thing"]["realm"], len(server.writes)) == (True, "s", sent)
    assert result["warnings"][0].endswith(told)


@pytest.mark.parametrize(("lost", "patience"), [("after", None), ("late", 30.0)])
def test_a_write_that_may_still_run_is_a_success_once_it_shows(
    lost: str, patience: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    server = Server()
    server.lose, server.ended, server.shows_after = [lost], False, 3
    result = run(server, realm="s", patience=patience)
    assert (result["changed"], result["thing"]["realm"], len(server.writes)) == (True, "s", 1)


@pytest.mark.parametrize("patience", [None, 0.5])
def test_a_write_that_may_still_run_is_never_sent_again(patience: float | None) -> None:
    server = Server()
    server.lose, server.ended = ["before"], False
    result = run(server, realm="s", patience=patience)
    assert (result["error"]["kind"], result["changed"], len(server.writes)) == ("unknown_outcome", True, 1)
    assert "it may still be running, so it was not sent again." in result["msg"]
    assert "Wait until the server has finished" in result["msg"]
    assert result["commands_unknown"] == ["Set-Thing -Identity 'global' -Realm 's'"]


@pytest.mark.parametrize("lost", ["unknown_outcome", "session_lost"])
def test_a_replicated_write_has_its_time_to_show_however_its_answer_was_lost(
    lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another administrator, or a gateway's repetition, has done shows as late as what this task did."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    server = Server()
    server.late, server.shows_after = {"Realm": "s"}, 4
    error = ShellError(lost, "no.", ended=True)

    def lose(_parameters: dict[str, Any]) -> str:
        server.writes.append({})
        return json.dumps({"error": error.socket_details()})

    monkeypatch.setattr(server, "_write", lose)
    result = run(server, realm="s", patience=30.0)
    assert (result["thing"]["realm"], len(server.writes)) == ("s", 1)


def test_a_write_that_does_not_take_effect_is_a_failure() -> None:
    server = Server()
    server.deaf = True
    result = run(server, realm="s")
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "not_effective", True)
    assert result["commands"] == ["Set-Thing -Identity 'global' -Realm 's'"]


def test_a_write_lost_twice_says_that_it_may_have_run() -> None:
    server = Server()
    server.lose = ["before", "before"]
    result = run(server, realm="s")
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "unknown_outcome")
    assert result["commands_unknown"] == ["Set-Thing -Identity 'global' -Realm 's'"]
    assert result["commands"] == result["commands_not_run"] == []


@pytest.mark.parametrize("kind", ["conflict", "not_found"])
def test_a_refused_write_that_somebody_else_has_made_needless_is_no_failure(kind: str) -> None:
    server = Server()
    server.refuses["write"], server.meanwhile = kind, {"Realm": "s"}
    result = run(server, realm="s")
    assert (result.get("failed"), result["changed"], result["commands"]) == (None, False, [])
    assert result["thing"]["realm"] == "s"
    assert result["warnings"] == [
        "Set-Thing was refused (no.), but what it was to do is done: somebody else did it in the meantime."
    ]


@pytest.mark.parametrize("kind", ["conflict", "not_found"])
@pytest.mark.parametrize("meanwhile", [{}, {"Realm": "t"}])
def test_a_refused_write_that_is_still_to_do_fails_and_is_not_sent_again(kind: str, meanwhile: dict[str, Any]) -> None:
    server = Server()
    server.refuses["write"], server.meanwhile = kind, meanwhile
    result = run(server, realm="s")
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, kind, False)
    assert (len(server.writes), server.reads) == (1, 2)
    assert result["commands_not_run"] == ["Set-Thing -Identity 'global' -Realm 's'"]


def test_a_refused_write_that_cannot_be_read_back_says_both() -> None:
    server = Server()
    server.refuses |= {"write": "conflict", "read back": "unreachable"}
    result = run(server, realm="s")
    assert (result["error"]["kind"], result["changed"]) == ("conflict", False)
    assert "Set-Thing: no. Read back after that: no." in result["msg"]
