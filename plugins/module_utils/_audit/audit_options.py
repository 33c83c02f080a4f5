# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of ``farm_audit``, which the module and the filter have in common."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Mapping

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Severity
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.judge_farm import ROLES, Audit, audit_farm
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import read_farm
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import (
    Description,
    read_description,
)

FATAL: dict[str, tuple[Severity, ...]] = {"error": ("error",), "warning": ("error", "warning"), "never": ()}
"""The severities that make a task fail, by ``fail_on``."""


def read_audit(options: Mapping[str, t.Any]) -> Audit:
    """Judge by the options that a task or an expression gives.

    :raises ValueError: for options that cannot be used; the message names each.
    """
    given = dict(options["description"])
    for name in ("warn_days", "now"):
        if options.get(name) is not None:
            given[name] = options[name]
    given["tolerate"] = [*(given.get("tolerate") or ()), *(options.get("tolerate") or ())]
    description = read_description(given, "description.")
    return audit_farm(
        options["snapshots"],
        description,
        now=_choose_moment(description),
        stage=options.get("stage") or "after",
        in_play=options.get("in_play"),
        roles=options.get("roles") or ROLES,
    )


def read_context(options: Mapping[str, t.Any]) -> Context:
    """The farm and its description after all roles have written, for a judgement of another kind.

    :raises ValueError: for options that cannot be used; the message names each.
    """
    description = read_description(options["description"], "description.")
    farm = read_farm(options["snapshots"])
    return Context.of(farm, description, _choose_moment(description), "after", None, ROLES)


def _choose_moment(description: Description) -> dt.datetime:
    return dt.datetime.fromisoformat(description.now) if description.now else dt.datetime.now(dt.UTC)
