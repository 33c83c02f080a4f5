# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_partner_application beside the cloud's own applications, and through a domain controller of a far site."""

from __future__ import annotations

import time

import pytest

from harness import Farm

pytestmark = [pytest.mark.scenario("messy"), pytest.mark.connections("documented")]

HOST, FRONT_END = "ex19-dub-01.corp.woodgrove.net", "sfb-red-01.corp.woodgrove.net"
CONTROLLER = "dc-dub-01.corp.woodgrove.net"
URL = "https://pool-red.corp.woodgrove.net/metadata/json/1"
MODULE = "onprem.exchange_lync.exchange_partner_application"
CLOUD = ["Exchange Online", "CloudVoicemail", "TeamsScheduler", "SfBOnline"]


def test_the_one_on_premises_is_made_beside_those_of_the_cloud_on_one_domain_controller(farm: Farm) -> None:
    """The far domain controller learns of nothing for four seconds: account, roles and application have to be on the same one."""
    thumbprint = farm.state()["certificates"]["lync-default-red"]["thumbprint"]
    task = f"- onprem.exchange_lync.lync_certificate: {{use: OAuthTokenIssuer, thumbprint: {thumbprint}}}"
    assert farm.play(task, hosts=FRONT_END).rc == 0
    options = f"{{auth_metadata_url: '{URL}', signing_certificates: [{thumbprint}]}}"
    run = farm.play(f"- {{name: made, {MODULE}: {options}}}\n- {{name: again, {MODULE}: {options}}}", hosts=HOST)
    assert run.rc == 0, run.output
    made, again = run.step("made"), run.step("again")
    assert [entry["cmdlet"] for entry in made.writes] == [
        "New-MailUser",
        "Set-MailUser",
        *["New-ManagementRoleAssignment"] * 3,
        "New-PartnerApplication",
    ]
    assert {entry["parameters"]["DomainController"] for entry in made.writes} == {CONTROLLER}
    assert (again.changed, again.writes) == (False, [])
    assert made.result["partner_application"]["roles"] == [
        "ArchiveApplication",
        "MeetingGraphApplication",
        "UserApplication",
    ]
    assert made.result["others"] == [{"name": "SfBOnline", "kind": "cloud", "enabled": True, "auth_metadata_url": None}]
    told = "Left as it is: SfBOnline (authorization server) has the same identifier, but it is another trust than the one on premises."
    assert told in made.result["warnings"]


def test_from_redmond_it_is_seen_after_replication_and_is_no_second_one(farm: Farm) -> None:
    """Nothing is written, however often: the name is not what it is found by."""
    options = f"{{auth_metadata_url: '{URL}', name: Another, domain_controller: {CONTROLLER}}}"
    run = farm.play(f"- {{name: seen, {MODULE}: {options}}}", hosts="ex16-red-01.corp.woodgrove.net")
    assert (run.rc, run.step("seen").changed, run.writes) == (0, False, []), run.output
    assert names_after_replication(farm) == sorted([*CLOUD, "LyncEnterprise"])


def names_after_replication(farm: Farm) -> list[str]:
    """The applications as Redmond's domain controller has them, once it has the one that was made in Dublin."""
    names: list[str] = []
    for _turn in range(20):
        names = sorted(item["name"] for item in farm.state()["exchange"]["partner_applications"])
        if "LyncEnterprise" in names:
            break
        time.sleep(0.5)
    return names


def test_a_front_end_that_cannot_download_the_document_tells_its_proxy(farm: Farm) -> None:
    """Behind the load balancer both web sites are down; Lync's cmdlet says of that what it says of a wrong URL."""
    for host in ("ex16-red-01", "ex19-red-01"):
        farm.lab("fault", "service_stopped", "--host", f"{host}.corp.woodgrove.net", "--value", "W3SVC")
    url = "https://autodiscover.woodgrovebank.com/autodiscover/metadata/json/1"
    run = farm.play(
        f"- {{name: fails, onprem.exchange_lync.lync_partner_application: {{metadata_url: '{url}'}}}}", hosts=FRONT_END
    )
    for host in ("ex16-red-01", "ex19-red-01"):
        farm.lab("fault", "service_stopped", "--host", f"{host}.corp.woodgrove.net", "--off")
    message = run.step("fails").msg
    assert run.rc == 2
    assert f"The front end cannot download {url}: Unable to connect to the remote server" in message
    assert "The front end has the WinHTTP proxy proxy.corp.woodgrove.net:8080" in message
    assert farm.state()["lync"]["store"]["partner_applications"] == []
