# SPDX-License-Identifier: GPL-3.0-or-later
"""What PowerShell finds on a host: its language, its product, the modules and snap-ins that are installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from powershell.catalogue import Catalogue, Cmdlet

SNAPIN = "Microsoft.Exchange.Management.PowerShell.SnapIn"

_NAMES = {"exchange": "Exchange Server", "lync": "Skype for Business Server"}
_NEWEST = {"exchange": "Exchange Server SE", "lync": "Skype for Business Server 2019"}

ENDPOINTS = {"exchange-endpoint": ("exchange", "/powershell"), "lync-endpoint": ("lync", "/ocspowershell")}
"""The products' own endpoints by their profile: shell and path."""

LOCAL_SHELLS = ("standard", "windows")
RESTRICTED = ("Get-Command", "Measure-Object", "Out-Default", "Select-Object")
"""The standard cmdlets of a restricted endpoint that a pipeline uses (InitialSessionState.CreateRestricted, RemoteServer)."""


def product_name(role: str, version: str) -> str | None:
    """A product as the catalogue calls it; the newest it knows where it does not know the version."""
    if role not in _NAMES:
        return None
    if role == "lync" and version == "2013":
        return "Lync Server 2013"
    return f"{_NAMES[role]} {version}" if version and (role, version) != ("lync", "SE") else _NEWEST[role]


def endpoint_fields(profile: str) -> dict[str, str]:
    """How the farm is told of a product's endpoint."""
    shell, path = ENDPOINTS[profile]
    return {"profile": profile, "shell": shell, "endpoint": path}


@dataclass(frozen=True)
class Host:
    """An emulated machine, as its PowerShell sees it."""

    fqdn: str
    role: str
    culture: str = "en-US"
    product: str | None = None

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Host:
        """A host by the farm's answer to ``describe``."""
        role, version = str(description.get("role") or ""), str(description.get("version") or "")
        product = product_name(role, version)
        return cls(description["fqdn"], role, description.get("culture") or "en-US", product)

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules of products and roles; importing one brings its cmdlets."""
        if self.role == "lync":
            return ("Lync",) if self.product == "Lync Server 2013" else ("SkypeForBusiness",)
        return ("DnsServer",) if self.role == "dns" else ()

    @property
    def snapins(self) -> tuple[str, ...]:
        """The registered snap-ins."""
        return (SNAPIN,) if self.role == "exchange" else ()

    def product_cmdlets(self, catalogue: Catalogue) -> dict[str, Cmdlet]:
        """The cmdlets that the host's product brings, by their names in lower case."""
        if self.role == "dns":
            return {cmdlet.name.lower(): cmdlet for cmdlet in catalogue.of_shell("dns")}
        return catalogue.of_product(self.product) if self.product else {}
