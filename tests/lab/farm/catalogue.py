# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cmdlet exists in which product version (tests/lab/catalogue.json)."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "catalogue.json"

PRODUCTS = {
    ("exchange", "2013"): "Exchange Server 2013",
    ("exchange", "2016"): "Exchange Server 2016",
    ("exchange", "2019"): "Exchange Server 2019",
    ("exchange", "SE"): "Exchange Server SE",
    ("lync", "2013"): "Lync Server 2013",
    ("lync", "2015"): "Skype for Business Server 2015",
    ("lync", "2019"): "Skype for Business Server 2019",
    # Microsoft's cmdlet pages end at 2019; the Subscription Edition is served by the same ones.
    ("lync", "SE"): "Skype for Business Server 2019",
}


@dataclass(frozen=True)
class Catalogue:
    """The documented cmdlets by lower-case name."""

    cmdlets: dict[str, dict[str, Any]]

    @classmethod
    def load(cls) -> Catalogue:
        """Read the lab's catalogue."""
        data = json.loads(FILE.read_text(encoding="utf-8"))["cmdlets"]
        return cls({name.lower(): entry for name, entry in data.items()})

    def exists(self, cmdlet: str, shell: str, version: str) -> bool:
        """Whether a version of the product has the cmdlet; one without a list of products is in all of them."""
        entry = self.cmdlets.get(cmdlet.lower())
        if entry is None:
            return False
        products = entry.get("products")
        return not products or PRODUCTS.get((shell, version)) in products


def list_others(cmdlet: str, *known: str) -> tuple[str, ...]:
    """The documented parameters of a cmdlet of which the model knows only some: those that it has to refuse."""
    return tuple(sorted(set(_load_once().cmdlets[cmdlet.lower()]["parameters"]) - set(known)))


@functools.cache
def _load_once() -> Catalogue:
    return Catalogue.load()
