# SPDX-License-Identifier: GPL-3.0-or-later

"""Active Directory's configuration partition on the domain controllers: what is written on one is seen on the others after a delay.

Each controller has a copy of the Exchange organization. Attributes travel by themselves, and the one that was written last stays.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from farm.clock import Clock
from farm.exchange.organization import Organization
from farm.scenario import Host, Scenario


@dataclass(frozen=True)
class Controller:
    """A domain controller and its site."""

    fqdn: str
    site: str

    def is_called(self, name: str) -> bool:
        """Whether that is its name, short or full."""
        return name.lower() in (self.fqdn.lower(), self.fqdn.partition(".")[0].lower())


@dataclass(frozen=True)
class Change:
    """An attribute's new value, on its way to a controller."""

    controller: str
    part: str
    attribute: str
    value: object
    written: datetime
    due: datetime


class Directory:
    """The domain controllers, their copies, and the changes that are on their way."""

    def __init__(self, scenario: Scenario, organization: Organization, clock: Clock) -> None:
        self.clock, self.delay = clock, timedelta(seconds=scenario.domain.replication_delay)
        self.controllers = list_controllers(scenario)
        self._copies = {each.fqdn: copy.deepcopy(organization) for each in self.controllers}
        self._waiting: list[Change] = []
        self._written: dict[tuple[str, str, str], datetime] = {}

    def find(self, name: str) -> Controller | None:
        """A controller by its name, short or full."""
        return next((each for each in self.controllers if each.is_called(name)), None)

    def choose_for(self, host: Host) -> str:
        """The controller that Exchange on a host asks by itself: the scenario's choice, one of its site, or the first."""
        if chosen := self.find(host.domain_controller):
            return chosen.fqdn
        near = [each for each in self.controllers if each.site.lower() == host.site.lower()]
        return (near or self.controllers)[0].fqdn

    def organization(self, controller: str) -> Organization:
        """The organization as a controller has it now."""
        self._settle()
        return self._copies[controller]

    def write(self, controller: str, part: str, /, **values: object) -> None:
        """Write attributes of a part of the organization on one controller, and send them to the others."""
        self._settle()
        now = self.clock.now()
        for each in self.controllers:
            due = now if each.fqdn == controller else now + self.delay
            self._waiting += [Change(each.fqdn, part, name, value, now, due) for name, value in values.items()]
        self._settle()

    def _settle(self) -> None:
        now = self.clock.now()
        due = [change for change in self._waiting if change.due <= now]
        self._waiting = [change for change in self._waiting if change.due > now]
        for change in sorted(due, key=lambda change: (change.due, change.written)):
            place = (change.controller, change.part, change.attribute)
            if place not in self._written or self._written[place] <= change.written:
                self._written[place] = change.written
                target = self._copies[change.controller].part(change.part)
                setattr(target, change.attribute, copy.copy(change.value))


def list_controllers(scenario: Scenario) -> list[Controller]:
    """The domain controllers: the emulated ones, then those that are only known by their names."""
    emulated = [Controller(host.fqdn, host.site) for host in scenario.hosts_of("dns")]
    others = [Controller(each.fqdn, each.site) for each in scenario.domain.controllers]
    return [*emulated, *others] or [Controller(f"dc.{scenario.domain.fqdn}", scenario.domain.site)]
