# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors say host, shell, cmdlet and what to do, wherever they arise."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import REMEDIES, ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell

NOWHERE = ShellError("unreachable", "nothing listens.")


class Answering:
    """A helper that answers everything with an error that knows no place."""

    def invoke(self, request: str, *, write: bool) -> str:
        return json.dumps({"error": NOWHERE.details()})

    def offered(self, request: str) -> str:
        return json.dumps({"error": NOWHERE.details()})


def unstarted() -> Any:
    """A helper that cannot be started."""
    raise NOWHERE


def test_the_text_says_where_what_and_what_to_do() -> None:
    error = ShellError("not_found", "no such thing.", host="fe1", shell="lync", cmdlet="Get-CsThing")
    assert str(error) == f"fe1: lync management shell: Get-CsThing: no such thing. {REMEDIES['not_found']}"
    assert str(ShellError("failed", " it failed. ", cmdlet="Set-It")) == "Set-It: it failed."
    assert str(ShellError("failed", "it failed.", host="fe1", remedy="Do it.")) == "fe1: it failed. Do it."


def test_what_an_error_knows_itself_is_kept() -> None:
    with pytest.raises(ShellError) as caught, located(shell="lync", cmdlet="Set-CsThing"):
        raise ShellError("failed", "no.", cmdlet="Get-CsThing", result={"commands": []})
    assert (caught.value.shell, caught.value.cmdlet) == ("lync", "Get-CsThing")
    assert caught.value.result == {"commands": []}


@pytest.mark.parametrize("helper", [Answering, unstarted])
@pytest.mark.parametrize(
    ("ask", "cmdlet"),
    [
        (lambda shell: shell.offered("Get-CsThing"), "Get-Command"),
        (lambda shell: shell.first_offered("Get-CsThing"), "Get-Command"),
        (lambda shell: shell.read(Cmdlet("Get-CsThing"), Cmdlet("Select-Object")), "Get-CsThing"),
        (lambda shell: shell.write(Cmdlet("Set-CsThing")), "Set-CsThing"),
    ],
)
def test_a_shell_that_cannot_be_asked_says_what_was_to_be_asked(
    helper: Callable[[], Any], ask: Callable[[Shell], object], cmdlet: str
) -> None:
    with pytest.raises(ShellError) as caught:
        ask(Shell("lync", helper, lambda _message: None))
    assert str(caught.value) == f"lync management shell: {cmdlet}: nothing listens. {REMEDIES['unreachable']}"
