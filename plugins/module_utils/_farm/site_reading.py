# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the snapshot of a host holds of web sites.

Of its own one: the metadata document, and on Exchange whom the server trusts. Of those that the partner applications name: whether the
host itself can download their documents.
"""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.snapshot import Reading
from ansible_collections.onprem.exchange_lync.plugins.module_utils._metadata_probe import probe_partners
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.web_reading import (
    Site,
    read_metadata,
    read_trusted_issuers,
)

SECONDS = 5.0
"""For one page. A firewall that drops everything costs no more than one of them."""


def read_site(reading: Reading, product: t.Literal["exchange", "lync"]) -> None:
    """Ask the server by its own name, so that behind a load balancer each is read by itself."""
    address, _colon, port = reading.call.params["web_site"].rpartition(":")
    site = Site(product, reading.host, address, int(port), SECONDS)
    metadata = read_metadata(site)
    reading.read(product, "metadata", lambda: metadata)
    if product == "exchange" and metadata["status"] is not None:
        reading.read(product, "challenge", lambda: read_trusted_issuers(site))


def read_partner_documents(reading: Reading, product: t.Literal["exchange", "lync"], partner: str) -> None:
    """Ask the machine that speaks for the product, as the product would ask; not where its own PowerShell has not answered.

    :param partner: the application identifier of the other product.
    """
    parts = reading.products[product]
    applications, machine = parts.get("partner_applications"), parts.get("machine")
    if applications and machine and not machine["error"]:
        windows = reading.call.shell("windows")
        reading.read(product, "partner_documents", lambda: probe_partners(windows, applications, partner))
