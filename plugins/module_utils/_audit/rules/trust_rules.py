# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the trust between the products: what their web sites publish, and whom Exchange trusts."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, Severity, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.partner_changes import DISABLED
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.restart_changes import will_restart
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.trust_checks import (
    RESTART,
    Distrust,
    Published,
    describe_distrust,
    find_site_remedy,
    is_found_disabled,
    is_oauth_off,
    list_exchange_hosts,
    list_published,
)


@rule(
    "metadata_failed",
    "error",
    demand="The web site of each server answers with its authentication metadata document.",
    remedy=(
        "For Exchange: Compare Get-AuthConfig with Get-ExchangeCertificate -Server. Import the certificate on this server, or publish "
        "one that all servers have. For Lync: Assign the OAuthTokenIssuer certificate globally."
    ),
    source="Getting Internal Server Error 500 when creating New-CsPartnerApplication for Exchange 2013 (blog.jenstr.no)",
)
def find_failed_documents(context: Context) -> Iterator[Breach]:
    """Not where the missing certificate is a finding of its own, nor where Lync has none assigned yet."""
    for item in list_published(context):
        if item.document["status"] == 500 and item.used.current and not _is_explained(context, item):
            yield Breach(item.server, f"{item.document['url']}: {item.document['error']}")


def _is_explained(context: Context, item: Published) -> bool:
    """Whether the server's store is known to lack the certificate (rule certificate_missing)."""
    stores = [*context.exchange_stores, *(found.store for found in context.front_ends if found.store)]
    store = next((store for store in stores if store.host == item.server), None)
    return store is not None and store.error is None and item.used.current not in store.certificates


@rule(
    "metadata_not_seen",
    "info",
    demand="The controller can read the authentication metadata document of each server.",
    remedy="{site} Without it, nothing is known of what the server publishes.",
    source="What a server is configured to and what its web site publishes can differ until it has read its configuration again",
)
def find_unseen_documents(context: Context) -> Iterator[Breach]:
    """Not an error: the configuration was read."""
    for item in list_published(context):
        if not item.is_read and item.document["status"] != 500:
            words = (("site", find_site_remedy(item.document)),)
            yield Breach(item.server, f"its metadata document was not seen: {item.document['error']}", words=words)


@rule(
    "metadata_stale",
    "warning",
    demand="The metadata document of each server has the certificate that is in use.",
    remedy=f"{RESTART} The integration restarts Exchange with farm_restart: true.",
    source="CSS-Exchange, MonitorExchangeAuthCertificate: it restarts the service and the application pools after Set-AuthConfig",
)
def find_stale_documents(context: Context) -> Iterator[Breach]:
    """The partner would learn an old key from it."""
    for item in list_published(context):
        if item.lacks_current:
            shown = ", ".join(key["thumbprint"] for key in item.document["signing_keys"]) or "no key"
            evidence = (
                f"its metadata document does not have the certificate in use ({item.used.current}): it has {shown}"
            )
            severity: Severity | None = "info" if will_restart(context, item.server, "auth_certificate") else None
            yield Breach(item.server, evidence, item.used.current, severity)


@rule(
    "metadata_foreign_key",
    "warning",
    demand="The metadata document of a server has no other keys than the certificates in use.",
    remedy=(
        "Find out whose certificate it is. A reverse proxy or load balancer may lead to another server. If it is of this server, restart "
        "what has read the configuration."
    ),
    source="Whoever has the key of a published certificate can make tokens that the partner takes",
)
def find_foreign_keys(context: Context) -> Iterator[Breach]:
    """The staged and the previous certificate are in use as well."""
    for item in list_published(context):
        for key in item.list_keys("foreign") if item.used.current else ():
            yield Breach(
                item.server, f"its metadata document has the certificate {key}, which is none of those in use", key
            )


@rule(
    "issuer_not_trusted",
    "error",
    demand="Each Exchange server trusts the tokens of the Lync deployment.",
    remedy=(
        "Configure Lync as a partner application of Exchange, with the realm that Lync has (Get-PartnerApplication). If it is configured "
        "already, run iisreset on the server, one server at a time. The integration does it with farm_restart: true."
    ),
    source="MS-XOAUTH, 3.2.5.4: the challenge lists the issuers that the server trusts; Configure partner applications: iisreset",
)
def find_untrusted_issuers(context: Context) -> Iterator[Breach]:
    """Where nobody has configured the trust, the rule partner_application_missing says it."""
    ends_run = context.stage == "after" and context.description.require_trust
    for host in list_exchange_hosts(context):
        found = describe_distrust(context, host)
        if found is None or is_oauth_off(context, host) or _is_about_to_change(context) or _is_kept(context, found):
            continue  # the rule oauth_off or partner_application_disabled says it, or the role partners sees to it
        if found.not_read_yet and will_restart(context, host.server, "partner_application"):
            yield Breach(host.server, found.evidence, severity="info")
        elif found.configured:
            yield Breach(host.server, found.evidence, severity=None if ends_run else "warning")


def _is_kept(context: Context, found: Distrust) -> bool:
    """Whether the partner application is disabled and the user has accepted that, in the words of that finding."""
    accepted = context.description.accepts(DISABLED, "exchange.enabled", "Exchange")
    return found.disabled and accepted and is_found_disabled(context)


def _is_about_to_change(context: Context) -> bool:
    """Whether Exchange's partner application for Lync is about to be made or changed."""
    planned = [change for change in context.find_changes("partners") if change.state == "to_do"]
    return context.stage == "before" and any(change.about.startswith("exchange.") for change in planned)
