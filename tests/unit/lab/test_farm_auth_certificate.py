# SPDX-License-Identifier: GPL-3.0-or-later
"""Set-AuthConfig: staging, publishing and replacing the certificate that signs tokens, and what it asks about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psrpcore.types import PSDateTime

from farm.scenario import load
from farm_bench import Answer, Bench
from scenario_changes import bench_with

HOSTS = ["ex-lon-01.corp.contoso.com"]
NEW = {
    "name": "auth-new",
    "subject": "CN=Microsoft Exchange Server Auth Certificate",
    "issuer": "self",
    "hosts": HOSTS,
}
PROMPT = "InvalidOperation,Microsoft.Exchange.Management.SystemConfigurationTasks.SetAuthConfig"


@pytest.fixture
def lab() -> Bench:
    scenario = load("contoso")
    certificates = [NEW, {**NEW, "name": "auth-other"}]
    known = [
        {"name": each.name, "subject": each.subject, "hosts": each.hosts, "issuer": each.issuer}
        for each in scenario.certificates
    ]
    return bench_with("contoso", certificates=[*known, *certificates])


def thumbprint(lab: Bench, name: str) -> str:
    return lab.farm.certificates[name].thumbprint


def in_hours(hours: float) -> PSDateTime:
    then = datetime.now(UTC) + timedelta(hours=hours)
    return PSDateTime(then.year, then.month, then.day, then.hour, then.minute, then.second, tzinfo=UTC)


def stage(lab: Bench, hours: float, name: str = "auth-new", **more: Any) -> Answer:
    given: dict[str, Any] = {
        "NewCertificateThumbprint": thumbprint(lab, name),
        "NewCertificateEffectiveDate": in_hours(hours),
    }
    return lab("Set-AuthConfig", **given, Confirm=False, **more)


def config(lab: Bench) -> tuple[str, str, str]:
    found = lab("Get-AuthConfig").one
    return (
        str(found.CurrentCertificateThumbprint),
        str(found.PreviousCertificateThumbprint),
        str(found.NextCertificateThumbprint),
    )


def test_two_days_ahead_it_is_staged_without_a_question(lab: Bench) -> None:
    old, new = thumbprint(lab, "exchange-auth"), thumbprint(lab, "auth-new")
    assert stage(lab, 49).failed is None
    assert config(lab) == (old, "", new)
    assert lab("Get-AuthConfig").one.NextCertificateEffectiveDate > datetime.now(UTC)
    # the other server of the site has it now, the one in New York does not
    assert lab.farm.machine("ex-lon-02").store.get(new) is not None
    assert lab.farm.machine("ex-nyc-01").store.get(new) is None


def test_sooner_it_asks_and_force_answers(lab: Bench) -> None:
    assert stage(lab, 47).error_id == PROMPT
    assert config(lab)[2] == ""
    assert stage(lab, 47, WhatIf=True).failed is None
    assert config(lab)[2] == ""
    assert stage(lab, 47, Force=True).failed is None
    assert config(lab)[2] == thumbprint(lab, "auth-new")


def test_another_one_that_is_staged_is_asked_about(lab: Bench) -> None:
    stage(lab, 60)
    assert stage(lab, 60).failed is None
    assert stage(lab, 60, "auth-other").error_id == PROMPT
    assert stage(lab, 60, "auth-other", Force=True).failed is None
    assert config(lab)[2] == thumbprint(lab, "auth-other")


def test_publishing_waits_for_the_date_unless_it_is_forced(lab: Bench) -> None:
    old, new = thumbprint(lab, "exchange-auth"), thumbprint(lab, "auth-new")
    nothing = lab("Set-AuthConfig", PublishCertificate=True)
    assert nothing.failed is not None and nothing.failed["category"] == "InvalidArgument"
    stage(lab, 60)
    assert lab("Set-AuthConfig", PublishCertificate=True, Confirm=False).error_id == PROMPT
    lab.farm.clock.move(3)
    assert lab("Set-AuthConfig", PublishCertificate=True, Confirm=False).failed is None
    assert config(lab) == (new, old, "")
    lab("Set-AuthConfig", ClearPreviousCertificate=True)
    assert config(lab) == (new, "", "")


def test_replacing_at_once_asks(lab: Bench) -> None:
    old, new = thumbprint(lab, "exchange-auth"), thumbprint(lab, "auth-new")
    assert lab("Set-AuthConfig", CertificateThumbprint=new, Confirm=False).error_id == PROMPT
    assert lab("Set-AuthConfig", CertificateThumbprint=new, Force=True).failed is None
    assert config(lab) == (new, old, "")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"NewCertificateThumbprint": "0" * 40, "NewCertificateEffectiveDate": in_hours(60)}, "LocalizedException"),
        ({"NewCertificateThumbprint": "0" * 40}, "TaskException"),
        ({"NewCertificateEffectiveDate": in_hours(60)}, "TaskException"),
        ({"ServiceName": ""}, "TaskException"),
    ],
)
def test_what_it_refuses(lab: Bench, given: dict[str, Any], reason: str) -> None:
    answer = lab("Set-AuthConfig", **given, Force=True)
    assert answer.failed is not None and answer.failed["reason"] == reason


def test_a_date_that_is_past(lab: Bench) -> None:
    assert stage(lab, -1, Force=True).failed is not None


def test_the_settings(lab: Bench) -> None:
    assert lab("Set-AuthConfig", Realm="contoso.com").failed is None
    assert lab("Get-AuthConfig").one.Realm == "contoso.com"
