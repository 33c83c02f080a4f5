# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the organisation is read, and how it is shown."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Uri
from ansible_collections.onprem.exchange_lync.plugins.modules import exchange_info


def shown(text: str, value: Any = None, **properties: Any) -> RemoteObject:
    return RemoteObject(text=text, value=value, properties=properties)


DIRECTORY = {
    "Server": shown("EX1"),
    "Name": "EWS (Default Web Site)",
    "InternalUrl": Uri("https://ex1/EWS/Exchange.asmx"),
    "ExternalUrl": None,
    "OAuthAuthentication": True,
    "WSSecurityAuthentication": None,
    "WindowsAuthentication": None,
    "InternalAuthenticationMethods": RemoteObject(items=(shown("Ntlm", 2), shown("WindowsIntegrated", 3))),
}
SCRIPT: dict[str, Any] = {
    "Get_ExchangeServer": [
        {
            "Name": "EX1",
            "Fqdn": "ex1.contoso.com",
            "AdminDisplayVersion": shown("Version 15.1 (Build 2507.39)", Major=15),
            "ServerRole": shown("Mailbox, ClientAccess", 16386),
            "Site": shown("contoso.com/Configuration/Sites/London"),
            "IsEdgeServer": False,
            "IsClientAccessServer": True,
            "IsMailboxServer": True,
        }
    ],
    "Get_AcceptedDomain": [
        {
            "Name": "contoso",
            "DomainName": shown("contoso.com"),
            "DomainType": shown("Authoritative", 0),
            "Default": True,
            "MatchSubDomains": False,
        },
        {
            "Name": "all",
            "DomainName": shown("*.contoso.com"),
            "DomainType": shown("InternalRelay", 2),
            "Default": False,
            "MatchSubDomains": False,
        },
        {
            "Name": "sub",
            "DomainName": shown("a.com"),
            "DomainType": shown("InternalRelay", 2),
            "Default": False,
            "MatchSubDomains": True,
        },
    ],
    "Get_AuthConfig": [
        {
            "CurrentCertificateThumbprint": "ab" * 20,
            "PreviousCertificateThumbprint": "",
            "NextCertificateThumbprint": None,
            "NextCertificateEffectiveDate": dt.datetime(2027, 1, 31, tzinfo=dt.UTC),
            "ServiceName": "00000002-0000-0ff1-ce00-000000000000",
            "Realm": "",
        }
    ],
    "Get_AutodiscoverVirtualDirectory": lambda ADPropertiesOnly: [{**DIRECTORY, "OAuthAuthentication": None}],
    "Get_WebServicesVirtualDirectory": [DIRECTORY],
    "Get_ClientAccessService": [
        {
            "Name": "EX1",
            "AutoDiscoverServiceInternalUri": Uri("https://ex1/Autodiscover/Autodiscover.xml"),
            "AutoDiscoverSiteScope": RemoteObject(items=("London",)),
            "OriginatingServer": "dc1.contoso.com",
        }
    ],
    "Get_HybridConfiguration": [
        {"Domains": RemoteObject(items=(shown("contoso.com"),)), "Features": [shown("FreeBusy", 0)]}
    ],
    "Test_ServiceHealth": [
        {"Role": "Mailbox Server Role", "RequiredServicesRunning": False, "ServicesNotRunning": ["MSExchangeIS"]}
    ],
    "Get_OrganizationConfig": [{"Name": "Contoso", "Guid": uuid.UUID(int=7), "OAuth2ClientProfileEnabled": None}],
}


