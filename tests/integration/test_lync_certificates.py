# SPDX-License-Identifier: GPL-3.0-or-later
"""lync_certificate and lync_certificate_info on the documented example, whose store has a certificate for every rule."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from harness import Farm, Run
from refusals import clear, failed, refused

HOST = "atl-lync-001.litwareinc.com"
PFX = "path: 'C:\\Certificates\\oauth.pfx', password: 'pfx: \"ä\" 50% é'"


def ok(run: Run) -> Run:
    assert run.rc == 0, run.output
    return run


@pytest.fixture(scope="module")
def thumbprints(farm: Farm) -> dict[str, str]:
    """The thumbprints of the store, by friendly name."""
    step = ok(farm.play("- {name: read, onprem.exchange_lync.lync_certificate_info: }", hosts="lync_servers")).step(
        "read"
    )
    return {item["friendly_name"]: item["thumbprint"] for item in step.result["store"]}


def rhythm(farm: Farm, options: str, execution: str = "") -> list[dict[str, Any]]:
    """Check, read, apply, read, again; the assignments before and after."""
    task = "- {{name: {0}, onprem.exchange_lync.lync_certificate: {{{1}}}{2}}}\n"
    read = "- {{name: {0}, onprem.exchange_lync.lync_certificate_info: {{store: false}}}}\n"
    tasks = (
        task.format("checked", options, ", check_mode: true")
        + read.format("before")
        + task.format("applied", options, "")
    )
    tasks += read.format("after") + task.format("again", options, "")
    run = ok(farm.play(tasks, hosts="lync_servers", execution=execution))
    checked, applied, again = (run.step(name) for name in ("checked", "applied", "again"))
    assert (checked.changed, checked.writes) == (True, [])
    assert (applied.changed, len(applied.writes)) == (True, 1)
    assert (again.changed, again.writes) == (False, [])
    for key in ("commands", "diff"):
        assert without_hours(checked.result[key]) == without_hours(applied.result[key])
    assert again.result["certificate"] == applied.result["certificate"]
    return [{item["use"]: item for item in run.step(name).result["assigned"]} for name in ("before", "after")]


def without_hours(result: Any) -> str:
    """A result without the time of its dates: one that is staged by default is foretold to the hour, and an hour may turn in between."""
    return re.sub(r"(\d{4}-\d\d-\d\dT)\d\d:\d\d:\d\d", r"\1", str(result))


def test_what_the_host_has(farm: Farm) -> None:
    task = "- {name: read, onprem.exchange_lync.lync_certificate_info: {exportable: true}}"
    step = ok(farm.play(task, hosts="lync_servers")).step("read")
    result = step.result
    assert (result["host"], step.writes) == (HOST, [])
    assert sorted(item["use"] for item in result["assigned"]) == [
        "Default",
        "WebServicesExternal",
        "WebServicesInternal",
    ]
    by_name = {item["friendly_name"]: item for item in result["store"]}
    assert by_name["OAuthTokenIssuer"]["subject"] == "CN=litwareinc.com"
    assert (by_name["OAuth 1024 bits"]["key_size"], by_name["OAuth ECC"]["key_type"]) == (1024, "EC")
    assert not by_name["OAuth no private key"]["has_private_key"]
    keys = {
        name: (by_name[name]["key_provider"], by_name[name]["private_key_exportable"])
        for name in ("OAuthTokenIssuer", "OAuth ECC", "OAuth no private key")
    }
    assert keys == {
        "OAuthTokenIssuer": ("csp", True),
        "OAuth ECC": ("cng", None),
        "OAuth no private key": (None, None),
    }
    default = next(item for item in result["assigned"] if item["use"] == "Default")
    assert default["thumbprint"] == by_name["Lync Server Default"]["thumbprint"]
    assert default["not_after"] == by_name["Lync Server Default"]["not_after"]
    assert default["dns_names"] == by_name["Lync Server Default"]["dns_names"]


UNFIT = {
    "OAuth 1024 bits": "has an RSA key of 1024 bits, fewer than 2048 (key_size)",
    "OAuth ECC": "(key_type)",
    "OAuth expired": "days left) (expired)",
    "OAuth wrong subject": "(sip_domain_missing)",
    "OAuth no private key": "(private_key_missing)",
}
"""Certificates of the store, and what is said against each."""


def test_what_breaks_a_rule_is_refused(farm: Farm, thumbprints: dict[str, str]) -> None:
    cases = [{"use": "OAuthTokenIssuer", "thumbprint": thumbprints[name]} for name in UNFIT]
    messages = refused(farm, "lync_certificate", "lync_servers", *cases)
    for message, case, said in zip(messages, cases, UNFIT.values(), strict=True):
        assert f"Set-CsCertificate: {case['thumbprint']} is not fit: " in message
        remedy = "Nothing was written. Assign a certificate that keeps the rules."
        clear(message, host=HOST, shell="lync", cmdlet="Set-CsCertificate", said=said, remedy=remedy)


def test_a_certificate_that_is_not_there_and_a_wrong_password(farm: Farm) -> None:
    nobody, password, file = refused(
        farm,
        "lync_certificate",
        "lync_servers",
        {"use": "OAuthTokenIssuer", "thumbprint": "B1" * 20},
        {"use": "OAuthTokenIssuer", "path": "C:\\Certificates\\oauth.pfx", "password": "not this one"},
        {"use": "OAuthTokenIssuer", "path": "C:\\no.pfx", "password": "not this one"},
    )
    said = "is not among the 9 certificates"
    clear(nobody, host=HOST, shell="lync", cmdlet="Set-CsCertificate", said=said, remedy="Import it there")
    clear(password, host=HOST, shell="windows", cmdlet="Get-PfxData", remedy="Correct path or password")
    clear(file, host=HOST, shell="windows", cmdlet="Get-PfxData", remedy="Check the name")


def test_the_one_safe_choice(farm: Farm, thumbprints: dict[str, str]) -> None:
    """One of the store is made for the SIP domain, and fit; another one expires soon, which the test of warn_days lets pass."""
    options = "use: OAuthTokenIssuer, automatic: true"
    both = f"- {{name: both, onprem.exchange_lync.lync_certificate: {{{options}, warn_days: 1}}}}"
    run = farm.play(both, hosts="lync_servers", check=True)
    assert (run.rc, run.step("both").result["error"]["kind"]) == (2, "conflict")
    for name in ("OAuthTokenIssuer", "OAuth expiring"):
        assert thumbprints[name] in run.step("both").msg
    before, after = rhythm(farm, options)
    assert "OAuthTokenIssuer" not in before
    assert after["OAuthTokenIssuer"]["thumbprint"] == thumbprints["OAuthTokenIssuer"]


def test_empty_is_not_left_out(farm: Farm, thumbprints: dict[str, str]) -> None:
    """A variable that is empty once took the deployment's certificate away."""
    cases: list[dict[str, Any]] = [
        {"use": "OAuthTokenIssuer", "state": "absent", "thumbprint": ""},
        {"use": "OAuthTokenIssuer", "thumbprint": " ", "automatic": True},
        {"use": "OAuthTokenIssuer"},
    ]
    messages = refused(farm, "lync_certificate", "lync_servers", *cases, asked=False)
    cmdlets = ("Remove-CsCertificate", "Set-CsCertificate", "Set-CsCertificate")
    said = ("thumbprint is empty", "thumbprint is empty", "no certificate is named")
    for message, cmdlet, what in zip(messages, cmdlets, said, strict=True):
        clear(message, host=HOST, shell="lync", cmdlet=cmdlet, said=what, remedy="Correct the task")
    read = "- {name: read, onprem.exchange_lync.lync_certificate_info: {store: false}}"
    assigned = ok(farm.play(read, hosts="lync_servers")).step("read").result["assigned"]
    assert thumbprints["OAuthTokenIssuer"] in [
        item["thumbprint"] for item in assigned if item["use"] == "OAuthTokenIssuer"
    ]


