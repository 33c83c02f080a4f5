# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit itself: from snapshots and a description to findings, what is still to do, and how long the certificates last."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Collection, Sequence
from dataclasses import replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.certificate_uses import list_found
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context, Stage
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import SEVERITIES, Finding
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import read_farm
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.rulebook import (
    REPLACEMENTS,
    RULES,
    find_unknown,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.work import list_work
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import count_days
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import (
    Description,
    DescriptionError,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant

Audit = dict[str, t.Any]
PRODUCTS = {
    "dns": ("dns",),
    "certificates": ("lync",),
    "autodiscover": ("exchange",),
    "oauth": ("lync",),
    "virtual_directories": ("exchange",),
    "partners": ("exchange", "lync"),
    "restart": ("exchange",),
}
"""The products that each role writes to."""
ROLES = tuple(PRODUCTS)


def audit_farm(
    snapshots: Sequence[t.Any],
    description: Description,
    *,
    now: dt.datetime,
    stage: Stage = "after",
    in_play: Collection[str] | None = None,
    roles: Collection[str] = ROLES,
) -> Audit:
    """Judge a farm.

    :param snapshots: what ``farm_info`` returned of each host.
    :param now: the moment to judge at; nothing here looks at a clock.
    :param stage: ``before`` the roles write, or ``after``.
    :param in_play: the hosts of the play, where it is known.
    :param roles: those whose work is asked about; the whole farm is judged where it is all of them.
    :raises ObservationError: for what is no snapshot.
    :raises DescriptionError: for a rule id that does not exist.
    """
    check_rule_ids(description)
    context = Context.of(read_farm(snapshots), _limit(description, roles), now, stage, in_play, roles)
    findings = sorted(_find(context, None if set(roles) == set(ROLES) else set(roles)), key=Finding.order)
    return {
        "stage": stage,
        "now": instant(now),
        "ok": not any(finding.severity == "error" for finding in findings),
        "summary": {severity: sum(finding.severity == severity for finding in findings) for severity in SEVERITIES},
        "findings": [finding.as_dict() for finding in findings],
        "to_do": [change.as_dict() for change in context.changes],
        "work": list_work(context),
        "certificates": _list_certificates(context),
    }


def check_rule_ids(description: Description, prefix: str = "farm_") -> None:
    """Refuse ids that name no rule, in what is tolerated and in what may be replaced.

    :raises DescriptionError: naming them.
    """
    problems = [
        f"{prefix}tolerate: there is no rule {item}; docs/rules.md lists them."
        for item in find_unknown(description.tolerate)
    ]
    problems += [
        f"{prefix}replace: {item} is not one of {', '.join(REPLACEMENTS)}."
        for item in find_unknown(description.replace, REPLACEMENTS)
    ]
    if problems:
        raise DescriptionError(problems)


def _limit(description: Description, roles: Collection[str]) -> Description:
    """The description without the hosts that none of the roles needs."""
    needed = {product for role in roles for product in PRODUCTS[role]}
    kept = {product: hosts if product in needed else () for product, hosts in description.hosts.items()}
    return replace(description, exchange_hosts=kept["exchange"], lync_hosts=kept["lync"], dns_hosts=kept["dns"])


def _find(context: Context, roles: set[str] | None) -> t.Iterator[Finding]:
    seen = set()
    for rule in RULES.values():
        if roles is not None and not roles & set(rule.roles):
            continue
        for breach in rule.find(context):
            finding = rule.to_finding(breach)
            accepted = context.description.accepts(rule.id, finding.about, finding.host)
            if accepted and finding.severity != "info":
                finding = replace(finding, severity="warning", tolerated=True)
            if finding not in seen:
                seen.add(finding)
                yield finding


def _list_certificates(context: Context) -> list[dict[str, t.Any]]:
    """Each certificate once for each use, with the servers that have it."""
    listed: dict[tuple[str, str], dict[str, t.Any]] = {}
    for use, certificate in list_found(context):
        end = certificate.not_after
        entry: dict[str, t.Any] = {
            "use": use.name,
            "thumbprint": certificate.thumbprint,
            "subject": certificate.subject,
            "not_after": instant(end) if end else None,
            "days_left": count_days(end, context.now) if end else None,
            "hosts": [],
        }
        listed.setdefault((use.name, certificate.thumbprint), entry)["hosts"].append(use.host)
    return [{**entry, "hosts": sorted(entry["hosts"])} for _key, entry in sorted(listed.items())]
