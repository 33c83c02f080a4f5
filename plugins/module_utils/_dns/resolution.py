# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a name leads to a target, by what dns_info says of both. Pure: plain JSON in, a judgement out.

A name fulfils its purpose by any record that leads where it should: clients follow a CNAME, a chain of them or an address alike.
"""

from __future__ import annotations

import ipaddress
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Entry = Mapping[str, t.Any]
"""One of the names in the result of dns_info: ``name``, ``zone``, ``records`` and ``resolution``."""

Verdict = t.Literal["same", "equivalent", "elsewhere", "missing", "unknown"]


@dataclass(frozen=True)
class Judgement:
    """Whether a name leads to a target.

    :ivar verdict: ``same``: its CNAME is the target, or its addresses are those that were asked for. ``equivalent``: it leads to the
        target by other records. ``elsewhere``: it leads to something else, or points to a name from which no way to the target is
        known. ``missing``: it has neither a CNAME nor an address. ``unknown``: the server does not hold the name, or the name has
        addresses and those of the target are not known.
    :ivar evidence: what the name has, to follow "has" in a sentence.
    """

    verdict: Verdict
    evidence: str


def make_address_target(addresses: Sequence[str]) -> Entry:
    """A target that is given by its addresses, not by a name."""
    resolution = {"chain": [], "addresses": list(addresses), "complete": True}
    return {"name": "", "zone": None, "records": [], "resolution": resolution}


def judge_resolution(name: Entry, target: Entry) -> Judgement:
    """Say whether ``name`` leads to ``target``; :func:`make_address_target` makes one of addresses."""
    return Judgement(_judge(name, target), _describe(name))


def _judge(name: Entry, target: Entry) -> Verdict:
    own, other = name["resolution"], target["resolution"]
    if name["zone"] is None:
        return "unknown"
    if not own["chain"] and not own["addresses"]:
        return "missing"
    path = [name["name"], *own["chain"]]
    if target["name"] in path[:2]:
        return "same"
    # two chains that meet lead to the same place, also where nobody here knows what is there
    if target["name"] in path or path[-1] in other["chain"]:
        return "equivalent"
    if own["complete"] and other["complete"] and _are_same(own["addresses"], other["addresses"]):
        return "equivalent" if own["chain"] or target["name"] else "same"
    return "elsewhere" if own["chain"] or other["complete"] else "unknown"


def _are_same(own: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the addresses are the target's: all of them, or all its IPv4 ones.

    A server may register IPv6 addresses of its own accord, which nobody repeats in a record that is written by hand.
    """
    ours, theirs = (({ipaddress.ip_address(text) for text in texts}) for texts in (own, other))
    return bool(ours) and ours in (theirs, {address for address in theirs if address.version == 4})


def _describe(name: Entry) -> str:
    resolution = name["resolution"]
    chain, addresses = resolution["chain"], _list_addresses(resolution["addresses"])
    if name["zone"] is None:
        return "no zone on this DNS server"
    if not chain:
        return addresses or "neither a CNAME nor an address record"
    if not resolution["complete"]:
        return f"CNAME {chain[0]}"
    return f"CNAME {chain[0]}, which leads to {addresses or 'no address'}"


def _list_addresses(addresses: Sequence[str]) -> str:
    kinds = {"A": [text for text in addresses if ":" not in text], "AAAA": [text for text in addresses if ":" in text]}
    return ", ".join(f"{kind} {', '.join(found)}" for kind, found in kinds.items() if found)
