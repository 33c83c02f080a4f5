# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_client_access on an organisation with a history: 2010, an Edge server, URIs that differ by site, hybrid, two domain controllers.

ex16 has the described URI, ex19 in Redmond setup's, Dublin's a chosen one. Dublin's server asks a domain controller of its own.
"""

from __future__ import annotations

import pytest

from harness import Farm, Run
from refusals import clear, failed

pytestmark = [pytest.mark.scenario("messy"), pytest.mark.connections("documented")]
by_each_carrier = pytest.mark.connections("psrp", "winrm")

EX16, EX19, DUBLIN, EX10, EDGE = (
    f"{name}.corp.woodgrove.net" for name in ("ex16-red-01", "ex19-red-01", "ex19-dub-01", "ex10-red-01", "edge-ex-01")
)
RIGHT = "https://autodiscover.woodgrovebank.com/autodiscover/autodiscover.xml"
CHOSEN = "https://autodiscover-eu.woodgrovebank.com/autodiscover/autodiscover.xml"
REDMOND_DC, DUBLIN_DC = "dc-red-01.corp.woodgrove.net", "dc-dub-01.corp.woodgrove.net"
READ = "{cmdlet: Get-ClientAccessService, select: [Name, AutoDiscoverServiceInternalUri, AutoDiscoverSiteScope]}"


def uris(run: Run, task: str) -> dict[str, str | None]:
    """The URIs that a task has read, by server."""
    return {found["Name"]: found["AutoDiscoverServiceInternalUri"] for found in run.step(task).result["objects"]}


def play(farm: Farm, *tasks: str, hosts: str = EX16) -> Run:
    """Tasks of the module, each a name, options and keywords; what is there is read before and after them."""
    lines = [f"- {{name: before, onprem.exchange_lync.exchange_cmdlet: {READ}}}"]
    lines += [f"- {task}" for task in tasks]
    lines += [f"- {{name: after, onprem.exchange_lync.exchange_cmdlet: {READ}}}"]
    return farm.play("\n".join(lines), hosts=hosts)


def task(name: str, options: str = "", more: str = "") -> str:
    uri = f"autodiscover_service_internal_uri: '{RIGHT}'{', ' if options else ''}{options}"
    return f"{{name: {name}, onprem.exchange_lync.exchange_client_access: {{{uri}}}{', ' if more else ''}{more}}}"


def test_a_uri_that_somebody_chose_stops_the_task_in_check_mode_too(farm: Farm) -> None:
    run = play(farm, task("checked", more="check_mode: true, ignore_errors: true"), task("refused"))
    failed(run)
    for name in ("checked", "refused"):
        step = run.step(name)
        assert step.result["error"]["kind"] == "conflict"
        said = f"{DUBLIN}: its Autodiscover URI is {CHOSEN}, which setup did not write, so somebody chose it"
        clear(
            step.msg,
            host=EX16,
            shell="exchange",
            cmdlet="Set-ClientAccessService",
            said=said,
            remedy="Nothing was written.",
        )
        assert not any(host in step.msg for host in (EX19, EX10, EDGE))


def test_what_somebody_chose_is_kept_and_the_rest_is_set_in_the_rhythm(farm: Farm) -> None:
    options = "on_conflict: keep"
    run = play(farm, task("checked", options, "check_mode: true"), task("applied", options), task("again", options))
    assert run.rc == 0, run.output
    checked, applied, again = (run.step(name) for name in ("checked", "applied", "again"))
    assert (checked.changed, checked.writes) == (True, [])
    assert [entry["parameters"]["Identity"] for entry in applied.writes] == ["EX19-RED-01"]
    assert (again.changed, again.writes) == (False, [])
    for key in ("client_access", "commands", "diff", "warnings"):
        assert checked.result[key] == applied.result[key]
    assert f"Left as it is: {DUBLIN}: its Autodiscover URI is {CHOSEN}" in again.result["warnings"][0]
    before, after = uris(run, "before"), uris(run, "after")
    assert {name for name in before if before[name] != after[name]} == {"EX19-RED-01"}
    assert set(applied.result["client_access"]) == {EX16, EX19, DUBLIN}


def test_a_server_is_left_alone_where_it_is_excluded_and_replaced_on_the_users_word(farm: Farm) -> None:
    run = play(farm, task("excluded", f"exclude: [{DUBLIN}]"), task("replaced", "on_conflict: replace"))
    assert run.rc == 0, run.output
    assert (run.step("excluded").changed, run.step("excluded").result["client_access"].keys()) == (False, {EX16, EX19})
    assert [entry["parameters"]["Identity"] for entry in run.step("replaced").writes] == ["EX19-DUB-01"]
    before, after = uris(run, "before"), uris(run, "after")
    assert before["EX10-RED-01"] == after["EX10-RED-01"]
    assert after["EX19-DUB-01"] == RIGHT


def test_a_blank_one_is_not_filled_in_a_hybrid_organisation_without_the_users_word(farm: Farm) -> None:
    clearing = f"{{servers: [{EX19}], autodiscover_service_internal_uri: '', on_conflict: replace}}"
    run = play(
        farm,
        f"{{name: cleared, onprem.exchange_lync.exchange_client_access: {clearing}}}",
        task("blank only", "only_blank: true", "ignore_errors: true"),
        task("kept", "on_conflict: keep"),
        task("filled", "only_blank: true, on_conflict: replace"),
    )
    assert run.rc == 0, run.output
    refused = run.step("blank only")
    assert (refused.result["error"]["kind"], refused.writes) == ("conflict", [])
    assert f"{EX19}: its Autodiscover URI is blank, and the organisation is hybrid" in refused.msg
    assert "Get-HybridConfiguration" in refused.cmdlets
    assert (run.step("kept").changed, run.step("kept").writes) == (False, [])
    assert run.step("filled").changed
    assert uris(run, "after")["EX19-RED-01"] == RIGHT


def test_a_server_of_2010_is_set_only_where_it_is_named_and_an_edge_server_never(farm: Farm) -> None:
    run = play(
        farm,
        task("edge", f"servers: [{EDGE}]", "ignore_errors: true"),
        task("old", f"servers: [{EX10}]", "check_mode: true"),
    )
    assert "is an Edge Transport server, which no other server manages" in run.step("edge").msg
    assert [command.split()[2] for command in run.step("old").result["commands"]] == ["'EX10-RED-01'"]


@by_each_carrier
def test_a_write_goes_where_it_was_read_and_the_other_domain_controller_learns_of_it_later(farm: Farm) -> None:
    """Dublin's server asks dc-dub-01. Whoever names dc-red-01 reads and writes there, and is not misled by the other one."""
    fields = "autodiscover_site_scope: [Dublin, {0}], servers: [ex19-dub-01]"
    step = "{{name: {name}, onprem.exchange_lync.exchange_client_access: {{{fields}{more}}}}}"
    named = f", domain_controller: {REDMOND_DC}"
    tasks = [
        step.format(name="own", fields=fields.format("Cork"), more=""),
        step.format(name="own again", fields=fields.format("Cork"), more=""),
        step.format(name="named", fields=fields.format("Cork, Galway"), more=f"{named}, on_conflict: replace"),
        step.format(name="named again", fields=fields.format("Cork, Galway"), more=named),
    ]
    run = farm.play("\n".join(f"- {line}" for line in tasks), hosts=DUBLIN)
    assert run.rc == 0, run.output
    for name, controller in (("own", DUBLIN_DC), ("named", REDMOND_DC)):
        [write] = run.step(name).writes
        assert write["parameters"]["DomainController"] == controller
        assert run.step(name).result["commands"][0].endswith(f"-DomainController '{controller}'")
        assert (run.step(f"{name} again").changed, run.step(f"{name} again").writes) == (False, [])
    reads = [entry for entry in run.step("named").journal if entry["event"] == "cmdlet" and entry["kind"] == "read"]
    assert {entry["parameters"].get("DomainController") for entry in reads} == {REDMOND_DC}


def test_a_domain_controller_that_does_not_exist(farm: Farm) -> None:
    run = play(farm, task("nowhere", "domain_controller: dc-nowhere-01.corp.woodgrove.net"))
    failed(run)
    step = run.step("nowhere")
    assert (step.result["error"]["cmdlet"], step.failed) == ("Get-ExchangeServer", True)
