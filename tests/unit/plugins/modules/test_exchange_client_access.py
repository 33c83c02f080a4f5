# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans over an organisation with a history: three servers of two kinds that take part, one of 2010, one on the edge."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.client_access import ClientAccess
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Uri
from ansible_collections.onprem.exchange_lync.plugins.modules import exchange_client_access

RIGHT = "https://autodiscover.contoso.com/autodiscover/autodiscover.xml"
SETUPS = "https://ex2/Autodiscover/Autodiscover.xml"
CHOSEN = "https://autodiscover-eu.contoso.com/autodiscover/autodiscover.xml"
CLOUD = "https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml"
ONE, TWO, THREE, OLD, EDGE = (f"{name}.contoso.com" for name in ("ex1", "ex2", "ex3", "ex10", "edge"))
DC = "dc1.contoso.com"


def server(name: str, version: str = "Version 15.1 (Build 2507.39)", **properties: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "Fqdn": f"{name}.Contoso.com",
        "AdminDisplayVersion": version,
        "Site": "contoso.com/Configuration/Sites/London",
        "IsEdgeServer": False,
        "IsClientAccessServer": True,
        "IsMailboxServer": True,
        **properties,
    }


def service(name: str, uri: str | None, scope: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "AutoDiscoverServiceInternalUri": uri and Uri(uri),
        "AutoDiscoverSiteScope": scope,
        "OriginatingServer": DC,
    }


class Farm:
    """EX1 is right, EX2 has setup's own URI, EX3 none; EX10 is of 2010, EDGE is no member of the domain.

    :ivar lag: how many readings after a write still show what was there before.
    """

    def __init__(self, scripted: Any, noun: str = "Service", **answers: Any) -> None:
        self.services: dict[str, dict[str, Any]] = {
            "EX1": service("EX1", RIGHT, ["London", "Paris"]),
            "EX2": service("EX2", SETUPS, ["London"]),
            "EX3": service("EX3", None, RemoteObject(items=())),
            "EX10": service("EX10", "https://ex10.contoso.com/Autodiscover/Autodiscover.xml", ["London"]),
        }
        self.hybrid = False
        self.lag, self.readings_left, self.shown = 0, 0, self.services
        old = server("EX10", "Version 14.3 (Build 513.0)")
        servers = [*(server(name) for name in ("EX1", "EX2", "EX3")), old, server("EDGE", IsEdgeServer=True)]
        script = {
            "Get_ExchangeServer": lambda **_asked: servers,
            f"Get_ClientAccess{noun}": self.read,
            f"Set_ClientAccess{noun}": self.write,
            "Get_HybridConfiguration": lambda **_asked: [{"Domains": ["contoso.com"]}] if self.hybrid else [],
            **answers,
        }
        self.helper = scripted(**{name: answer for name, answer in script.items() if answer is not ...})

    def read(self, **_asked: Any) -> list[dict[str, Any]]:
        self.readings_left -= 1
        return list((self.services if self.readings_left < 0 else self.shown).values())

    def write(self, Identity: str, DomainController: str = "", **parameters: Any) -> None:
        self.shown = {name: dict(item) for name, item in self.services.items()}
        self.services[Identity].update(parameters)
        self.readings_left = self.lag


