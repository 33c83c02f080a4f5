# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_cmdlet and lync_cmdlet: any cmdlet, typed, in check mode by its name."""

from __future__ import annotations

import pytest

from harness import Farm

SECRET = 'pfx: "ä" 50% é'


def test_exchange_in_the_rhythm(farm: Farm) -> None:
    run = farm.play(
        """
        - name: checked
          onprem.exchange_lync.exchange_cmdlet: &write
            cmdlet: Set-ClientAccessServer
            parameters:
              Identity: ATL-EXCHANGE-001
              AutoDiscoverServiceInternalUri: {uri: 'https://mail.litwareinc.com/autodiscover/autodiscover.xml'}
          check_mode: true
        - name: before
          onprem.exchange_lync.exchange_cmdlet: &read
            cmdlet: Get-ClientAccessServer
            parameters: {Identity: ATL-EXCHANGE-001}
            select: [Name, AutoDiscoverServiceInternalUri, Identity, WhenChangedUTC]
          check_mode: true
        - name: applied
          onprem.exchange_lync.exchange_cmdlet: *write
        - name: after
          onprem.exchange_lync.exchange_cmdlet: *read
        - name: what if
          onprem.exchange_lync.exchange_cmdlet:
            cmdlet: Set-ClientAccessServer
            parameters: {Identity: ATL-EXCHANGE-001, AutoDiscoverServiceInternalUri: null, WhatIf: true}
        - name: in a process of its own
          onprem.exchange_lync.exchange_cmdlet: *read
          vars: {ansible_exchange_lync_execution: subprocess}
        """,
        hosts="exchange_servers",
    )
    assert run.rc == 0, run.output
    checked, applied = run.step("checked"), run.step("applied")
    assert (checked.changed, checked.writes, checked.result["objects"]) == (True, [], [])
    assert (applied.changed, len(applied.writes)) == (True, 1)
    assert checked.result["commands"] == applied.result["commands"]
    before, after = run.step("before").result["objects"], run.step("after").result["objects"]
    assert (
        before[0]["AutoDiscoverServiceInternalUri"]
        == "https://atl-exchange-001.litwareinc.com/Autodiscover/Autodiscover.xml"
    )
    assert after[0]["AutoDiscoverServiceInternalUri"] == "https://mail.litwareinc.com/autodiscover/autodiscover.xml"
    assert after[0]["WhenChangedUTC"].endswith("Z")
    assert set(after[0]) == {"Name", "AutoDiscoverServiceInternalUri", "Identity", "WhenChangedUTC"}
    assert (run.step("what if").changed, run.step("what if").writes) == (False, [])
    assert run.step("in a process of its own").result["objects"] == after


