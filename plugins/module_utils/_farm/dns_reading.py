# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a snapshot of a DNS server holds."""

from __future__ import annotations

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_reader import read_names
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.snapshot import Reading

_WRITING = ("Add-DnsServerResourceRecordA", "Add-DnsServerResourceRecordAAAA", "Add-DnsServerResourceRecordCName")


def read_dns(reading: Reading) -> None:
    """The zones and the names; where this host speaks for no farm, only its zones, as a sign that it can be asked."""
    windows, params = reading.call.shell("windows"), reading.call.params
    if params["organization"]:
        reading.read("dns", "offered", lambda: sorted(windows.offered(*_WRITING)))
    names = params["names"] if params["organization"] else []
    reading.read("dns", "names", lambda: read_names(windows, names))
    if "names" in reading.products["dns"]:
        reading.products["dns"].update(reading.products["dns"]["names"])
