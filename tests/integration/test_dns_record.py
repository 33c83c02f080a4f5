# SPDX-License-Identifier: GPL-3.0-or-later
"""dns_record on the documented example, seen through the DNS server's own port as clients see it."""

from __future__ import annotations

from harness import Farm, Run
from name_server import HOST, TARGET, answers, register
from refusals import clear, failed, refused

NAME = "autodiscover.litwareinc.com"


def ok(run: Run) -> Run:
    assert run.rc == 0, run.output
    return run


def rhythm(farm: Farm, options: str, kind: str, name: str = NAME) -> tuple[list[str], list[str], list[str]]:
    """Check, apply, apply again; what clients are answered before and after, and the writing cmdlets."""
    task = "- {{name: {0}, onprem.exchange_lync.dns_record: {1}{2}}}\n"
    tasks = task.format("checked", options, ", check_mode: true") + "".join(
        task.format(name, options, "") for name in ("applied", "again")
    )
    before = answers(farm, name, kind)
    run = ok(farm.play(tasks, hosts="dns_servers"))
    checked, applied, again = (run.step(name) for name in ("checked", "applied", "again"))
    assert (checked.changed, checked.writes) == (True, [])
    assert applied.changed
    assert [applied.result[key] for key in ("commands", "diff")] == [
        checked.result[key] for key in ("commands", "diff")
    ]
    assert (again.changed, again.writes) == (False, [])
    assert again.result["record"] == applied.result["record"]
    assert again.cmdlets == ["Get-DnsServerZone", "Get-DnsServerResourceRecord"]
    return (
        before,
        answers(farm, name, kind),
        [entry["cmdlet"].removesuffix("DnsServerResourceRecord") for entry in applied.writes],
    )


def test_the_documented_record(farm: Farm) -> None:
    before, after, writes = rhythm(
        farm, f"{{zone: litwareinc.com, name: autodiscover, type: CNAME, value: {TARGET}, ttl: 600}}", "CNAME"
    )
    assert (before, after) == ([], [f"CNAME {TARGET}. 600"])
    assert writes == ["Add-DnsServerResourceRecordCName"]


def test_spelling_does_not_matter(farm: Farm) -> None:
    options = f"{{name: AutoDiscover.LITWAREINC.com., type: CNAME, value: {TARGET.upper()}.}}"
    run = ok(farm.play(f"- {{name: step, onprem.exchange_lync.dns_record: {options}}}", hosts="dns_servers"))
    assert (run.step("step").changed, run.writes) == (False, [])


REFUSED = (
    (
        {"name": "autodiscover.contoso.com", "zone": "litwareinc.com", "type": "A", "value": ["192.0.2.10"]},
        "Add-DnsServerResourceRecordA",
        "autodiscover.contoso.com lies outside the zone litwareinc.com",
        "Correct the task",
    ),
    (
        {"name": "autodiscover", "zone": "contoso.com", "type": "A", "value": ["192.0.2.10"]},
        "Get-DnsServerZone",
        "no zone contoso.com; it has litwareinc.com",
        "Correct zone or name, create the zone, or run the task on the DNS server that has it.",
    ),
    (
        {"name": "autodiscover.contoso.com", "type": "A", "value": ["192.0.2.10"]},
        "Get-DnsServerZone",
        "no zone that autodiscover.contoso.com belongs to; it has litwareinc.com",
        "Correct zone or name, create the zone, or run the task on the DNS server that has it.",
    ),
    (
        {"name": NAME, "type": "A", "value": ["192.0.2.10"]},
        "Add-DnsServerResourceRecordA",
        f"already has CNAME {TARGET}",
        "Set on_conflict to replace",
    ),
    (
        {"name": "sip.litwareinc.com", "type": "CNAME", "value": [TARGET]},
        "Add-DnsServerResourceRecordCName",
        "already has A 192.0.2.20",
        "Set on_conflict to replace",
    ),
    (
        {"name": "@", "zone": "litwareinc.com", "type": "CNAME", "value": [TARGET]},
        "Add-DnsServerResourceRecordCName",
        "litwareinc.com is the zone itself, which cannot have a CNAME; give it an A record",
        "Correct the task",
    ),
    (
        {"name": "sip.litwareinc.com", "type": "A", "state": "absent", "value": []},
        "Remove-DnsServerResourceRecord",
        "value: is empty. If it comes from a variable, check that the variable has a value. "
        "To remove all records of the type, leave value out.",
        "Correct the task",
    ),
    (
        {"name": "sip.litwareinc.com", "type": "A", "state": "absent", "value": ""},
        "Remove-DnsServerResourceRecord",
        "value: is empty.",
        "Correct the task",
    ),
    (
        {"name": "sip", "zone": "", "type": "A", "state": "absent"},
        "Remove-DnsServerResourceRecord",
        "zone: is empty.",
        "Correct the task",
    ),
)
"""The options, the cmdlet that is named, and parts of what is wrong and of what to do."""


