# SPDX-License-Identifier: GPL-3.0-or-later
"""Runspaces of the emulated PowerShell: what they offer, how pipelines flow, how errors end them."""

from __future__ import annotations

import time

import pytest
from psrpcore import types as ps

from farm.clixml import encode
from powershell.values import make
from powershell_stand_ins import NOT_FOUND, StandInFarm, StandInSink, command, run, runspace, script, server

SNAPIN = "Microsoft.Exchange.Management.PowerShell.SnapIn"
NEW_SESSION = """\
param($Uri, $Credential)
$global:ProductSession = New-PSSession -ConfigurationName Microsoft.Exchange -ConnectionUri $Uri -Credential $Credential \
  -Authentication Kerberos -ErrorAction Stop
$null = Import-PSSession -Session $global:ProductSession -CommandName Get-ClientAccessService, Get-Unknown -AllowClobber
"""


def credential(password: str) -> ps.PSCredential:
    return ps.PSCredential(UserName="admin@example.com", Password=ps.PSSecureString(password))


def test_projection_of_named_properties() -> None:
    sink = run(
        runspace(StandInFarm(), "exchange-endpoint"),
        command("Get-ClientAccessService", Identity="EX01"),
        command("Select-Object", Property=["name", "AutoDiscoverServiceInternalUri", "AdminDisplayVersion", "Bogus"]),
    )
    first = sink.shown[0]
    assert list(first) == ["Name", "AutoDiscoverServiceInternalUri", "AdminDisplayVersion", "Bogus"]
    assert first["Bogus"] is None
    assert isinstance(first["AutoDiscoverServiceInternalUri"], ps.PSUri)
    # a note is at its object's own depth: what is below a projected property's own properties is text
    assert str(first["AdminDisplayVersion"].PSObject.to_string) == "Version 15.2 (Build 1.2)"
    assert first["AdminDisplayVersion"].Major == 15
    assert sink.outputs[0].PSTypeNames[0] == "Selected.Microsoft.Exchange.Data.Directory.Management.ClientAccessServer"


def test_objects_flow_into_the_next_cmdlet_one_by_one() -> None:
    farm = StandInFarm()
    sink = run(
        runspace(farm, "exchange-endpoint"),
        command("Get-ClientAccessService"),
        command("Set-ClientAccessService", AutoDiscoverServiceInternalUri="https://a", Confirm=False),
    )
    assert sink.failed is None
    assert [call["parameters"].get("Identity") for call in farm.calls] == [None, "EX01", "EX02"]
    assert farm.calls[1]["parameters"]["Confirm"] is False
    assert {call["set"] for call in farm.calls[1:]} == {"Identity"}


def test_an_endpoint_shows_what_it_offers_and_nothing_else() -> None:
    space = runspace(StandInFarm(), "exchange-endpoint")
    assert run(space, command("Get-ExchangeCertificate")).failed == "CommandNotFoundException"
    assert run(space, command("Get-Service")).failed == "CommandNotFoundException"
    names = {each["Name"] for each in run(space, command("Get-Command")).shown}
    products = {"Get-AuthConfig", "Get-ClientAccessService", "Set-ClientAccessService"}
    assert names == {"Get-Command", "Measure-Object", "Out-Default", "Select-Object"} | products
    assert run(space, command("Get-Command", Name=["Set-ClientAccessServer"])).errors == [
        "CommandNotFoundException,Microsoft.PowerShell.Commands.GetCommandCommand"
    ]


def test_an_endpoint_has_no_language() -> None:
    sink = run(runspace(StandInFarm(), "exchange-endpoint"), script("Get-AuthConfig"))
    assert sink.failed == "ScriptsNotAllowed"
    assert sink.record.CategoryInfo.Category == ps.ErrorCategory.ParserError


def test_2013_has_no_client_access_service() -> None:
    assert (
        run(runspace(StandInFarm(version="2013"), "exchange-endpoint"), command("Get-ClientAccessService")).failed
        == "CommandNotFoundException"
    )


