# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to become of the OAuthTokenIssuer certificate, where one is staged, dated, expired, or assigned to one server alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Stage
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils.healthy_farm import (
    EXCHANGE,
    LYNC,
    SECOND,
    HealthyFarm,
    assign,
    show,
)

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def farm(certificate: Any, now: dt.datetime) -> HealthyFarm:
    return HealthyFarm(certificate, now)


def make_issuer(farm: HealthyFarm, serial: int = 99, **more: Any) -> dict[str, Any]:
    return show(farm.make("litware.example", serial=serial, **more), key_provider="csp")


def assign_globally(farm: HealthyFarm, *assigned: dict[str, Any]) -> None:
    """Each front end goes by the global assignments, and has none of its own."""
    for host in (LYNC, SECOND):
        farm.of(host).update(assigned=list(assigned), global_token_issuers=list(assigned))


def stage(farm: HealthyFarm, following: dict[str, Any], at: dt.datetime) -> None:
    """Somebody stages one to follow the one in use, which the product then shows alone."""
    date = at.isoformat()
    assign_globally(farm, assign(following, effective_date=date, previous_thumbprint=farm.issuer["thumbprint"]))


def assign_alone(farm: HealthyFarm, own: dict[str, Any], host: str, *, scope: str | None = "Machine") -> None:
    """One server gets an assignment of its own, which hides the global one there."""
    for each in (LYNC, SECOND):
        shown = assign(farm.issuer) if scope else assign(farm.issuer, scope=None)
        farm.of(each).update(assigned=[shown], global_token_issuers=[shown])
    farm.of(host)["assigned"] = [assign(own, scope=scope)]
    farm.of(host)["store"].append(own)


