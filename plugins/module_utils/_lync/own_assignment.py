# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server's own assignment of OAuthTokenIssuer, which hides the global one. It is taken back where the global one can follow it.

Remove-CsCertificate.md, parameter Identity: without it, certificates are removed from the local computer.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import read_certificate
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import WOULD_FAIL, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import (
    SOON,
    find_in_use,
    find_own,
    find_signing,
    read_assignment,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_fitness import TOKEN_ISSUER
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_observation import (
    describe_assignment,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_request import Request
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.front_end_certificates import (
    Facts,
    read_assigned,
    read_global_issuers,
    read_store,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan, Reads
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName

_SECONDS = 2.0
"""Between two readings."""
_REMEDY = (
    "Nothing was written. Assign a valid certificate globally, wait until this host has it with its private key (lync_token_issuer_info "
    "with scope=global), and run this again."
)


@dataclass(frozen=True)
class ObservedOwn:
    """What the server goes by.

    :ivar own: its own assignments.
    :ivar everywhere: the global ones.
    :ivar flaw: why it could not sign with the global one; empty where it could, and where it has none of its own.
    """

    own: tuple[Facts, ...]
    everywhere: tuple[Facts, ...]
    flaw: str = ""


class OwnAssignment:
    """The server's own assignment, which is to be removed."""

    name = "certificate"
    shell: ShellName = "lync"

    def __init__(self, request: Request) -> None:
        self._request = request

    def observe(self, call: Call) -> ObservedOwn:
        """Read it, and wait until the global one could follow it: a replica's tasks bring it some time after it was assigned."""
        end = time.monotonic() + (0 if call.check_mode else call.params["timeout"])
        while True:
            observed = self._read(call)
            if not observed.flaw or time.monotonic() >= end:
                return observed
            call.say(f"waiting: {observed.flaw}")
            time.sleep(_SECONDS)

    def _read(self, call: Call) -> ObservedOwn:
        lync = call.shell(self.shell)
        own, everywhere = read_own(lync)
        if not own or self._request.thumbprint not in ("", *(item["thumbprint"] for item in own)):
            return ObservedOwn((), tuple(everywhere))
        store = read_store(call.shell("windows"))
        return ObservedOwn(tuple(own), tuple(everywhere), find_flaw(everywhere, store, lync.find_now()))

    def plan(self, call: Call, observed: ObservedOwn) -> Plan:
        """Remove it, or nothing where there is none.

        :raises ShellError: of kind ``not_effective`` where the server could sign no tokens then. In check mode it is a warning: the global
            one may be what a task before this one would assign.
        """
        following = describe_assignment(observed.everywhere[:1])
        if not observed.own:
            return Plan(following, following)
        # -Force answers the question about a certificate that is in use (Remove-CsCertificate.md)
        removal = Cmdlet("Remove-CsCertificate", Type=[TOKEN_ISSUER], Force=True, Confirm=False)
        refusal = ShellError("not_effective", f"the server's own assignment was kept: {observed.flaw}.", remedy=_REMEDY)
        if observed.flaw and not call.check_mode:
            raise refusal
        warnings = (f"{WOULD_FAIL}{refusal}",) if observed.flaw else ()
        return Plan(describe_assignment(observed.own[:1]), following, (removal,), warnings)


def read_used(shell: Reads) -> list[Facts]:
    """The assignments of OAuthTokenIssuer that a server goes by."""
    return [item for item in read_assigned(shell) if item["use"] == TOKEN_ISSUER]


def read_own(shell: Reads) -> tuple[list[Facts], list[Facts]]:
    """The server's own assignments, and the global ones.

    Where the version tells no scope, a global one that the replica gets between two readings looks like one of the server's own, so that
    what was found is read again.
    """
    used, everywhere = read_used(shell), read_global_issuers(shell)
    own = _list_own(used, everywhere)
    return _list_own(read_used(shell), everywhere) if own else [], everywhere


def _list_own(used: Sequence[Facts], everywhere: Sequence[Facts]) -> list[Facts]:
    own = {
        item.thumbprint for item in find_own(list(map(read_assignment, used)), list(map(read_assignment, everywhere)))
    }
    return [item for item in used if item["thumbprint"] in own]


def find_flaw(everywhere: Sequence[Facts], store: Sequence[Facts], now: dt.datetime) -> str:
    """Why a server could not sign with what is assigned globally, by any clock; empty where it could."""
    assigned = [read_assignment(item) for item in everywhere]
    in_use = {find_signing(assigned, now)[0], find_in_use(assigned, now + SOON)}
    if "" in in_use:
        return "no OAuthTokenIssuer certificate is assigned globally and in force"
    keys = {item["thumbprint"]: read_certificate(item) for item in store if item["has_private_key"]}
    for thumbprint in sorted(in_use):
        if thumbprint not in keys:
            return f"the global one, {thumbprint}, is not in its store with the private key"
        end = keys[thumbprint].not_after
        if end is not None and end <= now:
            return f"the global one, {thumbprint}, has expired ({instant(end)})"
    return ""
