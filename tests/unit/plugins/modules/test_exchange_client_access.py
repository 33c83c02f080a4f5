# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans over three servers of two kinds, one of them on the edge."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Uri
from ansible_collections.onprem.exchange_lync.plugins.modules import exchange_client_access

RIGHT = "https://autodiscover.contoso.com/autodiscover/autodiscover.xml"
SETUPS = "https://ex2/Autodiscover/Autodiscover.xml"


def server(name: str, **properties: Any) -> dict[str, Any]:
    return {"Name": name, "Fqdn": f"{name}.Contoso.com", "IsEdgeServer": False, **properties}


def service(name: str, uri: Uri | None, scope: Any) -> dict[str, Any]:
    return {"Name": name, "AutoDiscoverServiceInternalUri": uri, "AutoDiscoverSiteScope": scope}


class Farm:
    """EX1 is right, EX2 has set-up's own URI, EX3 none; EDGE is no member of the domain."""

    def __init__(self, scripted: Any, noun: str = "Service", **answers: Any) -> None:
        self.services: dict[str, dict[str, Any]] = {
            "EX1": service("EX1", Uri(RIGHT), ["London", "Paris"]),
            "EX2": service("EX2", Uri(SETUPS), ["London"]),
            "EX3": service("EX3", None, RemoteObject(items=())),
        }
        servers = [*(server(name) for name in self.services), server("EDGE", IsEdgeServer=True)]
        script = {
            "Get_ExchangeServer": servers,
            f"Get_ClientAccess{noun}": lambda: list(self.services.values()),
            f"Set_ClientAccess{noun}": self.write,
            **answers,
        }
        self.helper = scripted(**{name: answer for name, answer in script.items() if answer is not ...})

    def write(self, Identity: str, **parameters: Any) -> None:
        self.services[Identity].update(parameters)


@pytest.fixture
def farm(scripted: Any) -> Farm:
    return Farm(scripted)


def hosts(result: dict[str, Any]) -> list[str]:
    return sorted(result["client_access"])


def test_writes_only_the_servers_that_differ_and_reads_once(farm: Farm, run_module: Any) -> None:
    predicted = run_module(exchange_client_access, farm.helper, check=True, autodiscover_service_internal_uri=RIGHT)
    assert farm.helper.reads == ["Get-ExchangeServer", "Get-ClientAccessService"]
    assert farm.helper.writes == []
    real = run_module(exchange_client_access, farm.helper, autodiscover_service_internal_uri=RIGHT)
    assert predicted == real
    assert [cmdlet.parameters["Identity"] for cmdlet in farm.helper.writes] == ["EX2", "EX3"]
    assert all(isinstance(cmdlet.parameters["AutoDiscoverServiceInternalUri"], Uri) for cmdlet in farm.helper.writes)
    assert hosts(real) == ["ex1.contoso.com", "ex2.contoso.com", "ex3.contoso.com"]
    assert real["diff"]["before"]["ex3.contoso.com"]["autodiscover_service_internal_uri"] is None
    assert real["diff"]["after"]["ex3.contoso.com"]["autodiscover_service_internal_uri"] == RIGHT
    again = run_module(exchange_client_access, farm.helper, autodiscover_service_internal_uri=RIGHT.upper())
    assert ("failed" in again, again["changed"]) == (False, False)


def test_what_compares_equal_is_neither_written_nor_shown_as_changed(farm: Farm, run_module: Any) -> None:
    asked = {
        "servers": ["EX1"],
        "autodiscover_service_internal_uri": RIGHT.upper(),
        "autodiscover_site_scope": ["Rome"],
    }
    predicted = run_module(exchange_client_access, farm.helper, check=True, **asked)
    assert predicted == run_module(exchange_client_access, farm.helper, **asked)
    assert "AutoDiscoverServiceInternalUri" not in farm.helper.writes[0].parameters
    assert predicted["diff"]["after"]["ex1.contoso.com"]["autodiscover_service_internal_uri"] == RIGHT


