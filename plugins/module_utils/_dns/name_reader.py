# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What names lead to, as far as the zones of one DNS server tell."""

from __future__ import annotations

import ipaddress
import typing as t
from collections.abc import Iterable

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import normalize_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_records import Node, Record
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.provider import Provider, ZoneReader, locate
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.server_zones import holds_records
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

DEEPEST_CHAIN = 8
"""How many aliases are followed."""

Facts = dict[str, t.Any]


def read_names(provider: Provider, names: Iterable[str]) -> Facts:
    """The server's zones, and what they say of each name: plain JSON, as dns_info returns it.

    :param names: full names in any spelling; each is read once.
    :raises ShellError: of kind ``bad_input``, before anything is read, for a name that is not a full name.
    """
    with locate(provider):
        full = list(dict.fromkeys(_normalize_full_name(name) for name in names))
        zones = provider.open_reader()
        reader = NameReader(zones)
        found = [reader.describe(name) for name in full]
        return {"zones": zones.list_zones(), "names": found}


def _normalize_full_name(name: str) -> str:
    full = normalize_name(name, "names")
    if "." not in full:
        raise ShellError("bad_input", f"names: '{name}' is not a full name such as autodiscover.litwareinc.com.")
    return full


class NameReader:
    """Says what a server's zones tell of names."""

    def __init__(self, zones: ZoneReader) -> None:
        self._zones = zones

    def find_node(self, full: str) -> Node | None:
        """A name with its records; nothing if none of the server's zones holds it."""
        zone = self._zones.find_zone(full)
        if zone is None or not holds_records(zone) or self._zones.find_delegation(zone["name"], full):
            return None
        return self._zones.read_node(zone["name"], full)

    def describe(self, full: str) -> Facts:
        """What the server's zones say of a name."""
        node = self.find_node(full)
        records = sorted(node.records, key=lambda record: (record.type, record.value)) if node else []
        return {
            "name": full,
            "zone": node.zone if node else None,
            "records": [record.describe() for record in records],
            "resolution": self.resolve(full),
        }

    def resolve(self, full: str) -> Facts:
        """Follow the aliases of a name to its addresses."""
        chain: list[str] = []
        while node := self.find_node(chain[-1] if chain else full):
            alias = next((record.value for record in node.list_type("CNAME")), None)
            if alias is None:
                return _make_resolution(chain, list_addresses(node.records))
            if len(chain) == DEEPEST_CHAIN:
                break
            chain.append(alias)
            if alias in (full, *chain[:-1]):
                return _make_resolution(chain, [])
        return _make_resolution(chain, [], complete=False)


def list_addresses(records: Iterable[Record]) -> list[str]:
    """The addresses among the records, IPv4 first."""
    found = {ipaddress.ip_address(record.value) for record in records if record.type in ("A", "AAAA")}
    return [str(address) for address in sorted(found, key=lambda address: (address.version, int(address)))]


def _make_resolution(chain: list[str], addresses: list[str], *, complete: bool = True) -> Facts:
    return {"chain": chain, "addresses": addresses, "complete": complete}
