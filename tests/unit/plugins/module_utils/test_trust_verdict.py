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
    OF_LYNC,
    SECOND,
    HealthyFarm,
    challenge,
    directory,
    server,
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


def judge(
    farm: HealthyFarm, tests: dict[str, Any], *, hosts: tuple[str, ...] | None = None, **description: Any
) -> Verdict:
    snapshots = [item for host, item in farm.snapshots.items() if hosts is None or host in hosts]
    described = {**DESCRIPTION, "now": farm.now.isoformat(), **description}
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


def publish_nothing(farm: HealthyFarm) -> None:
    farm.of(EXCHANGE)["metadata"]["signing_keys"] = []


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


@pytest.mark.parametrize("narrowed", ["", f"@{EXCHANGE}", f"@{SECOND}"])
def test_what_is_tolerated_is_not_proven_and_does_not_end_a_run(farm: HealthyFarm, narrowed: str) -> None:
    fail(EXCHANGE, 500)(farm)
    found = judge(farm, BOTH, tolerate=[f"certificate_missing{narrowed}"])
    assert (found.proven, found.contradicted) == (False, narrowed == f"@{SECOND}")
    assert [check.evidence for check in found.checks if check.tolerated] == ["no. (tolerated)"] * (
        not found.contradicted
    )


def switch_oauth_off(farm: HealthyFarm) -> None:
    farm.of(EXCHANGE)["virtual_directories"]["autodiscover"] = [directory(EXCHANGE, oauth=False)]
    farm.of(EXCHANGE)["challenge"] = challenge(trusted_issuers=None)


def disable_in_exchange(farm: HealthyFarm) -> None:
    farm.of(EXCHANGE)["partner_applications"][1]["enabled"] = False
    farm.of(EXCHANGE)["challenge"] = challenge()


def disable_in_lync(farm: HealthyFarm) -> None:
    farm.of(LYNC)["partner_applications"][0]["enabled"] = False


def lose_auth_certificate(farm: HealthyFarm) -> None:
    fail(EXCHANGE, 500)(farm)
    farm.of(EXCHANGE)["certificates"][0]["certificates"] = [farm.tls]


def forget_key(farm: HealthyFarm) -> None:
    farm.of(EXCHANGE)["partner_applications"][1]["signing_certificates"] = [farm.tls["thumbprint"]]


@pytest.mark.parametrize(
    ("broken", "rule", "things"),
    [
        (switch_oauth_off, "oauth_off", ["autodiscover", EXCHANGE]),
        (disable_in_exchange, "partner_application_disabled", ["exchange.enabled", "Exchange"]),
        (disable_in_lync, "partner_application_disabled", ["lync.enabled", "Lync"]),
        (lose_auth_certificate, "certificate_missing", ["THUMBPRINT", EXCHANGE]),
        (publish_nothing, "metadata_stale", ["THUMBPRINT", EXCHANGE]),
        (forget_key, "partner_keys_stale", ["exchange.signing_certificates", "Exchange"]),
    ],
)
def test_a_narrowed_decision_holds_in_the_audit_and_in_the_verdict(
    farm: HealthyFarm, broken: Callable[[HealthyFarm], None], rule: str, things: list[str]
) -> None:
    """By each of the two names that the audit's finding has, and by no other."""
    broken(farm)
    used = farm.auth["thumbprint"]
    for thing, accepted in (*((f"@{thing}", True) for thing in things), ("", True), ("@elsewhere", False)):
        word = [f"{rule}{thing.replace('THUMBPRINT', used)}"]
        audit = farm.audit("after", tolerate=word, fail_on="warning")
        ended = {item["rule"] for item in audit["findings"] if item["severity"] != "info" and not item["tolerated"]}
        assert (not ended, not judge(farm, BOTH, tolerate=word).contradicted) == (accepted, accepted), (word, ended)


def test_who_accepts_a_disabled_application_has_not_accepted_that_there_is_none_for_this_lync(
    farm: HealthyFarm,
) -> None:
    """The disabled one is of another deployment, and partner_application_disabled does not find it."""
    disable_in_exchange(farm)
    farm.of(EXCHANGE)["partner_applications"][1].update(realm="other.example", url="https://other.example/metadata")
    word = ["partner_application_disabled"]
    assert judge(farm, BOTH, tolerate=word).contradicted
    found = farm.audit("after", tolerate=word)["findings"]
    assert not any(item["tolerated"] for item in found)


