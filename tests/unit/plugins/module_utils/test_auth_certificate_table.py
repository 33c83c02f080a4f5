# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that decides what becomes of the Exchange Auth certificate, row by row and at each limit."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import Certificate
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_table import (
    TABLE,
    AuthServer,
    AuthState,
    choose_effective_date,
    decide,
)

NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
CURRENT, NEXT = "C" * 40, "D" * 40
NONE = None


def certificate(thumbprint: str, days: float, *, exportable: bool | None = True) -> Certificate:
    ends = NOW + dt.timedelta(days=days)
    return Certificate(thumbprint, not_after=ends, has_private_key=True, exportable=exportable)


def state(current: float | None, following: float | None = None, **more: Any) -> AuthState:
    """Two servers, both with all that there is; days that are None stand for a certificate that is nowhere."""
    held = {name: certificate(name, days) for name, days in ((CURRENT, current), (NEXT, following)) if days is not None}
    facts = {
        "current": CURRENT,
        "next": NEXT if following is not None else "",
        "servers": (AuthServer("ex1", "A", held), AuthServer("ex2", "B", held)),
        **more,
    }
    return AuthState(NOW, **facts)


@pytest.mark.parametrize(
    ("current", "following", "row", "action"),
    [
        (-1, NONE, "expired", "replace"),
        (-0.001, NONE, "expired", "replace"),  # has ended a minute ago
        (NONE, NONE, "expired", "replace"),
        (-1, -1, "expired", "replace"),
        (0.5, NONE, "too_late_to_stage", "replace"),
        (2.9, NONE, "too_late_to_stage", "replace"),
        (2.9, 120.9, "too_late_to_stage", "replace"),
        (2.9, 121, "", "none"),
        (3, NONE, "expires_soon", "stage"),
        (60.9, NONE, "expires_soon", "stage"),
        (61, NONE, "", "none"),
        (60, 120.9, "expires_soon", "stage"),
        (60, 121, "", "none"),
        (61, 10, "", "none"),
        (60, -1, "expires_soon", "stage"),
        (-1, 0.5, "expired_with_next", "replace"),
        (0.5, 121, "expired_with_next", "replace"),
        (NONE, 500, "expired_with_next", "replace"),
        (1, 121, "", "none"),
    ],
)
def test_by_the_days_that_are_left(current: float | None, following: float | None, row: str, action: str) -> None:
    decision = decide(state(current, following))
    assert (decision.row, decision.action) == (row, action)


def lacking(thumbprint: str, current: float, following: float | None = None, **more: Any) -> AuthState:
    """As :func:`state`, with one server that does not have a certificate."""
    whole = state(current, following)
    held = {name: found for name, found in (whole.servers[0].certificates or {}).items() if name != thumbprint}
    servers = (whole.servers[0], AuthServer("ex2", "B", held))
    return AuthState(
        NOW, **{**{key: value for key, value in vars(whole).items() if key != "now"}, "servers": servers, **more}
    )


@pytest.mark.parametrize(
    ("thumbprint", "current", "following", "row"),
    [
        (CURRENT, 500, None, "current_missing"),
        (CURRENT, 30, None, "current_missing"),  # first everybody has it, then a successor is staged
        (NEXT, 500, 700, "next_missing"),
        (NEXT, 30, 100, "next_missing"),
        (CURRENT, 500, 700, "current_missing"),
    ],
)
def test_what_is_missing_is_imported(thumbprint: str, current: float, following: float | None, row: str) -> None:
    decision = decide(lacking(thumbprint, current, following))
    assert (decision.row, decision.action, decision.missing) == (row, "import", {thumbprint: ["ex2"]})


