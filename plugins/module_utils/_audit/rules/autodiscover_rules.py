# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for where clients and Lync find Exchange: service connection points, and the names in Exchange's certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.changes import (
    Change,
    list_wanted_records,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import Store
from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import read_host
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import Certificate
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import covers, is_domain

_SEED = "Prerequisites for integrating Lync Server 2013 and Exchange Server 2013"


def _list_held(context: Context, rule_id: str) -> Iterator[Change]:
    """The changes that a rule holds back, or would."""
    for change in context.changes:
        if change.conflict == rule_id:
            yield change


@rule(
    "autodiscover_uri_replaced",
    "error",
    demand="An Autodiscover URI that somebody chose is replaced only when the user says so.",
    remedy=(
        "To replace it, add autodiscover_uri_replaced to farm_replace. To leave it, add it to farm_tolerate, or name only the other "
        "servers in farm_autodiscover_servers."
    ),
    source="Different URIs for different sites are normal (Exchange, Autodiscover service: site scope)",
    fixed_by="autodiscover",
    replaces=True,
)
def find_replaced_uris(context: Context) -> Iterator[Breach]:
    """What setup wrote, with the server's own name, was chosen by nobody."""
    for change in _list_held(context, "autodiscover_uri_replaced"):
        evidence = f"its Autodiscover URI is {change.before}, not {change.after}; somebody chose it"
        yield Breach(change.host, evidence, change.about, "info" if change.state == "to_do" else None)


@rule(
    "cloud_url",
    "error",
    demand="A URL that leads to Exchange Online is replaced only when the user says so.",
    remedy="To replace it, add cloud_url to farm_replace. To leave it, add it to farm_tolerate.",
    source="Microsoft's hybrid procedures point Lync and clients at Exchange Online on purpose",
    fixed_by="autodiscover",
    roles=("autodiscover", "oauth"),
    replaces=True,
)
def find_cloud_urls(context: Context) -> Iterator[Breach]:
    """Of a service connection point, or of Lync's OAuth configuration."""
    for change in _list_held(context, "cloud_url"):
        evidence = f"{'its Autodiscover URI' if change.role == 'autodiscover' else change.about} is {change.before}"
        host = change.host if change.role == "autodiscover" else "Lync"
        yield Breach(
            host,
            f"{evidence}, which leads to Exchange Online",
            change.about,
            "info" if change.state == "to_do" else None,
        )


@rule(
    "autodiscover_uri_differs",
    "error",
    demand="Each Client Access server publishes the described Autodiscover URI.",
    remedy="Run the integration, or its role autodiscover.",
    source=f"{_SEED}, step 3",
    fixed_by="autodiscover",
)
def find_differing_uris(context: Context) -> Iterator[Breach]:
    """Afterwards only: before, the role does it."""
    for change in context.find_changes("autodiscover"):
        if context.stage == "after" and change.state == "to_do":
            yield Breach(
                change.host, f"its Autodiscover URI is {change.before or 'blank'}, not {change.after}", change.about
            )


@rule(
    "autodiscover_name_missing",
    "warning",
    demand="A valid certificate that is assigned to IIS carries each Autodiscover name, on every server.",
    remedy=(
        "Import a certificate of your authority that carries the name (Import-ExchangeCertificate), and assign it to IIS "
        "(Enable-ExchangeCertificate). Behind a load balancer that ends TLS, only the balancer's certificate matters: tolerate it then."
    ),
    source="OnPremDiag, RDTestExchangeCertificateForAutodiscover; RFC 6125",
)
def find_missing_names(context: Context) -> Iterator[Breach]:
    """An error where this run would newly send clients to the name."""
    names, sent = _list_names(context), _list_newly_sent(context)
    served = {item.server: item.served for item in context.farm.exchange_hosts}
    for store in context.exchange_stores:
        if store.error is not None:
            continue
        for name in names:
            shown = served.get(store.host, {}).get(name)
            if evidence := _find_lack(name, shown, _list_carried(store, context)):
                yield Breach(
                    store.host, evidence, name, "error" if name in sent and context.stage == "before" else None
                )


def _find_lack(name: str, shown: Certificate | str | None, carried: list[str]) -> str:
    """Why the name is missing: in the certificate that the web site shows for it, or, where that was not seen, in those for IIS."""
    if isinstance(shown, Certificate):
        carried = sorted(_list_hosts(shown))
    if any(covers(one, name) for one in carried):
        return ""
    found = f"carries {', '.join(carried)}" if carried else "carries no name"
    if isinstance(shown, Certificate):
        return f"{name}: the certificate that the web site shows ({shown}) {found}"
    return f"{name}: no valid certificate for IIS has it; what is there {found}"


@rule(
    "web_site_not_seen",
    "info",
    demand="The controller can see which certificate Exchange's web site shows for the Autodiscover names.",
    remedy=(
        "Allow the controller to reach the web site, or name its port in farm_exchange_https_port. Without it, the certificates that are "
        "assigned to IIS are judged instead."
    ),
    source="What is assigned in the store need not be what is shown: a load balancer, another binding, a service that was not restarted",
)
def find_unseen_web_sites(context: Context) -> Iterator[Breach]:
    """Not an error: the store was read."""
    for item in context.farm.exchange_hosts:
        errors = sorted({shown for shown in item.served.values() if isinstance(shown, str)})
        if errors and not context.is_left_out(item.host, item.server):
            yield Breach(item.server, f"the certificate of its web site was not seen: {'; '.join(errors)}")


def _list_names(context: Context) -> list[str]:
    """The hosts of both URLs, and the records in which clients look for Autodiscover."""
    described = context.description
    urls = (described.autodiscover_service_internal_uri, described.exchange_autodiscover_url)
    names = [read_host(url) for url in urls]
    records = [record.name for record in list_wanted_records(context.farm, described)]
    return list(dict.fromkeys([*names, *(name for name in records if name.lower().startswith("autodiscover."))]))


def _list_newly_sent(context: Context) -> set[str]:
    """The names to which this run would send clients or Lync, and to which it was not before."""
    urls = [
        change for change in context.changes if change.state == "to_do" and change.role in ("autodiscover", "oauth")
    ]
    sent = {read_host(change.after) for change in urls if "://" in change.after}
    there = {read_host(uri) for uri in _list_present_urls(context)}
    return sent - there


def _list_present_urls(context: Context) -> Iterator[str]:
    organization, deployment = context.farm.organization, context.farm.deployment
    for service in (organization.client_access if organization else None) or ():
        yield str(service["autodiscover_service_internal_uri"] or "")
    yield str(((deployment.oauth_configuration if deployment else None) or {}).get("exchange_autodiscover_url") or "")


def _list_carried(store: Store, context: Context) -> list[str]:
    shown = (item for item in store.certificates.values() if _can_be_shown(item, context))
    return sorted({name for item in shown for name in _list_hosts(item)})


def _can_be_shown(certificate: Certificate, context: Context) -> bool:
    """Whether IIS may show it. Where Exchange does not tell what a certificate is assigned to, any may be for IIS."""
    begun = certificate.not_before is None or certificate.not_before <= context.now
    ended = certificate.not_after is not None and certificate.not_after < context.now
    return begun and not ended and (certificate.services is None or "IIS" in certificate.services)


def _list_hosts(certificate: Certificate) -> t.Iterator[str]:
    """The names of hosts. The subject counts only where there are no alternative names (RFC 6125, section 6.4.4)."""
    for name in certificate.dns_names or certificate.common_names:
        if is_domain(name.removeprefix("*.")):
            yield name
