# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates a server offers as the ones that it signs tokens with.

Exchange: those of AuthConfig that are in the server's own store. Lync: the OAuthTokenIssuer certificate of its replica that is in force,
the staged one and the previous one, as far as they are in the server's store.
"""

from __future__ import annotations

from farm.certificates import Issued
from farm.scenario import Host
from farm.state import Farm

TOKEN_ISSUER = "OAuthTokenIssuer"


def list_keys(farm: Farm, host: Host) -> list[Issued]:
    """The certificates of the metadata document, the one that signs first; none where the signing one is missing."""
    wanted = _list_exchange(farm, host) if host.role == "exchange" else _list_lync(farm, host)
    store = farm.machine(host.fqdn).store
    found = [stored.issued for stored in map(store.get, filter(None, wanted)) if stored is not None]
    signs = next(iter(wanted), "")
    return found if found and found[0].thumbprint == signs else []


def find_signer(farm: Farm, host: Host) -> Issued | None:
    """The certificate that the server signs tokens with, where it has its private key."""
    key = next(iter(list_keys(farm, host)), None)
    stored = farm.machine(host.fqdn).store.get(key.thumbprint) if key else None
    return key if stored and stored.has_key else None


def _list_exchange(farm: Farm, host: Host) -> list[str]:
    auth = farm.directory.organization(farm.directory.choose_for(host)).auth
    if farm.machine(host.fqdn).restart_pending and auth.previous:
        # the application pools go on with what they have read (CSS-Exchange restarts them after Set-AuthConfig)
        return [auth.previous]
    return list(dict.fromkeys([auth.current, auth.next, auth.previous]))


def _list_lync(farm: Farm, host: Host) -> list[str]:
    found = farm.store.assigned(host.fqdn).get(TOKEN_ISSUER)
    if found is None:
        return []
    assignment = found[1]
    in_force = assignment.current(farm.now_on(host.fqdn))
    others = [assignment.issued, *([assignment.previous] if assignment.previous else [])]
    return list(dict.fromkeys(issued.thumbprint for issued in (in_force, *others)))
