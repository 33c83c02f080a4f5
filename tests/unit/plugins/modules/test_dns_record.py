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
SHOWN = {**DATA, "CNAME": "HostNameAlias", "NS": "NameServer", "TXT": "DescriptiveText"}
Found = tuple[str, str, int]


class Server:
    """The zone litwareinc.com with the records of one name, as (type, data, lifetime).

    :ivar others: the records of further names; as long as there are none, every name has those of the one.
    :ivar races: what somebody else does just before a write, by the type that is written, or "remove".
    """

    def __init__(self, scripted: Any, *records: Found) -> None:
        self.records = list(records)
        self.others: dict[str, list[Found]] = {}
        self.races: dict[str, Callable[[], None]] = {}
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
        full = f"{parameters['Name']}.{parameters['ZoneName']}"
        records = self.others.get(full, []) if self.others and full != NAME else self.records
        if not records:
            return ShellError("not_found", "no such name.", error_id="WIN32 9714,Get-DnsServerResourceRecord")
        return [self._shown(*record) for record in records]

    def _adder(self, kind: str) -> Callable[..., Any]:
        def add(ZoneName: str, Name: str, Confirm: bool, TimeToLive: dt.timedelta | None = None, **data: Any) -> Any:
            value = data[DATA[kind]]
            value = value if isinstance(value, str) else value[0]
            self.races.pop(kind.upper(), lambda: None)()
            if any(record[:2] == (kind.upper(), value) for record in self.records):
                return ShellError("conflict", "already exists.", error_id="WIN32 9711,x")
            if self.records and "CNAME" in {kind.upper(), *(record[0] for record in self.records)}:
                return ShellError("conflict", "collision.", error_id="WIN32 9709,x")
            self.records.append((kind.upper(), value, int(TimeToLive.total_seconds()) if TimeToLive else 3600))
            return None

        return add

    def remove(self, RRType: str, RecordData: list[str], Force: bool, **_rest: Any) -> Any:
        self.races.pop("remove", lambda: None)()
        gone = [record for record in self.records if record[:2] == (RRType.upper(), RecordData[0])]
        if not gone:
            return ShellError("not_found", "no such record.", error_id="WIN32 9701,x")
        assert len(gone) == 1, f"{RRType} {RecordData} of {self.records}"
        self.records.remove(gone[0])
        self.fewest = min(self.fewest, len(self.records))
        return None

    @staticmethod
    def _shown(kind: str, value: str, ttl: int) -> dict[str, Any]:
        properties = {SHOWN.get(kind, "Text"): value}
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
    return str(conflict(run_module, server, **params)["msg"])


def conflict(run_module: Any, server: Server, **params: Any) -> dict[str, Any]:
    result = run_module(dns_record, server.helper, **{"name": NAME, **params})
    assert result["failed"]
    assert not result["changed"]
    assert server.helper.writes == []
    return dict(result)


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
    assert result["record"]["others"] == [{"type": "NS", "value": "atl-dc-001.litwareinc.com", "ttl": 3600}]


def test_another_address_is_added_before_the_old_one_goes(server: Any, apply: Any) -> None:
    there = server(("A", "192.0.2.1", 600))
    result = apply(there, type="A", value=["192.0.2.2"], on_conflict="replace")
    assert there.records == [("A", "192.0.2.2", 600)]  # the lifetime stays
    assert there.fewest == 1
    assert [command.split()[0] for command in result["commands"]] == [
        "Add-DnsServerResourceRecordA", "Remove-DnsServerResourceRecord",
    ]  # fmt: skip


