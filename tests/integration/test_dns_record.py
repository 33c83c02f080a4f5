# SPDX-License-Identifier: GPL-3.0-or-later
"""dns_record on the documented example, seen through the DNS server's own port as clients see it."""

from __future__ import annotations

import json

import dns.message
import dns.query
import dns.rdatatype

from harness import Farm, Run

NAME = "autodiscover.litwareinc.com"
TARGET = "atl-exchange-001.litwareinc.com"


def answers(farm: Farm, name: str, kind: str) -> list[str]:
    """What the DNS server answers to a client: each record with its lifetime."""
    server = json.loads((farm.state_dir / "lab.json").read_text(encoding="utf-8"))["dns"]
    query = dns.message.make_query(name, kind)
    reply = dns.query.udp(query, server["host"], port=server["port"], timeout=5)
    return sorted(
        f"{dns.rdatatype.to_text(found.rdtype)} {data} {found.ttl}" for found in reply.answer for data in found
    )


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


def test_spelling_and_bad_input(farm: Farm) -> None:
    run = farm.play(
        f"""
        - name: spelling
          onprem.exchange_lync.dns_record: {{name: AutoDiscover.LITWAREINC.com., type: CNAME, value: {TARGET.upper()}.}}
        - name: conflict
          onprem.exchange_lync.dns_record: {{name: {NAME}, type: A, value: 192.0.2.10}}
          ignore_errors: true
        - name: outside
          onprem.exchange_lync.dns_record: {{name: autodiscover.contoso.com, zone: litwareinc.com, type: A, value: 192.0.2.10}}
          ignore_errors: true
        - name: no zone
          onprem.exchange_lync.dns_record: {{name: autodiscover, zone: contoso.com, type: A, value: 192.0.2.10}}
          ignore_errors: true
        - name: apex
          onprem.exchange_lync.dns_record: {{name: '@', zone: litwareinc.com, type: CNAME, value: {TARGET}}}
          ignore_errors: true
        - name: mixed
          onprem.exchange_lync.dns_record: {{name: sip.litwareinc.com, type: CNAME, value: {TARGET}}}
          ignore_errors: true
        """,
        hosts="dns_servers",
    )
    assert not run.step("spelling").changed
    said = {
        "conflict": f"already has CNAME {TARGET}",
        "outside": "lies outside the zone litwareinc.com",
        "no zone": "no zone contoso.com; it has litwareinc.com",
        "apex": "no CNAME can be",
        "mixed": "already has A 192.0.2.20",
    }
    for name, words in said.items():
        step = run.step(name)
        assert step.failed
        assert words in step.msg
        assert step.msg.startswith("atl-dc-001.litwareinc.com: windows management shell: ")
    assert run.writes == []


def test_a_change_of_type_and_of_addresses_and_lifetime(farm: Farm) -> None:
    options = f"{{name: {NAME}, type: A, value: [192.0.2.10, 192.0.2.11], on_conflict: replace}}"
    before, after, writes = rhythm(farm, options, "A")
    assert before == ["A 192.0.2.10 3600", f"CNAME {TARGET}. 600"]  # a client gets the alias, and what it leads to
    assert after == ["A 192.0.2.10 3600", "A 192.0.2.11 3600"]
    assert writes == ["Remove-", "Add-DnsServerResourceRecordA", "Add-DnsServerResourceRecordA"]
    _before, after, writes = rhythm(farm, f"{{name: {NAME}, type: A, value: [192.0.2.11, 192.0.2.12], ttl: 60}}", "A")
    assert after == ["A 192.0.2.11 60", "A 192.0.2.12 60"]
    assert writes == ["Add-DnsServerResourceRecordA", "Remove-", "Add-DnsServerResourceRecordA", "Remove-"]


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
    step = run.step("refused")
    assert step.failed
    assert step.result["error"]["kind"] == "access_denied"


def test_the_module_in_a_process_of_its_own(farm: Farm) -> None:
    task = f"- {{name: step, onprem.exchange_lync.dns_record: {{name: {NAME}, type: A, value: 192.0.2.10}}}}"
    steps = [farm.play(task, hosts="dns_servers", execution="subprocess").step("step") for _turn in range(2)]
    assert [step.changed for step in steps] == [True, False], steps
