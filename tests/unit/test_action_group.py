# SPDX-License-Identifier: GPL-3.0-or-later
"""meta/runtime.yml names every module: a forgotten one would silently miss module_defaults and the action plugin."""

from __future__ import annotations

import importlib
import typing as t
from pathlib import Path

import pytest
import yaml

PRODUCTS = ("dns", "exchange", "lync")
FARM = {"exchange_oauth_connectivity", "exchange_restart", "farm_info"}
"""Modules that ask hosts of all products, the machine itself, or by a cmdlet that takes no domain controller."""
NO_HOST = {"autodiscover_scp_info", "farm_audit", "farm_description", "farm_report", "farm_trust", "trust_info"}
"""Modules that ask no host of the inventory: they have no option in common with the others, so they are in no group."""
COMMON = {"all": {"command_timeout"}, "dns": set(), "exchange": {"domain_controller"}, "lync": set()}
"""By group, the options that all its members have besides those of all."""


@pytest.fixture(scope="module")
def modules(repository: Path) -> list[str]:
    return sorted(file.stem for file in (repository / "plugins" / "modules").glob("[!_]*.py"))


@pytest.fixture(scope="module")
def runtime(repository: Path) -> dict[str, t.Any]:
    content = yaml.safe_load((repository / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="module")
def groups(runtime: dict[str, t.Any]) -> dict[str, set[str]]:
    """The members of each group, those of the groups that it extends among them."""
    named: dict[str, list[t.Any]] = runtime["action_groups"]

    def find_members(group: str) -> set[str]:
        plain = {item for item in named[group] if isinstance(item, str)}
        extended = [item["metadata"]["extend_group"] for item in named[group] if isinstance(item, dict)]
        further = {name.removeprefix("onprem.exchange_lync.") for names in extended for name in names}
        return plain.union(*map(find_members, further))

    return {group: find_members(group) for group in named}


def find_spec(module: str) -> t.Any:
    return importlib.import_module(f"ansible_collections.onprem.exchange_lync.plugins.modules.{module}").SPEC


def test_each_product_has_a_group_of_its_modules(modules: list[str], groups: dict[str, set[str]]) -> None:
    assert set(groups) == {"all", *PRODUCTS}
    for product in PRODUCTS:
        assert groups[product] == {name for name in modules if name.startswith(f"{product}_")} - FARM
    assert groups["all"] == set(modules) - NO_HOST
    assert groups["all"] == FARM.union(*(groups[product] for product in PRODUCTS))


def test_the_groups_are_written_in_order(runtime: dict[str, t.Any]) -> None:
    for members in runtime["action_groups"].values():
        plain = [item for item in members if isinstance(item, str)]
        assert plain == sorted(plain)


@pytest.mark.parametrize("group", COMMON)
def test_the_members_of_a_group_have_options_in_common(groups: dict[str, set[str]], group: str) -> None:
    options = [set(find_spec(name).options) for name in groups[group]]
    assert options[0].intersection(*options) >= COMMON["all"] | COMMON[group]


def test_modules_that_ask_no_host_are_in_no_group(modules: list[str], groups: dict[str, set[str]]) -> None:
    assert {name for name in modules if not find_spec(name).asks_host} == NO_HOST
    assert all(NO_HOST.isdisjoint(members) for members in groups.values())
    assert all("command_timeout" not in find_spec(name).options for name in NO_HOST)


def test_every_module_runs_through_the_action_plugin(modules: list[str], runtime: dict[str, t.Any]) -> None:
    routing = runtime["plugin_routing"]["modules"]
    assert list(routing) == modules
    assert {route["action_plugin"] for route in routing.values()} == {"onprem.exchange_lync.farm_info"}


def test_the_action_plugin_is_there(repository: Path) -> None:
    assert (repository / "plugins" / "action" / "farm_info.py").is_file()
