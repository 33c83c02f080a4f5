# SPDX-License-Identifier: GPL-3.0-or-later
"""The OAuth configuration: one object, one write."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.modules import lync_oauth_configuration

RIGHT = "https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc"


class Deployment:
    def __init__(self, scripted: Any, **properties: str) -> None:
        self.properties = {
            "ExchangeAutodiscoverUrl": "",
            "ExchangeAutodiscoverAllowedDomains": "",
            "Realm": "",
            "ServiceName": "00000004-0000-0ff1-ce00-000000000000",
            **properties,
        }
        self.helper = scripted(Get_CsOAuthConfiguration=lambda: [self.properties], Set_CsOAuthConfiguration=self.write)

    def write(self, Identity: str, Confirm: bool, **parameters: str) -> None:
        assert (Identity, Confirm) == ("global", False)
        self.properties.update(parameters)


def test_one_write_with_what_differs_and_then_none(scripted: Any, run_module: Any) -> None:
    there = Deployment(scripted, Realm="litwareinc.com")
    asked = {
        "exchange_autodiscover_url": RIGHT,
        "exchange_autodiscover_allowed_domains": ["*.litwareinc.com", "*.contoso.com"],
        "realm": "LitwareInc.com",
    }
    predicted = run_module(lync_oauth_configuration, there.helper, check=True, **asked)
    assert there.helper.writes == []
    result = run_module(lync_oauth_configuration, there.helper, **asked)
    assert predicted == result
    assert result["diff"]["after"]["realm"] == "litwareinc.com"  # as it is spelled there: it is not written
    assert there.helper.writes[0].parameters == {
        "Identity": "global", "Confirm": False, "ErrorAction": "Stop", "ExchangeAutodiscoverUrl": RIGHT,
        "ExchangeAutodiscoverAllowedDomains": "*.litwareinc.com;*.contoso.com",
    }  # fmt: skip
    asked["exchange_autodiscover_allowed_domains"] = [
        "*.Contoso.com;*.litwareinc.com"
    ]  # as the documentation writes a list
    again = run_module(lync_oauth_configuration, there.helper, **asked)
    assert (again["changed"], len(there.helper.writes)) == (False, 1)


def test_the_url_compares_as_the_product_treats_it(scripted: Any, leaves_alone: Any) -> None:
    there = Deployment(
        scripted, ExchangeAutodiscoverUrl="HTTPS://Autodiscover.litwareinc.com:443/Autodiscover/Autodiscover.svc"
    )
    assert leaves_alone(lync_oauth_configuration, there.helper, exchange_autodiscover_url=RIGHT)


def test_clearing(scripted: Any, run_module: Any, leaves_alone: Any) -> None:
    there = Deployment(scripted, ExchangeAutodiscoverUrl=RIGHT, ExchangeAutodiscoverAllowedDomains="*.a.com")
    asked: dict[str, Any] = {"exchange_autodiscover_url": "", "exchange_autodiscover_allowed_domains": []}
    result = run_module(lync_oauth_configuration, there.helper, **asked)
    assert there.properties["ExchangeAutodiscoverUrl"] in (None, "")
    assert there.properties["ExchangeAutodiscoverAllowedDomains"] == ""
    assert result["oauth_configuration"]["exchange_autodiscover_url"] is None
    assert leaves_alone(lync_oauth_configuration, there.helper, **asked)


@pytest.mark.parametrize(
    "wrong",
    [
        "https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml",
        "https://autodiscover.litwareinc.com/Autodiscover/Autodiscover.XML",
        "https://autodiscover.litwareinc.com",
        "https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc?x=1",
        "autodiscover.litwareinc.com",
        "https:///autodiscover/autodiscover.svc",
        "ftp://autodiscover.litwareinc.com/autodiscover/autodiscover.svc",
    ],
)
def test_a_wrong_url_is_refused_with_the_right_one_before_anything_is_opened(
    scripted: Any, run_module: Any, wrong: str
) -> None:
    there = Deployment(scripted)
    result = run_module(lync_oauth_configuration, there.helper, exchange_autodiscover_url=wrong)
    assert result["failed"]
    assert there.helper.pipelines == []
    assert "lync management shell: Set-CsOAuthConfiguration: exchange_autodiscover_url:" in result["msg"]
    assert "ftp" in wrong or RIGHT in result["msg"]
