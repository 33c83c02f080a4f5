# SPDX-License-Identifier: GPL-3.0-or-later
"""Both rotation playbooks on a grown farm, from the first run to the last, each run checked before and repeated after."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from harness import ROOT, Farm, Run

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]

AUTH = ROOT / "playbooks" / "rotate_auth_certificate.yml"
ISSUER = ROOT / "playbooks" / "rotate_oauth_token_issuer.yml"
RESTARTS = ["Restart-Service", "Restart-WebAppPool", "Restart-WebAppPool"]
EXCHANGE = [f"ex-{name}.corp.contoso.com" for name in ("lon-01", "lon-02", "nyc-01")]
LYNC = [f"sfb-{name}.corp.contoso.com" for name in ("lon-01", "lon-02", "nyc-01")]


def rotate(farm: Farm, playbook: Any, *arguments: str, **variables: Any) -> Run:
    moment = farm.status()["now"]  # the farm's clock is moved, and the audit judges by the controller's
    run = farm.playbook(playbook, *arguments, extra_vars={"farm_now": moment, **variables})
    assert run.rc == 0, run.output
    return run


def names(run: Run) -> list[str]:
    return [entry["cmdlet"] for entry in run.writes]


def token_issuer(farm: Farm) -> dict[str, Any]:
    found: dict[str, Any] = farm.state()["lync"]["store"]["certificates"]["OAuthTokenIssuer"]
    return found


def known_to_exchange(farm: Farm) -> list[str]:
    applications = farm.state()["exchange"]["partner_applications"]
    return next(list(each["certificates"]) for each in applications if each["certificates"])


def usable_since(farm: Farm, entry: int) -> bool:
    """Whether every Lync server could sign, and Exchange took its signature, whenever a cmdlet had run."""
    seen = [moment["usable"]["lync"] for moment in farm.state()["timeline"] if moment["journal"] > entry]
    return bool(seen) and all(moment[name]["signs"] and moment[name]["taken"] for moment in seen for name in LYNC)


def go_to(farm: Farm, moment: str, minutes: float) -> dict[str, Any]:
    """Go to some minutes after a moment and ask for the previous certificate to be removed, which has to stay; what the host shows."""
    there = dt.datetime.fromisoformat(moment) + dt.timedelta(minutes=minutes)
    ahead = there - dt.datetime.fromisoformat(farm.status()["now"])
    farm.lab("clock", f"+{ahead.total_seconds() / 86400:.6f}")
    forget = "{use: OAuthTokenIssuer, state: absent, previous: true}"
    tasks = f"""
    - {{name: forget, onprem.exchange_lync.lync_certificate: {forget}}}
    - {{name: read, onprem.exchange_lync.lync_token_issuer_info: }}
    """
    run = farm.play(tasks, hosts=LYNC[0])
    assert (run.rc, run.writes) == (0, []), run.output
    assert "The previous certificate was kept" in str(run.step("forget").result["warnings"])
    found: dict[str, Any] = run.step("read").result["token_issuer"]
    return found


def test_the_token_issuer_is_staged_known_and_then_alone(farm: Farm) -> None:
    begun, old = len(farm.journal()), token_issuer(farm)["thumbprint"]
    checked = rotate(farm, ISSUER, "--check")
    assert names(checked) == []
    staged = rotate(farm, ISSUER)
    new = token_issuer(farm)["thumbprint"]
    assert names(staged) == ["Import-CsCertificate", "Set-PartnerApplication"]
    assert (new != old, token_issuer(farm)["previous"]) == (True, old)
    assert {old, new} <= set(known_to_exchange(farm))
    assert "SharePoint, Office Web Apps Server" in str(staged.step("Say what is left to do").result)
    again = rotate(farm, ISSUER)
    assert names(again) == []
    kept = again.step("Remove the previous certificate when the new one is in use")
    assert f"The previous certificate was kept: {new} takes effect at" in str(kept.result["warnings"])
    for minutes in (-4, 1):  # by some server's clock it does not sign yet
        shown = go_to(farm, token_issuer(farm)["effective"], minutes)
        assert (shown["in_use"], shown["staged"], shown["signing"]) == (old, new, [old, new])
    farm.lab("clock", "+2")
    finished = rotate(farm, ISSUER)
    assert names(finished) == ["Remove-CsCertificate"]
    assert finished.writes[0]["parameters"] == {
        **finished.writes[0]["parameters"],
        "Type": ["OAuthTokenIssuer"],
        "Previous": True,
        "Force": True,
    }
    assert (token_issuer(farm)["thumbprint"], token_issuer(farm)["previous"]) == (new, "")
    assert names(rotate(farm, ISSUER)) == []
    assert usable_since(farm, begun)


def test_the_auth_certificate_is_completed_staged_published_and_cleared(farm: Farm) -> None:
    # the alias of this farm leads to a server that is gone, so Lync could not download anything
    alias = "{name: autodiscover.contoso.com, type: CNAME, value: mail.contoso.com, on_conflict: replace}"
    assert farm.play(f"- {{name: alias, onprem.exchange_lync.dns_record: {alias}}}", hosts="dns_servers[0]").rc == 0
    old = farm.state()["exchange"]["auth"]["current"]
    # the first host of each product is left out: it is not asked, and nothing is looked for in its store
    out = {"farm_leave_out": ["edge-old.contoso.com", EXCHANGE[0].upper(), LYNC[0]], "rotate_renew_days": 120}
    checked = rotate(farm, AUTH, "--check", **out)
    assert names(checked) == []
    foretold = checked.step("Renew, distribute or publish it").result
    completed = rotate(farm, AUTH, **out)
    assert names(completed) == ["Import-ExchangeCertificate"]
    asked = [entry for run in (checked, completed) for step in run.steps for entry in step.journal]
    assert {entry["host"] for entry in asked} == {EXCHANGE[1]}
    done = completed.step("Renew, distribute or publish it").result
    for key in ("commands", "decision", "internal_transport", "published", "refresh_partners"):
        assert foretold[key] == done[key], key
    assert done["remaining"][0].startswith(
        "Run this task again. It is not done yet (stage): the current certificate has"
    )
    # a deployment may have the application of Exchange twice
    other = "{Identity: Exchange, ApplicationTrustLevel: Full, MetadataUrl: 'https://autodiscover.contoso.com/autodiscover/metadata/json/1'}"
    twice = f"- {{onprem.exchange_lync.lync_cmdlet: {{cmdlet: New-CsPartnerApplication, parameters: {other}}}}}"
    assert farm.play(twice, hosts=LYNC[0]).rc == 0
    refreshed = ["Set-CsPartnerApplication"] * 2
    staged = rotate(farm, AUTH, rotate_renew_days=120)
    assert names(staged)[0] == "New-ExchangeCertificate"
    assert names(staged)[-3:] == ["Set-AuthConfig", *refreshed]
    left = staged.step("Say what is left to do").result["rotate_auth.remaining"]
    assert left[0].startswith(
        "Have Lync and every other partner (SharePoint, Office Web Apps) read Exchange's metadata before "
    )
    # until its date, Lync is told in each run: it does not show what it knows, and an earlier refresh may have failed
    again = rotate(farm, AUTH, farm_leave_out=["edge-old.contoso.com", LYNC[0]])
    assert names(again) == refreshed
    assert {entry["host"] for entry in again.writes} == {LYNC[1]}
    assert "Nothing was restarted" not in staged.output + again.output
    farm.lab("clock", "+31")
    checked = rotate(farm, AUTH, "--check", farm_restart=True)
    assert names(checked) == []
    assert f"Nothing was restarted. On {', '.join(EXCHANGE)}, one after the other: Restart-Service" in checked.output
    # Lync cannot be told: Exchange is restarted nevertheless, and the next run tells Lync
    farm.lab("fault", "cmdlet_fails", "--value", "Set-CsPartnerApplication", "--count", "2")
    published = farm.playbook(AUTH, extra_vars={"farm_now": farm.status()["now"], "farm_restart": True})
    assert published.rc == 2
    restarts = [entry for entry in published.writes if entry["cmdlet"].startswith("Restart-")]
    assert (names(published)[0], [entry["cmdlet"] for entry in restarts]) == ("Set-AuthConfig", RESTARTS * 3)
    assert [entry["host"] for entry in restarts[::3]] == EXCHANGE
    assert names(rotate(farm, AUTH)) == refreshed
    auth = farm.state()["exchange"]["auth"]
    assert (auth["previous"], auth["next"]) == (old, "")
    cleared = rotate(farm, AUTH, rotate_clear_previous=True)
    assert names(cleared) == [*refreshed, "Set-AuthConfig"]
    assert farm.state()["exchange"]["auth"]["previous"] == ""
    assert names(rotate(farm, AUTH, rotate_clear_previous=True)) == []


def test_a_lync_server_without_the_certificate_keeps_the_previous_one(farm: Farm) -> None:
    """It lags behind, so nothing is removed: it may sign with the old one only. The first of each group is left out, and is not asked."""
    farm.lab("fault", "replication_stuck", "--host", LYNC[2])
    old, new = token_issuer(farm)["thumbprint"], farm.state()["certificates"]["oauth-good"]["thumbprint"]
    options = f"{{use: OAuthTokenIssuer, thumbprint: {new}, on_conflict: replace}}"
    task = f"- {{name: assigned, onprem.exchange_lync.lync_certificate: {options}}}"
    assert farm.play(task, hosts=LYNC[0]).rc == 0
    variables = {
        "farm_now": farm.status()["now"],
        "farm_leave_out": [LYNC[0], EXCHANGE[0], "edge-old.contoso.com"],
        "farm_fail_on": "never",
        "farm_oauth_token_issuer_thumbprint": new,
        "farm_oauth_token_issuer_path": None,
        "farm_oauth_token_issuer_password": None,
        "rotate_timeout": 4,
    }
    lagging = farm.playbook(ISSUER, extra_vars=variables)
    step = lagging.step("See that each Lync server has the certificate in its own store", LYNC[2])
    assert (lagging.rc, names(lagging), step.result["error"]["kind"]) == (2, [], "not_effective")
    assert f"does not show {new} as OAuthTokenIssuer" in step.msg
    assert token_issuer(farm)["previous"] == old
    farm.lab("fault", "replication_stuck", "--host", LYNC[2], "--off")
    finished = farm.playbook(ISSUER, extra_vars={**variables, "rotate_timeout": 60})
    assert finished.rc == 0, finished.output
    assert [(entry["cmdlet"], entry["host"]) for entry in finished.writes] == [
        ("Set-PartnerApplication", EXCHANGE[1]),
        ("Remove-CsCertificate", LYNC[1]),
    ]
    assert (token_issuer(farm)["thumbprint"], token_issuer(farm)["previous"]) == (new, "")
    assert new in known_to_exchange(farm)
    asked = {entry["host"] for step in finished.steps for entry in step.journal if entry["event"] == "cmdlet"}
    assert asked.isdisjoint({LYNC[0], EXCHANGE[0]}), asked
