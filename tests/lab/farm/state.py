# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole state of a farm, and how it comes from a scenario."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from farm.catalogue import Catalogue
from farm.certificates import Authority, Issued, Keys, Store, Stored, pfx
from farm.clock import Clock
from farm.directory import Directory
from farm.dns.zones import Zones
from farm.errors import LabError
from farm.exchange.organization import Organization
from farm.faults import Faults
from farm.journal import Journal
from farm.latency import Latency
from farm.lync.store import Assignment, ManagementStore
from farm.scenario import Host, Scenario, User
from farm.scenario_check import check
from farm.windows.services import running_name, services_of

KEYS = Path(__file__).resolve().parents[3] / ".cache" / "lab-keys"


@dataclass
class Machine:
    """A Windows machine: its certificate store, its services and the files that matter here."""

    host: Host
    store: Store = field(default_factory=Store)
    services: dict[str, bool] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    restart_pending: bool = False
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True)
class Event:
    """An entry of an event log."""

    log: str
    source: str
    number: int
    level: str
    message: str
    time: datetime


class Farm:
    """Everything that is true in the farm. ``lock`` guards changes: cmdlets run one at a time, as long as they touch the state."""

    def __init__(self, scenario: Scenario, latency: str = "none") -> None:
        check(scenario)
        self.scenario = scenario
        self.clock = Clock()
        self.journal = Journal()
        self.faults = Faults()
        self.latency = Latency(latency)
        self.lock = threading.RLock()
        self.catalogue = Catalogue.load()
        self.authority = Authority(Keys(KEYS), scenario.domain.fqdn)
        self.machines = {host.fqdn: Machine(host) for host in scenario.machines()}
        self.certificates = {wanted.name: self.authority.issue(wanted) for wanted in scenario.certificates}
        self.tsig = {
            "name": "lab-update",
            "algorithm": "hmac-sha256",
            "secret": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        self.kerberos = False
        self.zones = Zones(
            scenario.zones, scenario.hosts_of("dns")[0].fqdn if scenario.hosts_of("dns") else "ns.invalid"
        )
        self._fill_machines()
        self.directory = Directory(scenario, Organization.create(scenario, self.certificates), self.clock)
        self.store = ManagementStore.create(scenario, self.certificates, self.clock, self.faults)
        self.store.deploy = self._deploy
        self.mailboxes: dict[str, list[str]] = {name.lower(): [] for name in scenario.exchange.mailboxes}
        """The items that a test has put into each mailbox."""

    def _fill_machines(self) -> None:
        for wanted in self.scenario.certificates:
            issued = self.certificates[wanted.name]
            for fqdn in wanted.hosts:
                stored = Stored(issued, wanted.private_key, wanted.exportable, wanted.friendly_name)
                self.machine(fqdn).store.add(stored)
        for file in self.scenario.files:
            data = pfx(self._certificate(file.certificate), file.password)
            self.machine(file.host).files[file.path.lower()] = data
        for machine in self.machines.values():
            machine.services = dict.fromkeys(services_of(machine.host, self.scenario), True)
            machine.restart_pending = machine.host.restart_pending
            for name in machine.host.stopped_services:
                machine.services[self._service(machine, name)] = False

    @staticmethod
    def _service(machine: Machine, name: str) -> str:
        found = running_name(machine.services, name)
        if found is None:
            raise LabError(f"{machine.host.fqdn} has no service {name!r} that could be stopped (stopped_services)")
        return found

    def _deploy(self, fqdn: str, assignment: Assignment) -> None:
        """A global certificate reaches a computer; its private key only if it could be exported where it came from."""
        if fqdn in self.machines:
            issued = assignment.issued
            self.machines[fqdn].store.add(
                Stored(issued, assignment.exportable, assignment.exportable, issued.friendly_name)
            )

    def _certificate(self, name: str) -> Issued:
        if name not in self.certificates:
            raise LabError(f"scenario {self.scenario.name} names a certificate {name!r} that it does not have")
        return self.certificates[name]

    def machine(self, name: str) -> Machine:
        """A machine by its name, short or full, in any case; also one that only the Exchange organization knows."""
        for machine in self.machines.values():
            if name.lower() in (machine.host.fqdn.lower(), machine.host.short.lower()):
                return machine
        return self.machines[self.scenario.host(name).fqdn]  # which says what there is

    def ahead(self, fqdn: str) -> timedelta:
        """By how much a machine's clock is ahead of the farm's."""
        return timedelta(seconds=self.machine(fqdn).host.clock)

    def now_on(self, fqdn: str) -> datetime:
        """The moment by a machine's own clock."""
        return self.clock.now() + self.ahead(fqdn)

    def is_running(self, machine: Machine, service: str) -> bool:
        """Whether a service runs: it does not where an injected fault has stopped it."""
        stopped = self.faults.named("service_stopped", machine.host.fqdn, service)
        return machine.services.get(service, False) and stopped is None

    def known(self, issued: Issued) -> Issued:
        """The certificate with what a PFX file says of it beside the key: on whose behalf it was kept (its provider's name is in there)."""
        found = next((each for each in self.certificates.values() if each.thumbprint == issued.thumbprint), None)
        return replace(issued, provider=found.provider) if found else issued

    @property
    def scenario_hosts(self) -> set[str]:
        """The names of the machines that run: the others are known to the organization only."""
        return {host.fqdn for host in self.scenario.hosts}

    def user(self, name: str) -> User | None:
        r"""An account by DOMAIN\name, name@domain or name, in any case."""
        short = name.lower().rpartition("\\")[2].partition("@")[0]
        return next((user for user in self.scenario.users if user.name.lower() == short), None)

    def add_issued(self, issued: Iterable[Issued]) -> None:
        """Remember certificates that came in from outside, so that the state can name them."""
        for entry in issued:
            if all(known.thumbprint != entry.thumbprint for known in self.certificates.values()):
                self.certificates[entry.name or entry.thumbprint] = entry

    @property
    def organization(self) -> Organization:
        """The Exchange organization as the first domain controller has it."""
        return self.directory.organization(self.directory.controllers[0].fqdn)
