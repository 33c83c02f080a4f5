# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the Exchange Auth certificate: what AuthConfig names has to be on every server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.certificate_uses import (
    REPLACE,
    list_found,
    read_effective_date,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant

SUBJECT = "cn=microsoft exchange server auth certificate"
_PUBLISHED_WITHIN = dt.timedelta(hours=12)
_MONITOR = "CSS-Exchange, MonitorExchangeAuthCertificate"


@rule(
    "auth_certificate_unassigned",
    "error",
    demand="AuthConfig names a current certificate.",
    remedy=REPLACE["exchange"],
    source=_MONITOR,
)
def find_unassigned(context: Context) -> Iterator[Breach]:
    """There is one AuthConfig in the organisation."""
    organization = context.farm.organization
    if organization is None or "auth_config" not in organization.read:
        return
    config = organization.auth_config
    if config is None or not config["current_certificate_thumbprint"]:
        yield Breach("Exchange", "AuthConfig names no current certificate" if config else "there is no AuthConfig")


@rule(
    "auth_certificate_subject",
    "warning",
    demand="The subject is CN=Microsoft Exchange Server Auth Certificate.",
    remedy="{rotate}",
    source=f"{_MONITOR}: Microsoft's own tools look for this subject",
)
def find_other_subjects(context: Context) -> Iterator[Breach]:
    """Exchange itself takes any certificate that AuthConfig names."""
    for use, certificate in list_found(context):
        if use.product == "exchange" and certificate.subject is not None and certificate.subject.lower() != SUBJECT:
            evidence = f"{use.name}: the subject is {certificate.subject or '(empty)'}"
            yield Breach(use.host, evidence, use.thumbprint, words=(("rotate", use.replacement),))


@rule(
    "auth_next_overdue",
    "warning",
    demand="The next certificate is published within 12 hours of its effective date.",
    remedy=(
        "Publish it with playbook onprem.exchange_lync.rotate_auth_certificate. Check that MSExchangeServiceHost runs, which should have "
        "done it."
    ),
    source=f"{_MONITOR}: the AuthAdmin servicelet publishes within 12 hours",
)
def find_overdue(context: Context) -> Iterator[Breach]:
    """The current one goes on signing."""
    config = context.farm.organization.auth_config if context.farm.organization else None
    following = str((config or {}).get("next_certificate_thumbprint") or "")
    if config is None or following in ("", config["current_certificate_thumbprint"]):
        return
    effective = read_effective_date(config["next_certificate_effective_date"])
    if effective and effective + _PUBLISHED_WITHIN < context.now:
        yield Breach(
            "Exchange", f"{following} was to take effect at {instant(effective)} and is not current yet", following
        )