def test_what_cannot_be_meant_is_refused(farm: Farm) -> None:
    messages = refused(farm, "dns_record", "dns_servers", *(options for options, *_said in REFUSED))
    for message, (_options, cmdlet, said, remedy) in zip(messages, REFUSED, strict=True):
        clear(message, host=HOST, shell="windows", cmdlet=cmdlet, said=said, remedy=remedy)


def test_a_change_of_type_and_of_addresses_and_lifetime(farm: Farm) -> None:
    options = f"{{name: {NAME}, type: A, value: [192.0.2.10, 192.0.2.11], on_conflict: replace}}"
    before, after, writes = rhythm(farm, options, "A")
    assert before == ["A 192.0.2.10 3600", f"CNAME {TARGET}. 600"]  # a client gets the alias, and what it leads to
    assert after == ["A 192.0.2.10 3600", "A 192.0.2.11 3600"]
    assert writes == ["Remove-", "Add-DnsServerResourceRecordA", "Add-DnsServerResourceRecordA"]
    options = f"{{name: {NAME}, type: A, value: [192.0.2.11, 192.0.2.12], ttl: 60, on_conflict: replace}}"
    _before, after, writes = rhythm(farm, options, "A")
    assert after == ["A 192.0.2.11 60", "A 192.0.2.12 60"]
    assert writes == ["Add-DnsServerResourceRecordA", "Remove-", "Add-DnsServerResourceRecordA", "Remove-"]


def test_a_record_that_a_client_registered_keeps_its_lifetime(farm: Farm) -> None:
    register(farm, ("client", 1200, "A", "192.0.2.31"), ("client", 600, "A", "192.0.2.32"))
    task = "- {{name: {0}, onprem.exchange_lync.dns_record: {{name: client.litwareinc.com, type: A, value: {1}}}}}\n"
    tasks = task.format("there", "[192.0.2.31, 192.0.2.32]") + task.format("new", "192.0.2.33, exclusive: false")
    run = ok(farm.play(tasks, hosts="dns_servers"))
    assert (run.step("there").changed, run.step("there").writes) == (False, [])
    assert [entry["cmdlet"] for entry in run.step("new").writes] == ["Add-DnsServerResourceRecordA"]
    assert "-TimeToLive '00:10:00'" in run.step("new").result["commands"][0]
    assert len(answers(farm, "client.litwareinc.com", "A")) == 3


def test_ipv6_beside_ipv4_and_taking_it_back(farm: Farm) -> None:
    options = f"{{name: {NAME}, type: AAAA, value: ['2001:DB8::0010']}}"
    _before, after, _writes = rhythm(farm, options, "AAAA")
    assert after == ["AAAA 2001:db8::10 3600"]
    _before, after, writes = rhythm(farm, f"{{name: {NAME}, type: A, value: 192.0.2.12, state: absent}}", "A")
    assert (after, writes) == (["A 192.0.2.11 60"], ["Remove-"])
    _before, after, writes = rhythm(farm, f"{{name: {NAME}, type: A, state: absent}}", "A")
    assert (after, writes) == ([], ["Remove-"])
    assert answers(farm, NAME, "AAAA") == ["AAAA 2001:db8::10 3600"]


def test_an_account_without_rights_is_told_so(farm: Farm) -> None:
    run = farm.play(
        f"- {{name: refused, onprem.exchange_lync.dns_record: {{name: {NAME}, type: A, value: 192.0.2.1}}}}",
        hosts="dns_servers",
        extra_vars={"ansible_user": "operator@litwareinc.com", "ansible_password": 'no: "rights" 0% é'},
    )
    failed(run)
    step = run.step("refused")
    assert step.result["error"]["kind"] == "access_denied"
    clear(step.msg, host=HOST, shell="windows", cmdlet="Get-DnsServerZone", remedy="Give the account")


def test_the_module_in_a_process_of_its_own(farm: Farm) -> None:
    task = f"- {{name: step, onprem.exchange_lync.dns_record: {{name: {NAME}, type: A, value: 192.0.2.10}}}}"
    steps = [farm.play(task, hosts="dns_servers", execution="subprocess").step("step") for _turn in range(2)]
    assert [step.changed for step in steps] == [True, False], steps
