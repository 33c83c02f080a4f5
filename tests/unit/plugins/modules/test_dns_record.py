# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans against a DNS server that refuses what a real one refuses: the same record twice, and a CNAME beside anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject
from ansible_collections.onprem.exchange_lync.plugins.modules import dns_record

TARGET = "atl-exchange-001.litwareinc.com"
NAME = "autodiscover.litwareinc.com"
DATA = {"A": "IPv4Address", "AAAA": "IPv6Address", "CName": "HostNameAlias"}
Found = tuple[str, str, int]


class Server:
    """The zone litwareinc.com with the records of one name, as (type, data, lifetime)."""

    def __init__(self, scripted: Any, *records: Found) -> None:
        self.records = list(records)
        self.zones: list[dict[str, Any]] = [
            {"ZoneName": "Litwareinc.com", "ZoneType": "Primary", "IsReverseLookupZone": False},
            {"ZoneName": "2.0.192.in-addr.arpa", "ZoneType": "Primary", "IsReverseLookupZone": True},
            {"ZoneName": "fabrikam.com", "ZoneType": "Secondary", "IsReverseLookupZone": False},
            {"ZoneName": "emea.litwareinc.com", "ZoneType": "Primary", "IsReverseLookupZone": False},
        ]
        self.asked: list[dict[str, Any]] = []
        self.fewest = len(records)
        adds = {f"Add_DnsServerResourceRecord{kind}": self._adder(kind) for kind in DATA}
        self.helper = scripted(
            Get_DnsServerZone=lambda: self.zones,
            Get_DnsServerResourceRecord=self.get,
            Remove_DnsServerResourceRecord=self.remove,
            **adds,
        )

    def get(self, **parameters: Any) -> Any:
        self.asked.append(parameters)
        if not self.records:
            return ShellError("not_found", "no such name.", error_id="WIN32 9714,Get-DnsServerResourceRecord")
        return [self._shown(*record) for record in self.records]

    def _adder(self, kind: str) -> Callable[..., Any]:
        def add(ZoneName: str, Name: str, Confirm: bool, TimeToLive: dt.timedelta | None = None, **data: Any) -> Any:
            value = data[DATA[kind]]
            value = value if isinstance(value, str) else value[0]
            if any(record[:2] == (kind.upper(), value) for record in self.records):
                return ShellError("conflict", "already exists.", error_id="WIN32 9711,x")
            if self.records and "CNAME" in {kind.upper(), *(record[0] for record in self.records)}:
                return ShellError("conflict", "collision.", error_id="WIN32 9709,x")
            self.records.append((kind.upper(), value, int(TimeToLive.total_seconds()) if TimeToLive else 3600))
            return None

        return add

    def remove(self, RRType: str, RecordData: list[str], Force: bool, **_rest: Any) -> None:
        gone = [record for record in self.records if record[:2] == (RRType.upper(), RecordData[0])]
        assert len(gone) == 1, f"{RRType} {RecordData} of {self.records}"
        self.records.remove(gone[0])
        self.fewest = min(self.fewest, len(self.records))

    @staticmethod
    def _shown(kind: str, value: str, ttl: int) -> dict[str, Any]:
        properties = {DATA.get("CName" if kind == "CNAME" else kind, "Text"): value}
        data = RemoteObject(text=f"DnsServerResourceRecord{kind}", properties=properties)
        return {"RecordType": kind, "TimeToLive": dt.timedelta(seconds=ttl), "RecordData": data}


@pytest.fixture
def server(scripted: Any) -> Callable[..., Server]:
    return lambda *records: Server(scripted, *records)


@pytest.fixture
def apply(run_module: Any) -> Callable[..., dict[str, Any]]:
    """Run in check mode, for real, and again; the three have to agree. Gives the real run's result."""

    def run(server: Server, **params: Any) -> dict[str, Any]:
        params = {"name": NAME, **params}
        written = len(server.helper.writes)
        predicted = run_module(dns_record, server.helper, check=True, **params)
        assert len(server.helper.writes) == written
        result = run_module(dns_record, server.helper, **params)
        assert not result.get("failed"), result
        assert [predicted[key] for key in ("changed", "commands", "diff")] == [
            result[key] for key in ("changed", "commands", "diff")
        ]
        assert predicted["record"] == {**result["record"], "ttl": predicted["record"]["ttl"]}
        again = run_module(dns_record, server.helper, **params)
        assert (again["changed"], again["commands"], again["record"]) == (False, [], result["record"])
        return dict(result)

    return run


