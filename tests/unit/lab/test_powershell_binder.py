# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's binder refuses, with the ids, categories and texts that PowerShell gives.

The comparison with a real engine (tests/integration/engine) covers every cmdlet; here is what needs no engine, and what an
engine's functions do not show: compiled cmdlets, languages.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from psrpcore import types as ps

from powershell.binder import UNSET, bind, bind_input
from powershell.catalogue import load
from powershell.convert import to_text
from powershell.errors import Terminating


def bound(name: str, *arguments: tuple[str | None, Any], culture: str = "en-US") -> dict[str, Any]:
    cmdlet = load().find(name)
    assert cmdlet is not None
    return bind(cmdlet, arguments, culture).values


def refused(name: str, *arguments: tuple[str | None, Any], culture: str = "en-US") -> ps.ErrorRecord:
    with pytest.raises(Terminating) as caught:
        bound(name, *arguments, culture=culture)
    return caught.value.record


@pytest.mark.parametrize(
    ("name", "arguments", "key"),
    [
        ("Set-AuthConfig", [("Bogus", 1)], "NamedParameterNotFound"),
        ("Set-AuthConfig", [("New", "a")], "AmbiguousParameter"),
        ("Set-AuthConfig", [("PublishCertificate", True), ("NewCertificateThumbprint", "a")], "AmbiguousParameterSet"),
        ("Set-AuthConfig", [("Realm", "a"), ("realm", "b")], "ParameterAlreadyBound"),
        ("Set-AuthConfig", [(None, "a")], "PositionalParameterNotFound"),
        ("Set-AuthConfig", [("NewCertificateEffectiveDate", "2026-13-45")], "CannotConvertArgumentNoMessage"),
        ("Set-AuthConfig", [("Realm", UNSET)], "MissingArgument"),
        ("Set-AuthConfig", [("Force", "true")], "CannotConvertArgument"),
        ("Set-ClientAccessService", [("AutoDiscoverServiceInternalUri", "https://a")], "MissingMandatoryParameter"),
        ("Set-ClientAccessService", [("Identity", None)], "ParameterArgumentValidationErrorNullNotAllowed"),
        ("Import-CsCertificate", [("Path", "")], "ParameterArgumentValidationErrorEmptyStringNotAllowed"),
        (
            "Import-CsCertificate",
            [("Path", "a"), ("Identity", "global"), ("Type", [])],
            "ParameterArgumentValidationErrorEmptyArrayNotAllowed",
        ),
        ("Set-CsCertificate", [("Thumbprint", "a"), ("Type", "Bogus")], "CannotConvertArgumentNoMessage"),
        (
            "Set-ClientAccessService",
            [("Identity", "a"), ("AutoDiscoverSiteScope", {"Ad": "x"})],
            "CannotConvertArgumentNoMessage",
        ),
        ("Import-ExchangeCertificate", [("FileData", "not bytes")], "CannotConvertArgumentNoMessage"),
        ("Import-ExchangeCertificate", [("Password", "plain text")], "CannotConvertArgumentNoMessage"),
    ],
)
def test_refuses(name: str, arguments: list[tuple[str | None, Any]], key: str) -> None:
    record = refused(name, *arguments)
    assert record.FullyQualifiedErrorId == f"{key},{name}"
    assert record.CategoryInfo.Activity == name


def test_what_lies_within_a_mandatory_list_may_be_empty() -> None:
    assert bound("Write-Output", ("InputObject", [[None, "", []]]))["InputObject"] == [[None, "", []]]
    record = refused("Write-Output", ("InputObject", [None]))
    assert record.FullyQualifiedErrorId.startswith("ParameterArgumentValidationErrorNullNotAllowed")


def test_an_address_is_one() -> None:
    name, rest = "Add-DnsServerResourceRecordA", [("Name", "a"), ("ZoneName", "b")]
    record = refused(name, *rest, ("IPv4Address", "300.1.1.1"))
    assert record.FullyQualifiedErrorId == f"ParameterArgumentTransformationError,{name}"
    assert bound(name, *rest, ("IPv4Address", "192.0.2.1"))["IPv4Address"] == ["192.0.2.1"]