def judge(farm: HealthyFarm, stage_name: Stage = "before", **description: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """The findings about the token issuer by rule and host, with their severity; and what role certificates has to do."""
    audit = farm.audit(stage_name, **description)
    found = {
        f"{item['rule']}@{item['host']}": item["severity"]
        for item in audit["findings"]
        if item["rule"].startswith("token_issuer")
    }
    return found, audit["work"]["certificates"]


def tell(farm: HealthyFarm, rule: str, **description: Any) -> dict[str, Any]:
    (found,) = (item for item in farm.audit("before", **description)["findings"] if item["rule"] == rule)
    return dict(found)


@pytest.mark.parametrize("minutes", [24 * 60, 4, -1])
def test_one_that_is_staged_and_not_described_is_told_and_taken_back_on_the_users_word(
    farm: HealthyFarm, minutes: int
) -> None:
    other = make_issuer(farm)
    stage(farm, other, farm.now + minutes * MINUTE)
    described = {"oauth_token_issuer_thumbprint": farm.issuer["thumbprint"]}
    for stage_name in ("before", "after"):
        found, work = judge(farm, stage_name, **described)
        assert (found[f"token_issuer_in_use@{LYNC}"], work["needed"]) == ("error", False)
    assert f"{other['thumbprint']} is staged to follow" in tell(farm, "token_issuer_in_use", **described)["evidence"]
    for narrowed in ("", f"@{other['thumbprint']}", f"@{LYNC}"):
        found, work = judge(farm, replace=[f"token_issuer_in_use{narrowed}"], **described)
        assert found == {f"token_issuer_in_use@{LYNC}": "info"}
        assert (work["needed"], work["thumbprint"]) == (True, farm.issuer["thumbprint"])
        assert (work["on_conflict"], work["effective_date"]) == ("replace", None)
    # without a name, any will do
    assert judge(farm) == ({}, judge(farm)[1])
    # and the one that is staged may be the one that is described
    assert judge(farm, oauth_token_issuer_thumbprint=other["thumbprint"])[0] == {}


def test_a_date_that_is_given_holds_also_where_replacing_is_allowed(farm: HealthyFarm) -> None:
    third, date = make_issuer(farm, 7), instant(farm.now + 3 * DAY)
    farm.of(LYNC)["store"].append(third)
    described = {"oauth_token_issuer_thumbprint": third["thumbprint"], "oauth_token_issuer_effective_date": date}
    _found, work = judge(farm, replace=["token_issuer_in_use"], **described)
    assert (work["needed"], work["effective_date"], work["on_conflict"]) == (True, date, "stage")
    other = make_issuer(farm)
    stage(farm, other, farm.now + DAY)
    found, work = judge(farm, **described)
    assert (found[f"token_issuer_in_use@{LYNC}"], work["needed"]) == ("error", False)
    evidence = tell(farm, "token_issuer_in_use", **described)["evidence"]
    assert f"{other['thumbprint']}, which somebody has staged, would be staged no longer" in evidence
    assert "at once" not in evidence
    _found, work = judge(farm, replace=["token_issuer_in_use"], **described)
    assert (work["effective_date"], work["on_conflict"]) == (date, "replace")
    # until then the one in use signs, and Exchange has to know both
    audit = farm.audit("before", replace=["token_issuer_in_use"], **described)
    keys = audit["work"]["partners"]["exchange"]["signing_certificates"]
    assert keys == [farm.issuer["thumbprint"], third["thumbprint"]]


def test_a_date_that_is_past_is_told_before_anything_is_written(farm: HealthyFarm) -> None:
    third = make_issuer(farm, 7)
    past: dict[str, Any] = {"oauth_token_issuer_effective_date": (farm.now - DAY).isoformat()}
    farm.of(LYNC)["store"].append(third)
    found = tell(farm, "token_issuer_date_past", oauth_token_issuer_thumbprint=third["thumbprint"], **past)
    assert "farm_oauth_token_issuer_effective_date" in found["evidence"]
    # of the one that is in use, the date is history
    assert judge(farm, oauth_token_issuer_thumbprint=farm.issuer["thumbprint"], **past)[0] == {}


def test_one_that_has_expired_and_is_gone_from_the_store_needs_no_word(farm: HealthyFarm) -> None:
    third, end = make_issuer(farm, 7), (farm.now - DAY).isoformat()
    assign_globally(farm, assign(farm.issuer, not_after=end))
    farm.of(LYNC)["store"] = [third]
    _found, work = judge(farm, oauth_token_issuer_thumbprint=third["thumbprint"])
    assert (work["needed"], work["on_conflict"], work["effective_date"]) == (True, "stage", None)
    audit = farm.audit("before", oauth_token_issuer_thumbprint=third["thumbprint"])
    assert [(item["after"], item["conflict"]) for item in audit["to_do"] if item["role"] == "certificates"] == [
        (third["thumbprint"], "")
    ]


@pytest.mark.parametrize("scope", ["Machine", None])
def test_the_assignment_of_one_server_is_not_the_global_one(farm: HealthyFarm, scope: str | None) -> None:
    own = make_issuer(farm)
    assign_alone(farm, own, LYNC, scope=scope)
    _found, work = judge(farm, oauth_token_issuer_thumbprint=farm.issuer["thumbprint"])
    assert work["needed"] is False
    found, work = judge(farm, oauth_token_issuer_thumbprint=own["thumbprint"])
    assert (work["needed"], work["thumbprint"]) == (True, own["thumbprint"])
    assert found[f"token_issuer_in_use@{LYNC}"] == "info"  # it is staged to follow the global one


def test_where_the_global_one_was_not_read_nothing_is_made_of_it(farm: HealthyFarm) -> None:
    """A snapshot of an earlier release of a server with its own assignment."""
    own, third = make_issuer(farm), make_issuer(farm, 7)
    assign_alone(farm, own, LYNC)
    del farm.of(LYNC)["global_token_issuers"]
    farm.of(LYNC)["store"].append(third)
    found, work = judge(farm, oauth_token_issuer_thumbprint=third["thumbprint"])
    assert (work["needed"], found[f"token_issuer_scope@{LYNC}"]) == (False, "warning")


@pytest.mark.parametrize("scope", ["Machine", None])
@pytest.mark.parametrize("host", [LYNC, SECOND])
def test_a_server_s_own_assignment_is_taken_back_on_the_users_word(
    farm: HealthyFarm, host: str, scope: str | None
) -> None:
    assign_alone(farm, make_issuer(farm), host, scope=scope)
    for stage_name in ("before", "after"):
        found, work = judge(farm, stage_name)
        assert found == {f"token_issuer_differs@{host}": "error", f"token_issuer_scope@{host}": "warning"}
        assert work["take_back"] == []
    remedy = tell(farm, "token_issuer_differs")["remedy"]
    assert "add token_issuer_scope to farm_replace" in remedy
    for narrowed in ("", f"@{host}"):
        found, work = judge(farm, replace=[f"token_issuer_scope{narrowed}"])
        assert found == {f"token_issuer_scope@{host}": "info"}
        assert (work["needed"], work["take_back"]) == (False, [host])
    assert judge(farm, replace=["token_issuer_scope@another"])[1]["take_back"] == []
    assert judge(farm, leave_out=[host])[1]["take_back"] == []
    # afterwards it is said again, if it is still there
    assert f"token_issuer_differs@{host}" in judge(farm, "after", replace=["token_issuer_scope"])[0]


def test_what_is_wrong_with_a_certificate_that_is_about_to_be_given_up_is_no_problem(farm: HealthyFarm) -> None:
    own = make_issuer(farm, not_before=farm.now - 9 * DAY, not_after=farm.now - DAY)
    assign_alone(farm, own, SECOND)
    assert "expired" in {item["rule"] for item in farm.audit("before")["findings"]}
    audit = farm.audit("before", replace=["token_issuer_scope"])
    assert ("expired" in {item["rule"] for item in audit["findings"]}, audit["ok"]) == (False, True)


def test_it_stays_where_no_global_one_would_follow_it(farm: HealthyFarm) -> None:
    own = make_issuer(farm)
    assign_alone(farm, own, SECOND)
    for host in (LYNC, SECOND):
        farm.of(host)["global_token_issuers"] = []
    farm.of(LYNC)["assigned"] = []
    allowed: dict[str, Any] = {"replace": ["token_issuer_scope"], "oauth_token_issuer_automatic": False}
    assert judge(farm, **allowed)[1]["take_back"] == []
    # one that is assigned in the same run does
    found, work = judge(farm, oauth_token_issuer_thumbprint=farm.issuer["thumbprint"], **allowed)
    assert (found, work["needed"], work["take_back"]) == ({f"token_issuer_scope@{SECOND}": "info"}, True, [SECOND])
    assert farm.audit("before", roles=("partners",), in_play=[EXCHANGE, LYNC, SECOND])["ok"]
