# SPDX-License-Identifier: GPL-3.0-or-later
"""meta/runtime.yml names every module: a forgotten one would silently miss module_defaults and the action plugin."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml


@pytest.fixture(scope="module")
def modules(repository: Path) -> list[str]:
    return sorted(file.stem for file in (repository / "plugins" / "modules").glob("[!_]*.py"))


@pytest.fixture(scope="module")
def runtime(repository: Path) -> dict[str, t.Any]:
    content = yaml.safe_load((repository / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def test_the_group_holds_every_module(modules: list[str], runtime: dict[str, t.Any]) -> None:
    assert runtime["action_groups"]["all"] == modules


def test_every_module_runs_through_the_action_plugin(modules: list[str], runtime: dict[str, t.Any]) -> None:
    routing = runtime["plugin_routing"]["modules"]
    assert list(routing) == modules
    assert {route["action_plugin"] for route in routing.values()} == {"onprem.exchange_lync.managed"}


def test_the_action_plugin_is_there(repository: Path) -> None:
    assert (repository / "plugins" / "action" / "managed.py").is_file()
