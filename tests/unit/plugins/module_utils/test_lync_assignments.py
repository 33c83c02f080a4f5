# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate is in force and which is staged, and when the next one should take effect."""

from __future__ import annotations

import datetime as dt

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import (
    Assigned,
    find_in_use,
    find_staged,
    read_assignment,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_staging import (
    choose_effective_date,
    is_too_late,
)

NOW = dt.datetime(2026, 8, 1, 12, 0, 30, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def assigned(thumbprint: str, effective: dt.datetime | None = None, previous: str = "") -> Assigned:
    return Assigned("OAuthTokenIssuer", thumbprint, previous, "Global", effective)


@pytest.mark.parametrize(
    ("assignments", "in_use", "staged"),
    [
        ([], "", ""),
        ([assigned("A")], "A", ""),
        ([assigned("A", NOW - DAY)], "A", ""),
        ([assigned("A", NOW)], "A", ""),
        ([assigned("B", NOW + DAY)], "", "B"),
        ([assigned("B", NOW + DAY, "A")], "A", "B"),  # the staged one shown alone
        ([assigned("A", NOW - DAY), assigned("B", NOW + DAY)], "A", "B"),
        ([assigned("B", NOW + DAY, "A"), assigned("A", NOW - DAY)], "A", "B"),
        ([assigned("A", NOW - DAY), assigned("B", NOW - HOUR, "A")], "B", ""),
        ([assigned("A"), assigned("B", NOW - HOUR)], "B", ""),
        ([assigned("")], "", ""),
        ([assigned("", NOW + DAY)], "", ""),
    ],
)
def test_what_is_in_use_and_what_is_staged(assignments: list[Assigned], in_use: str, staged: str) -> None:
    assert find_in_use(assignments, NOW) == in_use
    found = find_staged(assignments, NOW)
    assert (found.thumbprint if found else "") == staged


def test_an_assignment_of_the_results_is_read() -> None:
    fields = {"use": "OAuthTokenIssuer", "thumbprint": "ab cd", "previous_thumbprint": None, "scope": None}
    found = read_assignment({**fields, "effective_date": "2026-08-01T12:00:30Z"})
    assert found == Assigned("OAuthTokenIssuer", "ABCD", "", "", NOW)
    assert read_assignment(fields).effective_date is None


@pytest.mark.parametrize(
    ("end", "chosen"),
    [
        (None, True),
        (NOW + 10 * DAY, True),
        (dt.datetime(2026, 8, 2, 13, tzinfo=dt.UTC), True),
        (dt.datetime(2026, 8, 2, 12, 59, 59, tzinfo=dt.UTC), False),
        (NOW - DAY, False),
    ],
)
def test_the_next_one_takes_effect_in_a_day_unless_the_one_in_use_ends_before(
    end: dt.datetime | None, chosen: bool
) -> None:
    expected = dt.datetime(2026, 8, 2, 13, tzinfo=dt.UTC)
    assert choose_effective_date(NOW, end) == (expected if chosen else None)
    assert DAY <= expected - NOW < DAY + HOUR
    on_the_hour = NOW.replace(minute=0, second=0)
    assert choose_effective_date(on_the_hour, None) == on_the_hour + DAY


@pytest.mark.parametrize(
    ("end", "late"),
    [(None, False), (NOW + DAY, False), (NOW + DAY - HOUR, True), (NOW - DAY, True)],
)
def test_less_than_a_day_before_the_end_is_too_late(end: dt.datetime | None, late: bool) -> None:
    assert is_too_late(NOW, end) is late
