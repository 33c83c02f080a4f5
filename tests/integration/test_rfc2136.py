# SPDX-License-Identifier: GPL-3.0-or-later
"""dns_record and dns_info with provider=rfc2136 on real servers: BIND, BIND with Kerberos, Knot, the lab's own and Active Directory's."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_server_option import SERVER, read_server
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import read_description
from ansible_collections.onprem.exchange_lync.plugins.modules import dns_info, dns_record
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.modules import conftest as modules
from answer_proxy import (
    AnswerProxy,
    break_signature,
    mirror_signature,
    stand_between,
    strip_signature,
    swallow,
)
from dns_programs import (
    DEEPER,
    FROZEN,
    HOST,
    KEY,
    READER,
    SECRET,
    ZONE,
    Running,
    configure_guides_bind,
    configure_guides_knot,
    find_block,
    find_program,
    make_option,
    run_bind,
    run_knot,
    run_lab_server,
    serve_dns,
)
from kerberos_realm import run_bind_with_kerberos
from samba_dns import BY_TICKET, run_samba_dns

run_module = modules.run_module
scripted = modules.scripted

Result = dict[str, Any]
Options = Mapping[str, Any]
Found = tuple[str, str]
TARGET = f"ex1.{ZONE}"
CLOUD = "autodiscover.outlook.com"
LABELS = itertools.count(1)


SERVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Running]]] = {
    "bind": run_bind,
    "bind-kerberos": run_bind_with_kerberos,
    "knot": run_knot,
    "lab": run_lab_server,
    "samba": run_samba_dns,
}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with three zones, for all tests of this file: each takes a name of its own."""
    with pytest.MonkeyPatch.context() as patch, SERVERS[request.param](tmp_path_factory.mktemp("dns")) as running:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running


