# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages in the words of whoever reads them: module options for a task, role variables for a task of one of our roles.

A message names an option as ``O(option)``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

_OPTION = re.compile(r"O\((\w+)\)")

VARIABLES: dict[str, dict[str, str]] = {
    "dns_record": {
        "name": "farm_dns_records",
        "value": "farm_dns_records",
        "type": "farm_dns_records",
        "zone": "farm_dns_records",
        "provider": "farm_dns_provider",
        "server": "farm_dns_server",
    },
    "exchange_client_access": {
        "domain_controller": "farm_domain_controller",
        "exclude": "farm_leave_out",
        "servers": "farm_autodiscover_servers",
    },
    "exchange_partner_application": {
        "auth_metadata_url": "farm_lync_metadata_url",
        "domain_controller": "farm_domain_controller",
        "linked_account": "farm_linked_account",
    },
    "farm_info": {
        "directory": "farm_directory",
        "dns_server": "farm_dns_server",
        "domain_controller": "farm_domain_controller",
        "linked_account": "farm_linked_account",
    },
    "lync_certificate": {
        "effective_date": "farm_oauth_token_issuer_effective_date",
        "exclude": "farm_leave_out",
        "password": "farm_oauth_token_issuer_password",
        "path": "farm_oauth_token_issuer_path",
        "thumbprint": "farm_oauth_token_issuer_thumbprint",
        "timeout": "farm_replication_timeout",
    },
    "lync_token_issuer_info": {
        "thumbprint": "farm_oauth_token_issuer_thumbprint",
        "timeout": "farm_replication_timeout",
    },
    "lync_storage_connectivity": {"sip_uri": "farm_trust_sip_address", "folder": "farm_trust_folder"},
    "lync_oauth_configuration": {"exclude": "farm_leave_out", "timeout": "farm_replication_timeout"},
    "lync_partner_application": {
        "exclude": "farm_leave_out",
        "metadata_url": "farm_exchange_metadata_url",
        "timeout": "farm_replication_timeout",
    },
}
"""By module, the role variable that an option comes from."""

_CONFLICT = "Nothing was written. To have it replaced, add {rule} to farm_replace. To leave it as it is, add {rule} to farm_tolerate."
REMEDIES: dict[tuple[str, str], str] = {
    ("dns_record", "conflict"): _CONFLICT.format(rule="dns_points_elsewhere"),
    ("exchange_client_access", "conflict"): _CONFLICT.format(rule="autodiscover_uri_replaced"),
    ("exchange_client_access", "not_effective"): (
        "The domain controller that was read did not show the change in time. Domain controllers replicate with a delay: name one in "
        "farm_domain_controller, or run the playbook again later."
    ),
    ("exchange_partner_application", "conflict"): _CONFLICT.format(rule="partner_application_replaced"),
    ("lync_certificate", "conflict"): _CONFLICT.format(rule="token_issuer_in_use"),
    ("lync_oauth_configuration", "conflict"): _CONFLICT.format(rule="oauth_configuration_replaced"),
    ("lync_partner_application", "conflict"): _CONFLICT.format(rule="partner_application_replaced"),
}
"""By module and kind of error, what to do where a role has called the module."""


def word_error(error: ShellError, module: str, *, in_role: bool) -> ShellError:
    """The error, as its reader would put it."""
    ours = in_role and not error.error_id  # what a server calls a conflict is not settled by the user's word
    remedy = REMEDIES.get((module, error.kind), error.remedy) if ours else error.remedy
    names = VARIABLES.get(module, {}) if in_role else {}
    return replace(error, message=word_text(error.message, names), remedy=word_text(remedy, names))


def word_text(text: str, names: Mapping[str, str]) -> str:
    """A text with its options named as ``names`` has them."""
    return _OPTION.sub(lambda found: names.get(found[1], found[1]), text)