@pytest.fixture
def farm(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> Farm:
    monkeypatch.setattr("ansible_collections.onprem.exchange_lync.plugins.module_utils._resource.READ_BACK_SECONDS", 0)
    return Farm(scripted)


@pytest.fixture
def set_uri(farm: Farm, run_module: Any) -> Any:
    """Run the module with the right URI."""

    def run(**params: Any) -> dict[str, Any]:
        asked = {"autodiscover_service_internal_uri": RIGHT, **params}
        return dict(run_module(exchange_client_access, farm.helper, **asked))

    return run


def hosts(result: dict[str, Any]) -> list[str]:
    return sorted(result["client_access"])


def test_writes_only_the_servers_that_differ_and_reads_once(farm: Farm, set_uri: Any) -> None:
    predicted = set_uri(check=True)
    assert farm.helper.reads == ["Get-ExchangeServer", "Get-ClientAccessService", "Get-HybridConfiguration"]
    assert farm.helper.writes == []
    real = set_uri()
    assert predicted == real
    assert [cmdlet.parameters["Identity"] for cmdlet in farm.helper.writes] == ["EX2", "EX3"]
    assert all(isinstance(cmdlet.parameters["AutoDiscoverServiceInternalUri"], Uri) for cmdlet in farm.helper.writes)
    assert hosts(real) == [ONE, TWO, THREE]
    assert real["diff"]["before"][THREE]["autodiscover_service_internal_uri"] is None
    assert real["diff"]["after"][THREE]["autodiscover_service_internal_uri"] == RIGHT
    again = set_uri(autodiscover_service_internal_uri=RIGHT.upper())
    assert ("failed" in again, again["changed"]) == (False, False)


def test_what_compares_equal_is_neither_written_nor_shown_as_changed(farm: Farm, set_uri: Any) -> None:
    asked = {
        "servers": ["EX1"],
        "autodiscover_service_internal_uri": RIGHT.upper(),
        "autodiscover_site_scope": ["London", "Paris", "Rome"],
    }
    predicted = set_uri(check=True, **asked)
    assert predicted == set_uri(**asked)
    assert "AutoDiscoverServiceInternalUri" not in farm.helper.writes[0].parameters
    assert predicted["diff"]["after"][ONE]["autodiscover_service_internal_uri"] == RIGHT


def test_the_predecessor_is_used_where_it_is_all_there_is(scripted: Any, run_module: Any) -> None:
    farm = Farm(scripted, "Server")
    asked = {"servers": ["ex3", "EX3.contoso.com."], "autodiscover_service_internal_uri": RIGHT}
    result = run_module(exchange_client_access, farm.helper, **asked)
    uri = f"-AutoDiscoverServiceInternalUri '{RIGHT}'"
    assert result["commands"] == [
        f"Set-ClientAccessServer -Identity 'EX3' {uri} -Confirm:$false -DomainController '{DC}'"
    ]
    assert hosts(result) == [THREE]


def test_only_blank_leaves_what_has_a_value(farm: Farm, set_uri: Any) -> None:
    result = set_uri(autodiscover_site_scope=["Rome"], only_blank=True)
    assert [str(cmdlet) for cmdlet in farm.helper.writes] == [
        f"Set-ClientAccessService -Identity 'EX3' -AutoDiscoverServiceInternalUri '{RIGHT}' "
        f"-AutoDiscoverSiteScope 'Rome' -Confirm:$false -DomainController '{DC}' -ErrorAction 'Stop'"
    ]
    assert result["client_access"][TWO]["autodiscover_service_internal_uri"] == SETUPS


@pytest.mark.parametrize(
    ("scope", "written"), [(["PARIS", "london"], []), (["London"], [["London"]]), ([], [[]]), (["Rome"], [["Rome"]])]
)
def test_site_scope_is_a_set(farm: Farm, run_module: Any, scope: list[str], written: list[list[str]]) -> None:
    asked = {"servers": ["EX1"], "autodiscover_site_scope": scope, "on_conflict": "replace"}
    run_module(exchange_client_access, farm.helper, **asked)
    assert [cmdlet.parameters["AutoDiscoverSiteScope"] for cmdlet in farm.helper.writes] == written


@pytest.mark.parametrize(
    ("name", "scope", "held"),
    [
        ("EX1", ["London"], True),  # Paris would go
        ("EX1", ["London", "Paris", "Rome"], False),  # added to
        ("EX2", ["Paris"], False),  # its own site, as setup wrote it
        ("EX2", [], False),
        ("EX3", ["Paris"], False),  # blank
    ],
)
def test_a_site_scope_that_somebody_chose_is_kept(
    farm: Farm, run_module: Any, name: str, scope: list[str], held: bool
) -> None:
    result = run_module(exchange_client_access, farm.helper, servers=[name], autodiscover_site_scope=scope)
    assert ("failed" in result, len(farm.helper.writes)) == ((True, 0) if held else (False, 1))
    assert not held or "ex1.contoso.com: its site scope is London, Paris, which setup did not write" in result["msg"]


@pytest.mark.parametrize(
    ("there", "hybrid", "reason"),
    [
        (CHOSEN, False, f"its Autodiscover URI is {CHOSEN}, which setup did not write, so somebody chose it"),
        (CLOUD, False, f"its Autodiscover URI is {CLOUD}, which leads to Exchange Online"),
        (None, True, "its Autodiscover URI is blank, and the organisation is hybrid"),
        ("https://[", False, "its Autodiscover URI is https://[, which setup did not write"),
    ],
)
def test_replacing_needs_the_users_word(farm: Farm, set_uri: Any, there: str | None, hybrid: bool, reason: str) -> None:
    farm.hybrid = hybrid
    farm.services["EX3"] = service("EX3", there, [])
    for check in (True, False):
        refused = set_uri(check=check)
        assert (refused["error"]["kind"], refused["changed"], farm.helper.writes) == ("conflict", False, [])
        assert f"{THREE}: {reason}" in refused["msg"]
        assert refused["error"]["remedy"].startswith("Nothing was written. Set on_conflict to replace")
    kept = set_uri(on_conflict="keep")
    assert [cmdlet.parameters["Identity"] for cmdlet in farm.helper.writes] == ["EX2"]
    assert f"Left as it is: {THREE}: {reason}" in kept["warnings"][0]
    assert kept["client_access"][THREE]["autodiscover_service_internal_uri"] == there
    assert not set_uri(on_conflict="keep")["changed"]
    assert set_uri(on_conflict="replace")["changed"]
    assert [cmdlet.parameters["Identity"] for cmdlet in farm.helper.writes] == ["EX2", "EX3"]
    assert not set_uri()["changed"]


def test_all_that_would_be_replaced_is_told_at_once(farm: Farm, set_uri: Any) -> None:
    farm.services["EX2"]["AutoDiscoverServiceInternalUri"] = Uri(CHOSEN)
    farm.services["EX3"]["AutoDiscoverServiceInternalUri"] = Uri(CLOUD)
    message = set_uri()["msg"]
    assert f"{TWO}: its" in message
    assert f"{THREE}: its" in message


def test_whether_the_organisation_is_hybrid_is_asked_only_where_it_matters(farm: Farm, set_uri: Any) -> None:
    del farm.helper.answers["Get-HybridConfiguration"]
    cleared = {"autodiscover_service_internal_uri": "", "servers": ["EX2", "EX3"]}
    for asked in ({"on_conflict": "replace"}, {"servers": ["EX1", "EX2"]}, cleared):
        assert "failed" not in set_uri(check=True, **asked)
    farm.services["EX3"]["AutoDiscoverServiceInternalUri"] = None
    unread = set_uri(check=True)
    assert (unread["error"]["kind"], unread["error"]["cmdlet"]) == ("not_offered", "Get-HybridConfiguration")


def test_the_empty_string_clears_what_setup_wrote_and_the_rest_on_the_users_word(farm: Farm, set_uri: Any) -> None:
    assert "ex1.contoso.com" in set_uri(autodiscover_service_internal_uri="")["msg"]
    result = set_uri(autodiscover_service_internal_uri="", on_conflict="replace")
    assert [(cmdlet.parameters["Identity"], cmdlet.parameters["AutoDiscoverServiceInternalUri"]) for cmdlet in farm.helper.writes] == [
        ("EX1", None), ("EX2", None),
    ]  # fmt: skip
    assert {state["autodiscover_service_internal_uri"] for state in result["client_access"].values()} == {None}


def test_a_server_of_2010_takes_part_only_where_it_is_named(farm: Farm, set_uri: Any) -> None:
    before = dict(farm.services["EX10"])
    assert OLD not in set_uri()["client_access"]
    assert farm.services["EX10"] == before
    assert hosts(set_uri(servers=["ex10"])) == [OLD]
    assert farm.services["EX10"] != before


def test_servers_that_are_excluded_are_left_alone(farm: Farm, set_uri: Any) -> None:
    assert hosts(set_uri(check=True, exclude=["EX2", "ex3.contoso.com.", "ex99"])) == [ONE]
    assert hosts(set_uri(check=True, servers=["ex1", "ex2"], exclude=["ex1"])) == [TWO]
    for asked, said in (
        ({"exclude": ["ex1", "ex2", "ex3"]}, "no server is left"),
        ({"servers": ["ex1"], "exclude": ["ex1"]}, "no server is left"),
        ({"exclude": [""]}, "exclude: a name is empty"),
    ):
        assert said in set_uri(**asked)["msg"]
    assert farm.helper.writes == []


@pytest.mark.parametrize(
    ("servers", "kind", "named"),
    [
        (["EX1", "ex9.contoso.com", "EX8"], "not_found", "ex8, ex9.contoso.com"),
        (["EDGE"], "bad_input", "edge.contoso.com is an Edge Transport server"),
        ([" "], "bad_input", "a name is empty"),
        ([], "bad_input", "the list is"),
    ],
)
def test_a_server_that_cannot_be_used_is_refused_and_nothing_is_written(
    farm: Farm, set_uri: Any, servers: list[str], kind: str, named: str
) -> None:
    result = set_uri(servers=servers)
    assert result["failed"]
    assert result["error"]["kind"] == kind
    assert named in result["msg"]
    assert farm.helper.writes == []


def test_a_server_without_the_service_is_refused_by_name_and_skipped_in_all(farm: Farm, set_uri: Any) -> None:
    del farm.services["EX3"]
    assert "ex3.contoso.com has no Client Access service" in set_uri(servers=["EX1", "EX3"])["msg"]
    assert hosts(set_uri()) == [ONE, TWO]


@pytest.mark.parametrize("check", [False, True])
def test_no_service_at_all_is_not_taken_for_nothing_to_do(farm: Farm, set_uri: Any, check: bool) -> None:
    farm.services.clear()  # outside the scope of the account's role
    result = set_uri(check=check)
    assert result["failed"]
    assert result["error"]["kind"] == "not_found"
    assert "exchange management shell: Get-ClientAccessService: " in result["msg"]
    assert "scope of the account's roles" in result["msg"]


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("https://autodiscover.contoso.com/autodiscover/autodiscover.svc", RIGHT),
        ("ftp://autodiscover.contoso.com/autodiscover", RIGHT),
        ("https://autodiscover.contoso.com", RIGHT),
        ("autodiscover.contoso.com/autodiscover/autodiscover.xml", RIGHT),
        (f"{RIGHT}?x=1", RIGHT),
        ("https:///autodiscover/autodiscover.xml", "https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml"),
        ("https://[/", "https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml"),
        ("ftp://autodiscover.contoso.com/autodiscover/autodiscover.xml", "http or https"),
    ],
)
def test_a_wrong_url_is_refused_with_the_right_one_before_anything_is_read(
    farm: Farm, set_uri: Any, url: str, right: str
) -> None:
    result = set_uri(autodiscover_service_internal_uri=url)
    assert result["failed"]
    assert result["error"]["kind"] == "bad_input"
    where = "exchange management shell: Set-ClientAccessServer: autodiscover_service_internal_uri: "
    assert result["msg"].startswith(where)
    assert right in result["msg"]
    assert farm.helper.pipelines == []