@dataclass
class Bench:
    """The modules, on one server.

    :ivar name: a name that no other test has.
    """

    server: Running
    run_module: modules.RunModule
    scripted: type[modules.ScriptedHelper]
    name: str
    option: dict[str, Any]

    def run(self, module: Any, *, check: bool = False, **params: Any) -> Result:
        """Run a module. No session is opened on any host, and no secret is in the result."""
        helper = self.scripted()
        result = self.run_module(
            module, helper, check=check, **{"provider": "rfc2136", "server": self.option, **params}
        )
        assert helper.pipelines == []
        assert SECRET not in json.dumps(result)
        return result

    def record(self, *, check: bool = False, **params: Any) -> Result:
        """Run dns_record on the test's own name."""
        return self.run(dns_record, check=check, **{"name": self.name, **params})

    def read(self, *names: str) -> list[Result]:
        """Run dns_info."""
        result = self.run(dns_info, names=list(names))
        assert not result.get("failed"), result
        return list(result["names"])

    def rhythm(self, **params: Any) -> Result:
        """Check, apply, apply again: check mode foretells what is done, and the second run does nothing. Gives the real run's result."""
        before = self.answer("ANY")
        checked = self.record(check=True, **params)
        assert not checked.get("failed"), checked
        assert self.answer("ANY") == before
        done = self.record(**params)
        assert not done.get("failed"), done
        assert [done[key] for key in ("changed", "commands", "diff", "record")] == [
            checked[key] for key in ("changed", "commands", "diff", "record")
        ]
        again = self.record(**params)
        assert (again["changed"], again["commands"], again["record"]) == (False, [], done["record"])
        return done

    def refuse(self, kind: str, **params: Any) -> Result:
        """See that a task is refused, in check mode and for real, in the same words, and changes nothing."""
        before = [self.answer(kind) for kind in ("A", "AAAA", "CNAME", "TXT")]
        checked, refused = self.record(check=True, **params), self.record(**params)
        assert (refused["failed"], refused["changed"], refused["error"]["kind"]) == (True, False, kind), refused
        assert checked["msg"] == refused["msg"]
        assert [self.answer(kind) for kind in ("A", "AAAA", "CNAME", "TXT")] == before
        return refused

    def answer(self, kind: str, name: str = "") -> list[str]:
        """What the server answers to any client: type and data, and the lifetime."""
        query = dns.message.make_query(name or self.name, kind)
        reply = dns.query.tcp(query, HOST, port=self.server.port, timeout=5)
        return sorted(
            f"{dns.rdatatype.to_text(found.rdtype)} {data} {found.ttl}"
            for found in reply.answer
            for data in found
            if found.name == query.question[0].name
        )

    def register(self, *records: Found, name: str = "", ttl: int = 300, replace: bool = True) -> None:
        """Give a name these records, as somebody else does."""
        owner = dns.name.from_text(name or self.name)
        update = dns.update.UpdateMessage(ZONE)
        if replace:
            update.delete(owner)
        for kind, data in records:
            update.add(owner, ttl, kind, data)
        if self.server.nsupdate == BY_TICKET:
            self.send_by_ticket(update)
            return
        update.use_tsig(dns.tsig.Key(f"{KEY}.", SECRET, "hmac-sha256"))
        reply = dns.query.tcp(update, HOST, port=self.server.port, timeout=5)
        assert reply.rcode() == dns.rcode.NOERROR, dns.rcode.to_text(reply.rcode())

    def send_by_ticket(self, update: dns.update.UpdateMessage) -> None:
        """With nsupdate, which has a client of its own for Kerberos."""
        changes, origin = [], dns.name.from_text(ZONE)
        for rrset in update.update:
            owner, kind = rrset.name.derelativize(origin), dns.rdatatype.to_text(rrset.rdtype)
            changes += [
                f"update add {owner} {rrset.ttl} {kind} {data.to_text(origin, relativize=False)}" for data in rrset
            ]
            changes += [] if rrset else [f"update delete {owner}"]
        self.run_nsupdate("\n".join([f"server {HOST} {self.server.port}", f"zone {ZONE}", *changes, "send"]))

    def run_nsupdate(self, commands: str) -> None:
        """As an administrator does it."""
        done = subprocess.run(
            [find_program("nsupdate"), *self.server.nsupdate],
            input=f"{commands}\n",
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, (commands, done.stdout, done.stderr)


@pytest.fixture
def bench(server: Running, run_module: Any, scripted: Any) -> Bench:
    return Bench(server, run_module, scripted, f"test{next(LABELS)}.{ZONE}", server.option)


@pytest.fixture
def between(bench: Bench) -> Iterator[AnswerProxy]:
    """What stands between the modules and the server."""
    with stand_between(bench.server.port) as proxy:
        bench.option = {**bench.option, "port": proxy.port, "timeout": 1.0}
        yield proxy


# Reading


def test_zones_and_names(bench: Bench) -> None:
    alias = f"alias.{bench.name}"
    bench.register(("CNAME", f"{TARGET}."), name=alias)
    names = [alias, TARGET, f"none.{ZONE}", f"sip.{DEEPER}", ZONE, "www.example.net"]
    result = bench.run(dns_info, names=names)
    assert [zone["name"] for zone in result["zones"]] == [ZONE, DEEPER]
    assert [entry["zone"] for entry in result["names"]] == [ZONE, ZONE, ZONE, DEEPER, ZONE, None]
    assert [entry["resolution"] for entry in result["names"]] == [
        {"chain": [TARGET], "addresses": ["192.0.2.10"], "complete": True},
        {"chain": [], "addresses": ["192.0.2.10"], "complete": True},
        {"chain": [], "addresses": [], "complete": True},
        {"chain": [], "addresses": ["192.0.2.20"], "complete": True},
        {"chain": [], "addresses": [], "complete": True},
        {"chain": [], "addresses": [], "complete": False},
    ]
    apex = [(record["type"], record["value"]) for record in result["names"][4]["records"]]
    assert apex == [("NS", f"ns1.{ZONE}"), ("SOA", f"ns1.{ZONE}")]


def test_records_of_all_types(bench: Bench) -> None:
    """Knot answers a question for all types with one of them."""
    bench.register(
        ("MX", f"10 EX1.{ZONE}."),
        ("TXT", '"v=spf1 " "MX -all"'),
        ("AAAA", "2001:DB8::10"),
        ("SRV", f"0 5 443 ex1.{ZONE}."),
    )
    (found,) = bench.read(bench.name.upper())
    assert [(record["type"], record["value"], record["ttl"]) for record in found["records"]] == [
        ("AAAA", "2001:db8::10", 300),
        ("MX", f"10 ex1.{ZONE}", 300),
        ("SRV", f"0 5 443 ex1.{ZONE}", 300),
        ("TXT", "v=spf1 MX -all", 300),
    ]


def test_a_delegated_name_is_on_another_server(bench: Bench) -> None:
    names = [f"asia.{ZONE}", f"dc.asia.{ZONE}", f"any.asia.{ZONE}"]
    assert [(entry["zone"], entry["records"]) for entry in bench.read(*names)] == [(None, [])] * 3
    for name in names:
        result = bench.refuse("bad_input", name=name, type="A", value=["192.0.2.1"])
        assert f"{ZONE} delegates asia.{ZONE} to other servers" in result["msg"]
        assert f"Set server to a server that has the zone asia.{ZONE}." in result["msg"]


def test_a_wildcard_is_no_record_of_the_names_that_it_answers_for(bench: Bench) -> None:
    """Only an update tells a name that has the same records apart."""
    own, other = bench.read(f"same.wild.{ZONE}", f"other.wild.{ZONE}")
    assert [record["value"] for record in own["records"]] == ["192.0.2.77"]
    if bench.server.program == "samba":
        # its driver answers BIND's own question for such a name with the wildcard's records, so that no update tells them apart
        assert [record["value"] for record in other["records"]] == ["192.0.2.77"]
        return
    assert other["records"] == []
    bench.name = f"{bench.name.partition('.')[0]}.wild.{ZONE}"
    assert bench.answer("A") == ["A 192.0.2.77 3600"]
    bench.rhythm(type="A", value=["192.0.2.77"], ttl=3600)
    bench.rhythm(type="A", state="absent")
    bench.rhythm(type="CNAME", value=[TARGET])
    assert bench.answer("CNAME") == [f"CNAME {TARGET}. 1200"]


def test_a_truncated_answer_is_read_over_tcp(bench: Bench) -> None:
    addresses = [f"192.0.2.{number}" for number in range(1, 101)]
    bench.register(*(("A", address) for address in addresses))
    bench.option = {**bench.option, "protocol": "udp"}
    (found,) = bench.read(bench.name)
    assert {record["value"] for record in found["records"]} == set(addresses)
    assert bench.record(type="A", value=addresses)["changed"] is False


# The rhythm


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_record_from_its_beginning_to_its_end(bench: Bench, protocol: str) -> None:
    bench.option = {**bench.option, "protocol": protocol}
    result = bench.rhythm(type="CNAME", value=[TARGET])
    assert result["record"] == {
        "zone": ZONE, "name": bench.name, "type": "CNAME", "value": [TARGET], "ttl": 1200, "others": [],
    }  # fmt: skip
    assert bench.answer("CNAME") == [f"CNAME {TARGET}. 1200"]  # the zone's own default
    bench.rhythm(type="CNAME", value=[TARGET], ttl=600)
    bench.rhythm(type="CNAME", value=["Mail.Straße.example."], on_conflict="replace")
    assert bench.answer("CNAME") == ["CNAME mail.xn--strae-oqa.example. 600"]
    bench.rhythm(type="A", value=["192.0.2.1", "192.0.2.2"], on_conflict="replace")
    bench.rhythm(type="AAAA", value=["2001:DB8:0::1"])
    bench.rhythm(type="A", value=["192.0.2.2", "192.0.2.3"], ttl=60, on_conflict="replace")
    assert bench.answer("A") == ["A 192.0.2.2 60", "A 192.0.2.3 60"]
    assert bench.answer("AAAA") == ["AAAA 2001:db8::1 1200"]
    bench.rhythm(type="A", value=["192.0.2.4"], exclusive=False)
    assert bench.answer("A") == ["A 192.0.2.2 60", "A 192.0.2.3 60", "A 192.0.2.4 60"]
    bench.rhythm(type="A", value=["192.0.2.3", "192.0.2.9"], state="absent")
    assert bench.answer("A") == ["A 192.0.2.2 60", "A 192.0.2.4 60"]
    bench.rhythm(type="CNAME", value=[TARGET], on_conflict="replace")
    assert (bench.answer("A"), bench.answer("CNAME")) == ([f"CNAME {TARGET}. 1200"], [f"CNAME {TARGET}. 1200"])
    bench.rhythm(type="CNAME", state="absent")
    assert bench.answer("CNAME") == []


def test_names_are_spelled_in_any_way(bench: Bench) -> None:
    label = bench.name.partition(".")[0]
    bench.register(("CNAME", f"EX1.{ZONE}."))
    for spelling in ({"name": label.upper(), "zone": f"{ZONE.upper()}."}, {"name": f"{bench.name.title()}."}):
        asked: Result = {"type": "CNAME", "value": [f"{TARGET.upper()}."], **spelling}
        result = bench.record(**asked)
        assert (result.get("failed"), result["changed"], result["record"]["name"]) == (None, False, bench.name)
    # another spelling of the same is no change, and what is there is removed as it is spelled there
    bench.rhythm(type="CNAME", value=[f"sip.{ZONE}"], on_conflict="replace")


def test_the_zone_itself(bench: Bench) -> None:
    bench.name = DEEPER
    assert bench.rhythm(name="@", zone=DEEPER, type="A", value=["192.0.2.99"])["record"]["name"] == DEEPER
    result = bench.refuse("bad_input", type="CNAME", value=[TARGET])
    assert "is the zone itself, which cannot have a CNAME" in result["msg"]


def test_commands_are_what_nsupdate_takes(bench: Bench) -> None:
    bench.register(("CNAME", f"old.{ZONE}."))
    (command,) = bench.rhythm(type="A", value=["192.0.2.1"], on_conflict="replace")["commands"]
    owner = f"{bench.name}."
    assert command.splitlines() == [
        f"server {HOST} {bench.server.port}",
        f"zone {ZONE}",
        f"prereq yxrrset {owner} CNAME old.{ZONE}.",
        f"update delete {owner} CNAME old.{ZONE}.",
        f"update add {owner} 1200 A 192.0.2.1",
        "send",
    ]


def test_nsupdate_carries_out_what_check_mode_shows(bench: Bench) -> None:
    """Each kind of prerequisite, and the key as an administrator gives it."""
    cases: list[Result] = [
        {"type": "A", "value": ["192.0.2.1", "192.0.2.2"]},
        {"type": "CNAME", "value": [TARGET]},
        {"type": "CNAME", "value": [f"sip.{ZONE}"]},
        {"type": "AAAA", "value": ["2001:db8::1"]},
        {"type": "AAAA", "value": ["2001:db8::2"], "exclusive": False},
        {"type": "AAAA", "state": "absent"},
    ]
    for params in cases:
        asked = {"on_conflict": "replace", **params}
        checked = bench.record(check=True, **asked)
        (command,) = checked["commands"]
        bench.run_nsupdate(command)
        result = bench.record(**asked)
        assert (result["changed"], result["record"]) == (False, checked["record"])


# What was there before


EXISTING: list[tuple[list[Found], Result, str]] = [
    ([("CNAME", f"{CLOUD}.")], {"type": "CNAME"}, f"CNAME {CLOUD}"),
    ([("A", "192.0.2.1")], {"type": "A", "value": ["192.0.2.2"]}, "A 192.0.2.1"),
    ([("CNAME", f"{CLOUD}.")], {"type": "A", "value": ["192.0.2.2"]}, f"CNAME {CLOUD}"),
    ([("A", "192.0.2.1"), ("AAAA", "2001:db8::1")], {"type": "CNAME"}, "A 192.0.2.1, AAAA 2001:db8::1"),
]


@pytest.mark.parametrize(("there", "asked", "named"), EXISTING)
def test_what_is_there_is_replaced_on_the_users_word_only(
    bench: Bench, there: list[Found], asked: Result, named: str
) -> None:
    bench.register(*there)
    asked = {"value": [TARGET], **asked}
    result = bench.refuse("conflict", **asked)
    goal = f"{asked['type']} {', '.join(asked['value'])}"
    assert result["error"]["message"] == f"{bench.name} already has {named}, which would have to be removed for {goal}."
    assert result["msg"].startswith(f"{HOST}: DNS UPDATE: {bench.name} already has ")
    kept = bench.record(**asked, on_conflict="keep")
    assert (kept["changed"], kept["warnings"]) == (False, [f"Left as it is: {bench.name} has {named}."])
    bench.rhythm(**asked, on_conflict="replace")
    data = f"{TARGET}." if asked["type"] == "CNAME" else asked["value"][0]
    assert bench.answer("ANY") == [f"{asked['type']} {data} {bench.record(**asked)['record']['ttl']}"]


def test_records_of_other_types_are_never_removed(bench: Bench) -> None:
    """Not those either that the server does not show: a CNAME beside them would be ignored, and the addresses would be gone."""
    bench.register(("A", "192.0.2.1"), ("TXT", '"x"'))
    asked: Result = {"type": "CNAME", "value": [TARGET], "on_conflict": "replace"}
    assert "Remove the TXT record first" in bench.refuse("conflict", **asked)["msg"]
    if bench.server.program == "samba":
        return  # it takes no record of a type that Active Directory does not know
    bench.register(("A", "192.0.2.1"), ("SSHFP", "1 1 " + "ab" * 20))
    result = bench.record(**asked)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "conflict")
    assert bench.answer("A") == ["A 192.0.2.1 300"]
    assert bench.answer("CNAME") == []


