# SPDX-License-Identifier: GPL-3.0-or-later
"""lync_certificate on two pools where a certificate that expires soon issues the tokens, and one beside the right one stays where it is."""

from __future__ import annotations

import pytest

from harness import Farm, Run
from refusals import clear

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]

HOST = "sfb-lon-01.corp.contoso.com"
PFX = "path: 'C:\\Certificates\\oauth.pfx', password: 'pfx: \"ä\" 50% é'"


def task(name: str, options: str, more: str = "") -> str:
    rest = f", {more}" if more else ""
    return f"- {{name: {name}, onprem.exchange_lync.lync_certificate: {{use: OAuthTokenIssuer, {options}}}{rest}}}"


def play(farm: Farm, *tasks: str) -> Run:
    return farm.play("\n".join(tasks), hosts=HOST)


@pytest.fixture(scope="module")
def thumbprints(farm: Farm) -> dict[str, str]:
    """The thumbprints of the store, by friendly name."""
    step = play(farm, "- {name: read, onprem.exchange_lync.lync_certificate_info: }").step("read")
    return {item["friendly_name"]: item["thumbprint"] for item in step.result["store"]}


def test_what_is_in_use_is_replaced_only_on_the_users_word(farm: Farm, thumbprints: dict[str, str]) -> None:
    right = f"thumbprint: {thumbprints['OAuthTokenIssuer']}"
    old = thumbprints["OAuth of two years ago"]
    run = play(
        farm,
        task("automatic", "automatic: true"),
        task("kept", f"{right}, on_conflict: keep"),
        task("failing", f"{right}, on_conflict: fail", "ignore_errors: true"),
        task("checked", right, "check_mode: true"),
        task("staged", right),
        task("again", right),
        task("rival", PFX, "ignore_errors: true"),
        task("of old", f"thumbprint: {old}", "ignore_errors: true"),
        task("taken back", f"thumbprint: {old}, on_conflict: replace"),
        task("taken back again", f"thumbprint: {old}"),
        task("replaced", f"{right}, on_conflict: replace"),
        task("replaced again", f"{right}, on_conflict: replace"),
    )
    assert run.rc == 0, run.output
    for name in ("automatic", "kept", "again", "taken back again", "replaced again"):
        assert (run.step(name).changed, run.step(name).writes) == (False, []), name
    assert run.step("kept").result["warnings"] == [f"Left as it is: {old} is in use as OAuthTokenIssuer."]
    failing, rival = run.step("failing"), run.step("rival")
    said = f"{old} is in use as OAuthTokenIssuer."
    clear(failing.msg, host=HOST, shell="lync", cmdlet="Set-CsCertificate", said=said, remedy="Nothing was written.")
    said = f"{old} is in use and {thumbprints['OAuthTokenIssuer']} is staged for "
    clear(rival.msg, host=HOST, shell="lync", cmdlet="Import-CsCertificate", said=said, remedy="Nothing was written.")
    said = f"{thumbprints['OAuthTokenIssuer']} is staged for "
    clear(
        run.step("of old").msg,
        host=HOST,
        shell="lync",
        cmdlet="Set-CsCertificate",
        said=said,
        remedy="Nothing was written.",
    )
    [taken] = run.step("taken back").writes
    assert taken["parameters"].keys().isdisjoint({"EffectiveDate", "Roll"})
    assert run.step("taken back").result["certificate"]["previous_thumbprint"] is None
    assert run.step("checked").writes == []
    [staged], [replaced] = run.step("staged").writes, run.step("replaced").writes
    assert staged["parameters"].keys() >= {"EffectiveDate", "Roll"}
    assert replaced["parameters"].keys().isdisjoint({"EffectiveDate", "Roll"})
    result = run.step("replaced").result["certificate"]
    assert (result["thumbprint"], result["previous_thumbprint"]) == (thumbprints["OAuthTokenIssuer"], old)


