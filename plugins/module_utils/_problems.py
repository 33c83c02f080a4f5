# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What in the results of the collection's modules stands in the way of an integration, or is not as it should be: a list of problems.

A result is known by its keys, so that a role can hand in whatever it has registered, tasks that were skipped or failed among them.
What a product's own results show is looked at by the product: ``_exchange.problems`` and ``_lync.problems``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import WOULD_FAIL, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.finding import seen

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

    def problem(self, error: ShellError, severity: str = "error") -> Problem:
        """A problem that a cmdlet showed, or that is about one, in the words of an error: it reads as if the cmdlet had failed."""
        return Problem(error.kind, self.host, str(error.located(host=self.host)), severity)


Look = Callable[[Result, Question], Iterator[Problem]]
Looks = Mapping[str, Look]
"""How a result is looked at that has something under this key."""


def problems(
    results: Sequence[Result],
    host: str = "",
    *,
    products: Sequence[Looks],
    sip_domains: Sequence[str] = (),
    tolerate: Sequence[str] = (),
    pending: bool = False,
    front_ends: Sequence[str] = (),
) -> list[dict[str, str]]:
    """The problems in ``results``, each once; those of a rule that is tolerated are only warnings.

    :param products: what looks at the products' own results.
    """
    looks = [look for table in (_RUN, *products, _OUTCOME) for look in table.items()]
    found = dict.fromkeys(_problems(results, Question(host, sip_domains, pending, front_ends), looks))
    return [asdict(replace(item, severity="warning") if item.rule in tolerate else item) for item in found]


def _problems(results: Sequence[Result], question: Question, looks: Sequence[tuple[str, Look]]) -> Iterator[Problem]:
    for result in results:
        yield from _problems(result.get("results") or (), question, looks)
        for key, look in looks:
            if result.get(key) is not None:
                yield from look(result, question)


def asked(result: Result, cmdlet: str) -> bool:
    """Whether these are the objects of this cmdlet."""
    names = {str(command).split(" ", 1)[0].casefold() for command in result.get("commands") or ()}
    return cmdlet.casefold() in names


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


def _failure(result: Result, question: Question) -> Iterator[Problem]:
    """A task that failed, whatever ``failed_when`` made of it: no result of a module that succeeded has a message."""
    if "verdict" in result or "results" in result:
        return
    error = result.get("error") or {}
    message = str(result["msg"])
    host = error.get("host") or question.host
    yield Problem(error.get("kind") or "bad_input", host, message if host in message else f"{host}: {message}")


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


_RUN: Looks = {"expected": _absent, "msg": _failure}
"""What is told before anything that a product shows: who was asked, and who gave no answer."""

_OUTCOME: Looks = {"verdict": _findings, "warnings": _refusals, "commands": _differences}
"""What is told after it: what the collection made of it."""