def test_what_leads_to_the_target_already_is_accepted(bench: Bench) -> None:
    alias = f"alias.{bench.name}"
    bench.register(("CNAME", f"{TARGET}."), name=alias)
    asked = {"type": "CNAME", "value": [TARGET], "accept_equivalent": True}
    for there in (("A", "192.0.2.10"), ("CNAME", f"{alias}.")):
        bench.register(there)
        result = bench.rhythm(**asked)
        assert (result["changed"], result["resolution"]["verdict"]) == (False, "equivalent")
    bench.register(("A", "192.0.2.20"))
    assert f"It does not lead to {TARGET}." in bench.refuse("conflict", **asked)["msg"]
    bench.register(("CNAME", f"{CLOUD}."))
    result = bench.refuse("conflict", **asked)
    assert f"This server's zones do not tell whether it leads to {TARGET}." in result["msg"]
    assert result["resolution"]["verdict"] == "elsewhere"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"name": f"sip.{DEEPER}", "zone": ZONE}, f"belongs to {DEEPER}, a zone of its own on this server"),
        ({"name": "x", "zone": "contoso.com"}, "this DNS server has no zone contoso.com"),
        ({"name": "x", "zone": f"sub.{ZONE}"}, f"has no zone sub.{ZONE}; sub.{ZONE} belongs to {ZONE}."),
        ({"name": "autodiscover.contoso.com"}, "no zone that autodiscover.contoso.com belongs to"),
        ({"value": []}, "value: is empty."),
        ({"ttl": -1}, "out of range"),
        ({"server": {"address": " "}}, "server.address: ' ' is neither a host name nor an IP address."),
        ({"server": {"address": HOST, "port": 0}}, "server.port: 0 is not a port."),
        ({"server": {"address": HOST, "timeout": 0}}, "server.timeout: 0.0 must be more than 0"),
        ({"server": {"address": HOST, "key_name": "", "key_secret": SECRET}}, "server.key_name: is empty."),
        ({"server": {"address": HOST, "key_name": KEY, "key_secret": "no base64!"}}, "it is not base64"),
        ({"server": {"address": HOST, "key_name": KEY, "key_secret": " "}}, "it is not base64"),
        ({"server": make_option(53, gss_tsig=True)}, "either with a shared key or with Kerberos"),
        ({"provider": "windows"}, "server: is used with provider=rfc2136 only"),
    ],
)
def test_bad_input_is_refused(bench: Bench, params: Result, said: str) -> None:
    result = bench.record(**{"type": "A", "value": ["192.0.2.1"], **params})
    assert (result["failed"], result["changed"]) == (True, False)
    assert said in result["msg"]


