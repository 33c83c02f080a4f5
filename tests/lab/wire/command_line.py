# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines as Windows reads them: cmd.exe's operators and variables, and CommandLineToArgvW's arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping

_OPERATORS = re.compile(r'"[^"]*"?|>&\d|(?P<operator>&&|\|\||&)|[^"&|>]+|[|>]')
_TO_STDERR = re.compile(r"(?:(?<=\s)1)?>&2\s*")
_VARIABLE = re.compile(r"%([^%]+)%")
_BACKSLASHES = re.compile(r'(\\*)("?)')


def arguments(line: str) -> list[str]:
    """The arguments of a command line: quotes group, 2n backslashes before a quote are n, 2n+1 are n and the quote."""
    found: list[str] = []
    current: str | None = None
    quoted = False
    position = 0
    while position < len(line):
        match = _BACKSLASHES.match(line, position)
        assert match is not None  # the expression matches the empty string, too
        slashes, quote = match.groups()
        if quote:
            current = (current or "") + slashes[: len(slashes) // 2]
            if len(slashes) % 2:
                current += '"'
            else:
                quoted = not quoted
        elif slashes:
            current = (current or "") + slashes
        elif line[position] in " \t" and not quoted:
            if current is not None:
                found.append(current)
            current = None
        else:
            current = (current or "") + line[position]
        position = max(match.end(), position + 1)
    return [*found, current] if current is not None else found


def expanded(line: str, environment: Mapping[str, str]) -> str:
    """The line with its %VARIABLES%; unknown ones stay as they are, as in cmd.exe."""
    folded = {name.upper(): value for name, value in environment.items()}
    return _VARIABLE.sub(lambda match: folded.get(match.group(1).upper(), match.group(0)), line)


def statements(line: str) -> list[tuple[str, str]]:
    """The commands of a line, each with the operator before it: "", "&", "&&" or "||"."""
    found = [("", "")]
    for match in _OPERATORS.finditer(line):
        operator = match.group("operator")
        if operator:
            found.append((operator, ""))
        else:
            found[-1] = (found[-1][0], found[-1][1] + match.group(0))
    return [(operator, text.strip()) for operator, text in found if text.strip()]


def redirection(text: str) -> tuple[str, bool]:
    """The command without ``>&2``, and whether it was there."""
    plain, found = _TO_STDERR.subn(" ", text)
    return plain.strip() if found else text, bool(found)
