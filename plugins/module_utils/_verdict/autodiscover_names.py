# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates of Exchange's web site: whoever is sent to an Autodiscover name has to find that name in one of them.

IIS shows one certificate, and Exchange names several where an earlier one was never taken away: any of them may be it. A server behind
a load balancer that ends TLS needs none. So a name that is missing is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.finding import Case, Finding, Policy
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.names import covers, is_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import (
    Certificate,
    ExchangeServers,
    Store,
)


def judge_autodiscover_names(observed: Sequence[ExchangeServers], policy: Policy) -> Iterator[Finding]:
    """Every server that could be read, for every name."""
    for store in (store for servers in observed for store in servers.stores if not store.error):
        yield from _judge_server(store, policy)


def _judge_server(store: Store, policy: Policy) -> Iterator[Finding]:
    shown = [item for item in store.certificates.values() if _can_be_shown(item, policy)]
    carried = sorted({name for item in shown for name in _names(item)})
    for host in policy.autodiscover_names:
        if not any(covers(name, host) for name in carried):
            found = f"carry {', '.join(carried)}" if carried else "carry no name"
            yield Case(store.host, "ExchangeIIS", policy).finding(
                "autodiscover_name_missing", f"{host}: the valid certificates for IIS {found}"
            )


def _can_be_shown(certificate: Certificate, policy: Policy) -> bool:
    """Whether IIS may show it. Where Exchange does not tell what a certificate is assigned to, any may be for IIS."""
    begun = certificate.not_before is None or certificate.not_before <= policy.now
    ended = certificate.not_after is not None and certificate.not_after < policy.now
    return begun and not ended and (certificate.services is None or "IIS" in certificate.services)


def _names(certificate: Certificate) -> list[str]:
    """The names of hosts. The subject counts only where there are no alternative names (RFC 6125, 6.4.4)."""
    return [name for name in certificate.dns_names or certificate.common_names if is_domain(name.removeprefix("*."))]
