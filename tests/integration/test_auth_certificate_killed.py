# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation of the Exchange Auth certificate is killed after each of its writes in turn; the next run completes it.

At no moment, as the lab has seen it after each cmdlet, is a server without a certificate to sign with, or to hand on mail with.
"""

from __future__ import annotations

from typing import Any

import pytest

from harness import Farm
from killing import kill_after
from test_exchange_auth_certificate import LON1, LON2, NYC, auth, holders, play, task, usable_all_the_time, written

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]

ONE = "exchange_servers[0]"
STAGE = "renew_days: 3000"
STAGING = [
    "New-ExchangeCertificate",
    "Enable-ExchangeCertificate",
    "Import-ExchangeCertificate",
    "Import-ExchangeCertificate",
    "Set-AuthConfig",
]
TASKS: dict[str, dict[str, Any]] = {
    "stage": {"onprem.exchange_lync.exchange_auth_certificate": {"renew_days": 3000}},
    "publish": {"onprem.exchange_lync.exchange_auth_certificate": {}},
    "clear": {"onprem.exchange_lync.exchange_auth_config": {"clear_previous": True}},
}
CONFIG = "onprem.exchange_lync.exchange_auth_config"


@pytest.fixture(scope="module", autouse=True)
def complete(farm: Farm) -> None:
    """Each server has the certificate that is in use; from here on none may be without."""
    assert play(farm, task("complete")).rc == 0
    assert holders(farm, auth(farm)["current"]) == {LON1, LON2, NYC}


def move_on(farm: Farm) -> None:
    """Publish what is staged and forget the previous one, so that a rotation can begin again."""
    farm.lab("clock", "+31")
    run = play(farm, task("published"), task("cleared", "clear_previous: true", CONFIG))
    assert run.rc == 0, run.output


def usable_since(farm: Farm, entry: int) -> bool:
    seen = [moment["usable"]["exchange"] for moment in farm.state()["timeline"] if moment["journal"] > entry]
    return all(moment[name]["signs"] and moment[name]["hands_on"] for moment in seen for name in (LON1, LON2, NYC))


@pytest.mark.parametrize("number", range(1, len(STAGING) + 1), ids=STAGING)
def test_staging_is_killed_after_each_write(farm: Farm, number: int) -> None:
    begun, before = len(farm.journal()), farm.state()["exchange"]["servers"][LON1]["internal_transport"]
    made = len([name for name in farm.state()["certificates"] if name.startswith("made-")])
    current = auth(farm)["current"]
    assert kill_after(farm, [TASKS["stage"]], ONE, number) == number
    assert (farm.state()["exchange"]["servers"][LON1]["internal_transport"] == before) is (number != 1)
    run = play(farm, task("finished", STAGE), task("again", STAGE))
    finished, again = run.step("finished"), run.step("again")
    assert [name for name, _server in written(finished)] == STAGING[number:], finished.msg
    assert (again.failed, again.changed) == (False, False)
    state = farm.state()
    assert state["exchange"]["servers"][LON1]["internal_transport"] == before
    assert (state["exchange"]["auth"]["current"], bool(state["exchange"]["auth"]["next"])) == (current, True)
    assert holders(farm, state["exchange"]["auth"]["next"]) == {LON1, LON2, NYC}
    assert len([name for name in state["certificates"] if name.startswith("made-")]) == made + 1
    move_on(farm)
    assert usable_since(farm, begun)


def test_publishing_and_clearing_are_killed(farm: Farm) -> None:
    begun = len(farm.journal())
    assert play(farm, task("staged", STAGE)).rc == 0
    old, new = auth(farm)["current"], auth(farm)["next"]
    farm.lab("clock", "+31")
    assert kill_after(farm, [TASKS["publish"]], ONE, 1) == 1
    assert (auth(farm)["current"], auth(farm)["previous"]) == (new, old)
    assert kill_after(farm, [TASKS["clear"]], ONE, 1) == 1
    assert auth(farm)["previous"] == ""
    run = play(farm, task("again"), task("cleared", "clear_previous: true", CONFIG))
    assert (run.rc, run.writes) == (0, [])
    assert usable_since(farm, begun)


def test_a_replacement_shortly_before_the_end_is_killed_before_it_is_published(farm: Farm) -> None:
    """With a day left nothing can be staged 48 hours ahead, so what was made and staged is published by the next run.

    By then, years of the farm's clock are over, and the internal transport certificate has expired. It is put back all the same.
    """
    read = play(farm, task("read", more=", check_mode: true")).step("read").result["auth_certificate"]
    farm.lab("clock", f"+{read['current_days_left'] - 1}")
    begun = len(farm.journal())
    checked = play(farm, task("checked", more=", check_mode: true")).step("checked").result
    assert (checked["decision"]["row"], checked["published"]) == ("too_late_to_stage", True)
    assert [line.partition(" ")[0] for line in checked["commands"]] == [*STAGING, "Set-AuthConfig"]
    old, before = auth(farm)["current"], farm.state()["exchange"]["servers"][LON1]["internal_transport"]
    assert kill_after(farm, [TASKS["publish"]], ONE, 1) == 1
    assert farm.state()["exchange"]["servers"][LON1]["internal_transport"] != before
    assert kill_after(farm, [TASKS["publish"]], ONE, len(STAGING) - 1) == len(STAGING) - 1
    assert (auth(farm)["current"], bool(auth(farm)["next"])) == (old, True)
    assert farm.state()["exchange"]["servers"][LON1]["internal_transport"] == before
    run = play(farm, task("finished"), task("again"))
    assert [name for name, _server in written(run.step("finished"))] == ["Set-AuthConfig"]
    assert run.step("finished").result["published"] is True
    assert (run.step("again").changed, auth(farm)["previous"]) == (False, old)
    seen = [moment["usable"]["exchange"] for moment in farm.state()["timeline"] if moment["journal"] > begun]
    assert all(moment[name]["signs"] for moment in seen for name in (LON1, LON2, NYC))
    assert not any(moment[name]["hands_on"] for moment in seen for name in (LON2, NYC))  # it has expired everywhere
    assert not usable_all_the_time(farm, NYC)  # what is looked at here can be seen to fail: it had none at first