def test_one_whose_key_stays_where_it_is_is_never_assigned(farm: Farm, thumbprints: dict[str, str]) -> None:
    """Neither by name nor by choice, although it is as good as the right one otherwise."""
    run = play(
        farm,
        task("removed", "state: absent"),
        task("named", f"thumbprint: {thumbprints['OAuth not exportable']}", "ignore_errors: true"),
        task("chosen", "automatic: true"),
    )
    assert run.rc == 0, run.output
    assert "cannot be exported (private_key_not_exportable)" in run.step("named").msg
    assert run.step("chosen").result["certificate"]["thumbprint"] == thumbprints["OAuthTokenIssuer"]


def test_from_a_file_until_every_front_end_has_it(farm: Farm, thumbprints: dict[str, str]) -> None:
    """The replica of an Edge server that is gone is nobody's that needs the certificate."""
    run = play(farm, task("brought", f"{PFX}, on_conflict: replace, wait: true, timeout: 90"))
    assert run.rc == 0, run.output
    replication = run.step("brought").result["replication"]
    assert (replication["up_to_date"], len(replication["replicas"])) == (True, 4)
    read = "- {name: read, onprem.exchange_lync.lync_certificate_info: {store: false}}"
    steps = farm.play(read, hosts="lync_servers").all("read")
    issuers = {
        (step.host, item["thumbprint"])
        for step in steps
        for item in step.result["assigned"]
        if item["use"] == "OAuthTokenIssuer"
    }
    assert len(issuers) == 3
    assert len({thumbprint for _host, thumbprint in issuers} - set(thumbprints.values())) == 1


def test_a_server_s_own_assignment_hides_the_global_one_until_it_is_taken_back(
    farm: Farm, thumbprints: dict[str, str]
) -> None:
    """What is asked of the global one leaves the server's own alone, and the other way round."""
    own, right = thumbprints["OAuth of two years ago"], thumbprints["OAuthTokenIssuer"]
    given = f"{{Identity: {HOST}, Type: [OAuthTokenIssuer], Thumbprint: {own}}}"
    alone = f"- {{name: alone, onprem.exchange_lync.lync_cmdlet: {{cmdlet: Set-CsCertificate, parameters: {given}}}}}"
    read = "- {{name: {0}, onprem.exchange_lync.lync_token_issuer_info: {{{1}}}}}"
    run = play(
        farm,
        alone,
        read.format("own", ""),
        read.format("global", "scope: global"),
        task("unchanged", f"thumbprint: {thumbprints['OAuthTokenIssuer']}, on_conflict: replace, timeout: 60"),
        task("unchanged again", f"thumbprint: {thumbprints['OAuthTokenIssuer']}, on_conflict: replace"),
        task("checked", "state: absent, scope: machine", "check_mode: true"),
        read.format("still", ""),
        task("taken back", "state: absent, scope: machine"),
        read.format("after", f"thumbprint: {right}"),
        task("again", "state: absent, scope: machine"),
    )
    assert run.rc == 0, run.output
    in_use = {name: run.step(name).result["token_issuer"]["in_use"] for name in ("own", "still", "after")}
    assert in_use == {"own": own, "still": own, "after": right}
    assert run.step("global").result["token_issuer"]["in_use"] not in (own, "")
    assert [entry["parameters"]["Identity"] for entry in run.step("unchanged").writes] == ["global"]
    checked, taken = run.step("checked"), run.step("taken back")
    assert (checked.changed, checked.writes, checked.result["commands"]) == (True, [], taken.result["commands"])
    [removed] = taken.writes
    assert (removed["cmdlet"], "Identity" in removed["parameters"]) == ("Remove-CsCertificate", False)
    for name in ("unchanged again", "again"):
        assert (run.step(name).changed, run.step(name).writes) == (False, []), name
    assert farm.state()["lync"]["store"]["certificates"]["OAuthTokenIssuer"]["thumbprint"] == right
