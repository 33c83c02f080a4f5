# SPDX-License-Identifier: GPL-3.0-or-later
"""lync_partner_application on the documented example: the front end reads Exchange's document while the cmdlet binds."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Farm
from refusals import clear, refused

pytestmark = pytest.mark.connections("documented")

HOST, EXCHANGE = "atl-lync-001.litwareinc.com", "atl-exchange-001.litwareinc.com"
URL = f"https://{EXCHANGE}/autodiscover/metadata/json/1"
NAMED = "https://autodiscover.litwareinc.com/autodiscover/metadata/json/1"
MODULE = "onprem.exchange_lync.lync_partner_application"
READ = "{cmdlet: Get-CsPartnerApplication, select: [Identity, AuthToken, ApplicationIdentifier, ApplicationTrustLevel, Enabled]}"


def applications(farm: Farm) -> dict[str, dict[str, Any]]:
    """The deployment's partner applications, by identity."""
    return {item["name"]: item for item in farm.state()["lync"]["store"]["partner_applications"]}


@pytest.mark.emulated
def test_what_cannot_be_meant_is_refused_and_nothing_is_asked(farm: Farm) -> None:
    cases: dict[str, dict[str, Any]] = {
        "metadata_url: 'exchange' is not an absolute": {"metadata_url": "exchange"},
        "identity is empty": {"identity": ""},
        "metadata_url is for applications on premises": {"kind": "cloud", "metadata_url": URL},
        "realm is for applications in the cloud": {"realm": "litwareinc.com"},
        "refresh is for applications on premises": {"kind": "cloud", "refresh": True},
    }
    messages = refused(farm, "lync_partner_application", "lync_servers", *cases.values(), asked=False)
    for message, said in zip(messages, cases, strict=True):
        assert said in message
        assert "Correct the task" in message
    messages = refused(farm, "lync_partner_application", "lync_servers", {}, {"kind": "cloud"})
    assert "metadata_url is required to create" in messages[0]
    assert "identity is required to create" in messages[1]


def test_why_the_document_cannot_be_downloaded_is_found_out_on_the_front_end(farm: Farm) -> None:
    """The cmdlet says the same of all of them: a name without a record, a web site that is down, another path."""
    cases = {
        NAMED: "The front end cannot resolve autodiscover.litwareinc.com: ",
        URL.replace("json/1", "json/2"): "The remote server returned an error: (404) Not Found.",
    }
    for url, said in cases.items():
        run = farm.play(
            f"""
            - {{name: checked, {MODULE}: {{metadata_url: '{url}'}}, check_mode: true}}
            - {{name: fails, {MODULE}: {{metadata_url: '{url}'}}}}
            """,
            hosts=HOST,
        )
        checked, fails = run.step("checked"), run.step("fails")
        assert (checked.changed, checked.writes) == (True, [])
        (warning,) = checked.result["warnings"]
        assert warning.startswith("The front end cannot ")
        assert warning.endswith("Unless that has changed by then, a real run fails.")
        assert said in warning
        # the binder refuses it, so that the farm's journal has the attempt as an error, and the store has nothing
        assert (run.rc, {entry["outcome"] for entry in fails.writes}) == (2, {"error"})
        cmdlet, remedy = "New-CsPartnerApplication", "Nothing was written. The front end downloads the document"
        clear(fails.msg, host=HOST, shell="lync", cmdlet=cmdlet, said=said, remedy=remedy)
    assert applications(farm) == {}


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_the_rhythm(farm: Farm, execution: str) -> None:
    options = f"{{metadata_url: '{URL}', wait: true, timeout: 60}}"
    run = farm.play(
        f"""
        - {{name: checked, {MODULE}: {options}, check_mode: true}}
        - {{name: as it was, onprem.exchange_lync.lync_cmdlet: {READ}}}
        - {{name: applied, {MODULE}: {options}}}
        - {{name: as it is, onprem.exchange_lync.lync_cmdlet: {READ}}}
        - {{name: again, {MODULE}: {options}}}
        - {{name: removed, {MODULE}: {{state: absent}}}}
        - {{name: removed again, {MODULE}: {{state: absent}}}}
        """,
        hosts=HOST,
        execution=execution,
    )
    assert run.rc == 0, run.output
    checked, applied, again = (run.step(name) for name in ("checked", "applied", "again"))
    assert (checked.changed, checked.writes, checked.result.get("warnings")) == (True, [], None)
    assert [entry["cmdlet"] for entry in applied.writes] == ["New-CsPartnerApplication"]
    assert (again.changed, again.cmdlets) == (False, ["Get-CsPartnerApplication"])
    for key in ("partner_application", "commands", "diff"):
        assert checked.result[key] == applied.result[key]
    assert again.result["partner_application"] == applied.result["partner_application"]
    assert applied.result["replication"]["up_to_date"] is True
    assert run.step("as it was").result["objects"] == []
    assert run.step("as it is").result["objects"] == [
        {
            "Identity": "Exchange",
            "AuthToken": f"Value={URL}",
            "ApplicationIdentifier": "00000002-0000-0ff1-ce00-000000000000",
            "ApplicationTrustLevel": "Full",
            "Enabled": True,
        }
    ]
    removed, gone = run.step("removed"), run.step("removed again")
    assert [entry["cmdlet"] for entry in removed.writes] == ["Remove-CsPartnerApplication"]
    assert (gone.changed, gone.result["partner_application"]) == (False, None)


