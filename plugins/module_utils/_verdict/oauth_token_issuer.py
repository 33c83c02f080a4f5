# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OAuthTokenIssuer certificate of Lync and Skype for Business Server."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Iterator, Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.certificate import (
    Judged,
    judge_certificate,
    look_up,
    successor,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.finding import Case, Finding, Policy
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.names import belongs, canonical
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import (
    Assignment,
    Certificate,
    FrontEnd,
    Store,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.rules import ADVICE

# "at least 24 hours": Exchange keeps the old certificate for longer (Staging AV and OAuth certificates using -Roll)
_OVERLAP = dt.timedelta(hours=24)


def judge_token_issuers(front_ends: Sequence[FrontEnd], policy: Policy) -> Iterator[Finding | Judged]:
    """Each front end by itself, then all of them together."""
    for front_end in front_ends:
        yield from _judge_front_end(front_end, policy)
    yield from _same_everywhere(front_ends, policy)


def _judge_front_end(front_end: FrontEnd, policy: Policy) -> Iterator[Finding | Judged]:
    store, assignments = front_end.store, front_end.assignments
    case = Case(store.host, "OAuthTokenIssuer", policy, in_use(assignments, policy.now))
    if store.error:
        yield case.finding("host_not_read", store.error)
        return
    staged = _staged(assignments, policy.now)
    if staged is not None:
        yield from _judge_staged(store, staged, case)
    if not case.thumbprint:
        yield case.finding("token_issuer_unassigned", f"{ADVICE[case.use].named_by} shows no certificate in use")
        return
    yield from _scope(case, assignments)
    found = look_up(store, case)
    if isinstance(found, Finding):
        yield found
        return
    yield case, found
    following = successor(found, store.certificates.get(staged.thumbprint), staged.effective_date) if staged else None
    yield from judge_certificate(case, found, following=following)
    yield from _carries_domains(case, found)


def _judge_staged(store: Store, staged: Assignment, current: Case) -> Iterator[Finding | Judged]:
    case = Case(store.host, "OAuthTokenIssuerStaged", current.policy, staged.thumbprint)
    found = look_up(store, case)
    if isinstance(found, Finding):
        # Nothing breaks before it takes effect
        yield case.finding("certificate_missing", found.evidence, severity="warning")
        return
    yield case, found
    yield from judge_certificate(case, found, effective=staged.effective_date)
    yield from _carries_domains(case, found)
    now = store.certificates.get(current.thumbprint)
    if now and now.not_after and staged.effective_date and staged.effective_date > now.not_after - _OVERLAP:
        until = f"the one in use, {current.thumbprint}, ends at {instant(now.not_after)}"
        yield case.finding("rollover_too_late", f"it takes effect at {instant(staged.effective_date)}; {until}")


def in_use(assignments: Sequence[Assignment], now: dt.datetime) -> str:
    """Return the thumbprint that signs now, or nothing. A staged assignment (-Roll) names the one before it."""
    begun = [item for item in assignments if not _is_staged(item, now)]
    if begun:
        earliest = dt.datetime.min.replace(tzinfo=dt.UTC)
        return max(begun, key=lambda item: item.effective_date or earliest).thumbprint
    return next((item.previous_thumbprint for item in assignments if item.previous_thumbprint), "")


def _staged(assignments: Sequence[Assignment], now: dt.datetime) -> Assignment | None:
    return next((item for item in assignments if item.thumbprint and _is_staged(item, now)), None)


def _is_staged(assignment: Assignment, now: dt.datetime) -> bool:
    return assignment.effective_date is not None and assignment.effective_date > now


def _scope(case: Case, assignments: Sequence[Assignment]) -> Iterator[Finding]:
    scopes = sorted({item.scope for item in assignments if item.scope and item.scope.lower() != "global"})
    if scopes:
        yield case.finding("token_issuer_scope", f"assigned in scope {', '.join(scopes)}, not Global")


def _carries_domains(case: Case, certificate: Certificate) -> Iterator[Finding]:
    """Ask for the default SIP domain in the subject, and for further ones at least among the alternative names."""
    if certificate.subject is None:
        return
    for index, domain in enumerate(case.policy.sip_domains):
        carried = [name for name in certificate.common_names if belongs(name, domain)]
        alternative = [name for name in certificate.dns_names if belongs(name, domain)]
        others = ", ".join(certificate.dns_names) or "none"
        names = f"subject {certificate.subject or '(empty)'}, alternative names {others}"
        if not carried and not alternative:
            yield case.finding("sip_domain_missing", f"{domain}: {names}")
        elif not carried and index == 0:
            yield case.finding("sip_domain_not_in_subject", f"{domain}: {names}")
    # "There is no support for a wildcard entry as the subject name (also referred to as the common name or CN) for
    # any role" (Wildcard certificate support in Lync Server 2013). It does carry the domain, and nobody matches a
    # token's signer with a host name: a warning.
    if any(canonical(name).startswith("*.") for name in certificate.common_names):
        yield case.finding("wildcard_subject", f"subject {certificate.subject}")


def _same_everywhere(front_ends: Sequence[FrontEnd], policy: Policy) -> Iterator[Finding]:
    """Name the hosts that differ from what most have; where no certificate has a majority, all of them."""
    used = {item.store.host: in_use(item.assignments, policy.now) for item in front_ends}
    count = collections.Counter(filter(None, used.values()))
    if len(count) < 2:
        return
    thumbprint, most = count.most_common(1)[0]
    majority = thumbprint if most * 2 > count.total() else ""
    for host, own in used.items():
        if own and own != majority:
            others = sorted({f"{theirs} on {other}" for other, theirs in used.items() if theirs and theirs != own})
            yield Case(host, "OAuthTokenIssuer", policy, own).finding(
                "token_issuer_differs", f"{own} here, but {', '.join(others)}"
            )
