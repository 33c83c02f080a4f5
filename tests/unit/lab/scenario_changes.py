# SPDX-License-Identifier: GPL-3.0-or-later
"""A bench on a scenario of the repository with some of it changed."""

from __future__ import annotations

from typing import Any

import yaml

from farm import registry
from farm.scenario import FOLDER, Scenario, merge
from farm.state import Farm
from farm.structure import build
from farm_bench import Bench


def bench_with(scenario: str, **changes: Any) -> Bench:
    """A bench on a fresh farm; each change is merged into the part of its name."""
    data = yaml.safe_load((FOLDER / f"{scenario}.yml").read_text(encoding="utf-8"))
    registry.load()
    return Bench(Farm(build(Scenario, merge(data, changes), scenario)))