def test_an_account_that_may_not_write_sees_what_differs_in_check_mode_and_is_refused_otherwise(
    scripted: Any, run_module: Any
) -> None:
    farm = Farm(scripted, Set_ClientAccessService=...)
    checked = run_module(exchange_client_access, farm.helper, check=True, autodiscover_service_internal_uri=RIGHT)
    assert checked["changed"]
    assert "A real run would fail" in checked["warnings"][0]
    refused = run_module(exchange_client_access, farm.helper, autodiscover_service_internal_uri=RIGHT)
    assert refused["error"]["kind"] == "not_offered"
    assert "Set-ClientAccessService" in refused["msg"]
    assert farm.helper.writes == []
    right = run_module(exchange_client_access, farm.helper, servers=["EX1"], autodiscover_service_internal_uri=RIGHT)
    assert not right["changed"]


def asked_of(farm: Farm) -> dict[str, Any]:
    """The domain controller that each cmdlet was sent to."""
    return {
        pipeline.subject: pipeline.cmdlets[0].parameters.get("DomainController") for pipeline in farm.helper.pipelines
    }


def test_a_write_goes_to_the_domain_controller_that_was_read_or_all_to_the_one_that_is_named(
    farm: Farm, set_uri: Any
) -> None:
    reads = ("Get-ExchangeServer", "Get-ClientAccessService", "Get-HybridConfiguration")
    set_uri(servers=["EX3"])
    assert asked_of(farm) == {**dict.fromkeys(reads), "Set-ClientAccessService": DC}
    farm.services["EX3"]["AutoDiscoverServiceInternalUri"] = None
    set_uri(servers=["EX3"], domain_controller="dc2.contoso.com")
    assert asked_of(farm) == dict.fromkeys([*reads, "Set-ClientAccessService"], "dc2.contoso.com")


