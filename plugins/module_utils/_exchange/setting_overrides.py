# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings that an administrator has overridden (New-SettingOverride), and the two kinds of them that matter here.

One is the organisation's own application in Entra ID. The other is the configuration of instant messaging in Outlook on the web, which in
Exchange 2016 and later is an override. Exchange 2013 has it in a file, web.config, which no cmdlet reads.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import Directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import Facts
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import NameSet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Family, Property, Table

READ = "Get-SettingOverride"
DEDICATED = ("Global", "ExchangeOnpremAsThirdPartyAppId")
"""Component and section of the override by which Exchange uses its own application in Entra ID."""
IM_SETTINGS = ("OwaServer", "IMSettings")
"""Those of instant messaging (Configure instant messaging integration with Outlook on the web in Exchange)."""
_OVERRIDES = Family(
    Cmdlet(READ),
    Table(
        Property("name", "Name"),
        Property("component", "ComponentName"),
        Property("section", "SectionName"),
        Property("parameters", "Parameters", NameSet()),
        Property("servers", "Server", NameSet(separator=",")),
        Property("min_version", "MinVersion"),
        Property("max_version", "MaxVersion"),
        Property("fix_version", "FixVersion"),
    ),
)


def read_setting_overrides(directory: Directory) -> list[Facts] | None:
    """All overrides; None where the account is not offered the cmdlet, or the version does not have it."""
    if READ not in directory.shell.offered(READ):
        return None
    return _OVERRIDES.read(directory)


def choose_overrides(overrides: Iterable[Facts], wanted: tuple[str, str]) -> list[Facts]:
    """The overrides of a component and section."""
    component, section = wanted
    return [item for item in overrides if (item["component"], item["section"]) == (component, section)]


def find_parameter(override: Facts, name: str) -> str:
    """The value of one of its parameters, each of which is ``name=value``; empty where it has none of this name."""
    pairs: list[tuple[str, str, str]] = [str(item).partition("=") for item in override["parameters"]]
    return next((value.strip() for key, _sign, value in pairs if key.strip().casefold() == name.casefold()), "")


def is_bounded(override: t.Mapping[str, t.Any]) -> bool:
    """Whether it is for some versions of Exchange only."""
    return any(override[bound] for bound in ("min_version", "max_version", "fix_version"))
