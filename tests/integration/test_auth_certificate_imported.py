# SPDX-License-Identifier: GPL-3.0-or-later
"""In an imported session, with an Auth certificate that has expired: what a certificate is used for is not known, and none is made."""

from __future__ import annotations

import pytest

from harness import Farm
from test_exchange_auth_certificate import play, task

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("winrm")]


def test_no_certificate_is_made_where_it_is_not_known_what_it_would_displace(farm: Farm) -> None:
    farm.lab("clock", "+101")
    run = play(
        farm,
        task("checked", "", more=", check_mode: true, ignore_errors: true"),
        task("refused", "", more=", ignore_errors: true"),
    )
    assert run.writes == []
    for name in ("checked", "refused"):
        step = run.step(name)
        assert step.result["error"]["kind"] == "conflict"
        assert "does not show which services its internal transport certificate" in step.msg
        assert "ansible_connection=psrp" in step.msg
