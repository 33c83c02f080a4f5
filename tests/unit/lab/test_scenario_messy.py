# SPDX-License-Identifier: GPL-3.0-or-later
"""The organization with a history, as its servers tell it: what an expert finds there when they look."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm_bench import Bench, bench

RED_16, RED_19, DUBLIN, OLD = "EX16-RED-01", "EX19-RED-01", "EX19-DUB-01", "EX10-RED-01"
FRONT_END, SECOND, DIRECTOR = "sfb-red-01", "sfb-red-02", "dir-red-01"
EDGE_POOL = "edge-red-01.corp.woodgrove.net"
MAIL = "https://autodiscover.woodgrovebank.com/autodiscover/autodiscover.xml"
EUROPE = "https://autodiscover-eu.woodgrovebank.com/autodiscover/autodiscover.xml"


@pytest.fixture(scope="module")
def messy() -> Bench:
    return bench("messy")


def test_the_servers_of_the_organization(messy: Bench) -> None:
    found = messy("Get-ExchangeServer").outputs
    versions = {str(each.Name): each.AdminDisplayVersion.PSObject.to_string for each in found}
    assert versions == {
        RED_16: "Version 15.1 (Build 2507.39)",
        RED_19: "Version 15.2 (Build 1544.4)",
        DUBLIN: "Version 15.2 (Build 1544.4)",
        OLD: "Version 14.3 (Build 513.0)",
        "EDGE-EX-01": "Version 15.2 (Build 1544.4)",
    }
    assert [str(each.Name) for each in found if not each.IsE15OrLater] == [OLD]
    assert [str(each.Name) for each in found if each.IsEdgeServer] == ["EDGE-EX-01"]


def test_service_connection_points_differ(messy: Bench) -> None:
    found = messy("Get-ClientAccessService").outputs
    assert {
        str(each.Name): (str(each.AutoDiscoverServiceInternalUri), *each.AutoDiscoverSiteScope) for each in found
    } == {
        RED_16: (MAIL, "Redmond"),
        RED_19: ("https://ex19-red-01.corp.woodgrove.net/Autodiscover/Autodiscover.xml", "Redmond"),
        DUBLIN: (EUROPE, "Dublin"),
        OLD: ("https://ex10-red-01.corp.woodgrove.net/Autodiscover/Autodiscover.xml", "Redmond"),
    }


def test_dublin_learns_late_what_redmond_writes(messy: Bench) -> None:
    def seen(host: str) -> tuple[str, str]:
        found = messy("Get-ClientAccessService", host=host, Identity=RED_16).one
        return str(found.AutoDiscoverServiceInternalUri), str(found.OriginatingServer)

    messy(
        "Set-ClientAccessService", Identity=RED_16, AutoDiscoverServiceInternalUri="https://new.woodgrovebank.com/a.xml"
    )
    assert seen("ex16-red-01") == ("https://new.woodgrovebank.com/a.xml", "dc-red-01.corp.woodgrove.net")
    assert seen("ex19-dub-01") == (MAIL, "dc-dub-01.corp.woodgrove.net")
    messy("Set-ClientAccessService", Identity=RED_16, AutoDiscoverServiceInternalUri=MAIL)
    messy.farm.clock.offset += timedelta(seconds=5)
    assert seen("ex19-dub-01")[0] == MAIL


def test_oauth_is_on_where_there_is_such_a_thing(messy: Bench) -> None:
    for cmdlet in ("Get-AutodiscoverVirtualDirectory", "Get-WebServicesVirtualDirectory"):
        found = {str(each.Server.Name): each.OAuthAuthentication for each in messy(cmdlet).outputs}
        assert found == {RED_16: True, RED_19: True, DUBLIN: True, OLD: None}


def test_domains(messy: Bench) -> None:
    accepted = {str(each.DomainName): each.Default for each in messy("Get-AcceptedDomain").outputs}
    assert accepted == {"woodgrovebank.com": True, "northwindtraders.com": False, "*.adventure-works.com": False}
    sip = {str(each.Name): each.IsDefault for each in messy("Get-CsSipDomain").outputs}
    assert sip == {"woodgrovebank.com": True, "northwindtraders.com": False, "adatum.com": False}
    assert [str(domain) for domain in messy("Get-HybridConfiguration").one.Domains] == list(accepted)[:2]


def test_names_in_dns(messy: Bench) -> None:
    def records(zone: str, name: str) -> list[tuple[str, str]]:
        found = messy("Get-DnsServerResourceRecord", ZoneName=zone, Name=name).outputs
        values = ((each.RecordType, each.RecordData.PSObject.adapted_properties[0].get_value(each)) for each in found)
        return [(str(kind), str(value)) for kind, value in values]

    assert (
        records("woodgrovebank.com", "autodiscover") == records("woodgrovebank.com", "mail") == [("A", "198.51.100.80")]
    )
    assert records("northwindtraders.com", "autodiscover") == [("CNAME", "autodiscover.outlook.com.")]
    assert messy("Get-DnsServerZone", Name="adatum.com").error_id.startswith("WIN32 9601,")


def test_lync_points_into_the_cloud_and_signs_nothing(messy: Bench) -> None:
    found = messy("Get-CsOAuthConfiguration").one
    assert found.ExchangeAutodiscoverUrl == "https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc"
    assert found.Realm == "woodgrovebank.com"
    assert messy("Get-CsCertificate", host=FRONT_END, Type="OAuthTokenIssuer", Identity="global").outputs == []


def test_the_pools(messy: Bench) -> None:
    found = {
        str(each.Fqdn).partition(".")[0]: [str(name).partition(":")[0] for name in each.Services]
        for each in messy("Get-CsPool").outputs
    }
    assert found == {
        "pool-red": ["Registrar", "UserServer", "WebServer", "ConferencingServer", "CentralManagement"],
        "dir-red-01": ["Registrar", "WebServer"],
        "edge-red-01": ["EdgeServer"],
    }


def test_certificates_that_could_be_taken_for_the_token_issuer(messy: Bench) -> None:
    def keys(host: str) -> dict[str, tuple[bool, bool | None]]:
        """By subject: whether it is self-signed, and whether Windows says that the key can be exported."""
        return {
            str(each.Subject): (
                each.Subject == each.Issuer,
                each.PrivateKey and each.PrivateKey.CspKeyContainerInfo.Exportable,
            )
            for each in messy("Get-ChildItem", host=host, Path="Cert:\\LocalMachine\\My").outputs
        }

    pool = {"CN=pool-red.corp.woodgrove.net": (False, True)}
    assert keys(FRONT_END) == {
        **pool,
        "CN=sfb-red-01.corp.woodgrove.net": (True, True),
        "CN=woodgrovebank.com": (False, None),
    }
    assert keys(SECOND) == pool
    assert keys(DIRECTOR) == {"CN=dir-red-01.corp.woodgrove.net": (False, True)}
    default = messy("Get-CsCertificate", host=DIRECTOR, Type="Default").one
    assert list(default.AlternativeNames) == []


def test_the_auth_certificate_is_on_each_server_that_needs_it(messy: Bench) -> None:
    thumbprint = messy("Get-AuthConfig").one.CurrentCertificateThumbprint
    for server in (RED_16, RED_19, DUBLIN):
        assert messy("Get-ExchangeCertificate", Server=server, Thumbprint=thumbprint).one.IsSelfSigned is True
    signature = messy.farm.certificates["exchange-auth"].certificate.signature_hash_algorithm
    assert signature is not None and signature.name == "sha1"


def test_what_is_stopped_and_who_is_stale(messy: Bench) -> None:
    stopped = {
        (host, str(each.Name))
        for host in (FRONT_END, SECOND, DIRECTOR)
        for each in messy("Get-CsWindowsService", host=host).outputs
        if each.Status.PSObject.to_string == "Stopped"
    }
    assert stopped == {(SECOND, "RTCRGS")}
    states = messy("Get-CsManagementStoreReplicationStatus").outputs
    assert [str(each.ReplicaFqdn) for each in states if not each.UpToDate] == [EDGE_POOL]
    stale = next(each for each in states if not each.UpToDate)
    assert messy.farm.clock.now() - stale.LastStatusReport > timedelta(days=60)
