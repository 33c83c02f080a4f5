# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether each server has a certificate that it can work with, at each moment that a cmdlet has run: the farm's timeline."""

from __future__ import annotations

from typing import Any

from farm.certificates import Stored
from farm.state import Farm


def observe(farm: Farm) -> dict[str, Any]:
    """Of each Exchange server, whether it signs tokens and hands on mail; of each Lync computer, whether tokens are signed and taken."""
    return {
        "exchange": {server.host.fqdn: _look_at_exchange(farm, server.host.fqdn) for server in _list_servers(farm)},
        "lync": {host.fqdn: _look_at_lync(farm, host.fqdn) for host in farm.scenario.hosts_of("lync")},
    }


def record(farm: Farm, number: int) -> None:
    """Add to the timeline what has changed.

    :param number: that of the journal's newest entry.
    """
    seen = observe(farm)
    if not farm.timeline or farm.timeline[-1]["usable"] != seen:
        farm.timeline.append({"journal": number, "usable": seen})


def _list_servers(farm: Farm) -> list[Any]:
    return [server for server in farm.organization.client_access_servers if server.is_e15]


def _look_at_exchange(farm: Farm, fqdn: str) -> dict[str, Any]:
    """As the server itself sees it: by the domain controller that it asks, its own store and its own clock."""
    machine = farm.machine(fqdn)
    organization = farm.directory.organization(farm.directory.choose_for(machine.host))
    server = organization.server(fqdn)
    assert server is not None
    auth = organization.auth
    return {
        "current": auth.current,
        "signs": _is_usable(farm, fqdn, machine.store.get(auth.current)),
        "internal_transport": server.internal_transport,
        "hands_on": _is_usable(farm, fqdn, machine.store.get(server.internal_transport)),
    }


def _look_at_lync(farm: Farm, fqdn: str) -> dict[str, Any]:
    """The certificate in force is the one that the replica names; it has to be in the computer's own store."""
    found = farm.store.assigned(fqdn).get("OAuthTokenIssuer")
    if found is None:
        return {"current": "", "signs": False, "taken": False}
    issued = found[1].current(farm.now_on(fqdn))
    return {
        "current": issued.thumbprint,
        "signs": _is_usable(farm, fqdn, farm.machine(fqdn).store.get(issued.thumbprint)),
        "taken": any(issued.thumbprint in each.certificates for each in farm.organization.partner_applications),
    }


def _is_usable(farm: Farm, fqdn: str, stored: Stored | None) -> bool:
    if stored is None or not stored.has_key:
        return False
    return stored.issued.not_before <= farm.now_on(fqdn) <= stored.issued.not_after
