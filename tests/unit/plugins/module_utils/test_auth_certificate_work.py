# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that a decision means, by what was read; and what belongs in the place of the internal transport certificate."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, cast

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import Certificate
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_observation import (
    AuthObservation,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_table import (
    AuthServer,
    AuthState,
    Decision,
    decide,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_work import (
    SUBJECT,
    Displaced,
    choose_maker,
    find_candidate,
    find_displaced,
    find_rest,
    goes_on,
    is_done,
    list_phases,
    list_remaining,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_config import AuthConfig
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import Directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.internal_transport import (
    TransportUse,
    find_internal_transport,
    name_new_certificate,
    read_record,
)

NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
CURRENT, NEXT, MADE, TLS = "C" * 40, "D" * 40, "E" * 40, "F" * 40
DIRECTORY = Directory(cast(Any, None), "")  # steps are made of it, and none is run


def certificate(thumbprint: str, days: float = 1000, begun: float = -100, **more: Any) -> Certificate:
    facts = {
        "subject": SUBJECT,
        "self_signed": True,
        "key_type": "RSA",
        "key_size": 2048,
        "exportable": True,
        "has_private_key": True,
        "not_before": NOW + dt.timedelta(days=begun),
        "not_after": NOW + dt.timedelta(days=days),
        **more,
    }
    return Certificate(thumbprint, **facts)


def observe(
    stores: dict[str, list[Certificate]], friendly: dict[str, str] | None = None, **config: Any
) -> AuthObservation:
    there = AuthConfig(**{"current": CURRENT, **config})
    servers = tuple(AuthServer(host, "", {item.thumbprint: item for item in held}) for host, held in stores.items())
    state = AuthState(NOW, there.current, there.previous, there.next, there.next_effective, servers)
    facts = {
        host: {
            item.thumbprint: {
                "thumbprint": item.thumbprint,
                "friendly_name": (friendly or {}).get(item.thumbprint),
                "private_key_exportable": item.exportable,
                "services": ["SMTP"],
            }
            for item in held
        }
        for host, held in stores.items()
    }
    return AuthObservation(there, state, facts, dict.fromkeys(stores, TLS))


TRANSPORT = certificate(TLS, subject="CN=mail")
OLD = certificate(CURRENT, days=-1, begun=-1800)


def plan(observed: AuthObservation) -> list[list[str]]:
    phases = list_phases(observed, decide(observed.state), DIRECTORY, "")
    return [[str(step).partition(" ")[0] for step in phase] for phase in phases]


def test_a_dead_certificate_is_replaced_in_an_order_that_may_end_anywhere() -> None:
    observed = observe({"ex1": [OLD, TRANSPORT], "ex2": [OLD, TRANSPORT]})
    assert plan(observed) == [
        ["New-ExchangeCertificate", "Enable-ExchangeCertificate"],
        ["Import-ExchangeCertificate"],
        ["Set-AuthConfig"],
        ["Set-AuthConfig"],
    ]
    made = list_phases(observed, decide(observed.state), DIRECTORY, "")[0]
    assert f"'Exchange Auth (SMTP: {TLS})'" in str(made[0])
    assert "-Services 'SMTP' -Force:$true" in str(made[1])


def test_what_a_killed_run_has_made_is_gone_on_with() -> None:
    made, ours = certificate(MADE, days=1826, begun=0), {MADE: name_new_certificate(TLS)}
    assert plan(observe({"ex1": [OLD, TRANSPORT, made], "ex2": [OLD, TRANSPORT]}, ours)) == [
        ["Import-ExchangeCertificate"],
        ["Set-AuthConfig"],
        ["Set-AuthConfig"],
    ]
    staged = observe({"ex1": [OLD, made], "ex2": [OLD]}, next=MADE, next_effective=NOW)
    assert plan(staged) == [["Import-ExchangeCertificate"], ["Set-AuthConfig"]]


@pytest.mark.parametrize(
    ("days", "exportable", "made"),
    [(1800, True, False), (3, True, False), (2, True, True), (1800, False, True)],
)
def test_what_is_staged_is_published_at_once_if_it_lasts_and_every_server_can_have_it(
    days: float, *, exportable: bool, made: bool
) -> None:
    staged = certificate(MADE, days=days, exportable=exportable)
    observed = observe({"ex1": [OLD, staged, TRANSPORT], "ex2": [OLD, TRANSPORT]}, next=MADE, next_effective=NOW)
    names = [name for phase in plan(observed) for name in phase]
    assert ("New-ExchangeCertificate" in names) is made
    assert names[-1] == "Set-AuthConfig"


def test_a_valid_one_is_never_published_at_once() -> None:
    observed = observe({"ex1": [certificate(CURRENT, days=40), TRANSPORT]})
    phases = list_phases(observed, decide(observed.state), DIRECTORY, "")
    assert [[str(step).partition(" ")[0] for step in phase] for phase in phases][-1] == ["Set-AuthConfig"]
    assert "NewCertificateThumbprint" in str(phases[-1][0])
    assert "Force" not in str(phases[-1][0])
    assert not any("PublishCertificate" in str(step) for phase in phases for step in phase)


def test_one_with_hardly_a_day_left_is_replaced_at_once() -> None:
    observed = observe({"ex1": [certificate(CURRENT, days=1), TRANSPORT]})
    assert plan(observed)[-2:] == [["Set-AuthConfig"], ["Set-AuthConfig"]]
    assert decide(observed.state).action == "replace"


def test_the_store_is_named_where_the_session_may_be_with_a_server_that_is_left_out() -> None:
    observed = observe({"ex1": [certificate(CURRENT, days=40), TRANSPORT]})
    for excluded, named in ((("ex2",), True), ((), False)):
        state = replace(observed.state, excluded=excluded)
        staging = list_phases(replace(observed, state=state), decide(state), DIRECTORY, "")[-1][0]
        assert ("-Server 'ex1'" in str(staging)) is named


@pytest.mark.parametrize(
    "unfit",
    [
        certificate(MADE, days=120),
        certificate(MADE, exportable=False),
        certificate(MADE, exportable=None),
        certificate(MADE, subject="CN=mail"),
        certificate(MADE, self_signed=False),
        certificate(MADE, key_size=1024),
        certificate(MADE, key_type="EC"),
        certificate(MADE, begun=-1900),
        certificate(CURRENT),
    ],
)
def test_what_is_not_taken_for_a_new_one(unfit: Certificate) -> None:
    ours = {MADE: name_new_certificate(TLS), CURRENT: name_new_certificate(TLS)}
    assert find_candidate(observe({"ex1": [OLD, unfit]}, ours)) == ""
    assert find_candidate(observe({"ex1": [OLD, certificate(MADE)]}, ours)) == MADE
    assert find_candidate(observe({"ex1": [OLD, certificate(MADE)]}, ours, previous=MADE)) == ""


@pytest.mark.parametrize("name", [None, "Microsoft Exchange Server Auth Certificate"])
def test_what_somebody_else_has_made_is_not_staged(name: str | None) -> None:
    """It may have been withdrawn; what this run has made is known by its not having been there before."""
    theirs = observe({"ex1": [OLD, certificate(MADE), TRANSPORT]}, {MADE: name} if name else {})
    assert find_candidate(theirs) == ""
    assert find_candidate(theirs, {CURRENT, MADE, TLS}) == ""
    assert find_candidate(theirs, {CURRENT, TLS}) == MADE
    assert plan(theirs)[0][0] == "New-ExchangeCertificate"


def displaced(friendly_name: str, *more: Certificate) -> list[Displaced]:
    observed = observe({"ex1": [OLD, certificate(MADE), *more]}, {MADE: friendly_name})
    return find_displaced(AuthObservation(observed.config, observed.state, observed.stores, {"ex1": MADE}))


def test_only_what_is_recorded_and_still_there_is_put_back() -> None:
    record = name_new_certificate(TLS)
    assert len(record) < 64
    assert displaced(record, TRANSPORT) == [Displaced("ex1", MADE, TLS)]
    assert displaced(record) == [Displaced("ex1", MADE)]
    assert displaced(record, certificate(TLS, days=-1)) == [Displaced("ex1", MADE, TLS)]  # mail goes on with it
    assert displaced(record, certificate(TLS, has_private_key=False)) == [Displaced("ex1", MADE)]
    assert displaced("Microsoft Exchange Server Auth Certificate", TRANSPORT) == [Displaced("ex1", MADE)]
    assert find_displaced(observe({"ex1": [OLD, TRANSPORT]})) == []


@pytest.mark.parametrize(
    "name", [None, "", "Exchange Auth", f"x Exchange Auth (SMTP: {TLS})", "Exchange Auth (SMTP: 12)"]
)
def test_names_that_record_nothing(name: str | None) -> None:
    assert read_record(name) == ""


def test_a_repair_comes_first_whatever_else_is_decided() -> None:
    observed = observe({"ex1": [OLD, certificate(MADE), TRANSPORT]}, {MADE: name_new_certificate(TLS)})
    moved = AuthObservation(observed.config, observed.state, observed.stores, {"ex1": MADE})
    for decision in (Decision("none", ""), Decision("stop", "")):
        (phase,) = list_phases(moved, decision, DIRECTORY, "")
        assert str(phase[0]).startswith(f"Enable-ExchangeCertificate -Thumbprint '{TLS}' -Server 'ex1'")


def test_no_certificate_is_made_where_its_place_is_not_known() -> None:
    store = {TLS: {"thumbprint": TLS}}
    assert find_internal_transport("ex1", {"ex1": TLS}, store)["thumbprint"] == TLS
    for transports, said in (
        (None, "not offered Get-TransportService"),
        ({"ex1": ""}, "shows no internal transport certificate of ex1"),
        ({"ex1": MADE}, f"{MADE}, its internal transport certificate, is not in the store of ex1"),
    ):
        with pytest.raises(ShellError, match=said.partition(",")[0]) as refused:
            find_internal_transport("ex1", transports, store)
        assert refused.value.kind == "conflict"
        assert said in refused.value.message


@pytest.mark.parametrize(
    ("sites", "left", "lost"),
    [
        (("IIS://EX1/W3SVC/1",), ["SMTP"], ["IMAP", "IIS"]),
        (("IIS://EX1/W3SVC/2",), ["SMTP"], ["IMAP"]),
        (None, ["IMAP"], ["SMTP"]),
        (("IIS://EX1/W3SVC/1/ROOT",), ["IMAP", "IIS", "SMTP"], []),
        (("IIS://EX1/W3SVC/10",), ["IMAP", "SMTP"], []),
    ],
)
def test_iis_is_asked_back_for_the_front_end_only(sites: Any, left: list[str], lost: list[str]) -> None:
    use = TransportUse("ex1", TLS, ("IMAP", "IIS", "SMTP"), sites)
    assert use.find_lost(left) == lost


def test_a_key_that_no_server_hands_on_is_said_to_be_so() -> None:
    held = certificate(CURRENT, exportable=False)
    observed = observe({"ex1": [held], "ex2": [TRANSPORT]})
    assert plan(observed) == []
    bringing = Decision("import", "", missing={CURRENT: ["ex2"]})
    with pytest.raises(ShellError, match="private key that can be exported"):
        list_phases(observed, bringing, DIRECTORY, "")


def test_where_no_server_hands_on_the_current_one_a_new_one_is_staged_for_all() -> None:
    held = certificate(CURRENT, days=20, exportable=False)
    assert plan(observe({"ex1": [held, TRANSPORT], "ex2": [TRANSPORT]})) == [
        ["New-ExchangeCertificate", "Enable-ExchangeCertificate"],
        ["Import-ExchangeCertificate"],
        ["Set-AuthConfig"],
    ]


def test_where_one_is_made() -> None:
    state = observe({"b.x": [OLD], "a.x": [TRANSPORT], "c.x": [OLD]}).state
    assert choose_maker(state, "") == "b.x"
    assert choose_maker(state, "C.X") == choose_maker(state, "c") == "c.x"
    with pytest.raises(ShellError, match="none of the servers"):
        choose_maker(state, "d")


def test_what_is_left_comes_in_order() -> None:
    observed = observe({"ex1": [OLD]}, previous=NEXT, next=MADE, next_effective=NOW)
    left = list_remaining(observed, published=True)
    assert [text.split()[0] for text in left] == ["Have", "From", "On", "Have"]
    assert f"before 2026-11-28 12:00 UTC, when Exchange begins to sign with {MADE}" in left[0]
    assert list_remaining(observe({"ex1": [OLD]}), published=False) == []


@pytest.mark.parametrize(
    ("first", "following", "same"),
    [
        ("import", "import", True),
        ("import", "stage", False),
        ("import", "stop", False),
        ("stage", "stage", True),
        ("stage", "replace", False),
        ("replace", "publish", True),
        ("publish", "stage", False),
        ("none", "stage", False),
        ("stop", "stage", False),
    ],
)
def test_a_run_does_one_action(first: Any, following: Any, *, same: bool) -> None:
    assert goes_on(Decision(first, ""), Decision(following, "")) is same


def test_a_replacement_is_published_although_a_server_lacks_the_certificate_that_it_replaces() -> None:
    """The table has the current one brought there first. With a day left, that is for nothing, and check mode has not foretold it."""
    dying, made = certificate(CURRENT, days=1.5), certificate(MADE, days=1826, begun=0)
    first = decide(observe({"ex1": [dying, TRANSPORT], "ex2": [TRANSPORT]}).state)
    assert (first.action, first.row) == ("replace", "too_late_to_stage")
    stores = {"ex1": [dying, TRANSPORT, made], "ex2": [TRANSPORT, made]}
    staged = observe(stores, next=MADE, next_effective=NOW)
    following = decide(staged.state)
    assert (following.action, following.row) == ("import", "current_missing")
    rest = find_rest(first, following, staged.state)
    (phase,) = list_phases(staged, rest, DIRECTORY, "")
    assert "-PublishCertificate" in str(phase[0])
    lost = observe({**stores, "ex2": [TRANSPORT]}, next=MADE, next_effective=NOW).state
    later = observe(stores, next=MADE, next_effective=NOW + dt.timedelta(days=2)).state
    for state in (lost, later):  # somebody else has changed it in between
        assert find_rest(first, decide(state), state).action == "none"
    assert find_rest(Decision("stage", ""), following, staged.state).action == "none"


def test_what_auth_config_does_not_show_is_not_done() -> None:
    before = AuthConfig(CURRENT)
    for action, after in (("stage", AuthConfig(CURRENT, next=MADE)), ("publish", AuthConfig(MADE, CURRENT))):
        assert is_done(Decision(cast(Any, action), ""), before, after)
        assert not is_done(Decision(cast(Any, action), ""), before, before)
    assert not is_done(Decision("replace", ""), before, AuthConfig(CURRENT, next=MADE))
    assert is_done(Decision("import", ""), before, before)


def test_what_the_next_run_does_is_said_first() -> None:
    observed = observe({"ex1": [OLD]}, previous=NEXT)
    staging = list_remaining(observed, Decision("stage", "it ends soon"), published=False)
    assert staging[0] == "Run this task again. It is not done yet (stage): it ends soon."
    stopping = list_remaining(observed, Decision("stop", "hybrid", remedy="Say so."), published=False)
    assert stopping[0] == "Run this task again. It will stop: hybrid. Say so."
    assert [text.split()[0] for text in list_remaining(observed, Decision("none", ""), published=False)] == ["Have"]
