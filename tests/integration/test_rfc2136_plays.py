# SPDX-License-Identifier: GPL-3.0-or-later
"""provider=rfc2136 in playbooks: no session on any host, no secret in any output, and a farm without a Windows DNS server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import Farm, Run
from integrating import CHECK, Watched, integrate, problems, reports
from name_server import TARGET, answers, describe_server, make_option

pytestmark = pytest.mark.connections("documented")

AUTODISCOVER = "autodiscover.litwareinc.com"
ALL = "exchange_servers:lync_servers"
CHANGES = [
    "Publish the Autodiscover names",
    "Assign the OAuthTokenIssuer certificate",
    "Set the Autodiscover URI of the Client Access servers",
    "Set Lync's OAuth configuration",
    "Make Lync a partner application of Exchange",
    "Make Exchange a partner application of Lync",
]
CMDLETS = [
    "Set-CsCertificate",
    "Set-ClientAccessServer",
    "Set-CsOAuthConfiguration",
    "New-MailUser",
    "Set-MailUser",
    "New-ManagementRoleAssignment",
    "New-PartnerApplication",
    "New-CsPartnerApplication",
]
SEEN = "-vvv"


def keep_secret(farm: Farm, run: Run) -> None:
    """See that the key is in no output, at the verbosity at which arguments are shown."""
    secret = describe_server(farm)["tsig"]["secret"]
    assert secret not in run.output
    assert secret not in json.dumps([step.result for step in run.steps])


def describe(farm: Farm, **more: Any) -> dict[str, Any]:
    """The variables of a farm whose DNS server is not Windows."""
    return {"farm_dns_provider": "rfc2136", "farm_dns_server": make_option(farm, **more)}


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_a_task_on_the_controller(farm: Farm, execution: str) -> None:
    name = f"{execution}.litwareinc.com"
    asked = {"name": name, "type": "CNAME", "value": [TARGET], "provider": "rfc2136", "server": make_option(farm)}
    record = {"onprem.exchange_lync.dns_record": asked}
    tasks = [
        {"name": "checked", "check_mode": True, "diff": True, **record},
        {"name": "applied", **record},
        {"name": "again", **record},
        {
            "name": "read",
            "onprem.exchange_lync.dns_info": {**{key: asked[key] for key in ("provider", "server")}, "names": [name]},
        },
    ]
    seen = len(farm.journal())
    run = farm.play(json.dumps(tasks), hosts="localhost", execution=execution, arguments=[SEEN])
    assert run.rc == 0, run.output
    assert [run.step(task).changed for task in ("checked", "applied", "again")] == [True, True, False]
    assert run.step("applied").result["commands"] == run.step("checked").result["commands"]
    assert run.step("read").result["names"][0]["resolution"]["chain"] == [TARGET]
    assert answers(farm, name, "CNAME") == [f"CNAME {TARGET}. 3600"]
    assert len(farm.journal()) == seen
    keep_secret(farm, run)


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_a_refusal_is_about_the_dns_server_and_not_the_host(farm: Farm, execution: str) -> None:
    """The host of the task is not unreachable, whatever the DNS server says."""
    asked = {"name": AUTODISCOVER, "type": "CNAME", "value": [TARGET], "provider": "rfc2136"}
    servers = {"unknown key": make_option(farm, key_name="unknown"), "nobody": make_option(farm, port=9)}
    tasks = [
        {"name": name, "onprem.exchange_lync.dns_record": {**asked, "server": server}, "ignore_errors": True}
        for name, server in servers.items()
    ]
    run = farm.play(json.dumps(tasks), hosts="lync_servers", execution=execution, arguments=[SEEN])
    assert (run.rc, run.writes) == (0, []), run.output
    steps = [run.step(name) for name in servers]
    assert [step.outcome for step in steps] == ["failed", "failed"]
    assert [step.result["error"]["kind"] for step in steps] == ["authentication", "unreachable"]
    said = "127.0.0.1: DNS QUERY: the server does not know the key unknown (hmac-sha256) (BADKEY)."
    assert steps[0].msg.startswith(said)
    assert not [step for step in steps if step.asked]
    keep_secret(farm, run)


def run_three(farm: Farm) -> tuple[Watched, Watched, Watched]:
    """The playbook without the farm's Windows DNS server: check mode, for real, and again."""
    limit, variables = ("--limit", "!dns_servers", SEEN), describe(farm)
    return (
        integrate(farm, *CHECK, *limit, extra_vars=variables),
        integrate(farm, *limit, extra_vars=variables),
        integrate(farm, *limit, extra_vars=variables),
    )


def test_a_farm_without_a_windows_dns_server(farm: Farm) -> None:
    checked, applied, again = run_three(farm)
    for watched in (checked, applied, again):
        assert watched.run.rc == 0, watched.run.output
        assert {entry["cmdlet"] for entry in watched.writes} <= set(CMDLETS)
        keep_secret(farm, watched.run)
    assert ([task for task, _host in checked.changed], checked.writes) == (CHANGES, [])
    assert [task for task, _host in applied.changed] == CHANGES
    assert (again.changed, again.writes) == ([], [])
    assert answers(farm, AUTODISCOVER, "CNAME") == [f"CNAME {TARGET}. 3600"]
    assert not [entry for entry in farm.journal() if "DnsServer" in str(entry.get("cmdlet"))]
    lines = [line.strip() for line in reports(checked.run)[0]]
    assert [line for line in lines if AUTODISCOVER in line and TARGET in line]


def play_role(farm: Farm, **variables: Any) -> Run:
    """The role dns alone, on the controller."""
    tasks = "- import_role: {name: onprem.exchange_lync.dns}"
    needed = {"farm_sip_domains": ["litwareinc.com"], "farm_exchange_fqdn": TARGET}
    return farm.play(tasks, hosts="localhost", arguments=[SEEN], extra_vars={**needed, **variables})


def test_the_role_alone_on_the_controller(farm: Farm) -> None:
    record = {"name": "alone.litwareinc.com", "value": [TARGET], "ttl": 60}
    runs = [play_role(farm, **describe(farm), farm_dns_records=[record]) for _turn in range(2)]
    for run in runs:
        assert (run.rc, {step.host for step in run.steps}) == (0, {"localhost"}), run.output
        keep_secret(farm, run)
    assert [bool([step for step in run.steps if step.changed]) for run in runs] == [True, False]
    assert answers(farm, "alone.litwareinc.com", "CNAME") == [f"CNAME {TARGET}. 60"]


def test_a_dns_server_that_cannot_be_read_is_a_problem_of_its_own(farm: Farm) -> None:
    """Named as what it is, not as a problem of the host that asked."""
    run = play_role(farm, **describe(farm, key_name="unknown"))
    assert run.rc == 2
    (problem,) = problems(reports(run)[0])
    assert problem.startswith(
        "[host_not_read] dns.names could not be read: DNS QUERY: the server does not know the key unknown"
    )
    assert problem.endswith(": 127.0.0.1")
    keep_secret(farm, run)


def test_a_zone_that_the_server_does_not_have(farm: Farm) -> None:
    run = play_role(farm, **describe(farm), farm_dns_records=[{"name": "autodiscover.contoso.com", "value": [TARGET]}])
    assert run.rc == 2
    assert problems(reports(run)[0]) == [
        "[dns_zone_missing] it has no zone that autodiscover.contoso.com belongs to: 127.0.0.1"
    ]


def test_a_description_without_a_server(farm: Farm) -> None:
    run = play_role(farm, farm_dns_provider="rfc2136")
    assert run.rc == 2
    assert "farm_dns_server is required: give the address of the DNS server, and a key." in run.output
