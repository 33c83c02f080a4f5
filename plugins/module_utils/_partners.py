# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Partner applications of both products: what tells them apart, and which one a task is about.

An application is known by its identifier and its kind, never by its name: Microsoft's own pages call the same one Exchange,
microsoft.exchange and MicrosoftExchange, and Microsoft's script gives a new name on every run.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import read_host
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import spell_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Url, normal_thumbprint

Facts = dict[str, t.Any]
Kind = t.Literal["on_premises", "cloud"]
KINDS: tuple[Kind, ...] = ("on_premises", "cloud")
"""On premises, the partner signs with its own keys, which its metadata document lists. In the cloud, an authorization server signs."""

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
LYNC = "00000004-0000-0ff1-ce00-000000000000"
NAME_IN_EXCHANGE = "LyncEnterprise"
"""The name of a new application for Lync in Exchange: how that of Microsoft's script begins."""
CLOUD_VOICEMAIL = "db7de2b5-2149-435e-8043-e080dd50afae"
TEAMS_SCHEDULER = "7557eb47-c689-4224-abcf-aef9bd7573df"
_URL = Url()


@dataclass(frozen=True)
class Match:
    """The applications that have the identifier of a task.

    :ivar one: the one that the task is about, if it is there.
    :ivar same: the others of the same kind: duplicates.
    :ivar other: those of the other kind.
    :ivar elsewhere: those of other realms, where the realm is known: the trust with other deployments, or what a new realm has left.
    """

    one: Facts | None = None
    same: tuple[Facts, ...] = ()
    other: tuple[Facts, ...] = ()
    elsewhere: tuple[Facts, ...] = ()

    def list_left(self) -> list[Facts]:
        """Those of :attr:`elsewhere` that a new realm has left: they have the URL of the one that Exchange has read since then."""
        url = self.one["url"] if self.one else None
        return [item for item in self.elsewhere if url and _URL.same(item["url"], url)]


class AmbiguousError(ValueError):
    """Several applications fit, and nothing says which is meant.

    :ivar names: their names.
    """

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def find_kind(metadata_url: str | None) -> Kind:
    """The kind of an application: one with a metadata document is on premises."""
    return "on_premises" if metadata_url else "cloud"


def find_match(
    applications: Sequence[Facts],
    identifier: str,
    kind: Kind,
    *,
    url: str | None = None,
    name: str | None = None,
    realm: str | None = None,
    hosts: Collection[str] = (),
    only_named: bool = False,
) -> Match:
    """Find the application that a task is about. Its name, or else its URL, decides between several of the same kind.

    :param applications: with ``name``, ``application_identifier``, ``kind`` and ``url``; with ``realm``, if a realm is given.
    :param realm: that of the partner, where it is known: Exchange takes several applications of one identifier if their realms differ.
    :param hosts: those whose documents are the partner's too, beside the one at the URL.
    :param only_named: whether one with another name or URL than the task says is none that it is about, since the task removes it: run
        again, it would remove the next one.
    :raises AmbiguousError: where neither does.
    """
    alike = [item for item in applications if is_same_text(item["application_identifier"], identifier)]
    same = [item for item in alike if item["kind"] == kind]
    other = tuple(item for item in alike if item["kind"] != kind)
    if kind == "on_premises":
        same, elsewhere = _split_by_realm(same, realm, url, hosts) if realm else (same, ())
    else:
        same, elsewhere = (same, ()) if realm is None or only_named else _prefer_realm(same, realm)
    found = same
    if name and (only_named or len(same) > 1):
        found = [item for item in same if is_same_text(item["name"], name)]
    if url and (only_named or (len(same) > 1 and not name)):
        found = [item for item in found if _URL.same(item["url"], url)]
    if len(found) > 1 or (same and not found and len(same) > 1 and not only_named):
        raise AmbiguousError([str(item["name"]) for item in same])
    one = found[0] if found else None
    return Match(one, tuple(item for item in same if item is not one), other, elsewhere)


def _split_by_realm(
    same: list[Facts], realm: str, url: str | None, hosts: Collection[str]
) -> tuple[list[Facts], tuple[Facts, ...]]:
    """The applications for one deployment, and those for others.

    One of another realm that reads this deployment's document is this deployment's: it has another realm since then.
    """
    here = [item for item in same if not item["realm"] or is_same_realm(item["realm"], realm)]
    if not here:
        here = [item for item in same if (url and _URL.same(item["url"], url)) or read_host(str(item["url"])) in hosts]
    return here, tuple(item for item in same if item not in here)


def _prefer_realm(same: list[Facts], realm: str) -> tuple[list[Facts], tuple[Facts, ...]]:
    """In the cloud, the application that has the realm, if one has: no other can get it, since Exchange takes no two with one realm."""
    here = [item for item in same if is_same_text(item["realm"], realm)]
    return (here, tuple(item for item in same if item not in here)) if here else (same, ())