# Others at the same time


def race(bench: Bench, *cases: Options) -> list[Result]:
    """Run dns_record for all of these at the same moment."""
    barrier = threading.Barrier(len(cases))

    def run(params: Options) -> Result:
        barrier.wait(30)
        return bench.record(**params)

    with ThreadPoolExecutor(len(cases)) as pool:
        return list(pool.map(run, cases))


def test_one_of_sixteen_that_want_different_things_gets_it(bench: Bench) -> None:
    results = race(bench, *({"type": "CNAME", "value": [f"ex{number}.{ZONE}"]} for number in range(16)))
    (winner,) = [result for result in results if not result.get("failed")]
    assert winner["changed"]
    assert bench.answer("CNAME") == [f"CNAME {winner['record']['value'][0]}. 1200"]
    assert {(result["error"]["kind"], result["changed"]) for result in results if result is not winner} == {
        ("conflict", False)
    }


def test_sixteen_that_want_the_same_get_it_by_one_change(bench: Bench) -> None:
    results = race(bench, *[{"type": "CNAME", "value": [TARGET]}] * 16)
    assert [result for result in results if result.get("failed")] == []
    assert [result["changed"] for result in results].count(True) == 1
    assert {tuple(result["record"]["value"]) for result in results} == {(TARGET,)}


