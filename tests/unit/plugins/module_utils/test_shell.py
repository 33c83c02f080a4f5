# SPDX-License-Identifier: GPL-3.0-or-later
"""A management shell whose helper process ends: reads are asked again, writes never are."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply, Shell

ENDED = ShellError("session_lost", "the helper gave no answer.")


class Helpers:
    """Gives one helper after the other, each of which does what is said of it."""

    def __init__(self, *fates: ShellError | None) -> None:
        self.fates = list(fates)
        self.asked = 0

    def __call__(self) -> Helpers:
        return self

    def invoke(self, request: str, *, write: bool) -> str:
        return self._answer(json.dumps(Reply(("there",)).encoded()))

    def offered(self, request: str) -> str:
        return self._answer(json.dumps({"names": ["Get-CsThing"]}))

    def _answer(self, answer: str) -> str:
        self.asked += 1
        if fate := self.fates.pop(0):
            raise fate
        return answer


Ask = Callable[[Shell], bool]


def reads(shell: Shell) -> bool:
    return shell.read(Cmdlet("Get-CsThing")).objects == ("there",)


def asks(shell: Shell) -> bool:
    return shell.offered("Get-CsThing") == {"Get-CsThing"}


def writes(shell: Shell) -> bool:
    return shell.write(Cmdlet("Set-CsThing")).objects == ("there",)


def of(helpers: Helpers) -> Shell:
    return Shell("lync", helpers, lambda _message: None)


@pytest.mark.parametrize("ask", [reads, asks])
def test_a_question_is_put_once_more_to_another_helper(ask: Ask) -> None:
    helpers = Helpers(ENDED, None)
    assert ask(of(helpers))
    assert helpers.asked == 2


@pytest.mark.parametrize(
    ("ask", "fates", "asked"),
    [
        (reads, [ENDED, ENDED, None], 2),
        (asks, [ENDED, ENDED, None], 2),
        (reads, [ShellError("unknown_outcome", "?"), None], 1),
        (writes, [ENDED, None], 1),
    ],
)
def test_not_twice_and_not_after_anything_else_and_not_a_write(
    ask: Ask, fates: list[ShellError | None], asked: int
) -> None:
    helpers = Helpers(*fates)
    with pytest.raises(ShellError):
        ask(of(helpers))
    assert helpers.asked == asked
