# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role ``partners`` would change: each product as a partner application of the other.

Whether Exchange has to read Lync's keys again is seen: the certificates that Lync signs with, now and soon, are compared with those that
Exchange has. Lync does not show which keys it has.
"""

from __future__ import annotations

import datetime as dt
import re
import typing as t
from collections.abc import Collection, Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.changes import (
    Change,
    find_certificate_changes,
    find_oauth_changes,
    find_own_assignments,
    find_speaker,
    settle,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import (
    Deployment,
    Farm,
    FrontEnd,
    Organization,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import read_host
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import spell_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.application_account import NAME
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import Description
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Url
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import find_in_use, find_staged
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import (
    EXCHANGE,
    LYNC,
    NAME_IN_EXCHANGE,
    AmbiguousError,
    Facts,
    Match,
    choose_free_name,
    find_match,
    find_missing,
    is_same_realm,
    is_same_text,
)

REPLACED, DISABLED = "partner_application_replaced", "partner_application_disabled"
"""The rules that hold such a change back."""
_URL = Url()


def find_partner_changes(
    farm: Farm, description: Description, now: dt.datetime, roles: Collection[str]
) -> Iterator[Change]:
    """Everything that differs, on the side of Exchange and on that of Lync.

    :param roles: those that run: a certificate that ``certificates`` assigns before is one that Lync signs with.
    """
    for change in (*_find_in_exchange(farm, description, now, roles), *_find_in_lync(farm, description)):
        yield settle(change, description)


def match_in_exchange(farm: Farm, description: Description, roles: Collection[str]) -> Match | None:
    """Exchange's applications for Lync. None where they were not read, or nothing says which of several is meant."""
    applications = farm.organization.partner_applications if farm.organization else None
    url, realm = find_lync_url(farm, description), find_realm(farm, description, roles)
    return _match(applications, LYNC, url, realm, list_hosts(farm, description))


def match_in_lync(farm: Farm, description: Description) -> Match | None:
    """Lync's applications for Exchange; see :func:`match_in_exchange`."""
    applications = farm.deployment.partner_applications if farm.deployment else None
    return _match(applications, EXCHANGE, description.exchange_metadata_url)


def _match(
    applications: list[Facts] | None, identifier: str, url: str, realm: str = "", hosts: Collection[str] = ()
) -> Match | None:
    if applications is None:
        return None
    try:
        return find_match(applications, identifier, "on_premises", url=url, realm=realm or None, hosts=hosts)
    except AmbiguousError:
        return None


def find_lync_url(farm: Farm, description: Description) -> str:
    """The URL of Lync's metadata document: the described one, or that of the pool of the front end that speaks for Lync."""
    if description.lync_metadata_url:
        return description.lync_metadata_url
    pool = _find_pool(farm.deployment) if farm.deployment else None
    return f"https://{str(pool['fqdn']).lower()}/metadata/json/1" if pool else ""


def _find_pool(deployment: Deployment) -> Facts | None:
    """The pool of the computer that speaks. A Director's has a document too."""
    computer = deployment.computer.casefold()
    return next((pool for pool in deployment.pools or () if computer in map(str.casefold, pool["computers"])), None)


def list_signing_certificates(
    farm: Farm, description: Description, now: dt.datetime, roles: Collection[str]
) -> list[str]:
    """The thumbprints of the certificates that Lync signs with, now and soon; none where they were not read."""
    speaker = find_speaker(farm)
    if speaker is None or speaker.assigned is None:
        return []
    stays = bool(speaker.own_issuers) and not _is_taken_back(farm, speaker, description, now, roles)
    issuers = speaker.used_issuers if stays else speaker.token_issuers
    in_use, staged = find_in_use(issuers, now), find_staged(issuers, now)
    found = [in_use, staged.thumbprint if staged else ""]
    if "certificates" in roles and not stays:
        planned = [settle(change, description) for change in find_certificate_changes(farm, description, now)]
        for change in planned:
            if change.state == "to_do":
                kept = [in_use] if change.details["action"] == "stage" else []
                found = [*kept, change.details["thumbprint"]]
    return list(dict.fromkeys(filter(None, found)))


