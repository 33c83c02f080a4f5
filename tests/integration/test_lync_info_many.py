# SPDX-License-Identifier: GPL-3.0-or-later
"""lync_info and lync_certificate_info on two pools with three front ends, one of them German."""

from __future__ import annotations

import pytest

from harness import Farm

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("psrp")]


def test_every_front_end_gives_the_same_topology(farm: Farm) -> None:
    run = farm.play(
        "- {name: read, onprem.exchange_lync.lync_info: {gather: [pools, sip_domains]}}", hosts="lync_servers"
    )
    assert run.rc == 0, run.output
    results = [step.result for step in run.all("read")]
    assert len(results) == 3
    for result in results:
        assert result["front_ends"] == [
            "sfb-lon-01.corp.contoso.com", "sfb-lon-02.corp.contoso.com", "sfb-nyc-01.corp.contoso.com",
        ]  # fmt: skip
        assert [domain["name"] for domain in result["sip_domains"]] == ["contoso.com", "fabrikam.com"]


def test_each_front_end_has_its_own_store_and_the_same_token_issuer(farm: Farm) -> None:
    run = farm.play("- {name: read, onprem.exchange_lync.lync_certificate_info: }", hosts="lync_servers")
    assert run.rc == 0, run.output
    steps = run.all("read")
    assert {step.result["host"] for step in steps} == {step.host for step in steps}
    issuers = {
        item["thumbprint"] for step in steps for item in step.result["assigned"] if item["use"] == "OAuthTokenIssuer"
    }
    assert len(issuers) == 1
    assert issuers <= {item["thumbprint"] for item in steps[0].result["store"]}
    assert len({len(step.result["store"]) for step in steps}) > 1
