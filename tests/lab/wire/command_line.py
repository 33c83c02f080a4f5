# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines as Windows reads them: cmd.exe's operators and variables, and CommandLineToArgvW's arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_PIECES = re.compile(
    r"""(?P<quoted>"[^"]*"?) | \^(?P<escaped>.) | (?P<operator>&&|\|\||&|\|)
        | (?P<redirection>(?:(?<![^\s])\d)?>>?(?:&\d|\s*(?:"[^"]*"|[^\s"&|<>]+)))
        | (?P<plain>[^"^&|<>]) | (?P<other>.)""",
    re.VERBOSE,
)
_REDIRECTION = re.compile(r"(?P<stream>\d?)(?P<append>>>?)\s*(?P<target>.*)")
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


@dataclass(frozen=True)
class Redirection:
    """Where a stream goes: to another stream, or to a file."""

    stream: int
    target: str
    appends: bool = False


@dataclass
class Statement:
    """A command of a line with the operator before it: nothing, ``&``, ``&&``, ``||`` or ``|``."""

    operator: str = ""
    text: str = ""
    redirections: list[Redirection] = field(default_factory=list)


def statements(line: str) -> list[Statement]:
    """The commands of a line, by the rules of ``cmd /?`` and ``help cmd``: quotes and carets take the meaning of what they protect.

    A command's text goes on up to the operator, blanks included: ``echo hi && x`` writes a blank after hi.
    """
    found = [Statement()]
    for match in _PIECES.finditer(line):
        kind, text = str(match.lastgroup), match.group(match.lastgroup or 0)
        if kind == "operator":
            found.append(Statement(text))
        elif kind == "redirection":
            found[-1].redirections.append(_redirection(text))
        else:
            found[-1].text += text
    for statement in found:
        statement.text = statement.text.lstrip()
    return [statement for statement in found if statement.text.strip()]


def _redirection(text: str) -> Redirection:
    match = _REDIRECTION.match(text)
    assert match is not None  # its expression is part of the one that found it
    return Redirection(int(match["stream"] or 1), match["target"].strip('"'), match["append"] == ">>")


def unquoted(rest: str) -> str:
    """What ``cmd /c`` runs of the text after it.

    By ``cmd /?``: a first quote is taken off together with the last one on the line, unless there are just two quotes, blanks and
    nothing special between them, and they hold the name of a program.
    """
    rest = rest.lstrip()
    if not rest.startswith('"'):
        return rest  # with the blanks at its end, which echo writes
    rest = rest.rstrip()
    inside = rest[1 : rest.rfind('"')]
    special = set('&<>()@^|"') & set(inside)
    if (
        rest.count('"') == 2
        and not special
        and " " in inside
        and inside.lower().endswith((".exe", ".cmd", ".bat", ".com"))
    ):
        return rest
    before, _quote, after = rest[1:].rpartition('"')
    return before + after if '"' in rest[1:] else rest[1:]
