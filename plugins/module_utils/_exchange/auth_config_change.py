# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The change of AuthConfig that a task names: stage a certificate, publish the staged one, or forget the previous one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_observation import (
    AuthObservation,
    AuthReader,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_table import SHORTEST
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_config import (
    WRITE,
    AuthConfigWrites,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import open_directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Instant, Kind, Thumbprint, instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName

STEPS = ("next_certificate_thumbprint", "publish", "clear_previous")
"""Each takes its time to reach everybody before the next one may follow, so a task does one."""


@dataclass(frozen=True)
class AuthConfigRequest:
    """The options, typed."""

    next: str = ""
    effective: dt.datetime | None = None
    publish: bool = False
    clear_previous: bool = False
    may_replace: bool = False


def read_config_request(call: Call) -> AuthConfigRequest:
    """The options of a task.

    :raises ShellError: of kind ``bad_input``, naming the option.
    """
    named = [name for name in STEPS if call.params[name] not in (None, False)]
    if len(named) != 1:
        told = f"{' and '.join(named)} are separate steps" if named else "no step is named"
        raise ShellError("bad_input", f"{told}: give one of {', '.join(STEPS)}.")
    effective = _read_option(call, "next_certificate_effective_date", Instant())
    return AuthConfigRequest(
        next=_read_option(call, "next_certificate_thumbprint", Thumbprint()),
        effective=dt.datetime.fromisoformat(effective) if effective else None,
        publish=call.params["publish"],
        clear_previous=call.params["clear_previous"],
        may_replace=call.params["on_conflict"] == "replace",
    )


def _read_option(call: Call, name: str, kind: Kind) -> str:
    value = call.params[name]
    if value is not None and not value.strip():
        raise ShellError("bad_input", f"{name} is empty: give a value, or leave the option out.")
    try:
        return str(kind.accept(value) or "")
    except ValueError as error:
        raise ShellError("bad_input", f"{name}: {error}.") from error


class AuthConfigChange:
    """One task; see :class:`Subject`."""

    name = "auth_config"
    shell: ShellName = "exchange"

    def __init__(self, call: Call, request: AuthConfigRequest) -> None:
        self._request = request
        self._directory = open_directory(call)
        self._reader = AuthReader(call, self._directory, call.params["exclude"])

    def observe(self, call: Call) -> AuthObservation:
        """Read AuthConfig, and every server's store: what AuthConfig names has to be there."""
        del call
        return self._reader.read()

    def plan(self, call: Call, observed: AuthObservation) -> Plan:
        """One write, or none.

        :raises ShellError: of kind ``conflict`` for what would break the trust, or replaces what somebody has staged.
        """
        del call
        request, there = self._request, observed.config
        writes, before = AuthConfigWrites(self._directory, there, observed.state.now), there.as_dict()
        if request.clear_previous:
            after = replace(there, previous="")
            return Plan(before, after.as_dict(), (writes.make_clearance(),) if there.previous else ())
        if request.publish:
            if not there.next:
                return Plan(before, before)
            self._check_publication(observed)
            after = replace(there, current=there.next, previous=there.current, next="", next_effective=None)
            return Plan(before, after.as_dict(), (writes.make_publication(),))
        if request.next == there.current or self._is_staged(observed):
            return Plan(before, before)
        effective = self._choose_date(observed)
        self._check_staging(observed, effective)
        after = replace(there, next=request.next, next_effective=effective)
        state = observed.state
        holder = state.servers[0].host if state.excluded else ""  # the session may be with one that is left out
        return Plan(before, after.as_dict(), (writes.make_staging(request.next, effective, holder),))

    def _is_staged(self, observed: AuthObservation) -> bool:
        request, there = self._request, observed.config
        return request.next == there.next and request.effective in (None, there.next_effective)

    def _choose_date(self, observed: AuthObservation) -> dt.datetime:
        """The date that is given, or the first full hour after the shortest time."""
        later = observed.state.now + SHORTEST + dt.timedelta(hours=1, microseconds=-1)
        return self._request.effective or later.replace(minute=0, second=0, microsecond=0)

    def _check_staging(self, observed: AuthObservation, effective: dt.datetime) -> None:
        there, request, now = observed.config, self._request, observed.state.now
        self._check_servers(observed, request.next)
        if there.next not in ("", request.next) and not request.may_replace:
            date = f" for {instant(there.next_effective)}" if there.next_effective else ""
            raise _make_conflict(f"{there.next} is staged already{date}", "to stage this one in its place")
        if effective < now + SHORTEST and not request.may_replace:
            reason = f"{instant(effective)} is less than 48 hours ahead, so servers and partners may not know the certificate by then"
            raise _make_conflict(reason, "to stage it nevertheless")

    def _check_publication(self, observed: AuthObservation) -> None:
        there, now = observed.config, observed.state.now
        self._check_servers(observed, there.next)
        if there.next_effective and there.next_effective > now and not self._request.may_replace:
            reason = (
                f"{there.next} takes effect at {instant(there.next_effective)}, and partners may not know it before"
            )
            raise _make_conflict(reason, "to publish it now")

    def _check_servers(self, observed: AuthObservation, thumbprint: str) -> None:
        """Every server has the certificate. One that cannot be asked may or may not have it.

        :raises ShellError: of kind ``conflict``, which no policy answers.
        """
        state = observed.state
        if state.unreachable:
            told = "; ".join(f"{server.host}: {server.error}" for server in state.unreachable)
            remedy = (
                "Have these servers answer, or list those that are gone for good in O(exclude). Nothing was written."
            )
            message = f"it is not known whether these servers have {thumbprint}: {told}."
            raise ShellError("conflict", message, cmdlet=WRITE, remedy=remedy)
        if without := state.list_without(thumbprint):
            remedy = "Bring it there first with Import-ExchangeCertificate, or let exchange_auth_certificate do it. Nothing was written."
            raise ShellError(
                "conflict", f"{', '.join(without)} does not have {thumbprint}.", cmdlet=WRITE, remedy=remedy
            )


def _make_conflict(reason: str, purpose: str) -> ShellError:
    remedy = f"Nothing was written. Set O(on_conflict) to replace {purpose}."
    return ShellError("conflict", f"{reason}.", cmdlet=WRITE, remedy=remedy)
