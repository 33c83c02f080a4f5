# SPDX-License-Identifier: GPL-3.0-or-later

"""What a session offers: the cmdlets of the host's product version, on a product endpoint only those of the caller's roles."""

from __future__ import annotations

from farm.exchange.split_permissions import is_withheld
from farm.registry import REGISTRY, Caller, Cmdlet
from farm.scenario import Host
from farm.state import Farm

ENDPOINT_OF = {"exchange": "/powershell", "lync": "/ocspowershell"}


def installed(farm: Farm, host: Host, cmdlet: Cmdlet) -> bool:
    """Whether the host's product has the cmdlet; those of Windows are everywhere, DnsServer's where its module is."""
    if cmdlet.shell == "windows":
        return True
    return host.role == cmdlet.shell and farm.catalogue.exists(
        cmdlet.name, cmdlet.shell, farm.scenario.version_of(host)
    )


def offered(farm: Farm, host: Host, caller: Caller, shell: str) -> list[str]:
    """The names of the cmdlets that a session of this shell can call."""
    return sorted(
        cmdlet.name for cmdlet in REGISTRY.values() if cmdlet.shell == shell and offers(farm, host, caller, cmdlet)
    )


def offers(farm: Farm, host: Host, caller: Caller, cmdlet: Cmdlet) -> bool:
    """Whether a session offers a cmdlet."""
    if not installed(farm, host, cmdlet):
        return False
    if not caller.at_product_endpoint:
        return True
    if is_withheld(farm, cmdlet.name):
        return False
    right_endpoint = caller.endpoint.rstrip("/").lower() == ENDPOINT_OF.get(cmdlet.shell)
    return right_endpoint and cmdlet.needs.at_endpoint and caller.member_of(*cmdlet.needs.groups)
