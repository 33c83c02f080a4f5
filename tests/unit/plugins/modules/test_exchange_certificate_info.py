# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of several servers: projected, as RawData only, and not at all."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.server_certificates import (
    describe_certificate,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject
from ansible_collections.onprem.exchange_lync.plugins.modules import exchange_certificate_info


def server(name: str, version: str = "15.2 (Build 1544.4)", *, edge: bool = False) -> dict[str, Any]:
    roles = {"IsEdgeServer": edge, "IsMailboxServer": not edge, "IsClientAccessServer": not edge}
    return {"Name": name, "Fqdn": f"{name}.contoso.com", "AdminDisplayVersion": f"Version {version}", **roles}


SERVERS = [server("EX1"), server("EX2"), server("EX10", "14.3 (Build 513.0)"), server("EDGE", edge=True)]
DOWN = ShellError("failed", "The RPC server is unavailable.", error_id="LocalizedException,GetExchangeCertificate")


@pytest.fixture(scope="session")
def raw_data(certificate: Any) -> bytes:
    return base64.b64decode(certificate())


def helper_with(scripted: Any, certificates: Any) -> Any:
    return scripted(Get_ExchangeServer=SERVERS, Get_ExchangeCertificate=certificates, Get_AuthConfig=[])


def test_facts_of_the_certificate_and_of_the_product_are_put_together(
    scripted: Any, run_module: Any, raw_data: bytes
) -> None:
    projected = {
        "RawData": raw_data,
        "HasPrivateKey": True,
        "FriendlyName": "",
        "Services": RemoteObject(("System.Enum",), "IMAP, SMTP", value=17),
        "Status": RemoteObject(("System.Enum",), "Valid", value=1),
        "RootCAType": RemoteObject(("System.Enum",), "None", value=0),
        "PrivateKeyExportable": False,
    }
    helper = helper_with(scripted, lambda Server: [projected] if Server == "ex1.contoso.com" else [])
    result = run_module(exchange_certificate_info, helper)
    assert [(server["host"], server["error"]) for server in result["servers"]] == [
        ("ex1.contoso.com", None),
        ("ex2.contoso.com", None),
    ]
    found = result["servers"][0]["certificates"][0]
    assert found["raw_data"] == base64.b64encode(raw_data).decode()
    assert (found["subject"], found["key_size"], found["problems"]) == ("CN=litwareinc.com", 2048, [])
    assert {
        key: found[key]
        for key in ("has_private_key", "friendly_name", "services", "status", "root_ca_type", "private_key_exportable")
    } == {
        "has_private_key": True,
        "friendly_name": None,
        "services": ["IMAP", "SMTP"],
        "status": "Valid",
        "root_ca_type": "None",
        "private_key_exportable": False,
    }
    assert result["auth_config"] is None


@pytest.mark.parametrize("wrapped", [False, True])
def test_raw_data_alone_is_enough(scripted: Any, run_module: Any, raw_data: bytes, wrapped: bool) -> None:
    value: Any = RemoteObject(value=raw_data) if wrapped else raw_data
    result = run_module(
        exchange_certificate_info, helper_with(scripted, lambda Server: [{"RawData": value}]), servers=["ex1"]
    )
    found = result["servers"][0]["certificates"][0]
    assert found["subject"] == "CN=litwareinc.com"
    assert found["services"] is found["status"] is found["has_private_key"] is None


def test_a_server_that_is_down_does_not_hide_the_others(scripted: Any, run_module: Any, raw_data: bytes) -> None:
    helper = helper_with(scripted, lambda Server: DOWN if Server == "ex1.contoso.com" else [{"RawData": raw_data}])
    result = run_module(exchange_certificate_info, helper)
    assert result["servers"][0] == {
        "host": "ex1.contoso.com",
        "certificates": [],
        "error": "The RPC server is unavailable.",
    }
    assert len(result["servers"][1]["certificates"]) == 1
    assert result["warnings"] == ["ex1.contoso.com: its certificates could not be read: The RPC server is unavailable."]


@pytest.mark.parametrize("kind", ["access_denied", "session_lost"])
def test_what_would_fail_everywhere_fails_the_task(scripted: Any, run_module: Any, kind: str) -> None:
    result = run_module(exchange_certificate_info, helper_with(scripted, ShellError(kind, "no.", error_id="x")))
    assert result["failed"]
    assert result["error"]["kind"] == kind


def test_a_server_that_does_not_exist_is_a_mistake_in_the_task(scripted: Any, run_module: Any) -> None:
    helper = helper_with(scripted, [])
    result = run_module(exchange_certificate_info, helper, servers=["ex7.contoso.com"])
    assert result["error"]["kind"] == "not_found"
    assert (
        "no such Exchange server: ex7.contoso.com. Known here: ex1.contoso.com, ex2.contoso.com, ex10.contoso.com, edge.contoso.com."
        in result["msg"]
    )
    assert "Get-ExchangeCertificate" not in helper.reads


def test_certificates_without_raw_data_are_said_to_be_unreadable(scripted: Any, run_module: Any) -> None:
    result = run_module(exchange_certificate_info, helper_with(scripted, [{"RawData": None}]), servers=["EX2"])
    assert "RawData" in result["servers"][0]["error"]


@pytest.mark.parametrize(
    ("facts", "known"),
    [
        ({"HasPrivateKey": True}, True),
        ({"HasPrivateKey": False}, None),
        ({"HasPrivateKey": False, "PrivateKeyExportable": True}, True),
        ({"HasPrivateKey": False, "Services": RemoteObject(("System.Enum",), "IIS", value=8)}, True),
        ({"HasPrivateKey": False, "Services": RemoteObject(("System.Enum",), "None", value=0)}, None),
        ({}, None),
    ],
)
def test_no_private_key_is_believed_only_of_the_servers_own_certificates(
    scripted: Any, run_module: Any, raw_data: bytes, facts: dict[str, Any], known: bool | None
) -> None:
    helper = helper_with(scripted, lambda Server: [{"RawData": raw_data, **facts}])
    found = run_module(exchange_certificate_info, helper, servers=["ex1"])["servers"][0]["certificates"][0]
    assert found["has_private_key"] is known
    own = describe_certificate(RemoteObject(properties={"RawData": raw_data, **facts}), own=True)
    assert own["has_private_key"] is facts.get("HasPrivateKey")


def test_a_server_of_2010_is_read_only_where_it_is_named(scripted: Any, run_module: Any, raw_data: bytes) -> None:
    helper = helper_with(scripted, [{"RawData": raw_data}])
    result = run_module(exchange_certificate_info, helper, servers=["ex10"])
    assert [found["host"] for found in result["servers"]] == ["ex10.contoso.com"]
    edge = run_module(exchange_certificate_info, helper, servers=["edge"])
    assert (edge["error"]["kind"], "is an Edge Transport server" in edge["msg"]) == ("bad_input", True)
