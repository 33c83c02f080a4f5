# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one OAuth configuration of a deployment: where Lync asks for Exchange's address, and the names it goes by in tokens."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit, urlunsplit

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import DomainList, Name, Url
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Property, Resource, Table

PATH = "/autodiscover/autodiscover.svc"
"""The SOAP service. Lync speaks nothing else; Exchange publishes the other one, ``.xml``, to Outlook."""


class AutodiscoverUrl(Url):
    """The URL of Autodiscover's SOAP service, as Set-CsOAuthConfiguration takes it: a String."""

    def desired(self, value: t.Any) -> t.Any:
        """See :meth:`Kind.desired`; the message has the URL that was probably meant."""
        if value in (None, ""):
            return None
        text = str(value).strip()
        parts = urlsplit(text if "://" in text else f"https://{text}")
        right = urlunsplit((parts.scheme or "https", parts.netloc or "autodiscover.litwareinc.com", PATH, "", ""))
        if "://" not in text or not parts.hostname:
            raise ValueError(f"'{value}' is not a URL with scheme and host; give one such as {right}")
        if parts.path.casefold().endswith(".xml"):
            raise ValueError(f"'{value}' is the URL for Outlook; Lync needs the one that ends in .svc: {right}")
        if parts.path.casefold() != PATH or parts.query or parts.fragment:
            raise ValueError(
                f"'{value}' is not the URL of Autodiscover's SOAP service, which ends in {PATH}; give {right}"
            )
        return super().desired(text)


OAUTH_CONFIGURATION = Resource(
    name="oauth_configuration",
    shell="lync",
    read=Cmdlet("Get-CsOAuthConfiguration"),
    write=Cmdlet("Set-CsOAuthConfiguration", Identity="global", Confirm=False),
    table=Table(
        Property("exchange_autodiscover_url", "ExchangeAutodiscoverUrl", AutodiscoverUrl()),
        Property("exchange_autodiscover_allowed_domains", "ExchangeAutodiscoverAllowedDomains", DomainList()),
        Property("realm", "Realm", Name()),
        Property("service_name", "ServiceName", Name()),
    ),
)
