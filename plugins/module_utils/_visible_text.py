# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

r"""Text from a server, made safe for a terminal, a log or a report.

A control character can move the cursor, colour the screen or set its title; a format character can turn the reading direction round,
so that a line shows something other than it says (CVE-2021-42574). Both are shown as escapes, such as ``\u001b``.
"""

from __future__ import annotations

import typing as t
import unicodedata

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode's general categories: control, format, surrogate, private use, line and paragraph separator."""
_JOINERS = frozenset("\u200c\u200d")
"""Format characters that spell words in Persian, in Indic languages and in emoji, and change nothing around them."""
LONGEST_LINE = 600


def escape(text: str, keep: str = "") -> str:
    """``text`` with escapes in place of control and format characters, those in ``keep`` excepted."""
    if text.isprintable():
        return text
    return "".join(_escape_one(character, keep) for character in text)


def escape_line(text: str, secrets: t.Iterable[str] = (), mask: str = "") -> str:
    """A server's message on one line, secrets masked, control characters escaped, and of bounded length."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, mask)
    text = escape(" ".join(text.split()))
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"


def escape_result(value: t.Any) -> t.Any:
    """A result with every text in it escaped, at any depth; line ends and tabs stay, since a result is printed as JSON or YAML."""
    if isinstance(value, str):
        return value if value.isprintable() else escape(value, keep="\r\n\t")
    if isinstance(value, dict):
        return {escape_result(key): escape_result(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [escape_result(item) for item in value]
    return value


def _escape_one(character: str, keep: str) -> str:
    if character in keep or character in _JOINERS or unicodedata.category(character) not in _ESCAPED:
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