def test_categories_and_types_of_the_exceptions() -> None:
    record = refused("Get-AuthConfig", ("Bogus", 1))
    assert record.CategoryInfo.Category == ps.ErrorCategory.InvalidArgument
    assert record.Exception.PSTypeNames[0] == "System.Management.Automation.ParameterBindingException"
    record = refused("Set-ClientAccessService", ("Identity", None))
    assert record.CategoryInfo.Category == ps.ErrorCategory.InvalidData
    assert record.CategoryInfo.Reason == "ParameterBindingValidationException"


def test_a_standard_cmdlet_is_named_by_its_class() -> None:
    assert refused("Select-Object", ("Bogus", 1)).FullyQualifiedErrorId == (
        "NamedParameterNotFound,Microsoft.PowerShell.Commands.SelectObjectCommand"
    )


def test_ids_are_the_same_in_german_and_texts_are_not() -> None:
    english, german = (refused("Get-AuthConfig", ("Bogus", 1), culture=culture) for culture in ("en-US", "de-DE"))
    assert english.FullyQualifiedErrorId == german.FullyQualifiedErrorId
    assert "A parameter cannot be found" in str(english)
    assert "Es wurde kein Parameter gefunden" in str(german)


def test_a_date_as_text_is_read_in_the_hosts_way() -> None:
    day = dt.date(2026, 12, 11)
    parameter = "NewCertificateEffectiveDate"
    assert bound("Set-AuthConfig", (parameter, "11.12.2026"), culture="de-DE")[parameter].date() == day
    assert bound("Set-AuthConfig", (parameter, "12/11/2026"))[parameter].date() == day
    assert refused("Set-AuthConfig", (parameter, "31/12/2026")).FullyQualifiedErrorId.startswith(
        "CannotConvertArgument"
    )


def test_a_value_without_conversion_stays_what_it_was() -> None:
    moment = ps.PSDateTime(2026, 1, 2, tzinfo=dt.UTC)
    values = bound(
        "Set-AuthConfig",
        ("newcertificateeffective", moment),
        ("NewCertificateThumbprint", "ABC"),
        ("force", None),
        ("whatif", True),
    )
    assert values == {
        "NewCertificateEffectiveDate": moment,
        "NewCertificateThumbprint": "ABC",
        "Force": True,
        "WhatIf": True,
    }


def test_conversions() -> None:
    values = bound("Set-CsPartnerApplication", ("Identity", "a"), ("ApplicationTrustLevel", "fu"), ("Enabled", 1))
    assert values["ApplicationTrustLevel"] == "Full"
    assert values["Enabled"] is True
    values = bound("Enable-ExchangeCertificate", (None, "ABC"), ("Services", "iis,SMTP"))
    assert values == {"Thumbprint": "ABC", "Services": "IIS, SMTP"}
    tenant = bound("Get-CsArchivingPolicy", ("Tenant", "{00000002-0000-0ff1-ce00-000000000000}"))["Tenant"]
    assert tenant == uuid.UUID("00000002-0000-0ff1-ce00-000000000000")


def test_lists_and_changes_of_lists() -> None:
    for given, made in (("a", ["a"]), (["a", "b"], ["a", "b"]), ({"Add": ["a"]}, {"Add": ["a"]}), (None, None)):
        assert (
            bound("Set-ClientAccessService", ("Identity", "x"), ("AutoDiscoverSiteScope", given))[
                "AutoDiscoverSiteScope"
            ]
            == made
        )


def test_an_object_from_the_pipeline_brings_its_identity() -> None:
    cmdlet = load().cmdlets["set-clientaccessservice"]
    waiting = bind(cmdlet, [("AutoDiscoverServiceInternalUri", "https://a")], input_expected=True)
    assert bind_input(waiting, ps.PSCustomObject(Identity=ps.PSString("EX01"))).values["Identity"] == "EX01"
    assert "Identity" not in waiting.values


def test_an_object_that_nothing_takes() -> None:
    waiting = bind(load().cmdlets["get-authconfig"], [], input_expected=True)
    with pytest.raises(Terminating) as caught:
        bind_input(waiting, ps.PSCustomObject(Identity=ps.PSString("a")))
    assert caught.value.record.FullyQualifiedErrorId == "InputObjectNotBound,Get-AuthConfig"


