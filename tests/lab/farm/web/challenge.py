# SPDX-License-Identifier: GPL-3.0-or-later

"""The 401 of Autodiscover: who Exchange trusts as an issuer of tokens.

MS-XOAUTH 3.2.5.4 and 4.6: a request with an empty Bearer header is answered with client_id, trusted_issuers and perhaps realm;
"How to configure Exchange Server on-premises to use Hybrid Modern Authentication" shows it with a Lync partner, token_types and Basic
beside it. That Exchange answers a request without the header alike, and that a directory without OAuthAuthentication leaves Bearer out,
are guesses.
"""

from __future__ import annotations

from farm.scenario import Host
from farm.state import Farm
from farm.web.identities import EXCHANGE, issuer_of, organization_of

TYPES = "app_asserted_user_v1 service_asserted_app_v1"


def write_challenge(farm: Farm, host: Host) -> list[tuple[str, str]]:
    """The headers of the 401."""
    organization = organization_of(farm, host)
    server = organization.server(host.fqdn)
    headers = [("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", "NTLM")]
    if server is not None and server.directories["Autodiscover"].oauth:
        client = organization.auth.service_name or EXCHANGE
        trusted = ",".join(list_trusted(farm, host))
        bearer = f'Bearer client_id="{client}", trusted_issuers="{trusted}", token_types="{TYPES}"'
        headers.insert(0, ("WWW-Authenticate", bearer))
    return [*headers, ("WWW-Authenticate", f'Basic realm="{host.fqdn}"')]


def list_trusted(farm: Farm, host: Host) -> list[str]:
    """The issuers that the server trusts; those that were added since its application pools started are not among them yet."""
    if farm.machine(host.fqdn).restart_pending:
        return []
    applications = organization_of(farm, host).partner_applications
    return list(dict.fromkeys(issuer_of(farm, entry) for entry in applications if entry.enabled))
