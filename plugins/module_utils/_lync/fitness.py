# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a certificate is fit for a use, judged before it is assigned by the rules that the verdict would judge it by afterwards."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificates import Facts
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.advice import Use
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.certificate import judge_certificate
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.finding import Case, Finding, Policy
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.oauth_token_issuer import (
    judge_token_issuers,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import read_front_end

TOKEN_ISSUER: Use = "OAuthTokenIssuer"
RULES = ("key_size", "key_type", "expired", "not_yet_valid", "sip_domain_missing")
"""The rules that a task may waive. A certificate without its private key is of no use to anybody."""


def findings(
    use: str,
    facts: Facts,
    *,
    now: dt.datetime,
    sip_domains: t.Sequence[str],
    effective: str | None = None,
    replaced: Facts | None = None,
) -> list[Finding]:
    """What the verdict would say about the certificate, were it assigned.

    :param effective: from when on it would be in force.
    :param replaced: the certificate that would be in force until then.
    """
    thumbprint = facts["thumbprint"]
    present = [] if replaced is None or effective is None or replaced["thumbprint"] == thumbprint else [replaced]
    future = {"use": TOKEN_ISSUER, "thumbprint": thumbprint, "scope": "Global", "effective_date": effective}
    assigned = [future, *({**future, "thumbprint": item["thumbprint"], "effective_date": None} for item in present)]
    front_end = read_front_end({"host": "this host", "assigned": assigned, "store": [facts, *present]}, "certificate")
    policy = Policy(now, tuple(sip_domains))
    if use == TOKEN_ISSUER:
        said = judge_token_issuers([front_end], policy)
        return [item for item in said if isinstance(item, Finding) and item.thumbprint == thumbprint]
    case = Case("this host", TOKEN_ISSUER, policy, thumbprint)
    # other uses are TLS, which takes keys of other kinds too
    moment = front_end.assignments[0].effective_date
    said_of_any = judge_certificate(case, front_end.store.certificates[thumbprint], effective=moment)
    return [item for item in said_of_any if item.rule != "key_type"]


def refuse_unfit(thumbprint: str, said: t.Sequence[Finding], waived: t.Collection[str]) -> list[str]:
    """Refuse what the verdict calls an error, unless it is waived, and give the rest as sentences to warn with.

    :raises ShellError: of kind ``certificate``, with the evidence and the rules.
    """
    broken = [item for item in said if item.severity == "error" and item.rule not in waived]
    if broken:
        evidence = "; ".join(f"{item.evidence} ({item.rule})" for item in broken)
        rules = list(dict.fromkeys(item.rule for item in broken))
        waive = f" If it is meant: allow: [{', '.join(rules)}]." if set(rules) <= set(RULES) else ""
        remedy = f"Nothing was written. Assign a certificate that keeps the rules.{waive}"
        raise ShellError("certificate", f"{thumbprint} is not fit: {evidence}.", remedy=remedy)
    return [f"{thumbprint}: {item.evidence} ({item.rule})." for item in said if item.severity != "info"]
