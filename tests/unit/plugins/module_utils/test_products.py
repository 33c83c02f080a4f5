# SPDX-License-Identifier: GPL-3.0-or-later
"""What both products have in common names no cmdlet: those are known by the modules and by the products' own packages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils import _problems
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange import problems as exchange
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync import problems as lync
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict import verdict

CMDLET = re.compile(r"\b(?:Enable|Export|Get|Import|Invoke|New|Remove|Request|Set|Test|Update)-[A-Z]\w+")
COMMON = [Path(_problems.__file__), *Path(verdict.__file__).parent.glob("*.py")]


@pytest.mark.parametrize("path", COMMON, ids=lambda path: path.name)
def test_what_is_common_names_no_cmdlet(path: Path) -> None:
    assert CMDLET.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("product", [exchange, lync])
def test_a_product_names_its_own(product: object) -> None:
    assert CMDLET.fullmatch(vars(product)["SERVICES"])
