# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors in the words of whoever reads them: of a task, or of a role."""

from __future__ import annotations

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._wording import word_error

OURS = ShellError("conflict", "x already has y.", remedy="Set O(on_conflict) to replace.")
SERVERS = ShellError("conflict", "it changed.", error_id="NXRRSET", remedy="Run the task again.")


def test_a_role_names_what_the_user_may_say() -> None:
    worded = word_error(OURS, "dns_record", in_role=True)
    assert "add dns_points_elsewhere to farm_replace" in worded.remedy
    assert "add token_issuer_in_use to farm_replace" in word_error(OURS, "lync_certificate", in_role=True).remedy


def test_a_task_names_its_option() -> None:
    assert word_error(OURS, "dns_record", in_role=False).remedy == "Set on_conflict to replace."


def test_a_conflict_that_the_server_reports_is_not_settled_by_the_users_word() -> None:
    assert word_error(SERVERS, "dns_record", in_role=True).remedy == "Run the task again."
