# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The partner applications of an Exchange organisation, as Get-PartnerApplication shows them."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import Facts
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag, Kind, Name, NameSet, Text, Url
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import find_kind
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Property, Reads, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Value
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe


class Certificates(Kind):
    """CertificateStrings: the certificates that were read from the other side, in base64, as their thumbprints."""

    def read(self, value: Value) -> t.Any:
        return sorted({describe(text)["thumbprint"] or "" for text in NameSet().read(value)} - {""})


URL = "auth_metadata_url"
TABLE = Table(
    Property(URL, "AuthMetadataUrl", Url()),
    Property("realm", "Realm", Name()),
    Property("enabled", "Enabled", Flag()),
    Property("accept_security_identifier_information", "AcceptSecurityIdentifierInformation", Flag()),
)
"""What is compared as it stands. The linked account is compared by what its name stands for."""

_SHOWN = Table(
    Property("name", "Name", Text()),
    Property("application_identifier", "ApplicationIdentifier", Name()),
    *TABLE.properties,
    Property("linked_account", "LinkedAccount", Name()),
    Property("use_auth_server", "UseAuthServer", Flag()),
    Property("signing_certificates", "CertificateStrings", Certificates()),
    Property("originating_server", "OriginatingServer", Text()),
)


def read_partner_applications(shell: Reads) -> list[Facts]:
    """Every partner application, each with its kind, and with the thumbprints of the certificates whose signatures Exchange takes."""
    items = shell.read_all(Cmdlet("Get-PartnerApplication"), _SHOWN.projection())
    found = [_SHOWN.state(item) for item in items]
    return [{**item, "url": item[URL], "kind": find_kind(item[URL])} for item in found]
