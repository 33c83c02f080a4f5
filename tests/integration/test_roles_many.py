# SPDX-License-Identifier: GPL-3.0-or-later
"""The role certificates on several front ends, of which only one has the certificate that is to be assigned."""

from __future__ import annotations

import pytest

from harness import Farm, Run

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]

FRONT_ENDS = ["sfb-lon-01.corp.contoso.com", "sfb-lon-02.corp.contoso.com", "sfb-nyc-01.corp.contoso.com"]
# Only the first one has a certificate for this domain.
VARIABLES = {
    "certificates_sip_domains": ["litwareinc.com"],
    "certificates_replication_exclude": ["edge-old.contoso.com"],
}
TASKS = """
- name: none
  onprem.exchange_lync.lync_certificate: {use: OAuthTokenIssuer, state: absent}
  run_once: true
- name: everywhere
  onprem.exchange_lync.lync_replication: {wait: true, exclude: [edge-old.contoso.com]}
  run_once: true
- import_role: {name: onprem.exchange_lync.certificates}
  vars: {certificates_oauth_token_issuer_automatic: "false", certificates_tolerate: [token_issuer_unassigned]}
- name: left alone
  ansible.builtin.debug: {var: certificates_changed}
- import_role: {name: onprem.exchange_lync.certificates}
  vars: {certificates_wait_for_replication: "false", certificates_warn_days: "60"}
- name: fact
  ansible.builtin.debug: {var: certificates_changed}
- name: judged
  ansible.builtin.debug: {var: certificates_verdict.summary.error}
"""


@pytest.fixture(scope="module")
def run(farm: Farm) -> Run:
    return farm.play(TASKS, hosts="lync_servers", extra_vars=VARIABLES)


def test_none_is_chosen_where_that_is_not_wanted(run: Run) -> None:
    """As a text, as -e name=false gives it."""
    assert {step.host: step.result["certificates_changed"] for step in run.all("left alone")} == dict.fromkeys(
        FRONT_ENDS, False
    )


def test_the_one_that_assigns_has_to_have_it(run: Run, farm: Farm) -> None:
    assert run.rc == 0, run.output
    assert [entry["cmdlet"] for entry in run.writes] == ["Remove-CsCertificate", "Set-CsCertificate"]
    assert {step.host: step.result["certificates_changed"] for step in run.all("fact")} == dict.fromkeys(
        FRONT_ENDS, True
    )
    state = farm.state()
    assert (
        state["lync"]["store"]["certificates"]["OAuthTokenIssuer"]["thumbprint"]
        == (state["certificates"]["oauth-subject"]["thumbprint"])
    )


def test_without_waiting_nobody_is_asked_for_what_has_not_come_yet(run: Run) -> None:
    """The verdict is that of before the assignment: as it would be after it. "false" is a text here too."""
    wrote = max(index for index, step in enumerate(run.steps) if step.writes)
    assert not [step.task for step in run.steps[wrote + 1 :] if step.journal]
    assert {step.result["certificates_verdict.summary.error"] for step in run.all("judged")} == {0}
