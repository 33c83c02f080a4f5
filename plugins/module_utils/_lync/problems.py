# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What in the results of the Lync modules stands in the way of an integration."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.replication import REPLICAS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import POOLS, SIP_DOMAINS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._problems import (
    Looks,
    Problem,
    Question,
    Result,
    asked,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.names import canonical

ASSIGN = "Set-CsCertificate"
SERVICES = "Get-CsWindowsService"


def _candidates(result: Result, question: Question) -> Iterator[Problem]:
    """Something was to be chosen, and there is something against every certificate."""
    if all(item["findings"] for item in result["candidates"]):
        against = [
            f"{item['thumbprint']} ({item['subject']}): {', '.join(finding['rule'] for finding in item['findings'])}"
            for item in result["candidates"]
        ]
        message = f"none of the {len(against)} certificates in the store is fit to be assigned as OAuthTokenIssuer"
        yield _shown(
            question,
            "token_issuer_no_candidate",
            ASSIGN,
            f"{message}: {'; '.join(against)}." if against else f"{message}.",
            "Request one whose subject is the SIP domain, with an RSA key of 2048 bits or more, or name one.",
        )


def _services(result: Result, question: Question) -> Iterator[Problem]:
    """``Get-CsWindowsService`` lists everything, whether it runs or not."""
    for service in result["objects"] if asked(result, SERVICES) else ():
        if service.get("Status", "Running") != "Running":
            message = f"the service {service['Name']} does not run."
            yield _shown(question, "service_stopped", SERVICES, message, "Start it.")


def _sip_domains(result: Result, question: Question) -> Iterator[Problem]:
    known = {canonical(domain["name"]) for domain in result["sip_domains"]}
    for name in question.sip_domains:
        if canonical(name) not in known:
            listed = ", ".join(domain["name"] for domain in result["sip_domains"]) or "none"
            message = f"{name} is not a SIP domain of this deployment; it has {listed}."
            remedy = "Correct the list of SIP domains."
            yield _shown(question, "sip_domain_unknown", SIP_DOMAINS.cmdlet.name, message, remedy)


def _front_ends(result: Result, question: Question) -> Iterator[Problem]:
    """What holds on all front ends can only be seen on those that the inventory has."""
    known = {canonical(name) for name in question.front_ends}
    for name in result["front_ends"] if known else ():
        if canonical(name) not in known:
            message = (
                f"the Front End Server {name} of this deployment is not in the inventory under this name, so its certificates are not "
                "looked at."
            )
            yield _shown(question, "front_end_not_in_inventory", POOLS.cmdlet.name, message, "Add it.", "warning")


def _replicas(result: Result, question: Question) -> Iterator[Problem]:
    for name in result["lagging"]:
        message = f"the replica {name} of the Central Management Store is not up to date."
        remedy = "See whether the server and its REPLICA service run, or exclude the replica of a server that is out of service."
        yield _shown(question, "replica_behind", REPLICAS.cmdlet.name, message, remedy)


def _shown(question: Question, rule: str, cmdlet: str, message: str, remedy: str, severity: str = "error") -> Problem:
    return question.problem(ShellError(rule, message, shell="lync", cmdlet=cmdlet, remedy=remedy), severity)


LOOKS: Looks = {
    "candidates": _candidates,
    "objects": _services,
    "sip_domains": _sip_domains,
    "front_ends": _front_ends,
    "lagging": _replicas,
}
