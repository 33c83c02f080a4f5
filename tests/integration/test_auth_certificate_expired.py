# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exchange Auth certificate has expired, which is when Exchange's own shell sees nothing of a certificate but its RawData."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import Farm
from test_exchange_auth_certificate import LON1, LON2, NYC, auth, holders, play, rhythm, task, written

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]

PASSWORD = 'b: "ü" 50%'


@pytest.fixture(scope="module", autouse=True)
def expired(farm: Farm) -> None:
    farm.lab("clock", "+101")


def test_a_server_that_cannot_be_asked_stops_everything(farm: Farm) -> None:
    """It may have the certificate, or not: that is another thing than a server without it."""
    farm.lab("fault", "rpc_unreachable", "--host", NYC)
    run = play(farm, task("checked", "", more=", check_mode: true"), task("stopped", "", more=", ignore_errors: true"))
    farm.lab("fault", "rpc_unreachable", "--off")
    checked, stopped = run.step("checked"), run.step("stopped")
    assert (checked.failed, checked.changed, run.writes) == (False, False, [])
    assert checked.result["decision"]["action"] == "stop"
    assert any("A real run would fail" in text and NYC in text for text in checked.result["warnings"])
    assert checked.result["auth_certificate"]["servers"][NYC]["current"] is None
    assert stopped.result["error"]["kind"] == "conflict"
    assert "exclude" in stopped.msg and NYC in stopped.msg


def test_what_is_refused_before_anything_is_made(farm: Farm, tmp_path: Path) -> None:
    cases = {
        "nobody": ("server: ex-par-01", "ex-par-01 is none of the servers that take part"),
        "no place": ("backup_folder: /proc, backup_password: x", "no file can be written in '/proc' on the controller"),
        "no folder": (f"backup_folder: {tmp_path}/none, backup_password: x", "is no folder on the controller"),
    }
    for name, (options, said) in cases.items():
        step = play(farm, task(f"'{name}'", options, more=", ignore_errors: true")).step(name)
        assert (step.failed, step.writes) == (True, []), name
        assert said in step.msg


def test_a_refusal_between_making_one_and_putting_back_says_so_and_the_next_run_repairs(farm: Farm) -> None:
    before = farm.state()["exchange"]["servers"][LON1]["internal_transport"]
    farm.lab("fault", "cmdlet_fails", "--value", "Enable-ExchangeCertificate", "--count", "1")
    step = play(farm, task("failed", "", more=", ignore_errors: true")).step("failed")
    assert step.failed
    assert "Mail between servers uses the new certificate until this is run: Enable-ExchangeCertificate" in step.msg
    assert [line.partition(" ")[0] for line in step.result["commands"]] == ["New-ExchangeCertificate"]
    displaced = farm.state()["exchange"]["servers"][LON1]["internal_transport"]
    assert displaced != before
    farm.lab("fault", "cmdlet_fails", "--value", "Export-ExchangeCertificate", "--count", "1")
    kept = play(farm, task("kept", "", more=", ignore_errors: true")).step("kept")
    assert written(kept) == [("Enable-ExchangeCertificate", LON1)]
    assert "If its private key cannot be exported: with ansible_connection=psrp" in kept.msg
    farm.lab("fault", "cmdlet_fails", "--value", "Import-ExchangeCertificate", "--count", "1")
    refused = play(farm, task("refused", "", more=", ignore_errors: true")).step("refused")
    assert (refused.failed, refused.result["commands"]) == (True, [])
    assert f"Remove that copy (Remove-Item Cert:\\LocalMachine\\My\\{displaced})" in refused.msg
    repaired = play(farm, task("repaired", "")).step("repaired")
    assert "New-ExchangeCertificate" not in [name for name, _server in written(repaired)]
    assert farm.state()["exchange"]["servers"][LON1]["internal_transport"] == before
    # the one that was made is the one that signs now, on every server
    assert auth(farm)["current"] == displaced
    assert holders(farm, displaced) == {LON1, LON2, NYC}


def test_it_is_replaced_at_once_once_more(farm: Farm) -> None:
    farm.lab("clock", "+1830")
    old = auth(farm)["current"]
    checked, applied = rhythm(farm)
    assert checked.result["decision"]["row"] == "expired"
    assert [name for name, _server in written(applied)] == [
        "New-ExchangeCertificate",
        "Enable-ExchangeCertificate",
        "Import-ExchangeCertificate",
        "Import-ExchangeCertificate",
        "Set-AuthConfig",
        "Set-AuthConfig",
    ]
    there = auth(farm)
    assert (there["previous"], there["next"]) == (old, "")
    assert holders(farm, there["current"]) == {LON1, LON2, NYC}


def test_backups_on_request(farm: Farm, tmp_path: Path) -> None:
    options = f"backup_folder: {tmp_path}, backup_password: '{PASSWORD}'"
    wrong = f"backup_folder: {tmp_path}, backup_password: another"
    run = play(
        farm,
        task("checked", options, more=", check_mode: true"),
        task("applied", options),
        task("again", options),
        task("another", wrong, more=", ignore_errors: true"),
    )
    assert run.writes == []
    path = tmp_path / f"{auth(farm)['current']}.pfx"
    assert [run.step(name).changed for name in ("checked", "applied", "again")] == [True, True, False]
    assert run.step("checked").result["backup"] == run.step("applied").result["backup"]
    assert [entry["path"] for entry in run.step("again").result["backup"]] == [str(path)]
    assert path.stat().st_mode & 0o777 == 0o600
    assert run.step("another").result["error"]["kind"] == "conflict"
    assert PASSWORD not in run.output
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_backup_that_fails_at_the_end_leaves_what_was_done_said(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / f"{auth(farm)['current']}.part").mkdir()  # in the way of the draft
    options = f"renew_days: 3000, backup_folder: {tmp_path}, backup_password: '{PASSWORD}'"
    step = play(farm, task("failed", options, more=", ignore_errors: true")).step("failed")
    assert step.failed and step.changed
    assert [line.partition(" ")[0] for line in step.result["commands"]] == [name for name, _server in written(step)]
    assert written(step)[-1] == ("Set-AuthConfig", "")
    assert f"{auth(farm)['current']}.pfx could not be written on the controller" in step.msg
    assert "Already done before it: New-ExchangeCertificate" in step.msg and "run the task again" in step.msg
    assert step.result["error"]["host"] == LON1
