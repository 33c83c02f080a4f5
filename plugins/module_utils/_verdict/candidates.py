# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates of the front ends' stores could be the OAuthTokenIssuer: the verdict, asked about each before it is assigned."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.names import canonical
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import ASSIGNED_USE
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.verdict import judge

_DEPLOYED_BY_ASSIGNING = "certificate_missing"
"""The one rule that assigning mends: a certificate that is assigned globally is deployed to the front ends that lack it."""


def candidates(
    *,
    now: str | dt.datetime,
    lync: Sequence[Mapping[str, t.Any]],
    sip_domains: Sequence[str],
    warn_days: int = 60,
    minimum_key_size: int = 2048,
) -> list[dict[str, t.Any]]:
    """The certificates against which the verdict would have nothing to say, the best first.

    The best is on the most front ends, then is named for the default SIP domain itself, then lasts longest.
    """
    found: dict[str, Mapping[str, t.Any]] = {}
    hosts: dict[str, list[str]] = {}
    for result in lync:
        for certificate in result.get("store") or ():
            found.setdefault(certificate["thumbprint"], certificate)
            hosts.setdefault(certificate["thumbprint"], []).append(result["host"])
    settings: dict[str, t.Any] = {
        "now": now,
        "sip_domains": sip_domains,
        "warn_days": warn_days,
        "minimum_key_size": minimum_key_size,
    }
    fit = [thumbprint for thumbprint in found if _fits(thumbprint, lync, settings)]
    domain = canonical(sip_domains[0]) if sip_domains else ""
    shown = [_shown(found[thumbprint], hosts[thumbprint]) for thumbprint in fit]
    # two stable sorts: the longest lasting first within equal rank
    shown.sort(key=lambda item: item["not_after"] or "", reverse=True)
    shown.sort(
        key=lambda item: (-len(item["hosts"]), domain not in map(canonical, found[item["thumbprint"]]["common_names"]))
    )
    return shown


def _fits(thumbprint: str, lync: Sequence[Mapping[str, t.Any]], settings: dict[str, t.Any]) -> bool:
    assigned = [{"use": ASSIGNED_USE, "thumbprint": thumbprint, "scope": "Global"}]
    verdict = judge(lync=[{**result, "assigned": assigned} for result in lync], **settings)
    against = [
        item for item in verdict["findings"] if item["severity"] != "info" and item["rule"] != _DEPLOYED_BY_ASSIGNING
    ]
    return not against


def _shown(certificate: Mapping[str, t.Any], hosts: list[str]) -> dict[str, t.Any]:
    kept = ("thumbprint", "subject", "friendly_name", "not_after")
    return {**{key: certificate.get(key) for key in kept}, "hosts": hosts}
