# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_client_access on the documented example: one server of 2013, which has the older cmdlets only."""

from __future__ import annotations

import pytest

from harness import Farm
from refusals import clear, failed, refused

pytestmark = pytest.mark.core

HOST = "atl-exchange-001.litwareinc.com"
SETUPS = f"https://{HOST}/Autodiscover/Autodiscover.xml"
RIGHT = "https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml"

RHYTHM = """
    - name: {name} checked
      onprem.exchange_lync.exchange_client_access: {options}
      check_mode: true
    - name: {name} still as it was
      onprem.exchange_lync.exchange_cmdlet: &read
        cmdlet: Get-ClientAccessServer
        select: [AutoDiscoverServiceInternalUri, AutoDiscoverSiteScope]
    - name: {name} applied
      onprem.exchange_lync.exchange_client_access: {options}
    - name: {name} read back
      onprem.exchange_lync.exchange_cmdlet: *read
    - name: {name} again
      onprem.exchange_lync.exchange_client_access: {options}
"""


CLEAR = "- {{name: clear, onprem.exchange_lync.exchange_client_access: {options}}}"


def rhythm(farm: Farm, name: str, options: str) -> dict[str, list[object]]:
    """Check, read, apply, read, again; what was read before and after."""
    run = farm.play(RHYTHM.format(name=name, options=options), hosts="exchange_servers")
    assert run.rc == 0, run.output
    checked, applied, again = (run.step(f"{name} {word}") for word in ("checked", "applied", "again"))
    assert (checked.changed, checked.writes) == (True, [])
    assert applied.changed
    assert [entry["cmdlet"] for entry in applied.writes] == ["Set-ClientAccessServer"]
    assert (again.changed, again.writes) == (False, [])
    for key in ("client_access", "commands", "diff"):
        assert checked.result[key] == applied.result[key]
    assert again.result["client_access"] == applied.result["client_access"]
    before, after = (run.step(f"{name} {word}").result["objects"][0] for word in ("still as it was", "read back"))
    return {
        "before": [before["AutoDiscoverServiceInternalUri"], before["AutoDiscoverSiteScope"]],
        "after": [after["AutoDiscoverServiceInternalUri"], after["AutoDiscoverSiteScope"]],
    }


def test_a_wrong_url_is_refused_with_the_right_one(farm: Farm) -> None:
    cases = {
        RIGHT.replace(".xml", ".svc"): "is the URL for Lync; Outlook needs the one that ends in .xml",
        RIGHT.replace("autodiscover.litwareinc.com", ""): "is not a URL with scheme and host",
    }
    options = [{"autodiscover_service_internal_uri": url} for url in cases]
    messages = refused(farm, "exchange_client_access", "exchange_servers", *options, asked=False)
    for (url, said), message in zip(cases.items(), messages, strict=True):
        clear(
            message,
            host=HOST,
            shell="exchange",
            cmdlet="Set-ClientAccessServer",
            said=f"autodiscover_service_internal_uri: '{url}' {said}",
            remedy=f"{RIGHT}. Correct the task",
        )


def test_a_server_that_nobody_has_is_refused(farm: Farm) -> None:
    run = farm.play(
        f"""
        - name: no such server
          onprem.exchange_lync.exchange_client_access:
            servers: [{HOST}, atl-exchange-009]
            autodiscover_service_internal_uri: {RIGHT}
        """,
        hosts="exchange_servers",
    )
    failed(run)
    missing = run.step("no such server")
    clear(
        missing.msg,
        host=HOST,
        shell="exchange",
        cmdlet="Get-ExchangeServer",
        said="no such Exchange server: atl-exchange-009. Known here: ",
        remedy="Check the name",
    )
    error = missing.result["error"]
    assert (error["kind"], error["host"], error["shell"], error["cmdlet"]) == (
        "not_found",
        HOST,
        "exchange",
        "Get-ExchangeServer",
    )
    assert (error["error_id"], error["category"]) == ("", "")


def test_only_blank_leaves_setups_uri_alone(farm: Farm) -> None:
    run = farm.play(
        f"""
        - name: blank only
          onprem.exchange_lync.exchange_client_access:
            autodiscover_service_internal_uri: {RIGHT}
            only_blank: true
        """,
        hosts="exchange_servers",
    )
    step = run.step("blank only")
    assert (step.changed, step.writes) == (False, [])
    assert step.result["client_access"][HOST]["autodiscover_service_internal_uri"] == SETUPS


def test_uri_and_site_scope_in_the_rhythm(farm: Farm) -> None:
    options = f"{{autodiscover_service_internal_uri: '{RIGHT}', autodiscover_site_scope: [Boston, atlanta]}}"
    assert rhythm(farm, "both", options) == {"before": [SETUPS, ["Atlanta"]], "after": [RIGHT, ["Boston", "atlanta"]]}


def test_clearing_and_filling_a_blank(farm: Farm) -> None:
    options = f"{{servers: [{HOST.upper()}], autodiscover_service_internal_uri: '', autodiscover_site_scope: []"
    refused = farm.play(CLEAR.format(options=options + "}"), hosts="exchange_servers")
    failed(refused)
    step = refused.step("clear")
    said = f"{HOST}: its Autodiscover URI is {RIGHT}, which setup did not write, so somebody chose it"
    clear(
        step.msg,
        host=HOST,
        shell="exchange",
        cmdlet="Set-ClientAccessServer",
        said=said,
        remedy="Set on_conflict to replace",
    )
    assert step.result["error"]["kind"] == "conflict"
    assert rhythm(farm, "cleared", options + ", on_conflict: replace}")["after"] == [None, []]
    options = f"{{servers: [ATL-EXCHANGE-001], autodiscover_service_internal_uri: '{RIGHT}', only_blank: true}}"
    assert rhythm(farm, "filled", options)["after"] == [RIGHT, []]


def test_an_account_that_may_only_read_sees_what_differs_and_is_refused_to_write(farm: Farm) -> None:
    auditor = {"ansible_user": "auditor@litwareinc.com", "ansible_password": 'read: "only" 100% é'}
    run = farm.play(
        """
        - name: checked
          onprem.exchange_lync.exchange_client_access: &other
            autodiscover_service_internal_uri: https://mail.litwareinc.com/autodiscover/autodiscover.xml
            on_conflict: replace
          check_mode: true
        - name: refused
          onprem.exchange_lync.exchange_client_access: *other
        """,
        hosts="exchange_servers",
        extra_vars=auditor,
    )
    failed(run)
    checked, step = run.step("checked"), run.step("refused")
    assert checked.changed
    assert "A real run would fail" in str(checked.result["warnings"])
    assert step.result["error"]["kind"] == "not_offered"
    clear(
        step.msg,
        host=HOST,
        shell="exchange",
        cmdlet="Set-ClientAccessServer",
        said="not offered to this account",
        remedy="check the product version, the management tools and the account's roles",
    )


@pytest.mark.connections("psrp")
def test_a_refused_write_says_what_is_left_to_do(farm: Farm) -> None:
    farm.lab("fault", "cmdlet_fails", "--value", "Set-ClientAccessServer", "--count", "1")
    task = """
        - name: set
          onprem.exchange_lync.exchange_client_access:
            autodiscover_service_internal_uri: https://mail.litwareinc.com/autodiscover/autodiscover.xml
            on_conflict: replace
    """
    failed = farm.play(task, hosts="exchange_servers").step("set")
    assert failed.failed
    assert failed.result["commands"] == []
    assert [command.split()[0] for command in failed.result["commands_not_run"]] == ["Set-ClientAccessServer"]
    assert farm.play(task, hosts="exchange_servers").step("set").changed