def find_asked(
    params: Mapping[str, t.Any], applications: Sequence[Facts], url: str | None, *, option: str, cmdlet: str, shell: str
) -> Match:
    """Find the application that the options of a module are about.

    :param option: the one that has the application's name.
    :param cmdlet: what the applications were read by.
    :raises ShellError: of kind ``conflict`` where several fit.
    """
    identifier, removed = params["application_identifier"], params["state"] == "absent"
    try:
        return find_match(
            applications,
            identifier,
            params["kind"],
            url=url,
            name=params[option],
            realm=params["realm"] if shell == "exchange" else None,  # Lync's have none that could be compared
            only_named=removed,
        )
    except AmbiguousError as error:
        message = f"several applications have the identifier {identifier}: {error}."
        remedy = f"Nothing was written. Say with O({option}) which one is meant, and remove those that nobody needs."
        raise ShellError("conflict", message, shell=shell, cmdlet=cmdlet, remedy=remedy) from error


def find_missing(wanted: Collection[str], trusted: Collection[str]) -> list[str]:
    """Those of the thumbprints ``wanted`` that are not among the trusted ones."""
    there = set(map(normal_thumbprint, trusted))
    return sorted({normal_thumbprint(item) for item in wanted} - there)


def describe(application: Mapping[str, t.Any]) -> str:
    """An application in a sentence."""
    where = application["url"] or "authorization server"
    return f"{application['name']} ({where}{'' if application['enabled'] else ', disabled'})"


def list_warnings(match: Match, *, told_enabled: bool) -> list[str]:
    """What the user should know of the applications with the same identifier. None of them is removed.

    :param told_enabled: whether the task says whether its application is to be enabled.
    """
    warnings = [f"Duplicate, left as it is: {describe(item)}. Remove it if nobody needs it." for item in match.same]
    left = match.list_left()
    warnings += [_describe_elsewhere(item, is_left=item in left) for item in match.elsewhere]
    for item in match.other:
        meaning = (
            "it is another trust than the one on premises" if item["kind"] == "cloud" else "it is the trust on premises"
        )
        warnings.append(f"Left as it is: {describe(item)} has the same identifier, but {meaning}.")
    if match.one and not match.one["enabled"] and not told_enabled:
        warnings.append(f"{match.one['name']} is disabled, and was left so. Set enabled to true to enable it.")
    return warnings


def _describe_elsewhere(application: Facts, *, is_left: bool) -> str:
    told = f"Left as it is: {describe(application)} is of the realm {application['realm'] or '(none)'}"
    if is_left:
        return f"{told}, which the document at this URL had before. Remove it if nobody needs it."
    if application["kind"] == "cloud":
        return f"{told}. Remove it if nobody needs it."
    return f"{told}, which is another deployment."


def choose_free_name(name: str, taken: Collection[str]) -> str:
    """The name, or, where another application has it, the name with the first number from 2 on that is free.

    :param taken: the names of all applications, in lower case.
    """
    names = [name, *(f"{name} {number}" for number in range(2, len(taken) + 3))]
    return next(free for free in names if free.casefold() not in taken)


def require_free_name(
    name: str, there: Mapping[str, str], params: Mapping[str, t.Any], *, option: str, url: str, cmdlet: str, shell: str
) -> None:
    """See that a new application can have its name.

    One that this task has just created has it where the document at its URL names another identifier than the task.

    :param there: of all applications, the names in lower case, with their identifiers.
    :param option: the one that has the application's name.
    :param url: the option that has its URL.
    :raises ShellError: of kind ``bad_input``.
    """
    found, asked = there.get(name.casefold()), params["application_identifier"]
    if found is None:
        return
    message, remedy = f"{option}: another partner application is called {name}.", f"Give another O({option})."
    if params[url] and not is_same_text(found, asked):
        message = f"{name} has the identifier {found}, not {asked}: an application gets the identifier of its metadata document."
        remedy = (
            f"If {name} was there before, give another O({option}). If this task has just created it, the document at O({url}) is not that "
            f"of the partner: correct the URL, and remove {name} with O(state) absent, its {option}, and O(application_identifier) {found}."
        )
    raise ShellError("bad_input", message, shell=shell, cmdlet=cmdlet, remedy=remedy)


def has_refused(error: ShellError, *parameters: str) -> bool:
    """Whether the step that was refused had one of these parameters."""
    refused = str(next(iter(error.result.get("commands_not_run") or ()), ""))
    return any(f" -{name}" in refused for name in parameters)


def is_same_realm(one: str | None, other: str | None) -> bool:
    """Whether two realms are one, in any spelling of a domain's name."""
    return spell_domain(str(one or "")) == spell_domain(str(other or ""))


def is_same_text(one: str | None, other: str | None) -> bool:
    """Whether two names are one, in any case; nothing is an empty name."""
    return str(one or "").casefold() == str(other or "").casefold()