def test_everything_is_read_once_and_shown_plainly(scripted: Any, run_module: Any) -> None:
    helper = scripted(**SCRIPT)
    result = run_module(exchange_info, helper)
    assert len(helper.reads) == len(set(helper.reads)) == 9
    assert result["servers"] == [
        {
            "name": "EX1",
            "fqdn": "ex1.contoso.com",
            "version": "15.1.2507.39",
            "roles": ["Mailbox", "ClientAccess"],
            "site": "London",
            "is_edge": False,
            "is_client_access": True,
            "is_mailbox": True,
        }
    ]
    assert [(item["domain_name"], item["wildcard"]) for item in result["accepted_domains"]] == [
        ("contoso.com", False),
        ("*.contoso.com", True),
        ("a.com", True),
    ]
    assert result["auth_config"] == {
        "current_certificate_thumbprint": "AB" * 20,
        "previous_certificate_thumbprint": "",
        "next_certificate_thumbprint": "",
        "next_certificate_effective_date": "2027-01-31T00:00:00Z",
        "service_name": "00000002-0000-0ff1-ce00-000000000000",
        "realm": "",
    }
    assert result["organization"] == {
        "name": "Contoso",
        "guid": str(uuid.UUID(int=7)),
        "oauth2_client_profile_enabled": None,
    }
    assert result["client_access"] == [
        {
            "name": "EX1",
            "autodiscover_service_internal_uri": "https://ex1/Autodiscover/Autodiscover.xml",
            "autodiscover_site_scope": ["London"],
            "originating_server": "dc1.contoso.com",
        }
    ]
    assert result["hybrid_configuration"] == {"domains": ["contoso.com"], "features": ["FreeBusy"]}
    assert result["service_health"] == [
        {"role": "Mailbox Server Role", "running": False, "services_not_running": ["MSExchangeIS"]}
    ]
    assert result["changed"] is False


def test_flags_that_the_directory_leaves_out_come_from_the_methods(scripted: Any, run_module: Any) -> None:
    directories = run_module(exchange_info, scripted(**SCRIPT), gather=["virtual_directories"])["virtual_directories"]
    autodiscover, web_services = directories["autodiscover"][0], directories["web_services"][0]
    assert (autodiscover["oauth_authentication"], web_services["oauth_authentication"]) == (False, True)
    assert (web_services["windows_authentication"], web_services["ws_security_authentication"]) == (True, False)


def test_a_flag_of_which_the_directory_says_nothing_is_not_known(scripted: Any, run_module: Any) -> None:
    silent = {**DIRECTORY, "OAuthAuthentication": None, "InternalAuthenticationMethods": RemoteObject(items=())}
    helper = scripted(**SCRIPT | {"Get_WebServicesVirtualDirectory": [silent]})
    directories = run_module(exchange_info, helper, gather=["virtual_directories"])["virtual_directories"]
    assert directories["web_services"][0]["oauth_authentication"] is None


@pytest.mark.parametrize(
    ("gather", "reads"),
    [
        ([], []),
        (["auth_config"], ["Get-AuthConfig"]),
        (["accepted_domains", "servers"], ["Get-ExchangeServer", "Get-AcceptedDomain"]),
    ],
)
def test_only_what_is_asked_for_is_read(scripted: Any, run_module: Any, gather: list[str], reads: list[str]) -> None:
    helper = scripted(**SCRIPT)
    result = run_module(exchange_info, helper, gather=gather)
    assert helper.reads == reads
    assert set(result) == {"changed", *gather}


@pytest.mark.parametrize("part", ["auth_config", "hybrid_configuration", "organization"])
def test_what_an_organisation_does_not_have_is_null(scripted: Any, run_module: Any, part: str) -> None:
    nothing: dict[str, Any] = {"Get_AuthConfig": [], "Get_HybridConfiguration": [], "Get_OrganizationConfig": []}
    assert run_module(exchange_info, scripted(**nothing), gather=[part])[part] is None


def test_every_read_of_the_directory_goes_to_the_domain_controller_that_is_named(
    scripted: Any, run_module: Any
) -> None:
    helper = scripted(**SCRIPT | {"Get_AutodiscoverVirtualDirectory": [DIRECTORY]})
    result = run_module(exchange_info, helper, domain_controller=" dc2.contoso.com ")
    assert "failed" not in result
    asked = {line.subject: line.cmdlets[0].parameters.get("DomainController") for line in helper.pipelines}
    # the services are the server's own, not the directory's
    assert {subject for subject, controller in asked.items() if controller is None} == {"Test-ServiceHealth"}
    assert set(asked.values()) == {"dc2.contoso.com", None}
    assert "domain_controller is empty" in run_module(exchange_info, helper, domain_controller="")["msg"]
