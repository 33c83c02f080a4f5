# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What in the results of the collection's modules stands in the way of an integration, or is not as it should be: a list of problems.

A result is known by its keys, so that a role can hand in whatever it has registered, tasks that were skipped or failed among them.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import WOULD_FAIL, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.finding import seen
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.names import canonical

Result = Mapping[str, t.Any]


@dataclass(frozen=True)
class Problem:
    """One problem. ``message`` names the host and says what to do."""

    rule: str
    host: str
    message: str
    severity: str = "error"


@dataclass(frozen=True)
class Question:
    """What the results are asked.

    :ivar host: whose results these are.
    :ivar sip_domains: those that the integration is for.
    :ivar front_ends: the hosts that the inventory has; none means that they are not compared.
    :ivar pending: whether a change that would still be made is a problem.
    """

    host: str
    sip_domains: Sequence[str] = ()
    pending: bool = False
    front_ends: Sequence[str] = ()

    def problem(self, rule: str, cmdlet: str, message: str, remedy: str, severity: str = "error") -> Problem:
        """A problem that a cmdlet showed, or that is about one, in the words of an error: it reads as if the cmdlet had failed."""
        # all cmdlets of Lync have a noun that begins with Cs, and none of Exchange has
        shell = "lync" if "-Cs" in cmdlet else "exchange"
        error = ShellError(rule, message, self.host, shell, cmdlet, remedy=remedy)
        return Problem(rule, self.host, str(error), severity)


def problems(
    results: Sequence[Result],
    host: str = "",
    *,
    sip_domains: Sequence[str] = (),
    tolerate: Sequence[str] = (),
    pending: bool = False,
    front_ends: Sequence[str] = (),
) -> list[dict[str, str]]:
    """The problems in ``results``, each once; those of a rule that is tolerated are only warnings."""
    found = dict.fromkeys(_problems(results, Question(host, sip_domains, pending, front_ends)))
    return [asdict(replace(item, severity="warning") if item.rule in tolerate else item) for item in found]


def _problems(results: Sequence[Result], question: Question) -> Iterator[Problem]:
    for result in results:
        yield from _problems(result.get("results") or (), question)
        for key, look in _LOOKS.items():
            if result.get(key) is not None:
                yield from look(result, question)


def _absent(result: Result, _question: Question) -> Iterator[Problem]:
    """The hosts that a role expects, against those of the play."""
    for group, hosts in result["expected"].items():
        if not hosts:
            message = f"there are no {group}: put them in the inventory's group, or name them in the role's variables."
            yield Problem("no_hosts", "", message)
        for host in hosts:
            if host not in result["present"]:
                message = (
                    f"{host} is one of the {group}, but not in this play: add it to the play's hosts or to --limit."
                )
                yield Problem("host_not_in_play", host, message)


def _candidates(result: Result, question: Question) -> Iterator[Problem]:
    """Something was to be chosen, and there is something against every certificate."""
    if all(item["findings"] for item in result["candidates"]):
        against = [
            f"{item['thumbprint']} ({item['subject']}): {', '.join(finding['rule'] for finding in item['findings'])}"
            for item in result["candidates"]
        ]
        message = f"none of the {len(against)} certificates in the store is fit to be assigned as OAuthTokenIssuer"
        yield question.problem(
            "token_issuer_no_candidate",
            "Set-CsCertificate",
            f"{message}: {'; '.join(against)}." if against else f"{message}.",
            "Request one whose subject is the SIP domain, with an RSA key of 2048 bits or more, or name one.",
        )


def _failure(result: Result, question: Question) -> Iterator[Problem]:
    """A task that failed, whatever ``failed_when`` made of it: no result of a module that succeeded has a message."""
    if "verdict" in result or "results" in result:
        return
    error = result.get("error") or {}
    message = str(result["msg"])
    host = error.get("host") or question.host
    yield Problem(error.get("kind") or "bad_input", host, message if host in message else f"{host}: {message}")