def refusal(run_module: Any, server: Server, **params: Any) -> str:
    result = run_module(dns_record, server.helper, **{"name": NAME, **params})
    assert result["failed"]
    assert not result["changed"]
    assert server.helper.writes == []
    return str(result["msg"])


def test_a_missing_record_is_added(server: Any, apply: Any) -> None:
    there = server()
    result = apply(there, type="CNAME", value=[TARGET], ttl=600)
    assert there.records == [("CNAME", f"{TARGET}.", 600)]
    assert result["record"] == {
        "zone": "litwareinc.com", "name": NAME, "type": "CNAME", "value": [TARGET], "ttl": 600, "others": [],
    }  # fmt: skip
    assert there.asked[0] == {"ZoneName": "litwareinc.com", "Name": "autodiscover", "Node": True}


def test_one_read_of_the_zones_and_one_of_the_name(server: Any, run_module: Any) -> None:
    there = server(("CNAME", f"{TARGET}.", 3600))
    run_module(dns_record, there.helper, name=NAME, type="CNAME", value=[TARGET])
    assert there.helper.reads == ["Get-DnsServerZone", "Get-DnsServerResourceRecord"]


@pytest.mark.parametrize(
    "spelling",
    [
        {"name": "autodiscover", "zone": "litwareinc.com"},
        {"name": "AutoDiscover", "zone": "LitwareInc.com."},
        {"name": "autodiscover.litwareinc.com."},
        {"name": "Autodiscover.Litwareinc.com", "zone": "litwareinc.com"},
    ],
)
def test_spelling_does_not_matter(server: Any, run_module: Any, spelling: dict[str, str]) -> None:
    there = server(("CNAME", "ATL-Exchange-001.litwareinc.com.", 3600))
    result = run_module(dns_record, there.helper, type="CNAME", value=[f"{TARGET.upper()}."], **spelling)
    assert ("failed" in result, result["changed"]) == (False, False)
    assert result["record"]["name"] == NAME


def test_the_apex(server: Any, apply: Any) -> None:
    there = server(("NS", "atl-dc-001.litwareinc.com.", 3600))
    result = apply(there, name="@", zone="litwareinc.com", type="A", value=["192.0.2.10"])
    assert there.asked[0]["Name"] == "@"
    assert result["record"]["name"] == "litwareinc.com"
    assert result["record"]["others"] == [{"type": "NS", "value": "", "ttl": 3600}]


def test_another_address_is_added_before_the_old_one_goes(server: Any, apply: Any) -> None:
    there = server(("A", "192.0.2.1", 600))
    result = apply(there, type="A", value=["192.0.2.2"])
    assert there.records == [("A", "192.0.2.2", 600)]  # the lifetime stays
    assert there.fewest == 1
    assert [command.split()[0] for command in result["commands"]] == [
        "Add-DnsServerResourceRecordA", "Remove-DnsServerResourceRecord",
    ]  # fmt: skip


def test_another_target_of_a_cname(server: Any, apply: Any) -> None:
    there = server(("CNAME", "old.litwareinc.com.", 300))
    apply(there, type="CNAME", value=[TARGET])
    assert there.records == [("CNAME", f"{TARGET}.", 300)]


def test_another_lifetime_of_every_record_of_the_set(server: Any, apply: Any) -> None:
    there = server(("A", "192.0.2.1", 600), ("A", "192.0.2.2", 3600))
    apply(there, type="A", value=["192.0.2.2", "192.0.2.1"], ttl=3600)
    assert sorted(there.records) == [("A", "192.0.2.1", 3600), ("A", "192.0.2.2", 3600)]
    assert there.fewest == 1


