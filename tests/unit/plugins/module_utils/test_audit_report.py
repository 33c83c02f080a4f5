# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads of an audit."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.report_text import LOOK_CLOSER, write_report
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils.healthy_farm import (
    LYNC,
    SECOND,
    HealthyFarm,
)

STOPPED = [{"name": "RTCSRV", "status": "Stopped"}, {"name": "RTCRGS", "status": "Stopped"}]
ERRORS = ("error",)


@pytest.fixture
def farm(certificate: Any, now: Any) -> HealthyFarm:
    return HealthyFarm(certificate, now)


def test_nothing_to_say(farm: HealthyFarm) -> None:
    assert write_report(farm.audit("before"), fatal=ERRORS) == [
        "No problems found.",
        "Nothing to change: the farm is as described.",
        "Days left: Exchange Auth 700, OAuthTokenIssuer 700.",
    ]


def test_each_problem_once_errors_first_with_its_remedy_and_three_ways_on(farm: HealthyFarm) -> None:
    for host in (LYNC, SECOND):
        farm.of(host)["windows_services"] = STOPPED
    lines = write_report(farm.audit("before"), fatal=ERRORS)
    assert lines[0] == "2 problems on 2 servers (1 error, 1 warning). Nothing was written."
    assert lines[1:3] == ["Errors:", f"  [lync_service_stopped] the service RTCSRV is stopped: {LYNC}, {SECOND}"]
    assert lines[3].startswith(" " * 6)
    assert [line.strip() for line in lines if line.startswith("  ") and line[2].isdigit()] == [
        "1. Fix what a line says, and run again.",
        "2. Accept a finding: add its id, or id@server, to farm_tolerate. What it holds back is then left as it is.",
        "3. Leave a server out that takes no part: add it to farm_leave_out.",
    ]
    assert lines[-1] == LOOK_CLOSER
    assert "".join(lines).count("RTCSRV") == 1


def test_a_remedy_that_follows_for_two_problems_is_said_once(farm: HealthyFarm) -> None:
    farm.of(LYNC)["windows_services"] = [{"name": name, "status": "Stopped"} for name in ("RTCSRV", "W3SVC")]
    lines = write_report(farm.audit("before"), fatal=ERRORS)
    assert [line for line in lines if "Start-CsWindowsService" in line] == [lines[4]]


def test_a_warning_ends_a_run_where_it_shall(farm: HealthyFarm) -> None:
    farm.of(LYNC)["windows_services"] = STOPPED[1:]
    audit = farm.audit("before")
    assert write_report(audit, fatal=ERRORS)[0] == "1 problem on 1 server (1 warning). None of them ends the run."
    assert (
        write_report(audit, fatal=("error", "warning"))[0] == "1 problem on 1 server (1 warning). Nothing was written."
    )


def test_what_will_change_and_what_has_changed(farm: HealthyFarm) -> None:
    right = farm.audit("after")
    for configuration in (farm.of(LYNC)["oauth_configuration"], farm.of(SECOND)["local_oauth_configuration"]):
        configuration["exchange_autodiscover_url"] = None
    before = farm.audit("before")
    change = (
        "  oauth: exchange_autodiscover_url: none -> https://autodiscover.litware.example/autodiscover/autodiscover.svc"
    )
    assert write_report(before, fatal=ERRORS)[1:3] == ["To change (1):", change]
    assert write_report(right, fatal=ERRORS, before=before)[1:3] == ["Changed (1):", change]
    assert write_report(farm.audit("after"), fatal=ERRORS, before=before)[0].endswith("The farm is not as described.")


def test_text_of_a_server_cannot_act_on_the_terminal(farm: HealthyFarm) -> None:
    farm.of(LYNC)["windows_services"] = [{"name": "RTC\x1b[2JSRV\u202e\n", "status": "Stopped"}]
    text = "\n".join(write_report(farm.audit("before"), fatal=ERRORS))
    assert "RTC\\u001b[2JSRV\\u202e\\u000a" in text
