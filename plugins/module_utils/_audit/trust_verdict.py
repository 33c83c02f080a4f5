# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one table at the end of role verify: each check of the trust, its result, what was seen, and what to do."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import (
    ExchangeHost,
    Facts,
    FrontEnd,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.partner_changes import DISABLED
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.trust_checks import (
    EXCHANGE,
    RESTART,
    Distrust,
    describe_distrust,
    find_issuer,
    find_site_remedy,
    find_unknown_signers,
    is_found_disabled,
    is_oauth_off,
    list_exchange_hosts,
    list_partners,
    list_published,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import spell_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import host_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import names_of

Result = t.Literal["passed", "failed", "not seen", "not run"]
Tests = Mapping[str, Mapping[str, t.Any]]
"""By inventory host, what lync_storage_connectivity returned."""

NO_PARTNER = "no partner application"
_TITLES = {"exchange": "Exchange publishes its certificate", "lync": "Lync publishes its certificate"}
_ISSUER = "Exchange trusts Lync's tokens"
_KEY = "Exchange knows the front end's certificate"
_PARTNER = "Lync knows Exchange"
_MAILBOX = "A front end writes to a mailbox"
_FAILED = {
    _TITLES["exchange"]: "an Exchange server does not publish the certificate in use",
    _TITLES["lync"]: "a Lync server does not publish the certificate in use",
    _ISSUER: "an Exchange server does not trust Lync's tokens",
    _KEY: "Exchange does not know the certificate that a front end signs with",
    _PARTNER: NO_PARTNER,
    _MAILBOX: "a front end cannot write to the mailbox",
}
"""What a failed check means, for the verdict; the gravest first."""
_READ = "See the report above for why the servers were not read."
_UNREAD = "it was not read: it is no host of the inventory, or of this run"
_LEFT = (
    "Add the server to the inventory, and run without --limit. If it is out of service, add its name to farm_leave_out."
)
_UNSEEN = ("metadata_not_seen",)
_OPT_IN = (
    "Give the SIP address of a test mailbox in farm_trust_sip_address, and run the role verify, not in check mode."
)


@dataclass(frozen=True)
class Check:
    """One row.

    :ivar remedy: what to do; empty where it passed.
    :ivar rules: the rules of the audit that find the same. Whoever accepts one of them has accepted this.
    :ivar about: the things that their findings are about, to which the user may have narrowed that, beside the host.
    :ivar tolerated: whether the user has.
    """

    check: str
    host: str
    result: Result
    evidence: str
    remedy: str = ""
    rules: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    tolerated: bool = False

    @property
    def is_wrong(self) -> bool:
        """Whether it contradicts the trust, or could not be seen."""
        return self.result in ("failed", "not seen")


@dataclass(frozen=True)
class Verdict:
    """All rows, and what follows from them.

    :ivar proven: whether every front end that is not left out has written to a mailbox, and nothing contradicts the trust. What was not
        seen contradicts it.
    :ivar contradicted: whether something does, or could not be seen, that the user has not accepted.
    """

    proven: bool
    contradicted: bool
    sentence: str
    checks: tuple[Check, ...]

    def as_dict(self) -> dict[str, t.Any]:
        """For the result of the module."""
        return {**asdict(self), "checks": [_show(check) for check in self.checks]}


def _show(check: Check) -> dict[str, t.Any]:
    return {name: value for name, value in asdict(check).items() if name not in ("rules", "about")}


def judge_trust(context: Context, tests: Tests) -> Verdict:
    """Every check, and the verdict.

    :param tests: the results of the mailbox tests; none where they were not run.
    """
    found = (
        *_check_documents(context),
        *_list_unread(context),
        *_check_issuers(context),
        *_check_known_keys(context),
        *_check_lync(context),
        *_check_mailbox(context, tests),
    )
    checks = tuple(_settle(context, check) for check in found)
    wrong = [check for check in checks if check.is_wrong]
    open_ = [check for check in checks if check.result == "not run"]
    contradicted = any(not check.tolerated for check in wrong)
    return Verdict(not wrong and not open_, contradicted, _conclude(wrong, open_), checks)


def _settle(context: Context, check: Check) -> Check:
    """What is tolerated is still not proven, and does not end a run."""
    accepted = any(context.description.accepts(rule, check.host, *check.about) for rule in check.rules)
    if not (check.is_wrong and accepted):
        return check
    return replace(check, tolerated=True, evidence=f"{check.evidence} (tolerated)")


def _conclude(wrong: Sequence[Check], not_run: Sequence[Check]) -> str:
    failed = [check for check in wrong if check.result == "failed"]
    if any(check.evidence.startswith(NO_PARTNER) for check in failed):
        return f"not proven: {NO_PARTNER}"
    if failed:
        return (
            f"not proven: {next(text for title, text in _FAILED.items() if title in [check.check for check in failed])}"
        )
    if wrong:
        return f"not proven: it could not be seen whether {_continue(wrong[0].check)}"
    return "not proven, but nothing contradicts it: the mailbox test was not run" if not_run else "proven"


def _continue(title: str) -> str:
    """A check's title inside a sentence; the names of the products keep their capital."""
    return title if title.startswith(("Exchange", "Lync")) else f"{title[0].lower()}{title[1:]}"


def _check_documents(context: Context) -> Iterator[Check]:
    """Where no server of a product was read, nothing is proven."""
    if not list_exchange_hosts(context):
        yield Check(_TITLES["exchange"], "Exchange", "not seen", "no Exchange server was read", _READ)
    if not list_front_ends(context):
        yield Check(_TITLES["lync"], "Lync", "not seen", "no Front End Server was read", _READ)
    for product, server in _list_unasked(context):
        yield Check(_TITLES[product], server, "not seen", "its web site was not asked", find_site_remedy(None), _UNSEEN)
    for item in list_published(context):
        title, error = _TITLES[item.product], str(item.document["error"])
        if not item.is_read:
            result: Result = "failed" if item.document["status"] == 500 else "not seen"
            remedy = "See the finding metadata_failed." if result == "failed" else find_site_remedy(item.document)
            rules = ("metadata_failed", "certificate_missing") if result == "failed" else _UNSEEN
            yield Check(title, item.server, result, error, remedy, rules, (item.used.current,))
        elif item.lacks_current:
            evidence = f"it does not publish the one in use: {item.used.current}"
            yield Check(title, item.server, "failed", evidence, RESTART, ("metadata_stale",), (item.used.current,))
        elif not item.used.current:
            yield Check(title, item.server, "not seen", "it is not known which certificate is in use")
        else:
            yield Check(title, item.server, "passed", item.used.current)


def _list_unread(context: Context) -> Iterator[Check]:
    """The servers of either product of which there is no snapshot; nothing is proven where nobody knows which there are."""
    organization, pools = context.farm.organization, _find_pools(context)
    if organization is None or organization.servers is None:
        yield Check(_TITLES["exchange"], "Exchange", "not seen", "it was not read which servers there are", _READ)
    read = {item.server for item in context.farm.exchange_hosts}
    for server in (organization.servers if organization else None) or ():
        if host_name(server) not in read and not context.is_left_out(*names_of(server)):
            yield Check(_TITLES["exchange"], host_name(server), "not seen", _UNREAD, _LEFT)
    if pools is None:
        yield Check(_MAILBOX, "Lync", "not seen", "it was not read which Front End Servers there are", _READ)
    seen = {spell_domain(item.computer) for item in context.farm.front_ends}
    for computer in _list_members(pools or ()):
        if computer not in seen and not context.is_left_out(computer):
            yield Check(
                _MAILBOX, computer, "not seen", _UNREAD, _LEFT, ("front_end_not_in_inventory", "host_not_in_play")
            )


def _list_unasked(context: Context) -> Iterator[tuple[str, str]]:
    """The servers of which there is a snapshot, but nothing of their web site."""
    yield from (("exchange", host.server) for host in list_exchange_hosts(context) if host.metadata is None)
    yield from (("lync", item.computer) for item in context.front_ends if item.metadata is None)


def _check_issuers(context: Context) -> Iterator[Check]:
    for host in list_exchange_hosts(context):
        challenge = host.challenge
        if challenge is None or challenge["error"]:
            told = "its web site was not asked" if challenge is None else str(challenge["error"])
            yield Check(_ISSUER, host.server, "not seen", told, find_site_remedy(challenge), _UNSEEN)
        elif find_issuer(context) is None:
            yield Check(_ISSUER, host.server, "not seen", "Lync's realm was not read", _READ)
        elif found := describe_distrust(context, host):
            remedy = (
                "See the rule issuer_not_trusted."
                if found.configured
                else "Configure Lync as a partner application of Exchange."
            )
            rules, about = _find_causes(context, host, found)
            yield Check(_ISSUER, host.server, "failed", found.evidence, remedy, rules, about)
        else:
            yield Check(_ISSUER, host.server, "passed", ", ".join(challenge["trusted_issuers"]))


def _find_causes(context: Context, host: ExchangeHost, found: Distrust) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The rules that find why the server does not trust Lync, and the things that these are about."""
    rules, about = ["issuer_not_trusted"], list[str]()
    if is_oauth_off(context, host):
        rules, about = [*rules, "oauth_off"], [*about, "autodiscover"]
    if found.disabled and is_found_disabled(context):
        rules, about = [*rules, DISABLED], [*about, "exchange.enabled", "Exchange"]
    return tuple(rules), tuple(about)


def _check_known_keys(context: Context) -> Iterator[Check]:
    for computer, current, _known in find_unknown_signers(context):
        remedy = "Have Exchange read Lync's metadata document again: Set-PartnerApplication -RefreshAuthMetadata."
        evidence = f"it is not among those of the partner application: {current}"
        about = ("exchange.signing_certificates", "Exchange")
        yield Check(_KEY, computer, "failed", evidence, remedy, ("partner_keys_stale",), about)


def _check_lync(context: Context) -> Iterator[Check]:
    """Nothing is said where the account is not shown the partner applications; the mailbox test decides then."""
    deployment = context.farm.deployment
    if deployment is None or deployment.partner_applications is None:
        return
    partners = [item for item in list_partners(deployment.partner_applications, EXCHANGE) if item["enabled"]]
    if partners:
        yield Check(_PARTNER, "Lync", "passed", ", ".join(str(item["name"]) for item in partners))
    else:
        remedy = "Configure Exchange as a partner application of Lync (New-CsPartnerApplication)."
        rules, about = ("partner_application_missing", DISABLED), ("lync.application", "lync.enabled")
        yield Check(_PARTNER, "Lync", "failed", f"{NO_PARTNER} for Exchange is enabled", remedy, rules, about)


def list_front_ends(context: Context) -> list[FrontEnd]:
    """The Front End Servers, which have a storage service; Directors have none."""
    pools = _find_pools(context)
    members = _list_members(pools or ())
    return [item for item in context.front_ends if pools is None or spell_domain(item.computer) in members]


def _find_pools(context: Context) -> list[Facts] | None:
    return context.farm.deployment.pools if context.farm.deployment else None


def _list_members(pools: Sequence[Facts]) -> list[str]:
    return [spell_domain(str(name)) for pool in pools if pool.get("front_end") for name in pool["computers"]]


def _check_mailbox(context: Context, tests: Tests) -> Iterator[Check]:
    for front_end in list_front_ends(context):
        test = tests.get(front_end.host)
        if test is None or (test.get("passed") is None and not test.get("error")):
            yield Check(_MAILBOX, front_end.computer, "not run", "the mailbox test was not run", _OPT_IN)
        elif test.get("passed"):
            yield Check(_MAILBOX, front_end.computer, "passed", " ".join(test.get("output") or ["no error"]))
        else:
            error = test.get("error") or {}
            result: Result = "failed" if test.get("passed") is False else "not seen"
            yield Check(_MAILBOX, front_end.computer, result, str(error.get("message")), str(error.get("remedy") or ""))
