# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate that IIS shows: on Exchange the one that is assigned to the service IIS, on Lync the one of its internal web services."""

from __future__ import annotations

from farm.certificates import Issued
from farm.scenario import Host
from farm.state import Farm

USES = ("WebServicesInternal", "Default")


def find_site_certificate(farm: Farm, host: Host) -> Issued | None:
    """The certificate, of those whose private key the host has."""
    with farm.lock:
        store = farm.machine(host.fqdn).store
        for thumbprint in _list_assigned(farm, host):
            stored = store.get(thumbprint)
            if stored and stored.has_key:
                return stored.issued
    return None


def _list_assigned(farm: Farm, host: Host) -> list[str]:
    if host.role == "exchange":
        server = farm.organization.server(host.fqdn)
        return [thumbprint for thumbprint, text in (server.services if server else {}).items() if "IIS" in text]
    if host.role == "lync":
        assigned = farm.store.assigned(host.fqdn)
        return [assigned[use][1].issued.thumbprint for use in USES if use in assigned]
    return []
