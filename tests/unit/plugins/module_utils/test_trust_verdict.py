# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on the trust: proven only where every front end has written to a mailbox and nothing contradicts it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.audit_options import read_context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.trust_text import write_table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.trust_verdict import Verdict, judge_trust
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils.healthy_farm import (
    DESCRIPTION,
    EXCHANGE,
    LYNC,
    SECOND,
    HealthyFarm,
    challenge,
)

PASSED = {"passed": True, "output": ["Test passed."]}
REFUSED = {"passed": False, "error": {"message": "no.", "remedy": "Look."}}
UNREACHED = {"passed": None, "error": {"message": "no way in.", "remedy": "Connect."}}
BOTH = {LYNC: PASSED, SECOND: PASSED}


@pytest.fixture
def farm(certificate: Any, now: dt.datetime) -> HealthyFarm:
    made = HealthyFarm(certificate, now)
    made.of(LYNC)["pools"][0]["front_end"] = True
    return made


def judge(farm: HealthyFarm, tests: dict[str, Any], *, hosts: tuple[str, ...] | None = None) -> Verdict:
    snapshots = [item for host, item in farm.snapshots.items() if hosts is None or host in hosts]
    described = {**DESCRIPTION, "now": farm.now.isoformat()}
    return judge_trust(read_context({"snapshots": snapshots, "description": described}), tests)


@pytest.mark.parametrize(
    ("tests", "proven", "contradicted", "sentence"),
    [
        (BOTH, True, False, "proven"),
        ({}, False, False, "not proven, but nothing contradicts it: the mailbox test was not run"),
        ({LYNC: PASSED}, False, False, "not proven, but nothing contradicts it: the mailbox test was not run"),
        (
            {LYNC: PASSED, SECOND: {"passed": None}},
            False,
            False,
            "not proven, but nothing contradicts it: the mailbox test was not run",
        ),
        ({LYNC: PASSED, SECOND: REFUSED}, False, True, "not proven: a front end cannot write to the mailbox"),
        (
            {LYNC: PASSED, SECOND: UNREACHED},
            False,
            True,
            "not proven: it could not be seen whether a front end writes to a mailbox",
        ),
    ],
)
def test_what_the_mailbox_tests_say(
    farm: HealthyFarm, tests: dict[str, Any], proven: bool, contradicted: bool, sentence: str
) -> None:
    found = judge(farm, tests)
    assert (found.proven, found.contradicted, found.sentence) == (proven, contradicted, sentence)


def fail(host: str, status: int | None) -> Callable[[HealthyFarm], None]:
    return lambda farm: farm.of(host)["metadata"].update(status=status, error="no.", signing_keys=[])


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (fail(EXCHANGE, 500), "an Exchange server does not publish the certificate in use"),
        (fail(SECOND, None), "it could not be seen whether Lync publishes its certificate"),
        (
            lambda farm: farm.of(EXCHANGE).update(metadata=None),
            "it could not be seen whether Exchange publishes its certificate",
        ),
        (
            lambda farm: farm.of(LYNC)["metadata"].update(signing_keys=[]),
            "a Lync server does not publish the certificate in use",
        ),
        (
            lambda farm: farm.of(EXCHANGE).update(challenge=challenge(), partner_applications=[]),
            "no partner application",
        ),
        (lambda farm: farm.of(LYNC).update(partner_applications=[]), "no partner application"),
        (
            lambda farm: farm.of(EXCHANGE).update(challenge=challenge()),
            "an Exchange server does not trust Lync's tokens",
        ),
        (
            lambda farm: farm.of(EXCHANGE)["partner_applications"][1].update(
                signing_certificates=[farm.tls["thumbprint"]]
            ),
            "Exchange does not know the certificate that a front end signs with",
        ),
    ],
)
def test_what_contradicts_a_test_that_passed(
    farm: HealthyFarm, broken: Callable[[HealthyFarm], None], sentence: str
) -> None:
    broken(farm)
    found = judge(farm, BOTH)
    assert (found.proven, found.contradicted, found.sentence) == (False, True, f"not proven: {sentence}")


@pytest.mark.parametrize("hosts", [(), (EXCHANGE,), (LYNC, SECOND)])
def test_what_was_not_read_proves_nothing(farm: HealthyFarm, hosts: tuple[str, ...]) -> None:
    found = judge(farm, BOTH, hosts=hosts)
    assert (found.proven, found.contradicted) == (False, True)


def test_the_table_says_the_same_once_and_fits(farm: HealthyFarm) -> None:
    lines = write_table(judge(farm, {LYNC: PASSED, SECOND: REFUSED}).as_dict())
    assert max(map(len, lines[:-1])) <= 126
    assert lines[0].split() == ["check", "result", "evidence", "remedy"]
    text = "\n".join(lines)
    assert text.count("Lync publishes its certificate") == 1
    assert lines[-1] == "Trust between Exchange and Lync: not proven: a front end cannot write to the mailbox."