def test_from_the_store(farm: Farm, thumbprints: dict[str, str]) -> None:
    rhythm(farm, "use: OAuthTokenIssuer, state: absent")
    wanted = thumbprints["OAuthTokenIssuer"]
    before, after = rhythm(farm, f"use: OAuthTokenIssuer, thumbprint: '{wanted.lower()}'")
    assert "OAuthTokenIssuer" not in before
    # this farm's cmdlet shows no scope
    assert (after["OAuthTokenIssuer"]["thumbprint"], after["OAuthTokenIssuer"]["scope"]) == (wanted, None)


def test_a_certificate_of_lyncs_wizard_names_one_sip_domain(farm: Farm, thumbprints: dict[str, str]) -> None:
    """CN=litwareinc.com without further names: that a further SIP domain is missing is a warning, and no reason to refuse it."""
    wanted = f"thumbprint: {thumbprints['OAuth expiring']}, sip_domains: [litwareinc.com, fabrikam.com]"
    task = f"- {{name: wizard, onprem.exchange_lync.lync_certificate: {{use: OAuthTokenIssuer, {wanted}}}}}"
    step = ok(farm.play(task, hosts="lync_servers", check=True)).step("wizard")
    assert step.changed
    assert any("fabrikam.com: subject CN=litwareinc.com" in text for text in step.result["warnings"])


