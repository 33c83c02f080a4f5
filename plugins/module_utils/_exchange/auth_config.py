# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The organisation's AuthConfig: which certificate signs tokens, which comes next, and the three writes of that."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_table import SHORTEST
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import SHELL, Directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import AUTH_CONFIG
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Value

WRITE = "Set-AuthConfig"


@dataclass(frozen=True)
class AuthConfig:
    """What it says.

    :ivar found_on: the domain controller that said it.
    """

    current: str = ""
    previous: str = ""
    next: str = ""
    next_effective: dt.datetime | None = None
    found_on: str = ""

    def as_dict(self) -> dict[str, t.Any]:
        """For results and diffs."""
        return {
            "current_certificate_thumbprint": self.current,
            "previous_certificate_thumbprint": self.previous,
            "next_certificate_thumbprint": self.next,
            "next_certificate_effective_date": instant(self.next_effective) if self.next_effective else None,
        }


def read_auth_settings(directory: Directory) -> AuthConfig:
    """Read it.

    :raises ShellError: of kind ``not_found`` where the organisation has none.
    """
    items = directory.read_all(AUTH_CONFIG.cmdlet, AUTH_CONFIG.table.projection("OriginatingServer"))
    if not items:
        raise ShellError(
            "not_found", "the organisation has no AuthConfig.", shell=SHELL, cmdlet=AUTH_CONFIG.cmdlet.name
        )
    facts = AUTH_CONFIG.table.state(items[0])
    effective = facts["next_certificate_effective_date"]
    return AuthConfig(
        current=facts["current_certificate_thumbprint"],
        previous=facts["previous_certificate_thumbprint"],
        next=facts["next_certificate_thumbprint"],
        next_effective=dt.datetime.fromisoformat(effective) if effective else None,
        found_on=str(items[0].get("OriginatingServer") or ""),
    )


class AuthConfigWrites:
    """The writes, each to the domain controller that was read from.

    What the cmdlet asks is answered with ``-Force`` where the task has said yes, and only there: a date less than 48 hours ahead, another
    certificate that is staged, publishing before the date.
    """

    def __init__(self, directory: Directory, there: AuthConfig, now: dt.datetime) -> None:
        self._directory, self._there, self._now = directory, there, now

    def make_staging(self, thumbprint: str, effective: dt.datetime, server: str = "") -> Cmdlet:
        """Stage a certificate.

        :param server: in whose store it is looked up; empty for that of the server that the session is with.
        """
        asks = effective < self._now + SHORTEST or self._there.next not in ("", thumbprint)
        date: dict[str, Value] = {"NewCertificateEffectiveDate": effective}
        store: dict[str, Value] = {"Server": server} if server else {}
        return self._make(asks, NewCertificateThumbprint=thumbprint, **date, **store)

    def make_publication(self) -> Cmdlet:
        """Make the staged certificate the current one; the one in use becomes the previous one, which partners may still know alone."""
        effective = self._there.next_effective
        return self._make(effective is not None and effective > self._now, PublishCertificate=True)

    def make_clearance(self) -> Cmdlet:
        """Forget the previous certificate."""
        return self._make(False, ClearPreviousCertificate=True)

    def _make(self, asks: bool, **parameters: Value) -> Cmdlet:
        answered: dict[str, Value] = {"Force": True} if asks else {}
        write = Cmdlet(WRITE, **parameters, **answered, Confirm=False)
        return self._directory.through(write, self._there.found_on)
