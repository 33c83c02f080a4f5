# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions of TLS a machine speaks, by the settings of SCHANNEL and of .NET Framework."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

VERSIONS = ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
PROTOCOLS = r"HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols"
SIDES = ("Client", "Server")
FRAMEWORKS = (
    r"HKLM:\SOFTWARE\Microsoft\.NETFramework\v4.0.30319",
    r"HKLM:\SOFTWARE\Wow6432Node\Microsoft\.NETFramework\v4.0.30319",
)
STRONG = ("SchUseStrongCrypto", "SystemDefaultTlsVersions")
Settings = Mapping[str, Mapping[str, t.Any]]
"""By registry path, in lower case and without its drive, the values that are there."""


def list_paths() -> list[str]:
    """The registry keys that say it. Most of them are not there on most machines."""
    return [*(rf"{PROTOCOLS}\{version}\{side}" for version in VERSIONS for side in SIDES), *FRAMEWORKS]


def list_switched_off(settings: Settings, side: str) -> list[str]:
    """The versions that are switched off on a side, by Enabled or DisabledByDefault (TLS registry settings)."""
    found = []
    for version in VERSIONS:
        values = settings.get(normalize_path(rf"{PROTOCOLS}\{version}\{side}"), {})
        if values.get("Enabled") == 0 or values.get("DisabledByDefault") == 1:
            found.append(version)
    return found


def is_strong(settings: Settings) -> bool | None:
    """Whether .NET programs use what SCHANNEL has; None where nothing says so, as on a machine as it was installed.

    "TLS best practices with the .NET Framework": one of both values is enough, for the framework of 64 bits, which both products are.
    """
    values = settings.get(normalize_path(FRAMEWORKS[0]), {})
    there = [values[name] for name in STRONG if values.get(name) is not None]
    return any(value == 1 for value in there) if there else None


def normalize_path(path: str) -> str:
    """A registry path in one spelling, as it is asked for and as PSPath shows it."""
    return path.rpartition("HKEY_LOCAL_MACHINE\\")[2].removeprefix("HKLM:\\").lower()
