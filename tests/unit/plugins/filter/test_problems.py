# SPDX-License-Identifier: GPL-3.0-or-later
"""Problems: what the roles report is found in registered results by their keys."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.onprem.exchange_lync.plugins.filter.problems import FilterModule

HOST = "fe1.litwareinc.com"
DIRECTORY = {"server": "EX1", "name": "EWS (Default Web Site)", "oauth_authentication": True}
problems = FilterModule().filters()["problems"]


STOPPED = {"commands": ["Get-CsWindowsService -Select 'x'"], "objects": [{"Name": "RTCSRV", "Status": "Stopped"}]}


def found(result: dict[str, t.Any], **question: t.Any) -> list[tuple[str, str]]:
    return [(item["rule"], item["severity"]) for item in problems([result], HOST, **question)]


def test_a_failure_keeps_its_kind_and_message() -> None:
    error = {"kind": "unreachable", "host": HOST, "message": "no answer"}
    message = f"{HOST}: lync management shell: no answer. Check the port."
    failed = {"failed": False, "msg": message, "error": error, "failed_when_result": False}
    assert problems([failed, failed], HOST) == [
        {"rule": "unreachable", "host": HOST, "message": message, "severity": "error"}
    ]


def test_a_failure_is_of_the_host_that_its_error_names() -> None:
    """A delegated task's error names the host that was asked."""
    failed = {"msg": "dc1: no answer.", "error": {"kind": "unreachable", "host": "dc1"}}
    assert problems([failed], HOST) == [
        {"rule": "unreachable", "host": "dc1", "message": "dc1: no answer.", "severity": "error"}
    ]


def test_a_failure_without_a_kind_is_bad_input_and_gets_its_host() -> None:
    [problem] = problems([{"msg": "missing required arguments: name"}], HOST)
    assert (problem["rule"], problem["message"]) == ("bad_input", f"{HOST}: missing required arguments: name")


@pytest.mark.parametrize(
    "result",
    [
        {"skipped": True, "changed": False},
        {"msg": "All items completed", "results": [{"skipped": True}], "changed": False},
        {"commands": ["Get-CsWindowsService"], "objects": [{"Name": "RTCSRV", "Status": "Running"}]},
        {"commands": ["Test-ServiceHealth"], "objects": [{"Role": "Mailbox Server Role", "ServicesNotRunning": []}]},
        {"commands": ["Test-ServiceHealth"], "objects": [{"Role": "Mailbox Server Role", "ServicesNotRunning": None}]},
        {"commands": ["Get-MailboxDatabaseCopyStatus"], "objects": [{"Status": "Mounted"}, "text"]},
        {"front_ends": ["FE1.litwareinc.com"]},
        {"accepted_domains": [{"domain_name": "litwareinc.com", "wildcard": False}]},
        {"virtual_directories": {"autodiscover": [], "web_services": [DIRECTORY]}},
        {"sip_domains": [{"name": "LitwareInc.com", "default": True}]},
        {"lagging": []},
        {"verdict": {"findings": []}},
        {"candidates": None},
        {"candidates": [{"findings": ["one"]}, {"findings": []}]},
        {"expected": {"Exchange servers": ["ex1"]}, "present": ["ex1", "fe1"]},
        {"commands": ["Set-It"], "changed": True},
        {"warnings": ["CN=x: it is old (expires_soon)."]},
    ],
)
def test_what_is_no_problem(result: dict[str, t.Any]) -> None:
    assert found(result, sip_domains=["litwareinc.com"], front_ends=["fe1.litwareinc.com"]) == []


