# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules and what they find."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

if t.TYPE_CHECKING:
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context

Severity = t.Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True)
class Breach:
    """One breach of a rule.

    :ivar host: the server, or else the host, that it is about: not the one that was asked.
    :ivar evidence: what was seen, without the host's name, so that the same on several hosts is the same text.
    :ivar about: the thing that it is about, where a host has several: a thumbprint, a record's name.
    :ivar severity: where the circumstances change the rule's own.
    :ivar words: what the rule's remedy leaves open.
    """

    host: str
    evidence: str
    about: str = ""
    severity: Severity | None = None
    words: tuple[tuple[str, str], ...] = ()


Find = Callable[["Context"], Iterator[Breach]]


@dataclass(frozen=True)
class Rule:
    """Something that the integration rests on.

    :ivar severity: ``error`` where the integration does not work, or the run would do harm; ``warning`` where it soon will not, or may
        not; ``info`` for what should be known.
    :ivar demand: what is asked, as a sentence.
    :ivar remedy: what to do, in the words of the roles' variables. It may hold names in braces, which each breach fills in.
    :ivar source: where the demand comes from.
    :ivar fixed_by: the role that puts it right; empty where none does.
    :ivar roles: the roles that are concerned even when one of them runs alone.
    :ivar replaces: whether it holds back a change that would replace something: ``farm_replace`` can allow it.
    :ivar find: yields the breaches.
    """

    id: str
    severity: Severity
    demand: str
    remedy: str
    source: str
    fixed_by: str
    roles: tuple[str, ...]
    replaces: bool
    find: Find

    def to_finding(self, breach: Breach) -> Finding:
        """The breach with all that is known of the rule."""
        return Finding(
            rule=self.id,
            severity=breach.severity or self.severity,
            host=breach.host,
            about=breach.about,
            evidence=breach.evidence,
            remedy=self.remedy.format(**dict(breach.words)) if breach.words else self.remedy,
            fixed_by=self.fixed_by,
        )


def rule(
    rule_id: str,
    severity: Severity,
    *,
    demand: str,
    remedy: str,
    source: str,
    fixed_by: str = "",
    roles: tuple[str, ...] = (),
    replaces: bool = False,
) -> Callable[[Find], Rule]:
    """Declare the decorated function to be the rule ``rule_id``.

    :param roles: where it is not just the one that fixes it.
    """

    def declare(find: Find) -> Rule:
        concerned = roles or ((fixed_by,) if fixed_by else ())
        return Rule(rule_id, severity, demand, remedy, source, fixed_by, concerned, replaces, find)

    return declare


@dataclass(frozen=True)
class Finding:
    """A breach of a rule on one host.

    :ivar tolerated: whether the user has accepted it: an error counts as a warning then.
    """

    rule: str
    severity: Severity
    host: str
    about: str
    evidence: str
    remedy: str
    fixed_by: str
    tolerated: bool = False

    def order(self) -> tuple[int, str, str, str, str]:
        """The key to sort by: the gravest first, then by rule, so that what belongs together stands together."""
        return SEVERITIES.index(self.severity), self.rule, self.about, self.evidence, self.host

    def as_dict(self) -> dict[str, t.Any]:
        """The finding as the module and the filter return it."""
        return asdict(self)