def test_what_goes_to_the_cmdlet_is_its_own() -> None:
    cmdlet = load().cmdlets["set-authconfig"]
    values = bind(cmdlet, [("Realm", "a"), ("ErrorAction", "Stop"), ("Confirm", False)])
    assert values.of_cmdlet() == {"Realm": "a", "Confirm": False}
    assert values.set_name == "AuthConfigSettings"


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (ps.PSVersion("1.2"), "1.2"),
        (ps.PSVersion("15.0.847.32"), "15.0.847.32"),
        (ps.PSDuration(hours=1), "01:00:00"),
        (ps.PSDuration(days=1, hours=2, minutes=3, seconds=4, milliseconds=500), "1.02:03:04.5000000"),
        (ps.PSDuration(seconds=-90), "-00:01:30"),
        (ps.PSDouble(float("nan")), "NaN"),
        (ps.PSDouble(1e20), "1E+20"),
        (ps.PSChar(ord("a")), "a"),
    ],
)
def test_a_text_of_another_type_is_spelled_as_by_net(value: Any, spelled: str) -> None:
    assert bound("Set-AuthConfig", ("Realm", value)) == {"Realm": spelled}


def test_bytes_are_an_array_of_numbers() -> None:
    assert refused("Set-AuthConfig", ("Realm", ps.PSByteArray(b"\1\2"))).FullyQualifiedErrorId.startswith(
        "CannotConvert"
    )
    assert to_text(ps.PSByteArray(b"\1\377")) == "1 255"


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("1e3", 1000),
        ("1E2", 100),
        ("0x10", 16),
        ("1kb", 1024),
        (" 7 ", 7),
        ("", 0),
        ("2.5", 2),
        ("3.5", 4),
        (1.5, 2),
        ("-1,000", -1000),
        ("1,,2.5", 12),
        (",1", None),
        ("1,2kb", None),
        ("x", None),
        ("1e30", None),
        (ps.PSDouble(float("nan")), None),
        (ps.PSDouble(float("inf")), None),
        ("NaN", None),
    ],
)
def test_integers(value: Any, number: int | None) -> None:
    name, argument = "Select-Object", ("First", value)
    if number is None:
        assert refused(name, argument).FullyQualifiedErrorId.startswith("CannotConvertArgumentNoMessage")
    else:
        assert bound(name, argument) == {"First": number}


def test_an_empty_text_is_no_address() -> None:
    values = bound("Set-ClientAccessService", ("Identity", "x"), ("AutoDiscoverServiceInternalUri", ""))
    assert values["AutoDiscoverServiceInternalUri"] is None


def test_flags_come_in_the_order_of_their_numbers() -> None:
    name = "Enable-ExchangeCertificate"
    for given in ("SMTP,IIS", "iis, smtp", ["SMTP", "IIS"]):
        assert bound(name, ("Thumbprint", "a"), ("Services", given))["Services"] == "IIS, SMTP"


@pytest.mark.parametrize("name", ["a", " ", "+a", "global:a"])
def test_a_variable_of_the_engines_own_parameters(name: str) -> None:
    assert bound("Get-AuthConfig", ("WarningVariable", name))["WarningVariable"] == name


@pytest.mark.parametrize("name", ["", "+", "env:a"])
def test_what_is_no_variable(name: str) -> None:
    record = refused("Get-AuthConfig", ("WarningVariable", name))
    assert record.FullyQualifiedErrorId == "ParameterArgumentValidationError,Get-AuthConfig"


def test_names_without_a_value_are_judged_before_anything_is_bound() -> None:
    bare, wrong = ("Realm", UNSET), ("NewCertificateEffectiveDate", "2026-13-45")
    for arguments in ([wrong, bare], [("Bogus", 1), bare], [("Force", "x"), bare]):
        assert refused("Set-AuthConfig", *arguments).FullyQualifiedErrorId == "MissingArgument,Set-AuthConfig"
    assert bound("Set-AuthConfig", bare, (None, "a")) == {"Realm": "a"}
    assert bound("Set-AuthConfig", bare, ("Bogus", UNSET)) == {"Realm": "-Bogus"}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ([(None, "a"), (None, "b"), (None, 3)], ["a", "b", 3]),
        ([(None, "a")], ["a"]),
        ([(None, ["a", "b"])], ["a", "b"]),
        ([(None, [1, 2]), (None, 3)], [[1, 2], 3]),
        ([("Object", "a")], "a"),
        ([], None),
    ],
)
def test_the_remaining_arguments(given: list[tuple[str | None, Any]], taken: Any) -> None:
    assert bound("Write-Host", *given).get("Object") == taken
