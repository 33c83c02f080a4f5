# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_client_access on three servers of two versions: one is right, one has setup's URI, one has none."""

from __future__ import annotations

import pytest

from harness import Farm

pytestmark = pytest.mark.scenario("contoso")

ONE = "exchange_servers[0]"
RIGHT = "https://autodiscover.contoso.com/autodiscover/autodiscover.xml"


def written(step: object) -> list[str]:
    """The identities that were written."""
    return [entry["parameters"]["Identity"] for entry in step.writes]  # type: ignore[attr-defined] # a harness.Step


def test_some_then_blank_ones_then_all(farm: Farm) -> None:
    run = farm.play(
        f"""
        - name: nothing to do
          onprem.exchange_lync.exchange_client_access:
            servers: [ex-lon-01]
            autodiscover_service_internal_uri: {RIGHT.upper()}
        - name: checked
          onprem.exchange_lync.exchange_client_access: &all
            autodiscover_service_internal_uri: {RIGHT}
          check_mode: true
        - name: blank only
          onprem.exchange_lync.exchange_client_access:
            autodiscover_service_internal_uri: {RIGHT}
            only_blank: true
        - name: all
          onprem.exchange_lync.exchange_client_access: *all
        - name: again
          onprem.exchange_lync.exchange_client_access: *all
        - name: again, in a process of its own
          onprem.exchange_lync.exchange_client_access: *all
          vars: {{ansible_exchange_lync_execution: subprocess}}
        """,
        hosts=ONE,
    )
    assert run.rc == 0, run.output
    assert not run.step("nothing to do").changed
    checked = run.step("checked")
    assert (checked.changed, checked.writes) == (True, [])
    assert [command.split()[2] for command in checked.result["commands"]] == ["'EX-LON-02'", "'EX-NYC-01'"]
    assert written(run.step("blank only")) == ["EX-NYC-01"]
    assert written(run.step("all")) == ["EX-LON-02"]
    reads = [cmdlet for cmdlet in run.step("again").cmdlets if cmdlet.startswith("Get-Ex") or "ClientAccess" in cmdlet]
    assert reads == ["Get-ExchangeServer", "Get-ClientAccessService"]
    for name in ("again", "again, in a process of its own"):
        step = run.step(name)
        assert (step.changed, step.writes) == (False, [])
        assert {state["autodiscover_service_internal_uri"] for state in step.result["client_access"].values()} == {
            RIGHT
        }
