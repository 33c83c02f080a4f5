# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exchange Auth certificate has a day left, nothing is staged, and one server does not even have it."""

from __future__ import annotations

import pytest

from harness import Farm
from test_exchange_auth_certificate import LON1, LON2, NYC, auth, holders, play, rhythm, task, written

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]


def test_one_run_replaces_it_as_check_mode_has_foretold(farm: Farm) -> None:
    """The old one is not brought to the server any more: it gets the new one with all the others."""
    read = play(farm, task("read", more=", check_mode: true")).step("read").result["auth_certificate"]
    old = auth(farm)["current"]
    assert holders(farm, old) == {LON1, LON2}
    farm.lab("clock", f"+{read['current_days_left'] - 1}")
    checked, applied = rhythm(farm)
    assert checked.result["decision"]["row"] == "too_late_to_stage"
    assert checked.result["published"] is applied.result["published"] is True
    assert [name for name, _server in written(applied)] == [
        line.partition(" ")[0] for line in checked.result["commands"]
    ]
    assert written(applied)[-1] == ("Set-AuthConfig", "")
    there = auth(farm)
    assert (there["previous"], there["next"]) == (old, "")
    assert holders(farm, there["current"]) == {LON1, LON2, NYC}
    assert holders(farm, old) == {LON1, LON2}
