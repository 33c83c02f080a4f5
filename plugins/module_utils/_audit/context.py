# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that a rule may look at."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.changes import (
    TAKE_BACK,
    Change,
    find_changes,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import Farm, FrontEnd, Store
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.partner_changes import find_partner_changes
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.restart_changes import find_restart_changes
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.virtual_directory_changes import (
    find_virtual_directory_changes,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import Description
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import Assigned

Stage = t.Literal["before", "after"]
STAGES: tuple[Stage, ...] = ("before", "after")


@dataclass(frozen=True)
class Context:
    """The farm, what it shall be, and when it is judged.

    :ivar stage: ``before`` the roles write: what they would put right is no problem. ``after``: everything has to be as described.
    :ivar in_play: the hosts of the play, or None where there is none.
    :ivar roles: the roles whose work is asked about.
    :ivar changes: what they would change.
    """

    farm: Farm
    description: Description
    now: dt.datetime
    stage: Stage
    in_play: frozenset[str] | None
    roles: frozenset[str]
    changes: tuple[Change, ...]

    @classmethod
    def of(
        cls,
        farm: Farm,
        description: Description,
        now: dt.datetime,
        stage: Stage,
        in_play: Collection[str] | None,
        roles: Collection[str],
    ) -> Context:
        """The context, with what the roles would change."""
        present = None if in_play is None else frozenset(in_play)
        seen = cls(farm, description, now, stage, present, frozenset(roles), ())
        found = [*find_changes(farm, description, now), *find_virtual_directory_changes(seen)]
        # the partners read each other's documents, at names and with certificates that the roles before have seen to
        found += find_partner_changes(farm, description, now, roles)
        planned = [change for change in found if change.role in roles and change.state == "to_do"]
        found += find_restart_changes(seen, planned)
        return replace(seen, changes=tuple(change for change in found if change.role in roles))

    def is_left_out(self, *names: str) -> bool:
        """Whether the user has left a server out, by any of its names."""
        return self.description.leaves_out(*names)

    def find_changes(self, role: str) -> Sequence[Change]:
        """What one role would change."""
        return [change for change in self.changes if change.role == role]

    def will_change(self, role: str) -> bool:
        """Whether the role's change is about to be made: before it, what it puts right is no problem."""
        return self.stage == "before" and any(change.state == "to_do" for change in self.find_changes(role))

    def find_assignment(self) -> Change | None:
        """What the role certificates would assign for the whole deployment."""
        found = self.find_changes("certificates")
        return next((change for change in found if change.details["action"] != TAKE_BACK), None)

    @property
    def will_assign(self) -> bool:
        """Whether that is about to be done: before it, what it puts right is no problem."""
        change = self.find_assignment()
        return self.stage == "before" and change is not None and change.state == "to_do"

    def find_own_assignment(self, front_end: FrontEnd) -> Change | None:
        """The server's own assignment, which the role certificates would take back."""
        found = self.find_changes("certificates")
        return next((item for item in found if item.details.get("host") == front_end.host), None)

    def list_issuers(self, front_end: FrontEnd) -> tuple[Assigned, ...]:
        """The assignments of OAuthTokenIssuer that a server goes by: the global ones where its own is about to be taken back."""
        change = self.find_own_assignment(front_end)
        taken_back = self.stage == "before" and change is not None and change.state == "to_do"
        return front_end.token_issuers if taken_back else front_end.used_issuers

    @property
    def exchange_stores(self) -> list[Store]:
        """The certificates of the Exchange servers that are not left out."""
        return [store for store in self.farm.exchange_stores if not self.is_left_out(store.host)]

    @property
    def front_ends(self) -> list[FrontEnd]:
        """The Front End Servers and Directors that are not left out."""
        return [item for item in self.farm.front_ends if not self.is_left_out(item.host, item.computer)]
