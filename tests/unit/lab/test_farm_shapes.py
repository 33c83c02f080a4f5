# SPDX-License-Identifier: GPL-3.0-or-later
"""The model's objects against every object of the same class that was captured from real Exchange servers, at every depth.

Compared are type names, the names of properties and their order, and of each the kind of its value: also whether what is not there is
null or empty. What differs is in captured_differences.yml with its reason; a difference there that is none any more is a mistake too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from clixml_shapes import EMPTY, NULL, SEEN, Shape, gather
from farm_bench import bench

SCENARIOS = ("litware", "contoso", "messy")
DIFFERENCES = Path(__file__).with_name("captured_differences.yml")
EXCHANGE = ("Microsoft.Exchange.", "System.Security.Cryptography.")


@pytest.fixture(scope="module")
def captured(shared: Path) -> dict[str, Shape]:
    """The classes of the captured objects."""
    files = sorted((shared / "fixtures" / "clixml").glob("*.xml"))
    assert files
    return gather(file.read_text("utf-8-sig") for file in files)


@pytest.fixture(scope="module")
def modelled() -> dict[str, Shape]:
    """The classes of all objects that the model's Exchange gives, on every server of every scenario."""
    return gather(document for scenario in SCENARIOS for document in read_all(scenario))


def read_all(scenario: str) -> Iterator[str]:
    """What the Get cmdlets of each Exchange server give, as CLIXML."""
    from farm import registry
    from farm.clixml import encode
    from farm.registry import Call, Caller, Remote

    lab = bench(scenario)
    caller = Caller("x", frozenset(), True, "/powershell")
    for host in lab.farm.scenario.hosts_of("exchange"):
        for name, entry in registry.REGISTRY.items():
            if entry.shell == "exchange" and name.startswith("get-"):
                for given in entry.handler(Call(lab.farm, host, caller, entry, {}, lambda _: None)):
                    yield encode(given.remote if isinstance(given, Remote) else given)


def compare(mine: Shape, theirs: Shape) -> Iterator[tuple[str, str]]:
    """What differs, with the property that it is about: ``missing``, ``invented``, or which kind of value."""
    for name in theirs.properties:
        if name not in mine.properties:
            yield name, "missing"
    for name, kinds in mine.properties.items():
        known = theirs.properties.get(name)
        if known is None:
            yield name, "invented"
            continue
        empty_too = {EMPTY} if "S" in known else set()  # a text that nobody has filled in
        filled_too = {"S"} if EMPTY in known else set()
        for kind in kinds - known - empty_too - filled_too - {SEEN}:
            if known != {NULL} and known != {SEEN}:  # what was never seen to be anything may be anything
                yield name, kind
        if EMPTY in kinds and NULL in known and EMPTY not in known:
            yield name, EMPTY


def list_explained() -> set[tuple[str, str, str]]:
    """Class, property and difference of each that is explained."""
    entries = yaml.safe_load(DIFFERENCES.read_text(encoding="utf-8"))["differences"]
    assert all(entry["because"] for entry in entries)
    listed = [
        (name, prop, entry["difference"])
        for entry in entries
        for name in entry["classes"]
        for prop in entry["properties"]
    ]
    assert len(listed) == len(set(listed))
    return set(listed)


def test_every_difference_is_explained_and_every_explanation_is_needed(
    captured: dict[str, Shape], modelled: dict[str, Shape], record_property: Any
) -> None:
    common = sorted(set(modelled) & set(captured))
    found = {(name, *difference) for name in common for difference in compare(modelled[name], captured[name])}
    explained = list_explained()
    assert not found - explained, "not explained: fix it in the model, or say why in captured_differences.yml"
    assert not explained - found, "explained, and not so: take it out of captured_differences.yml"
    compared = sum(len(captured[name].properties) for name in common)
    told = f"{len(common)} classes, {compared - len(found)} of {compared} properties alike, the others with a reason"
    record_property("agreement", f"the lab's Exchange objects with captured ones: {told}")


def test_type_names_and_the_order_of_properties_are_the_captured_ones(
    captured: dict[str, Shape], modelled: dict[str, Shape]
) -> None:
    for name in set(modelled) & set(captured):
        assert modelled[name].types <= captured[name].types, name
        for order in modelled[name].orders:
            assert any(
                [known for known in theirs if known in order] == list(order) for theirs in captured[name].orders
            ), (
                name,
                order,
            )


def test_classes_without_a_capture_are_listed(captured: dict[str, Shape], modelled: dict[str, Shape]) -> None:
    listed = yaml.safe_load(DIFFERENCES.read_text(encoding="utf-8"))["not_captured"]
    assert set(listed) == {name for name in modelled if name.startswith(EXCHANGE)} - set(captured)
    assert all(listed.values())


def test_what_a_difference_is() -> None:
    theirs = Shape(properties={"a": {"S"}, "b": {NULL}, "c": {EMPTY}, "d": {"B"}, "e": {NULL, "S"}})
    mine = Shape(properties={"a": {EMPTY, "S"}, "b": {"G"}, "c": {"S", NULL}, "e": {EMPTY}, "f": {"B"}})
    assert set(compare(mine, theirs)) == {("c", NULL), ("d", "missing"), ("e", EMPTY), ("f", "invented")}
