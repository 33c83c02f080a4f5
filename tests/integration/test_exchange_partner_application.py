# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_partner_application on the documented example: what Microsoft's script does, and that it can be run again."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Farm
from refusals import clear, refused

pytestmark = pytest.mark.connections("documented")

HOST, FRONT_END = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com"
URL = "https://atl-lync-001.litwareinc.com/metadata/json/1"
MODULE = "onprem.exchange_lync.exchange_partner_application"
ACCOUNT = "LyncEnterprise-ApplicationAccount"
CREATED = ["New-MailUser", "Set-MailUser", *["New-ManagementRoleAssignment"] * 2, "New-PartnerApplication"]
READ = "{cmdlet: Get-PartnerApplication, select: [Name, Enabled, AuthMetadataUrl, LinkedAccount, AcceptSecurityIdentifierInformation]}"


def certificates(farm: Farm) -> dict[str, str]:
    """The thumbprints of the lab's certificates, by their names in the scenario."""
    return {name: item["thumbprint"] for name, item in farm.state()["certificates"].items()}


def assign(farm: Farm, certificate: str) -> str:
    """Have Lync sign with a certificate from now on; its thumbprint."""
    thumbprint = certificates(farm)[certificate]
    options = f"{{use: OAuthTokenIssuer, thumbprint: {thumbprint}, on_conflict: replace, warn_days: 0}}"
    task = f"- onprem.exchange_lync.lync_certificate: {options}"
    run = farm.play(task, hosts="lync_servers")
    assert run.rc == 0, run.output
    return thumbprint


def applications(farm: Farm) -> dict[str, dict[str, Any]]:
    """The organisation's partner applications, by name."""
    return {item["name"]: item for item in farm.state()["exchange"]["partner_applications"]}


@pytest.fixture(scope="module")
def signing(farm: Farm) -> str:
    """The certificate that Lync signs with."""
    return assign(farm, "oauth-good")


@pytest.mark.emulated
def test_what_cannot_be_meant_is_refused_and_nothing_is_asked(farm: Farm) -> None:
    cases: dict[str, dict[str, Any]] = {
        "auth_metadata_url: 'lync'": {"auth_metadata_url": "lync"},
        "linked_account is empty": {"auth_metadata_url": URL, "linked_account": " "},
        "signing_certificates: 'abc' is not a certificate thumbprint": {"signing_certificates": ["abc"]},
        "auth_metadata_url is for applications on premises": {"kind": "cloud", "auth_metadata_url": URL},
        "realm is empty": {"realm": " "},
    }
    messages = refused(farm, "exchange_partner_application", "exchange_servers", *cases.values(), asked=False)
    for message, said in zip(messages, cases, strict=True):
        assert said in message
        assert "Correct the task; nothing was written." in message


def test_what_cannot_be_created_or_used_is_refused(farm: Farm) -> None:
    cases: list[dict[str, Any]] = [
        {},
        {"kind": "cloud"},
        {"auth_metadata_url": URL, "name": "Exchange Online"},
        {"auth_metadata_url": URL, "linked_account": "nobody"},
        {"auth_metadata_url": URL, "linked_account": "Front Desk"},
    ]
    messages = refused(farm, "exchange_partner_application", "exchange_servers", *cases)
    said = [
        ("New-PartnerApplication", "auth_metadata_url is required to create", "Correct the task"),
        ("New-PartnerApplication", "name is required to create", "Correct the task"),
        ("New-PartnerApplication", "Exchange Online has the identifier 00000002-", "give another name"),
        ("Get-User", "linked_account: there is no account nobody", "Check the name"),
        ("Get-User", "Front Desk is a UserMailbox", "Name another account with linked_account"),
    ]
    for message, (cmdlet, text, remedy) in zip(messages, said, strict=True):
        clear(message, host=HOST, shell="exchange", cmdlet=cmdlet, said=text, remedy=remedy)


def test_a_document_that_cannot_be_read_is_explained_and_the_account_is_not_made_twice(
    farm: Farm, signing: str
) -> None:
    """The front end's web site does not run: the script, run again, would have made a second account and application."""
    farm.lab("fault", "service_stopped", "--host", FRONT_END, "--value", "W3SVC")
    tasks = f"- {{name: fails, {MODULE}: {{auth_metadata_url: '{URL}'}}}}"
    run = farm.play(tasks, hosts=HOST)
    farm.lab("fault", "service_stopped", "--host", FRONT_END, "--off")
    failed = run.step("fails")
    assert run.rc == 2
    assert [entry["cmdlet"] for entry in failed.writes] == CREATED
    assert len(failed.result["commands"]) == 4
    clear(
        failed.msg,
        host=HOST,
        shell="exchange",
        cmdlet="New-PartnerApplication",
        said="Unable to connect to the remote server",
        remedy="Check on the Exchange server that the host name of the URL resolves",
    )
    assert set(applications(farm)) == {"Exchange Online"}


