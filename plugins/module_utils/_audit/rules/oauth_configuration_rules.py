# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for Lync's OAuth configuration."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule


@rule(
    "oauth_configuration_replaced",
    "error",
    demand="A setting of Lync's OAuth configuration that somebody chose is replaced only when the user says so.",
    remedy=(
        "To replace it, add oauth_configuration_replaced to farm_replace. To leave it, add it to farm_tolerate, or describe what is there."
    ),
    source="Other partners may depend on realm and service name; the URL may be another site's",
    fixed_by="oauth",
    replaces=True,
)
def find_replaced_settings(context: Context) -> Iterator[Breach]:
    """What Lync cannot use anyway, such as Outlook's URL, was chosen by nobody."""
    for change in context.find_changes("oauth"):
        if change.conflict == "oauth_configuration_replaced":
            evidence = f"{change.about} is {change.before}, not {change.after}"
            yield Breach("Lync", evidence, change.about, "info" if change.state == "to_do" else None)


@rule(
    "oauth_configuration_differs",
    "error",
    demand="Lync's OAuth configuration is as described; its URL of Autodiscover ends in .svc, never in .xml.",
    remedy="Run the integration, or its role oauth.",
    source="Prerequisites for integrating Lync Server 2013 and Exchange Server 2013, step 4",
    fixed_by="oauth",
)
def find_differing_settings(context: Context) -> Iterator[Breach]:
    """Afterwards only: before, the role does it."""
    for change in context.find_changes("oauth"):
        if context.stage == "after" and change.state == "to_do":
            yield Breach(
                "Lync", f"{change.about} is {change.before or 'blank'}, not {change.after or 'blank'}", change.about
            )
