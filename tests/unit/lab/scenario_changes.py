# SPDX-License-Identifier: GPL-3.0-or-later
"""A bench on a scenario of the repository with some of it changed."""

from __future__ import annotations

from typing import Any

import yaml

from farm import registry
from farm.scenario import FOLDER, Scenario
from farm.state import Farm
from farm.structure import build
from farm_bench import Bench


def bench_with(scenario: str, **changes: Any) -> Bench:
    """A bench on a fresh farm; each change is merged into the part of its name."""
    data = yaml.safe_load((FOLDER / f"{scenario}.yml").read_text(encoding="utf-8"))
    registry.load()
    return Bench(Farm(build(Scenario, merged(data, changes), scenario)))


def merged(data: Any, changes: Any) -> Any:
    """The data with the changes: of a mapping key by key, of a list with indices as keys entry by entry, anything else as a whole."""
    if isinstance(data, dict) and isinstance(changes, dict):
        return {**data, **{key: merged(data.get(key), value) for key, value in changes.items()}}
    if isinstance(data, list) and isinstance(changes, dict):
        return [merged(entry, changes[index]) if index in changes else entry for index, entry in enumerate(data)]
    return changes
