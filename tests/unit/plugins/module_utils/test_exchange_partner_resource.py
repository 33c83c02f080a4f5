# SPDX-License-Identifier: GPL-3.0-or-later
"""What is planned where an application gets another realm, also where a run has not got to its end."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import Directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.exchange_partner_resource import (
    ExchangePartner,
    ObservedExchangePartner,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import LYNC, find_match
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan

URL = "https://one.litwareinc.com/metadata/json/1"
ACCOUNT = "litwareinc.com/Users/lync-app"
DIRECTORY = Directory(cast(Any, None), "")  # steps are made of it, and none is run


def application(name: str, realm: str, url: str | None = URL, **more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": name,
        "application_identifier": LYNC,
        "kind": "on_premises" if url else "cloud",
        "url": url,
        "auth_metadata_url": url,
        "realm": realm,
        "enabled": False,
        "accept_security_identifier_information": False,
        "linked_account": ACCOUNT,
        "signing_certificates": [],
    }
    return {**facts, **more}


def call_for(realm: str, **more: Any) -> Call:
    params: dict[str, Any] = {
        "state": "present",
        "application_identifier": LYNC,
        "kind": "on_premises",
        "name": None,
        "auth_metadata_url": URL,
        "trust_any_ssl_certificate": False,
        "signing_certificates": [],
        "realm": realm,
        "enabled": None,
        "accept_security_identifier_information": None,
        "linked_account": None,
        "roles": None,
        "on_conflict": "replace",
    }
    return Call({**params, **more}, check_mode=False, helper=pytest.fail)


def plan(subject: ExchangePartner, call: Call, *there: dict[str, Any]) -> Plan:
    params = call.params
    match = find_match(
        there, LYNC, params["kind"], url=params["auth_metadata_url"], name=params["name"], realm=params["realm"]
    )
    names = {item["name"].casefold(): LYNC for item in there}
    return subject.plan(call, ObservedExchangePartner(DIRECTORY, names, match))


def written(found: Plan) -> list[str]:
    return [" ".join(str(step).split()[:3]) for step in found.steps]


def test_the_new_one_has_all_that_the_old_one_has_and_comes_first() -> None:
    made, removed = plan(ExchangePartner(), call_for("new.com"), application("LyncEnterprise", "old.com")).steps
    assert str(made) == (
        f"New-PartnerApplication -Name 'LyncEnterprise 2' -AuthMetadataUrl '{URL}' -Enabled:$false "
        f"-AcceptSecurityIdentifierInformation:$false -LinkedAccount '{ACCOUNT}' -Confirm:$false"
    )
    assert str(removed) == "Remove-PartnerApplication -Identity 'LyncEnterprise' -Confirm:$false"
    script = application("LyncEnterprise-77aa", "old.com")
    assert plan(ExchangePartner(), call_for("new.com"), script).after["name"] == "LyncEnterprise"
    assert plan(ExchangePartner(), call_for("new.com", name="mine"), script).after["name"] == "mine"


def test_what_an_earlier_run_has_left_is_removed_on_the_users_word_if_it_reads_the_same_document() -> None:
    new, old = application("LyncEnterprise 2", "new.com"), application("LyncEnterprise", "old.com")
    theirs = application("theirs", "fabrikam.com", "https://pool.fabrikam.com/metadata/json/1")
    found = plan(ExchangePartner(), call_for("new.com"), old, new, theirs)
    assert written(found) == ["Remove-PartnerApplication -Identity 'LyncEnterprise'"]
    assert ["theirs" in text for text in found.warnings] == [True, False]  # the other: the new one is disabled, too
    for more in ({"on_conflict": "fail"}, {"on_conflict": "keep"}, {"auth_metadata_url": None}):
        assert written(plan(ExchangePartner(), call_for("new.com", **more), old, new, theirs)) == []


def test_in_the_cloud_the_run_itself_knows_what_it_replaces_and_no_other_run_does() -> None:
    new, old = application("SfBOnline 2", "new.com", None), application("SfBOnline", "old.com", None)
    call = call_for("new.com", kind="cloud", name="SfBOnline", auth_metadata_url=None)
    subject = ExchangePartner()
    assert [text.split()[0] for text in written(plan(subject, call, old))] == [
        "New-PartnerApplication",
        "Remove-PartnerApplication",
    ]
    assert written(plan(subject, call, old, new)) == ["Remove-PartnerApplication -Identity 'SfBOnline'"]
    later = plan(ExchangePartner(), call, old, new)
    assert written(later) == []
    assert "Left as it is: SfBOnline (authorization server, disabled) is of the realm old.com." in later.warnings[0]
