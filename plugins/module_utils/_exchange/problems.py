# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What in the results of the Exchange modules stands in the way of an integration."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import (
    ACCEPTED_DOMAINS,
    VIRTUAL_DIRECTORIES,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._problems import (
    Looks,
    Problem,
    Question,
    Result,
    asked,
)

SERVICES = "Test-ServiceHealth"


def _services(result: Result, question: Question) -> Iterator[Problem]:
    """``Test-ServiceHealth`` lists what does not run, by role."""
    for role in result["objects"] if asked(result, SERVICES) else ():
        for name in role.get("ServicesNotRunning") or ():
            message = f"the service {name} does not run."
            yield _shown(question, "service_stopped", SERVICES, message, "Start it.")


def _wildcards(result: Result, question: Question) -> Iterator[Problem]:
    """Authentication between servers fails for such a domain (401, invalid_tenant) until it is replaced by explicit ones."""
    for domain in result["accepted_domains"]:
        if domain["wildcard"]:
            message = (
                f"the accepted domain {domain['domain_name']} is a wildcard, with which authentication between servers fails "
                "(invalid_tenant)."
            )
            remedy = "Replace it by one accepted domain for each name."
            yield _shown(question, "wildcard_accepted_domain", ACCEPTED_DOMAINS.cmdlet.name, message, remedy)


def _virtual_directories(result: Result, question: Question) -> Iterator[Problem]:
    for kind, directories in result["virtual_directories"].items():
        read = VIRTUAL_DIRECTORIES[kind].cmdlet.name
        for directory in directories:
            if directory["oauth_authentication"] is False:
                message = f"{directory['server']}: OAuth is off for the virtual directory {directory['name']}, so Lync is refused (401)."
                remedy = f"Set OAuthAuthentication to true ({read.replace('Get-', 'Set-', 1)})."
                yield _shown(question, "oauth_off", read, message, remedy)


def _shown(question: Question, rule: str, cmdlet: str, message: str, remedy: str) -> Problem:
    return question.problem(ShellError(rule, message, shell="exchange", cmdlet=cmdlet, remedy=remedy))


LOOKS: Looks = {
    "objects": _services,
    "accepted_domains": _wildcards,
    "virtual_directories": _virtual_directories,
}
