# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a token works: in a farm where all fits it does, and each of the scenario's switches has its consequence."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from farm.scenario import FOLDER
from farm.state import Farm
from farm.web.pages import Page, find_page
from farm.web.site_certificate import find_site_certificate
from farm_bench import Bench, bench

SWITCHES: dict[str, Any] = yaml.safe_load((FOLDER / "broken.yml").read_text(encoding="utf-8"))["switches"]
SIP = "sip:test@tailspintoys.com"
WITHOUT_CONSEQUENCE = {
    "uri_of_a_dead_server",  # Lync does not use service connection points
    "uri_of_setup",
    "token_issuer_expiring",
    "oauth_off",  # on the server that the name does not lead to
    "ws_security_off",
    "service_host_not_restarted",
    "replication_stuck",
    "auth_certificate_gone",  # signs Exchange's own tokens, which the mailbox test does not need
    "auth_certificate_expired",
    "duplicate_partner_in_exchange",  # which of them is meant is a question for whoever changes one
    "duplicate_partner_in_lync",
    "partner_url_without_a_name",  # what was read before is kept
    "partner_url_of_a_dead_server",
    "owa_im_certificate_expired",  # instant messages need no token
    "owa_im_certificate_gone",
    "owa_im_with_lync_2013",
    "owa_im_servers_not_trusted",
    "intermediate_among_the_roots",  # no client certificate is asked for on this way
    "root_twice",
    "too_many_roots",
}
REASONS = {
    "xml_url_in_lync": "GetUserSettings failed",
    "authority_not_trusted": "trust relationship",
    "exchange_knows_an_old_key": "invalid signature",
    "token_issuer_expired": "invalid signature",
    "wildcard_accepted_domain": "invalid_tenant",
    "sip_domain_not_accepted": "invalid_tenant",
    "no_partner_in_exchange": "is not trusted",
    "no_partner_in_lync": "No partner application",
    "partner_of_another_identifier": "No partner application",
    "partner_of_another_realm": "is not trusted",
    "partner_disabled": "is not trusted",
    "iisreset_forgotten": "is not trusted",
    "autodiscover_name_missing_in_dns": "could not be resolved",
    "autodiscover_leads_outside": "could not be resolved",
    "autodiscover_not_in_certificate": "trust relationship",
    "winhttp_proxy": "request was canceled",
    "strong_crypto_missing": "connection was closed",
    "extended_protection": "401",
    "not_in_the_group": "Access denied",
}
ON_THE_SECOND = {
    "token_issuer_per_server": "invalid signature",
    "token_issuer_without_key": "private key",
    "clocks_differ": "expired or is not yet valid",
    "tls_switched_off_on_one_side": "connection was closed",
}


def refuse(found: Any) -> str:
    assert found.failed is not None
    return str(found.failed["message"])


def answer(scenario: str, host: str = "fe1.tailspintoys.com", **parameters: Any) -> Any:
    return bench(scenario)("Test-CsExStorageConnectivity", host=host, SipUri=SIP, **parameters)


def page(farm: Farm, host: str, path: str) -> Page:
    found = find_page(farm, farm.scenario.host(host), "GET", path)
    assert found is not None
    return found


def shown_keys(farm: Farm, host: str, path: str) -> list[str]:
    document = json.loads(page(farm, host, path).body)
    loaded = [
        x509.load_der_x509_certificate(base64.b64decode(key["keyvalue"]["value"])).public_bytes(Encoding.DER)
        for key in document["keys"]
    ]
    by_raw = {issued.raw: name for name, issued in farm.certificates.items()}
    return [by_raw[raw] for raw in loaded]


def test_where_all_fits_the_item_is_written_and_deleted() -> None:
    farm = bench("broken")
    found = farm("Test-CsExStorageConnectivity", host="fe1", SipUri=SIP, DeleteItem=True)
    assert ([str(line) for line in found.outputs], farm.farm.mailboxes) == (["Test passed."], {SIP[4:]: []})
    farm("Test-CsExStorageConnectivity", host="fe1", SipUri=SIP, Folder="Dumpster")
    assert farm.farm.mailboxes == {SIP[4:]: ["Dumpster"]}
    assert [entry["cmdlet"] for entry in farm.farm.journal.select(writes=True)] == ["Test-CsExStorageConnectivity"] * 2


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_has_its_consequence(switch: str) -> None:
    first, second = (answer(f"broken:{switch}", host) for host in ("fe1.tailspintoys.com", "fe2.tailspintoys.com"))
    if switch in REASONS:
        assert REASONS[switch] in first.failed["message"]
    elif switch in ON_THE_SECOND:
        assert first.failed is None
        assert ON_THE_SECOND[switch] in second.failed["message"]
    else:
        assert switch in WITHOUT_CONSEQUENCE
        assert (first.failed, second.failed) == (None, None)


