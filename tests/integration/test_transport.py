# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions over both carriers against a running lab: values, errors, refusals, time-outs, with either PowerShell, in two languages.

Nothing of Ansible takes part: what fails here fails in the transport.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import (
    Credential,
    RemoteObject,
    Secret,
    SecretText,
    Uri,
)
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Session
from harness import Farm
from sessions import DC, LYNC, MEGABYTE, PATIENCE, ask, echo, endpoint, machine

pytestmark = pytest.mark.peers(("emulated", "de-DE"), ("engine", "de-DE"), ("engine", "tr-TR"))


VALUES: dict[str, Any] = {
    "true and false": [True, False],
    "integers": [0, -1, 2**31 - 1, 2**31, -(2**40), 2**63, 2**64 - 1],
    "fractions": [1.5, -0.1, 1234567.891, 1e300],
    "decimals": [decimal.Decimal("1234567.891"), decimal.Decimal("-0.10")],
    "text": ["", " ", "I i \u0130 \u0131 ß", "quote ' \" \u2019 ` $x @( %PATH%", "two\r\nlines\n\tand a tab"],
    "null beside empty": [None, "", [], [None]],
    "beyond the BMP": ["\U0001f600", "a\U0010ffffz", "e\u0301 \u202e \ufeff"],
    "control characters": ["".join(map(chr, range(32))), "\x7f\x80\x9f"],
    "what looks escaped": ["_x000D_", "_x005F_x000D_", "_X0041_ &amp; <S>", "]]>"],
    "addresses": [Uri("https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc?a=b&c=ä")],
    "guids": [uuid.UUID("12345678-1234-5678-1234-567812345678")],
    "moments": [dt.datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=dt.UTC), dt.datetime(1601, 1, 1, tzinfo=dt.UTC)],
    "durations": [dt.timedelta(days=1, seconds=30, microseconds=1), -dt.timedelta(hours=1), dt.timedelta(0)],
    "bytes": [b"\0\xff", b"x"],
    "secrets": [Secret("pässword\U0001f600"), Secret("x" * 1000)],
    "credentials": [Credential("LITWARE\\administrator", Secret("p: 'ä'"))],
    "lists": [[1, ["zwei", None], []], [[[["deep"]]]]],
    "hashtables": [{"I": "i", "n": [1.5], "in": {"out": None}}, {1: True}, {}],
}


class Kept:
    """A session that tests share; after one that broke it, the next gets a new one."""

    def __init__(self, make: Callable[[], Session]) -> None:
        self._make = make
        self._session: Session | None = None

    def get(self) -> Session:
        """The session, open."""
        if self._session is None or self._session.broken:
            self.close()
            self._session = self._make()
        return self._session

    def close(self) -> None:
        """Close it, if there is one."""
        if self._session is not None:
            self._session.close()


@pytest.fixture(scope="module")
def on_lync(farm: Farm) -> Iterator[Kept]:
    """The tests' session on the Front End Server."""
    kept = Kept(lambda: machine(farm))
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def at_exchange(farm: Farm) -> Iterator[Kept]:
    """The tests' session at Exchange's own endpoint."""
    kept = Kept(lambda: endpoint(farm))
    yield kept
    kept.close()


@pytest.fixture
def session(on_lync: Kept) -> Session:
    """A session on the Front End Server."""
    return on_lync.get()


@pytest.fixture
def restricted(at_exchange: Kept) -> Session:
    """A session at Exchange's own endpoint."""
    return at_exchange.get()


def refused(session: Session, *cmdlets: Cmdlet) -> ShellError:
    with pytest.raises(ShellError) as caught:
        ask(session, *cmdlets)
    assert not session.broken
    return caught.value


# Values


def exactly(value: Any) -> Any:
    """A value with its type at every depth: True is 1 in Python, and a Uri is its text."""
    if isinstance(value, list):
        return [exactly(item) for item in value]
    if isinstance(value, dict):
        return {key: (type(key), exactly(item)) for key, item in value.items()}
    return type(value), value


@pytest.mark.parametrize("kind", VALUES)
def test_there_and_back(session: Session, kind: str) -> None:
    assert exactly(echo(session, [VALUES[kind]])) == exactly([VALUES[kind]])


