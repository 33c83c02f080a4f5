# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to become of the Exchange Auth certificate, decided by a table.

The rows and their figures are those of CSS-Exchange's MonitorExchangeAuthCertificate, in its order. Ours are: ``too_late_to_stage``, where
that script stages and publishes in one go; ``due``, since Exchange publishes a staged certificate by itself within twelve hours of its
date, or does not where its servicelet is ill; and the last two, for a certificate that no server can hand on.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import Certificate, count_days
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant

Action = t.Literal["none", "stage", "replace", "import", "publish", "stop"]

Lack = t.Literal["none", "curable", "stuck"]
"""No server is without a certificate; some are, and another can hand it on; or none can."""

RENEW_DAYS = 60
"""With so many days left or fewer, a successor is staged."""
NEXT_DAYS = 120
"""A staged certificate with so many days left or fewer is no successor."""
UNKNOWN_DAYS = -1
"""Of a certificate that is named nowhere, or that no server has: as of one that has expired."""
SHORTEST = dt.timedelta(hours=48)
"""Before that, Set-AuthConfig asks: the new certificate may not have reached every server."""
_AHEAD = ((30, 32), (4, 5), (2, 3))
"""By how many days ahead a certificate is staged, and how many days the current one has to have left for it."""
TOO_LATE_DAYS = min(needed for _ahead, needed in _AHEAD) - 1
"""With so many days left or fewer, nothing can be staged 48 hours ahead any more."""


@dataclass(frozen=True)
class AuthServer:
    """A server that takes part.

    :ivar certificates: those of its store, by thumbprint; None where it could not be asked, which ``error`` explains.
    """

    host: str
    site: str = ""
    certificates: dict[str, Certificate] | None = None
    error: str = ""

    def has(self, thumbprint: str) -> bool:
        """Whether it has the certificate; a store without the private key has it not."""
        found = (self.certificates or {}).get(thumbprint)
        return found is not None and found.has_private_key is not False


@dataclass(frozen=True)
class AuthState:
    """What was read.

    :ivar excluded: servers that take part, but were not asked, as the task excludes them: each may have any certificate.
    :ivar hybrid: None where it could not be read.
    :ivar dedicated_application: whether the organisation uses its own application in Entra ID for the hybrid features.
    """

    now: dt.datetime
    current: str = ""
    previous: str = ""
    next: str = ""
    next_effective: dt.datetime | None = None
    servers: tuple[AuthServer, ...] = ()
    excluded: tuple[str, ...] = ()
    hybrid: bool | None = False
    dedicated_application: bool = False

    def find(self, thumbprint: str) -> Certificate | None:
        """A certificate, as the first server has it that has it and shows when it ends."""
        held = [(server.certificates or {})[thumbprint] for server in self.servers if server.has(thumbprint)]
        return next((item for item in held if item.not_after is not None), held[0] if held else None)

    def count_days(self, thumbprint: str) -> int:
        """The whole days that a certificate has left."""
        found = self.find(thumbprint) if thumbprint else None
        return count_days(found.not_after, self.now) if found and found.not_after else UNKNOWN_DAYS

    def list_without(self, thumbprint: str) -> list[str]:
        """The servers that could be asked and do not have a certificate."""
        return [
            server.host
            for server in self.servers
            if server.certificates is not None and thumbprint and not server.has(thumbprint)
        ]

    def list_sources(self, thumbprint: str) -> list[str]:
        """The servers that may hand a certificate's private key on. Where that is not known, it is tried."""
        return [
            server.host
            for server in self.servers
            if server.has(thumbprint) and (server.certificates or {})[thumbprint].exportable is not False
        ]

    def find_lack(self, thumbprint: str) -> Lack:
        """Whether servers are without a certificate, and whether it can be brought there."""
        if not self.list_without(thumbprint):
            return "none"
        return "curable" if self.list_sources(thumbprint) else "stuck"

    @property
    def unreachable(self) -> list[AuthServer]:
        """The servers that could not be asked: whether they have a certificate is not known."""
        return [server for server in self.servers if server.certificates is None]

    @property
    def is_due(self) -> bool:
        """Whether the date of the staged certificate has come."""
        return bool(self.next) and self.next_effective is not None and self.next_effective <= self.now


