# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault that holds an answer back strikes at the call of its number."""

from __future__ import annotations

import pytest

from farm.errors import LabError
from farm.faults import Fault, Faults


def test_it_counts_the_calls() -> None:
    faults = Faults()
    assert not faults.count_down("hold_answer", "a")
    faults.switch_on(Fault("hold_answer", "a", "2"))
    assert [faults.count_down("hold_answer", name) for name in ("a", "b", "a", "a")] == [False, False, True, True]
    faults.switch_off("hold_answer", "a")
    assert not faults.count_down("hold_answer", "a")
    faults.switch_on(Fault("hold_answer"))
    assert faults.count_down("hold_answer", "b")


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_it_wants_a_number(value: str) -> None:
    with pytest.raises(LabError, match="wants a number"):
        Fault("hold_answer", value=value).check()