def _is_taken_back(
    farm: Farm, speaker: FrontEnd, description: Description, now: dt.datetime, roles: Collection[str]
) -> bool:
    """Whether the role ``certificates`` is about to remove the computer's own assignment, which hides the global one."""
    own = (settle(change, description) for change in find_own_assignments(farm, description, now))
    mine = (change for change in own if change.details["host"] == speaker.host)
    return "certificates" in roles and any(change.state == "to_do" for change in mine)


def _find_in_exchange(
    farm: Farm, description: Description, now: dt.datetime, roles: Collection[str]
) -> Iterator[Change]:
    organization, match = farm.organization, match_in_exchange(farm, description, roles)
    if organization is None or match is None:
        return
    url, there = find_lync_url(farm, description), match.one
    if there is None:
        if url:
            yield Change("partners", "exchange.application", organization.host, "", url)
        return

    def change(option: str, before: str, after: str, conflict: str = "") -> Change:
        return Change("partners", f"exchange.{option}", organization.host, before, after, conflict)

    if url and not _URL.same(there["url"], url) and not _is_of_deployment(farm, description, there["url"]):
        yield change("auth_metadata_url", str(there["url"]), url, REPLACED)
    if not there["enabled"]:
        yield change("enabled", "disabled", "enabled", DISABLED)
    linked, wanted = str(there["linked_account"] or ""), description.linked_account
    if not linked:
        yield change("linked_account", "", wanted or NAME)
    elif wanted and not _is_same_account(organization, linked, wanted):
        yield change("linked_account", linked, wanted, REPLACED)
    account = find_account(organization, linked)
    if account and account["missing"]:
        yield change("roles", ", ".join(account["assigned"]), ", ".join([*account["assigned"], *account["missing"]]))
    realm = find_realm(farm, description, roles)
    if realm and there["realm"] and not is_same_realm(there["realm"], realm):
        yield change("realm", str(there["realm"]), realm, REPLACED)
        return  # a document of another realm is not read again
    keys = list_signing_certificates(farm, description, now, roles)
    if find_missing(keys, there["signing_certificates"]):
        yield change("signing_certificates", ", ".join(there["signing_certificates"]), ", ".join(keys))


def find_account(organization: Organization, linked: str) -> Facts | None:
    """What is known of the account that an application acts as."""
    return next((item for item in organization.partner_accounts if is_same_text(item["account"], linked)), None)


def _is_of_deployment(farm: Farm, description: Description, url: str | None) -> bool:
    """Whether a URL leads to a pool of this deployment: each has the same document, and one application is enough for all of them."""
    return read_host(str(url or "")) in list_hosts(farm, description)


def list_hosts(farm: Farm, description: Description) -> list[str]:
    """The names of the pools, whose documents are all the same; none where the description says which document is meant."""
    pools = (farm.deployment.pools if farm.deployment else None) or ()
    return [] if description.lync_metadata_url else [spell_domain(str(pool["fqdn"])) for pool in pools]


def _is_same_account(organization: Organization, linked: str, wanted: str) -> bool:
    """Whether the described account is the one that is linked: by the identity that Exchange says it has, where that was read."""
    described = organization.described_account
    if described is None:
        return _shorten(linked) == _shorten(wanted)
    return described["error"] is None and is_same_text(described["account"], linked)


def find_realm(farm: Farm, description: Description, roles: Collection[str]) -> str:
    """The realm by which Lync names itself in tokens, in one spelling; empty where it was not read.

    :param roles: those that run: a realm that ``oauth`` sets before is Lync's then.
    """
    observed = farm.deployment.realm if farm.deployment else None
    if observed is None:
        return ""
    changes = [settle(change, description) for change in find_oauth_changes(farm, description) if "oauth" in roles]
    planned = next((change.after for change in changes if change.about == "realm" and change.state == "to_do"), "")
    return spell_domain(planned or observed)