def test_lifetimes_that_differ_stay_where_the_task_names_none(server: Any, leaves_alone: Any, apply: Any) -> None:
    mixed = [("A", "192.0.2.1", 600), ("A", "192.0.2.2", 3600)]
    there = server(*mixed)
    assert leaves_alone(dns_record, there.helper, name=NAME, type="A", value=["192.0.2.1", "192.0.2.2"])
    apply(there, type="A", value=["192.0.2.3"], exclusive=False)
    # the shortest of theirs
    assert there.records == [*mixed, ("A", "192.0.2.3", 600)]


def test_other_addresses_stay_where_the_set_is_shared(server: Any, apply: Any) -> None:
    there = server(("A", "192.0.2.1", 600))
    result = apply(there, type="A", value=["192.0.2.2"], exclusive=False)
    assert result["record"]["value"] == ["192.0.2.1", "192.0.2.2"]


def test_addresses_compare_as_addresses(server: Any, run_module: Any) -> None:
    there = server(("AAAA", "2001:db8::10", 3600))
    result = run_module(dns_record, there.helper, name=NAME, type="AAAA", value=["2001:0DB8:0:0::10"])
    assert ("failed" in result, result["changed"]) == (False, False)


def test_an_address_may_come_as_an_object(server: Any, leaves_alone: Any) -> None:
    there = server()
    address = RemoteObject(type_names=("System.Net.IPAddress",), properties={"IPAddressToString": "192.0.2.1"})
    there.records = [("A", address, 3600)]
    assert leaves_alone(dns_record, there.helper, name=NAME, type="A", value=["192.0.2.1"])


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        ([("A", "192.0.2.99", 3600), ("AAAA", "2001:db8::1", 3600)], {"type": "CNAME", "value": [TARGET]}),
        ([("CNAME", "old.litwareinc.com.", 3600)], {"type": "A", "value": ["192.0.2.10", "192.0.2.11"]}),
    ],
)
def test_a_change_of_type_is_said_first_and_done_in_one_plan(
    server: Any, apply: Any, run_module: Any, there: list[Found], wanted: dict[str, Any]
) -> None:
    held = server(*there)
    message = refusal(run_module, held, **wanted)
    assert f"already has {there[0][0]} {there[0][1].rstrip('.')}" in message
    assert "on_conflict" in message
    result = apply(held, **wanted, on_conflict="replace")
    assert {kind for kind, _value, _ttl in held.records} == {wanted["type"]}
    assert [other["type"] for other in result["diff"]["before"]["others"]] == [kind for kind, _value, _ttl in there]
    assert result["record"]["others"] == []


def test_records_of_other_types_are_never_removed(server: Any, run_module: Any) -> None:
    there = server(("A", "192.0.2.99", 3600), ("MX", "10 mail", 3600))
    message = refusal(run_module, there, type="CNAME", value=[TARGET], on_conflict="replace")
    assert "Remove the MX record first" in message


def test_signatures_stand_beside_a_cname(server: Any, leaves_alone: Any) -> None:
    there = server(("CNAME", f"{TARGET}.", 3600), ("RRSIG", "x", 3600))
    assert leaves_alone(dns_record, there.helper, name=NAME, type="CNAME", value=[TARGET])