def test_the_rhythm(farm: Farm, signing: str) -> None:
    """The account and its roles are there from the attempt before, and are used."""
    options = f"{{auth_metadata_url: '{URL}', signing_certificates: [{signing}]}}"
    run = farm.play(
        f"""
        - {{name: checked, {MODULE}: {options}, check_mode: true}}
        - {{name: as it was, onprem.exchange_lync.exchange_cmdlet: {READ}}}
        - {{name: applied, {MODULE}: {options}}}
        - {{name: as it is, onprem.exchange_lync.exchange_cmdlet: {READ}}}
        - {{name: again, {MODULE}: {options}}}
        """,
        hosts=HOST,
    )
    assert run.rc == 0, run.output
    checked, applied, again = (run.step(name) for name in ("checked", "applied", "again"))
    assert (checked.changed, checked.writes) == (True, [])
    assert [entry["cmdlet"] for entry in applied.writes] == ["New-PartnerApplication"]
    assert (again.changed, again.writes) == (False, [])
    for key in ("commands", "diff"):
        assert checked.result[key] == applied.result[key]
    created = applied.result["partner_application"]
    assert again.result["partner_application"] == created
    assert created | {"realm": None} == checked.result["partner_application"]
    assert (created["realm"], created["roles"]) == ("litwareinc.com", ["ArchiveApplication", "UserApplication"])
    assert applied.result["trusted_certificates"] == [signing]
    assert [item["Name"] for item in run.step("as it was").result["objects"]] == ["Exchange Online"]
    (there,) = [item for item in run.step("as it is").result["objects"] if item["Name"] == "LyncEnterprise"]
    assert there.pop("LinkedAccount")["DistinguishedName"] == f"CN={ACCOUNT},CN=Users,DC=litwareinc,DC=com"
    assert there == {
        "Name": "LyncEnterprise",
        "Enabled": True,
        "AuthMetadataUrl": URL,
        "AcceptSecurityIdentifierInformation": True,
    }
    (account,) = [item for item in farm.state()["exchange"]["recipients"] if item["name"] == ACCOUNT]
    assert account == {
        "name": ACCOUNT,
        "kind": "MailUser",
        "external_address": f"{ACCOUNT}@litwareinc.com",
        "hidden": True,
        "roles": ["UserApplication", "ArchiveApplication"],
    }
    assert {entry["parameters"]["DomainController"] for entry in applied.writes} == {"atl-dc-001.litwareinc.com"}


def test_keys_are_read_again_when_exchange_does_not_know_one(farm: Farm, signing: str) -> None:
    new = assign(farm, "oauth-expiring")
    options = f"{{signing_certificates: [{new.lower()}]}}"
    unknown = "A" * 40
    run = farm.play(
        f"""
        - {{name: checked, {MODULE}: {options}, check_mode: true}}
        - {{name: applied, {MODULE}: {options}}}
        - {{name: again, {MODULE}: {options}}}
        - {{name: never, {MODULE}: {{signing_certificates: ['{unknown}'], timeout: 1}}}}
        """,
        hosts=HOST,
    )
    checked, applied, again, never = (run.step(name) for name in ("checked", "applied", "again", "never"))
    assert checked.result["diff"] == applied.result["diff"]
    assert applied.result["diff"]["before"]["missing_certificates"] == [new]
    (write,) = applied.writes
    assert (write["cmdlet"], write["parameters"]["RefreshAuthMetadata"]) == ("Set-PartnerApplication", True)
    assert applications(farm)["LyncEnterprise"]["certificates"] == [new, signing]
    assert (again.changed, again.writes) == (False, [])
    assert (run.rc, never.result["error"]["kind"]) == (2, "not_effective")
    assert f"does not list {unknown}" in never.msg