def test_lync_reads_writes_and_secrets(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(farm.environment, "ANSIBLE_VERBOSITY", "5")
    run = farm.play(
        r"""
        - name: domains
          onprem.exchange_lync.lync_cmdlet:
            cmdlet: Get-CsSipDomain
            select: [Name, IsDefault]
          check_mode: true
        - name: import checked
          onprem.exchange_lync.lync_cmdlet: &import
            cmdlet: Import-CsCertificate
            parameters: {Path: 'C:\Certificates\oauth.pfx', PrivateKeyExportable: true}
            secret_parameters: {Password: {text: "{{ pfx_password }}"}}
          check_mode: true
        - name: import applied
          onprem.exchange_lync.lync_cmdlet: *import
        - name: import in a process of its own
          onprem.exchange_lync.lync_cmdlet: *import
          vars: {ansible_exchange_lync_execution: subprocess}
        """,
        hosts="lync_servers",
        extra_vars={"pfx_password": SECRET},
    )
    assert run.rc == 0, run.output
    assert run.step("domains").result["objects"] == [{"Name": "litwareinc.com", "IsDefault": True}]
    checked, applied = run.step("import checked"), run.step("import applied")
    assert (checked.changed, checked.writes) == (True, [])
    assert [entry["cmdlet"] for entry in applied.writes] == ["Import-CsCertificate"]
    assert len(run.step("import in a process of its own").writes) == 1
    assert applied.result["commands"] == [
        "Import-CsCertificate -Path 'C:\\Certificates\\oauth.pfx' -PrivateKeyExportable:$true -Password ********"
    ]
    shown = str([step.result for step in run.steps]) + run.output
    assert SECRET not in shown
    assert "50%" not in shown
    assert "PrivateKeyExportable" in run.output


def test_mistakes_are_refused_with_the_cmdlet_and_the_remedy(farm: Farm) -> None:
    run = farm.play(
        """
        - name: script
          onprem.exchange_lync.exchange_cmdlet: {cmdlet: 'Get-AuthConfig | Remove-Item', select: [Name]}
          ignore_errors: true
        - name: no cmdlet of that name, checked
          onprem.exchange_lync.exchange_cmdlet: {cmdlet: Set-AuthConfiguration}
          check_mode: true
          ignore_errors: true
        - name: no cmdlet of that name
          onprem.exchange_lync.exchange_cmdlet: {cmdlet: Set-AuthConfiguration}
          ignore_errors: true
        - name: no such parameter
          onprem.exchange_lync.exchange_cmdlet:
            cmdlet: Set-ClientAccessServer
            parameters: {Identity: ATL-EXCHANGE-001, AutodiscoverUri: x}
          ignore_errors: true
        - name: no such object
          onprem.exchange_lync.exchange_cmdlet:
            cmdlet: Get-ClientAccessServer
            parameters: {Identity: ATL-EXCHANGE-009}
            select: [Name]
          ignore_errors: true
        """,
        hosts="exchange_servers",
    )
    kinds = {step.task: step.result["error"]["kind"] for step in run.steps}
    assert kinds == {
        "script": "bad_input",
        "no cmdlet of that name, checked": "not_offered",
        "no cmdlet of that name": "not_offered",
        "no such parameter": "not_offered",
        "no such object": "not_found",
    }
    for step in run.steps[1:]:
        assert "atl-exchange-001.litwareinc.com: exchange management shell: " in step.msg
        assert step.result["error"]["remedy"] in step.msg
    assert run.writes == []


CONTROLLER = "domain_controller: atl-dc-001.litwareinc.com"


def test_a_domain_controller_is_named_to_cmdlets_that_take_one(farm: Farm) -> None:
    task = f"- {{name: read, onprem.exchange_lync.exchange_cmdlet: {{cmdlet: Get-AuthConfig, select: [Name], {CONTROLLER}}}}}"
    step = farm.play(task, hosts="exchange_servers").step("read")
    assert step.result["commands"] == ["Get-AuthConfig -DomainController 'atl-dc-001.litwareinc.com'"]
    assert len(step.result["objects"]) == 1


def test_a_cmdlet_that_takes_no_domain_controller_runs_without(farm: Farm) -> None:
    """It refuses the parameter before it does anything."""
    if farm.engine:
        pytest.skip("the engine's endpoint offers no cmdlet without the parameter")
    counting = f"cmdlet: Measure-Object, parameters: {{InputObject: one}}, select: [Count], {CONTROLLER}"
    step = farm.play(
        f"- {{name: count, onprem.exchange_lync.exchange_cmdlet: {{{counting}}}}}", hosts="exchange_servers"
    ).step("count")
    assert (step.result["commands"], step.result["objects"]) == (["Measure-Object -InputObject 'one'"], [{"Count": 1}])
    assert "so it is run without" in step.result["warnings"][0]


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_text_of_a_server_is_never_a_template(farm: Farm, execution: str) -> None:
    run = farm.play(
        """
        - name: somebody else has written it
          onprem.exchange_lync.lync_cmdlet:
            cmdlet: Set-CsOAuthConfiguration
            parameters: {Realm: !unsafe '{{ 7 * 7 }}{% raw %}'}
        - name: read
          onprem.exchange_lync.lync_cmdlet: {cmdlet: Get-CsOAuthConfiguration, select: [Realm]}
          register: there
        - name: shown
          ansible.builtin.debug: {msg: "{{ there.objects[0].Realm }}"}
        """,
        hosts="lync_servers",
        execution=execution,
    )
    assert run.rc == 0, run.output
    assert run.step("shown").result["msg"] == "{{ 7 * 7 }}{% raw %}"
