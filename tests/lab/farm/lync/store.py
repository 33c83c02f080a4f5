# SPDX-License-Identifier: GPL-3.0-or-later

"""The Central Management Store and its replicas.

Every write makes a new version. Some time later the Master Replicator takes its snapshot of it; until then each replica's last status
still says that it is up to date. A replica takes the version when its time has come: the scenario's delay after the snapshot, or less
when replication is invoked. Its scheduled tasks put global certificates into the computer's store some time after that. A stuck
replica keeps what it has.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from farm.certificates import Issued
from farm.clock import Clock
from farm.errors import LabError
from farm.faults import Faults
from farm.scenario import OAuth, PartnerApplication, Replication, Scenario, SipDomain

LONG_AGO = timedelta(days=1)
"""Before the lab starts: when the store was written last."""


@dataclass(frozen=True)
class Assignment:
    """A certificate in use for a purpose."""

    issued: Issued
    previous: Issued | None = None
    effective: datetime | None = None
    updated: datetime | None = None
    exportable: bool = True

    def current(self, now: datetime) -> Issued:
        """The certificate that signs at a moment: a staged one waits for its effective date."""
        staged = self.effective is not None and self.effective > now
        return self.previous if staged and self.previous else self.issued


@dataclass
class Content:
    """What the store holds."""

    oauth: OAuth
    sip_domains: list[SipDomain]
    partner_applications: list[PartnerApplication]
    certificates: dict[str, Assignment] = field(default_factory=dict)


@dataclass
class Version:
    """A version of the store's content and when it was written."""

    number: int
    content: Content
    written: datetime


@dataclass
class Update:
    """A version on its way to a replica.

    :ivar snapshot: when the Master Replicator takes it up.
    :ivar arrives: when the replica has it and says so.
    :ivar held: whether the replica was stuck when it should have arrived.
    """

    snapshot: datetime
    arrives: datetime
    version: Version
    held: bool = False


@dataclass
class Replica:
    """A computer's copy: the version it has, what its last status says, and what is on its way.

    :ivar created: when the newest update for it was made.
    :ivar reported: when it reported last.
    :ivar deploying: versions whose certificates come into the computer's store at a moment.
    """

    fqdn: str
    product_version: str
    version: Version
    created: datetime
    reported: datetime
    waiting: list[Update] = field(default_factory=list)
    deploying: list[tuple[datetime, Version]] = field(default_factory=list)

    def announced(self, now: datetime) -> int:
        """The newest version that the Master Replicator has sent, which is what being up to date is measured by."""
        return max([self.version.number, *(each.version.number for each in self.waiting if each.snapshot <= now)])


