# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replication of the Central Management Store: a server acts on what its own replica holds."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag, Instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import (
    Family,
    Property,
    Table,
    refuse_unoffered,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Steps

REPLICAS = Family(
    Cmdlet("Get-CsManagementStoreReplicationStatus"),
    Table(
        Property("replica_fqdn", "ReplicaFqdn"),
        Property("up_to_date", "UpToDate", Flag()),
        Property("last_status_report", "LastStatusReport", Instant()),
        Property("last_update_creation", "LastUpdateCreation", Instant()),
        Property("product_version", "ProductVersion"),
    ),
)
FORCE = Cmdlet("Invoke-CsManagementStoreReplication")

Replicas = t.Sequence[dict[str, t.Any]]


def lagging(replicas: Replicas, exclude: t.Sequence[str], before: Replicas = ()) -> list[str]:
    """The replicas that do not have the newest version, less those that nobody waits for.

    :param before: what they reported before replication was forced. It starts minutes later (Invoke-CsManagementStoreReplication.md),
        and until then they say that they are up to date: one that has not reported anew lags too.
    """
    left_out = {name.strip().rstrip(".").casefold() for name in exclude}
    old = {item["replica_fqdn"]: item["last_status_report"] for item in before}
    return [
        item["replica_fqdn"]
        for item in replicas
        if (not item["up_to_date"] or old.get(item["replica_fqdn"], "") == item["last_status_report"])
        and str(item["replica_fqdn"]).casefold() not in left_out
    ]


def replicate(call: Call) -> Result:
    """Start replication if asked to, read its status, and wait for it if asked to.

    :raises ShellError: of kind ``timeout``, naming the replicas that still lag.
    """
    shell, planned = call.shell("lync"), [FORCE] if call.params["force"] else []
    refuse_unoffered(call, shell, planned)
    before: Replicas = ()
    steps = Steps(shell)
    if planned and not call.check_mode:
        before = REPLICAS.read(shell) if call.params["wait"] else ()
        steps.run(planned)
    try:
        status = _status(call, shell, before)
    except ShellError as error:
        error.result = {**steps.progress(), **error.result}
        raise
    return {"changed": bool(planned), **status, "commands": [str(step) for step in planned]}


def _status(call: Call, shell: Shell, before: Replicas) -> Result:
    """Read the status, again and again until nobody lags where the task waits for that; a last time when its time is over."""
    replicas = REPLICAS.read(shell)
    started = time.monotonic()
    end = started + (call.params["timeout"] if call.params["wait"] and not call.check_mode else 0)
    while lagging(replicas, call.params["exclude"], before) and (left := end - time.monotonic()) > 0:
        time.sleep(min(call.params["interval"], left))
        replicas = REPLICAS.read(shell)
    behind = lagging(replicas, call.params["exclude"], before)
    waited = round(time.monotonic() - started, 1)
    status: Result = {"replicas": replicas, "lagging": behind, "up_to_date": not behind, "waited": waited}
    if behind and call.params["wait"] and not call.check_mode:
        raise _too_late(call, status)
    return status


def _too_late(call: Call, status: Result) -> ShellError:
    return ShellError(
        "timeout",
        f"not up to date after {call.params['timeout']} s: {', '.join(status['lagging'])}.",
        shell="lync",
        cmdlet=REPLICAS.cmdlet.name,
        remedy=(
            "See whether these servers run and their REPLICA service does (Get-CsWindowsService), wait longer with timeout, or name "
            "replicas of servers that are out of service in exclude."
        ),
        result=status,
    )
