# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The partner applications of Lync, as far as the trust is judged by them."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag, Name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Family, Property, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell

READ = "Get-CsPartnerApplication"
_PARTNERS = Family(
    Cmdlet(READ),
    Table(
        Property("name", "Name"),
        Property("application_identifier", "ApplicationIdentifier", Name()),
        Property("realm", "Realm", Name()),
        Property("enabled", "Enabled", Flag()),
    ),
)


def read_trusted_partners(shell: Shell) -> list[dict[str, t.Any]] | None:
    """The applications; None where this account is not offered the cmdlet."""
    return _PARTNERS.read(shell) if READ in shell.offered(READ) else None
