# SPDX-License-Identifier: GPL-3.0-or-later

"""The authentication metadata documents.

The form is that of the one document of Exchange that Microsoft publishes (Office Add-ins, "Validate an Exchange identity token"): id,
version, name, realm, serviceName, issuer, allowedAudiences, keys with keyinfo.x5t and keyvalue, endpoints. That Lync's has the same is a
guess, as is that the staged and the previous certificate are listed behind the one that signs.
"""

from __future__ import annotations

import base64
import uuid
from typing import Any

from farm.certificates import Issued
from farm.objects import NAMESPACE
from farm.scenario import Host
from farm.state import Farm
from farm.web.identities import EXCHANGE, LYNC, content_of, exchange_realm, lync_realm, organization_of
from farm.web.signing_keys import list_keys

PATHS = {"exchange": "/autodiscover/metadata/json/1", "lync": "/metadata/json/1"}
"""Configure partner applications in Skype for Business Server and Exchange Server: the document of each product."""


def write_document(farm: Farm, host: Host) -> dict[str, Any] | None:
    """The document of a host; nothing where the certificate that signs is not on it."""
    keys = list_keys(farm, host)
    if not keys:
        return None
    if host.role == "exchange":
        service, name = organization_of(farm, host).auth.service_name or EXCHANGE, "Exchange"
        realm = exchange_realm(organization_of(farm, host))
    else:
        content = content_of(farm, host)
        service, name, realm = content.oauth.service_name or LYNC, "LyncServer", lync_realm(content)
    return {
        "id": f"_{uuid.uuid5(NAMESPACE, f'metadata {host.fqdn}'.lower())}",
        "version": "1.0",
        "name": name,
        "realm": realm,
        "serviceName": service,
        "issuer": f"{service}@{realm}",
        "allowedAudiences": [f"{service}@{realm}"],
        "keys": [_show_key(key) for key in keys],
        "endpoints": [
            {"location": f"https://{host.fqdn}{PATHS[host.role]}", "protocol": "OAuth2", "usage": "metadata"}
        ],
    }


def _show_key(issued: Issued) -> dict[str, Any]:
    digest = base64.urlsafe_b64encode(bytes.fromhex(issued.thumbprint)).decode().rstrip("=")
    value = base64.b64encode(issued.raw).decode()
    return {
        "usage": "signing",
        "keyinfo": {"x5t": digest},
        "keyvalue": {"type": "x509Certificate", "value": value},
    }