@pytest.mark.parametrize(
    ("action", "errors", "failed"),
    [("Continue", [NOT_FOUND["fqid"]], None), ("SilentlyContinue", [], None), ("Stop", [], NOT_FOUND["fqid"])],
)
def test_error_action(action: str, errors: list[str], failed: str | None) -> None:
    farm = StandInFarm(
        answers={
            "Get-AuthConfig": [{"output": encode(server("A"))}, {"error": NOT_FOUND}, {"output": encode(server("B"))}]
        }
    )
    sink = run(runspace(farm, "exchange-endpoint"), command("Get-AuthConfig", ErrorAction=action))
    assert (sink.errors, sink.failed) == (errors, failed)
    assert len(sink.outputs) == (1 if failed else 2)


def test_an_error_record_of_the_farm_arrives_whole() -> None:
    farm = StandInFarm(answers={"Get-AuthConfig": [{"failed": NOT_FOUND}]})
    record = run(runspace(farm, "exchange-endpoint"), command("Get-AuthConfig", ErrorAction="SilentlyContinue")).record
    assert record.FullyQualifiedErrorId == NOT_FOUND["fqid"]
    assert record.CategoryInfo.Reason == "ManagementObjectNotFoundException"
    assert record.CategoryInfo.TargetName == "EX09"
    assert record.Exception.PSTypeNames[0] == NOT_FOUND["type_name"]


@pytest.mark.parametrize(
    ("action", "warnings", "failed"), [("Continue", ["w"], None), ("SilentlyContinue", [], None), ("Stop", [], True)]
)
def test_warning_action(action: str, warnings: list[str], failed: bool | None) -> None:
    farm = StandInFarm(answers={"Get-AuthConfig": [{"warning": "w"}]})
    sink = run(runspace(farm, "exchange-endpoint"), command("Get-AuthConfig", WarningAction=action))
    assert sink.warnings == warnings
    assert sink.failed == ("ActionPreferenceStop,Get-AuthConfig" if failed else None)


def test_what_serializes_as_something_else_does_so_unless_it_is_projected_there() -> None:
    live = make(["X509", "System.Object"], "c", Thumbprint=ps.PSString("AB"), RawData=b"1")
    wire = make(["X509", "System.Object"], "c", RawData=b"1")
    farm = StandInFarm(answers={"Get-AuthConfig": [{"output": encode(live), "remote": encode(wire)}]})
    space = runspace(farm, "exchange-endpoint")
    assert list(run(space, command("Get-AuthConfig")).shown[0]) == ["RawData"]
    assert run(space, command("Get-AuthConfig"), command("Select-Object", Property=["Thumbprint"])).shown == [
        {"Thumbprint": "AB"}
    ]


def test_remoting_serializes_one_level() -> None:
    shown = run(runspace(StandInFarm(), "exchange-endpoint"), command("Get-ClientAccessService")).shown[0]
    assert shown["AdminDisplayVersion"] == "Version 15.2 (Build 1.2)"
    assert shown["AutoDiscoverSiteScope"] == ["Site"]


def test_the_snap_in_brings_the_cmdlets_without_rbac() -> None:
    farm = StandInFarm()
    space = runspace(farm)
    assert run(space, command("Get-ExchangeServer")).failed == "CommandNotFoundException"
    assert run(space, command("Add-PSSnapin", SNAPIN)).errors == []
    assert len(run(space, command("Get-ExchangeServer")).outputs) == 2
    assert run(space, command("Add-PSSnapin", SNAPIN)).errors == [
        "AddPSSnapInRead,Microsoft.PowerShell.Commands.AddPSSnapinCommand"
    ]
    assert farm.charges == ["snapin_load"]