def test_an_empty_domain_controller_is_refused(farm: Farm, set_uri: Any) -> None:
    assert "domain_controller is empty" in set_uri(domain_controller=" ")["msg"]
    assert farm.helper.pipelines == []


def test_a_domain_controller_that_lags_is_read_again_until_it_shows_the_write(farm: Farm, set_uri: Any) -> None:
    farm.lag = 3
    result = set_uri(servers=["EX2"])
    assert (result["changed"], "failed" in result) == (True, False)
    assert farm.helper.reads.count("Get-ClientAccessService") == 1 + 4
    assert len(farm.helper.writes) == 1


def test_a_domain_controller_that_never_shows_the_write(farm: Farm, set_uri: Any) -> None:
    farm.lag = 10**9
    result = set_uri(servers=["EX2"], timeout=0)
    assert (result["error"]["kind"], result["changed"]) == ("not_effective", True)
    assert "Domain controllers replicate with a delay: name one with domain_controller" in result["error"]["remedy"]


def test_a_plan_asks_nobody(farm: Farm) -> None:
    params: dict[str, Any] = {"autodiscover_service_internal_uri": RIGHT, "autodiscover_site_scope": None}
    params |= {"servers": None, "only_blank": False, "exclude": [], "on_conflict": "fail"}
    subject = ClientAccess()
    observed = subject.observe(Call(params, check_mode=False, helper=lambda: farm.helper))
    silent = Call(params, check_mode=False, helper=pytest.fail)
    plans = [subject.plan(silent, observed) for _time in range(2)]
    assert plans[0] == plans[1]
    assert (len(plans[0].steps), silent.warnings) == (2, [])