def test_what_somebody_may_have_chosen_is_replaced_on_the_users_word_only(farm: Farm, signing: str) -> None:
    other = URL.replace("atl-lync-001", "sip")
    run = farm.play(
        f"""
        - {{name: kept, {MODULE}: {{auth_metadata_url: '{other}', linked_account: lync-app, on_conflict: keep}}}}
        - {{name: account, {MODULE}: {{linked_account: LITWARE\\lync-app, on_conflict: replace}}}}
        - {{name: account again, {MODULE}: {{linked_account: lync-app@litwareinc.com}}}}
        - {{name: url, {MODULE}: {{auth_metadata_url: '{other}', on_conflict: replace, trust_any_ssl_certificate: true}}}}
        - {{name: refused, {MODULE}: {{auth_metadata_url: '{URL}'}}}}
        """,
        hosts=HOST,
    )
    kept, account, again, url = (run.step(name) for name in ("kept", "account", "account again", "url"))
    assert (kept.changed, kept.writes) == (False, [])
    assert kept.result["warnings"] == [
        f"Left as it is: auth_metadata_url of LyncEnterprise is {URL}.",
        f"Left as it is: linked_account of LyncEnterprise is litwareinc.com/Users/{ACCOUNT}.",
    ]
    assert [entry["cmdlet"] for entry in account.writes] == [
        *["New-ManagementRoleAssignment"] * 2,
        "Set-PartnerApplication",
    ]
    assert (again.changed, again.writes) == (False, [])
    (write,) = url.writes
    assert (write["parameters"]["AuthMetadataUrl"], write["parameters"]["TrustAnySSLCertificate"]) == (other, True)
    assert run.rc == 2
    said = f"auth_metadata_url of LyncEnterprise is {other}."
    message, remedy = run.step("refused").msg, "Set on_conflict to replace"
    clear(message, host=HOST, shell="exchange", cmdlet="Set-PartnerApplication", said=said, remedy=remedy)
    assert applications(farm)["LyncEnterprise"]["linked_account"] == "litwareinc.com/Users/lync-app"


@pytest.mark.emulated
def test_another_realm_takes_a_new_application_and_the_users_word(farm: Farm, signing: str) -> None:
    """Lync's realm has changed: Exchange takes no document that has another realm than the application.

    Until there is a new one, the old one is not touched: no document, a realm that the document does not have, no answer.
    """
    off = f"{{enabled: false, accept_security_identifier_information: false, signing_certificates: [{signing}]}}"
    run = farm.play(f"- {{name: disabled, {MODULE}: {off}}}", hosts=HOST)
    assert run.rc == 0, run.output
    before = applications(farm)["LyncEnterprise"]
    own = f"realm: fabrikam.com, auth_metadata_url: '{before['metadata_url']}'"
    word = f"{own}, on_conflict: replace"
    early = farm.play(f"- {{name: early, {MODULE}: {{{word}}}}}", hosts=HOST).step("early")
    assert [entry["cmdlet"] for entry in early.writes] == ["New-PartnerApplication"]
    assert "LyncEnterprise is left as it is. If the document still has its realm, litwareinc.com, give" in early.msg
    realm = "{realm: fabrikam.com, on_conflict: replace, wait: true}"
    run = farm.play(f"- onprem.exchange_lync.lync_oauth_configuration: {realm}", hosts="lync_servers")
    assert run.rc == 0, run.output
    farm.lab("fault", "service_stopped", "--host", FRONT_END, "--value", "W3SVC")
    silent = farm.play(f"- {{name: silent, {MODULE}: {{{word}}}}}", hosts=HOST).step("silent")
    farm.lab("fault", "service_stopped", "--host", FRONT_END, "--off")
    assert [entry["cmdlet"] for entry in silent.writes] == ["New-PartnerApplication"]
    assert "Unable to connect to the remote server" in silent.msg
    assert applications(farm)["LyncEnterprise"] == before
    unknown = "A" * 40
    tasks = f"""
        - {{name: refused, {MODULE}: {{{own}}}, ignore_errors: true}}
        - {{name: not read, {MODULE}: {{signing_certificates: [{unknown}]}}, ignore_errors: true}}
        - {{name: kept, {MODULE}: {{{own}, on_conflict: keep}}}}
        - {{name: foretold, {MODULE}: {{{word}}}, check_mode: true}}
        - {{name: replaced, {MODULE}: {{{word}}}}}
        - {{name: again, {MODULE}: {{{own}}}}}
        - {{name: once more, {MODULE}: {{{word}}}}}
        """
    run = farm.play(tasks, hosts=HOST)
    assert run.rc == 0, run.output
    assert "realm of LyncEnterprise is litwareinc.com." in run.step("refused").msg
    assert "If it is the same deployment with another realm now, give realm" in run.step("not read").msg
    assert run.step("kept").result["warnings"][0] == "Left as it is: realm of LyncEnterprise is litwareinc.com."
    foretold, replaced = run.step("foretold"), run.step("replaced")
    assert [entry["cmdlet"] for entry in replaced.writes] == ["New-PartnerApplication", "Remove-PartnerApplication"]
    for key in ("commands", "diff"):
        assert foretold.result[key] == replaced.result[key]
    assert set(applications(farm)) == {"Exchange Online", "LyncEnterprise 2"}
    assert_is_anew(applications(farm)["LyncEnterprise 2"], before)
    for name in ("again", "once more"):
        assert (run.step(name).changed, run.step(name).writes) == (False, [])