@pytest.mark.parametrize(
    ("version", "module"), [("2013", "Lync"), ("2019", "SkypeForBusiness"), ("SE", "SkypeForBusiness")]
)
def test_the_module_of_the_version(version: str, module: str) -> None:
    farm = StandInFarm("lync", version)
    space = runspace(farm)
    assert [each["Name"] for each in run(space, command("Get-Module", ListAvailable=True)).shown] == [module]
    other = "Lync" if module != "Lync" else "SkypeForBusiness"
    assert run(space, command("Import-Module", Name=[other], ErrorAction="Stop")).failed == (
        "Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand"
    )
    assert run(space, command("Import-Module", Name=[module], ErrorAction="Stop")).failed is None
    assert len(run(space, command(f"{module}\\Get-CsPool")).outputs) == 2
    assert farm.charges == ["module_load"]


def test_a_modules_cmdlet_imports_it_at_its_first_use() -> None:
    farm = StandInFarm("lync", "2019")
    assert len(run(runspace(farm), command("get-cspool")).outputs) == 2
    assert farm.charges == ["module_load"]
    assert farm.calls[0]["cmdlet"] == "Get-CsPool"


def test_dns_cmdlets_are_where_the_role_is() -> None:
    found = run(runspace(StandInFarm("dns", "")), command("Get-DnsServerZone", Name="example.com"))
    assert found.failed is None
    assert run(runspace(StandInFarm()), command("Get-DnsServerZone")).failed == "CommandNotFoundException"


def test_the_loopback_session_has_the_credential_and_a_session_of_its_own() -> None:
    farm = StandInFarm()
    space = runspace(farm)
    data = {"Uri": ps.PSUri("http://ex01.example.com/PowerShell/"), "Credential": credential("secret")}
    sink = run(space, script(NEW_SESSION, **data))
    assert (sink.failed, sink.errors) == (None, [])
    found = run(space, command("Get-ClientAccessService"))
    assert found.outputs[0].PSTypeNames[0].startswith("Deserialized.Microsoft.Exchange")
    (opened, fields), call = farm.events[0], farm.calls[0]
    assert (opened, fields["shell"], call["endpoint"]) == ("session_opened", "exchange", "/powershell")
    assert call["session"] == fields["session"]
    assert call["delegated"] is True
    assert run(space, command("Set-ClientAccessService")).failed == "CommandNotFoundException"
    space.close()
    assert farm.events[-1][0] == "session_closed"


@pytest.mark.parametrize("removed", [True, False])
def test_a_process_that_is_killed_leaves_its_loopback_session_to_the_idle_timeout(removed: bool) -> None:
    farm = StandInFarm(limits={"idle_timeout": 0.2})
    space = runspace(farm)
    data = {"Uri": ps.PSUri("http://ex01.example.com/PowerShell/"), "Credential": credential("secret")}
    run(space, script(NEW_SESSION, **data))
    if removed:
        assert run(space, command("Get-PSSession"), command("Remove-PSSession")).failed is None
    space.kill()
    assert [name for name, _fields in farm.events] == ["session_opened", *(["session_closed"] if removed else [])]
    time.sleep(0.5)
    assert [name for name, _fields in farm.events] == ["session_opened", "session_closed"]
    assert farm.events[-1][1].get("reason") == (None if removed else "idle")


def test_an_imported_function_transforms_its_arguments() -> None:
    space = runspace(StandInFarm())
    data = {"Uri": ps.PSUri("http://ex01.example.com/PowerShell/"), "Credential": credential("secret")}
    run(space, script(NEW_SESSION.replace("Get-Unknown", "Set-ClientAccessService"), **data))
    sink = run(
        space,
        command("Set-ClientAccessService", Identity="a", Confirm=False, AutoDiscoverServiceInternalUri=["a", "b"]),
    )
    assert sink.failed == "ParameterArgumentTransformationError,Set-ClientAccessService"