def _services(result: Result, question: Question) -> Iterator[Problem]:
    """``Test-ServiceHealth`` lists what does not run, by role; ``Get-CsWindowsService`` lists everything."""
    asked = {str(command).split(" ", 1)[0].casefold() for command in result.get("commands") or ()}
    cmdlet = next((name for name in ("Test-ServiceHealth", "Get-CsWindowsService") if name.casefold() in asked), "")
    for item in result["objects"] if cmdlet else ():
        stopped = [item["Name"]] if item.get("Status", "Running") != "Running" else item.get("ServicesNotRunning") or ()
        for name in stopped:
            yield question.problem("service_stopped", cmdlet, f"the service {name} does not run.", "Start it.")


def _wildcards(result: Result, question: Question) -> Iterator[Problem]:
    """Authentication between servers fails for such a domain (401, invalid_tenant) until it is replaced by explicit ones."""
    for domain in result["accepted_domains"]:
        if domain["wildcard"]:
            message = (
                f"the accepted domain {domain['domain_name']} is a wildcard, with which authentication between servers fails "
                "(invalid_tenant)."
            )
            remedy = "Replace it by one accepted domain for each name."
            yield question.problem("wildcard_accepted_domain", "Get-AcceptedDomain", message, remedy)


def _virtual_directories(result: Result, question: Question) -> Iterator[Problem]:
    for kind, directories in result["virtual_directories"].items():
        # "web_services" are what Get-WebServicesVirtualDirectory gives
        noun = f"{kind.title().replace('_', '')}VirtualDirectory"
        for directory in directories:
            if directory["oauth_authentication"] is False:
                message = f"{directory['server']}: OAuth is off for the virtual directory {directory['name']}, so Lync is refused (401)."
                remedy = f"Set OAuthAuthentication to true (Set-{noun})."
                yield question.problem("oauth_off", f"Get-{noun}", message, remedy)


def _front_ends(result: Result, question: Question) -> Iterator[Problem]:
    """What holds on all front ends can only be seen on those that the inventory has."""
    known = {canonical(name) for name in question.front_ends}
    for name in result["front_ends"] if known else ():
        if canonical(name) not in known:
            message = (
                f"the Front End Server {name} of this deployment is not in the inventory under this name, so its certificates are not "
                "looked at."
            )
            yield question.problem("front_end_not_in_inventory", "Get-CsPool", message, "Add it.", "warning")


def _sip_domains(result: Result, question: Question) -> Iterator[Problem]:
    known = {canonical(domain["name"]) for domain in result["sip_domains"]}
    for name in question.sip_domains:
        if canonical(name) not in known:
            listed = ", ".join(domain["name"] for domain in result["sip_domains"]) or "none"
            message = f"{name} is not a SIP domain of this deployment; it has {listed}."
            yield question.problem("sip_domain_unknown", "Get-CsSipDomain", message, "Correct the list of SIP domains.")


def _replicas(result: Result, question: Question) -> Iterator[Problem]:
    for name in result["lagging"]:
        message = f"the replica {name} of the Central Management Store is not up to date."
        remedy = "See whether the server and its REPLICA service run, or exclude the replica of a server that is out of service."
        yield question.problem("replica_behind", "Get-CsManagementStoreReplicationStatus", message, remedy)


def _findings(result: Result, _question: Question) -> Iterator[Problem]:
    for finding in result["verdict"]["findings"]:
        if finding["severity"] != "info":
            message = f"{finding['host']}: {seen(finding)}. {finding['remedy']}"
            yield Problem(finding["rule"], finding["host"], message, finding["severity"])


def _refusals(result: Result, question: Question) -> Iterator[Problem]:
    """What a module in check mode foretells."""
    for warning in result["warnings"]:
        if str(warning).startswith(WOULD_FAIL):
            yield Problem("not_writable", question.host, f"{question.host}: {str(warning).removeprefix(WOULD_FAIL)}")


def _differences(result: Result, question: Question) -> Iterator[Problem]:
    for command in result["commands"] if question.pending and "objects" not in result else ():
        yield Problem("differs", question.host, f"{question.host}: not as it should be; still to do: {command}")


_LOOKS: dict[str, Callable[[Result, Question], Iterator[Problem]]] = {
    "expected": _absent,
    "candidates": _candidates,
    "msg": _failure,
    "objects": _services,
    "accepted_domains": _wildcards,
    "virtual_directories": _virtual_directories,
    "sip_domains": _sip_domains,
    "front_ends": _front_ends,
    "lagging": _replicas,
    "verdict": _findings,
    "warnings": _refusals,
    "commands": _differences,
}
