# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The assignments of a use, as ``Get-CsCertificate`` shows them: which certificate is in force, and which is staged."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import normal_thumbprint

SOON = dt.timedelta(minutes=5)
"""Clocks of a domain differ by so much at most, as Kerberos asks. What is later than this is in the future by any of them, and what is
earlier than as long ago is past by any of them. An assignment whose date is in between may be in force here, and not yet elsewhere."""


@dataclass(frozen=True)
class Assigned:
    """One assignment.

    :ivar previous_thumbprint: the certificate before it. A staged assignment may stand alone, with the one in force as its previous one,
        or beside it: no documentation says which.
    :ivar not_after: the end of the certificate.
    :ivar scope: ``Global`` for what holds for all front ends. Not every version tells; empty means unknown.
    """

    use: str
    thumbprint: str
    previous_thumbprint: str = ""
    scope: str = ""
    effective_date: dt.datetime | None = None
    not_after: dt.datetime | None = None

    def is_staged(self, now: dt.datetime) -> bool:
        """Whether it is not in force yet."""
        return self.effective_date is not None and self.effective_date > now


def read_assignment(fields: Mapping[str, t.Any]) -> Assigned:
    """One of the assignments that ``lync_certificate_info`` returns."""
    return Assigned(
        use=str(fields.get("use") or ""),
        thumbprint=normal_thumbprint(fields.get("thumbprint")),
        previous_thumbprint=normal_thumbprint(fields.get("previous_thumbprint")),
        scope=str(fields.get("scope") or ""),
        effective_date=_read_moment(fields.get("effective_date")),
        not_after=_read_moment(fields.get("not_after")),
    )


def _read_moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def find_end(assigned: Sequence[Assigned], thumbprint: str) -> dt.datetime | None:
    """The end of an assigned certificate, which its assignment shows though the store may have lost it; None where it is not known."""
    return next((item.not_after for item in assigned if item.thumbprint == thumbprint), None)


def find_in_use(assigned: Sequence[Assigned], now: dt.datetime) -> str:
    """The thumbprint that is in force, or nothing. A staged assignment names the one before it."""
    begun = [item for item in assigned if not item.is_staged(now)]
    if begun:
        earliest = dt.datetime.min.replace(tzinfo=dt.UTC)
        return max(begun, key=lambda item: item.effective_date or earliest).thumbprint
    return next((item.previous_thumbprint for item in assigned if item.previous_thumbprint), "")


def find_signing(assigned: Sequence[Assigned], now: dt.datetime) -> tuple[str, Assigned | None]:
    """The thumbprint that some server may still sign with, and the assignment that may not have followed it everywhere yet.

    One that nothing was before is in force as soon as one clock says so.
    """
    in_use = find_in_use(assigned, now - SOON) or find_in_use(assigned, now + SOON)
    staged = find_staged(assigned, now - SOON)
    return in_use, staged if staged is not None and staged.thumbprint != in_use else None


def find_own(used: Sequence[Assigned], everywhere: Sequence[Assigned] | None) -> list[Assigned]:
    """Those that a computer goes by and that are its own, which hide the global ones.

    Where the version tells no scope, it is what is not among the global ones.

    :param everywhere: the global ones; None where they are not known.
    """
    theirs = None if everywhere is None else {item.thumbprint for item in everywhere}
    return [
        item
        for item in used
        if item.thumbprint
        and (item.scope.casefold() != "global" if item.scope else theirs is not None and item.thumbprint not in theirs)
    ]


def find_staged(assigned: Sequence[Assigned], now: dt.datetime) -> Assigned | None:
    """The assignment that is staged, if there is one."""
    return next((item for item in assigned if item.thumbprint and item.is_staged(now)), None)