def test_another_target_of_a_cname(server: Any, apply: Any) -> None:
    there = server(("CNAME", "old.litwareinc.com.", 300))
    result = apply(there, type="CNAME", value=[TARGET], on_conflict="replace")
    assert there.records == [("CNAME", f"{TARGET}.", 300)]
    assert [command.split()[0] for command in result["commands"]] == [
        "Remove-DnsServerResourceRecord", "Add-DnsServerResourceRecordCName",
    ]  # fmt: skip


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
        ({"zone": "contoso.com", "name": "autodiscover"}, "no zone contoso.com; it has litwareinc.com, fabrikam.com"),
        ({"name": "autodiscover"}, "not a full name, so zone has to be given"),
        ({"name": "a.emea.litwareinc.com", "zone": "litwareinc.com"}, "belongs to emea.litwareinc.com"),
        ({"name": "autodiscover.fabrikam.com"}, "fabrikam.com is a secondary zone"),
        ({"name": "auto discover", "zone": "litwareinc.com"}, "is not a domain name"),
        ({"name": "@", "zone": "litwareinc.com"}, "which cannot have a CNAME"),
        ({"value": ["one.litwareinc.com", "two.litwareinc.com"]}, "exactly one name"),
        ({"value": ["server"]}, "is not a full name"),
        ({"name": "AutoDiscover", "zone": "litwareinc.com", "value": [f"{NAME}."]}, "points to itself"),
        ({"value": ["198.51.100.11"]}, "is an address; a CNAME points to a name. Use type A."),
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
    apply(there, type="CNAME", value=[TARGET], exclusive=False, on_conflict="replace")
    assert [record[:2] for record in there.records] == [("CNAME", f"{TARGET}.")]


@pytest.mark.parametrize(
    ("name", "label", "value", "data"),
    [
        ("müller.litwareinc.com", "xn--mller-kva", "bücher.example.com", "xn--bcher-kva.example.com"),
        # IDNA 2003 makes strasse of it, another domain
        ("STRAßE.LitwareInc.com.", "xn--strae-oqa", "Mail.Straße.example.", "mail.xn--strae-oqa.example"),
        ("straẞe。litwareinc.com", "xn--strae-oqa", "_x.Ｆａß.example", "_x.xn--fa-hia.example"),
    ],
)
def test_an_international_name(server: Any, apply: Any, name: str, label: str, value: str, data: str) -> None:
    there = server()
    apply(there, name=name, type="CNAME", value=[value])
    assert there.asked[0]["Name"] == label
    assert there.records == [("CNAME", f"{data}.", 3600)]


EXISTING: list[tuple[list[Found], dict[str, Any], str]] = [
    ([("CNAME", "autodiscover.outlook.com.", 300)], {"type": "CNAME"}, "CNAME autodiscover.outlook.com"),
    ([("A", "192.0.2.1", 300)], {"type": "A", "value": ["192.0.2.2"]}, "A 192.0.2.1"),
    (
        [("A", "192.0.2.1", 300), ("A", "192.0.2.2", 300), ("A", "192.0.2.3", 300)],
        {"type": "A", "value": ["192.0.2.2"]},
        "A 192.0.2.1, A 192.0.2.3",
    ),
    (
        [("A", "192.0.2.1", 300), ("AAAA", "2001:db8::1", 300)],
        {"type": "CNAME"},
        "A 192.0.2.1, AAAA 2001:db8::1",
    ),
    ([("CNAME", "old.litwareinc.com.", 300)], {"type": "A", "value": ["192.0.2.2"]}, "CNAME old.litwareinc.com"),
]
"""What is there, what is asked for, and what would have to be removed."""


@pytest.mark.parametrize(("there", "asked", "named"), EXISTING)
@pytest.mark.parametrize("check", [True, False])
def test_replacing_needs_the_users_word(
    server: Any, run_module: Any, there: list[Found], asked: dict[str, Any], named: str, check: bool
) -> None:
    held, asked = server(*there), {"value": [TARGET], **asked}
    result = conflict(run_module, held, check=check, **asked)
    assert result["error"]["kind"] == "conflict"
    assert result["error"]["message"].startswith(f"{NAME} already has {named}, which would have to be removed for")
    assert "Set on_conflict to replace" in result["error"]["remedy"]
    assert ("exclusive to false" in result["error"]["remedy"]) == (held.records[0][0] == asked["type"] == "A")
    assert held.records == there


