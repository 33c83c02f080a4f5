# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a snapshot holds of DNS."""

from __future__ import annotations

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_reader import Facts, read_names
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.provider import open_provider
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.snapshot import Reading

_WRITING = ("Add-DnsServerResourceRecordA", "Add-DnsServerResourceRecordAAAA", "Add-DnsServerResourceRecordCName")


def read_dns(reading: Reading) -> None:
    """The zones and the names; where this host speaks for no farm, only its zones, as a sign that it can be asked."""
    call, params, parts = reading.call, reading.call.params, reading.products["dns"]
    if params["dns_provider"] == "rfc2136":
        reading.elsewhere.add("dns")
        parts["server"] = (params["dns_server"] or {}).get("address", "")
    elif params["organization"]:
        reading.read("dns", "offered", lambda: sorted(call.shell("windows").offered(*_WRITING)))
    names = params["names"] if params["organization"] else []
    reading.read("dns", "names", lambda: _read_names(call, names))
    if "names" in parts:
        parts.update(parts["names"])


def _read_names(call: Call, names: list[str]) -> Facts:
    with open_provider(call, "dns_provider", "dns_server") as provider:
        return read_names(provider, names)
