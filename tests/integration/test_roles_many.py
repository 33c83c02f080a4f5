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


LAGGING = "sfb-nyc-01.corp.contoso.com"
WAIT = "Wait until every Lync host has the certificate"


def test_a_host_of_which_it_is_not_seen_that_it_has_the_certificate_fails(farm: Farm) -> None:
    """Its store cannot be read, which is found before too; what was assigned then is not known to be there."""
    farm.lab("fault", "cmdlet_fails", "--value", "Get-ChildItem", "--host", LAGGING)
    given = {
        "farm_fail_on": "never",
        "farm_oauth_token_issuer_path": None,
        "farm_oauth_token_issuer_password": None,
        "farm_oauth_token_issuer_thumbprint": farm.state()["certificates"]["oauth-good"]["thumbprint"],
    }
    run = farm.play("- import_role: {name: onprem.exchange_lync.certificates}", hosts="all", extra_vars=given)
    farm.lab("fault", "cmdlet_fails", "--host", LAGGING, "--off")
    assert [entry["cmdlet"] for entry in run.writes] == ["Set-CsCertificate"]
    waited = {step.host: step for step in run.steps if step.task.endswith(WAIT) and "token_issuer" in str(step.result)}
    failed = [step.host for step in run.steps if step.task.endswith(WAIT) and step.failed]
    assert (run.rc, failed, len(waited)) == (2, [LAGGING], 2), run.output


def test_what_else_cannot_be_read_ends_no_wait(farm: Farm) -> None:
    farm.lab("fault", "cmdlet_fails", "--value", "Get-CsWindowsService", "--host", LAGGING)
    options = f"{{products: [lync], await_token_issuer: {'A' * 40}, timeout: 6}}"
    step = farm.play(f"- {{name: read, onprem.exchange_lync.farm_info: {options}}}", hosts=LAGGING).step("read")
    farm.lab("fault", "cmdlet_fails", "--host", LAGGING, "--off")
    assert [entry["what"] for entry in step.result["snapshot"]["unread"]] == ["lync.windows_services"]
    assert step.cmdlets.count("Get-ChildItem") >= 2