def test_from_a_file_another_one_is_staged_to_follow_in_a_day(farm: Farm, thumbprints: dict[str, str]) -> None:
    before, after = rhythm(farm, f"use: OAuthTokenIssuer, {PFX}")
    found = after["OAuthTokenIssuer"]
    assert found["previous_thumbprint"] == before["OAuthTokenIssuer"]["thumbprint"]
    assert found["thumbprint"] not in thumbprints.values()
    ahead = dt.datetime.fromisoformat(found["effective_date"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(hours=23) < ahead <= dt.timedelta(hours=25)
    assert "50%" not in str(farm.journal())


def test_from_a_file_at_once_on_the_users_word_in_a_process_of_its_own(farm: Farm) -> None:
    task = "- {{name: step, onprem.exchange_lync.lync_certificate: {{use: OAuthTokenIssuer, {0}}}}}"
    kept = ok(farm.play(task.format("automatic: true"), hosts="lync_servers")).step("step")
    assert (kept.changed, kept.writes) == (False, [])
    _before, after = rhythm(farm, f"use: OAuthTokenIssuer, {PFX}, on_conflict: replace", execution="subprocess")
    assert dt.datetime.fromisoformat(after["OAuthTokenIssuer"]["effective_date"]) < dt.datetime.now(dt.UTC)
    assert "50%" not in str(farm.journal())


def test_staging_a_successor_for_a_date(farm: Farm, thumbprints: dict[str, str]) -> None:
    options = f"use: OAuthTokenIssuer, thumbprint: {thumbprints['OAuthTokenIssuer']}, effective_date: '{{0}}'"
    task = f"- {{name: late, onprem.exchange_lync.lync_certificate: {{{options.format('2099-01-01T00:00:00+01:00')}}}}}"
    assert "(expired)" in farm.play(task, hosts="lync_servers").step("late").msg
    moment = dt.datetime.now(dt.UTC).replace(microsecond=0, second=0) + dt.timedelta(days=40)
    east = moment.astimezone(dt.timezone(dt.timedelta(hours=1)))
    _before, after = rhythm(farm, options.format(east.isoformat()))
    assert dt.datetime.fromisoformat(after["OAuthTokenIssuer"]["effective_date"]) == moment


def test_another_use_on_the_host_alone(farm: Farm, thumbprints: dict[str, str]) -> None:
    _before, after = rhythm(farm, f"type: WebServicesExternal, thumbprint: {thumbprints['OAuth ECC']}")
    assert after["WebServicesExternal"]["scope"] != "Global"


def test_removing_it(farm: Farm) -> None:
    before, after = rhythm(farm, "use: OAuthTokenIssuer, state: absent")
    assert ("OAuthTokenIssuer" in before, "OAuthTokenIssuer" in after) == (True, False)


def test_the_clock_of_the_farm_judges(farm: Farm, thumbprints: dict[str, str]) -> None:
    farm.lab("clock", "+800")
    options = f"{{use: OAuthTokenIssuer, thumbprint: {thumbprints['OAuthTokenIssuer']}}}"
    task = f"- {{name: step, onprem.exchange_lync.lync_certificate: {options}}}"
    run = farm.play(task, hosts="lync_servers")
    failed(run)
    clear(
        run.step("step").msg,
        host=HOST,
        shell="lync",
        cmdlet="Set-CsCertificate",
        said="(expired)",
        remedy="Assign a certificate that keeps the rules.",
    )
