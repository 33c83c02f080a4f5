# SPDX-License-Identifier: GPL-3.0-or-later
"""The same checks without this collection: raw_reads.yml, the playbook that an administrator would write with Ansible alone.

It reads what a run of playbooks/integrate.yml without changes reads, on the same hosts and over the same connections, with one
``ansible.builtin.raw`` task for each read. Each is a new session of the machine's own PowerShell, so each loads the product's module
or snap-in again. For Exchange it is the snap-in: to open and import a session of the product would take longer. What is the same on all
servers is asked of the first one only. It judges nothing: the output of its tasks is for a person to look at.

farm_run.py runs it after its own run, in the same lab. It must have read everything, or the program ends: a peer that does less is none.
"""

from __future__ import annotations

import sys
from typing import Any

from measuring import HERE, Bar, Lab, Played, report

PRODUCTS: dict[str, dict[str, str]] = {
    "litware": {"lync_module": "Lync", "client_access": "Get-ClientAccessServer", "domain": "litwareinc.com"},
    "contoso": {
        "lync_module": "SkypeForBusiness",
        "client_access": "Get-ClientAccessService",
        "domain": "corp.contoso.com",
    },
}
"""What the versions of a scenario call the same thing, and the domain of its accounts."""
ABSENT = "Get-ManagementRole"
"""Asked for a role that Exchange 2013 does not have: that it answers with an error is what is to be known."""


def compare(lab: Lab, scenario: str, ours: Played) -> list[Bar]:
    """Run the peer, and set our wall time against its."""
    peer = lab.play(HERE / "raw_reads.yml", extra_vars={**PRODUCTS[scenario], "dns_names": find_names(ours)})
    missing = [
        f"{host}: {cmdlet} {parameters}"
        for host, reads in ours.reads.items()
        for cmdlet, parameters in reads.keys() - peer.reads.get(host, {}).keys()
    ]
    if missing:
        sys.exit("\n".join(["raw_reads.yml does not read:", *missing, peer.output]))
    failed = [entry for entry in peer.cmdlets if entry["outcome"] != "ok" and entry["cmdlet"] != ABSENT]
    if failed:
        sys.exit(f"raw_reads.yml could not read: {failed}")
    cost = (
        f"{peer.cost.wall:.1f} s, {len(peer.headers)} task headers, {peer.lines} lines, {len(peer.sessions)} sessions"
    )
    report(f"the same reads as raw tasks: {cost}", [])
    return [Bar(f"{scenario}, no changes: wall to the same reads as raw tasks", ours.cost.wall / peer.cost.wall, 1 / 7)]


def find_names(ours: Played) -> list[dict[str, Any]]:
    """The DNS names that were looked up, each with its zone."""
    asked = [entry["parameters"] for entry in ours.cmdlets if entry["cmdlet"] == "Get-DnsServerResourceRecord"]
    return [{"zone": parameters["ZoneName"], "name": parameters["Name"]} for parameters in asked]
