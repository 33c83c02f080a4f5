# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the writes of a task came, by the error that ended them."""

from __future__ import annotations

import json

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Steps

FIRST, SECOND = Cmdlet("Set-First"), Cmdlet("Set-Second")


class Refusing:
    """A helper that answers each write with an error of one kind."""

    def __init__(self, kind: str) -> None:
        self._error = ShellError(kind, "it went wrong.")

    def invoke(self, request: str, *, write: bool) -> str:
        assert request and write
        return json.dumps({"error": self._error.details()})

    def offered(self, request: str) -> str:
        raise AssertionError(request)


@pytest.mark.parametrize(
    ("kind", "unknown", "not_run"),
    [
        ("unknown_outcome", ["Set-First"], ["Set-Second"]),
        ("not_sent", [], ["Set-First", "Set-Second"]),
        ("session_lost", [], ["Set-First", "Set-Second"]),
        ("access_denied", [], ["Set-First", "Set-Second"]),
    ],
)
def test_only_what_may_have_run_is_unknown_and_counts_as_a_change(
    kind: str, unknown: list[str], not_run: list[str]
) -> None:
    steps = Steps(Shell("lync", lambda: Refusing(kind), print))
    with pytest.raises(ShellError) as caught:
        steps.run([FIRST, SECOND])
    assert caught.value.result == {
        "changed": bool(unknown),
        "commands": [],
        "commands_unknown": unknown,
        "commands_not_run": not_run,
    }
    assert [str(step) for step in steps.sent] == unknown