@dataclass(frozen=True)
class Row:
    """One row: what has to hold, and what is done then. Days are from and to, both included; None is no limit.

    :ivar current_lack: whether servers may be without the current one; empty for no matter.
    :ivar renew_days: whether the task's own days limit those of the current one as well.
    :ivar remedy: of a row that stops, what the user can do.
    """

    name: str
    action: Action
    reason: str
    current_days: tuple[int | None, int | None] = (None, None)
    next_days: tuple[int | None, int | None] = (None, None)
    current_lack: tuple[Lack, ...] = ()
    next_lack: tuple[Lack, ...] = ()
    due: bool | None = None
    renew_days: bool = False
    remedy: str = ""


_NOTHING_TO_BRING: tuple[Lack, ...] = ("none", "stuck")
TABLE = (
    Row(
        "expired",
        "replace",
        "the current certificate has expired or is on no server, and no valid one is staged",
        (None, -1),
        (None, -1),
    ),
    Row(
        "too_late_to_stage",
        "replace",
        "the current certificate has {current_days} days left, too few to stage a successor 48 hours ahead, and none that lasts is staged",
        (0, TOO_LATE_DAYS),
        (None, NEXT_DAYS),
        renew_days=True,
    ),
    Row(
        "expires_soon",
        "stage",
        "the current certificate has {current_days} days left, and no successor that lasts is staged",
        (0, None),
        (None, NEXT_DAYS),
        current_lack=_NOTHING_TO_BRING,
        next_lack=_NOTHING_TO_BRING,
        renew_days=True,
    ),
    Row(
        "expired_with_next",
        "replace",
        "the current certificate has expired or is on no server, and the staged one is valid",
        (None, 0),
        (0, None),
    ),
    Row("current_missing", "import", "servers do not have the current certificate", current_lack=("curable",)),
    Row("next_missing", "import", "servers do not have the staged certificate", next_lack=("curable",)),
    Row(
        "due",
        "publish",
        "the date of the staged certificate has come",
        next_days=(0, None),
        next_lack=("none",),
        due=True,
    ),
    Row(
        "next_stuck",
        "stop",
        "{next_without} does not have the staged certificate {next}, and no server can hand on its private key",
        next_lack=("stuck",),
        remedy=(
            "Import it there from a PFX file (Import-ExchangeCertificate), or stage another certificate in its place: "
            "exchange_auth_config with next_certificate_thumbprint and on_conflict=replace."
        ),
    ),
    Row(
        "current_stuck",
        "stop",
        "{current_without} does not have the current certificate {current}, and no server can hand on its private key",
        next_days=(None, -1),
        current_lack=("stuck",),
        remedy=(
            "Import it there from a PFX file (Import-ExchangeCertificate), or have a successor staged: set O(renew_days) to more days "
            "than the {current_days} that it has left."
        ),
    ),
)


@dataclass(frozen=True)
class Decision:
    """What is to be done.

    :ivar row: the row of the table that decided; empty where none did.
    :ivar wanted: where it was stopped, what would have been done.
    :ivar remedy: where it was stopped, what the user can do.
    """

    action: Action
    reason: str
    row: str = ""
    wanted: Action = "none"
    remedy: str = ""
    missing: dict[str, list[str]] = field(default_factory=dict)


def decide(state: AuthState, *, renew_days: int = RENEW_DAYS, continue_in_hybrid: bool = False) -> Decision:
    """Decide by the first row that holds; stop where something is not known, and where the cloud has to learn of it first."""
    unknown = _stop_for_unknown(state)
    if unknown:
        return unknown
    row = next((row for row in TABLE if _holds(row, state, renew_days)), None)
    if row is None:
        return Decision("none", describe_rest(state))
    words = _list_words(state)
    reason, remedy = row.reason.format(**words), row.remedy.format(**words)
    missing = {thumb: state.list_without(thumb) for thumb in (state.current, state.next)}
    curable = {thumb: hosts for thumb, hosts in missing.items() if hosts and state.list_sources(thumb)}
    decision = Decision(row.action, reason, row.name, remedy=remedy, missing=curable)
    if row.action in ("import", "stop") or state.hybrid is False or continue_in_hybrid:
        return decision
    return _stop_for_cloud(decision, state)


