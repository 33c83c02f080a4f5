# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The topology as the Central Management Store has it: one read for each family of cmdlets."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag, Kind, NameSet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Family, Property, Reads, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Value

Facts = dict[str, t.Any]


class SiteName(Kind):
    """A site's identity, ``Site:Atlanta``, as its name."""

    def read(self, value: Value) -> t.Any:
        text = super().read(value)
        return re.sub(r"^site:", "", text, flags=re.IGNORECASE) if text else None


SITES = Family(
    Cmdlet("Get-CsSite"),
    Table(
        Property("name", "Identity", SiteName()),
        Property("site_id", "SiteId"),
        Property("display_name", "DisplayName"),
        Property("pools", "Pools", NameSet()),
    ),
)
POOLS = Family(
    Cmdlet("Get-CsPool"),
    Table(
        Property("fqdn", "Fqdn"),
        Property("site", "Site", SiteName()),
        Property("computers", "Computers", NameSet()),
        Property("services", "Services", NameSet()),
    ),
)
COMPUTERS = Family(Cmdlet("Get-CsComputer"), Table(Property("fqdn", "Fqdn"), Property("pool", "Pool")))
THIS_COMPUTER = Family(Cmdlet("Get-CsComputer", Local=True), COMPUTERS.table)
SIP_DOMAINS = Family(
    Cmdlet("Get-CsSipDomain"), Table(Property("name", "Name"), Property("default", "IsDefault", Flag()))
)
SERVICES = Family(
    Cmdlet("Get-CsService"),
    Table(
        Property("identity", "Identity"),
        Property("role", "Role"),
        Property("pool_fqdn", "PoolFqdn"),
        Property("site", "SiteId", SiteName()),
        Property("version", "Version"),
    ),
)
TRUSTED_COMPUTERS = Family(Cmdlet("Get-CsTrustedApplicationComputer"), COMPUTERS.table)

_OAUTH_SERVICES = ("registrar:", "userserver:", "webserver:")


def read_pools(shell: Reads) -> list[Facts]:
    """The pools.

    ``front_end`` says whether a pool is one of Front End Servers: those have the User Services. ``uses_oauth`` says whether its
    computers need the OAuthTokenIssuer certificate: those with a Registrar, the User Services or Web Services, so Directors too
    (Microsoft's certificate summary for Directors: "The certificate is required"), but no Edge or Mediation Server.
    """
    found = POOLS.read(shell)
    for pool in found:
        services = [service.casefold() for service in pool["services"]]
        pool["front_end"] = any(service.startswith("userserver:") for service in services)
        pool["uses_oauth"] = any(service.startswith(_OAUTH_SERVICES) for service in services)
    return found


def list_front_ends(known_pools: list[Facts]) -> list[str]:
    """The computers of the Front End pools, by name."""
    return _list_computers(pool for pool in known_pools if pool["front_end"])


def list_oauth_computers(known_pools: list[Facts]) -> list[str]:
    """The computers that need the OAuthTokenIssuer certificate, by name."""
    return _list_computers(pool for pool in known_pools if pool["uses_oauth"])


def _list_computers(pools: Iterable[Facts]) -> list[str]:
    return sorted({name.lower() for pool in pools for name in pool["computers"]})


def read_trusted_computers(shell: Shell) -> list[Facts] | None:
    """The computers of the trusted application pools, none of which is without one; None where the account may not read them."""
    cmdlet = TRUSTED_COMPUTERS.cmdlet.name
    if cmdlet not in shell.offered(cmdlet):
        return None
    try:
        return TRUSTED_COMPUTERS.read(shell)
    except ShellError as error:
        if error.kind != "access_denied":
            raise
        return None


def read_sip_domains(shell: Reads) -> list[Facts]:
    """The SIP domains, the default one first."""
    return sorted(SIP_DOMAINS.read(shell), key=lambda domain: not domain["default"])


def read_version(shell: Reads) -> Facts:
    """What the host runs. ``Get-CsServerVersion`` writes a sentence, ``Microsoft Lync Server 2013 (5.0.8308.0): …``: product and build."""
    text = " ".join(str(line) for line in shell.read_all(Cmdlet("Get-CsServerVersion")))
    found = re.match(r"(?P<product>.*?)\s*\((?P<build>\d+(?:\.\d+)+)\)", text)
    return {"product": found["product"] if found else None, "build": found["build"] if found else None, "text": text}


def read_this_computer(shell: Reads) -> str:
    """The FQDN, in lower case, under which the topology knows the computer that the shell runs on.

    :raises ShellError: of kind ``not_found`` where it is none of the topology's.
    """
    for computer in THIS_COMPUTER.read(shell):
        return str(computer["fqdn"]).lower()
    raise ShellError(
        "not_found",
        "this host is no computer of the Lync topology.",
        cmdlet=THIS_COMPUTER.cmdlet.name,
        remedy="Run the task on a Front End Server or a Director.",
    )
