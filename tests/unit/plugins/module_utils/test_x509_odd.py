# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that strict parsers refuse, in whole or in part, are described as far as they can be read."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils.odd_certificates import (
    ODD_CERTIFICATES,
    ORDINARY,
)


@pytest.mark.parametrize("name", ODD_CERTIFICATES)
def test_an_odd_certificate_loses_no_other_part(name: str) -> None:
    odd = ODD_CERTIFICATES[name]
    facts: dict[str, t.Any] = {**describe(odd.make())}
    assert {key: facts[key] for key in ORDINARY} == {**ORDINARY, **odd.facts}
    assert [problem.split(":")[0] for problem in facts["problems"]] == list(odd.problems)
    json.dumps(facts, ensure_ascii=False).encode()
