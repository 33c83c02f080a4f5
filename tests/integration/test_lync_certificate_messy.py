# SPDX-License-Identifier: GPL-3.0-or-later
"""lync_certificate on a farm with a history: three certificates that could be taken for an OAuthTokenIssuer, of which one is safe.

The machine's store has Lync's own Default, a self-signed one of ten years, and one with the right name whose key cannot be exported.
"""

from __future__ import annotations

import pytest

from harness import Farm, Run

pytestmark = [pytest.mark.scenario("messy"), pytest.mark.connections("documented")]

HOST, DIRECTOR = "sfb-red-01.corp.woodgrove.net", "dir-red-01.corp.woodgrove.net"


def task(name: str, options: str, more: str = "") -> str:
    rest = f", {more}" if more else ""
    return f"- {{name: {name}, onprem.exchange_lync.lync_certificate: {{use: OAuthTokenIssuer, {options}}}{rest}}}"


def play(farm: Farm, *tasks: str, hosts: str = HOST) -> Run:
    return farm.play("\n".join(tasks), hosts=hosts)


@pytest.fixture(scope="module")
def thumbprints(farm: Farm) -> dict[str, str]:
    """The thumbprints of both stores, by friendly name."""
    run = play(farm, "- {name: read, onprem.exchange_lync.lync_certificate_info: }", hosts=f"{HOST},{DIRECTOR}")
    return {item["friendly_name"]: item["thumbprint"] for step in run.all("read") for item in step.result["store"]}


def test_a_directors_certificate_names_no_sip_domain(farm: Farm, thumbprints: dict[str, str]) -> None:
    """Lync has assigned it, so it may issue tokens; the names are told as warnings."""
    wanted = f"thumbprint: {thumbprints['dir-red-01 Default']}"
    step = play(farm, task("director", wanted, "check_mode: true"), hosts=DIRECTOR).step("director")
    assert (step.changed, step.failed) == (True, False)
    assert [text.count("(sip_domain_missing)") for text in step.result["warnings"]] == [1, 1, 1]


def test_a_self_signed_one_is_refused_for_its_names(farm: Farm, thumbprints: dict[str, str]) -> None:
    step = play(farm, task("self-signed", f"thumbprint: {thumbprints['sfb-red-01']}")).step("self-signed")
    assert (step.failed, step.writes) == (True, [])
    assert "(sip_domain_missing)" in step.msg


def test_the_default_certificate_is_the_one_safe_choice_and_reaches_everybody(
    farm: Farm, thumbprints: dict[str, str]
) -> None:
    options = "automatic: true, wait: true, timeout: 90"
    run = play(farm, task("checked", options, "check_mode: true"), task("applied", options), task("again", options))
    assert run.rc == 0, run.output
    checked, applied, again = (run.step(name) for name in ("checked", "applied", "again"))
    assert (checked.changed, checked.writes) == (True, [])
    assert checked.result["commands"] == applied.result["commands"]
    assert applied.result["certificate"]["thumbprint"] == thumbprints["pool-red Default"]
    assert "warnings" not in applied.result
    assert applied.result["replication"]["up_to_date"]
    assert (again.changed, again.writes, set(again.cmdlets)) == (False, [], {"Get-CsCertificate"})
    read = "- {name: read, onprem.exchange_lync.lync_certificate_info: {store: false}}"
    steps = play(farm, read, hosts="lync_servers").all("read")
    assert len(steps) == 3
    for step in steps:
        in_use = {item["use"]: item["thumbprint"] for item in step.result["assigned"]}
        assert in_use["OAuthTokenIssuer"] == thumbprints["pool-red Default"], step.host


def test_another_one_is_staged_and_removing_them_asks_nobody(farm: Farm, thumbprints: dict[str, str]) -> None:
    """Remove-CsCertificate asks about a certificate in use, whatever -Confirm says."""
    odd = f"thumbprint: {thumbprints['OAuth']}"
    run = play(
        farm,
        task("staged", odd),
        task("again", odd),
        task("one of two", f"{odd}, state: absent", "ignore_errors: true"),
        task("removed", "state: absent, wait: true, timeout: 90"),
        task("removed again", "state: absent"),
    )
    assert run.rc == 0, run.output
    staged, refused, removed = run.step("staged"), run.step("one of two"), run.step("removed")
    assert "EffectiveDate" in staged.writes[0]["parameters"]
    assert "it was not seen whether the private key of CN=woodgrovebank.com can be exported" in str(
        staged.result["warnings"]
    )
    assert (refused.result["error"]["kind"], refused.writes) == ("conflict", [])
    assert [entry["parameters"]["Force"] for entry in removed.writes] == [True]
    for name in ("again", "removed again"):
        assert (run.step(name).changed, run.step(name).writes) == (False, [])
