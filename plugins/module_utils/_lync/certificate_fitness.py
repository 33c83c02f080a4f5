# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a certificate is fit for a use of Lync's, judged before it is assigned."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils import _certificate_checks as checks
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import Certificate, Check, Moment
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

TOKEN_ISSUER = "OAuthTokenIssuer"
WAIVABLE = ("key_size", "key_type", "expired", "not_yet_valid", "sip_domain_missing")
"""The rules that a task may waive. A certificate without its private key is of no use to anybody."""

_ANY_USE: dict[str, Check] = {
    "certificate_unreadable": checks.check_readable,
    "private_key_missing": checks.check_private_key,
    "key_size": checks.check_key_size,
    "not_yet_valid": checks.check_begun,
    "expired": checks.check_not_expired,
}
_TOKEN_ISSUER: dict[str, Check] = {
    # other uses are TLS, which takes keys of other kinds too, and their certificates are not deployed from the central store
    "key_type": checks.check_key_type,
    "private_key_not_exportable": checks.check_exportable,
}
_WARNINGS: dict[str, Check] = {
    "server_authentication": checks.check_server_authentication,
    "digital_signature": checks.check_digital_signature,
    "signature_hash": checks.check_signature_hash,
}


@dataclass(frozen=True)
class Candidate:
    """A certificate that is to be assigned, and what else bears on that.

    :ivar assigned: whether Lync has assigned it to some use already: any such certificate can be the OAuthTokenIssuer, whatever its
        names ("Any Lync Server certificate can be used", Assign a server-to-server authentication certificate).
    :ivar takes_cng: whether this version can use a key of a CNG provider.
    """

    certificate: Certificate
    sip_domains: tuple[str, ...] = ()
    assigned: bool = False
    takes_cng: bool = True


@dataclass(frozen=True)
class Flaw:
    """A rule that the certificate breaks, and the evidence."""

    rule: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.evidence} ({self.rule})"


def find_errors(use: str, candidate: Candidate, moment: Moment) -> list[Flaw]:
    """What forbids the assignment."""
    asked = {**_ANY_USE, **(_TOKEN_ISSUER if use == TOKEN_ISSUER else {})}
    if not candidate.takes_cng:
        # CryptographicException "The buffer supplied to a function was too small": Lync 2010 and 2013 know service providers only
        asked["key_provider"] = checks.check_provider
    found = [*_ask(asked, candidate.certificate, moment)]
    if use == TOKEN_ISSUER and not candidate.assigned:
        found += _find_missing(candidate, candidate.sip_domains[:1])
    return found


def find_warnings(use: str, candidate: Candidate, moment: Moment, warn_days: int) -> list[Flaw]:
    """What the user should know about it.

    :param warn_days: the fewest days that it should have left.
    """
    found = [*_ask(_WARNINGS, candidate.certificate, moment)]
    if evidence := checks.check_days_left(candidate.certificate, moment, warn_days):
        found.append(Flaw("expires_soon", evidence))
    if use != TOKEN_ISSUER:
        return found
    if evidence := checks.check_subject_wildcard(candidate.certificate):
        found.append(Flaw("wildcard_subject", evidence))
    if evidence := checks.check_exportable_known(candidate.certificate, moment):
        found.append(Flaw("private_key_not_exportable", evidence))
    return [*found, *_find_missing(candidate, candidate.sip_domains[0 if candidate.assigned else 1 :])]


def refuse_unfit(thumbprint: str, broken: Sequence[Flaw], waived: t.Collection[str]) -> None:
    """Refuse a certificate with errors that are not waived.

    :raises ShellError: of kind ``certificate``, with the evidence and the rules.
    """
    left = [flaw for flaw in broken if flaw.rule not in waived]
    if left:
        rules = list(dict.fromkeys(flaw.rule for flaw in left))
        waive = f" If you want it all the same: O(allow)=[{', '.join(rules)}]." if set(rules) <= set(WAIVABLE) else ""
        remedy = f"Nothing was written. Assign a certificate that keeps the rules.{waive}"
        raise ShellError("certificate", f"{thumbprint} is not fit: {'; '.join(map(str, left))}.", remedy=remedy)


def _ask(asked: dict[str, Check], certificate: Certificate, moment: Moment) -> t.Iterator[Flaw]:
    for rule, check in asked.items():
        if evidence := check(certificate, moment):
            yield Flaw(rule, evidence)


def _find_missing(candidate: Candidate, domains: Sequence[str]) -> list[Flaw]:
    certificate = candidate.certificate
    missing = [domain for domain in domains if not checks.find_domain(certificate, domain)]
    return [Flaw("sip_domain_missing", f"{domain}: {checks.list_names(certificate)}") for domain in missing]
