# SPDX-License-Identifier: GPL-3.0-or-later
"""Partner applications of the lab: what the two products read of each other, and why they sometimes cannot."""

from __future__ import annotations

import base64

import pytest

from farm.faults import Fault
from farm_bench import Bench, bench
from scenario_changes import bench_with

EXCHANGE, LYNC = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com"
OF_LYNC = f"https://{LYNC}/metadata/json/1"
OF_EXCHANGE = f"https://{EXCHANGE}/autodiscover/metadata/json/1"
SOON = 0.001
"""Days after which a write has reached every replica."""


@pytest.fixture
def litware() -> Bench:
    return bench("litware")


def assign(litware: Bench, name: str) -> str:
    """Have Lync sign with a certificate; its thumbprint."""
    thumbprint = litware.farm.certificates[name].thumbprint
    assert (
        litware("Set-CsCertificate", Type=["OAuthTokenIssuer"], Identity="global", Thumbprint=thumbprint).failed is None
    )
    litware.farm.clock.move(SOON)
    return thumbprint


def reason(litware: Bench, url: str) -> str:
    """Why Exchange cannot download a document."""
    answer = litware("New-PartnerApplication", Name="Lync", AuthMetadataUrl=url)
    assert answer.failed is not None
    assert "[FailureCategory=Cmdlet-AuthMetadataClientException]" in answer.error_id
    return answer.failed["message"].partition("Error: ")[2]


def test_why_a_document_cannot_be_downloaded(litware: Bench) -> None:
    assert "500" in reason(litware, OF_LYNC)  # there is no OAuthTokenIssuer certificate yet
    assign(litware, "oauth-good")
    assert "could not be resolved: 'gone.litwareinc.com'" in reason(litware, OF_LYNC.replace("atl-lync-001", "gone"))
    assert "404" in reason(litware, OF_LYNC.replace("json/1", "json/2"))
    assert "Unable to connect" in reason(litware, OF_LYNC.replace("atl-lync-001", "atl-dc-001"))
    assert "not recognized" in reason(litware, OF_LYNC.replace("https", "ftp"))
    litware("Add-DnsServerResourceRecordA", ZoneName="litwareinc.com", Name="pool", IPv4Address="192.0.2.20")
    other_name = OF_LYNC.replace("atl-lync-001", "pool")
    assert "trust relationship" in reason(litware, other_name)  # not among the names of the certificate
    litware.farm.faults.switch_on(Fault("service_stopped", LYNC, "W3SVC"))
    assert "Unable to connect" in reason(litware, OF_LYNC)
    litware.farm.faults.switch_off("service_stopped", LYNC)
    trusting = litware("New-PartnerApplication", Name="Lync", AuthMetadataUrl=other_name, TrustAnySSLCertificate=True)
    assert trusting.one.AuthMetadataUrl == other_name


def test_exchange_keeps_the_keys_that_it_has_read_until_it_reads_again(litware: Bench) -> None:
    first = assign(litware, "oauth-good")
    made = litware(
        "New-PartnerApplication", Name="Lync", AuthMetadataUrl=OF_LYNC, LinkedAccount="LITWARE\\lync-app"
    ).one
    assert (made.ApplicationIdentifier, made.Realm) == ("00000004-0000-0ff1-ce00-000000000000", "litwareinc.com")
    assert str(made.LinkedAccount.PSObject.to_string) == "litwareinc.com/Users/lync-app"
    second = assign(litware, "oauth-expiring")
    for refresh, known in ((False, [first]), (True, [second, first])):
        if refresh:
            assert litware("Set-PartnerApplication", Identity="Lync", RefreshAuthMetadata=True).warnings == []
        strings = litware("Get-PartnerApplication", Identity="Lync").one.CertificateStrings
        raw = {issued.thumbprint: issued.raw for issued in litware.farm.certificates.values()}
        assert [base64.b64decode(text) for text in strings] == [raw[thumbprint] for thumbprint in known]
    assert litware("Set-PartnerApplication", Identity="Lync", RefreshAuthMetadata=True).warnings != []
    assert litware("Remove-PartnerApplication", Identity="Lync").failed is not None  # it asks
    assert litware("Remove-PartnerApplication", Identity="Lync", Confirm=False).failed is None


