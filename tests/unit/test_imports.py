# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugins import each other as docs/architecture.md says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
OURS = "ansible_collections.onprem.exchange_lync.plugins."
PACKAGES = {"_audit", "_dns", "_exchange", "_farm", "_ldap", "_lync", "_remoting", "_trust"}


def list_permissions() -> dict[str, set[str]]:
    """The page's table: what each part may import."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").partition("## Who may import whom")[2]
    rows = [line.strip("|").split("|") for line in re.findall(r"^\| `.*", page, re.M) if "part of" not in line]
    names = [[re.findall(r"`(\w+)`", cell) for cell in row] for row in rows]
    return {part: set(may) for parts, may in names for part in parts}


def find_part(module: str) -> str:
    """The part that a module belongs to: ``module_utils._lync.topology`` is of ``_lync``."""
    words = module.split(".")
    return words[1] if len(words) > 1 and words[1] in PACKAGES else words[0]


def list_imports(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports, as they are called below ``plugins``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(OURS):
            module = str(node.module)[len(OURS) :]
            of_package = (PLUGINS / module.replace(".", "/")).is_dir()
            yield from [f"{module}.{alias.name}" for alias in node.names] if of_package else [module]


def test_each_part_imports_only_what_it_may() -> None:
    permissions = list_permissions()
    for path in sorted(PLUGINS.rglob("*.py")):
        part = find_part(".".join(path.relative_to(PLUGINS).with_suffix("").parts))
        imported = {find_part(module) for module in list_imports(path)} - {part}
        assert imported <= permissions.get(part, set()), path.relative_to(ROOT)


def test_no_rule_imports_another() -> None:
    for path in sorted((PLUGINS / "module_utils/_audit/rules").glob("*_rules.py")):
        assert [module for module in list_imports(path) if "._audit.rules." in f".{module}."] == [], path.name


def test_the_table_names_every_part() -> None:
    parts = {path.name for path in PLUGINS.iterdir() if path.is_dir()} - {"__pycache__", "doc_fragments"}
    assert list_permissions().keys() == parts | PACKAGES
