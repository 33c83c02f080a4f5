# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of an Exchange Auth certificate: missing on a server, due for renewal, staged, published, cleared; at two sites.

Over psrp the server projects what it knows of a certificate. Over winrm the session is imported, and nothing but RawData and a signed
SerializationData is left of it.
"""

from __future__ import annotations

from typing import Any

import pytest

from harness import Farm, Run, Step

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented", "winrm")]

ONE = "exchange_servers[0]"
MODULE = "onprem.exchange_lync.exchange_auth_certificate"
LON1, LON2, NYC = (f"ex-{name}.corp.contoso.com" for name in ("lon-01", "lon-02", "nyc-01"))


def play(farm: Farm, *tasks: str) -> Run:
    return farm.play("\n".join(tasks), hosts=ONE)


def task(name: str, options: str = "", module: str = MODULE, more: str = "") -> str:
    return f"- {{name: {name}, {module}: {{{options}}}{more}}}"


def rhythm(farm: Farm, options: str = "", module: str = MODULE) -> tuple[Step, Step]:
    """Check, apply, and again without a change; the first two."""
    run = play(
        farm,
        task("checked", options, module, ", check_mode: true"),
        task("applied", options, module),
        task("again", options, module),
    )
    assert run.rc == 0, run.output
    checked, applied, again = (run.step(name) for name in ("checked", "applied", "again"))
    assert (checked.changed, checked.writes, applied.changed) == (True, [], True)
    assert (again.changed, again.writes) == (False, []), again.result
    return checked, applied


def written(step: Step) -> list[tuple[str, str]]:
    """The writes, and the server that each names."""
    return [(entry["cmdlet"], str(entry["parameters"].get("Server", ""))) for entry in step.writes]


def holders(farm: Farm, thumbprint: str) -> set[str]:
    hosts = farm.state()["hosts"]
    return {name for name, host in hosts.items() if host["certificates"].get(thumbprint)}


def auth(farm: Farm) -> dict[str, Any]:
    found: dict[str, Any] = farm.state()["exchange"]["auth"]
    return found


def usable_all_the_time(farm: Farm, *servers: str) -> bool:
    """Whether, whenever a cmdlet had run, each of the servers could sign tokens and hand on mail."""
    seen = [entry["usable"]["exchange"] for entry in farm.state()["timeline"]]
    return bool(seen) and all(moment[name]["signs"] and moment[name]["hands_on"] for moment in seen for name in servers)


def test_where_it_is_missing_it_is_brought(farm: Farm) -> None:
    current = auth(farm)["current"]
    # those that have it may be excluded: then it is not known to be lost, and a new one would break what works
    alone = play(farm, task("alone", "exclude: [EX-LON-01, EX-LON-02], renew_days: 2000", more=", ignore_errors: true"))
    assert (alone.step("alone").result["error"]["kind"], alone.writes) == ("conflict", [])
    assert f"no server that was asked has the current certificate {current}" in alone.step("alone").msg
    assert f"excluded: {LON1}, {LON2}. Take the servers that have it off exclude." in alone.step("alone").msg
    checked, applied = rhythm(farm)
    assert checked.result["decision"]["row"] == "current_missing"
    assert checked.result["commands"] == applied.result["commands"]
    assert written(applied) == [("Import-ExchangeCertificate", NYC)]
    assert holders(farm, current) == {LON1, LON2, NYC}
    assert applied.result["auth_certificate"]["servers"][NYC]["current"] is True
    assert checked.result["auth_certificate"]["servers"][NYC]["current"] is False
    # the private key was only ever in memory, under a password that nobody was shown
    (sent,) = [entry for entry in applied.journal if entry.get("cmdlet") == "Import-ExchangeCertificate"]
    assert sent["parameters"]["Password"] == "********"
    assert "bytes>" in sent["parameters"]["FileData"]


def test_a_successor_is_made_distributed_and_staged(farm: Farm) -> None:
    before = farm.state()["exchange"]["servers"][LON1]
    checked, applied = rhythm(farm, "renew_days: 120")
    assert checked.result["decision"]["action"] == "stage"
    assert [line.partition(" ")[0] for line in checked.result["commands"]] == [
        name for name, _server in written(applied)
    ]
    assert written(applied) == [
        ("New-ExchangeCertificate", LON1),
        ("Enable-ExchangeCertificate", LON1),
        ("Import-ExchangeCertificate", LON2),
        ("Import-ExchangeCertificate", NYC),
        ("Set-AuthConfig", ""),
    ]
    there = auth(farm)
    assert holders(farm, there["next"]) == {LON1, LON2, NYC}
    assert (there["current"], there["previous"]) == (auth(farm)["current"], "")
    after = farm.state()["exchange"]["servers"][LON1]
    assert after["internal_transport"] == before["internal_transport"]
    assert {thumb: after["certificate_services"][thumb] for thumb in before["certificate_services"]} == before[
        "certificate_services"
    ]
    use = applied.result["internal_transport"]
    assert (use["server"], use["thumbprint"]) == (LON1, before["internal_transport"])
    assert use["iis_sites"] == ["IIS://EX-LON-01/W3SVC/1"]
    assert "Force" not in applied.writes[-1]["parameters"]
    assert (applied.result["published"], applied.result["refresh_partners"]) == (False, True)
    assert usable_all_the_time(farm, LON1, LON2)


def test_it_is_published_when_its_date_has_come_and_the_previous_one_cleared_by_hand(farm: Farm) -> None:
    old, new = auth(farm)["current"], auth(farm)["next"]
    config = "onprem.exchange_lync.exchange_auth_config"
    early = play(farm, task("early", "publish: true", config)).step("early")
    assert (early.result["error"]["kind"], early.writes) == ("conflict", [])
    farm.lab("clock", "+31")
    checked, applied = rhythm(farm)
    assert checked.result["decision"]["row"] == "due"
    assert [entry["parameters"] for entry in applied.writes] == [
        {**applied.writes[0]["parameters"], "PublishCertificate": True}
    ]
    assert "Force" not in applied.writes[0]["parameters"]
    assert checked.result["published"] is applied.result["published"] is True
    assert (auth(farm)["current"], auth(farm)["previous"], auth(farm)["next"]) == (new, old, "")
    said = " ".join(applied.result["remaining"])
    assert said.index("MSExchangeServiceHost") < said.index("metadata again") < said.index("clear_previous")
    _checked, cleared = rhythm(farm, "clear_previous: true", config)
    assert cleared.result["diff"]["before"]["previous_certificate_thumbprint"] == old
    assert auth(farm)["previous"] == ""
    assert usable_all_the_time(farm, LON1, LON2, NYC) is False  # it was missing on one at first


def test_what_exchange_auth_config_refuses(farm: Farm) -> None:
    config = "onprem.exchange_lync.exchange_auth_config"
    tls = farm.state()["certificates"]["oauth-good"]["thumbprint"]
    cases = {
        "two steps": ("publish: true, clear_previous: true", "publish and clear_previous are separate steps"),
        "no step": ("timeout: 5", "no step is named"),
        "not there": (f"next_certificate_thumbprint: {tls}", "does not have"),
        "empty": ("next_certificate_thumbprint: ''", "next_certificate_thumbprint is empty"),
    }
    run = play(
        farm, *(task(f"'{name}'", options, config, ", ignore_errors: true") for name, (options, _said) in cases.items())
    )
    assert run.writes == []
    for name, (_options, said) in cases.items():
        step = run.step(name)
        assert step.failed and said in step.msg, step.msg


def test_a_certificate_of_ones_own_is_staged(farm: Farm) -> None:
    config, cmdlet = "onprem.exchange_lync.exchange_auth_config", "onprem.exchange_lync.exchange_cmdlet"
    named = "SubjectName: 'CN=Microsoft Exchange Server Auth Certificate', DomainName: [], PrivateKeyExportable: true, Force: true"
    known = set(holders_of(farm, LON1))
    made = f"cmdlet: New-ExchangeCertificate, parameters: {{{named}}}, select: [RawData]"
    assert play(farm, task("made", made, cmdlet)).rc == 0
    (own,) = set(holders_of(farm, LON1)) - known
    step = f"next_certificate_thumbprint: {own}"
    alone = f"{step}, exclude: [EX-LON-02, {NYC}]"
    soon = f"{alone}, next_certificate_effective_date: '{farm.status()['now']}'"
    run = play(
        farm,
        task("missing", step, config, ", ignore_errors: true"),
        task("soon", soon, config, ", ignore_errors: true"),
    )
    assert run.writes == []
    assert f"{LON2}, {NYC} does not have {own}" in run.step("missing").msg
    assert "less than 48 hours ahead" in run.step("soon").msg
    checked, applied = rhythm(farm, alone, config)
    assert checked.result["diff"] == applied.result["diff"]
    assert auth(farm)["next"] == own
    assert "Force" not in applied.writes[0]["parameters"]
    assert applied.writes[0]["parameters"]["Server"] == LON1
    other = farm.state()["exchange"]["servers"][LON1]["internal_transport"]
    assert (
        other == own
    )  # made by hand, it has displaced the internal transport certificate, and nobody says which that was
    warned = play(farm, task("warned", more=", check_mode: true")).step("warned")
    assert any(
        "the internal transport certificate is the Auth certificate" in text for text in warned.result["warnings"]
    )


def holders_of(farm: Farm, host: str) -> list[str]:
    return [thumb for thumb, has_key in farm.state()["hosts"][host]["certificates"].items() if has_key]
