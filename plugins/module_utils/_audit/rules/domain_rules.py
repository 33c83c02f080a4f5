# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for SIP domains and accepted domains."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import spell_domain

_WILDCARDS = "Skype for Business and Exchange integration fails if wildcards are used in AcceptedDomains entries (Microsoft support)"


def _list_sip_domains(context: Context) -> list[str] | None:
    deployment = context.farm.deployment
    if deployment is None or deployment.sip_domains is None:
        return None
    return [str(domain["name"]) for domain in deployment.sip_domains]


def _list_accepted(context: Context) -> list[str] | None:
    organization = context.farm.organization
    if organization is None or organization.accepted_domains is None:
        return None
    return [spell_domain(str(domain["domain_name"] or domain["name"])) for domain in organization.accepted_domains]


@rule(
    "sip_domain_unknown",
    "error",
    demand="Each SIP domain of the description is one of the deployment.",
    remedy="Correct farm_sip_domains.",
    source="Get-CsSipDomain",
    roles=("certificates",),
)
def find_unknown_sip_domains(context: Context) -> Iterator[Breach]:
    """A typing error here would end up in a certificate's verdict, or in DNS."""
    known = _list_sip_domains(context)
    for name in context.description.sip_domains if known is not None else ():
        if spell_domain(name) not in map(spell_domain, known or ()):
            yield Breach(
                "Lync", f"{name} is not a SIP domain of this deployment, which has {', '.join(known or ())}", name
            )


@rule(
    "sip_domain_not_default",
    "error",
    demand="The first SIP domain of the description is the deployment's default one.",
    remedy="Put the deployment's default SIP domain first in farm_sip_domains.",
    source="Server-to-server and partner applications: the realm defaults to the default SIP domain",
    roles=("certificates",),
)
def find_other_default(context: Context) -> Iterator[Breach]:
    """The certificate's subject and the Autodiscover name follow from it."""
    deployment = context.farm.deployment
    for domain in (deployment.sip_domains if deployment else None) or ():
        first = context.description.sip_domains[0]
        if domain["default"] and spell_domain(str(domain["name"])) != spell_domain(first):
            yield Breach("Lync", f"the default SIP domain is {domain['name']}, not {first}", first)


@rule(
    "sip_domain_not_accepted",
    "warning",
    demand="Each SIP domain is an accepted domain of Exchange.",
    remedy=(
        "If users have mail addresses in this domain, add it as an accepted domain (New-AcceptedDomain). If it is for SIP only, "
        "tolerate it."
    ),
    source="Autodiscover belongs to the mail domain; a SIP address that is no mail address may not lead to a mailbox",
)
def find_not_accepted(context: Context) -> Iterator[Breach]:
    """It gets no Autodiscover record of its own."""
    accepted = _list_accepted(context)
    if accepted is None:
        return
    for name in context.description.sip_domains:
        covered = [domain for domain in accepted if domain.startswith("*.") and _covers(domain, spell_domain(name))]
        if spell_domain(name) not in accepted and not covered:
            yield Breach("Exchange", f"the SIP domain {name} is no accepted domain", name)


@rule(
    "wildcard_accepted_domain",
    "error",
    demand="A SIP domain is an accepted domain by an entry of its own, not only by a wildcard.",
    remedy=("Add an entry for the SIP domain itself (New-AcceptedDomain). Leave the wildcard: mail may depend on it."),
    source=f"{_WILDCARDS}: 401, invalid_tenant, event 32054",
)
def find_wildcards(context: Context) -> Iterator[Breach]:
    """A wildcard for other names does no harm."""
    accepted = _list_accepted(context)
    if accepted is None:
        return
    for name in map(spell_domain, context.description.sip_domains):
        for domain in accepted:
            if name not in accepted and domain.startswith("*.") and _covers(domain, name):
                evidence = f"the SIP domain {name} is an accepted domain only by {domain}, with which server-to-server OAuth fails"
                yield Breach("Exchange", evidence, name)


def _covers(wildcard: str, name: str) -> bool:
    """Whether a wildcard entry covers a domain: its own name and any below it (AcceptedDomain, MatchSubDomains)."""
    parent = wildcard.removeprefix("*.")
    return name == parent or name.endswith(f".{parent}")
