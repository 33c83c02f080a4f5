# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one OAuth configuration of a deployment: where Lync asks for Exchange's address, and the names it goes by in tokens."""

from __future__ import annotations

from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import AutodiscoverUrl
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import DomainList, Name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Property, Resource, Table

OAUTH_CONFIGURATION = Resource(
    name="oauth_configuration",
    shell="lync",
    read=Cmdlet("Get-CsOAuthConfiguration"),
    write=Cmdlet("Set-CsOAuthConfiguration", Identity="global", Confirm=False),
    table=Table(
        Property("exchange_autodiscover_url", "ExchangeAutodiscoverUrl", AutodiscoverUrl("svc")),
        Property("exchange_autodiscover_allowed_domains", "ExchangeAutodiscoverAllowedDomains", DomainList()),
        Property("realm", "Realm", Name()),
        Property("service_name", "ServiceName", Name()),
    ),
)
