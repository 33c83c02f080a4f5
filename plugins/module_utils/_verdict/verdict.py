# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict itself: from what the info modules returned to findings, counted and sorted."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.autodiscover_names import (
    judge_autodiscover_names,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.certificate import Judged, days_left
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.exchange_auth import judge_auth_certificates
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.finding import Finding, Policy, seen
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.names import canonical, is_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.oauth_token_issuer import (
    judge_token_issuers,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import (
    ObservationError,
    assumed,
    read_exchange,
    read_front_end,
    read_instant,
    read_number,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.rules import SEVERITIES

Verdict = dict[str, t.Any]

_IN_USE = ("OAuthTokenIssuer", "ExchangeAuth")


def judge(
    *,
    now: str | dt.datetime,
    exchange: Sequence[t.Any] = (),
    lync: Sequence[t.Any] = (),
    sip_domains: Sequence[str] = (),
    warn_days: int = 60,
    error_days: int = 0,
    minimum_key_size: int = 2048,
    autodiscover_names: Sequence[str] = (),
    assigning: str | None = None,
) -> Verdict:
    """Return the verdict on the certificates of both products.

    :param now: the moment to judge at; nothing here looks at a clock.
    :param exchange: results of exchange_certificate_info.
    :param lync: results of lync_certificate_info.
    :param sip_domains: the default SIP domain, then the others.
    :param autodiscover_names: the hosts of the URLs that clients and Lync are sent to.
    :param assigning: a thumbprint: judge as if that certificate had been assigned as OAuthTokenIssuer already.
    :raises ObservationError: for input that cannot be judged.
    """
    moment = read_instant(now, "now")
    if moment is None:
        raise ObservationError("now: a point in time is wanted.")
    numbers = {"warn_days": warn_days, "error_days": error_days, "minimum_key_size": minimum_key_size}
    read = {name: read_number(value, name) for name, value in numbers.items()}
    policy = Policy(
        moment,
        _read_domains(sip_domains or (), "sip_domains", "litwareinc.com"),
        _read_domains(autodiscover_names or (), "autodiscover_names", "autodiscover.litwareinc.com"),
        **read,
    )
    servers = [read_exchange(item, f"exchange[{index}]") for index, item in enumerate(exchange or ())]
    front_ends = [read_front_end(item, f"lync[{index}]") for index, item in enumerate(lync or ())]
    if assigning:
        front_ends = assumed(front_ends, assigning)
    if not any(item.stores for item in servers) and not lync:
        raise ObservationError("neither exchange nor lync names a server: there is nothing to judge.")
    if front_ends and not policy.sip_domains:
        raise ObservationError("sip_domains: at least one is needed to judge the OAuthTokenIssuer certificate.")
    parts = [
        *judge_token_issuers(front_ends, policy),
        *judge_auth_certificates(servers, policy),
        *judge_autodiscover_names(servers, policy),
    ]
    findings = sorted((part for part in parts if isinstance(part, Finding)), key=Finding.order)
    certificates = _certificates([part for part in parts if not isinstance(part, Finding)], policy)
    return _verdict(findings, certificates, policy)


def sentence(verdict: Verdict, severities: Sequence[str]) -> str:
    """Say the findings of these severities in one line for people: the same on several hosts, and a remedy, once."""
    hosts: dict[tuple[str, str], list[str]] = {}
    for finding in verdict["findings"]:
        if finding["severity"] in severities:
            hosts.setdefault((finding["remedy"], seen(finding)), []).append(finding["host"])
    problems: dict[str, list[str]] = {}
    for (remedy, breach), names in hosts.items():
        problems.setdefault(remedy, []).append(f"{', '.join(names)}: {breach}")
    return " ".join(f"{'; '.join(said)}. {remedy}" for remedy, said in problems.items())


def _read_domains(names: Sequence[object], option: str, example: str) -> tuple[str, ...]:
    """The domains, each once."""
    known: dict[str, str] = {}
    for name in names:
        if not isinstance(name, str) or not is_domain(name):
            raise ObservationError(f"{option}: {name!r} is not a domain name such as {example}.")
        known[canonical(name)] = name.strip()
    return tuple(known.values())


def _verdict(findings: Sequence[Finding], certificates: list[dict[str, t.Any]], policy: Policy) -> Verdict:
    summary = {severity: sum(finding.severity == severity for finding in findings) for severity in SEVERITIES}
    left = [item["days_left"] for item in certificates if item["use"] in _IN_USE and item["days_left"] is not None]
    return {
        "ok": summary["error"] == 0,
        "now": instant(policy.now),
        "days_left": min(left, default=None),
        "summary": summary,
        "findings": [finding.as_dict() for finding in findings],
        "certificates": certificates,
    }


def _certificates(judged: Sequence[Judged], policy: Policy) -> list[dict[str, t.Any]]:
    """Each certificate once for each use, with the hosts that have it."""
    listed: dict[tuple[str, str], dict[str, t.Any]] = {}
    for case, certificate in judged:
        end = certificate.not_after
        entry: dict[str, t.Any] = {
            "use": case.use,
            "thumbprint": certificate.thumbprint,
            "subject": certificate.subject,
            "not_after": instant(end) if end else None,
            "days_left": days_left(end, policy.now) if end else None,
            "hosts": [],
        }
        listed.setdefault((case.use, certificate.thumbprint), entry)["hosts"].append(case.host)
    return [{**entry, "hosts": sorted(entry["hosts"])} for _key, entry in sorted(listed.items())]
