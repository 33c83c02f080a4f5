# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The partner applications of a Lync deployment, as Get-CsPartnerApplication shows them.

There is no property for the metadata URL. AuthToken has it, as ``Value=https://…``, or the name of the class UseOAuthServer for an
application whose tokens come from an authorization server. Lync does not show which keys it has read.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag, Kind, Name, Text, Url
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import Facts
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Property, Reads, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Value

URL = "metadata_url"
_CLOUD = "useoauthserver"


class MetadataUrl(Url):
    """The URL in an AuthToken."""

    def read(self, value: Value) -> t.Any:
        found = re.search(r"https?://[^\s;,}]+", Text().read(value) or "", re.IGNORECASE)
        return found[0] if found else None


class UsesServer(Kind):
    """Whether an AuthToken is that of an authorization server."""

    def read(self, value: Value) -> t.Any:
        return _CLOUD in str(super().read(value) or "").casefold()


TABLE = Table(
    Property(URL, "AuthToken", MetadataUrl(), "MetadataUrl"),
    Property("application_trust_level", "ApplicationTrustLevel", Name()),
    Property("enabled", "Enabled", Flag()),
    Property("accept_security_identifier_information", "AcceptSecurityIdentifierInformation", Flag()),
)
"""What can be changed. The realm of an application cannot: Set-CsPartnerApplication has no such parameter."""

_SHOWN = Table(
    Property("identity", "Identity", Text()),
    Property("application_identifier", "ApplicationIdentifier", Name()),
    Property("realm", "Realm", Name()),
    *TABLE.properties,
    Property("uses_server", "AuthToken", UsesServer()),
)


def read_partner_applications(shell: Reads, *, local: bool = False) -> list[Facts]:
    """Every partner application, of the Central Management Store or of the computer's own replica, each with its kind."""
    read = Cmdlet("Get-CsPartnerApplication").with_parameters(**({"LocalStore": True} if local else {}))
    names = dict.fromkeys(row.name for row in _SHOWN.properties)
    items = shell.read_all(read, Cmdlet("Select-Object", Property=list(names)))
    return [_describe(_SHOWN.state(item)) for item in items]


def _describe(state: Facts) -> Facts:
    kind = "cloud" if state.pop("uses_server") else "on_premises"
    return {**state, "name": state["identity"], "url": state[URL], "kind": kind}
