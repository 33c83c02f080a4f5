# SPDX-License-Identifier: GPL-3.0-or-later
"""Active Directory split permissions: what the module and the role say, and that with an account of Active Directory they do the rest."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Farm, Run
from refusals import clear

pytestmark = [pytest.mark.scenario("litware:split_permissions"), pytest.mark.connections("documented")]

HOST, FRONT_END = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com"
URL = f"https://{FRONT_END}/metadata/json/1"
MODULE = "onprem.exchange_lync.exchange_partner_application"
ACCOUNT = "LyncEnterprise-ApplicationAccount"
LINKED = "litwareinc.com/Users/lync-app"
SNAP_IN = {"ansible_exchange_shell": {"place": "machine", "load": "snapin"}}
OF_EXCHANGE = {"farm_exchange_metadata_url": f"https://{HOST}/autodiscover/metadata/json/1"}
"""The Autodiscover name is not published here."""


def made(farm: Farm) -> tuple[set[str], set[str]]:
    """The names of Exchange's partner applications, and of the accounts that were created."""
    exchange = farm.state()["exchange"]
    accounts = {item["name"] for item in exchange["recipients"]}
    return {item["name"] for item in exchange["partner_applications"]}, accounts & {ACCOUNT}


def run_role(farm: Farm, *, check: bool = False, **variables: Any) -> Run:
    task = "- import_role: {name: onprem.exchange_lync.partners}"
    hosts = "exchange_servers:lync_servers"
    return farm.play(task, hosts=hosts, check=check, extra_vars={**OF_EXCHANGE, **variables})


@pytest.fixture(scope="module")
def signing(farm: Farm) -> str:
    """The certificate that Lync signs with: Exchange reads it in the document."""
    thumbprint = str(farm.state()["certificates"]["oauth-good"]["thumbprint"])
    task = f"- onprem.exchange_lync.lync_certificate: {{use: OAuthTokenIssuer, thumbprint: {thumbprint}}}"
    run = farm.play(task, hosts=FRONT_END)
    assert run.rc == 0, run.output
    return thumbprint


def test_without_an_account_nothing_is_foretold_and_nothing_is_written(farm: Farm, signing: str) -> None:
    """The same words in check mode and in a real run. Not even an administrator's application without its account is made."""
    run = farm.play(
        f"""
        - {{name: checked, {MODULE}: {{auth_metadata_url: '{URL}'}}, check_mode: true, ignore_errors: true}}
        - {{name: applied, {MODULE}: {{auth_metadata_url: '{URL}'}}, ignore_errors: true}}
        """,
        hosts=HOST,
    )
    checked, applied = run.step("checked"), run.step("applied")
    assert (run.writes, checked.changed, applied.changed) == ([], False, False)
    for step in (checked, applied):
        assert step.result["error"]["kind"] == "not_offered"
        assert "commands" not in step.result
        clear(
            step.msg,
            host=HOST,
            shell="exchange",
            cmdlet="New-MailUser",
            said=f"there is no account {ACCOUNT}, and the cmdlet that creates it is not offered",
            remedy="Have an account created in Active Directory, a user without a mailbox, and name it with linked_account. "
            "With Active Directory split permissions, Exchange creates accounts for nobody.",
        )
    assert made(farm) == ({"Exchange Online"}, set())


def test_an_account_that_may_only_read_still_sees_what_differs(farm: Farm, signing: str) -> None:
    """It is offered none of the writes, so a real run by another account may do what is shown; that it cannot itself is told."""
    auditor = {"ansible_user": "auditor@litwareinc.com", "ansible_password": 'read: "only" 100% é'}
    task = f"- {{name: step, {MODULE}: {{auth_metadata_url: '{URL}'}}}}"
    step = farm.play(task, hosts=HOST, check=True, extra_vars=auditor).step("step")
    assert (step.failed, step.changed) == (False, True)
    assert "A real run would fail" in str(step.result["warnings"])


def test_the_role_says_it_in_its_own_words(farm: Farm, signing: str) -> None:
    for check in (True, False):
        run = run_role(farm, check=check)
        assert (run.rc, run.writes) == (2, []), run.output
        assert f"[partner_account_not_created] there is no account {ACCOUNT}, and New-MailUser" in run.output
        assert "name it in farm_linked_account" in " ".join(run.output.split())
    assert made(farm) == ({"Exchange Online"}, set())


def test_the_role_uses_the_account_that_is_described(farm: Farm, signing: str) -> None:
    check, apply, again = (
        run_role(farm, check=check, farm_linked_account="lync-app") for check in (True, False, False)
    )
    assert (check.rc, check.writes, apply.rc, again.rc, again.writes) == (0, [], 0, 0, []), apply.output
    assert [entry["cmdlet"] for entry in apply.writes] == [
        *["New-ManagementRoleAssignment"] * 2,
        "New-PartnerApplication",
        "New-CsPartnerApplication",
    ]
    assert made(farm) == ({"Exchange Online", "LyncEnterprise"}, set())


def test_the_module_uses_the_account_that_it_is_given(farm: Farm, signing: str) -> None:
    """After the role: its application is removed first, the account keeps its roles."""
    options = f"{{auth_metadata_url: '{URL}', linked_account: lync-app, signing_certificates: [{signing}]}}"
    run = farm.play(
        f"""
        - {{name: removed, {MODULE}: {{state: absent}}}}
        - {{name: checked, {MODULE}: {options}, check_mode: true}}
        - {{name: applied, {MODULE}: {options}}}
        - {{name: again, {MODULE}: {options}}}
        - {{name: left, {MODULE}: {{}}}}
        """,
        hosts=HOST,
    )
    assert run.rc == 0, run.output
    checked, applied, again, left = (run.step(name) for name in ("checked", "applied", "again", "left"))
    assert (checked.changed, checked.writes) == (True, [])
    assert [entry["cmdlet"] for entry in applied.writes] == ["New-PartnerApplication"]
    assert checked.result["commands"] == applied.result["commands"]
    assert [(step.changed, step.writes) for step in (again, left)] == [(False, [])] * 2
    assert again.result["partner_application"]["linked_account"] == LINKED
    assert made(farm) == ({"Exchange Online", "LyncEnterprise"}, set())


def test_in_the_snap_in_active_directory_refuses_and_the_application_is_not_made(farm: Farm, signing: str) -> None:
    """There every cmdlet is offered. The refusal is that of the first write, so nothing is left behind."""
    gone = farm.play(f"- {MODULE}: {{state: absent}}", hosts=HOST)
    assert gone.rc == 0, gone.output
    run = farm.play(f"- {{name: step, {MODULE}: {{auth_metadata_url: '{URL}'}}}}", hosts=HOST, extra_vars=SNAP_IN)
    step = run.step("step")
    assert run.rc == 2
    assert [(entry["cmdlet"], entry["outcome"]) for entry in run.writes] == [("New-MailUser", "error")]
    assert (step.changed, step.result["commands"]) == (False, [])
    clear(
        step.msg,
        host=HOST,
        shell="exchange",
        cmdlet="New-MailUser",
        said="problem 4003 (INSUFF_ACCESS_RIGHTS)",
        remedy="If it says INSUFF_ACCESS_RIGHTS, this account may not create accounts in Active Directory. Have an account created",
    )
    assert made(farm) == ({"Exchange Online"}, set())