def test_a_store_without_the_private_key_lacks_the_certificate() -> None:
    whole = state(500)
    bare = {CURRENT: Certificate(CURRENT, not_after=NOW + dt.timedelta(days=500), has_private_key=False)}
    without = AuthState(NOW, current=CURRENT, servers=(whole.servers[0], AuthServer("ex2", "B", bare)))
    assert decide(without).missing == {CURRENT: ["ex2"]}
    unknown = {CURRENT: Certificate(CURRENT, not_after=NOW + dt.timedelta(days=500))}
    assert decide(AuthState(NOW, current=CURRENT, servers=(AuthServer("ex2", "B", unknown),))).action == "none"


def test_one_that_is_expired_is_replaced_not_imported() -> None:
    assert decide(lacking(CURRENT, -1)).action == "replace"
    assert decide(lacking(CURRENT, 2)).row == "too_late_to_stage"  # the new one is brought to every server as well


def locked(current: float, following: float | None = None, *, lacks: str, exportable: bool | None = False) -> AuthState:
    """As :func:`lacking`, with a private key of the certificate that is missing that does not leave its server."""
    whole = lacking(lacks, current, following)
    held = dict(whole.servers[0].certificates or {})
    days = current if lacks == CURRENT else following
    assert days is not None
    held[lacks] = certificate(lacks, days, exportable=exportable)
    return replace(whole, servers=(AuthServer("ex1", "A", held), whole.servers[1]))


@pytest.mark.parametrize(
    ("observed", "row", "action"),
    [
        (locked(20, lacks=CURRENT), "expires_soon", "stage"),
        (locked(200, lacks=CURRENT), "current_stuck", "stop"),
        (locked(200, lacks=CURRENT, exportable=None), "current_missing", "import"),  # not known: it is tried
        (locked(200, 700, lacks=CURRENT), "", "none"),  # the staged one gets there instead
        (locked(200, 700, lacks=NEXT), "next_stuck", "stop"),
        (locked(20, 100, lacks=NEXT), "expires_soon", "stage"),
        (locked(20, 700, lacks=NEXT), "next_stuck", "stop"),
        (state(20, next=NEXT), "expires_soon", "stage"),  # the staged one is on no server
        (state(200, next=NEXT), "next_stuck", "stop"),
        (replace(locked(20, 700, lacks=NEXT), next_effective=NOW), "next_stuck", "stop"),
        (replace(locked(200, 700, lacks=CURRENT), next_effective=NOW), "due", "publish"),
    ],
)
def test_what_no_server_can_hand_on_does_not_keep_the_certificate_from_being_renewed(
    observed: AuthState, row: str, action: str
) -> None:
    decision = decide(observed)
    assert (decision.row, decision.action) == (row, action)
    if action != "import":
        assert decision.missing == {}


def test_the_remedies_of_what_is_stuck_are_ways_out() -> None:
    current = decide(locked(200, lacks=CURRENT))
    assert f"ex2 does not have the current certificate {CURRENT}" in current.reason
    assert "O(renew_days) to more days than the 200" in current.remedy
    assert decide(locked(200, lacks=CURRENT), renew_days=201).action == "stage"
    following = decide(locked(200, 700, lacks=NEXT))
    assert f"ex2 does not have the staged certificate {NEXT}" in following.reason
    assert "exchange_auth_config" in following.remedy and "renew_days" not in following.remedy
    assert "ex2 does not have the current one" in decide(locked(200, 700, lacks=CURRENT)).reason


@pytest.mark.parametrize("known", [{"current": CURRENT}, {"current": CURRENT, "next": NEXT, "following": None}])
def test_what_only_excluded_servers_may_have_is_not_taken_for_lost(known: dict[str, Any]) -> None:
    days = 500 if "next" in known else None
    lost = state(days, next=known.get("next", ""), excluded=("ex3",))
    decision = decide(lost, renew_days=2000, continue_in_hybrid=True)
    assert (decision.action, decision.row) == ("stop", "")
    assert f"{known.get('next', CURRENT)}, and these were not asked, since they are excluded: ex3" in decision.reason
    assert "O(exclude)" in decision.remedy
    # it is on a server that was asked: those that are left out do not matter
    assert decide(state(500, 700, excluded=("ex3",))).action == "none"
    assert decide(state(-1, excluded=("ex3",))).action == "replace"