def test_the_predecessor_is_used_where_it_is_all_there_is(scripted: Any, run_module: Any) -> None:
    farm = Farm(scripted, "Server")
    asked = {"servers": ["ex3", "EX3.contoso.com."], "autodiscover_service_internal_uri": RIGHT}
    result = run_module(exchange_client_access, farm.helper, **asked)
    assert result["commands"] == [
        f"Set-ClientAccessServer -Identity 'EX3' -AutoDiscoverServiceInternalUri '{RIGHT}' -Confirm:$false"
    ]
    assert hosts(result) == ["ex3.contoso.com"]


def test_only_blank_leaves_what_has_a_value(farm: Farm, run_module: Any) -> None:
    result = run_module(
        exchange_client_access,
        farm.helper,
        autodiscover_service_internal_uri=RIGHT,
        autodiscover_site_scope=["Rome"],
        only_blank=True,
    )
    assert [str(cmdlet) for cmdlet in farm.helper.writes] == [
        f"Set-ClientAccessService -Identity 'EX3' -AutoDiscoverServiceInternalUri '{RIGHT}' "
        "-AutoDiscoverSiteScope 'Rome' -Confirm:$false -ErrorAction 'Stop'"
    ]
    assert result["client_access"]["ex2.contoso.com"]["autodiscover_service_internal_uri"] == SETUPS


@pytest.mark.parametrize(("scope", "written"), [(["PARIS", "london"], []), (["London"], [["London"]]), ([], [[]])])
def test_site_scope_is_a_set(farm: Farm, run_module: Any, scope: list[str], written: list[list[str]]) -> None:
    run_module(exchange_client_access, farm.helper, servers=["EX1"], autodiscover_site_scope=scope)
    assert [cmdlet.parameters["AutoDiscoverSiteScope"] for cmdlet in farm.helper.writes] == written


def test_the_empty_string_clears_the_uri(farm: Farm, run_module: Any) -> None:
    result = run_module(exchange_client_access, farm.helper, autodiscover_service_internal_uri="")
    assert [str(cmdlet) for cmdlet in farm.helper.writes] == [
        f"Set-ClientAccessService -Identity '{name}' -AutoDiscoverServiceInternalUri $null -Confirm:$false -ErrorAction 'Stop'"
        for name in ("EX1", "EX2")
    ]
    assert {state["autodiscover_service_internal_uri"] for state in result["client_access"].values()} == {None}


@pytest.mark.parametrize(
    ("servers", "kind", "named"),
    [
        (["EX1", "ex9.contoso.com", "EX8"], "not_found", "ex8, ex9.contoso.com"),
        (["EDGE"], "bad_input", "edge.contoso.com is an Edge Transport server"),
        ([" "], "bad_input", "a name is empty"),
        ([], "bad_input", "the list is"),
    ],
)
def test_a_server_that_cannot_be_meant_is_refused_and_nothing_is_written(
    farm: Farm, run_module: Any, servers: list[str], kind: str, named: str
) -> None:
    result = run_module(exchange_client_access, farm.helper, servers=servers, autodiscover_service_internal_uri=RIGHT)
    assert result["failed"]
    assert result["error"]["kind"] == kind
    assert named in result["msg"]
    assert farm.helper.writes == []


def test_a_server_without_the_service_is_refused_by_name_and_skipped_in_all(farm: Farm, run_module: Any) -> None:
    del farm.services["EX3"]
    result = run_module(exchange_client_access, farm.helper, servers=["EX3"], autodiscover_service_internal_uri=RIGHT)
    assert "ex3.contoso.com has no Client Access service" in result["msg"]
    assert hosts(run_module(exchange_client_access, farm.helper, autodiscover_service_internal_uri=RIGHT)) == [
        "ex1.contoso.com",
        "ex2.contoso.com",
    ]


@pytest.mark.parametrize("check", [False, True])
def test_no_service_at_all_is_not_taken_for_nothing_to_do(farm: Farm, run_module: Any, check: bool) -> None:
    farm.services.clear()  # outside the scope of the account's role
    result = run_module(exchange_client_access, farm.helper, check=check, autodiscover_service_internal_uri=RIGHT)
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
        ("ftp://autodiscover.contoso.com/autodiscover/autodiscover.xml", "http or https"),
    ],
)
def test_a_wrong_url_is_refused_with_the_right_one_before_anything_is_read(
    farm: Farm, run_module: Any, url: str, right: str
) -> None:
    result = run_module(exchange_client_access, farm.helper, autodiscover_service_internal_uri=url)
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
