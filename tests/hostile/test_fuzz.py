# SPDX-License-Identifier: GPL-3.0-or-later
"""A short run of fuzz.py by a fresh seed; conftest.py chooses and shows it."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

import fuzz
from decoders import Certificates, Clixml, Decoder, HttpHeads, Soap

SEED = int(os.environ["EXCHANGE_LYNC_FUZZ_SEED"])


@pytest.mark.parametrize(("make", "count"), [(Clixml, 400), (Soap, 600), (HttpHeads, 600), (Certificates, 2000)])
def test_wrong_input_is_decoded_or_refused(make: Callable[[], Decoder], count: int) -> None:
    """With no other exception, no error that nobody has thought of, and in time."""
    outcome = fuzz.run(make(), SEED, range(count))
    assert not outcome.findings, f"seed {SEED}:\n" + "\n".join(outcome.findings[:5])


@pytest.mark.parametrize("make", [Clixml, Soap, HttpHeads, Certificates])
def test_the_inputs_reach_the_decoder(make: Callable[[], Decoder]) -> None:
    """Some are refused and some are decoded, or all would be stopped at the door; certificates are always described."""
    decoder = make()
    outcome = fuzz.run(decoder, SEED, range(100))
    assert outcome.ends["decoded"] >= 3, f"seed {SEED}: {outcome}"
    assert len(outcome.ends) > 1 or decoder.name == "certificates", f"seed {SEED}: {outcome}"


def test_a_number_makes_the_same_input_again() -> None:
    assert fuzz.make(Soap(), 7, 3) == fuzz.make(Soap(), 7, 3)
    assert fuzz.make(Soap(), 7, 3) != fuzz.make(Soap(), 7, 4)