def test_a_front_end_reads_exchanges_document_while_it_binds(litware: Bench) -> None:
    made = litware(
        "New-CsPartnerApplication", Identity="Exchange", ApplicationTrustLevel="Full", MetadataUrl=OF_EXCHANGE
    )
    assert made.one.ApplicationIdentifier == "00000002-0000-0ff1-ce00-000000000000"
    own = litware.farm.organization.auth.current
    litware.farm.machine(EXCHANGE).store.entries.pop(
        own
    )  # as when AuthConfig names a certificate that is gone: HTTP 500
    refused = litware("Set-CsPartnerApplication", Identity="Exchange", MetadataUrl=OF_EXCHANGE)
    assert refused.error_id.startswith("ParameterBindingFailed,")


def test_mail_users_and_their_roles(litware: Bench) -> None:
    made = litware("New-MailUser", Name="App", ExternalEmailAddress="app@litwareinc.com").one
    assert made.HiddenFromAddressListsEnabled is False
    assert "ADObjectAlreadyExists" in litware("New-MailUser", Name="app", ExternalEmailAddress="a@b.c").error_id
    litware("Set-MailUser", Identity="app@litwareinc.com", HiddenFromAddressListsEnabled=True)
    assert litware("Get-Recipient", Identity="App").one.HiddenFromAddressListsEnabled is True
    assert litware("Get-Recipient", Identity="lync-app").error_id  # a user without an address is no recipient
    assert litware("Get-User", Identity="litwareinc.com/Users/lync-app").one.Name == "lync-app"
    assigned = litware("New-ManagementRoleAssignment", Role="UserApplication", User="App").one
    assert (str(assigned.Role.PSObject.to_string), assigned.Name) == ("UserApplication", "UserApplication-App")
    assert len(litware("Get-ManagementRoleAssignment", RoleAssignee="App").outputs) == 1
    assert (
        "NotFound" in litware("Get-ManagementRole", Identity="MeetingGraphApplication").error_id
    )  # it came after 2013


def test_what_is_made_on_one_domain_controller_is_seen_on_the_other_later() -> None:
    messy = bench("messy")
    near, far = "dc-red-01.corp.woodgrove.net", "dc-dub-01.corp.woodgrove.net"
    messy("New-MailUser", Name="App", ExternalEmailAddress="app@woodgrovebank.com", DomainController=far)
    assert messy("Get-User", Identity="App", DomainController=far).one.Name == "App"
    assert "NotFound" in messy("Get-User", Identity="App", DomainController=near).error_id
    messy.farm.clock.move(SOON)
    assert messy("Get-User", Identity="App", DomainController=near).one.Name == "App"


def test_with_split_permissions_only_active_directory_creates_accounts() -> None:
    """Not offered at Exchange's endpoint; in the snap-in refused to whoever administers Exchange alone. The rest of the trust is made."""
    split = bench("litware:split_permissions")
    snap_in = {"endpoint": "/wsman", "Name": "App", "ExternalEmailAddress": "app@litwareinc.com"}
    assert split("New-MailUser", **{**snap_in, "endpoint": ""}).error_id == "CommandNotFoundException"
    assert split("New-MailUser", **snap_in, WhatIf=True).failed is None
    refused = split("New-MailUser", **snap_in)
    assert "[FailureCategory=Cmdlet-ADOperationException]" in refused.error_id
    assert refused.failed is not None and "INSUFF_ACCESS_RIGHTS" in refused.failed["message"]
    assert "NotFound" in split("Get-User", Identity="App").error_id
    assert split("New-ManagementRoleAssignment", Role="UserApplication", User="lync-app").failed is None
    assert "NotFound" in split("Set-MailUser", Identity="App").error_id  # offered
    both = bench_with(
        "litware", exchange={"split_permissions": True}
    )  # its administrator is one of Active Directory too
    assert both("New-MailUser", **snap_in).failed is None
