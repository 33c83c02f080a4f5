# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario contoso with more servers, as it would be after some years: what is the same in any tree of this project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Scenario = dict[str, Any]

MODEL = {"exchange": "ex-lon-01.corp.contoso.com", "lync": "sfb-lon-01.corp.contoso.com"}
"""The servers that the new ones are like."""
CERTIFICATES = {"exchange": ("exchange-auth", "tls-exchange"), "lync": ("lync-default-lon", "oauth-expiring")}
POOL = "pool-lon.corp.contoso.com"
FIRST = 3
"""The number in the name of the first new server."""


def write_scenario(tree: Path, path: Path, more: int) -> None:
    """Write contoso of a tree with so many more Exchange servers, and so many more front ends in the pool of London."""
    described: Scenario = yaml.safe_load((tree / "tests/lab/scenarios/contoso.yml").read_text(encoding="utf-8"))
    for role, model in MODEL.items():
        for number in range(FIRST, FIRST + more):
            _add(described, role, model, model.replace("01", f"{number:02}"))
    path.write_text(yaml.safe_dump(described, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _add(described: Scenario, role: str, model: str, fqdn: str) -> None:
    """Add a server that is right in everything."""
    like = next(host for host in described["hosts"] if host["fqdn"] == model)
    network, _dot, last = like["address"].rpartition(".")
    address = f"{network}.{int(last) + 40 + len(described['hosts'])}"
    described["hosts"].append({**like, "fqdn": fqdn, "address": address})
    zone = next(zone for zone in described["zones"] if zone["name"] == described["domain"]["fqdn"])
    zone["records"].append({"name": fqdn.partition(".")[0], "type": "A", "data": address})
    for certificate in described["certificates"]:
        if certificate["name"] in CERTIFICATES[role]:
            certificate["hosts"].append(fqdn)
    if role == "lync":
        next(pool for pool in described["lync"]["pools"] if pool["fqdn"] == POOL)["computers"].append(fqdn)
        assigned = described["lync"]["assigned_certificates"]
        assigned[fqdn] = dict(assigned[model])