def _find_in_lync(farm: Farm, description: Description) -> Iterator[Change]:
    deployment, match = farm.deployment, match_in_lync(farm, description)
    if deployment is None or match is None:
        return
    url, there = description.exchange_metadata_url, match.one

    def change(option: str, before: str, after: str, conflict: str = "") -> Change:
        return Change("partners", f"lync.{option}", deployment.computer, before, after, conflict)

    if there is None:
        yield change("application", "", url)
        return
    if not _URL.same(there["url"], url):
        yield change("metadata_url", str(there["url"] or ""), url, REPLACED if there["url"] else "")
    if not there["enabled"]:
        yield change("enabled", "disabled", "enabled", DISABLED)
    level = str(there["application_trust_level"] or "")
    if level.casefold() != "full":
        yield change("application_trust_level", level, "Full", REPLACED)


def _shorten(account: str) -> str:
    r"""An account's own name, of ``domain/Users/name``, ``DOMAIN\name`` or ``name@domain``."""
    return re.split(r"[\\/]", account)[-1].partition("@")[0].casefold()


def describe_exchange_work(
    farm: Farm, description: Description, to_do: list[Change], keys: list[str], roles: Collection[str]
) -> dict[str, t.Any]:
    """The options of ``exchange_partner_application``; None for those that are not to be written."""
    asked = {change.about.partition(".")[2] for change in to_do if change.about.startswith("exchange.")}
    match = match_in_exchange(farm, description, roles)
    creates, organization, elsewhere = "application" in asked, farm.organization, bool(match and match.elsewhere)
    url = find_lync_url(farm, description) if asked & {"application", "auth_metadata_url"} else None
    if url is None and "realm" in asked and match and match.one:
        url = str(match.one["url"])  # that of another pool will do
    return {
        "needed": bool(asked),
        "name": _choose_name(organization, match) if match and (match.same or match.elsewhere) else None,
        "auth_metadata_url": url,
        "linked_account": description.linked_account if creates or "linked_account" in asked else None,
        "enabled": True if "enabled" in asked else None,
        "realm": find_realm(farm, description, roles) or None if "realm" in asked or (creates and elsewhere) else None,
        "signing_certificates": keys if creates or asked & {"auth_metadata_url", "signing_certificates"} else [],
        "on_conflict": _choose_policy(to_do, "exchange."),
    }


def _choose_name(organization: Organization | None, match: Match) -> str | None:
    """The application's own name, or, beside those of other deployments, one that none of them has."""
    if match.one:
        return str(match.one["name"])
    there = (organization.partner_applications if organization else None) or ()
    return choose_free_name(NAME_IN_EXCHANGE, {str(item["name"]).casefold() for item in there})


def describe_lync_work(farm: Farm, description: Description, to_do: list[Change]) -> dict[str, t.Any]:
    """The options of ``lync_partner_application``; None for those that are not to be written."""
    asked = {change.about.partition(".")[2] for change in to_do if change.about.startswith("lync.")}
    match = match_in_lync(farm, description)
    there = match.one if match else None
    return {
        "needed": bool(asked),
        "identity": there["identity"] if there and match and match.same else None,
        "metadata_url": description.exchange_metadata_url if asked & {"application", "metadata_url"} else None,
        "enabled": True if "enabled" in asked else None,
        "application_trust_level": "Full" if "application_trust_level" in asked else None,
        "on_conflict": _choose_policy(to_do, "lync."),
    }


def _choose_policy(to_do: list[Change], side: str) -> str:
    conflicts = [change for change in to_do if change.about.startswith(side) and change.conflict]
    return "replace" if conflicts else "fail"