def test_absent_takes_the_values_that_are_named_or_all(server: Any, apply: Any) -> None:
    there = server(("A", "192.0.2.1", 600), ("A", "192.0.2.2", 600), ("TXT", "x", 600))
    apply(there, type="A", state="absent", value=["192.0.2.2", "192.0.2.3"])
    assert [record[1] for record in there.records] == ["192.0.2.1", "x"]
    result = apply(there, type="A", state="absent")
    assert there.records == [("TXT", "x", 600)]
    assert result["record"]["value"] == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"name": "autodiscover.contoso.com", "zone": "litwareinc.com"}, "lies outside the zone litwareinc.com"),
        ({"name": "autodiscover.contoso.com"}, "no zone that autodiscover.contoso.com belongs to"),
        ({"zone": "contoso.com", "name": "autodiscover"}, "no zone contoso.com; it has Litwareinc.com, fabrikam.com"),
        ({"name": "autodiscover"}, "not a full name, so zone has to be given"),
        ({"name": "a.emea.litwareinc.com", "zone": "litwareinc.com"}, "belongs to emea.litwareinc.com"),
        ({"name": "autodiscover.fabrikam.com"}, "fabrikam.com is a secondary zone"),
        ({"name": "auto discover", "zone": "litwareinc.com"}, "is not a domain name"),
        ({"name": "@", "zone": "litwareinc.com"}, "no CNAME can be"),
        ({"value": ["one.litwareinc.com", "two.litwareinc.com"]}, "exactly one name"),
        ({"value": ["server"]}, "is no full name"),
        ({"name": "AutoDiscover", "zone": "litwareinc.com", "value": [f"{NAME}."]}, "points to itself"),
        ({"value": ["198.51.100.11"]}, "Type A takes addresses"),
        ({"type": "A"}, "is not an IPv4 address"),
        ({"type": "AAAA", "value": ["192.0.2.1"]}, "is not an IPv6 address"),
        ({"ttl": -1}, "out of range"),
    ],
)
def test_bad_input_writes_nothing(server: Any, run_module: Any, params: dict[str, Any], said: str) -> None:
    message = refusal(run_module, server(), **{"type": "CNAME", "value": [TARGET], **params})
    assert said in message
    assert "windows management shell: " in message


@pytest.mark.parametrize(
    "params",
    [{"value": ["server"]}, {"type": "A"}, {"ttl": -1}, {"value": ["one.litwareinc.com", "two.litwareinc.com"]}],
)
def test_a_value_that_cannot_be_meant_is_refused_before_anything_is_opened(
    server: Any, run_module: Any, params: dict[str, Any]
) -> None:
    there = server()
    message = refusal(run_module, there, **{"type": "CNAME", "value": [TARGET], **params})
    kind = "A" if params.get("type") == "A" else "CName"
    assert message.startswith(f"windows management shell: Add-DnsServerResourceRecord{kind}: ")
    assert there.helper.pipelines == []
    gone = run_module(dns_record, there.helper, name=NAME, type="A", value=["server"], state="absent")
    assert gone["msg"].startswith("windows management shell: Remove-DnsServerResourceRecord: value: ")


def test_a_cname_is_alone_also_where_the_set_is_shared(server: Any, apply: Any) -> None:
    there = server(("CNAME", "old.litwareinc.com.", 300))
    apply(there, type="CNAME", value=[TARGET], exclusive=False)
    assert [record[:2] for record in there.records] == [("CNAME", f"{TARGET}.")]


def test_a_name_beyond_ascii(server: Any, apply: Any) -> None:
    there = server()
    apply(there, name="müller.litwareinc.com", type="CNAME", value=["bücher.example.com"])
    assert there.asked[0]["Name"] == "xn--mller-kva"
    assert there.records == [("CNAME", "xn--bcher-kva.example.com.", 3600)]


def test_a_plan_that_ends_half_way_says_what_was_done(server: Any, run_module: Any) -> None:
    there = server(("CNAME", "old.litwareinc.com.", 300))
    there.helper.answers["Add-DnsServerResourceRecordA"] = ShellError("access_denied", "Access is denied.")
    result = run_module(dns_record, there.helper, name=NAME, type="A", value=["192.0.2.1"], on_conflict="replace")
    assert result["failed"]
    assert result["changed"]
    assert len(result["commands"]) == len(result["commands_not_run"]) == 1
    assert "Already done before it: Remove-DnsServerResourceRecord" in result["msg"]


def test_an_error_that_is_not_about_the_name_is_no_absence(server: Any, run_module: Any) -> None:
    there = server()
    there.helper.answers["Get-DnsServerResourceRecord"] = ShellError("access_denied", "Access is denied.")
    assert "Access is denied" in refusal(run_module, there, type="CNAME", value=[TARGET])


def test_a_record_without_its_data_is_not_taken_for_an_empty_one(server: Any, run_module: Any) -> None:
    there = server(("A", "", 300))
    assert "without its data" in refusal(run_module, there, type="A", value=["192.0.2.1"])
