# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for partner applications: each product has the other as one, and trusts the keys that it signs with."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.changes import Change
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, Severity, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.partner_changes import (
    DISABLED,
    REPLACED,
    find_lync_url,
    find_realm,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.trust_checks import list_exchange_hosts
from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import read_host, split_url
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import host_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Url
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import (
    CLOUD_VOICEMAIL,
    EXCHANGE,
    LYNC,
    TEAMS_SCHEDULER,
    AmbiguousError,
    Facts,
    describe,
    find_match,
    is_same_text,
)

_SCRIPT = "Configure partner applications in Skype for Business Server and Exchange Server"
_RUN = "Run the integration, or its role partners."
_SIDES = {"exchange": "Exchange", "lync": "Lync"}
_URL = Url()


@rule(
    "partner_application_missing",
    "error",
    demand="Exchange has Lync, and Lync has Exchange, as an enabled partner application on premises.",
    remedy=_RUN,
    source=_SCRIPT,
    fixed_by="partners",
)
def find_missing_applications(context: Context) -> Iterator[Breach]:
    """Afterwards only: before, the role does it."""
    for side, change in _list_left(context, "application"):
        partner = "Lync" if side == "Exchange" else "Exchange"
        yield Breach(side, f"there is no partner application for {partner} (wanted: {change.after})", change.about)


@rule(
    REPLACED,
    "error",
    demand="A metadata URL, realm, linked account or trust level that somebody chose is replaced only when the user says so.",
    remedy=(
        f"To replace it, add {REPLACED} to farm_replace. To leave it, add it to farm_tolerate, or describe what is there "
        "(farm_lync_metadata_url, farm_exchange_metadata_url, farm_linked_account)."
    ),
    source="The application may be that of another pool or site, and its account may have rights of its own",
    fixed_by="partners",
    replaces=True,
)
def find_replaced_applications(context: Context) -> Iterator[Breach]:
    """What is blank is filled."""
    for change in context.find_changes("partners"):
        if change.conflict == REPLACED:
            evidence = f"{change.about} is {change.before}, not {change.after}"
            yield Breach(_name_side(change.about), evidence, change.about, _weigh(context, change))


@rule(
    DISABLED,
    "error",
    demand="The partner applications are enabled.",
    remedy=f"To enable it, add {DISABLED} to farm_replace. To leave it disabled, add it to farm_tolerate.",
    source=f"{_SCRIPT}; somebody may have disabled it on purpose",
    fixed_by="partners",
    replaces=True,
)
def find_disabled_applications(context: Context) -> Iterator[Breach]:
    """Disabled, it takes no tokens."""
    for change in context.find_changes("partners"):
        if change.conflict == DISABLED:
            side = _name_side(change.about)
            yield Breach(side, f"the partner application of {side} is disabled", change.about, _weigh(context, change))


@rule(
    "partner_application_duplicate",
    "warning",
    demand="There is one partner application on premises for the other product.",
    remedy=(
        "Remove those that nobody needs, with exchange_partner_application or lync_partner_application, state=absent and the name. One "
        "application is enough for several pools."
    ),
    source="Microsoft's script makes another application whenever it runs; Microsoft's pages give the same one several names",
    roles=("partners",),
)
def find_duplicates(context: Context) -> Iterator[Breach]:
    """An error where nothing says which one is meant, since the role does nothing then."""
    farm, description = context.farm, context.description
    organization, deployment = farm.organization, farm.deployment
    if organization and organization.partner_applications:
        url, realm = find_lync_url(farm, description), find_realm(farm, description, context.roles)
        yield from _judge_duplicates("Exchange", organization.partner_applications, LYNC, url, realm)
    if deployment and deployment.partner_applications:
        url = description.exchange_metadata_url
        yield from _judge_duplicates("Lync", deployment.partner_applications, EXCHANGE, url)


def _judge_duplicates(
    side: str, applications: list[Facts], identifier: str, url: str, realm: str = ""
) -> Iterator[Breach]:
    """Of another realm, it is the application of another deployment, and no duplicate, unless it reads this one's document."""
    try:
        match = find_match(applications, identifier, "on_premises", url=url, realm=realm or None)
    except AmbiguousError as error:
        having = [
            str(item["name"]) for item in applications if item["name"] in error.names and _URL.same(item["url"], url)
        ]
        told = f"more than one has the URL {url}: {', '.join(having)}" if having else f"none has the URL {url}: {error}"
        yield Breach(side, f"several partner applications fit, and {told}", identifier, "error")
        return
    for item in match.same:
        yield Breach(side, f"{describe(item)} has the same identifier as {(match.one or item)['name']}", item["name"])
    for item in match.list_left():
        told = f"{describe(item)} has the same metadata URL as {(match.one or item)['name']}, and the realm {item['realm']}"
        yield Breach(side, f"{told}, which the document had before", item["name"])


@rule(
    "partner_application_identifier",
    "warning",
    demand="A partner application that has the metadata URL of the other product has that product's application identifier.",
    remedy=(
        "Unless something else needs it, remove it with exchange_partner_application or lync_partner_application, state=absent, its name "
        "and its application_identifier. Then run the integration, or its role partners, which makes one with the right identifier."
    ),
    source=(
        "Configure an on-premises partner application in Skype for Business Server: its script removes an application of another "
        "identifier and makes a new one"
    ),
)
def find_wrong_identifiers(context: Context) -> Iterator[Breach]:
    """It looks like the right one, and neither product takes it for that."""
    farm, description = context.farm, context.description
    organization, deployment = farm.organization, farm.deployment
    if organization:
        url = find_lync_url(farm, description)
        hosts = _list_lync_names(context)
        yield from _judge_identifiers("Exchange", organization.partner_applications, LYNC, url, hosts)
    if deployment:
        url = description.exchange_metadata_url
        servers = (organization.servers if organization else None) or []
        hosts = {host_name(server) for server in servers}
        yield from _judge_identifiers("Lync", deployment.partner_applications, EXCHANGE, url, hosts)


def _list_lync_names(context: Context) -> set[str]:
    pools = (context.farm.deployment.pools if context.farm.deployment else None) or []
    return {str(name).lower() for pool in pools for name in (pool["fqdn"], *pool["computers"])}


def _judge_identifiers(
    side: str, applications: list[Facts] | None, identifier: str, url: str, hosts: set[str]
) -> Iterator[Breach]:
    """The applications that have the product's own URL, by the described name or by that of one of its servers."""
    path = _read_path(url)
    for item in applications or ():
        there = str(item["url"] or "")
        own = _URL.same(there, url) or (_read_path(there) == path and read_host(there) in hosts)
        if there and own and not is_same_text(item["application_identifier"], identifier):
            evidence = f"{describe(item)} has the identifier {item['application_identifier']}, not {identifier}"
            yield Breach(side, evidence, str(item["name"]))


def _read_path(url: str) -> str:
    return split_url(url).path.rstrip("/").casefold()


@rule(
    "partner_metadata_unreachable",
    "warning",
    demand="Each product's server can download the other product's metadata document from the URL that its partner application has.",
    remedy=(
        "Put right what the message says: the name in DNS, the web site, its certificate or the proxy. If the server is gone, give the "
        "application another URL: run the integration with partner_application_replaced in farm_replace."
    ),
    source=(
        f"{_SCRIPT}; New-CsPartnerApplication downloads the document. Without it, the product does not learn of the other's new certificate"
    ),
)
def find_unreachable_documents(context: Context) -> Iterator[Breach]:
    """As the machines themselves see it, where they were asked. Before the roles write, what they put right may be the cause."""
    if any(context.will_change(role) for role in ("dns", "certificates", "partners")):
        return
    exchange = [(host.server, host.partner_documents) for host in list_exchange_hosts(context)]
    lync = [(front_end.computer, front_end.partner_documents) for front_end in context.front_ends]
    for server, documents in (*exchange, *lync):
        for item in documents or ():
            if item["problems"]:
                problems = "; it ".join(problem.rstrip(".") for problem in item["problems"])
                yield Breach(server, f"partner application {item['name']}: the server {problems}", str(item["name"]))


@rule(
    "partner_keys_stale",
    "error",
    demand="Exchange has read the keys of the certificates that Lync signs its tokens with, now and soon.",
    remedy=f"{_RUN} It has Exchange read Lync's metadata document again (Set-PartnerApplication -RefreshAuthMetadata).",
    source="Set-PartnerApplication; Stage AV and OAuth certificates in Skype for Business Server",
    fixed_by="partners",
)
def find_stale_keys(context: Context) -> Iterator[Breach]:
    """Exchange refuses tokens that were signed with a key that it has not read."""
    for side, change in _list_left(context, "signing_certificates"):
        yield Breach(
            side, f"Lync signs with {change.after}; Exchange knows {change.before or 'no certificate'}", change.about
        )


@rule(
    "partner_account_missing",
    "error",
    demand="Exchange's partner application acts as an account that exists.",
    remedy=f"{_RUN} To have it act as another account than the script's, set farm_linked_account.",
    source=f"{_SCRIPT} (Configure-EnterprisePartnerApplication.ps1)",
    fixed_by="partners",
)
def find_missing_accounts(context: Context) -> Iterator[Breach]:
    """Without an account, or with one that is gone, a token of Lync's own has no rights in Exchange."""
    for side, change in _list_left(context, "linked_account"):
        if not change.conflict:
            yield Breach(side, "the partner application has no linked account", change.about)
    organization = context.farm.organization
    accounts = (*organization.partner_accounts, organization.described_account) if organization else ()
    for account in accounts:
        if account and account["error"]:
            yield Breach("Exchange", str(account["error"]), "exchange.linked_account")


@rule(
    "partner_account_not_created",
    "error",
    demand="The account that Lync acts as in Exchange is there, or can be created.",
    remedy=(
        "Have an account created in Active Directory, a user without a mailbox, and name it in farm_linked_account. With Active Directory "
        "split permissions, Exchange creates accounts for nobody. Otherwise, whoever has the management role Mail Recipient Creation can "
        "run the integration."
    ),
    source="Split permissions in Exchange Server: New-MailUser is no longer available",
    fixed_by="partners",
)
def find_uncreatable_accounts(context: Context) -> Iterator[Breach]:
    """Told before anything is written. Whoever may write nothing at all is told so by another rule."""
    organization = context.farm.organization
    account = organization.script_account if organization else None
    if organization is None or account is None or not account["error"] or context.description.linked_account:
        return
    needing = ("exchange.application", "exchange.linked_account")
    needed = [item for item in context.find_changes("partners") if item.state == "to_do" and item.about in needing]
    if (
        needed
        and context.stage == "before"
        and organization.offered
        and "New-PartnerApplication" in organization.offered
    ):
        evidence = f"there is no account {account['account']}, and New-MailUser, which creates it, is not offered"
        yield Breach("Exchange", evidence, "exchange.linked_account")


@rule(
    "partner_roles_missing",
    "error",
    demand="The partner application's account has UserApplication, ArchiveApplication and, if there is one, MeetingGraphApplication.",
    remedy=_RUN,
    source=f"{_SCRIPT} (Configure-EnterprisePartnerApplication.ps1)",
    fixed_by="partners",
)
def find_missing_roles(context: Context) -> Iterator[Breach]:
    """Afterwards only: before, the role does it."""
    for side, change in _list_left(context, "roles"):
        yield Breach(side, f"the account has {change.before or 'none'} of the roles {change.after}", change.about)


@rule(
    "partner_application_of_cloud",
    "info",
    demand="It is known which partner applications are those of the cloud.",
    remedy="Nothing has to be done for this farm. Do not take it for the trust on premises, or the other way round.",
    source="CSS-Exchange, HealthChecker: Legacy Skype for Business Online Partner Application detected",
)
def find_legacy_application(context: Context) -> Iterator[Breach]:
    """Of Skype for Business Online: HealthChecker marks any enabled one of this identifier in a hybrid organisation, ours too."""
    organization = context.farm.organization
    applications = (organization.partner_applications if organization else None) or []
    successors = {CLOUD_VOICEMAIL, TEAMS_SCHEDULER}
    succeeded = any(str(item["application_identifier"]).casefold() in successors for item in applications)
    for item in applications:
        same = str(item["application_identifier"]).casefold() == LYNC
        if same and item["kind"] == "cloud" and item["enabled"]:
            told = "its successors are there too" if succeeded else "no application of its successors is there"
            evidence = f"{item['name']} is of Skype for Business Online, not of this farm; {told}"
            yield Breach("Exchange", evidence, item["name"])


def _list_left(context: Context, option: str) -> Iterator[tuple[str, Change]]:
    """The changes of an option that are still to do when the roles have written."""
    for change in context.find_changes("partners"):
        if context.stage == "after" and change.state == "to_do" and change.about.partition(".")[2] == option:
            yield _name_side(change.about), change


def _weigh(context: Context, change: Change) -> Severity | None:
    """What the user has allowed is about to be done, and no problem then."""
    return "info" if change.state == "to_do" and context.stage == "before" else None


def _name_side(about: str) -> str:
    return _SIDES[about.partition(".")[0]]
