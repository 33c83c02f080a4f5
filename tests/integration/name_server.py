# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's DNS server through its own port: what clients are answered, and what somebody else registers."""

from __future__ import annotations

import json
from typing import Any

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update

from harness import Farm

HOST = "atl-dc-001.litwareinc.com"
TARGET = "atl-exchange-001.litwareinc.com"


def describe_server(farm: Farm) -> dict[str, Any]:
    """The DNS server's own port, and the key of those who may send it updates."""
    found: dict[str, Any] = json.loads((farm.state_dir / "lab.json").read_text(encoding="utf-8"))["dns"]
    return found


def make_option(farm: Farm, **more: Any) -> dict[str, Any]:
    """The option O(server) of the DNS modules that reaches it."""
    server = describe_server(farm)
    key = {f"key_{part}": server["tsig"][part] for part in ("name", "secret", "algorithm")}
    return {"address": server["host"], "port": server["port"], **key, **more}


def answers(farm: Farm, name: str, kind: str) -> list[str]:
    """What the DNS server answers to a client: each record with its lifetime."""
    server = describe_server(farm)
    query = dns.message.make_query(name, kind)
    reply = dns.query.udp(query, server["host"], port=server["port"], timeout=5)
    return sorted(
        f"{dns.rdatatype.to_text(found.rdtype)} {data} {found.ttl}" for found in reply.answer for data in found
    )


def register(
    farm: Farm, *records: tuple[str, int, str, str], zone: str = "litwareinc.com", replace: bool = True
) -> None:
    """Give names in a zone these records (name, lifetime, type, data), as another administrator or a client does.

    :param replace: whether the names lose what they had.
    """
    server = describe_server(farm)
    key = dns.tsig.Key(*(server["tsig"][part] for part in ("name", "secret", "algorithm")))
    update = dns.update.UpdateMessage(zone, keyring=key)
    for name in dict.fromkeys(name for name, *_rest in records if replace):
        update.delete(name)
    for name, ttl, kind, data in records:
        update.add(name, ttl, kind, data)
    reply = dns.query.tcp(update, server["host"], port=server["port"], timeout=5)
    assert reply.rcode() == dns.rcode.NOERROR, dns.rcode.to_text(reply.rcode())