def test_change_disable_refresh_and_what_is_held(farm: Farm) -> None:
    """Found by its identifier, whatever it is called; another URL is replaced on the user's word only."""
    other = URL.replace("atl-exchange-001", "mail")
    record = "{name: mail.litwareinc.com, type: CNAME, value: atl-exchange-001.litwareinc.com}"
    assert farm.play(f"- onprem.exchange_lync.dns_record: {record}", hosts="dns_servers").rc == 0
    run = farm.play(
        f"""
        - {{name: made, {MODULE}: {{metadata_url: '{URL}', identity: microsoft.exchange}}}}
        - {{name: found, {MODULE}: {{metadata_url: '{URL.upper()}', enabled: false, application_trust_level: User}}}}
        - {{name: left, {MODULE}: {{}}}}
        - {{name: kept, {MODULE}: {{metadata_url: '{other}', on_conflict: keep, enabled: true}}}}
        - {{name: replaced, {MODULE}: {{metadata_url: '{other}', on_conflict: replace}}}}
        - {{name: would refresh, {MODULE}: {{refresh: true}}, check_mode: true}}
        - {{name: refreshed, {MODULE}: {{refresh: true, wait: true}}}}
        - {{name: refused, {MODULE}: {{metadata_url: '{URL}'}}}}
        """,
        hosts=HOST,
    )
    found, left, kept, replaced = (run.step(name) for name in ("found", "left", "kept", "replaced"))
    (write,) = found.writes
    assert write["parameters"]["Identity"] == "microsoft.exchange"
    assert (write["parameters"]["Enabled"], write["parameters"]["ApplicationTrustLevel"]) == (False, "User")
    assert left.result["warnings"] == [
        "microsoft.exchange is disabled, and was left so. Set enabled to true to enable it."
    ]
    assert kept.result["warnings"] == [f"Left as it is: metadata_url of microsoft.exchange is {URL}."]
    assert [entry["parameters"].get("MetadataUrl") for entry in kept.writes] == [None]
    assert [entry["parameters"]["MetadataUrl"] for entry in replaced.writes] == [other]
    would, refreshed = run.step("would refresh"), run.step("refreshed")
    assert (would.changed, would.writes) == (True, [])
    assert would.result["commands"] == refreshed.result["commands"]
    assert [(entry["cmdlet"], entry["parameters"]["MetadataUrl"]) for entry in refreshed.writes] == [
        ("Set-CsPartnerApplication", other)
    ]
    assert run.rc == 2
    said, remedy = f"metadata_url of microsoft.exchange is {other}.", "Set on_conflict to replace"
    clear(run.step("refused").msg, host=HOST, shell="lync", cmdlet="Set-CsPartnerApplication", said=said, remedy=remedy)


