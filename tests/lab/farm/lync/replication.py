# SPDX-License-Identifier: GPL-3.0-or-later

"""Replication of the Central Management Store: its status, and invoking it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from psrpcore.types import PSList, PSObject, PSString

from farm.lync.errors import not_found
from farm.lync.store import Replica
from farm.objects import date, psobject, text
from farm.registry import Call, cmdlet
from farm.rights import LYNC_READ, LYNC_WRITE

XDS = "Microsoft.Rtc.Management.Xds"


@cmdlet("Get-CsManagementStoreReplicationStatus", LYNC_READ, type_name=f"{XDS}.GetReplicationStatusCmdlet")
def get_replication_status(call: Call) -> Iterator[PSObject]:
    """The replicas, or one; or the state of the store itself."""
    if call.switch("CentralManagementStoreStatus"):
        yield _show_store(call)
        return
    for replica in _select(call):
        yield _state(call, replica)


def _show_store(call: Call) -> PSObject:
    """Which computer replicates the store, when it was heard of last, and which replicas there are."""
    master, beat = call.farm.scenario.lync.master, date(_to_master_clock(call, call.farm.clock.now()))
    return psobject(
        [f"{XDS}.CentralManagementStoreStatusResult", "System.Object"],
        None,
        ActiveMasterFqdn=text(master),
        ActiveMasterLastHeartbeat=beat,
        ActiveFileTransferAgents=_to_list([master]),
        ActiveFileTransferAgentLastHeartbeat=beat,
        ActiveReplicas=_to_list([replica.fqdn for replica in call.farm.store.replicas.values()]),
        DeletedReplicas=_to_list([]),
    )


def _to_list(values: list[str]) -> PSList:
    return PSList([PSString(value) for value in values])


def _to_master_clock(call: Call, moment: datetime) -> datetime:
    """A moment by the clock of the computer that replicates the store: it keeps the status of all replicas."""
    return moment + call.farm.ahead(call.farm.scenario.lync.master)


def _select(call: Call) -> list[Replica]:
    store, fqdn = call.farm.store, call.text("ReplicaFqdn")
    if not fqdn:
        return list(store.replicas.values())
    replica = store.replica(fqdn)
    if replica is None:
        raise not_found(call, fqdn, "replica")
    return [replica]


def _state(call: Call, replica: Replica) -> PSObject:
    store = call.farm.store
    fresh = store.up_to_date(replica)
    return psobject(
        [f"{XDS}.ReplicaState", "System.Object"],
        f"{XDS}.ReplicaState",
        UpToDate=fresh,
        ReplicaFqdn=text(replica.fqdn),
        LastStatusReport=date(_to_master_clock(call, replica.reported)),
        LastUpdateCreation=date(_to_master_clock(call, replica.created)),
        ProductVersion=PSString(replica.product_version),
    )


@cmdlet(
    "Invoke-CsManagementStoreReplication",
    LYNC_WRITE,
    type_name=f"{XDS}.InvokeManagementStoreReplicationCmdlet",
    writes=True,
)
def invoke_replication(call: Call) -> Iterator[PSObject]:
    """Have the replicas, or one, take what waits for them."""
    for replica in _select(call):
        if not call.what_if:
            call.farm.store.force(replica.fqdn)
    yield from ()