def test_a_moment_with_an_offset_is_the_same_moment(session: Session) -> None:
    summer = dt.datetime(2026, 8, 1, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    (returned,) = echo(session, [summer])
    assert (returned, returned.tzinfo) == (summer, dt.UTC)


def test_a_megabyte(session: Session) -> None:
    assert echo(session, MEGABYTE) == MEGABYTE


@pytest.mark.parametrize("value", ["\ud800", "\uffff", float("nan"), dt.datetime(2026, 1, 1), object()])
def test_what_cannot_be_sent_is_refused_here(session: Session, value: Any) -> None:
    error = refused(session, Cmdlet("Write-Output", InputObject=value))
    assert (error.kind, error.cmdlet) == ("bad_parameter", "Write-Output")
    assert "-InputObject" in error.message


def test_enumerations_have_their_name_and_number(session: Session) -> None:
    (service,) = ask(session, Cmdlet("Get-Service", Name="WinRM"), select("Name", "Status")).objects
    status = service["Status"]
    assert isinstance(status, RemoteObject)
    assert (str(status), status.value) == ("Running", 4)
    assert echo(session, [service["Name"], status]) == ["WinRM", "Running"]


def test_a_version_comes_as_text(session: Session) -> None:
    (module,) = ask(session, Cmdlet("Import-Module", Name="Lync", PassThru=True), select("Version")).objects
    assert module["Version"] == "1.0"


@pytest.mark.connections("psrp")
def test_what_a_projection_gives(restricted: Session) -> None:
    reply = ask(
        restricted, Cmdlet("Get-ExchangeServer"), select("NAME", "IsClientAccessServer", "Site", "Guid", "Nothing")
    )
    (server,) = reply.objects
    assert list(server.properties) == ["Name", "IsClientAccessServer", "Site", "Guid", "Nothing"]
    assert (server["Name"], server["IsClientAccessServer"], server["Nothing"]) == ("ATL-EXCHANGE-001", True, None)
    assert isinstance(server["Guid"], uuid.UUID)
    assert str(server["Site"]).endswith("/Sites/Atlanta")
    assert server["Site"].type_names[0] == "Microsoft.Exchange.Data.Directory.ADObjectId"


@pytest.mark.connections("psrp")
def test_nested_objects_are_text_where_nothing_is_projected(restricted: Session) -> None:
    (server,) = ask(restricted, Cmdlet("Get-ExchangeServer")).objects
    assert server.type_names[0] == "Microsoft.Exchange.Data.Directory.Management.ExchangeServer"
    assert (type(server["Site"]), type(server["Identity"])) == (str, str)


# What a cmdlet takes


def recorded(farm: Farm, cmdlet: str) -> Mapping[str, Any]:
    """The parameters of the last call of a cmdlet, as they arrived at the model."""
    entries = [entry for entry in farm.journal() if entry.get("cmdlet") == cmdlet]
    parameters: dict[str, Any] = entries[-1]["parameters"]
    return parameters


def test_a_record_with_address_duration_and_switch(farm: Farm) -> None:
    session = machine(farm, DC)
    zone, name = {"ZoneName": "litwareinc.com"}, "transport"
    address, lifetime = "2001:db8::1", dt.timedelta(minutes=90)
    ask(session, Cmdlet("Add-DnsServerResourceRecordAAAA", **zone, Name=name, IPv6Address=address, TimeToLive=lifetime))
    expand = Cmdlet("Select-Object", Property=["TimeToLive", "RecordType"], ExpandProperty="RecordData")
    (record,) = ask(session, Cmdlet("Get-DnsServerResourceRecord", **zone, Name=name, Node=True), expand).objects
    assert (record["IPv6Address"], record["TimeToLive"], record["RecordType"]) == (address, lifetime, "AAAA")
    (whole,) = ask(session, Cmdlet("Get-DnsServerResourceRecord", **zone, Name=name, Node=False)).objects
    assert whole["RecordData"]["IPv6Address"] == address  # a CIM instance is whole in any depth
    session.close()


@pytest.mark.connections("psrp")
def test_null_uri_list_and_change_of_a_list(farm: Farm, restricted: Session) -> None:
    def write(**parameters: Any) -> Mapping[str, Any]:
        ask(restricted, Cmdlet("Set-ClientAccessServer", Identity="ATL-EXCHANGE-001", **parameters, WhatIf=True))
        return recorded(farm, "Set-ClientAccessServer")

    assert write(AutoDiscoverServiceInternalUri=None)["AutoDiscoverServiceInternalUri"] is None
    address = "https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml"
    assert write(AutoDiscoverServiceInternalUri=Uri(address))["AutoDiscoverServiceInternalUri"] == address
    assert write(AutoDiscoverSiteScope=["Atlanta", "I\u011fd\u0131r"])["AutoDiscoverSiteScope"] == [
        "Atlanta",
        "I\u011fd\u0131r",
    ]
    assert write(AutoDiscoverSiteScope={"Add": ["\u0130zmir"]})["AutoDiscoverSiteScope"] == {"Add": ["\u0130zmir"]}


def test_a_moment_and_an_enumeration(farm: Farm, session: Session) -> None:
    moment = dt.datetime(2026, 12, 31, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
    parameters = {"Type": ["oauthtokenissuer"], "Thumbprint": "0" * 40, "EffectiveDate": moment, "Roll": True}
    with pytest.raises(ShellError):  # there is no such certificate
        ask(session, Cmdlet("Set-CsCertificate", **parameters, Identity="global", WhatIf=True, ErrorAction="Stop"))
    arrived = recorded(farm, "Set-CsCertificate")
    assert (arrived["Type"], arrived["Roll"]) == (["OAuthTokenIssuer"], True)
    assert dt.datetime.fromisoformat(arrived["EffectiveDate"]) == moment


def test_secrets_arrive_and_are_not_told(farm: Farm, session: Session) -> None:
    with pytest.raises(ShellError) as caught:
        ask(
            session,
            Cmdlet("Import-CsCertificate", Path="C:\\nowhere.pfx", Password=SecretText("hunter2"), ErrorAction="Stop"),
        )
    assert "hunter2" not in str(caught.value) + json.dumps(farm.journal())
    assert "Password" in recorded(farm, "Import-CsCertificate")


def test_names_in_any_case(session: Session) -> None:
    """In Turkish an i has another capital: ``"sipdomain".upper()`` is not a Turkish server's SIPDOMAIN."""
    for name, parameter in (
        ("Get-CsSipDomain", "Identity"),
        ("get-cssipdomain", "identity"),
        ("GET-CSSIPDOMAIN", "IDENTITY"),
    ):
        reply = ask(session, Cmdlet(name, **{parameter: "LITWAREINC.COM"}), select("NAME", "isdefault", "Id*"))
        (domain,) = reply.objects
        assert list(domain.properties)[:2] == ["Name", "IsDefault"]
        assert (domain["Name"], domain["IsDefault"]) == ("litwareinc.com", True)


# Errors and warnings


@pytest.mark.connections("psrp")
def test_warnings(restricted: Session) -> None:
    (server,) = ask(restricted, Cmdlet("Get-ClientAccessServer"), select("AutoDiscoverServiceInternalUri")).objects
    same = {"AutoDiscoverServiceInternalUri": server["AutoDiscoverServiceInternalUri"]}
    reply = ask(restricted, Cmdlet("Set-ClientAccessServer", Identity="ATL-EXCHANGE-001", **same, Confirm=False))
    assert (reply.objects, reply.errors, len(reply.warnings)) == ((), (), 1)


MISSING = "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand"


def test_an_error_that_ends_nothing_is_kept_beside_the_output(session: Session) -> None:
    reply = ask(session, Cmdlet("Get-Service", Name=["WinRM", "No Such", "W32Time"]), select("Name"))
    assert [service["Name"] for service in reply.objects] == ["WinRM", "W32Time"]
    (error,) = reply.errors
    assert (error.error_id, error.category, error.target) == (MISSING, "ObjectNotFound", "No Such")
    assert error.cmdlet == "Get-Service"


def test_the_same_error_ends_a_pipeline_that_stops_at_errors(session: Session) -> None:
    error = refused(session, Cmdlet("Get-Service", Name=["WinRM", "No Such"], ErrorAction="Stop"))
    assert (error.kind, error.error_id, error.category) == ("not_found", MISSING, "ObjectNotFound")


REFUSALS = {
    "an unknown cmdlet": (Cmdlet("Get-CsNothing"), "not_offered", "CommandNotFoundException"),
    "an unknown parameter": (Cmdlet("Get-CsPool", Nothing=1), "not_offered", "NamedParameterNotFound"),
    "an ambiguous parameter": (
        Cmdlet("Set-CsCertificate", T="x"),
        "bad_parameter",
        "AmbiguousParameter",
    ),
    "two sets": (Cmdlet("Get-CsPool", Filter="*", Identity="x"), "bad_parameter", "AmbiguousParameterSet"),
    "a mandatory parameter left out": (
        Cmdlet("Remove-CsPartnerApplication"),
        "bad_parameter",
        "MissingMandatoryParameter",
    ),
    "a value of another type": (
        Cmdlet("Get-Service", Name="x", ErrorAction="Sometimes"),
        "bad_parameter",
        "CannotConvertArgumentNoMessage",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_have_the_same_ids_everywhere(session: Session, name: str) -> None:
    cmdlet, kind, error_id = REFUSALS[name]
    error = refused(session, cmdlet)
    assert (error.kind, error.error_id.partition(",")[0]) == (kind, error_id)


def test_a_german_server_says_it_in_german(farm: Farm, session: Session) -> None:
    error = refused(session, Cmdlet("Get-CsPool", Nothing=1))
    assert ("kein Parameter" in error.message) == (farm.engine is None and farm.culture == "de-DE")


@pytest.mark.connections("psrp")
def test_a_restricted_endpoint_takes_no_script(farm: Farm) -> None:
    session = endpoint(farm)
    with pytest.raises(ShellError) as caught:
        session.invoke_script("1 + 1", {}, PATIENCE)
    assert (caught.value.kind, caught.value.error_id) == ("language", "ScriptsNotAllowed")
    session.close()


@pytest.mark.connections("psrp")
@pytest.mark.parametrize("name", ["Get-Service", "Invoke-Expression", "Get-CsPool", "New-Object", "Invoke-LabCmdlet"])
def test_a_restricted_endpoint_hides_what_it_does_not_offer(restricted: Session, name: str) -> None:
    error = refused(restricted, Cmdlet(name))
    assert (error.kind, error.error_id) == ("not_offered", "CommandNotFoundException")


# Time and company


def test_a_pipeline_that_takes_too_long_is_given_up(farm: Farm) -> None:
    farm.lab("fault", "slow_cmdlet", "--host", LYNC, "--value", "8", "--count", "1")
    session = machine(farm)
    started = time.monotonic()
    with pytest.raises(ShellError) as caught:
        session.invoke(Pipeline((Cmdlet("Get-CsSite"),)), 2)
    assert (caught.value.kind, session.broken) == ("timeout", True)
    assert time.monotonic() - started < 7  # it was stopped, not waited for
    with pytest.raises(ShellError, match="session is closed"):
        ask(session, Cmdlet("Get-CsPool"))
    session.close()
    again = machine(farm)
    assert len(ask(again, Cmdlet("Get-CsSite")).objects) == 1
    again.close()


def test_a_write_that_takes_too_long_has_an_unknown_outcome(farm: Farm) -> None:
    farm.lab("fault", "slow_cmdlet", "--host", LYNC, "--value", "8", "--count", "1")
    session = machine(farm)
    with pytest.raises(ShellError) as caught:
        session.invoke(Pipeline((Cmdlet("Invoke-CsManagementStoreReplication"),), write=True), 2)
    assert caught.value.kind == "unknown_outcome"
    session.close()


def together(*tasks: Callable[[], Any]) -> list[Any]:
    """What functions give that run at the same time."""
    given: list[Any] = [None] * len(tasks)

    def run(index: int) -> None:
        given[index] = tasks[index]()

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return given


def test_sessions_side_by_side_do_not_mix_up_their_answers(farm: Farm) -> None:
    def conversation(host: str, number: int) -> Callable[[], list[Any]]:
        def talk() -> list[Any]:
            session = machine(farm, host)
            heard = [echo(session, [f"{number}.{turn}", "x" * 20_000 * number]) for turn in range(5)]
            session.close()
            return [answer[0] for answer in heard if len(answer[1]) == 20_000 * number]

        return talk

    heard = together(conversation(LYNC, 1), conversation(LYNC, 2), conversation(DC, 3))
    assert heard == [[f"{number}.{turn}" for turn in range(5)] for number in (1, 2, 3)]
