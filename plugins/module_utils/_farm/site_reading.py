# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the snapshot of a host holds of its web site: the metadata document, and on Exchange whom the server trusts."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.snapshot import Reading
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