def test_one_that_cannot_be_decoded_has_not_expired() -> None:
    bare = {CURRENT: Certificate(CURRENT, has_private_key=True, exportable=True)}
    one = AuthState(NOW, current=CURRENT, servers=(AuthServer("ex1", "A", bare),))
    assert (decide(one).action, decide(one).row) == ("stop", "")
    assert f"the current certificate {CURRENT} cannot be decoded" in decide(one).reason
    # another server's copy says it
    held = {CURRENT: certificate(CURRENT, 500)}
    assert decide(replace(one, servers=(*one.servers, AuthServer("ex2", "B", held)))).action == "none"


@pytest.mark.parametrize("effective", [dt.timedelta(0), dt.timedelta(hours=-13)])
def test_one_whose_date_has_come_is_published(effective: dt.timedelta) -> None:
    assert decide(state(30, 700, next_effective=NOW + effective)).action == "publish"
    assert decide(state(30, 700, next_effective=NOW + dt.timedelta(minutes=1))).action == "none"
    assert decide(lacking(NEXT, 30, 700, next_effective=NOW + effective)).action == "import"


def test_an_unreachable_server_is_not_one_without_the_certificate() -> None:
    whole = state(-1)
    down = AuthState(NOW, current=CURRENT, servers=(*whole.servers, AuthServer("ex3", "C", None, "no answer")))
    decision = decide(down)
    assert (decision.action, decision.missing) == ("stop", {})
    assert "ex3: no answer" in decision.reason and "O(exclude)" in decision.remedy


@pytest.mark.parametrize("hybrid", [True, None])
def test_hybrid_stops_what_the_cloud_has_to_learn(hybrid: bool | None) -> None:
    for days, wanted in ((-1, "replace"), (30, "stage")):
        decision = decide(state(days, hybrid=hybrid))
        assert (decision.action, decision.wanted) == ("stop", wanted)
        assert "Hybrid Configuration Wizard" in decision.remedy
        assert "UpdateCertificate" not in decision.remedy
        assert decide(state(days, hybrid=hybrid), continue_in_hybrid=True).action == wanted
    assert decide(state(30, 700, hybrid=hybrid, next_effective=NOW)).action == "stop"
    assert decide(lacking(CURRENT, 500, hybrid=hybrid)).action == "import"
    assert decide(state(500, hybrid=hybrid)).action == "none"


def test_the_dedicated_application_is_told_before_the_wizard_runs() -> None:
    remedy = decide(state(30, hybrid=True, dedicated_application=True)).remedy
    assert (
        remedy.index("on_hybrid")
        < remedy.index("-UpdateCertificate")
        < remedy.index("publish it")
        < remedy.index("HCW")
    )


def test_the_days_can_be_chosen() -> None:
    assert decide(state(500), renew_days=2000).action == "stage"
    assert decide(state(500, 1800), renew_days=2000).action == "none"
    assert decide(state(2), renew_days=1).action == "none"
    assert decide(state(1), renew_days=1).action == "replace"


@pytest.mark.parametrize(
    ("left", "ahead"), [(60, 30), (32, 30), (31, 4), (5, 4), (4, 2), (3, 2), (2, None), (0, None), (-1, None)]
)
def test_when_it_takes_effect(left: int, ahead: int | None) -> None:
    chosen = choose_effective_date(NOW + dt.timedelta(minutes=1), left)
    assert chosen == (None if ahead is None else NOW + dt.timedelta(days=ahead, hours=1))
    assert choose_effective_date(NOW, 60) == NOW + dt.timedelta(days=30)


def test_each_row_decides_something() -> None:
    """A row that an earlier one always takes would say nothing."""
    assert [row.name for row in TABLE] == [
        "expired", "too_late_to_stage", "expires_soon", "expired_with_next", "current_missing", "next_missing", "due",
        "next_stuck", "current_stuck",
    ]  # fmt: skip
