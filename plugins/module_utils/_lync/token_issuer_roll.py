# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far one OAuthTokenIssuer certificate has followed another, as one Lync host shows it."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import (
    find_signing,
    read_assignment,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_fitness import TOKEN_ISSUER
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.front_end_certificates import Facts

_PARTNERS = "Exchange, and every other partner of Lync (SharePoint, Office Web Apps Server)"


@dataclass(frozen=True)
class TokenIssuerRoll:
    """What is in force, what follows, and what was before.

    :ivar in_store: those of them that the host's own store has with the private key.
    """

    in_use: str = ""
    staged: str = ""
    effective: dt.datetime | None = None
    previous: str = ""
    in_store: frozenset[str] = frozenset()

    @property
    def newest(self) -> str:
        """The certificate that is to be everywhere: the staged one, or else the one in force."""
        return self.staged or self.in_use

    @property
    def signing(self) -> list[str]:
        """The certificates whose signatures a partner has to take, now and soon."""
        return [thumbprint for thumbprint in (self.in_use, self.staged) if thumbprint]

    def find_flaw(self, thumbprint: str) -> str:
        """Why the host cannot sign with a certificate when its time has come; empty where it can."""
        if not thumbprint:
            return "no certificate is assigned"
        if thumbprint not in self.signing:
            return f"it does not show {thumbprint} as {TOKEN_ISSUER}, so its replica has not brought it yet"
        if thumbprint not in self.in_store:
            return f"{thumbprint} is not in its store with the private key, so the replica's tasks have not put it there yet"
        return ""

    def as_dict(self) -> dict[str, t.Any]:
        """For the result."""
        return {
            "in_use": self.in_use,
            "staged": self.staged or None,
            "effective_date": instant(self.effective) if self.effective else None,
            "previous": self.previous or None,
            "newest": self.newest,
            "signing": self.signing,
            "remaining": self.list_remaining(),
        }

    def list_remaining(self) -> list[str]:
        """What is left of the roll, in order."""
        if self.staged and self.effective:
            return [
                f"Before {instant(self.effective)}, {_PARTNERS} has to read Lync's metadata, and be seen to know {self.staged}.",
                f"After {instant(self.effective)}, remove the previous certificate.",
            ]
        if self.previous:
            return [f"{_PARTNERS} has to know {self.in_use}. Then remove the previous certificate."]
        return []


def judge_roll(assigned: Sequence[Facts], store: Sequence[Facts], now: dt.datetime) -> TokenIssuerRoll:
    """The roll, by the assignments and the store of one host."""
    issuers = [read_assignment(item) for item in assigned if item["use"] == TOKEN_ISSUER]
    # the successor counts once it is in force by any clock: until then, some server signs with the one before it
    in_use, staged = find_signing(issuers, now)
    mine = next((item for item in issuers if item.thumbprint == in_use), None)
    keys = frozenset(item["thumbprint"] for item in store if item["has_private_key"])
    if staged is not None:
        return TokenIssuerRoll(in_use, staged.thumbprint, staged.effective_date, in_store=keys)
    return TokenIssuerRoll(in_use, previous=mine.previous_thumbprint if mine else "", in_store=keys)
