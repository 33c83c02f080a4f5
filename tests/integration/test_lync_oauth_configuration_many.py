# SPDX-License-Identifier: GPL-3.0-or-later
"""lync_oauth_configuration on two pools, where Lync has the URL for Outlook."""

from __future__ import annotations

import pytest

from harness import Farm

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]

RIGHT = "https://autodiscover.contoso.com/autodiscover/autodiscover.svc"


def test_a_url_that_is_no_use_to_lync_is_corrected_and_domains_are_added_without_a_word(farm: Farm) -> None:
    options = f"{{exchange_autodiscover_url: '{RIGHT}', exchange_autodiscover_allowed_domains: ['*.contoso.com', '*.fabrikam.com']}}"
    run = farm.play(
        f"""
        - {{name: checked, onprem.exchange_lync.lync_oauth_configuration: &asked {options}, check_mode: true}}
        - {{name: applied, onprem.exchange_lync.lync_oauth_configuration: *asked}}
        - {{name: again, onprem.exchange_lync.lync_oauth_configuration: *asked}}
        - name: fewer
          onprem.exchange_lync.lync_oauth_configuration: {{exchange_autodiscover_allowed_domains: ['*.contoso.com']}}
          ignore_errors: true
        """,
        hosts="sfb-nyc-01.corp.contoso.com",
    )
    assert run.rc == 0, run.output
    checked, applied, again, fewer = (run.step(name) for name in ("checked", "applied", "again", "fewer"))
    assert (checked.changed, checked.writes) == (True, [])
    assert checked.result["commands"] == applied.result["commands"]
    assert checked.result["diff"]["before"]["exchange_autodiscover_url"] == RIGHT.replace(".svc", ".xml")
    assert (again.changed, again.writes) == (False, [])
    assert (fewer.result["error"]["kind"], fewer.writes) == ("conflict", [])
    assert "exchange_autodiscover_allowed_domains is *.contoso.com, *.fabrikam.com" in fewer.msg
