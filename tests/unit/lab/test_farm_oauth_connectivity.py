# SPDX-License-Identifier: GPL-3.0-or-later
"""Test-OAuthConnectivity of the lab: what a request with a token meets, at the farm's own Exchange and elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from farm.faults import Fault
from farm_bench import Answer, Bench, bench, names

EXCHANGE, LYNC = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com"
MAILBOX = "front.desk@litwareinc.com"


@pytest.fixture
def litware() -> Bench:
    return bench("litware")


def ask(litware: Bench, url: str, service: str = "EWS", mailbox: str | None = MAILBOX, **more: Any) -> Answer:
    return litware("Test-OAuthConnectivity", Service=service, TargetUri=url, Mailbox=mailbox, **more)


def test_exchange_trusts_itself(litware: Bench) -> None:
    found = ask(litware, f"https://{EXCHANGE}/anything").one
    assert names(found) == ["Task", "Detail", "ResultType", "Identity", "IsValid", "ObjectState", "RunspaceId"]
    assert (str(found.Task), str(found.ResultType)) == ("Checking EWS API Call Under Oauth", "Success")
    assert f"'https://{EXCHANGE}/ews/Exchange.asmx'" in found.Detail  # the path of the target does not matter
    assert "token cache is being cleared" in found.Detail
    assert "Exception:" not in found.Detail
    cached = ask(litware, f"https://{EXCHANGE}", UseCachedToken=True, ReloadConfig=True).one
    assert "token cache" not in cached.Detail
    assert str(ask(litware, f"https://{EXCHANGE}", "AutoD", AppOnly=True).one.ResultType) == "Success"


@pytest.mark.parametrize(
    ("url", "service", "said"),
    [
        (f"https://{LYNC}/ews/exchange.asmx", "EWS", "(404) Not Found"),
        ("https://gone.litwareinc.com/ews/exchange.asmx", "EWS", "could not be resolved: 'gone.litwareinc.com'"),
        (f"https://{LYNC}/metadata/json/1", "Generic", "(500) Internal Server Error"),  # no OAuthTokenIssuer
        (f"https://{LYNC}/somewhere", "Generic", "(404) Not Found"),
    ],
)
def test_what_is_no_exchange_is_an_error_with_its_reason(litware: Bench, url: str, service: str, said: str) -> None:
    found = ask(litware, url, service).one
    assert str(found.ResultType) == "Error"
    assert said in found.Detail.partition("Exception:")[2]


def test_generic_takes_any_page_for_success(litware: Bench) -> None:
    """A document that everybody may read: no trust is needed for it."""
    thumbprint = litware.farm.certificates["oauth-good"].thumbprint
    litware("Set-CsCertificate", Type=["OAuthTokenIssuer"], Identity="global", Thumbprint=thumbprint)
    litware.farm.clock.move(0.001)
    assert str(ask(litware, f"https://{LYNC}/metadata/json/1", "Generic").one.ResultType) == "Success"


def test_a_server_that_does_not_run_or_takes_no_tokens_and_a_missing_key(litware: Bench) -> None:
    url = f"https://{EXCHANGE}/ews/exchange.asmx"
    assert (
        litware(
            "Set-WebServicesVirtualDirectory", Identity=f"{EXCHANGE}\\EWS (Default Web Site)", OAuthAuthentication=False
        ).failed
        is None
    )
    assert "(401)" in ask(litware, url).one.Detail
    assert str(ask(litware, url, "AutoD").one.ResultType) == "Success"
    litware.farm.machine(EXCHANGE).store.entries.pop(litware.farm.organization.auth.current)
    assert "OAuthTokenRequestFailedException" in ask(litware, url, "AutoD").one.Detail
    litware.farm.faults.switch_on(Fault("service_stopped", EXCHANGE, "W3SVC"))
    assert "Unable to connect" in ask(litware, url).one.Detail


def test_what_is_refused_before_anything_is_sent(litware: Bench) -> None:
    url = f"https://{EXCHANGE}"
    assert "ManagementObjectNotFoundException" in ask(litware, url, mailbox="lync-app").error_id  # has no mailbox
    assert "MailboxParameterMissingException" in ask(litware, url, mailbox=None).error_id
    assert "NoUserOrOrganiztionProvidedException" in ask(litware, url, "AutoD", mailbox=None, AppOnly=True).error_id
    assert "EwsNotSupportedException" in ask(litware, url, AppOnly=True).error_id
    assert (
        bench("litware", user="auditor")("Test-OAuthConnectivity", Service="EWS", TargetUri=url).error_id
        == "CommandNotFoundException"
    )
