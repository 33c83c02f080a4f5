# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A finding: one breach of one rule on one host, with the evidence."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.advice import Use
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.rules import (
    ADVICE,
    RULES,
    SEVERITIES,
    Severity,
)

_IN_AUTH_CONFIG = ("auth_certificate_unassigned", "auth_configuration_differs", "auth_next_overdue")
"""Rules about what AuthConfig names, whatever the certificates are."""


@dataclass(frozen=True)
class Finding:
    """A breach of a rule. ``thumbprint`` is empty where no certificate is concerned."""

    rule: str
    severity: Severity
    host: str
    use: Use
    thumbprint: str
    evidence: str
    remedy: str

    def order(self) -> tuple[int, str, str, str, str, str]:
        """Return the key to sort by: the gravest first, then by host, then by rule."""
        return SEVERITIES.index(self.severity), self.host, self.rule, self.use, self.thumbprint, self.evidence

    def as_dict(self) -> dict[str, t.Any]:
        """Return the finding as the module and the filter return it."""
        return asdict(self)


@dataclass(frozen=True)
class Policy:
    """What is asked, beyond the rules themselves. The clock is part of it."""

    now: dt.datetime
    sip_domains: tuple[str, ...] = ()
    autodiscover_names: tuple[str, ...] = ()
    warn_days: int = 60
    error_days: int = 0
    minimum_key_size: int = 2048


@dataclass(frozen=True)
class Case:
    """A use of a certificate on a host, before the policy: what every finding about it has in common."""

    host: str
    use: Use
    policy: Policy
    thumbprint: str = ""

    def finding(self, rule_id: str, evidence: str, *, severity: Severity | None = None) -> Finding:
        """Return a breach of the rule; ``severity`` only where the circumstances change the rule's own."""
        rule = RULES[rule_id]
        return Finding(
            rule_id,
            severity or rule.severity,
            self.host,
            self.use,
            self.thumbprint,
            evidence,
            rule.remedy_for(self.use, self.policy.minimum_key_size),
        )

    def about(self, thumbprint: str) -> Case:
        """Return the same case, about this certificate."""
        return replace(self, thumbprint=thumbprint)


def seen(finding: Mapping[str, t.Any]) -> str:
    """Say what was seen, and where it can be seen again: shell, cmdlet, rule and evidence, as an error of that shell says it."""
    advice = ADVICE[finding["use"]]
    cmdlet = advice.named_by if finding["rule"] in _IN_AUTH_CONFIG else advice.cmdlet
    breach = f"{finding['rule']}: {finding['evidence']}"
    return str(ShellError("certificate", breach, shell=advice.shell, cmdlet=cmdlet))
