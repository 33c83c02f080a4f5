# SPDX-License-Identifier: GPL-3.0-or-later
"""Names say what a thing is, and one thing has one name: files and classes occur once, functions are verbs."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
SAME_FILES = {
    "__init__.py": "Python's own name for a package",
    "farm_audit.py": "the module and the filter are twins, and a plugin's file has the plugin's name",
    "farm_description.py": "the module and the filter are twins, as those of farm_audit are",
    "farm_info.py": "the module and its action plugin are one task, and both files have its name",
}
SAME_CLASSES = {
    "FilterModule": "ansible-core looks for it in each filter's file",
    "ModuleDocFragment": "ansible-core looks for it in each fragment's file",
    "Decoder": "of frames, and of CLIXML, each in the session layer",
}
OF_BOTH = ("_autodiscover.py", "_certificate_checks.py", "_certificate_names.py", "_cmdlet_module.py", "_kinds.py")
UTILS = ROOT / "plugins" / "module_utils"
PRODUCTS = [
    *(path for path in PLUGINS if path.parent in (UTILS / "_exchange", UTILS / "_lync")),
    *(UTILS / name for name in OF_BOTH),
    *(path for path in PLUGINS if path.parent.name == "modules" and path.name.startswith(("exchange_", "lync_"))),
]
"""The packages and modules of the two products, and what both have of certificates and values."""

PARTICIPLE = re.compile(
    r"(?:\w{2,}(?<!ne)ed|begun|bound|built|chosen|done|drawn|found|given|gone|held|kept|known|left|lost|made|meant|met|paid|said|seen"
    r"|sent|shown|spoken|taken|taught|thought|told|written)"
)
"""A name whose first word says what was done, so that a reader cannot tell what it does."""


def list_doubles(names: list[str]) -> dict[str, int]:
    return {name: count for name, count in Counter(names).items() if count > 1}


def test_each_file_name_occurs_once() -> None:
    assert list_doubles([path.name for path in PLUGINS]).keys() == SAME_FILES.keys()


def test_each_class_name_occurs_once() -> None:
    names = [
        node.name
        for path in PLUGINS
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    assert list_doubles(names).keys() == SAME_CLASSES.keys()


@pytest.mark.parametrize("path", PRODUCTS, ids=lambda path: path.stem)
def test_functions_are_not_called_by_what_was_done(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert [name for name in names if is_participle(name)] == []


def is_participle(name: str) -> bool:
    first = name.lstrip("_").split("_")[0]
    return PARTICIPLE.fullmatch(first) is not None


@pytest.mark.parametrize("name", ["_shown", "_meant", "_said", "_looped", "_opened", "_taken_back", "seen", "listed"])
def test_what_is_meant_by_a_participle(name: str) -> None:
    assert is_participle(name)
    for verb in ("find_asked_names", "read_sent", "need", "is_staged", "in_use", "listen", "read", "_has_arrived"):
        assert not is_participle(verb)