def test_sixteen_that_share_a_name_all_get_their_address(bench: Bench) -> None:
    addresses = [f"192.0.2.{number}" for number in range(1, 17)]
    results = race(bench, *({"type": "A", "value": [address], "exclusive": False} for address in addresses))
    assert [result for result in results if result.get("failed")] == []
    assert {line.split()[1] for line in bench.answer("A")} == set(addresses)


def test_a_name_resolves_all_the_time_while_its_records_are_replaced(bench: Bench) -> None:
    bench.register(("A", "192.0.2.1"))
    seen: list[list[str]] = []
    end = threading.Event()

    def watch() -> None:
        while not end.is_set():
            seen.append(bench.answer("A"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in range(6):
            bench.record(type="CNAME", value=[f"ex{number}.{ZONE}"], on_conflict="replace")
            bench.record(type="A", value=[f"192.0.2.{number}"], on_conflict="replace")
    finally:
        end.set()
        watcher.join()
    assert len(seen) > 12
    assert [] not in seen


def test_what_somebody_else_adds_in_between_is_what_was_asked_for(bench: Bench, between: AnswerProxy) -> None:
    between.before = lambda: bench.register(("CNAME", f"{TARGET}."))
    result = bench.record(type="CNAME", value=[TARGET])
    assert (result.get("failed"), result["changed"], result["commands"]) == (None, False, [])
    assert result["record"]["value"] == [TARGET]
    assert "somebody else did it in the meantime" in result["warnings"][0]
    assert len(between.updates) == 1


def test_what_somebody_else_changes_in_between_is_planned_again(bench: Bench, between: AnswerProxy) -> None:
    bench.register(("A", "192.0.2.1"))
    between.before = lambda: bench.register(("A", "192.0.2.2"))
    result = bench.record(type="A", value=["192.0.2.3"], on_conflict="replace")
    assert (result.get("failed"), result["changed"], len(result["commands"])) == (None, True, 1)
    assert "prereq yxrrset" in result["commands"][0] and "192.0.2.2" in result["commands"][0]
    assert "It was read and planned again." in result["warnings"][0]
    assert (len(between.updates), bench.answer("A")) == (2, ["A 192.0.2.3 300"])


def test_what_somebody_else_puts_there_in_between_is_not_replaced_without_the_users_word(
    bench: Bench, between: AnswerProxy
) -> None:
    between.before = lambda: bench.register(("CNAME", f"{CLOUD}."))
    result = bench.record(type="CNAME", value=[TARGET])
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "conflict")
    assert f"{bench.name} already has CNAME {CLOUD}, which would have to be removed" in result["msg"]
    assert (result["commands"], result["commands_unknown"], len(result["commands_not_run"])) == ([], [], 1)
    assert (len(between.updates), bench.answer("CNAME")) == (1, [f"CNAME {CLOUD}. 300"])


def test_what_changes_all_the_time_is_a_conflict_in_the_end(bench: Bench, between: AnswerProxy) -> None:
    """Planned again once, and not for ever."""
    numbers = itertools.count(1)

    def meddle() -> None:
        between.before = meddle
        bench.register(("A", f"192.0.2.{next(numbers)}"))

    between.before = meddle
    result = bench.record(type="A", value=["192.0.2.99"], on_conflict="replace")
    assert (result["failed"], result["error"]["kind"], len(between.updates)) == (True, "conflict", 2)
    assert result["error"]["error_id"] in ("NXRRSET", "YXRRSET")
    assert bench.answer("A") == ["A 192.0.2.2 300"]


# Answers that do not come, or are not the server's


DOUBTS = {
    "lost": (swallow, "no answer came within 1 s"),
    "broken": (break_signature, "has a signature that does not fit"),
    "mirrored": (mirror_signature, "has a signature that does not fit"),
    "unsigned": (strip_signature, "has no signature"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_an_update_whose_answer_is_worth_nothing_is_read_back(
    bench: Bench, between: AnswerProxy, doubt: str, protocol: str
) -> None:
    between.alter, said = DOUBTS[doubt]
    bench.option["protocol"] = protocol
    result = bench.record(type="CNAME", value=[TARGET])
    assert (result.get("failed"), result["changed"], result["record"]["value"]) == (None, True, [TARGET])
    (warning,) = result["warnings"]
    assert said in warning
    assert warning.endswith("It was read back: it had taken effect.")
    assert (len(between.updates), bench.answer("CNAME")) == (1, [f"CNAME {TARGET}. 1200"])


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_an_update_that_is_lost_itself_stays_unknown_and_is_not_sent_again(
    bench: Bench, between: AnswerProxy, protocol: str
) -> None:
    between.delivers = False
    bench.option["protocol"] = protocol
    result = bench.record(type="CNAME", value=[TARGET])
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "unknown_outcome")
    assert "It was read back: it has not taken effect so far" in result["msg"]
    assert "Read the name with dns_info, then run the task again" in result["msg"]
    assert (result["commands"], len(result["commands_unknown"]), result["commands_not_run"]) == ([], 1, [])
    assert (len(between.updates), bench.answer("CNAME")) == (1, [])


@pytest.mark.parametrize("doubt", ["broken", "mirrored", "unsigned"])
def test_a_refusal_that_need_not_be_the_servers_is_read_back_too(
    bench: Bench, between: AnswerProxy, doubt: str
) -> None:
    """Windows and Samba may answer a prerequisite that does not hold with a signature that does not fit."""
    between.alter, said = DOUBTS[doubt]
    between.before = lambda: bench.register(("CNAME", f"{CLOUD}."))
    result = bench.record(type="CNAME", value=[TARGET])
    assert (result["failed"], result["error"]["kind"]) == (True, "unknown_outcome")
    assert f"(YXDOMAIN) {said}" in result["msg"]
    assert f"Read back after that: {bench.name} already has CNAME {CLOUD}" in result["msg"]
    between.before = lambda: bench.register(("CNAME", f"{TARGET}."))
    bench.register()
    result = bench.record(type="CNAME", value=[TARGET])
    assert (result.get("failed"), result["record"]["value"]) == (None, [TARGET])


def test_what_reads_back_another_way_is_told(bench: Bench, between: AnswerProxy) -> None:
    """Accepted, but not there: somebody else was quicker than the reading."""

    def take_away(_request: bytes, answer: bytes) -> bytes:
        bench.register()
        return answer

    between.alter = take_away
    result = bench.record(type="A", value=["192.0.2.1"])
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "not_effective")
    assert len(result["commands"]) == 1


# Who may not


def break_key(bench: Bench, **changes: Any) -> None:
    bench.option = {**bench.option, "gss_tsig": False, "key_name": KEY, "key_secret": SECRET, **changes}


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"key_name": "unknown"}, "BADKEY", "the server does not know the key unknown (hmac-sha256) (BADKEY)."),
        ({"key_algorithm": "hmac-sha512"}, "BADKEY", f"the server does not know the key {KEY} (hmac-sha512) (BADKEY)."),
        (
            {"key_secret": "b3RoZXI="},
            "BADSIG",
            f"the server has another secret for the key {KEY} (hmac-sha256) (BADSIG).",
        ),
    ],
)
def test_a_wrong_key(bench: Bench, changes: Result, code: str, said: str) -> None:
    break_key(bench, **changes)
    result = bench.refuse("authentication", type="A", value=["192.0.2.1"])
    assert (result["error"]["error_id"], result["error"]["message"]) == (code, said)
    assert "of server with the server's configuration." in result["msg"]
    assert changes.get("key_secret", SECRET) not in json.dumps(result)


