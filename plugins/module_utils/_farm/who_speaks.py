# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who does what in a play: which host speaks for which product, and what it is asked."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import read_host
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import spell_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import qualify_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import Description

Part = dict[str, t.Any]


def assign_parts(description: Description, present: Sequence[str]) -> Part:
    """Each host's products, and the first host of each product, which speaks for it. Where there are no records, DNS is not asked.

    :param present: the hosts that are in the play, and have not left it.
    """
    left_out = {spell_domain(name) for name in description.leave_out}
    needed = {
        name: hosts for name, hosts in description.hosts.items() if name != "dns" or description.dns_records != ()
    }
    listed = {name: [host for host in hosts if spell_domain(host) not in left_out] for name, hosts in needed.items()}
    there = {product: [host for host in hosts if host in present] for product, hosts in listed.items()}
    if description.dns_provider != "windows":
        # asked from the controller, so that any host will do; one that speaks for a product reads for the whole farm anyway
        there["dns"] = [*there["exchange"], *there["lync"], *present][:1]
    hosts = dict.fromkeys(host for group in there.values() for host in group)
    return {
        "products": {host: [product for product, group in there.items() if host in group] for host in hosts},
        "speakers": {product: next(iter(there.get(product, ())), "") for product in description.hosts},
        "names": list_names(description),
        "web_site_names": list_web_site_names(description),
    }


def list_web_site_names(description: Description) -> list[str]:
    """The names by which clients and Lync look for Exchange's web site: the hosts of both URLs."""
    urls = (description.autodiscover_service_internal_uri, description.exchange_autodiscover_url)
    return list(dict.fromkeys(read_host(url) for url in urls))


def list_names(description: Description) -> list[str]:
    """The names to look up: those of the records, and those that they lead to."""
    if description.dns_records is None:
        names = [description.autodiscover_name, *(f"autodiscover.{name}" for name in description.sip_domains)]
        return list(dict.fromkeys([*names, description.exchange_fqdn]))
    found = []
    for record in description.dns_records:
        found.append(qualify_name(record.name, record.zone))
        found += [qualify_name(value, record.zone) for value in record.value if record.type == "CNAME"]
    return list(dict.fromkeys(found))
