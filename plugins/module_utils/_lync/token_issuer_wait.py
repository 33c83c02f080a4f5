# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until a Lync host can sign with an OAuthTokenIssuer certificate."""

from __future__ import annotations

import time

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.front_end_certificates import (
    Facts,
    read_global_issuers,
    read_store,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.own_assignment import read_own, read_used
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.token_issuer_roll import (
    TokenIssuerRoll,
    judge_roll,
)

SECONDS = 2.0
"""Between two readings."""


def await_token_issuer(call: Call, wanted: str) -> TokenIssuerRoll:
    """Read until the host has the certificate, or the time is over.

    :param wanted: its thumbprint; empty for the newest that the host shows.
    :raises ShellError: of kind ``not_effective`` where the host does not get it in time, of kind ``conflict`` where it goes by another one
        of its own.
    """
    end = time.monotonic() + call.params["timeout"]
    while True:
        assigned, store = _read_issuers(call), read_store(call.shell("windows"))
        roll = judge_roll(assigned, store, call.shell("lync").find_now())
        flaw = roll.find_flaw(wanted or roll.newest)
        if not flaw:
            return roll
        if call.params["scope"] == "machine":
            _refuse_own(call, flaw)
        if time.monotonic() >= end:
            remedy = "Check with lync_replication whether its replica lags, and wait longer with O(timeout)."
            raise ShellError("not_effective", f"after {call.params['timeout']} s {flaw}.", remedy=remedy)
        call.say(f"waiting: {flaw}")
        time.sleep(SECONDS)


def _read_issuers(call: Call) -> list[Facts]:
    shell = call.shell("lync")
    return read_global_issuers(shell) if call.params["scope"] == "global" else read_used(shell)


def _refuse_own(call: Call, flaw: str) -> None:
    """Say at once that the host goes by an assignment of its own, which no wait ends."""
    own, _everywhere = read_own(call.shell("lync"))
    if own:
        message = f"{flaw.partition(',')[0]}: it has an assignment of its own, {own[0]['thumbprint']}, which hides the global one."
        remedy = (
            "Take it back with lync_certificate (state=absent, scope=machine), or with the role certificates, with token_issuer_scope in "
            "farm_replace."
        )
        raise ShellError("conflict", message, remedy=remedy)
