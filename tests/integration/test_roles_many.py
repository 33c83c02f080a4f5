# SPDX-License-Identifier: GPL-3.0-or-later
"""The role certificates on several front ends, where nobody waits for the Central Management Store to be replicated."""

from __future__ import annotations

import pytest

from harness import Farm, Run

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]

TASKS = """
- name: none
  onprem.exchange_lync.lync_certificate: {use: OAuthTokenIssuer, state: absent}
  delegate_to: sfb-lon-01.corp.contoso.com
  run_once: true
- name: everywhere
  onprem.exchange_lync.lync_replication: {wait: true, exclude: [edge-old.contoso.com]}
  delegate_to: sfb-lon-01.corp.contoso.com
  run_once: true
- import_role: {name: onprem.exchange_lync.certificates}
  vars: {farm_replication_timeout: "0", farm_tolerate: "certificate_missing,replica_behind"}
- name: assigned
  ansible.builtin.debug: {msg: "{{ certificates_result.changed }}"}
"""


@pytest.fixture(scope="module")
def run(farm: Farm) -> Run:
    return farm.play(TASKS, hosts="all")


def test_it_is_assigned_from_its_file_without_waiting(run: Run, farm: Farm) -> None:
    assert run.rc == 0, run.output
    assert [entry["cmdlet"] for entry in run.writes] == [
        "Remove-CsCertificate",
        "Import-CsCertificate",
    ]
    assert {step.msg for step in run.all("assigned")} == {"True"}
    state = farm.state()
    assigned = state["lync"]["store"]["certificates"]["OAuthTokenIssuer"]["thumbprint"]
    assert assigned == state["certificates"]["oauth-pfx"]["thumbprint"]
    assert not [step.task for step in run.steps if "replication" in step.task.lower()]
