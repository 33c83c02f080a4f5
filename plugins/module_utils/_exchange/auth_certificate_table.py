# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to become of the Exchange Auth certificate, decided by a table.

The rows and their figures are those of CSS-Exchange's MonitorExchangeAuthCertificate, in its order; the last row is ours: Exchange
publishes a staged certificate by itself within twelve hours of its date, or does not where its servicelet is ill.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import Certificate, count_days
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant

Action = t.Literal["none", "stage", "replace", "import", "publish", "stop"]

RENEW_DAYS = 60
"""With so many days left or fewer, a successor is staged."""
NEXT_DAYS = 120
"""A staged certificate with so many days left or fewer is no successor."""
UNKNOWN_DAYS = -1
"""Of a certificate that is named nowhere, or that no server has: as of one that has expired."""
SHORTEST = dt.timedelta(hours=48)
"""Before that, Set-AuthConfig asks: the new certificate may not have reached every server."""


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

    :ivar hybrid: None where it could not be read.
    :ivar dedicated_application: whether the organisation uses its own application in Entra ID for the hybrid features.
    """

    now: dt.datetime
    current: str = ""
    previous: str = ""
    next: str = ""
    next_effective: dt.datetime | None = None
    servers: tuple[AuthServer, ...] = ()
    hybrid: bool | None = False
    dedicated_application: bool = False

    def find(self, thumbprint: str) -> Certificate | None:
        """A certificate, as the first server has it that has it."""
        return next(
            (
                server.certificates[thumbprint]
                for server in self.servers
                if server.certificates and server.has(thumbprint)
            ),
            None,
        )

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

    :ivar renew_days: whether the most days of the current one are the task's own.
    """

    name: str
    action: Action
    reason: str
    current_days: tuple[int | None, int | None] = (None, None)
    next_days: tuple[int | None, int | None] = (None, None)
    current_missing: bool | None = None
    next_missing: bool | None = None
    due: bool | None = None
    renew_days: bool = False


TABLE = (
    Row(
        "expired",
        "replace",
        "the current certificate has expired or is on no server, and no valid one is staged",
        (None, -1),
        (None, -1),
    ),
    Row(
        "expires_soon",
        "stage",
        "the current certificate has {current_days} days left, and no successor that lasts is staged",
        (0, RENEW_DAYS),
        (None, NEXT_DAYS),
        current_missing=False,
        next_missing=False,
        renew_days=True,
    ),
    Row(
        "expired_with_next",
        "replace",
        "the current certificate has expired or is on no server, and the staged one is valid",
        (None, 0),
        (0, None),
    ),
    Row("current_missing", "import", "servers do not have the current certificate", current_missing=True),
    Row("next_missing", "import", "servers do not have the staged certificate", next_missing=True),
    Row("due", "publish", "the date of the staged certificate has come", next_days=(0, None), due=True),
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
    """Decide by the first row that holds; stop where a server could not be asked, and where the cloud has to learn of it first."""
    if state.unreachable:
        told = "; ".join(f"{server.host}: {server.error}" for server in state.unreachable)
        remedy = "Have these servers answer, or list those that are gone for good in O(exclude). Nothing was written."
        reason = f"whether these servers have the certificate is not known, since they could not be asked: {told}"
        return Decision("stop", reason, remedy=remedy)
    row = next((row for row in TABLE if _holds(row, state, renew_days)), None)
    if row is None:
        return Decision("none", describe_rest(state))
    missing = {thumb: hosts for thumb in (state.current, state.next) if thumb and (hosts := state.list_without(thumb))}
    reason = row.reason.format(current_days=state.count_days(state.current))
    decision = Decision(row.action, reason, row.name, missing=missing)
    if row.action == "import" or state.hybrid is False or continue_in_hybrid:
        return decision
    return _stop_for_cloud(decision, state)


def _holds(row: Row, state: AuthState, renew_days: int) -> bool:
    low, high = row.current_days
    facts = (
        (row.current_missing, bool(state.list_without(state.current))),
        (row.next_missing, bool(state.list_without(state.next))),
        (row.due, state.is_due),
    )
    return (
        _is_within(state.count_days(state.current), (low, renew_days if row.renew_days else high))
        and _is_within(state.count_days(state.next), row.next_days)
        and all(wanted is None or wanted is there for wanted, there in facts)
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
    return f"Exchange Online has to learn the new certificate. In this order: {numbered}. Nothing was written."


def choose_effective_date(now: dt.datetime, days_left: int) -> dt.datetime | None:
    """When a staged certificate takes effect: in 30 days, or in 4 or 2 where the current one has less; None where not even that is left.

    At the full hour after that, so that a run does what check mode has foretold a moment before. 30 days are taken where two more are
    left after them, as MonitorExchangeAuthCertificate does.
    """
    ahead = next((ahead for ahead, needed in ((30, 32), (4, 5), (2, 3)) if days_left >= needed), None)
    if ahead is None:
        return None
    later = now + dt.timedelta(days=ahead, hours=1, microseconds=-1)
    return later.replace(minute=0, second=0, microsecond=0)