class ManagementStore:
    """The store, its replicas and the assignments that only concern one computer."""

    def __init__(self, content: Content, replication: Replication, clock: Clock, faults: Faults) -> None:
        self.clock, self.faults, self.replication = clock, faults, replication
        self.head = Version(1, content, clock.now() - LONG_AGO)
        self.replicas: dict[str, Replica] = {}
        self.local: dict[str, dict[str, Assignment]] = {}
        self.stuck = {name.lower() for name in replication.stuck}
        self.deploy: Callable[[str, Assignment], None] | None = None

    @classmethod
    def create(
        cls, scenario: Scenario, certificates: Mapping[str, Issued], clock: Clock, faults: Faults
    ) -> ManagementStore:
        """The store as the scenario describes it, replicated long ago."""
        wanted = scenario.lync
        content = Content(wanted.oauth, list(wanted.sip_domains), list(wanted.partner_applications))
        if wanted.oauth.token_issuer:
            content.certificates["OAuthTokenIssuer"] = Assignment(
                _named(certificates, wanted.oauth.token_issuer), updated=clock.now()
            )
        store = cls(content, wanted.replication, clock, faults)
        for fqdn in _find_replicated(scenario):
            store.replicas[fqdn.lower()] = Replica(
                fqdn, wanted.build, store.head, created=store.head.written, reported=store.head.written
            )
        store._leave_behind()
        for fqdn, types in wanted.assigned_certificates.items():
            store.local[fqdn.lower()] = {kind: Assignment(_named(certificates, name)) for kind, name in types.items()}
        return store

    def _leave_behind(self) -> None:
        """A replica that is stuck from the start has an older version, and was sent the newest."""
        old = Version(0, copy.deepcopy(self.head.content), self.head.written - timedelta(days=90))
        for name, replica in self.replicas.items():
            if name in self.stuck:
                replica.version, replica.reported = old, old.written
                replica.waiting.append(Update(self.head.written, self.head.written, self.head))

    @property
    def content(self) -> Content:
        """What the store holds now."""
        return self.head.content

    def write(self, **changes: object) -> None:
        """Make a new version with changed parts."""
        now = self.clock.now()
        self.settle()
        self.head = Version(self.head.number + 1, replace(self.head.content, **changes), now)  # type: ignore[arg-type] # by name
        snapshot = now + timedelta(seconds=self.replication.begins_after)
        arrives = snapshot + timedelta(seconds=self.replication.delay)
        for replica in self.replicas.values():
            replica.waiting.append(Update(snapshot, arrives, self.head))

    def force(self, fqdn: str | None = None) -> None:
        """Have replicas take everything anew soon, what waits for them with it; until then they report what they did before."""
        soon = self.clock.now() + timedelta(seconds=self.replication.forced_delay)
        for replica in self.replicas.values():
            if fqdn is None or replica.fqdn.lower() == fqdn.lower():
                for update in replica.waiting:
                    update.snapshot, update.arrives = min(update.snapshot, soon), min(update.arrives, soon)
                replica.waiting.append(Update(soon, soon, self.head))

    def settle(self) -> None:
        """Give each replica the versions whose time has come, and each computer the certificates of those that it has."""
        now = self.clock.now()
        for replica in self.replicas.values():
            sent = [update.snapshot for update in replica.waiting if update.snapshot <= now]
            replica.created = max([replica.created, *sent])
            if due := [update for update in replica.waiting if update.arrives <= now]:
                self._arrive(replica, due, now)
            self._deploy(replica, now)

    def _arrive(self, replica: Replica, due: list[Update], now: datetime) -> None:
        if replica.fqdn.lower() in self.stuck or self.faults.get("replication_stuck", replica.fqdn):
            for update in due:
                update.held = True
            return
        replica.version = max((update.version for update in due), key=lambda version: version.number)
        replica.reported = now if any(update.held for update in due) else max(update.arrives for update in due)
        replica.waiting = [update for update in replica.waiting if update.arrives > now]
        deployed = replica.reported + timedelta(seconds=self.replication.deploys_after)
        replica.deploying.append((deployed, replica.version))

    def _deploy(self, replica: Replica, now: datetime) -> None:
        """The computer puts the certificates of the global scope into its own store."""
        due = [version for moment, version in replica.deploying if moment <= now]
        replica.deploying = [entry for entry in replica.deploying if entry[0] > now]
        for version in due:
            for assignment in version.content.certificates.values():
                if self.deploy:
                    self.deploy(replica.fqdn, assignment)

    def replica(self, fqdn: str) -> Replica | None:
        """The replica of a computer, with all that has reached it."""
        self.settle()
        return self.replicas.get(fqdn.lower())

    def up_to_date(self, replica: Replica) -> bool:
        """Whether a replica has what the Master Replicator has sent it last."""
        self.settle()
        return replica.version.number == replica.announced(self.clock.now())

    def assigned(self, fqdn: str, scope: str = "") -> dict[str, tuple[str, Assignment]]:
        """The certificates in use on a computer, by purpose, each with its scope; its own assignment goes before the global one.

        With a scope, Global or Machine, only those of it: a global one then too that the computer's own goes before.
        """
        replica = self.replica(fqdn)
        everywhere = replica.version.content.certificates if replica else {}
        result = {kind: ("Global", found) for kind, found in everywhere.items() if scope != "Machine"}
        own = self.local.get(fqdn.lower(), {}) if scope != "Global" else {}
        return {**result, **{kind: ("Machine", found) for kind, found in own.items()}}


def _find_replicated(scenario: Scenario) -> list[str]:
    """The computers with a replica: all of the topology, those of Edge pools too, and those that somebody forgot to remove from it."""
    lync = scenario.lync
    emulated = [host.fqdn for host in scenario.hosts_of("lync")]
    others = [computer for pool in lync.pools for computer in pool.computers]
    found: dict[str, str] = {}
    for name in [*emulated, *lync.replication.extra_replicas, *others]:
        found.setdefault(name.lower(), name)
    return list(found.values())


def _named(certificates: Mapping[str, Issued], name: str) -> Issued:
    if name not in certificates:
        raise LabError(f"the scenario names a certificate {name!r} that it does not have")
    return certificates[name]
