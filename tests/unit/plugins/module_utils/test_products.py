# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may know whom: products know nothing of each other, nor of the farm or the audit, which know them; no rule knows another one."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "ansible_collections.onprem.exchange_lync.plugins.module_utils"
UTILS = Path(next(iter(importlib.import_module(PACKAGE).__path__)))
PRODUCTS = ("_exchange", "_lync", "_dns")
CMDLET = re.compile(r"\b[a-z]+-(?:Cs|DnsServer|Exchange|ClientAccess|Auth|OAuth|ServiceHealth)\w*", re.IGNORECASE)


def find_imports(path: Path) -> Iterator[str]:
    """What a file imports of the utilities: paths below them, as ``_lync.topology`` or ``_audit.rules.dns_rules``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(PACKAGE):
            base = str(node.module).removeprefix(PACKAGE).lstrip(".")
            yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names)
        if isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix(f"{PACKAGE}.") for alias in node.names if alias.name.startswith(PACKAGE)
            )


def list_packages(paths: list[Path]) -> set[str]:
    """The packages that these files import from; a file that belongs to all is none."""
    return {name.split(".")[0] for path in paths for name in find_imports(path)}


def test_what_is_looked_at_is_there() -> None:
    assert {package for package in ("_audit", "_farm", *PRODUCTS) if (UTILS / package).is_dir()} == {
        "_audit", "_farm", *PRODUCTS,
    }  # fmt: skip
    assert "_lync" in list_packages([UTILS / "_lync" / "deployment_parts.py"])


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_product_knows_neither_another_one_nor_the_farm_nor_the_audit(product: str) -> None:
    others = {"_audit", "_farm", *PRODUCTS} - {product}
    assert list_packages(sorted((UTILS / product).rglob("*.py"))) & others == set()


def test_the_farm_does_not_know_the_audit() -> None:
    assert "_audit" not in list_packages(sorted((UTILS / "_farm").rglob("*.py")))


def test_what_belongs_to_all_knows_none_of_them() -> None:
    assert list_packages(sorted(UTILS.glob("*.py"))) & {"_audit", "_farm", *PRODUCTS} == set()


def test_the_audit_asks_nobody() -> None:
    """It is pure: no shell, no task, no clock of its own."""
    asked = {name for path in (UTILS / "_audit").rglob("*.py") for name in find_imports(path)}
    assert {name for name in asked if name.split(".")[0] in ("_call", "_shell", "_resource", "_steps")} == set()


RULES = sorted(path for path in (UTILS / "_audit" / "rules").glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_no_rule_knows_another_one(path: Path) -> None:
    assert [name for name in find_imports(path) if name.startswith("_audit.rules")] == []


NAMES_CMDLETS = {
    "_cmdlet_module.py": "a message has one as an example",
    "_verbs.py": "it tells which cmdlets only read, whatever their name says",
}
"""Files that belong to all and name cmdlets nevertheless, each with the reason."""


@pytest.mark.parametrize("path", sorted(UTILS.glob("*.py")), ids=lambda path: path.stem)
def test_what_belongs_to_all_names_no_cmdlet_of_a_product(path: Path) -> None:
    """In code; documentation may name one as an example."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in documentation]
    found = [node.value for node in constants if CMDLET.search(str(node.value))]
    assert bool(found) == (path.name in NAMES_CMDLETS), found