@pytest.mark.parametrize(
    ("uri", "password", "fqid"),
    [
        ("http://ex01.example.com/PowerShell/", "wrong", "AccessDenied,PSSessionOpenFailed"),
        ("http://ex01.example.com/Other/", "secret", "CannotConnect,PSSessionOpenFailed"),
        ("http://nobody.example.com/PowerShell/", "secret", "CannotConnect,PSSessionOpenFailed"),
    ],
)
def test_the_loopback_session_refused(uri: str, password: str, fqid: str) -> None:
    sink = run(runspace(StandInFarm()), script(NEW_SESSION, Uri=ps.PSUri(uri), Credential=credential(password)))
    assert sink.failed == fqid
    assert sink.record.CategoryInfo.Reason == "PSRemotingTransportException"


def test_without_a_credential_there_must_be_one_to_hand_on() -> None:
    text = "New-PSSession -ConfigurationName Microsoft.Exchange -ConnectionUri http://ex01.example.com/PowerShell/"
    assert run(runspace(StandInFarm()), script(text)).errors == ["AccessDenied,PSSessionOpenFailed"]
    assert run(runspace(StandInFarm(), delegated=True), script(text)).errors == []


def test_input_of_the_client_goes_into_the_first_command() -> None:
    sink = run(runspace(StandInFarm()), command("Select-Object", First=2), command("Measure-Object"), values=(1, 2, 3))
    assert sink.shown[0]["Count"] == 2


def test_filter_expand_and_last() -> None:
    space = runspace(StandInFarm(), "windows")
    run(space, command("Add-PSSnapin", SNAPIN))
    where = command("Where-Object", Property="Name", EQ=True, Value="ex02")
    sink = run(
        space,
        command("Get-ClientAccessService"),
        where,
        command("Select-Object", ExpandProperty="AutoDiscoverSiteScope"),
    )
    assert sink.outputs == ["Site"]
    last = run(space, command("Get-ClientAccessService"), command("Select-Object", Last=1, Property=["Name"]))
    assert last.shown == [{"Name": "EX02"}]


def test_expanding_what_is_null_gives_nothing_and_what_is_missing_an_error() -> None:
    made = make(
        ["X"], "x", Name=ps.PSString("a"), Nothing=None, Inner=make(["Y"], "y", Name=ps.PSString("b"), Size=ps.PSInt(1))
    )
    farm = StandInFarm(answers={"Get-ChildItem": [{"output": encode(made)}]})
    read = command("Get-ChildItem", Path="Cert:\\LocalMachine\\My")

    def expand(name: str, *notes: str) -> StandInSink:
        return run(runspace(farm, "windows"), read, command("Select-Object", ExpandProperty=name, Property=list(notes)))

    assert (expand("nothing").outputs, expand("nothing").errors) == ([], [])
    missing = "ExpandPropertyNotFound,Microsoft.PowerShell.Commands.SelectObjectCommand"
    assert expand("Elsewhere").errors == [missing]
    # the member's own property stays, and the pipeline goes on
    both = expand("Inner", "Name", "Nothing")
    assert both.errors == [
        "AlreadyExistingUserSpecifiedPropertyExpand,Microsoft.PowerShell.Commands.SelectObjectCommand"
    ]
    assert both.shown == [{"Name": "b", "Size": 1, "Nothing": None}]


def test_metadata_for_a_client_that_imports_the_session() -> None:
    found = runspace(StandInFarm(), "exchange-endpoint").command_metadata(["*-ClientAccess*"])
    assert [each.Name for each in found] == ["Get-ClientAccessService", "Set-ClientAccessService"]
    assert "Identity" in found[0].Parameters


def test_secrets_reach_the_farm_as_such() -> None:
    farm = StandInFarm()
    space = runspace(farm)
    run(space, command("Add-PSSnapin", SNAPIN))
    run(space, command("Import-ExchangeCertificate", FileData=b"1", Password=ps.PSSecureString("pw")))
    assert farm.calls[0]["parameters"] == {"FileData": b"1", "Password": {"$secure": "pw"}}
