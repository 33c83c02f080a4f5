# SPDX-License-Identifier: GPL-3.0-or-later
"""The house style as numbers: sizes, annotations, and what may not stand in a file."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUNCTION_MEDIAN = 12
FUNCTION_MAX = 60
MODULE_CODE_MAX = 80
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
SPDX = "# SPDX-License-Identifier: GPL-3.0-or-later"
PLUGIN_HEADER = f"""\
# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
{SPDX}
"""
# Written in two halves, so that this file does not find itself.
FORBIDDEN = {
    "an unfinished place": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b"),
    "a path of one machine": re.compile(r"/(?:ro" + r"ot|wo" + r"rk|home/[a-z]+)/"),
    "the host of a package registry": re.compile(
        r"(?:pypi\.o" + r"rg|pythonhosted\.o" + r"rg|galaxy\.ansible\.c" + r"om)"
    ),
    "an ignore without a code and a reason": re.compile(
        r"#\s*(?:type:\s*ign"
        + r"ore(?!\[[a-z-]+(?:, ?[a-z-]+)*\]\s+#\s*\w)|no"
        + r"qa(?!: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*\s+[#(-]\s*\w))"
    ),
}
# The licence is not ours to word.
NOT_OURS = {"LICENSE"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    """Print each finding; exit 1 if there is one."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True)
    names = sorted(name for name in answer.stdout.split("\0") if name and (ROOT / name).is_file())
    findings = [finding for name in names if name not in NOT_OURS for finding in file_findings(name)]
    lengths = [length(function) for name in names if name.endswith(".py") for function in functions(ROOT / name)]
    plugins = [length(function) for name in names if is_plugin(name) for function in functions(ROOT / name)]
    for scope, values in (("all", lengths), ("plugins", plugins)):
        median = statistics.median(values) if values else 0
        if median > FUNCTION_MEDIAN:
            findings.append(f"{scope}: the median function has {median} lines, more than {FUNCTION_MEDIAN}")
    print("\n".join(findings))
    print(
        f"{len(names)} files, {len(lengths)} functions, median {statistics.median(lengths):g} lines,"
        f" longest {max(lengths)}; {len(findings)} findings"
    )
    sys.exit(bool(findings))


def is_plugin(name: str) -> bool:
    """Whether a file is Python code of the collection itself."""
    return name.startswith("plugins/") and name.endswith(".py")


def file_findings(name: str) -> Iterator[str]:
    """What is wrong with one file."""
    if re.fullmatch(r"tests/sanity/ignore-.*\.txt", name) and (ROOT / name).read_text(encoding="utf-8").strip():
        yield f"{name}: a sanity test is ignored"
    try:
        text = (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in FORBIDDEN.items():
            if pattern.search(line):
                yield f"{name}:{number}: {what}: {line.strip()[:100]}"
    if name.endswith(".py") and text:
        yield from python_findings(name, text)


def python_findings(name: str, text: str) -> Iterator[str]:
    """What is wrong with one Python file."""
    if is_plugin(name) and not text.removeprefix("#!/usr/bin/python\n").lstrip("\n").startswith(PLUGIN_HEADER):
        yield f"{name}: does not start with the licence header"
    if SPDX not in text:
        yield f"{name}: names no licence"
    for function in functions(ROOT / name):
        where = f"{name}:{function.lineno}: {function.name}"
        if length(function) > FUNCTION_MAX:
            yield f"{where} has {length(function)} lines, more than {FUNCTION_MAX}"
        if not annotated(function):
            yield f"{where} is not annotated in full"
    code = module_code(text)
    if name.startswith("plugins/modules/") and code > MODULE_CODE_MAX:
        yield f"{name}: {code} lines of code beside its documentation, more than {MODULE_CODE_MAX}"


def functions(path: Path) -> list[Function]:
    """Every function and method of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def length(function: Function) -> int:
    """A function's lines, from its def to its end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def annotated(function: Function) -> bool:
    """Whether every argument but self and cls, and what is returned, has a type."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    rest = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    typed = all(argument.annotation for argument in [*named, *rest] if argument.arg not in ("self", "cls"))
    return typed and function.returns is not None


def module_code(text: str) -> int:
    """The lines of a module without its documentation."""
    documentation = sum(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in DOCUMENTATION
    )
    return len(text.splitlines()) - documentation


if __name__ == "__main__":
    main()
