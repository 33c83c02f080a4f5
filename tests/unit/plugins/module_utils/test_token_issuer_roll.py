# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a roll is, as one host shows it: staged alone or beside the one in use, in force, in the store or not yet."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.token_issuer_roll import judge_roll

NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
OLD, NEW = "A" * 40, "B" * 40
LATER, BEFORE = "2026-11-29T12:00:00Z", "2026-11-27T12:00:00Z"


def assigned(thumbprint: str, previous: str | None = None, effective: str | None = None) -> dict[str, Any]:
    return {
        "use": "OAuthTokenIssuer",
        "thumbprint": thumbprint,
        "previous_thumbprint": previous,
        "effective_date": effective,
    }


def store(*thumbprints: str, key: bool = True) -> list[dict[str, Any]]:
    return [{"thumbprint": each, "has_private_key": key} for each in thumbprints]


@pytest.mark.parametrize("there", [[assigned(NEW, OLD, LATER)], [assigned(OLD), assigned(NEW, None, LATER)]])
def test_while_it_is_staged_the_old_one_signs(there: list[dict[str, Any]]) -> None:
    roll = judge_roll(there, store(OLD, NEW), NOW)
    assert (roll.in_use, roll.staged, roll.newest, roll.previous, roll.signing) == (OLD, NEW, NEW, "", [OLD, NEW])
    assert [LATER in text for text in roll.list_remaining()] == [True, True]
    assert "SharePoint, Office Web Apps Server" in roll.list_remaining()[0]


def test_when_it_is_in_force_the_old_one_is_the_previous_one() -> None:
    roll = judge_roll([assigned(NEW, OLD, BEFORE)], store(NEW), NOW)
    assert (roll.in_use, roll.staged, roll.previous, roll.signing) == (NEW, "", OLD, [NEW])
    assert roll.list_remaining()[0].endswith("Then remove the previous certificate.")
    assert judge_roll([assigned(NEW)], store(NEW), NOW).list_remaining() == []


@pytest.mark.parametrize(("minutes", "in_use"), [(4, OLD), (-1, OLD), (-6, NEW)])
def test_the_old_one_signs_until_the_new_one_does_by_every_clock(minutes: int, in_use: str) -> None:
    effective = (NOW + dt.timedelta(minutes=minutes)).isoformat()
    roll = judge_roll([assigned(NEW, OLD, effective)], store(OLD, NEW), NOW)
    assert (roll.in_use, roll.newest, OLD in roll.signing) == (in_use, NEW, in_use == OLD)


def test_what_a_host_has_not_yet() -> None:
    roll = judge_roll([assigned(OLD)], store(OLD), NOW)
    assert roll.find_flaw(OLD) == ""
    assert "its replica has not brought it yet" in roll.find_flaw(NEW)
    without = judge_roll([assigned(NEW, OLD, LATER)], store(OLD), NOW)
    assert "is not in its store with the private key" in without.find_flaw(NEW)
    assert "is not in its store" in judge_roll([assigned(NEW)], store(NEW, key=False), NOW).find_flaw(NEW)
    other = [{"use": "Default", "thumbprint": NEW, "previous_thumbprint": None, "effective_date": None}]
    assert judge_roll(other, store(NEW), NOW).signing == []
