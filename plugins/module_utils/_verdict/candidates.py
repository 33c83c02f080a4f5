# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates of a front end's store could be the OAuthTokenIssuer: the verdict, asked about each before it is assigned."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.names import canonical
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import ObservationError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.verdict import judge

_SHOWN = ("thumbprint", "subject", "friendly_name", "not_after")

Candidate = dict[str, t.Any]


def candidates(front_end: Mapping[str, t.Any], *, sip_domains: Sequence[str], **policy: t.Any) -> list[Candidate]:
    """Every certificate of the store with what the verdict would have against it, the best first.

    Those against which there is nothing come before all others. Among equals, one that is named for the default SIP domain itself is
    better, then one that lasts longer.

    :param front_end: a result of lync_certificate_info.
    :param policy: the further keywords of :func:`judge`.
    """
    if not sip_domains:
        raise ObservationError("sip_domains: at least one is needed to judge a certificate.")
    found = {item["thumbprint"]: item for item in front_end.get("store") or ()}
    listed = [
        {**{key: item.get(key) for key in _SHOWN}, "findings": _against(front_end, item, sip_domains, policy)}
        for item in found.values()
    ]

    def rank(item: Candidate) -> tuple[bool, bool]:
        names = map(canonical, found[item["thumbprint"]]["common_names"])
        return bool(item["findings"]), canonical(sip_domains[0]) not in names

    listed.sort(key=lambda item: str(item["not_after"]), reverse=True)
    return sorted(listed, key=rank)


def _against(
    front_end: Mapping[str, t.Any], item: Mapping[str, t.Any], sip_domains: Sequence[str], policy: dict[str, t.Any]
) -> list[dict[str, str]]:
    verdict = judge(lync=[front_end], sip_domains=sip_domains, assigning=item["thumbprint"], **policy)
    return [
        {key: finding[key] for key in ("rule", "evidence")}
        for finding in verdict["findings"]
        if finding["severity"] != "info"
    ]