def test_a_failure_is_in_the_event_log() -> None:
    farm = bench("broken:no_partner_in_exchange")
    farm("Test-CsExStorageConnectivity", host="fe1", SipUri=SIP)
    (event,) = farm.farm.machine("fe1").events
    assert (event.log, event.source, event.number) == ("Lync Server", "LS Storage Service", 32054)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [({"SipUri": "test@tailspintoys.com"}, "not a SIP address"), ({"SipUri": SIP, "Binding": "NetTCP"}, "HostName")],
)
def test_what_the_cmdlet_does_not_take(parameters: dict[str, Any], said: str) -> None:
    assert said in refuse(bench("broken")("Test-CsExStorageConnectivity", **parameters))


def test_the_documents_show_the_keys_in_use() -> None:
    farm = bench("broken").farm
    assert shown_keys(farm, "ex1", "/Autodiscover/Metadata/json/1/") == ["exchange-auth"]
    assert shown_keys(farm, "fe2", "/metadata/json/1?realm=x") == ["oauth"]
    stale = bench("broken:service_host_not_restarted").farm
    assert shown_keys(stale, "ex1", "/autodiscover/metadata/json/1") == ["exchange-auth", "exchange-auth-old"]
    assert shown_keys(stale, "ex2", "/autodiscover/metadata/json/1") == ["exchange-auth-old"]


def test_a_document_without_its_key_is_an_error_of_the_server() -> None:
    farm = bench("broken:auth_certificate_gone").farm
    assert page(farm, "ex1", "/autodiscover/metadata/json/1").status == 500


def test_the_challenge_names_whom_exchange_trusts() -> None:
    for switch, trusted in {
        "broken": "00000004-0000-0ff1-ce00-000000000000@tailspintoys.com",
        "broken:partner_disabled": "",
        "broken:iisreset_forgotten": "",
    }.items():
        found = page(bench(switch).farm, "ex1", "/autodiscover/autodiscover.svc")
        bearer = next(value for _name, value in found.headers if value.startswith("Bearer"))
        assert (found.status, f'trusted_issuers="{trusted}"' in bearer) == (401, True)
    off = page(bench("broken:oauth_off").farm, "ex2", "/autodiscover/autodiscover.xml")
    assert not [value for _name, value in off.headers if value.startswith("Bearer")]


def test_only_pages_that_there_are() -> None:
    farm = bench("broken").farm
    for host, path in (
        ("ex1", "/metadata/json/1"),
        ("fe1", "/autodiscover/autodiscover.svc"),
        ("dc1", "/metadata/json/1"),
    ):
        assert find_page(farm, farm.scenario.host(host), "GET", path) is None
    found = find_page(farm, farm.scenario.host("fe1"), "POST", "/metadata/json/1")
    assert found is not None and found.status == 405


def test_the_web_site_shows_what_is_assigned_to_it() -> None:
    def shown(switch: str, host: str) -> str:
        farm = bench(switch).farm
        issued = find_site_certificate(farm, farm.scenario.host(host))
        return issued.name if issued else ""

    assert (shown("broken", "ex1"), shown("broken", "fe1"), shown("broken", "dc1")) == (
        "tls-exchange",
        "lync-default",
        "",
    )
    assert shown("broken:autodiscover_not_in_certificate", "ex2") == "tls-without-autodiscover"


def test_the_flags_of_a_directory_are_written_one_by_one() -> None:
    farm: Bench = bench("broken:oauth_off,ws_security_off")
    identity = "EX2\\EWS (Default Web Site)"
    assert farm("Set-WebServicesVirtualDirectory", Identity=identity, OAuthAuthentication=True).failed is None
    found = {str(item.Identity): item for item in farm("Get-WebServicesVirtualDirectory").outputs}[identity]
    assert (found.OAuthAuthentication, found.WSSecurityAuthentication) == (True, False)
    other = farm("Get-AutodiscoverVirtualDirectory", Identity="EX2\\Autodiscover (Default Web Site)").one
    assert other.OAuthAuthentication is False
    again = farm("Set-WebServicesVirtualDirectory", Identity=identity, OAuthAuthentication=True)
    assert "no settings" in again.warnings[0]
    assert "EX2" in refuse(farm("Set-WebServicesVirtualDirectory", Identity="EX2", OAuthAuthentication=True))
    assert farm("Set-AutodiscoverVirtualDirectory", Identity="EX9\\Autodiscover (Default Web Site)").errors
