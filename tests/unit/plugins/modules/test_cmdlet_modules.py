# SPDX-License-Identifier: GPL-3.0-or-later
"""Any cmdlet: what is sent, what is run in check mode, and what is shown."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._cmdlet_module import run_cmdlet, simplify
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import (
    Credential,
    RemoteObject,
    Secret,
    SecretText,
    Uri,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verbs import nature
from ansible_collections.onprem.exchange_lync.plugins.modules import exchange_cmdlet, lync_cmdlet


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("text", "text"),
        (7, 7),
        (False, False),
        (None, None),
        (["a", {"uri": "https://b"}], ["a", Uri("https://b")]),
        ({"uri": "https://b"}, Uri("https://b")),
        ({"guid": "{00000002-0000-0ff1-ce00-000000000000}"}, uuid.UUID("00000002-0000-0ff1-ce00-000000000000")),
        ({"datetime": "2027-01-31T01:00:00+01:00"}, dt.datetime(2027, 1, 31, tzinfo=dt.UTC)),
        ({"timespan": 90}, dt.timedelta(seconds=90)),
        ({"bytes": "AAE="}, b"\x00\x01"),
        ({"Add": ["a"], "Remove": ["b"]}, {"Add": ["a"], "Remove": ["b"]}),
        ({"hashtable": {"uri": "x"}}, {"uri": "x"}),
        ({"hashtable": {"text": "x"}}, {"text": "x"}),
        ({}, {}),
    ],
)
def test_parameters_keep_their_types(scripted: Any, run_module: Any, given: Any, sent: Any) -> None:
    helper = scripted(Set_Thing=[])
    result = run_module(exchange_cmdlet, helper, cmdlet="Set-Thing", parameters={"Value": given})
    assert result["changed"]
    assert helper.writes[0].parameters["Value"] == sent
    assert type(helper.writes[0].parameters["Value"]) is type(sent)
    assert helper.shells == ["exchange"]


def test_only_what_is_marked_as_secret_is_hidden() -> None:
    given = {
        "A": {"hashtable": {"text": "a caption"}},
        "B": {"text": "s3cret"},
        "C": [{"hashtable": {"secret": {"credential": {"user": "u", "password": "p"}}}}],
        "D": {"text": {"hashtable": {"text": "deep"}}},
    }
    call = Call({"parameters": given, "cmdlet": "Set-Thing"}, check_mode=False, helper=pytest.fail)
    with pytest.raises(ShellError, match="is secret; give it in secret_parameters"):
        run_cmdlet(call, "exchange")
    assert call.hidden == {"s3cret", "u", "p", "deep"}


def test_secrets_are_sent_by_type_and_never_shown(scripted: Any, run_module: Any) -> None:
    helper = scripted(Import_Thing=[])
    result = run_module(
        lync_cmdlet,
        helper,
        cmdlet="Import-Thing",
        parameters={"Path": "p"},
        secret_parameters={
            "A": "s3cret",
            "B": {"text": "s3cret"},
            "C": [{"credential": {"user": "u", "password": "s3cret"}}],
        },
    )
    sent = helper.writes[0].parameters
    assert (type(sent["A"]), sent["A"].reveal()) == (Secret, "s3cret")
    assert (type(sent["B"]), sent["B"].reveal()) == (SecretText, "s3cret")
    assert sent["C"] == [Credential("u", Secret("s3cret"))]
    assert "s3cret" not in str(result)
    assert result["commands"] == ["Import-Thing -Path 'p' -A ******** -B ******** -C 'u'"]
    assert helper.shells == ["lync"]


@pytest.mark.parametrize(
    ("options", "about"),
    [
        ({"cmdlet": "Get-Thing | Remove-Thing"}, "not a cmdlet's name"),
        ({"cmdlet": "Get-Thing"}, "select: name the properties"),
        ({"cmdlet": "Get-Thing", "select": []}, "select: name the properties"),
        ({"cmdlet": "Set-Thing", "parameters": {"-Identity": "x"}}, "without a hyphen"),
        ({"cmdlet": "Set-Thing", "parameters": {"identity": ""}}, "Identity is empty"),
        ({"cmdlet": "Get-Thing", "select": ["Name"], "parameters": {"Identity": None}}, "Identity is empty"),
        ({"cmdlet": "Get-Thing", "select": ["Name"], "parameters": {"Ident": None}}, "Identity is empty"),
        ({"cmdlet": "Set-Thing", "parameters": {"Identity": [" ", None]}}, "Identity is empty"),
        ({"cmdlet": "Set-Thing", "parameters": {"ErrorAction": "Ignore"}}, "ErrorAction is always Stop"),
        ({"cmdlet": "Set-Thing", "parameters": {"P": {"secret": "s3cret"}}}, "give it in secret_parameters"),
        (
            {"cmdlet": "Set-Thing", "parameters": {"P": [{"hashtable": {"K": {"text": "s3cret"}}}]}},
            "in secret_parameters",
        ),
        (
            {"cmdlet": "Set-Thing", "parameters": {"P": {"credential": {"user": "s3cret"}}}},
            "give it in secret_parameters",
        ),
        (
            {"cmdlet": "Set-Thing", "parameters": {"P": 1}, "secret_parameters": {"p": "s3cret"}},
            "is in secret_parameters too",
        ),
        ({"cmdlet": "Set-Thing", "secret_parameters": {"P": {"pasword": "s3cret"}}}, "must be text"),
        ({"cmdlet": "Set-Thing", "parameters": {"P": {"datetime": "2027-01-31"}}}, "no time zone"),
        ({"cmdlet": "Set-Thing", "parameters": {"P": {"guid": "x"}}}, "P is not a guid"),
        ({"cmdlet": "Set-Thing", "parameters": {"P": {"bytes": "é"}}}, "P is not a bytes"),
        ({"cmdlet": "Set-Thing", "parameters": {"P": [dt.date(2027, 1, 31)]}}, "P[0] is a date"),
        ({"cmdlet": "Set-Thing", "parameters": {"P": type("_Tagged", (dt.date,), {})(2027, 1, 31)}}, "P is a date"),
        ({"cmdlet": "Set-Thing", "changes": "never"}, "changes something"),
        ({"cmdlet": "Test-CsExStorageConnectivity", "changes": "never"}, "changes something"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_sent(
    scripted: Any, run_module: Any, options: dict[str, Any], about: str
) -> None:
    helper = scripted(Get_Thing=[], Set_Thing=[])
    result = run_module(exchange_cmdlet, helper, **options)
    assert result["failed"]
    assert result["error"]["kind"] == "bad_input"
    assert about in result["msg"]
    assert result["error"]["shell"] == "exchange"
    assert result["error"]["cmdlet"] == ("" if "|" in options["cmdlet"] else options["cmdlet"])
    assert "s3cret" not in str(result)
    assert helper.pipelines == []


def test_check_mode_runs_reads_and_only_reports_writes(scripted: Any, run_module: Any) -> None:
    helper = scripted(Get_Thing=[{"Name": "a", "Size": 1}], Set_Thing=[])
    read = run_module(exchange_cmdlet, helper, check=True, cmdlet="get-thing".title(), select=["Name"])
    assert (read["changed"], read["objects"], read["commands"]) == (False, [{"Name": "a"}], ["Get-Thing"])
    write = run_module(exchange_cmdlet, helper, check=True, cmdlet="Set-Thing", parameters={"Identity": "a"})
    assert (write["changed"], write["objects"], write["commands"]) == (True, [], ["Set-Thing -Identity 'a'"])
    assert helper.writes == []
    missing = run_module(exchange_cmdlet, helper, check=True, cmdlet="Set-Nothing")
    assert missing["error"]["kind"] == "not_offered"


def test_the_domain_controller_that_is_named_is_asked(scripted: Any, run_module: Any) -> None:
    helper = scripted(Get_Thing=lambda **_asked: [], Set_Thing=lambda **_asked: [])
    named = {"domain_controller": "dc1.contoso.com"}
    read = run_module(exchange_cmdlet, helper, **named, cmdlet="Get-Thing", select=["Name"])
    assert read["commands"] == ["Get-Thing -DomainController 'dc1.contoso.com'"]
    own = {"DOMAINCONTROLLER": "dc2.contoso.com"}
    write = run_module(exchange_cmdlet, helper, **named, cmdlet="Set-Thing", parameters=own)
    assert write["commands"] == ["Set-Thing -DOMAINCONTROLLER 'dc2.contoso.com'"]
    assert (
        "domain_controller is empty" in run_module(exchange_cmdlet, helper, cmdlet="Get-X", domain_controller="")["msg"]
    )


@pytest.mark.parametrize("cmdlet", ["Get-Thing", "Set-Thing"])
def test_a_cmdlet_without_the_parameter_runs_without_it(scripted: Any, run_module: Any, cmdlet: str) -> None:
    """It refuses the parameter before it does anything."""
    unknown = ShellError("not_offered", "no such parameter.", error_id=f"NamedParameterNotFound,{cmdlet}")

    def answer(**asked: Any) -> Any:
        return unknown if set(asked) - {"Identity"} else [{"Name": "a"}]

    helper = scripted(**{cmdlet.replace("-", "_"): answer})
    asked = {"cmdlet": cmdlet, "domain_controller": "dc1.contoso.com", "select": ["Name"]}
    result = run_module(exchange_cmdlet, helper, **asked, parameters={"Identity": "a"})
    assert (result["objects"], result["commands"]) == ([{"Name": "a"}], [f"{cmdlet} -Identity 'a'"])
    assert "so it is run without" in result["warnings"][0]
    wrong = run_module(exchange_cmdlet, helper, **asked, parameters={"Wrong": 1})
    assert (wrong["error"]["kind"], wrong["changed"]) == ("not_offered", False)
    assert len(helper.pipelines) == 4


def test_never_lets_a_cmdlet_of_unknown_nature_run_in_check_mode(scripted: Any, run_module: Any) -> None:
    helper = scripted(Test_Thing=["fine"])
    assert run_module(exchange_cmdlet, helper, check=True, cmdlet="Test-Thing")["changed"]
    assert helper.pipelines == []
    result = run_module(exchange_cmdlet, helper, check=True, cmdlet="Test-Thing", changes="never")
    assert (result["changed"], result["objects"]) == (False, ["fine"])
    assert run_module(exchange_cmdlet, helper, cmdlet="Test-Thing", changes="always")["changed"]


@pytest.mark.parametrize(
    ("cmdlet", "parameters", "expected"),
    [
        ("Get-AuthConfig", {}, "read"),
        ("GET-authconfig", {}, "read"),
        ("Set-AuthConfig", {}, "write"),
        ("Set-AuthConfig", {"whatif": True}, "read"),
        ("Set-AuthConfig", {"WhatIf": False}, "write"),
        ("Get-ExchangeDiagnosticInfo", {"Process": "x"}, "read"),
        ("Get-ExchangeDiagnosticInfo", {"Argument": "Refresh"}, "write"),
        ("Test-ServiceHealth", {}, "read"),
        ("Test-CsExStorageConnectivity", {"DeleteItem": True}, "write"),
        ("Test-Anything", {}, "unknown"),
        ("Invoke-CsManagementStoreReplication", {}, "unknown"),
        ("Export-ExchangeCertificate", {}, "unknown"),
    ],
)
def test_a_name_tells_what_a_cmdlet_does(cmdlet: str, parameters: dict[str, Any], expected: str) -> None:
    assert nature(cmdlet, parameters) == expected


DEEP = RemoteObject(text="top", properties={"Inner": RemoteObject(text="inner", properties={"Leaf": 1})})


@pytest.mark.parametrize(
    ("value", "depth", "shown"),
    [
        (DEEP, 1, {"Inner": "inner"}),
        (DEEP, 2, {"Inner": {"Leaf": 1}}),
        (RemoteObject(items=(DEEP, 3)), 1, [{"Inner": "inner"}, 3]),
        (RemoteObject(("X", "System.Enum"), "Valid", value=1), 2, "Valid"),
        (RemoteObject(("System.Int32",), "5", {"PSComputerName": "h"}, value=5), 2, 5),
        (
            RemoteObject(text="t", properties={"RunspaceId": "x", "SerializationData": b"x", "Name": "n"}),
            2,
            {"Name": "n"},
        ),
        (RemoteObject(text="only text"), 2, "only text"),
        ({"k": b"\x00"}, 1, {"k": "AA=="}),
        (dt.datetime(2027, 1, 31, tzinfo=dt.UTC), 2, "2027-01-31T00:00:00Z"),
        (dt.timedelta(minutes=1), 2, 60.0),
        (uuid.UUID(int=1), 2, str(uuid.UUID(int=1))),
        (Uri("https://a"), 2, "https://a"),
        (Secret("s3cret"), 2, "********"),
        (decimal.Decimal("1.5"), 2, 1.5),
        (decimal.Decimal(2**70), 2, 2**70),
        (None, 2, None),
    ],
)
def test_values_are_shown_plainly_and_no_deeper_than_asked(value: Any, depth: int, shown: Any) -> None:
    found = simplify(value, depth)
    assert found == shown
    assert type(found) is type(shown)
