# SPDX-License-Identifier: GPL-3.0-or-later
"""Both rotation playbooks on a grown farm, from the first run to the last, each run checked before and repeated after."""

from __future__ import annotations

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
    farm.lab("clock", "+3")
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
    """It lags behind, so nothing is removed: it may sign with the old one only."""
    farm.lab("fault", "replication_stuck", "--host", LYNC[2])
    thumbprint = farm.state()["certificates"]["oauth-good"]["thumbprint"]
    options = f"{{use: OAuthTokenIssuer, thumbprint: {thumbprint}, on_conflict: replace}}"
    task = f"- {{name: assigned, onprem.exchange_lync.lync_certificate: {options}}}"
    assert farm.play(task, hosts=LYNC[0]).rc == 0
    run = farm.play(
        "- {name: read, onprem.exchange_lync.lync_token_issuer_info: {timeout: 4, thumbprint: " + thumbprint + "}}",
        hosts="lync_servers",
    )
    farm.lab("fault", "replication_stuck", "--off")
    assert run.step("read", LYNC[0]).failed is False
    step = run.step("read", LYNC[2])
    assert step.result["error"]["kind"] == "not_effective"
    assert f"does not show {thumbprint} as OAuthTokenIssuer" in step.msg