def test_a_clock_that_differs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    break_key(bench)
    import time

    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 3600)
    result = bench.record(type="A", value=["192.0.2.1"])
    assert (result["error"]["kind"], result["error"]["error_id"]) == ("authentication", "BADTIME")
    assert "ahead of the controller's" in result["msg"]


def test_unsigned_updates_are_refused_and_reading_needs_no_key(bench: Bench) -> None:
    bench.option = {"address": HOST, "port": bench.server.port}
    assert bench.read(TARGET)[0]["resolution"]["addresses"] == ["192.0.2.10"]
    checked = bench.record(check=True, type="A", value=["192.0.2.1"])
    # a policy by record, as these have it, is not asked by an update that changes none
    for warning in checked.get("warnings", [] if bench.server.program in ("bind-kerberos", "samba") else [""]):
        assert warning.startswith(f"A real run would fail: {HOST}: DNS UPDATE: the server ")
    result = bench.record(type="A", value=["192.0.2.1"])
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "access_denied")
    assert result["error"]["error_id"] in ("REFUSED", "NOTAUTH")
    assert "an unsigned request" in result["msg"]
    assert bench.answer("A") == []


# the lab's server knows one key, which is allowed everything in all its zones
REAL = pytest.mark.parametrize("server", [name for name in SERVERS if name != "lab"], indirect=True)


