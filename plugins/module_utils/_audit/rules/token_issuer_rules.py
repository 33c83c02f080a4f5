# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the OAuthTokenIssuer certificate of Lync and Skype for Business Server."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils import _certificate_checks as checks
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.certificate_uses import (
    DEPLOY,
    REPLACE,
    Use,
    list_found,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.changes import find_intent, find_speaker
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.token_issuer_intent import (
    Intent,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import Certificate
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import find_in_use

_ASSIGN = "Assign a server-to-server authentication certificate to Skype for Business Server"
_STAGE = "Stage AV and OAuth certificates in Skype for Business Server using -Roll"
TAKE_OWN_BACK = (
    "Assign the certificate once, globally (role certificates). To have the role take the server's own assignment back then, add "
    "token_issuer_scope to farm_replace; or run lync_certificate on the server with state=absent and scope=machine."
)


def _find_intent(context: Context) -> tuple[str, Intent] | None:
    """The computer that speaks for Lync, and what is to become of the certificate."""
    speaker = find_speaker(context.farm)
    intent = speaker and find_intent(context.farm, speaker, context.description, context.now)
    return (speaker.computer, intent) if speaker and intent else None


def _list_token_issuers(context: Context) -> Iterator[tuple[Use, Certificate]]:
    """The uses as OAuthTokenIssuer, now and staged."""
    for use, certificate in list_found(context):
        if use.product == "lync":
            yield use, certificate


@rule(
    "token_issuer_unassigned",
    "error",
    demand="An OAuthTokenIssuer certificate is assigned.",
    remedy=(
        f"{REPLACE['lync']} Without either, and with farm_oauth_token_issuer_automatic, the roles choose one where there is one safe "
        "choice."
    ),
    source=f"{_ASSIGN}: nothing returned means that one must be assigned",
    fixed_by="certificates",
)
def find_unassigned(context: Context) -> Iterator[Breach]:
    """On each front end: each has its own replica. Where no certificate could be chosen, that is told instead."""
    found = _find_intent(context)
    if context.will_assign or (found and found[1].action in ("undecided", "missing")):
        return
    for front_end in context.front_ends:
        if front_end.assigned is not None and not find_in_use(front_end.used_issuers, context.now):
            yield Breach(front_end.computer, "no OAuthTokenIssuer certificate is in use")


@rule(
    "token_issuer_not_chosen",
    "error",
    demand="The certificate to assign is named, or there is one safe choice.",
    remedy="Name a certificate in farm_oauth_token_issuer_thumbprint, or give a PFX file in farm_oauth_token_issuer_path.",
    source=f"{_ASSIGN}; {_STAGE}: the private key must be exportable",
    fixed_by="certificates",
)
def find_undecided(context: Context) -> Iterator[Breach]:
    """Nothing is assigned, and nothing can be chosen safely."""
    if (found := _find_intent(context)) and found[1].action == "undecided":
        yield Breach(found[0], f"no certificate was chosen: {found[1].reason}")


@rule(
    "token_issuer_not_found",
    "error",
    demand="The certificate that farm_oauth_token_issuer_thumbprint names is in the store of the first Front End Server.",
    remedy="Import it there with its private key, give it as a file in farm_oauth_token_issuer_path, or correct the thumbprint.",
    source=_ASSIGN,
    fixed_by="certificates",
)
def find_named_but_missing(context: Context) -> Iterator[Breach]:
    """What the user names and nobody has."""
    if (found := _find_intent(context)) and found[1].action == "missing":
        yield Breach(found[0], found[1].reason, found[1].thumbprint)


@rule(
    "token_issuer_in_use",
    "error",
    demand="A certificate that is in use is replaced at once, and one that is staged is given up, only when the user says so.",
    remedy=(
        "Leave the time to stage the new one: Exchange trusts the keys it has read until it reads Lync's metadata again. To replace it at "
        "once all the same, or to give up the one that somebody has staged, add token_issuer_in_use to farm_replace. To have that one take "
        "effect instead, name it in farm_oauth_token_issuer_thumbprint."
    ),
    source=f"{_STAGE}; Set-CsCertificate takes effect at once",
    fixed_by="certificates",
    replaces=True,
)
def find_in_use_replaced(context: Context) -> Iterator[Breach]:
    """Where it is staged instead, that is only told."""
    found, change = _find_intent(context), context.find_assignment()
    if found is None or change is None:
        return
    host, intent = found
    if change.conflict:
        yield Breach(host, _describe_loss(intent), intent.in_use, None if change.state != "to_do" else "info")
    elif intent.action == "stage" and context.stage == "before":
        evidence = f"{intent.in_use} is in use; {intent.thumbprint} is staged to follow it"
        yield Breach(host, evidence, intent.in_use, "info")


def _describe_loss(intent: Intent) -> str:
    """What would be gone: the one in use, another one that is staged, or both."""
    if intent.in_use == intent.thumbprint:
        return f"{intent.lost} is staged to follow {intent.in_use}, is not the described one, and would be staged no longer"
    lost = f"{intent.lost}, which somebody has staged, would be staged no longer" if intent.lost else ""
    if intent.action == "stage":
        return f"{intent.thumbprint} would be staged to follow {intent.in_use}; {lost}"
    replaced = f"{intent.in_use} is in use and would be replaced at once by {intent.thumbprint}"
    return "; ".join(filter(None, [replaced if intent.in_use else "", lost]))


@rule(
    "token_issuer_date_past",
    "error",
    demand="The date from which the described certificate is to be used is still to come.",
    remedy=(
        "Give a later date in farm_oauth_token_issuer_effective_date, or leave it out: the certificate then takes effect in 24 hours, so "
        "that Exchange knows its key before it signs."
    ),
    source=f"{_STAGE}: EffectiveDate",
    roles=("certificates",),
)
def find_past_date(context: Context) -> Iterator[Breach]:
    """Before anything is written. Of a certificate that is in use or staged already, the date is history."""
    change, date = context.find_assignment(), context.description.oauth_token_issuer_effective_date
    if change and change.details["action"] == "stage" and date and dt.datetime.fromisoformat(date) <= context.now:
        yield Breach(change.host, f"farm_oauth_token_issuer_effective_date is {date}, which is past")


@rule(
    "token_issuer_differs_from_description",
    "error",
    demand="The described OAuthTokenIssuer certificate is assigned or staged.",
    remedy="Run the integration again.",
    source=_ASSIGN,
    fixed_by="certificates",
)
def find_other_than_described(context: Context) -> Iterator[Breach]:
    """Afterwards only: before, the role does it."""
    change = context.find_assignment()
    if context.stage == "after" and change and change.state == "to_do" and change.before:
        yield Breach(change.host, f"in use is {change.before}, not {change.after}", change.about)


@rule(
    "token_issuer_differs",
    "error",
    demand="All Front End Servers and Directors have the same OAuthTokenIssuer certificate.",
    remedy="{cure}",
    source=f"{_ASSIGN}: the same certificate on all Front End Servers",
    fixed_by="certificates",
)
def find_differing(context: Context) -> Iterator[Breach]:
    """Those with an assignment of their own where the others agree; else those that differ from what most have, or all of them."""
    read = [item for item in context.front_ends if item.assigned is not None]
    used = {item.computer: find_in_use(context.list_issuers(item), context.now) for item in read}
    count = collections.Counter(filter(None, used.values()))
    if len(count) < 2 or context.will_assign:
        return
    alone = {item.computer for item in read if item.own_issuers}
    shared = {thumbprint for host, thumbprint in used.items() if thumbprint and host not in alone}
    thumbprint, most = count.most_common(1)[0]
    right = shared if alone and len(shared) == 1 else {thumbprint} if most * 2 > count.total() else set()
    for host, own in used.items():
        if own and own not in right:
            others = sorted({f"{theirs} on {other}" for other, theirs in used.items() if theirs and theirs != own})
            remedy = TAKE_OWN_BACK if host in alone else DEPLOY["lync"]
            yield Breach(host, f"{own} is in use here, but {', '.join(others)}", own, words=(("cure", remedy),))


@rule(
    "token_issuer_scope",
    "warning",
    demand="The OAuthTokenIssuer certificate is assigned globally.",
    remedy=TAKE_OWN_BACK,
    source=f"{_ASSIGN}: -Identity global, not on each Front End Server; Remove-CsCertificate, parameter Identity",
    fixed_by="certificates",
    replaces=True,
)
def find_local_assignments(context: Context) -> Iterator[Breach]:
    """Without a global one to follow it, there is nothing to take it back for yet. Somebody may have assigned it on purpose."""
    for front_end in context.front_ends:
        change = context.find_own_assignment(front_end)
        planned = change is not None and change.state == "to_do" and context.stage == "before"
        for thumbprint in dict.fromkeys(item.thumbprint for item in front_end.own_issuers):
            evidence = f"{thumbprint} is assigned to this server alone, and hides what is assigned globally"
            yield Breach(front_end.computer, evidence, thumbprint, "info" if planned else None)


@rule(
    "private_key_not_exportable",
    "error",
    demand="The private key of a certificate that is to be assigned globally can be exported.",
    remedy="Request the certificate anew with an exportable private key, or name another one.",
    source=f"{_STAGE}: it is stored in the Central Management Store and deployed from there",
    fixed_by="certificates",
)
def find_not_exportable(context: Context) -> Iterator[Breach]:
    """Of the one that would be assigned; one that is deployed already works."""
    for use, certificate in _list_token_issuers(context):
        if use.planned and (evidence := checks.check_exportable(certificate, use.moment)):
            yield Breach(use.host, evidence, use.thumbprint)


@rule(
    "key_provider",
    "error",
    demand="On Lync Server 2013 the private key is in a cryptographic service provider, not in a CNG provider.",
    remedy="Request the certificate with a CSP, such as Microsoft RSA SChannel Cryptographic Provider, or name another one.",
    source='Lync 2010 and 2013 fail with CryptographicException "The buffer supplied to a function was too small" (perficient, 2013-12-09)',
    fixed_by="certificates",
)
def find_unusable_providers(context: Context) -> Iterator[Breach]:
    """Skype for Business Server takes both."""
    version = context.farm.deployment.version if context.farm.deployment else None
    if not str((version or {}).get("build") or "").startswith(("4.", "5.")):
        return
    for use, certificate in _list_token_issuers(context):
        if evidence := checks.check_provider(certificate, use.moment):
            yield Breach(use.host, evidence, use.thumbprint)


@rule(
    "sip_domain_missing",
    "error",
    demand="The certificate carries the default SIP domain, in its subject or among its alternative names.",
    remedy=f"{REPLACE['lync']} Give it the SIP domain as its subject (CN).",
    source="Prerequisites for integrating Lync Server 2013 and Exchange Server 2013, step 2",
    roles=("certificates",),
)
def find_missing_sip_domains(context: Context) -> Iterator[Breach]:
    """A warning for a certificate that Lync uses already, of which any can issue tokens, and for the further SIP domains."""
    for use, certificate in _list_token_issuers(context):
        for index, domain in enumerate(context.description.sip_domains):
            if not checks.find_domain(certificate, domain):
                evidence = f"{use.name}: {domain} is missing: {checks.list_names(certificate)}"
                harmless = index > 0 or use.of_lync
                yield Breach(use.host, evidence, use.thumbprint, "warning" if harmless else None)


@rule(
    "sip_domain_not_in_subject",
    "warning",
    demand="The subject of a certificate that was made for the purpose carries the default SIP domain.",
    remedy=f"{REPLACE['lync']} Give it the SIP domain as its subject (CN).",
    source="Prerequisites for integrating Lync Server 2013 and Exchange Server 2013, step 2: in the Subject",
    roles=("certificates",),
)
def find_sip_domain_only_in_names(context: Context) -> Iterator[Breach]:
    """Not of a certificate that Lync uses for something else as well."""
    domain = context.description.sip_domains[0]
    for use, certificate in _list_token_issuers(context):
        if not use.of_lync and checks.find_domain(certificate, domain) == "names":
            yield Breach(use.host, f"{use.name}: {domain}: {checks.list_names(certificate)}", use.thumbprint)


@rule(
    "wildcard_subject",
    "warning",
    demand="The subject is no wildcard.",
    remedy=f"{REPLACE['lync']} Give it the SIP domain as its subject (CN).",
    source='Wildcard certificate support in Lync Server 2013: "no support for a wildcard entry as the subject name … for any role"',
    roles=("certificates",),
)
def find_wildcard_subjects(context: Context) -> Iterator[Breach]:
    """It does carry the domain, and nobody compares a token's signer with a host name."""
    for use, certificate in _list_token_issuers(context):
        if evidence := checks.check_subject_wildcard(certificate):
            yield Breach(use.host, f"{use.name}: {evidence}", use.thumbprint)