@pytest.mark.parametrize(
    ("result", "rule", "where", "part"),
    [
        (STOPPED, "service_stopped", "lync management shell: Get-CsWindowsService", "RTCSRV"),
        (
            {"commands": ["test-servicehealth -Server 'x'"], "objects": [{"ServicesNotRunning": ["MSExchangeIS"]}]},
            "service_stopped",
            "exchange management shell: Test-ServiceHealth",
            "MSExchangeIS",
        ),
        (
            {"accepted_domains": [{"domain_name": "*.litwareinc.com", "wildcard": True}]},
            "wildcard_accepted_domain",
            "exchange management shell: Get-AcceptedDomain",
            "*.litwareinc.com",
        ),
        (
            {"virtual_directories": {"web_services": [{**DIRECTORY, "oauth_authentication": False}]}},
            "oauth_off",
            "exchange management shell: Get-WebServicesVirtualDirectory",
            "Set-WebServicesVirtualDirectory",
        ),
        (
            {"sip_domains": [{"name": "fabrikam.com"}]},
            "sip_domain_unknown",
            "lync management shell: Get-CsSipDomain",
            "it has fabrikam.com",
        ),
        ({"sip_domains": []}, "sip_domain_unknown", "lync management shell: Get-CsSipDomain", "it has none"),
        (
            {"lagging": ["edge.litwareinc.com"]},
            "replica_behind",
            "lync management shell: Get-CsManagementStoreReplicationStatus",
            "edge.litwareinc.com",
        ),
        (
            {"candidates": [{"thumbprint": "AB", "subject": "CN=x", "findings": [{"rule": "key_size"}]}]},
            "token_issuer_no_candidate",
            "lync management shell: Set-CsCertificate",
            "OAuthTokenIssuer: AB (CN=x): key_size. Request one",
        ),
        (
            {"candidates": []},
            "token_issuer_no_candidate",
            "lync management shell: Set-CsCertificate",
            "none of the 0 certificates",
        ),
        ({"warnings": ["A real run would fail: not offered."]}, "not_writable", "not offered.", ""),
    ],
)
def test_what_a_cmdlet_showed_is_said_as_its_error(result: dict[str, t.Any], rule: str, where: str, part: str) -> None:
    [problem] = problems([result], HOST, sip_domains=["litwareinc.com"])
    assert (problem["rule"], problem["severity"], problem["host"]) == (rule, "error", HOST)
    assert problem["message"].startswith(f"{HOST}: {where}")
    assert part in problem["message"]


@pytest.mark.parametrize(
    ("result", "rule", "part"),
    [
        ({"expected": {"DNS servers": []}, "present": []}, "no_hosts", "there are no DNS servers"),
        ({"expected": {"DNS servers": ["dc1"]}, "present": ["ex1"]}, "host_not_in_play", "dc1"),
    ],
)
def test_hosts_that_are_missing_are_a_problem(result: dict[str, t.Any], rule: str, part: str) -> None:
    [problem] = problems([result], HOST, sip_domains=["litwareinc.com"])
    assert (problem["rule"], problem["severity"]) == (rule, "error")
    assert part in problem["message"]


def test_a_front_end_that_the_inventory_lacks_is_a_warning() -> None:
    deployment = {"front_ends": ["fe1.litwareinc.com", "fe2.litwareinc.com"]}
    [problem] = problems([deployment], HOST, front_ends=["fe1.litwareinc.com"])
    assert (problem["rule"], problem["severity"]) == ("front_end_not_in_inventory", "warning")
    assert problem["message"].startswith(f"{HOST}: lync management shell: Get-CsPool: the Front End Server fe2.")
    assert found(deployment) == []


def test_each_item_of_a_loop_is_looked_at() -> None:
    conflict = {"msg": f"{HOST}: conflict", "error": {"kind": "conflict", "host": HOST}}
    assert found({"msg": "One or more items failed", "results": [conflict, {"skipped": True}]}) == [
        ("conflict", "error")
    ]


def test_findings_keep_their_severity_and_information_is_none() -> None:
    finding = {"host": HOST, "use": "OAuthTokenIssuer", "evidence": "seen", "remedy": "Do it."}
    findings = [
        {**finding, "rule": "expired", "severity": "error"},
        {**finding, "rule": "expires_soon", "severity": "warning"},
        {**finding, "rule": "private_key_unknown", "severity": "info"},
    ]
    verdict = {"verdict": {"findings": findings}, "msg": "failed because of it"}
    assert found(verdict) == [("expired", "error"), ("expires_soon", "warning")]
    told = f"{HOST}: lync management shell: Get-CsCertificate: expired: seen. Do it."
    assert problems([verdict])[0]["message"] == told


def test_what_is_tolerated_is_only_a_warning() -> None:
    assert found(STOPPED, tolerate=["service_stopped"]) == [("service_stopped", "warning")]


def test_what_is_still_to_do_counts_only_when_asked_for() -> None:
    [problem] = problems([{"commands": ["Set-It -Now"]}], HOST, pending=True)
    assert (problem["rule"], problem["message"]) == (
        "differs",
        f"{HOST}: not as it should be; still to do: Set-It -Now",
    )
    assert found({"commands": ["Get-It"], "objects": []}, pending=True) == []  # any cmdlet says what it ran


@pytest.mark.parametrize("results", ["text", {}, [None], None])
def test_what_it_refuses(results: object) -> None:
    with pytest.raises(AnsibleFilterError, match="a list of registered results is wanted"):
        problems(results)