def test_duplicates_and_the_clouds_own_are_told_and_left(farm: Farm) -> None:
    run = farm.play(
        f"""
        - name: somebody else
          onprem.exchange_lync.lync_cmdlet:
            cmdlet: New-CsPartnerApplication
            parameters: {{Identity: MicrosoftExchange, ApplicationTrustLevel: Full, MetadataUrl: '{URL}'}}
        - {{name: cloud, {MODULE}: {{kind: cloud, identity: online, realm: outlook.example}}}}
        - {{name: cloud again, {MODULE}: {{kind: cloud, identity: online, realm: outlook.example}}}}
        - {{name: one of two, {MODULE}: {{metadata_url: '{URL}'}}}}
        - {{name: named, {MODULE}: {{identity: MicrosoftExchange, state: absent}}}}
        - {{name: named again, {MODULE}: {{identity: MicrosoftExchange, state: absent}}}}
        - {{name: cloud gone, {MODULE}: {{kind: cloud, state: absent}}}}
        """,
        hosts=HOST,
    )
    assert run.rc == 0, run.output
    cloud, again, one = (run.step(name) for name in ("cloud", "cloud again", "one of two"))
    (write,) = cloud.writes
    assert (write["parameters"]["UseOAuthServer"], write["parameters"]["Realm"]) == (True, "outlook.example")
    assert (again.changed, again.writes) == (False, [])
    assert (one.changed, one.result["partner_application"]["identity"]) == (False, "MicrosoftExchange")
    assert {item["identity"] for item in one.result["others"]} == {"microsoft.exchange", "online"}
    assert any(text.startswith("Duplicate, left as it is: microsoft.exchange (") for text in one.result["warnings"])
    assert any(text.startswith("Left as it is: online (authorization server)") for text in one.result["warnings"])
    assert [entry["parameters"]["Identity"] for entry in run.step("named").writes] == ["MicrosoftExchange"]
    # the duplicate is not taken for the one that is gone
    assert (run.step("named again").changed, run.step("named again").writes) == (False, [])
    assert set(applications(farm)) == {"microsoft.exchange"}


def test_several_that_fit_are_not_guessed_between(farm: Farm) -> None:
    run = farm.play(
        f"""
        - name: somebody else
          onprem.exchange_lync.lync_cmdlet:
            cmdlet: New-CsPartnerApplication
            parameters: {{Identity: Exchange, ApplicationTrustLevel: Full, MetadataUrl: '{URL}'}}
        - {{name: which, {MODULE}: {{enabled: false}}}}
        """,
        hosts=HOST,
    )
    assert (run.rc, run.step("which").writes) == (2, [])
    said, remedy = "several applications have the identifier", "Say with identity which one is meant"
    clear(run.step("which").msg, host=HOST, shell="lync", cmdlet="Get-CsPartnerApplication", said=said, remedy=remedy)


def test_the_documents_of_all_that_fit_are_read_again(farm: Farm) -> None:
    """None is created, a disabled one is left, and one that cannot be read does not keep the others from it."""
    refreshed = f"{MODULE}: {{state: refreshed}}"
    run = farm.play(
        f"""
        - {{name: would, {refreshed}, check_mode: true}}
        - {{name: all, {refreshed}}}
        - {{name: one, {MODULE}: {{state: refreshed, identity: EXCHANGE}}}}
        - {{name: none, {MODULE}: {{state: refreshed, identity: nobody}}}}
        - {{name: refused, {MODULE}: {{state: refreshed, enabled: true, kind: cloud}}, ignore_errors: true}}
        - {{name: name gone, onprem.exchange_lync.dns_record: {{name: mail.litwareinc.com, type: CNAME, state: absent}}, delegate_to: DNS}}
        - {{name: broken, {refreshed}, ignore_errors: true}}
        - {{name: disabled, {MODULE}: {{identity: microsoft.exchange, enabled: false}}}}
        - {{name: left, {refreshed}}}
        """.replace("DNS", "\"{{ groups['dns_servers'][0] }}\""),
        hosts=HOST,
    )
    assert run.rc == 0, run.output
    would, both, broken, left = (run.step(name) for name in ("would", "all", "broken", "left"))
    names = sorted(applications(farm))
    assert names == ["Exchange", "microsoft.exchange"]
    assert (would.changed, would.writes, sorted(would.result["refreshed"])) == (True, [], names)
    assert would.result["commands"] == both.result["commands"]
    assert sorted(entry["parameters"]["Identity"] for entry in both.writes) == names
    assert run.step("one").result["refreshed"] == ["Exchange"]
    none = run.step("none")
    assert (none.changed, none.result["refreshed"]) == (False, [])
    assert none.result["warnings"] == [
        "No application with the identifier 00000002-0000-0ff1-ce00-000000000000 was read again."
    ]
    assert "enabled, kind: with state=refreshed" in run.step("refused").msg
    assert "the metadata document of microsoft.exchange was not read again: " in broken.msg
    assert "The front end cannot resolve mail.litwareinc.com" in broken.msg
    (command,) = broken.result["commands"]
    assert "-Identity 'Exchange'" in command
    assert (broken.changed, left.result["refreshed"]) == (True, ["Exchange"])
    assert left.result["warnings"] == ["microsoft.exchange is disabled, so its document was not read again."]
