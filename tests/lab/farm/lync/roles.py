# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pool of each kind has: its services in the topology, and the Windows services of its computers."""

from __future__ import annotations

from dataclasses import dataclass

from farm.scenario import Lync, Pool

EVERYWHERE = {"RTCCLSAGT": "Centralized Logging Service Agent", "REPLICA": "Replica Replicator Agent"}
MASTER = {"MASTER": "Master Replicator Agent", "FTA": "File Transfer Agent"}
"""Only the front ends of the pool with the Central Management Store have these."""
WEB = {"W3SVC": "World Wide Web Publishing Service"}


@dataclass(frozen=True)
class Kind:
    """A kind of pool.

    :ivar roles: its services as the topology names them.
    :ivar services: its computers' Windows services with what their display names end with.
    """

    roles: tuple[str, ...]
    services: dict[str, str]


KINDS = {
    "front_end": Kind(
        ("Registrar", "UserServer", "WebServer", "ConferencingServer"),
        {
            "RTCSRV": "Front-End",
            **EVERYWHERE,
            "RTCATS": "Audio Test Service",
            "RTCIMMCU": "IM Conferencing",
            "RTCAVMCU": "Audio/Video Conferencing",
            "RTCASMCU": "Application Sharing",
            "RTCDATAMCU": "Web Conferencing",
            "RTCMEDSRV": "Mediation",
            "RTCCAA": "Conferencing Attendant",
            "RTCCAS": "Conferencing Announcement",
            "RTCCPS": "Call Park",
            "RTCRGS": "Response Group",
            "LYNCBACKUP": "Backup Service",
            **WEB,
        },
    ),
    "director": Kind(("Registrar", "WebServer"), {"RTCSRV": "Front-End", **EVERYWHERE, **WEB}),
    "edge": Kind(
        ("EdgeServer",),
        {
            "RTCSRV": "Access Edge",
            **EVERYWHERE,
            "RTCMRAUTH": "Audio/Video Authentication",
            "RTCMEDIARELAY": "Audio/Video Edge",
            "RTCDATAPROXY": "Web Conferencing Edge",
        },
    ),
    "mediation": Kind(("MediationServer",), {"RTCMEDSRV": "Mediation", **EVERYWHERE}),
}


def list_roles(lync: Lync, pool: Pool) -> list[str]:
    """The services of a pool as the topology names them."""
    central = ["CentralManagement"] if lync.central_management and pool is lync.central_pool else []
    return [*KINDS[pool.kind].roles, *central]


def list_windows_services(lync: Lync, computer: str) -> dict[str, str]:
    """The Windows services of a computer by what their display names end with; those of a front end where it is in no pool."""
    pool = lync.pool_of(computer)
    found = dict(KINDS[pool.kind if pool else "front_end"].services)
    return {**found, **MASTER} if pool is lync.central_pool else found
