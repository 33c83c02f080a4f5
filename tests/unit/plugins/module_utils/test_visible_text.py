# SPDX-License-Identifier: GPL-3.0-or-later
"""Server text in a terminal, a log and a report: what controls it is shown, what spells words stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, carry_out
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import (
    escape,
    escape_line,
    escape_result,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ä ß \u0130 \U0001f600", "plain ä ß \u0130 \U0001f600"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("\x9b31mred", "\\u009b31mred"),  # CSI as one character (ECMA-48)
        ("\x7f", "\\u007f"),
        ("cod\u202egnp.exe", "cod\\u202egnp.exe"),
        ("a\u2066b\u2069", "a\\u2066b\\u2069"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("a\u2028b\ud800", "a\\u2028b\\ud800"),
        ("\U000e0041tag", "\\U000e0041tag"),
        (
            "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
    ],
)
def test_control_and_format_characters_are_shown(text: str, shown: str) -> None:
    assert escape(text) == shown
    assert escape_line(text) == shown.replace("\\u2028", " ")  # a line end, like any other
    assert escape_result({"key": [text]}) == {"key": [shown]}


def test_a_message_is_one_masked_line_of_bounded_length() -> None:
    assert escape_line("a\r\n  b\tpw pw2", ["pw", "pw2"], "***") == "a b *** ***"
    assert len(escape_line("x" * 10_000)) == 600
    assert escape_line("\x1bpw", ["pw"], "***") == "\\u001b***"


def test_values_keep_their_lines() -> None:
    assert escape_result({"text": "two\r\nlines\t\x1b", "n": 1, "none": None}) == {
        "text": "two\r\nlines\t\\u001b",
        "n": 1,
        "none": None,
    }


def call() -> Call:
    return Call({}, check_mode=False, helper=lambda: None)  # type: ignore[arg-type, return-value]  # nothing is asked


def test_no_result_of_a_module_holds_them() -> None:
    """Its values, its diff, its warnings and its error: core's callbacks print C1 characters as they are."""

    def succeed(asked: Call) -> dict[str, Any]:
        asked.warn("said \x9b31m")
        return {
            "thing": {"name": "\x1b]0;owned\x07"},
            "diff": {"before": "\u202e", "after": "\x9b"},
            "commands": ["Set \x1b"],
        }

    def fail(_asked: Call) -> dict[str, Any]:
        raise ShellError("failed", "no \x1b[2J", cmdlet="Get-\u202eThing")

    for run in (succeed, fail):
        text = json.dumps(carry_out(run, call()), ensure_ascii=False)
        assert text.isprintable(), text