def _stop_for_unknown(state: AuthState) -> Decision | None:
    """Stop where a server could not be asked, or a certificate not be found or decoded: that is not one that is missing or has expired."""
    if state.unreachable:
        told = "; ".join(f"{server.host}: {server.error}" for server in state.unreachable)
        remedy = "Have these servers answer, or list those that are gone for good in O(exclude)."
        reason = f"whether these servers have the certificate is not known, since they could not be asked: {told}"
        return Decision("stop", reason, remedy=remedy)
    for word, thumbprint in (("current", state.current), ("staged", state.next)):
        found = state.find(thumbprint) if thumbprint else None
        if thumbprint and not found and state.excluded:
            reason = (
                f"no server that was asked has the {word} certificate {thumbprint}, and these were not asked, since they are excluded: "
                f"{', '.join(state.excluded)}"
            )
            remedy = (
                "Take the servers that have it off O(exclude). If it is lost with them, make one with New-ExchangeCertificate, and stage "
                "and publish it with exchange_auth_config."
            )
            return Decision("stop", reason, remedy=remedy)
        if found and found.not_after is None:
            reason = f"the {word} certificate {thumbprint} cannot be decoded, so it is not known when it expires"
            remedy = (
                "exchange_certificate_info shows what can be read of it. To replace it, make one with New-ExchangeCertificate, and stage "
                "and publish it with exchange_auth_config."
            )
            return Decision("stop", reason, remedy=remedy)
    return None


def _list_words(state: AuthState) -> dict[str, t.Any]:
    """What the rows' texts leave open."""
    return {
        "current": state.current,
        "next": state.next,
        "current_days": state.count_days(state.current),
        "current_without": ", ".join(state.list_without(state.current)),
        "next_without": ", ".join(state.list_without(state.next)),
    }


def _holds(row: Row, state: AuthState, renew_days: int) -> bool:
    low, high = row.current_days
    if row.renew_days:
        high = renew_days if high is None else min(high, renew_days)
    return (
        _is_within(state.count_days(state.current), (low, high))
        and _is_within(state.count_days(state.next), row.next_days)
        and (not row.current_lack or state.find_lack(state.current) in row.current_lack)
        and (not row.next_lack or state.find_lack(state.next) in row.next_lack)
        and (row.due is None or row.due is state.is_due)
    )


def _is_within(days: int, limits: tuple[int | None, int | None]) -> bool:
    low, high = limits
    return (low is None or low <= days) and (high is None or days <= high)


def describe_rest(state: AuthState) -> str:
    """Why nothing is to be done."""
    said = f"the current certificate has {state.count_days(state.current)} days left"
    if state.next:
        date = f" for {instant(state.next_effective)}" if state.next_effective else ""
        said += f", and {state.next} is staged{date}"
    without = state.list_without(state.current)
    if without:
        return f"{said}; {', '.join(without)} does not have the current one, which no server can hand on, and gets the staged one"
    return f"{said}; every server has what it needs"


def _stop_for_cloud(decision: Decision, state: AuthState) -> Decision:
    known = "the organisation is hybrid" if state.hybrid else "it could not be read whether the organisation is hybrid"
    return Decision(
        "stop",
        f"{decision.reason}; {known}",
        decision.row,
        decision.action,
        describe_hybrid_order(state),
        decision.missing,
    )


def describe_hybrid_order(state: AuthState) -> str:
    """What a hybrid organisation has to do, in order: the cloud trusts the keys that it was given, and no others."""
    steps = ["run this task with O(on_hybrid=continue), which stages the next certificate"]
    if state.dedicated_application:
        steps.append(
            "upload the next certificate to the dedicated hybrid application before it takes effect "
            "(ConfigureExchangeHybridApplication.ps1 -UpdateCertificate)"
        )
    steps.append("publish it when its date has come")
    steps.append("run the Hybrid Configuration Wizard (HCW) again")
    numbered = "; ".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return f"Exchange Online has to learn the new certificate. In this order: {numbered}."


def choose_effective_date(now: dt.datetime, days_left: int) -> dt.datetime | None:
    """When a staged certificate takes effect: in 30 days, or in 4 or 2 where the current one has less; None where it is too late for that.

    At the full hour after that, so that a run does what check mode has foretold a moment before. 30 days are taken where two more are
    left after them, as MonitorExchangeAuthCertificate does.
    """
    ahead = next((ahead for ahead, needed in _AHEAD if days_left >= needed), None)
    if ahead is None:
        return None
    later = now + dt.timedelta(days=ahead, hours=1, microseconds=-1)
    return later.replace(minute=0, second=0, microsecond=0)
