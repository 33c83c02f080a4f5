# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exchange Auth certificate of a hybrid organisation, with a server of 2010, an Edge server, and domain controllers that lag."""

from __future__ import annotations

import pytest

from harness import Farm
from test_exchange_auth_certificate import auth, holders, play, rhythm, task, usable_all_the_time, written

pytestmark = [pytest.mark.scenario("messy"), pytest.mark.connections("documented")]

RED16, RED19, DUB = (f"{name}.corp.woodgrove.net" for name in ("ex16-red-01", "ex19-red-01", "ex19-dub-01"))
RENEW = "renew_days: 2000"


def test_hybrid_stops_and_says_what_comes_in_which_order(farm: Farm) -> None:
    run = play(
        farm, task("checked", RENEW, more=", check_mode: true"), task("stopped", RENEW, more=", ignore_errors: true")
    )
    checked, stopped = run.step("checked"), run.step("stopped")
    assert run.writes == []
    assert (checked.result["decision"]["action"], checked.result["decision"]["wanted"]) == ("stop", "stage")
    assert stopped.result["error"]["kind"] == "conflict"
    order = ["on_hybrid=continue", "-UpdateCertificate", "publish it", "Hybrid Configuration Wizard"]
    places = [stopped.msg.index(text) for text in order]
    assert places == sorted(places), stopped.msg
    assert "stop: the current certificate has" in run.output


def test_a_reader_may_check_and_is_told_that_he_may_not_write(farm: Farm) -> None:
    auditor = {"ansible_user": "auditor@corp.woodgrove.net", "ansible_password": 'read: "only" 100% ø'}
    run = farm.play(
        task("checked", f"{RENEW}, on_hybrid: continue", more=", check_mode: true"),
        hosts="exchange_servers[0]",
        extra_vars=auditor,
    )
    step = run.step("checked")
    assert not step.failed, run.output
    assert any("not offered" in text for text in step.result["warnings"])
    assert step.writes == []


def test_on_the_users_word_it_goes_on_and_says_what_the_cloud_needs(farm: Farm) -> None:
    _checked, applied = rhythm(farm, f"{RENEW}, on_hybrid: continue")
    assert [name for name, _server in written(applied)] == [
        "New-ExchangeCertificate",
        "Enable-ExchangeCertificate",
        "Import-ExchangeCertificate",
        "Import-ExchangeCertificate",
        "Set-AuthConfig",
    ]
    assert holders(farm, auth(farm)["next"]) == {RED16, RED19, DUB}
    assert set(applied.result["auth_certificate"]["servers"]) == {RED16, RED19, DUB}
    left = " ".join(applied.result["remaining"])
    assert left.index("-UpdateCertificate") < left.index("Hybrid Configuration Wizard")


def test_it_is_published_and_the_next_one_made_on_the_server_that_is_named(farm: Farm) -> None:
    farm.lab("clock", "+31")
    before = farm.state()["exchange"]["servers"][DUB]["internal_transport"]
    published = play(farm, task("published", "on_hybrid: continue")).step("published")
    assert [name for name, _server in written(published)] == ["Set-AuthConfig"]
    # the server that the session is with is left out: the certificate is looked up in the store of another one
    options = f"{RENEW}, on_hybrid: continue, server: EX19-DUB-01, exclude: [EX16-RED-01]"
    named = play(farm, task("named", options)).step("named")
    assert written(named) == [
        ("New-ExchangeCertificate", DUB),
        ("Enable-ExchangeCertificate", DUB),
        ("Import-ExchangeCertificate", RED19),
        ("Set-AuthConfig", DUB),
    ], named.msg
    assert farm.state()["exchange"]["servers"][DUB]["internal_transport"] == before
    assert usable_all_the_time(farm, RED16, RED19, DUB)
