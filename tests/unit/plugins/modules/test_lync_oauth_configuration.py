# SPDX-License-Identifier: GPL-3.0-or-later
"""The OAuth configuration: one object, one write, and nothing replaced without the user's word."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.oauth_configuration import (
    OAuthConfiguration,
    find_conflicts,
)
from ansible_collections.onprem.exchange_lync.plugins.modules import lync_oauth_configuration

RIGHT = "https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc"
CLOUD = "https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc"
OTHER = "http://autodiscover.fabrikam.com/autodiscover/autodiscover.svc"
REALM = "realm is fabrikam.com"


class Deployment:
    """Two pools and an Edge pool; a replica gets what is written ``lag`` readings later, EDGE's never."""

    def __init__(self, scripted: Any, **properties: str) -> None:
        self.properties = {
            "ExchangeAutodiscoverUrl": "",
            "ExchangeAutodiscoverAllowedDomains": "",
            "Realm": "",
            "ServiceName": "00000004-0000-0ff1-ce00-000000000000",
            **properties,
        }
        self.written = self.readings = 0
        self.lag = {"fe1.litwareinc.com": 1, "dir.litwareinc.com": 2, "edge.litwareinc.com": 10**9}
        self.helper = scripted(
            Get_CsOAuthConfiguration=lambda: [self.properties],
            Set_CsOAuthConfiguration=self.write,
            Get_CsPool=[
                {"Fqdn": name, "Computers": [name.title()], "Services": [f"{service}:{name}"]}
                for name, service in zip(self.lag, ("UserServer", "Registrar", "EdgeServer"), strict=True)
            ],
            Get_CsManagementStoreReplicationStatus=self.status,
        )

    def write(self, Identity: str, Confirm: bool, **parameters: str) -> None:
        assert (Identity, Confirm) == ("global", False)
        self.properties.update(parameters)
        self.written, self.readings = self.written + 1, 0

    def status(self) -> list[dict[str, Any]]:
        self.readings += 1
        return [self._replica(name, lag) for name, lag in self.lag.items()]

    def _replica(self, name: str, lag: int) -> dict[str, Any]:
        """Until the Master Replicator begins, each says that it is up to date; the new update is made within the same second."""
        begun = self.written and self.readings > 1
        made = dt.datetime(2026, 8, 1, 12, 0, 0, 700_000 if begun else 100_000, tzinfo=dt.UTC)
        arrived = not begun or self.readings > 1 + lag
        return {"ReplicaFqdn": name, "UpToDate": arrived, "LastUpdateCreation": made, "LastStatusReport": made}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Sleeping is counted, not done."""
    slept: list[float] = []
    module = "ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.replication_wait.time"
    monkeypatch.setattr(f"{module}.sleep", slept.append)
    monkeypatch.setattr(f"{module}.monotonic", lambda: sum(slept))
    return slept


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


def test_clearing_is_replacing(scripted: Any, run_module: Any, leaves_alone: Any) -> None:
    there = Deployment(scripted, ExchangeAutodiscoverUrl=RIGHT, ExchangeAutodiscoverAllowedDomains="*.a.com")
    asked: dict[str, Any] = {"exchange_autodiscover_url": "", "exchange_autodiscover_allowed_domains": []}
    assert run_module(lync_oauth_configuration, there.helper, **asked)["error"]["kind"] == "conflict"
    result = run_module(lync_oauth_configuration, there.helper, **asked, on_conflict="replace")
    assert there.properties["ExchangeAutodiscoverUrl"] in (None, "")
    assert there.properties["ExchangeAutodiscoverAllowedDomains"] == ""
    assert result["oauth_configuration"]["exchange_autodiscover_url"] is None
    assert leaves_alone(lync_oauth_configuration, there.helper, **asked)


@pytest.mark.parametrize(
    ("there", "wanted", "reason"),
    [
        # a URL: blank, useless to Lync and of the same host, of another host, in use, in the cloud
        ({"url": None}, {"url": RIGHT}, ""),
        ({"url": RIGHT.replace(".svc", ".xml")}, {"url": RIGHT}, ""),
        ({"url": "https://autodiscover.litwareinc.com"}, {"url": RIGHT}, ""),
        ({"url": "nonsense"}, {"url": RIGHT}, ""),
        ({"url": "https://["}, {"url": RIGHT}, ""),
        ({"url": RIGHT.replace(".svc", ".xml")}, {"url": None}, ""),
        ({"url": OTHER.replace(".svc", ".xml")}, {"url": RIGHT}, "autodiscover.xml"),
        ({"url": OTHER}, {"url": RIGHT}, f"exchange_autodiscover_url is {OTHER}"),
        ({"url": RIGHT}, {"url": None}, f"exchange_autodiscover_url is {RIGHT}"),
        ({"url": CLOUD}, {"url": RIGHT}, f"exchange_autodiscover_url is {CLOUD}, which leads to Exchange Online"),
        ({"url": CLOUD.replace(".svc", ".xml")}, {"url": RIGHT}, "which leads to Exchange Online"),
        # allowed domains: added to, reduced, replaced
        ({"allowed": []}, {"allowed": ["*.a.com"]}, ""),
        ({"allowed": ["*.a.com"]}, {"allowed": ["*.A.com", "*.b.com"]}, ""),
        ({"allowed": ["*.a.com", "*.b.com"]}, {"allowed": ["*.a.com"]}, "allowed_domains is *.a.com, *.b.com"),
        ({"allowed": ["*.a.com"]}, {"allowed": []}, "allowed_domains is *.a.com"),
        # names
        ({"realm": None}, {"realm": "litwareinc.com"}, ""),
        ({"realm": "fabrikam.com"}, {"realm": "litwareinc.com"}, REALM),
        ({"realm": "fabrikam.com"}, {"realm": None}, REALM),
        ({"service_name": "00000004"}, {"service_name": "x"}, "service_name is 00000004"),
    ],
)
def test_what_may_be_there_on_purpose(there: dict[str, Any], wanted: dict[str, Any], reason: str) -> None:
    names = {"url": "exchange_autodiscover_url", "allowed": "exchange_autodiscover_allowed_domains"}
    observed, differing = ({names.get(name, name): value for name, value in each.items()} for each in (there, wanted))
    found = find_conflicts(observed, differing)
    assert list(found) == list(differing) * bool(reason)
    assert reason in "".join(found.values())


def test_replacing_needs_the_users_word(scripted: Any, run_module: Any) -> None:
    there = Deployment(scripted, ExchangeAutodiscoverUrl=CLOUD, Realm="fabrikam.com")
    asked = {
        "exchange_autodiscover_url": RIGHT,
        "realm": "litwareinc.com",
        "exchange_autodiscover_allowed_domains": ["*.a.com"],
    }
    for check in (True, False):
        refused = run_module(lync_oauth_configuration, there.helper, check=check, **asked)
        assert (refused["error"]["kind"], refused["changed"], there.helper.writes) == ("conflict", False, [])
        assert f"exchange_autodiscover_url is {CLOUD}, which leads to Exchange Online; {REALM}." in refused["msg"]
        assert "Nothing was written. Set on_conflict to replace" in refused["msg"]
    kept = run_module(lync_oauth_configuration, there.helper, **asked, on_conflict="keep")
    assert (there.properties["ExchangeAutodiscoverUrl"], there.properties["Realm"]) == (CLOUD, "fabrikam.com")
    assert there.properties["ExchangeAutodiscoverAllowedDomains"] == "*.a.com"
    assert kept["warnings"] == [
        f"Left as it is: exchange_autodiscover_url is {CLOUD}, which leads to Exchange Online.",
        f"Left as it is: {REALM}.",
    ]
    assert not run_module(lync_oauth_configuration, there.helper, **asked, on_conflict="keep")["changed"]
    assert run_module(lync_oauth_configuration, there.helper, **asked, on_conflict="replace")["changed"]
    assert (there.properties["ExchangeAutodiscoverUrl"], there.properties["Realm"]) == (RIGHT, "litwareinc.com")
    assert not run_module(lync_oauth_configuration, there.helper, **asked)["changed"]


def test_waiting_sees_that_each_replica_that_matters_was_sent_something_since(
    scripted: Any, run_module: Any, clock: list[float]
) -> None:
    there = Deployment(scripted)
    asked = {"exchange_autodiscover_url": RIGHT, "wait": True}
    assert "replication" not in run_module(lync_oauth_configuration, there.helper, check=True, **asked)
    assert "Get-CsPool" not in there.helper.reads
    result = run_module(lync_oauth_configuration, there.helper, **asked)
    replication = result["replication"]
    assert (replication["up_to_date"], replication["lagging"], replication["waited"]) == (True, [], 7.0)
    assert clock == [1, 2, 4]
    assert there.helper.said == [
        "0 of 2 replicas, waiting for dir.litwareinc.com, fe1.litwareinc.com, 0 of 300 s",
        "1 of 2 replicas, waiting for dir.litwareinc.com, 3 of 300 s",
    ]
    again = run_module(lync_oauth_configuration, there.helper, **asked)
    assert (again["changed"], "replication" in again) == (False, False)


def test_a_wait_that_ends_tells_what_was_written_and_who_lags(
    scripted: Any, run_module: Any, clock: list[float]
) -> None:
    there = Deployment(scripted)
    there.lag["dir.litwareinc.com"] = 10**9
    asked = {"exchange_autodiscover_url": RIGHT, "wait": True, "timeout": 60}
    late = run_module(lync_oauth_configuration, there.helper, **asked)
    assert (late["error"]["kind"], late["changed"], len(late["commands"])) == ("timeout", True, 1)
    assert late["replication"]["lagging"] == ["dir.litwareinc.com"]
    assert "after 60 s these replicas are not up to date: dir.litwareinc.com." in late["msg"]
    assert there.helper.said[-1] == "1 of 2 replicas, waiting for dir.litwareinc.com, 37 of 60 s"
    there.properties["ExchangeAutodiscoverUrl"] = ""
    clock.clear()
    left_out = run_module(lync_oauth_configuration, there.helper, **asked, exclude=["DIR.litwareinc.com"])
    assert "failed" not in left_out


def test_a_replica_that_nobody_lists_lags(scripted: Any, run_module: Any, clock: list[float]) -> None:
    there = Deployment(scripted)
    del there.lag["dir.litwareinc.com"]
    late = run_module(lync_oauth_configuration, there.helper, realm="a", wait=True, timeout=9)
    assert late["replication"]["lagging"] == ["dir.litwareinc.com"]


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


def test_a_plan_asks_nobody(scripted: Any) -> None:
    params = {"exchange_autodiscover_url": RIGHT, "exchange_autodiscover_allowed_domains": None, "realm": None}
    params |= {"service_name": None, "on_conflict": "fail"}
    subject, there = OAuthConfiguration(), Deployment(scripted)
    observed = subject.observe(Call(params, check_mode=False, helper=lambda: there.helper))
    silent = Call(params, check_mode=False, helper=pytest.fail)
    plans = [subject.plan(silent, observed) for _time in range(2)]
    assert plans[0] == plans[1]
    assert (len(plans[0].steps), silent.warnings) == (1, [])