def assert_is_anew(after: dict[str, Any], before: dict[str, Any]) -> None:
    """Everything that somebody has chosen is as it was; what comes from the document is what it says now."""
    new = {name: after[name] for name in ("name", "realm", "certificates")}
    assert after == {**before, **new}
    assert (before["enabled"], before["accept_security_identifiers"]) == (False, False)
    assert after["realm"] != before["realm"]


@pytest.mark.emulated
def test_what_another_realm_has_left_is_removed_by_the_next_run(farm: Farm, signing: str) -> None:
    """The old one is not removed at first, and then the answer to each of the two writes is lost."""
    before, play = applications(farm)["LyncEnterprise 2"], "lync_servers"
    realm = "- onprem.exchange_lync.lync_oauth_configuration: {{realm: {}, on_conflict: replace, wait: true}}"
    own = f"auth_metadata_url: '{before['metadata_url']}'"
    assert farm.play(realm.format("litwareinc.com"), hosts=play).rc == 0
    word = f"realm: litwareinc.com, {own}, on_conflict: replace"
    farm.lab("fault", "cmdlet_fails", "--value", "Remove-PartnerApplication", "--count", "1")
    failed = farm.play(f"- {{name: failed, {MODULE}: {{{word}}}}}", hosts=HOST).step("failed")
    assert failed.failed
    assert set(applications(farm)) == {"Exchange Online", "LyncEnterprise", "LyncEnterprise 2"}
    assert_is_anew(applications(farm)["LyncEnterprise"], before)
    run = farm.play(
        f"""
        - {{name: left, {MODULE}: {{realm: litwareinc.com, {own}}}}}
        - {{name: foretold, {MODULE}: {{{word}}}, check_mode: true}}
        - {{name: removed, {MODULE}: {{{word}}}}}
        """,
        hosts=HOST,
    )
    assert run.rc == 0, run.output
    left, foretold, removed = (run.step(name) for name in ("left", "foretold", "removed"))
    assert (left.changed, left.writes) == (False, [])
    told = f"Left as it is: LyncEnterprise 2 ({before['metadata_url']}, disabled) is of the realm fabrikam.com, which the document at this"
    assert told in left.result["warnings"][0]
    assert foretold.result["commands"] == removed.result["commands"]
    assert [entry["cmdlet"] for entry in removed.writes] == ["Remove-PartnerApplication"]
    assert set(applications(farm)) == {"Exchange Online", "LyncEnterprise"}
    for cmdlet, new in (("New", "fabrikam.com"), ("Remove", "litwareinc.com")):
        (old,) = (item for name, item in applications(farm).items() if name.startswith("LyncEnterprise"))
        assert farm.play(realm.format(new), hosts=play).rc == 0
        farm.lab("fault", "lost_answer", "--value", f"{cmdlet}-PartnerApplication", "--count", "1")
        options = f"realm: {new}, {own}, on_conflict: replace, timeout: 1"
        step = farm.play(f"- {{name: lost, {MODULE}: {{{options}}}}}", hosts=HOST).step("lost")
        assert not step.failed, step.msg
        assert [entry["cmdlet"] for entry in step.writes] == ["New-PartnerApplication", "Remove-PartnerApplication"]
        assert len(applications(farm)) == 2
        (there,) = (item for name, item in applications(farm).items() if name.startswith("LyncEnterprise"))
        assert_is_anew(there, old)
        told = str(step.result["warnings"])
        assert ("what is still to do is sent" in told, "it had taken effect" in told) == (
            cmdlet == "New",
            cmdlet != "New",
        )
    on = "{enabled: true, accept_security_identifier_information: true}"
    assert farm.play(f"- {{name: enabled, {MODULE}: {on}}}", hosts=HOST).step("enabled").changed