@REAL
def test_a_key_that_is_allowed_nothing(bench: Bench) -> None:
    break_key(bench, key_name=READER)
    result = bench.record(type="A", value=["192.0.2.1"])
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["error"]["error_id"] in ("REFUSED", "BADKEY")
    assert READER in result["msg"]


@REAL
def test_a_zone_that_takes_no_updates(bench: Bench) -> None:
    bench.name = f"x.{FROZEN}"
    result = bench.record(type="A", value=["192.0.2.1"])
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["error"]["error_id"] in ("REFUSED", "NOTAUTH", "BADKEY")
    bench.name = f"test{next(LABELS)}.{ZONE}"
    # Knot does not know the key for that zone; what everybody may read is read all the same
    asked = {"type": "CNAME", "value": [f"ex1.{FROZEN}"], "accept_equivalent": True}
    assert bench.rhythm(**asked)["resolution"]["target"]["addresses"] == ["192.0.2.10"]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_server_that_is_not_there(bench: Bench, protocol: str) -> None:
    bench.option = {**bench.option, "port": 9, "protocol": protocol, "timeout": 0.5}
    result = bench.record(type="A", value=["192.0.2.1"])
    assert (result["failed"], result["error"]["kind"], result["error"]["cmdlet"]) == (True, "unreachable", "DNS QUERY")
    assert result["msg"].startswith(f"{HOST}: DNS QUERY: the DNS server does not answer: ")


