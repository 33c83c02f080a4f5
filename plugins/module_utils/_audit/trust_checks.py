# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the products trust each other, by what they are configured to and by what their web sites publish.

The rules and the table of the role verify ask the same functions.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import (
    ExchangeHost,
    Facts,
    FrontEnd,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.partner_changes import DISABLED
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import host_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import normal_thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import find_in_use, find_staged
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import is_same_realm
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.bearer_challenge import trusts
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.key_comparison import InUse, judge_key

if t.TYPE_CHECKING:
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
LYNC = "00000004-0000-0ff1-ce00-000000000000"
"""The application identifiers of the products (Configure-EnterprisePartnerApplication.ps1)."""
RESTART = (
    "Restart what has read the configuration: on Exchange the service MSExchangeServiceHost and the application pools (iisreset), one "
    "server at a time; on Lync wait for replication first."
)


REACH = (
    "Allow the controller to reach the web site, or name its port in farm_exchange_https_port or farm_lync_https_port."
)
ANSWERED = "The web site was reached. See what answers so: a stopped application pool, a login page, a proxy or a load balancer."


@dataclass(frozen=True)
class Distrust:
    """Why an Exchange server does not trust Lync's tokens.

    :ivar configured: whether somebody has configured that it should.
    :ivar not_read_yet: whether only its web site does not act on what is configured.
    :ivar disabled: whether the partner application is disabled.
    """

    evidence: str
    configured: bool = True
    not_read_yet: bool = False
    disabled: bool = False


@dataclass(frozen=True)
class Published:
    """The metadata document of one server, beside the certificates that are in use there.

    :ivar server: the name under which findings show the server.
    """

    server: str
    product: t.Literal["exchange", "lync"]
    document: Facts
    used: InUse

    @property
    def is_read(self) -> bool:
        """Whether there is a document."""
        return not self.document["error"]

    @property
    def lacks_current(self) -> bool:
        """Whether the certificate in use is not among its keys."""
        shown = [key["thumbprint"] for key in self.document["signing_keys"]]
        return self.is_read and bool(self.used.current) and self.used.current not in shown

    def list_keys(self, state: str) -> list[str]:
        """The keys that are one of current, next, stale and foreign."""
        keys = [key["thumbprint"] for key in self.document["signing_keys"]]
        return [key for key in keys if judge_key(key, self.used) == state]


def find_site_remedy(page: Facts | None) -> str:
    """What to do where a page was not seen: only what did not answer at all is out of reach."""
    return REACH if page is None or page["status"] is None else ANSWERED


def list_published(context: Context) -> Iterator[Published]:
    """The documents of all servers that were asked."""
    for exchange in list_exchange_hosts(context):
        if exchange.metadata is not None:
            yield Published(exchange.server, "exchange", exchange.metadata, _find_auth_certificates(context))
    for front_end in context.front_ends:
        if front_end.metadata is not None:
            used = _find_token_issuers(context, front_end)
            yield Published(front_end.computer, "lync", front_end.metadata, used)


def list_exchange_hosts(context: Context) -> list[ExchangeHost]:
    """The Exchange servers of the inventory that are not left out."""
    return [item for item in context.farm.exchange_hosts if not context.is_left_out(item.host, item.server)]


def _find_auth_certificates(context: Context) -> InUse:
    config = (context.farm.organization.auth_config if context.farm.organization else None) or {}
    names = ("current_certificate_thumbprint", "next_certificate_thumbprint", "previous_certificate_thumbprint")
    return InUse(*(normal_thumbprint(config.get(name)) for name in names))


def _find_token_issuers(context: Context, front_end: FrontEnd) -> InUse:
    used, now = front_end.used_issuers, context.now
    current, staged = find_in_use(used, now), find_staged(used, now)
    before = next((item.previous_thumbprint for item in used if item.thumbprint == current), "")
    return InUse(current, staged.thumbprint if staged else "", before)


def find_issuer(context: Context) -> str | None:
    """How Lync names itself in tokens; None where that was not read."""
    realm = context.farm.deployment.realm if context.farm.deployment else None
    return f"{LYNC}@{realm}" if realm else None


def list_partners(partners: list[Facts] | None, application: str) -> list[Facts]:
    """Those of the partner applications that stand for a product on premises."""
    return [
        item
        for item in partners or ()
        if str(item["application_identifier"] or "").lower() == application and item["kind"] == "on_premises"
    ]


def describe_distrust(context: Context, host: ExchangeHost) -> Distrust | None:
    """Why an Exchange server does not trust Lync's tokens; None where it does, and where that was not seen."""
    issuer, challenge = find_issuer(context), host.challenge
    if issuer is None or challenge is None or challenge["error"]:
        return None
    if challenge["trusted_issuers"] is None:
        return Distrust("Autodiscover does not offer OAuth")
    if trusts(challenge["trusted_issuers"], issuer):
        return None
    organization = context.farm.organization
    partners = list_partners(organization.partner_applications if organization else None, LYNC)
    realm = issuer.partition("@")[2]
    ours = [item for item in partners if not item["realm"] or is_same_realm(item["realm"], realm)]
    others = [item for item in challenge["trusted_issuers"] if item.lower().startswith(f"{LYNC}@")]
    if others and not any(item["enabled"] for item in ours):
        return Distrust(f"it trusts {', '.join(others)}, but Lync names itself {issuer}")
    partners = ours or partners
    if enabled := [str(item["name"]) for item in partners if item["enabled"]]:
        evidence = f"its web site does not know the partner application {', '.join(enabled)} yet"
        return Distrust(evidence, not_read_yet=True)
    if partners:
        evidence = f"the partner application {', '.join(str(item['name']) for item in partners)} is disabled"
        return Distrust(evidence, disabled=True)
    evidence = f"no partner application for Lync: {issuer} is not among the issuers that it trusts"
    return Distrust(evidence, configured=False)


def is_oauth_off(context: Context, host: ExchangeHost) -> bool:
    """Whether the server's Autodiscover directory is known not to accept OAuth."""
    organization = context.farm.organization
    directories = (organization.virtual_directories if organization else None) or {}
    for directory in directories.get("autodiscover", ()):
        server = organization.find_server(str(directory["server"] or "")) if organization else None
        if server and host_name(server) == host.server:
            return directory["oauth_authentication"] is False
    return False


def is_found_disabled(context: Context) -> bool:
    """Whether the rule partner_application_disabled finds Exchange's application for Lync; not where it is that of another deployment."""
    found = context.find_changes("partners")
    return any(change.conflict == DISABLED and change.about == "exchange.enabled" for change in found)


def find_unknown_signers(context: Context) -> Iterator[tuple[str, str, list[str]]]:
    """The front ends whose certificate Exchange does not know: the computer, the certificate, and those that Exchange knows."""
    organization = context.farm.organization
    known = _list_known(organization.partner_applications if organization else None)
    for front_end in context.front_ends if known else ():
        current = _find_token_issuers(context, front_end).current
        if current and current not in known:
            yield front_end.computer, current, known


def _list_known(partners: list[Facts] | None) -> list[str]:
    enabled = [item for item in list_partners(partners, LYNC) if item["enabled"]]
    return [thumbprint for item in enabled for thumbprint in item["signing_certificates"]]