def test_in_the_cloud_another_realm_takes_a_new_application_too(farm: Farm, signing: str) -> None:
    cloud = "kind: cloud, name: SfBOnline, linked_account: lync-app"
    word = f"{cloud}, realm: northwindtraders.com, on_conflict: replace"
    run = farm.play(f"- {MODULE}: {{{cloud}, realm: adatum.com, enabled: false}}", hosts=HOST)
    assert run.rc == 0, run.output
    before = applications(farm)["SfBOnline"]
    farm.lab("fault", "cmdlet_fails", "--value", "Remove-PartnerApplication", "--count", "1")
    run = farm.play(
        f"""
        - {{name: failed, {MODULE}: {{{word}}}, ignore_errors: true}}
        - {{name: left, {MODULE}: {{{word}}}}}
        - {{name: removed, {MODULE}: {{kind: cloud, name: SfBOnline, state: absent}}}}
        - {{name: replaced, {MODULE}: {{{word.replace("northwindtraders", "contoso")}}}}}
        """,
        hosts=HOST,
    )
    assert run.rc == 0, run.output
    failed, left, removed, replaced = (run.step(name) for name in ("failed", "left", "removed", "replaced"))
    assert failed.writes[0]["cmdlet"] == "New-PartnerApplication"
    assert (failed.failed, left.changed, left.writes) == (True, False, [])
    assert "SfBOnline (authorization server, disabled) is of the realm adatum.com." in str(left.result["warnings"])
    assert [entry["cmdlet"] for entry in removed.writes] == ["Remove-PartnerApplication"]
    assert [entry["cmdlet"] for entry in replaced.writes] == ["New-PartnerApplication", "Remove-PartnerApplication"]
    (there,) = (item for name, item in applications(farm).items() if name.startswith("SfB"))
    assert there == {**before, "realm": "contoso.com"}
    gone = f"- {MODULE}: {{kind: cloud, state: absent}}"
    assert farm.play(gone, hosts=HOST).rc == 0


def test_disable_enable_remove(farm: Farm, signing: str) -> None:
    run = farm.play(
        f"""
        - {{name: disabled, {MODULE}: {{enabled: false, accept_security_identifier_information: false}}}}
        - {{name: left, {MODULE}: {{}}}}
        - {{name: enabled, {MODULE}: {{enabled: true}}}}
        - {{name: removed, {MODULE}: {{state: absent}}}}
        - {{name: removed again, {MODULE}: {{state: absent}}}}
        """,
        hosts=HOST,
    )
    assert run.rc == 0, run.output
    disabled, left, enabled, removed, again = (
        run.step(name) for name in ("disabled", "left", "enabled", "removed", "removed again")
    )
    (write,) = disabled.writes
    assert (write["parameters"]["Enabled"], write["parameters"]["AcceptSecurityIdentifierInformation"]) == (
        False,
        False,
    )
    assert (left.changed, left.result["warnings"]) == (
        False,
        ["LyncEnterprise is disabled, and was left so. Set enabled to true to enable it."],
    )
    assert [entry["parameters"].get("Enabled") for entry in enabled.writes] == [True]
    assert [entry["cmdlet"] for entry in removed.writes] == ["Remove-PartnerApplication"]
    assert (again.changed, again.writes, again.result["partner_application"]) == (False, [], None)
    assert set(applications(farm)) == {"Exchange Online"}


@pytest.mark.emulated
def test_a_document_of_another_product_is_no_reason_for_another_application(farm: Farm, signing: str) -> None:
    """The URL is Exchange's own: the application that it makes has Exchange's identifier. The task, run again, makes no second one."""
    url = f"https://{HOST}/autodiscover/metadata/json/1"
    wrong = f"{{auth_metadata_url: '{url}', trust_any_ssl_certificate: true}}"
    for _run in range(2):
        message = farm.play(f"- {{name: step, {MODULE}: {wrong}}}", hosts=HOST).step("step").msg
        assert "LyncEnterprise has the identifier 00000002-0000-0ff1-ce00-000000000000, not 00000004-" in message
        assert "correct the URL, and remove LyncEnterprise with state absent" in message
    assert set(applications(farm)) == {"Exchange Online", "LyncEnterprise"}
    gone = "{state: absent, name: LyncEnterprise, application_identifier: 00000002-0000-0ff1-ce00-000000000000}"
    assert farm.play(f"- {{name: step, {MODULE}: {gone}}}", hosts=HOST).step("step").changed
    assert set(applications(farm)) == {"Exchange Online"}


def test_an_account_that_may_only_read_sees_what_would_be_done(farm: Farm, signing: str) -> None:
    auditor = {"ansible_user": "auditor@litwareinc.com", "ansible_password": 'read: "only" 100% é'}
    task = f"- {{name: step, {MODULE}: {{auth_metadata_url: '{URL}', linked_account: lync-app}}}}"
    step = farm.play(task, hosts=HOST, check=True, extra_vars=auditor).step("step")
    assert step.changed
    assert "A real run would fail" in str(step.result["warnings"])
    run = farm.play(task, hosts=HOST, extra_vars=auditor)
    assert (run.rc, run.writes, run.step("step").result["error"]["kind"]) == (2, [], "not_offered")