def test_a_name_without_an_address(bench: Bench) -> None:
    bench.option = {**bench.option, "address": "nowhere.invalid"}
    result = bench.record(type="A", value=["192.0.2.1"])
    assert (result["failed"], result["error"]["kind"]) == (True, "unreachable")
    assert result["msg"].startswith(
        "nowhere.invalid: DNS QUERY: the DNS server does not answer: its name has no address"
    )


# The guide


GUIDE = {
    "named": ('key "ansible"', configure_guides_bind),
    "knotd": ("key:", configure_guides_knot),
}


@pytest.mark.parametrize("program", GUIDE)
def test_the_servers_of_the_guide(program: str, tmp_path: Path, run_module: Any, scripted: Any) -> None:
    """As the page has them, but for the folder, the secret and the port."""
    beginning, configure = GUIDE[program]
    block = find_block(beginning).replace("KEY_SECRET", SECRET)
    with serve_dns(program, tmp_path, functools.partial(configure, block=block)) as port:
        server = Running(program, port, make_option(port))
        bench = Bench(server, run_module, scripted, f"autodiscover.{ZONE}", server.option)
        bench.rhythm(type="CNAME", value=[TARGET])
        bench.rhythm(type="A", value=["192.0.2.1"], on_conflict="replace")
        bench.rhythm(type="A", state="absent")


@pytest.mark.parametrize("part", ["  key_name: ansible", "  gss_tsig: true"])
def test_the_variables_of_the_guide(part: str) -> None:
    block = find_block("farm_dns_provider", part)
    variables = {name.removeprefix("farm_"): value for name, value in yaml.safe_load(block).items()}
    described = read_description({"sip_domains": ZONE, "exchange_fqdn": TARGET, **variables})
    assert (described.dns_provider, described.hosts["dns"]) == ("rfc2136", ())
    server = {**variables["dns_server"], **({"key_secret": SECRET} if "key_secret" in variables["dns_server"] else {})}
    validated = ArgumentSpecValidator({"server": SERVER}).validate({"server": server})
    assert validated.error_messages == []
    assert read_server(validated.validated_parameters["server"], "server").address == server["address"]
