# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that decides what becomes of the Exchange Auth certificate, row by row and at each limit."""

from __future__ import annotations

import datetime as dt
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


def certificate(thumbprint: str, days: float) -> Certificate:
    return Certificate(thumbprint, not_after=NOW + dt.timedelta(days=days), has_private_key=True)


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
        (0.5, NONE, "expires_soon", "stage"),
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
        "expired", "expires_soon", "expired_with_next", "current_missing", "next_missing", "due",
    ]  # fmt: skip
