# SPDX-License-Identifier: GPL-3.0-or-later
"""Each role's ``meta/argument_specs.yml`` says what its ``defaults/main.yml`` does: the same names, the same values."""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Print each difference; exit 1 if there is one."""
    roles = sorted(path for path in (ROOT / "roles").glob("*") if path.is_dir())
    findings = [f"{role.name}: {finding}" for role in roles for finding in differences(role)]
    print("\n".join(findings))
    print(f"{len(roles)} roles, {len(findings)} differences")
    sys.exit(bool(findings) or not roles)


def differences(role: Path) -> Iterator[str]:
    """Where a role's specification and its defaults disagree."""
    defaults = load(role / "defaults" / "main.yml")
    entry_points = load(role / "meta" / "argument_specs.yml").get("argument_specs", {})
    if ("main" in entry_points) != has_content(role / "tasks" / "main.yml", role / "defaults" / "main.yml"):
        yield "meta/argument_specs.yml has no entry point main, or one for a role without tasks and variables"
    if "main" not in entry_points:
        return
    options: dict[str, dict[str, t.Any]] = entry_points["main"].get("options", {})
    for name in sorted(defaults.keys() - options.keys()):
        yield f"{name} has a default but no specification"
    for name, option in sorted(options.items()):
        if not name.startswith(f"{role.name}_"):
            yield f"{name} does not start with the role's name"
        if name in defaults and option.get("required"):
            yield f"{name} is required and has a default"
        elif name in defaults and "default" in option and option["default"] != defaults[name]:
            yield f"{name} is {option['default']!r} in the specification and {defaults[name]!r} in the defaults"
        elif (name in defaults) != ("default" in option):
            yield f"{name} has a default in only one of the two"


def has_content(*files: Path) -> bool:
    """Whether one of the files is there. A role that only brings handlers has neither tasks nor variables of its own."""
    return any(path.exists() for path in files)


def load(path: Path) -> dict[str, t.Any]:
    """A YAML file's mapping, empty where there is no file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    return content if isinstance(content, dict) else {}


if __name__ == "__main__":
    main()
