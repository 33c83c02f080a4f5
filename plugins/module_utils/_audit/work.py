# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each role has to do, in the terms of the module that it calls."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.changes import (
    TAKE_BACK,
    Change,
    list_oauth_options,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.partner_changes import (
    describe_exchange_work,
    describe_lync_work,
    list_signing_certificates,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.restart_changes import list_restart_work
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.trust_verdict import list_front_ends
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.virtual_directory_changes import (
    list_virtual_directory_work,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import WantedRecord

Work = dict[str, t.Any]


def list_work(context: Context) -> Work:
    """What is to do by role: nothing that is held back or kept. What may be replaced is only what was judged."""
    return {
        "dns": [_describe_record(change) for change in _list_to_do(context, "dns")],
        "certificates": _describe_certificate(context),
        "autodiscover": _describe_servers(_list_to_do(context, "autodiscover")),
        "oauth": _describe_options(context, _list_to_do(context, "oauth")),
        "virtual_directories": list_virtual_directory_work(_list_to_do(context, "virtual_directories")),
        "partners": _describe_partners(context, _list_to_do(context, "partners")),
        "restart": list_restart_work(_list_to_do(context, "restart")),
        "verify": {"front_ends": _list_tested(context)},
    }


def _list_tested(context: Context) -> list[str]:
    """The front ends that write to the test mailbox: none where no mailbox is named."""
    return [item.host for item in list_front_ends(context)] if context.description.trust_sip_address else []


def _list_to_do(context: Context, role: str) -> list[Change]:
    return [change for change in context.find_changes(role) if change.state == "to_do"]


def _choose_policy(changes: list[Change], otherwise: str = "fail") -> str:
    return "replace" if any(change.conflict for change in changes) else otherwise


def _describe_record(change: Change) -> dict[str, t.Any]:
    record: WantedRecord = change.details["record"]
    return {**vars(record), "value": list(record.value), "on_conflict": _choose_policy([change])}


def _describe_certificate(context: Context) -> dict[str, t.Any]:
    """The certificate's own policy is to stage; what is in use or staged is given up only with the user's word."""
    changes = _list_to_do(context, "certificates")
    change = next((item for item in changes if item.details["action"] != TAKE_BACK), None)
    details = change.details if change else {}
    staged = details.get("action") == "stage"
    return {
        "needed": change is not None,
        "thumbprint": details.get("thumbprint"),
        "effective_date": context.description.oauth_token_issuer_effective_date if staged else None,
        "on_conflict": _choose_policy([change] if change else [], otherwise="stage"),
        "take_back": [item.details["host"] for item in changes if item.details["action"] == TAKE_BACK],
    }


def _describe_servers(changes: list[Change]) -> dict[str, t.Any]:
    servers = [change.details["server"] for change in changes]
    return {"needed": bool(servers), "servers": servers, "on_conflict": _choose_policy(changes)}


def _describe_options(context: Context, changes: list[Change]) -> dict[str, t.Any]:
    """Every option of the module; None for those that are not to be written."""
    asked = {change.about for change in changes}
    options = {
        name: _list(value) if name in asked else None for name, value in list_oauth_options(context.description).items()
    }
    return {"needed": bool(changes), **options, "on_conflict": _choose_policy(changes)}


def _describe_partners(context: Context, changes: list[Change]) -> dict[str, t.Any]:
    farm, description = context.farm, context.description
    keys = list_signing_certificates(farm, description, context.now, context.roles)
    return {
        "exchange": describe_exchange_work(farm, description, changes, keys, context.roles),
        "lync": describe_lync_work(farm, description, changes),
    }


def _list(value: t.Any) -> t.Any:
    return list(value) if isinstance(value, tuple) else value
