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


def test_a_certificate_that_lacks_a_further_sip_domain_is_refused(farm: Farm) -> None:
    run = farm.play(
        """
        - name: store
          onprem.exchange_lync.lync_certificate_info:
          register: found
        - name: lacking
          onprem.exchange_lync.lync_certificate:
            use: OAuthTokenIssuer
            thumbprint: "{{ found.store | selectattr('friendly_name', 'equalto', 'OAuth of two years ago') | map(attribute='thumbprint')
              | first }}"
            effective_date: "{{ '%Y-%m-%dT%H:%M:%SZ' | strftime(now(utc=true).timestamp() + 86400, utc=true) }}"
          ignore_errors: true
        - name: carrying both
          onprem.exchange_lync.lync_certificate:
            use: OAuthTokenIssuer
            thumbprint: "{{ found.store | selectattr('friendly_name', 'equalto', 'OAuthTokenIssuer') | map(attribute='thumbprint')
              | first }}"
        """,
        hosts="sfb-lon-01.corp.contoso.com",
    )
    lacking = run.step("lacking")
    assert (lacking.failed, lacking.writes) == (True, [])
    assert "fabrikam.com" in lacking.msg
    assert run.step("carrying both").changed
