# SPDX-License-Identifier: GPL-3.0-or-later

"""By which names the products know each other: application identifiers and realms."""

from __future__ import annotations

from farm.exchange.organization import Organization
from farm.lync.store import Content
from farm.scenario import Host, PartnerApplication
from farm.state import Farm

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
LYNC = "00000004-0000-0ff1-ce00-000000000000"


def content_of(farm: Farm, host: Host) -> Content:
    """What a front end acts on: its own replica of the store."""
    replica = farm.store.replica(host.fqdn)
    return replica.version.content if replica else farm.store.content


def organization_of(farm: Farm, host: Host) -> Organization:
    """The organization as an Exchange server's domain controller has it."""
    return farm.directory.organization(farm.directory.choose_for(host))


def lync_realm(content: Content) -> str:
    """The realm of the deployment: the default SIP domain where none is set (server-to-server-and-partner-applications)."""
    default = next((domain.name for domain in content.sip_domains if domain.default), "")
    return content.oauth.realm or default


def exchange_realm(organization: Organization) -> str:
    """The realm of the organization: its default accepted domain where none is set."""
    default = next((domain.name for domain in organization.accepted_domains if domain.default), "")
    return organization.auth.realm or default


def issuer_of(farm: Farm, application: PartnerApplication) -> str:
    """The issuer that a partner application stands for. The realm came from the partner's document where none is written down."""
    realm = application.realm or (lync_realm(farm.store.content) if application.application_identifier == LYNC else "*")
    return f"{application.application_identifier}@{realm}"
