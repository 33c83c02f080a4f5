# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All rules, by id."""

from __future__ import annotations

from types import ModuleType

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.rules import (
    auth_certificate_rules,
    autodiscover_rules,
    certificate_rules,
    dns_rules,
    domain_rules,
    exchange_server_rules,
    host_rules,
    lync_topology_rules,
    machine_rules,
    oauth_configuration_rules,
    owa_im_rules,
    partner_rules,
    root_store_rules,
    service_connection_point_rules,
    token_issuer_rules,
    trust_rules,
)

SUBJECTS: dict[str, ModuleType] = {
    "Hosts": host_rules,
    "DNS": dns_rules,
    "Autodiscover": autodiscover_rules,
    "Service connection points": service_connection_point_rules,
    "OAuth configuration": oauth_configuration_rules,
    "Partner applications": partner_rules,
    "Domains": domain_rules,
    "Exchange servers": exchange_server_rules,
    "Lync topology": lync_topology_rules,
    "Certificates": certificate_rules,
    "OAuthTokenIssuer": token_issuer_rules,
    "Exchange Auth certificate": auth_certificate_rules,
    "Trust": trust_rules,
    "Machines": machine_rules,
    "Trusted roots": root_store_rules,
    "Instant messages in Outlook on the web": owa_im_rules,
}

RULES: dict[str, Rule] = {
    rule.id: rule for module in SUBJECTS.values() for rule in vars(module).values() if isinstance(rule, Rule)
}

REPLACEMENTS = tuple(rule.id for rule in RULES.values() if rule.replaces)
"""The rules that farm_replace can name."""


def find_unknown(ids: tuple[str, ...], known: tuple[str, ...] | None = None) -> list[str]:
    """Those of the ids that name no rule; an id may be narrowed with ``@`` and what the finding is about."""
    return [item for item in ids if item.partition("@")[0] not in (RULES if known is None else known)]
