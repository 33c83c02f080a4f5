# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles in numbers: how much there is to know, and how much of it is not plain order.

    .venv/bin/python tests/benchmarks/role_sizes.py

- **public variables**: the options of all roles and entry points, each name once.
- **lines that pass variables on between our roles**: the ``vars`` of tasks that import or include one of them, and parameters of
  dependencies. A variable has one name in all roles, so there is nothing to pass on, and nothing to forget.
- **lines of YAML** in roles/, all of them.
- **the longest Jinja expression**, with its braces: a longer one is judgement, which belongs in Python. Conditions (``when`` and its
  like) are expressions without braces. A scalar that is folded over several lines counts as the one line that it is.
- **names that begin with** ``__``: what the roles keep between themselves, each name once.

It reads files only and takes a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from measuring import ROOT, Bar, report, report_bars

OURS = "onprem.exchange_lync."
CALLS = ("import_role", "include_role")
CONDITIONS = ("when", "that", "until", "changed_when", "failed_when")
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)

Pair = tuple[str, yaml.Node]


def list_files() -> list[Path]:
    """The YAML of the roles."""
    return sorted((ROOT / "roles").rglob("*.yml"))


def read_tree(path: Path) -> yaml.Node | None:
    """A file's tree, which knows its lines."""
    tree: yaml.Node | None = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    return tree


def walk(node: yaml.Node | None) -> Iterator[yaml.Node]:
    """A node, and all that is in it."""
    if node is None:
        return
    yield node
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from walk(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from walk(key)
            yield from walk(value)


def list_pairs(node: yaml.Node) -> list[Pair]:
    """The keys and values of a mapping."""
    return [(key.value, value) for key, value in node.value] if isinstance(node, yaml.MappingNode) else []


def list_public_variables() -> set[str]:
    """The options of every entry point of every role."""
    found: set[str] = set()
    for path in (ROOT / "roles").glob("*/meta/argument_specs.yml"):
        specs = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
        found.update(name for spec in specs.values() for name in spec.get("options", {}))
    for path in (ROOT / "roles").glob("*/defaults/main.yml"):
        found.update(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    return found


def count_passing_lines(path: Path) -> int:
    """The lines of a file that give a variable to one of our roles."""
    lines = 0
    for node in walk(read_tree(path)):
        pairs = dict(list_pairs(node))
        called = next((pairs[key] for key in pairs if key.rpartition(".")[2] in CALLS), None)
        name = dict(list_pairs(called)).get("name") if called else pairs.get("role")
        if name is not None and str(name.value).startswith(OURS):
            given = [pairs["vars"]] if called and "vars" in pairs else []
            given += [value for key, value in pairs.items() if not called and key not in ("role", "when", "tags")]
            lines += sum(value.end_mark.line - value.start_mark.line or 1 for value in given)
    return lines


def list_expressions(path: Path) -> Iterator[str]:
    """Each Jinja expression of a file, in one line."""
    for node in walk(read_tree(path)):
        if isinstance(node, yaml.ScalarNode):
            yield from (" ".join(found.split()) for found in EXPRESSION.findall(node.value))
        for key, value in list_pairs(node):
            if key in CONDITIONS:
                items = value.value if isinstance(value, yaml.SequenceNode) else [value]
                yield from (" ".join(str(item.value).split()) for item in items)


def list_internal_names(path: Path) -> set[str]:
    """The names in a file that begin with two underscores."""
    return set(re.findall(r"\b__\w+", path.read_text(encoding="utf-8")))


def measure() -> list[Bar]:
    """Count."""
    files = list_files()
    longest = max((found for path in files for found in list_expressions(path)), key=len)
    internal = sorted(set().union(*map(list_internal_names, files)))
    report("the roles", [f"longest expression: {longest}", f"internal names: {', '.join(internal)}"])
    return [
        Bar("roles: public variables", len(list_public_variables()), 32),
        Bar("roles: lines that pass variables on between our roles", sum(map(count_passing_lines, files)), 0),
        Bar("roles: lines of YAML", sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files), 1100),
        Bar("roles: characters of the longest Jinja expression", len(longest), 120),
        Bar("roles: names that begin with __", len(internal), 20),
    ]


def main() -> None:
    """Count and print."""
    report_bars("bars", measure())


if __name__ == "__main__":
    main()