@pytest.mark.parametrize("hosts", [(), (EXCHANGE,), (LYNC, SECOND)])
def test_what_was_not_read_proves_nothing(farm: HealthyFarm, hosts: tuple[str, ...]) -> None:
    found = judge(farm, BOTH, hosts=hosts)
    assert (found.proven, found.contradicted) == (False, True)


ANOTHER = "ex2.litware.example"


def test_a_front_end_that_nobody_looked_at(farm: HealthyFarm) -> None:
    found = judge(farm, {LYNC: PASSED}, hosts=(EXCHANGE, LYNC))
    assert found.sentence == "not proven: it could not be seen whether a front end writes to a mailbox"
    (row,) = (check for check in found.checks if check.result != "passed")
    assert (row.host, row.result, "no host of the inventory" in row.evidence) == (SECOND, "not seen", True)
    assert judge(farm, {LYNC: PASSED}, hosts=(EXCHANGE, LYNC), leave_out=[f"{SECOND.upper()}."]).proven
    farm.of(LYNC)["pools"] = None
    assert not judge(farm, BOTH).proven


def test_an_exchange_server_that_nobody_looked_at(farm: HealthyFarm) -> None:
    farm.of(EXCHANGE)["servers"].extend([server(ANOTHER), server("old.litware.example", "14.3.513.0")])
    found = judge(farm, BOTH)
    assert found.sentence == "not proven: it could not be seen whether Exchange publishes its certificate"
    assert [check.host for check in found.checks if check.result != "passed"] == [ANOTHER]
    assert judge(farm, BOTH, leave_out=["EX2"]).proven
    farm.of(EXCHANGE)["servers"] = None
    assert not judge(farm, BOTH).proven


@pytest.mark.parametrize("issuers", [[], None, ["00000004-0000-0ff1-ce00-000000000000@other.example"]])
def test_a_realm_that_was_not_read_is_trusted_by_nobody(farm: HealthyFarm, issuers: list[str] | None) -> None:
    farm.of(LYNC)["oauth_configuration"] = None
    farm.of(EXCHANGE)["challenge"]["trusted_issuers"] = issuers
    found = judge(farm, BOTH)
    assert found.sentence == "not proven: it could not be seen whether Exchange trusts Lync's tokens"
    assert [(check.evidence, check.result) for check in found.checks if check.result != "passed"] == [
        ("Lync's realm was not read", "not seen")
    ]


@pytest.mark.parametrize("default", ["xn--mnchen-3ya.example", "münchen.example"])
@pytest.mark.parametrize("trusted", ["xn--mnchen-3ya.example", "MÜNCHEN.example"])
def test_a_realm_is_the_same_in_either_spelling_of_its_domain(farm: HealthyFarm, default: str, trusted: str) -> None:
    farm.of(LYNC)["sip_domains"] = [{"name": default, "default": True}]
    farm.of(EXCHANGE)["challenge"]["trusted_issuers"] = [f"{OF_LYNC}@{trusted}"]
    assert judge(farm, BOTH, sip_domains=[default]).proven
    farm.of(EXCHANGE)["challenge"]["trusted_issuers"] = [f"{OF_LYNC}@other.example"]
    rows = judge(farm, BOTH, sip_domains=[default]).checks
    assert any(f"Lync names itself {OF_LYNC}@{default}" in check.evidence for check in rows)  # as it was read


@pytest.mark.parametrize(
    ("status", "remedy"), [(None, "Allow the controller to reach"), (503, "was reached"), (200, "was reached")]
)
def test_what_answered_was_reached(farm: HealthyFarm, status: int | None, remedy: str) -> None:
    fail(SECOND, status)(farm)
    farm.of(EXCHANGE)["challenge"].update(status=status, error="no.")
    told = [check.remedy for check in judge(farm, BOTH).checks if check.result == "not seen"]
    assert [remedy in text for text in told] == [True, True]


def test_the_table_says_the_same_once_and_fits(farm: HealthyFarm) -> None:
    lines = write_table(judge(farm, {LYNC: PASSED, SECOND: REFUSED}).as_dict())
    assert max(map(len, lines[:-1])) <= 126
    assert lines[0].split() == ["check", "result", "evidence", "remedy"]
    text = "\n".join(lines)
    assert text.count("Lync publishes its certificate") == 1
    assert lines[-1] == "Trust between Exchange and Lync: not proven: a front end cannot write to the mailbox."
