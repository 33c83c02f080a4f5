# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers of an organisation take part in server-to-server authentication."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import (
    find_reason_to_leave_out,
    takes_part,
)

BOTH = {"is_mailbox": True, "is_client_access": True}


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ({**BOTH, "version": "15.0.1497.2"}, ""),
        ({**BOTH, "version": "15.2.1544.4", "is_edge": False}, ""),
        ({**BOTH, "version": "Version 15.1 (something new)"}, ""),
        ({**BOTH, "version": None}, ""),
        ({**BOTH, "version": ""}, ""),
        ({"version": "15.0.1497.2", "is_mailbox": True, "is_client_access": False}, ""),
        ({"version": "15.0.1497.2", "is_mailbox": False, "is_client_access": True}, ""),
        ({**BOTH, "version": "14.3.513.0"}, "runs Exchange 14.3.513.0, which has no OAuth"),
        ({**BOTH, "version": "8.3.83.6"}, "runs Exchange 8.3.83.6"),
        ({**BOTH, "version": "Version 14.3 (something new)"}, "runs Exchange Version 14.3"),
        ({**BOTH, "version": "15.2.1544.4", "is_edge": True}, "is an Edge Transport server"),
        ({"version": "15.0.1497.2", "is_mailbox": False, "is_client_access": False}, "is neither a Mailbox"),
    ],
)
def test_who_takes_part(server: dict[str, Any], reason: str) -> None:
    assert find_reason_to_leave_out(server).startswith(reason)
    assert takes_part(server) is not bool(reason)
