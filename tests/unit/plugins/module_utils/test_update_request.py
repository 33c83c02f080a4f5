# SPDX-License-Identifier: GPL-3.0-or-later
"""What an update demands, takes and adds, by what was observed and what is asked for. That servers agree is in the integration tests."""

from __future__ import annotations

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_records import Edit, Node, Record
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.update_request import make_probe, make_update

OWNER = "autodiscover.litwareinc.com"
OLD, NEW = Record("CNAME", "old.example", 300, "Old.example."), Record("CNAME", "new.example", 60)
ONE, TWO, THREE = (Record("A", f"192.0.2.{number}", 300, f"192.0.2.{number}") for number in (1, 2, 3))
FOUR = Record("A", "192.0.2.4", 60)
SIGNATURE = Record("RRSIG", "", 300, "x")
NOT_IN_USE = f"prereq nxdomain {OWNER}."
NO_CNAME = f"prereq nxrrset {OWNER}. CNAME"


def node(*records: Record) -> Node:
    return Node("litwareinc.com", OWNER, records, 1200)


def lines(edit: Edit) -> list[str]:
    """The lines between the zone and "send"."""
    server, zone, *found, send = str(make_update(edit, "192.0.2.53 53")).splitlines()
    assert (server, zone, send) == ("server 192.0.2.53 53", "zone litwareinc.com", "send")
    return found


CASES = [
    (Edit(node(), "CNAME", added=(NEW,)), [NOT_IN_USE], [], ["60 CNAME new.example."]),
    (
        Edit(node(OLD, SIGNATURE), "CNAME", cleared=(OLD,), added=(NEW,)),
        [f"prereq yxrrset {OWNER}. CNAME Old.example."],
        ["CNAME Old.example."],
        ["60 CNAME new.example."],
    ),
    (
        Edit(node(OLD), "A", cleared=(OLD,), added=(FOUR,)),
        [f"prereq yxrrset {OWNER}. CNAME Old.example."],
        ["CNAME Old.example."],
        ["60 A 192.0.2.4"],
    ),
    (Edit(node(), "A", added=(FOUR,)), [NO_CNAME, f"prereq nxrrset {OWNER}. A"], [], ["60 A 192.0.2.4"]),
    (
        Edit(node(TWO, ONE), "A", added=(FOUR,), dropped=(ONE,)),
        [NO_CNAME, f"prereq yxrrset {OWNER}. A 192.0.2.1", f"prereq yxrrset {OWNER}. A 192.0.2.2"],
        ["A 192.0.2.1"],
        ["60 A 192.0.2.4"],
    ),
    # what others add to a shared set does no harm, but a CNAME would
    (Edit(node(ONE), "A", added=(FOUR,), shared=True), [NO_CNAME], [], ["60 A 192.0.2.4"]),
    (
        Edit(node(ONE), "A", aged=((ONE, Record("A", "192.0.2.1", 60)),), shared=True),
        [NO_CNAME, f"prereq yxrrset {OWNER}. A 192.0.2.1"],
        ["A 192.0.2.1"],
        ["60 A 192.0.2.1"],
    ),
    (Edit(node(ONE), "A", dropped=(ONE,)), [f"prereq yxrrset {OWNER}. A 192.0.2.1"], ["A 192.0.2.1"], []),
]


@pytest.mark.parametrize(("edit", "demanded", "gone", "added"), CASES)
def test_what_was_observed_must_still_be_there(
    edit: Edit, demanded: list[str], gone: list[str], added: list[str]
) -> None:
    removals = [f"update delete {OWNER}. {data}" for data in gone]
    additions = [f"update add {OWNER}. {data}" for data in added]
    assert lines(edit) == [*demanded, *removals, *additions]


def test_a_cname_in_place_of_addresses_demands_that_there_is_nothing_else() -> None:
    """A server adds no CNAME beside other records, and does not say so (RFC 2136, section 3.4.2.2)."""
    six = Record("AAAA", "2001:db8::1", 300, "2001:db8::1")
    found = lines(Edit(node(ONE, six, SIGNATURE), "CNAME", cleared=(ONE, six), added=(NEW,)))
    assert found[:2] == [f"prereq yxrrset {OWNER}. A 192.0.2.1", f"prereq yxrrset {OWNER}. AAAA 2001:db8::1"]
    absent = {line.rpartition(" ")[2] for line in found if line.startswith("prereq nxrrset")}
    assert {"MX", "TXT", "SRV", "CAA", "TLSA", "HTTPS"} <= absent
    assert absent.isdisjoint({"A", "AAAA", "CNAME", "RRSIG", "NSEC"})


@pytest.mark.parametrize(("edit", "demanded", "gone", "added"), CASES)
def test_the_message_says_the_same(edit: Edit, demanded: list[str], gone: list[str], added: list[str]) -> None:
    message = make_update(edit, "").to_message()
    assert str(message.zone[0].name) == "litwareinc.com."
    counts = [sum(max(1, len(rrset)) for rrset in section) for section in (message.prerequisite, message.update)]
    assert counts == [len(demanded), len(gone) + len(added)]
    assert len(message.to_wire()) < 512


def test_what_only_asks_changes_nothing() -> None:
    update = make_update(CASES[1][0], "")
    for asking in (update.keep_prerequisites(), make_probe("litwareinc.com", OWNER, "")):
        assert asking.prerequisites
        assert asking.to_message().update == []
    assert update.keep_prerequisites().prerequisites == update.prerequisites


def test_the_same_plan_is_the_same_step() -> None:
    """A step that is refused is not sent again, whatever order the server shows the records in."""
    one, other = (Edit(node(*there), "A", added=(FOUR,)) for there in ((ONE, TWO), (TWO, ONE)))
    assert make_update(one, "") == make_update(other, "")
