# SPDX-License-Identifier: GPL-3.0-or-later
"""The service, held to recorded conversations with real Windows servers: each recorded request is sent again, in order.

Compared are, for each pair, the action of the reply, the elements of its body and the fault code. Time runs faster here:
operation time-outs and the sleeping of scripts are shortened alike.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from wire import namespaces as ns
from wire.ports import Identity
from wire_stand_ins import DESCRIPTION, USER, FakeRunspace, Lab

PAIRS, AGREEING = 300, 288
"""Of the pairs that differ, four or more need calls of the client's host, which no endpoint of the lab makes. In one an
older server (WinRM 2.0) leaves out the shell in its answer to Create. In the others the clock decides (two more may differ on
a busy machine), or Windows split over two answers what was ready in one here.
"""
PACE = 0.06
JEA = {**DESCRIPTION["endpoints"][0], "configuration": "JEARole"}
WAITED = {("test_psrp_is_alive_invalid_selectors", 4)}
"""Before these requests whoever recorded them let the shell's idle time pass."""


def shape(xml: str) -> tuple[str, tuple[str, ...], str | None]:
    root = ElementTree.fromstring(xml)
    fault = root.find(".//{*}WSManFault")
    body = root.find(ns.tag(ns.SOAP, "Body"))
    action = root.findtext(f".//{ns.tag(ns.ADDRESSING, 'Action')}") or ""
    elements = tuple(sorted({element.tag.partition("}")[2] for element in body})) if body is not None else ()
    return action.rsplit("/", 1)[-1], elements, fault.get("Code") if fault is not None else None


def identifiers(xml: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'(?:Name="ShellId">|<rsp:CommandId>|<rsp:ShellId>)([0-9A-Fa-f-]{36})', xml)))


def faster(match: re.Match[str]) -> str:
    return f"<wsman:OperationTimeout>PT{float(match.group(1)) * PACE:.3f}S"


class Identifiers:
    """Which of our ids stands for which recorded one.

    Only what a request has made is learnt, from the answer to it: a list of what there is may come in another order here.
    """

    _MAKES = ("Create", "Command")

    def __init__(self) -> None:
        self._ours: dict[str, str] = {}

    def translate(self, request: str) -> str:
        """All at once: one id may be translated into what another is translated from."""
        if not self._ours:
            return request
        known = re.compile("|".join(map(re.escape, self._ours)))
        return known.sub(lambda match: self._ours[match[0]], request)

    def learn(self, verb: str, recorded: str, answered: str) -> None:
        """From the answers to one request."""
        if verb in self._MAKES:
            for theirs, mine in zip(identifiers(recorded), identifiers(answered), strict=False):
                self._ours.setdefault(theirs, mine)


def replay(lab: Lab, path: Path) -> Iterator[tuple[str, Any, Any]]:
    """The verb of each pair, with the recorded and our own shape."""
    ours = Identifiers()
    identity = Identity(USER)
    for number, message in enumerate(yaml.safe_load(path.read_text(encoding="utf-8"))["messages"]):
        request, recorded = message.get("request"), message.get("response")
        if not request or not recorded:
            continue
        request = re.sub(r"<wsman:OperationTimeout>PT(\d+)S", faster, ours.translate(request))
        if (path.stem, number) in WAITED:
            lab.server.service.registry.expire_all("idle")
        _status, answer = lab.server.service.handle(request.encode(), identity, "/wsman")
        found = re.search(r"Action[^>]*>([^<]*)<", request)
        verb = found.group(1).rsplit("/", 1)[-1] if found else ""
        ours.learn(verb, recorded, answer.decode())
        yield verb, shape(recorded), shape(answer.decode())


ONE, TWO, THREE, FOUR = (f"{digit * 8}-0000-0000-0000-000000000000" for digit in "1234")


def listing(*ids: str) -> str:
    return "".join(f"<rsp:ShellId>{each}</rsp:ShellId>" for each in ids)


def test_a_list_in_another_order_swaps_no_ids() -> None:
    ours = Identifiers()
    ours.learn("Create", listing(ONE), listing(TWO))  # ours has the id that is another's in the recording
    ours.learn("Create", listing(TWO), listing(THREE))
    ours.learn("Enumerate", listing(ONE, TWO), listing(THREE, TWO))
    ours.learn("Enumerate", listing(FOUR), listing(ONE))
    assert ours.translate(f"{ONE} {TWO} {FOUR}") == f"{TWO} {THREE} {FOUR}"


def test_recorded_conversations(
    shared: Path, tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    monkeypatch.setattr(FakeRunspace, "pace", PACE)
    different: collections.Counter[Any] = collections.Counter()
    agreeing = total = 0
    for path in sorted((shared / "fixtures" / "wsman").glob("test_*.yml")):
        lab = Lab(tmp_path, certificate, {"endpoints": [*DESCRIPTION["endpoints"], JEA]})
        for verb, recorded, answered in replay(lab, path):
            total += 1
            agreeing += recorded == answered
            if recorded != answered:
                different[path.stem, verb, recorded, answered] += 1
        lab.close()
    record_property("agreement", f"the lab's WS-Management with real Windows: {agreeing} of {total} recorded requests")
    for what, count in different.most_common():
        print(count, *what)
    assert total == PAIRS
    assert agreeing >= AGREEING
