# SPDX-License-Identifier: GPL-3.0-or-later

"""The Central Management Store and its replicas.

Every write makes a new version. A replica takes a version when its time has come: the scenario's delay after the write, or less
when replication is invoked. A stuck replica keeps what it has.
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
class Replica:
    """A computer's copy: the version it has, and when it takes the ones that wait for it."""

    fqdn: str
    product_version: str
    version: Version
    reported: datetime
    waiting: list[tuple[datetime, Version]] = field(default_factory=list)


class ManagementStore:
    """The store, its replicas and the assignments that only concern one computer."""

    def __init__(self, content: Content, replication: Replication, clock: Clock, faults: Faults) -> None:
        self.clock, self.faults, self.replication = clock, faults, replication
        self.head = Version(1, content, clock.now())
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
        names = [host.fqdn for host in scenario.hosts_of("lync")]
        for fqdn in [*names, *wanted.replication.extra_replicas]:
            store.replicas[fqdn.lower()] = Replica(fqdn, wanted.build, store.head, clock.now())
        store._leave_behind()
        for fqdn, types in wanted.assigned_certificates.items():
            store.local[fqdn.lower()] = {kind: Assignment(_named(certificates, name)) for kind, name in types.items()}
        return store

    def _leave_behind(self) -> None:
        """A replica that is stuck from the start has an older version."""
        old = Version(0, copy.deepcopy(self.head.content), self.head.written - timedelta(days=90))
        for name, replica in self.replicas.items():
            if name in self.stuck:
                replica.version, replica.reported = old, old.written

    @property
    def content(self) -> Content:
        """What the store holds now."""
        return self.head.content

    def write(self, **changes: object) -> None:
        """Make a new version with changed parts."""
        now = self.clock.now()
        self.settle()
        self.head = Version(self.head.number + 1, replace(self.head.content, **changes), now)  # type: ignore[arg-type] # by name
        for replica in self.replicas.values():
            replica.waiting.append((now + timedelta(seconds=self.replication.delay), self.head))

    def force(self, fqdn: str | None = None) -> None:
        """Have replicas take everything anew soon, what waits for them with it; until then they report what they did before."""
        soon = self.clock.now() + timedelta(seconds=self.replication.forced_delay)
        for replica in self.replicas.values():
            if fqdn is None or replica.fqdn.lower() == fqdn.lower():
                replica.waiting = [*((min(due, soon), version) for due, version in replica.waiting), (soon, self.head)]

    def settle(self) -> None:
        """Give each replica the versions whose time has come."""
        now = self.clock.now()
        for name, replica in self.replicas.items():
            if name in self.stuck or self.faults.get("replication_stuck", replica.fqdn):
                continue
            if due := [entry for entry in replica.waiting if entry[0] <= now]:
                replica.version = max((version for _moment, version in due), key=lambda version: version.number)
                replica.reported = max(moment for moment, _version in due)
                self._deploy(replica)
            replica.waiting = [entry for entry in replica.waiting if entry[0] > now]

    def _deploy(self, replica: Replica) -> None:
        """The computer puts the certificates of the global scope into its own store."""
        for assignment in replica.version.content.certificates.values():
            if self.deploy:
                self.deploy(replica.fqdn, assignment)

    def replica(self, fqdn: str) -> Replica | None:
        """The replica of a computer, with all that has reached it."""
        self.settle()
        return self.replicas.get(fqdn.lower())

    def up_to_date(self, replica: Replica) -> bool:
        """Whether a replica has the store's version."""
        self.settle()
        return replica.version.number == self.head.number

    def assigned(self, fqdn: str) -> dict[str, tuple[str, Assignment]]:
        """The certificates in use on a computer, by purpose, each with its scope; its own assignment goes before the global one."""
        replica = self.replica(fqdn)
        result = {
            kind: ("Global", found) for kind, found in (replica.version.content.certificates if replica else {}).items()
        }
        result.update({kind: ("Machine", found) for kind, found in self.local.get(fqdn.lower(), {}).items()})
        return result


def _named(certificates: Mapping[str, Issued], name: str) -> Issued:
    if name not in certificates:
        raise LabError(f"the scenario names a certificate {name!r} that it does not have")
    return certificates[name]