@pytest.mark.parametrize(("there", "asked", "named"), EXISTING)
def test_with_the_users_word_it_is_replaced(
    server: Any, apply: Any, there: list[Found], asked: dict[str, Any], named: str
) -> None:
    held, asked = server(*there), {"value": [TARGET], **asked}
    apply(held, on_conflict="replace", **asked)
    assert [record[:2] for record in held.records] == [
        (asked["type"], asked["value"][0] if asked["type"] == "A" else f"{TARGET}.")
    ]


def test_filling_needs_no_word(server: Any, apply: Any) -> None:
    there = server(("A", "192.0.2.1", 600))
    apply(there, type="A", value=["192.0.2.1", "192.0.2.2"])
    apply(there, type="A", value=["192.0.2.3"], exclusive=False)
    assert len(there.records) == 3


def test_another_lifetime_of_the_same_data_is_no_replacement(server: Any, apply: Any) -> None:
    there = server(("CNAME", f"{TARGET}.", 300))
    apply(there, type="CNAME", value=[TARGET], ttl=600)
    assert there.records == [("CNAME", f"{TARGET}.", 600)]


@pytest.mark.parametrize(
    ("params", "option"),
    [
        ({"value": []}, "value"),
        ({"value": [""]}, "value"),
        ({"value": ["192.0.2.1", " "]}, "value"),
        ({"zone": ""}, "zone"),
        ({"name": ""}, "name"),
        ({"name": " ", "zone": "litwareinc.com"}, "name"),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_empty_is_not_left_out(server: Any, run_module: Any, params: dict[str, Any], option: str, state: str) -> None:
    there = server(("A", "192.0.2.1", 600))
    asked = {"type": "A", "state": state, **({"value": ["192.0.2.1"]} if state == "present" else {}), **params}
    result = conflict(run_module, there, **asked)
    assert result["error"]["kind"] == "bad_input"
    assert result["error"]["message"].startswith(f"{option}: is empty.")
    assert there.helper.pipelines == []


# accept_equivalent


def balanced(server: Any, *records: Found) -> Server:
    """The name with ``records``, beside the target and two aliases."""
    there: Server = server(*records)
    there.others = {
        TARGET: [("A", "192.0.2.10", 3600), ("A", "192.0.2.11", 3600)],
        "alias.litwareinc.com": [("CNAME", f"{TARGET}.", 3600)],
        "balancer.litwareinc.com": [("A", "192.0.2.11", 60), ("A", "192.0.2.10", 60)],
        "cloud.litwareinc.com": [("CNAME", "autodiscover.outlook.com.", 3600)],
    }
    return there


@pytest.mark.parametrize(
    "records",
    [
        [("A", "192.0.2.10", 60), ("A", "192.0.2.11", 60)],
        [("CNAME", "alias.litwareinc.com.", 60)],
        [("CNAME", "balancer.litwareinc.com.", 60)],
    ],
)
@pytest.mark.parametrize("on_conflict", ["fail", "replace"])
def test_what_leads_to_the_target_already_is_left_alone(
    server: Any, leaves_alone: Any, run_module: Any, records: list[Found], on_conflict: str
) -> None:
    there = balanced(server, *records)
    asked: dict[str, Any] = {"name": NAME, "type": "CNAME", "value": [TARGET]}
    asked |= {"accept_equivalent": True, "on_conflict": on_conflict}
    assert leaves_alone(dns_record, there.helper, **asked)
    resolution = run_module(dns_record, there.helper, **asked)["resolution"]
    assert (resolution["verdict"], resolution["complete"]) == ("equivalent", True)
    assert resolution["addresses"] == resolution["target"]["addresses"] == ["192.0.2.10", "192.0.2.11"]


def test_addresses_that_a_cname_leads_to_are_left_alone(server: Any, leaves_alone: Any) -> None:
    there = balanced(server, ("CNAME", "alias.litwareinc.com.", 60))
    addresses = ["192.0.2.11", "192.0.2.10"]
    assert leaves_alone(dns_record, there.helper, name=NAME, type="A", value=addresses, accept_equivalent=True)


def test_addresses_are_compared_with_those_of_their_type(server: Any, leaves_alone: Any) -> None:
    there = balanced(server, ("CNAME", f"{TARGET}.", 60))
    there.others[TARGET] += [("AAAA", "2001:db8::10", 3600)]
    for kind, addresses in (("A", ["192.0.2.10", "192.0.2.11"]), ("AAAA", ["2001:db8::10"])):
        assert leaves_alone(dns_record, there.helper, name=NAME, type=kind, value=addresses, accept_equivalent=True)


@pytest.mark.parametrize(
    ("record", "target", "verdict", "said"),
    [
        (("A", "192.0.2.10", 60), TARGET, "elsewhere", f"It does not lead to {TARGET}."),
        (("CNAME", "autodiscover.outlook.com.", 60), TARGET, "elsewhere", "do not tell whether it leads to"),
        (("CNAME", "cloud.litwareinc.com.", 60), TARGET, "elsewhere", "do not tell whether it leads to"),
        (("A", "192.0.2.10", 60), "mail.contoso.com", "unknown", "do not tell whether it leads to mail.contoso.com."),
    ],
)
def test_what_is_not_known_to_lead_there_is_refused_and_explained(
    server: Any, run_module: Any, record: Found, target: str, verdict: str, said: str
) -> None:
    there = balanced(server, record)
    result = conflict(run_module, there, type="CNAME", value=[target], accept_equivalent=True)
    assert result["error"]["kind"] == "conflict"
    assert said in result["error"]["message"]
    assert result["resolution"]["verdict"] == verdict


def test_the_record_itself_is_brought_to_its_lifetime(server: Any, apply: Any) -> None:
    there = balanced(server, ("CNAME", f"{TARGET}.", 60))
    result = apply(there, type="CNAME", value=[TARGET], ttl=300, accept_equivalent=True)
    assert (there.records, result["resolution"]["verdict"]) == ([("CNAME", f"{TARGET}.", 300)], "same")
    there = balanced(server, ("A", "192.0.2.10", 60))
    result = apply(there, type="A", value=["192.0.2.10"], ttl=300, accept_equivalent=True)
    assert (there.records, result["resolution"]["verdict"]) == ([("A", "192.0.2.10", 300)], "same")


def test_a_missing_record_is_added_all_the_same(server: Any, apply: Any) -> None:
    there = balanced(server)
    result = apply(there, type="CNAME", value=[TARGET], accept_equivalent=True)
    assert (len(there.records), result["resolution"]["verdict"]) == (1, "missing")


def test_each_name_is_read_once(server: Any, run_module: Any) -> None:
    there = balanced(server, ("CNAME", "alias.litwareinc.com.", 60))
    run_module(dns_record, there.helper, name=NAME, type="CNAME", value=[TARGET], accept_equivalent=True)
    assert there.helper.reads == ["Get-DnsServerZone", *["Get-DnsServerResourceRecord"] * 3]
    assert [asked["Name"] for asked in there.asked] == ["autodiscover", "alias", "atl-exchange-001"]


def test_a_name_that_the_zone_delegates_is_refused(server: Any, run_module: Any) -> None:
    there = server()
    there.others = {"asia.litwareinc.com": [("NS", "dc.asia.litwareinc.com.", 3600)]}
    for name in ("asia.litwareinc.com", "autodiscover.asia.litwareinc.com"):
        result = conflict(run_module, there, name=name, type="A", value=["192.0.2.1"])
        assert result["error"]["kind"] == "bad_input"
        assert "delegates asia.litwareinc.com to other servers" in result["msg"]


# What comes in between


def test_a_refused_successor_brings_the_old_cname_back(server: Any, run_module: Any) -> None:
    there = server(("CNAME", "old.litwareinc.com.", 300))
    there.helper.answers["Add-DnsServerResourceRecordA"] = ShellError("access_denied", "Access is denied.")
    result = run_module(dns_record, there.helper, name=NAME, type="A", value=["192.0.2.1"], on_conflict="replace")
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "access_denied")
    assert there.records == [("CNAME", "old.litwareinc.com.", 300)]
    assert [command.split()[0] for command in result["commands"]] == [
        "Remove-DnsServerResourceRecord", "Add-DnsServerResourceRecordCName",
    ]  # fmt: skip
    assert [command.split()[0] for command in result["commands_not_run"]] == ["Add-DnsServerResourceRecordA"]
    message = result["error"]["message"]
    assert message.startswith("Access is denied. Already done before it: Remove-DnsServerResourceRecord")
    assert "What was removed is back: Add-DnsServerResourceRecordCName" in message
    assert result["msg"].startswith("windows management shell: Add-DnsServerResourceRecordA: Access is denied.")


def test_all_that_a_cname_was_to_replace_comes_back(server: Any, run_module: Any) -> None:
    before = [("A", "192.0.2.1", 300), ("A", "192.0.2.2", 60), ("AAAA", "2001:db8::1", 3600)]
    there = server(*before)
    there.helper.answers["Add-DnsServerResourceRecordCName"] = ShellError("failed", "no.")
    result = run_module(dns_record, there.helper, name=NAME, type="CNAME", value=[TARGET], on_conflict="replace")
    assert result["failed"]
    assert sorted(there.records) == before


def test_another_lifetime_that_is_refused_leaves_the_old_one(server: Any, run_module: Any) -> None:
    there = server(("CNAME", f"{TARGET}.", 300))
    add = there.helper.answers["Add-DnsServerResourceRecordCName"]

    def refuse_once(**parameters: Any) -> Any:
        there.helper.answers["Add-DnsServerResourceRecordCName"] = add
        return ShellError("failed", "no.")

    there.helper.answers["Add-DnsServerResourceRecordCName"] = refuse_once
    result = run_module(dns_record, there.helper, name=NAME, type="CNAME", value=[TARGET], ttl=600)
    assert result["failed"]
    assert there.records == [("CNAME", f"{TARGET}.", 300)]


def test_an_old_record_that_cannot_be_put_back_is_told(server: Any, run_module: Any) -> None:
    there = server(("CNAME", "old.litwareinc.com.", 300))
    there.helper.answers["Add-DnsServerResourceRecordCName"] = ShellError("failed", "The server is tired.")
    result = run_module(dns_record, there.helper, name=NAME, type="CNAME", value=[TARGET], on_conflict="replace")
    assert there.records == []
    message = result["error"]["message"]
    assert message.startswith("The server is tired. Already done")
    assert "What was removed is not back: Add-DnsServerResourceRecordCName" in message
    assert message.endswith("failed too (The server is tired.). Run it by hand.")
    assert len(result["commands"]) == 1


@pytest.mark.parametrize("took_effect", [True, False])
def test_an_add_without_its_answer_is_read_back_before_anything_else(
    server: Any, run_module: Any, took_effect: bool
) -> None:
    there = server(("CNAME", "old.litwareinc.com.", 300))
    add = there.helper.answers["Add-DnsServerResourceRecordCName"]

    def lose_answer(**parameters: Any) -> Any:
        if took_effect:
            add(**parameters)
        there.helper.answers["Add-DnsServerResourceRecordCName"] = refuse
        return ShellError("unknown_outcome", "the answer was lost.", ended=True)

    def refuse(**_parameters: Any) -> Any:
        there.helper.answers["Add-DnsServerResourceRecordCName"] = add
        return ShellError("failed", "no.")

    there.helper.answers["Add-DnsServerResourceRecordCName"] = lose_answer
    result = run_module(dns_record, there.helper, name=NAME, type="CNAME", value=[TARGET], on_conflict="replace")
    assert bool(result.get("failed")) is not took_effect
    assert [record[1] for record in there.records] == [f"{TARGET}." if took_effect else "old.litwareinc.com."]


def test_nothing_is_put_back_while_nobody_knows_whether_the_new_record_is_there(server: Any, run_module: Any) -> None:
    there = server(("CNAME", "old.litwareinc.com.", 300))

    def lose_answer(**_parameters: Any) -> Any:
        there.helper.answers["Get-DnsServerZone"] = ShellError("unreachable", "no.")
        return ShellError("unknown_outcome", "the answer was lost.")

    there.helper.answers["Add-DnsServerResourceRecordCName"] = lose_answer
    result = run_module(dns_record, there.helper, name=NAME, type="CNAME", value=[TARGET], on_conflict="replace")
    assert (result["failed"], result["error"]["kind"]) == (True, "unknown_outcome")
    assert [cmdlet.name for cmdlet in there.helper.writes] == [
        "Remove-DnsServerResourceRecord", "Add-DnsServerResourceRecordCName",
    ]  # fmt: skip
    message = result["error"]["message"]
    assert "Reading it back failed too: no." in message
    assert "What was removed may still be missing; this puts it back: Add-DnsServerResourceRecordCName" in message
    assert "-HostNameAlias 'old.litwareinc.com.'" in message


def test_what_somebody_else_adds_in_between_is_what_was_asked_for(server: Any, run_module: Any) -> None:
    there = server()
    there.races["CNAME"] = lambda: there.records.append(("CNAME", f"{TARGET}.", 3600))
    result = run_module(dns_record, there.helper, name=NAME, type="CNAME", value=[TARGET])
    assert (result.get("failed"), result["changed"], result["commands"]) == (None, False, [])
    assert result["record"]["value"] == [TARGET]
    assert "somebody else did it in the meantime" in result["warnings"][0]
    assert there.helper.reads.count("Get-DnsServerZone") == 3  # before the write, after its refusal, and at the end


def test_what_is_left_after_somebody_elses_record_is_still_written(server: Any, run_module: Any) -> None:
    there = server(("CNAME", "old.litwareinc.com.", 300))
    there.races["A"] = lambda: there.records.append(("A", "192.0.2.1", 300))
    asked = {"type": "A", "value": ["192.0.2.1", "192.0.2.2"], "on_conflict": "replace"}
    result = run_module(dns_record, there.helper, name=NAME, **asked)
    assert (result.get("failed"), result["changed"]) == (None, True)
    assert result["record"]["value"] == ["192.0.2.1", "192.0.2.2"]
    assert [command.split()[0] for command in result["commands"]] == [
        "Remove-DnsServerResourceRecord", "Add-DnsServerResourceRecordA",
    ]  # fmt: skip


def test_another_record_that_somebody_adds_in_between_is_told(server: Any, run_module: Any) -> None:
    there = server()
    there.races["CNAME"] = lambda: there.records.append(("CNAME", "other.litwareinc.com.", 3600))
    result = run_module(dns_record, there.helper, name=NAME, type="CNAME", value=[TARGET])
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "conflict")
    assert f"Read back after that: {NAME} already has CNAME other.litwareinc.com" in result["msg"]
    assert [record[1] for record in there.records] == ["other.litwareinc.com."]


def test_what_somebody_else_removes_in_between_is_gone(server: Any, run_module: Any) -> None:
    there = server(("A", "192.0.2.1", 300))
    there.races["remove"] = there.records.clear
    result = run_module(dns_record, there.helper, name=NAME, type="A", state="absent")
    assert (result.get("failed"), result["changed"], result["record"]["value"]) == (None, False, [])


def test_an_error_that_is_not_about_the_name_is_no_absence(server: Any, run_module: Any) -> None:
    there = server()
    there.helper.answers["Get-DnsServerResourceRecord"] = ShellError("access_denied", "Access is denied.")
    assert "Access is denied" in refusal(run_module, there, type="CNAME", value=[TARGET])


def test_a_record_without_its_data_is_not_taken_for_an_empty_one(server: Any, run_module: Any) -> None:
    there = server(("A", "", 300))
    assert "without its data" in refusal(run_module, there, type="A", value=["192.0.2.1"])
