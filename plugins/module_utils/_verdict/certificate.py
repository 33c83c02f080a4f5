# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that hold for any certificate that signs tokens, whichever product uses it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.finding import Case, Finding, Policy
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import Certificate, Store
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import (
    ANY_PURPOSE,
    SERVER_AUTHENTICATION,
)

_WEAK_HASHES = ("sha1", "md5", "md2")

Judged = tuple[Case, Certificate]
"""A certificate that was found where it is used; the verdict lists them."""


def look_up(store: Store, case: Case) -> Certificate | Finding:
    """Return the certificate of this case in the host's store, or the finding that it is not there."""
    found = store.certificates.get(case.thumbprint)
    if found is None:
        return case.finding(
            "certificate_missing",
            f"{case.thumbprint} is not among the {len(store.certificates)} certificates of the store",
        )
    return found


def successor(current: Certificate, staged: Certificate | None, effective: dt.datetime | None) -> Certificate | None:
    """Return the staged certificate if it takes effect before the current one ends."""
    late = effective is not None and current.not_after is not None and effective > current.not_after
    return None if late else staged


def days_left(not_after: dt.datetime, now: dt.datetime) -> int:
    """Return the whole days until the end, rounded down: 0 on the last day, -1 from the first moment after it.

    MonitorExchangeAuthCertificate counts alike.
    """
    return (not_after - now) // dt.timedelta(days=1)


def judge_certificate(
    case: Case, certificate: Certificate, *, effective: dt.datetime | None = None, following: Certificate | None = None
) -> Iterator[Finding]:
    """Yield all findings that the certificate itself gives in this case.

    :param effective: for a staged certificate, when it takes effect.
    :param following: a staged certificate that the host has and that takes effect in time.
    """
    if certificate.problems:
        yield case.finding("certificate_unreadable", "; ".join(certificate.problems))
    yield from _private_key(case, certificate)
    yield from _key(case, certificate)
    yield from _validity(case, certificate, effective or case.policy.now)
    yield from _remaining(case, certificate, effective or case.policy.now, following)
    yield from _purpose(case, certificate)


def _private_key(case: Case, certificate: Certificate) -> Iterator[Finding]:
    if certificate.has_private_key is False:
        yield case.finding("private_key_missing", f"{_name(certificate)} is in the store without its private key")
    elif certificate.has_private_key is None:
        yield case.finding(
            "private_key_unknown", f"the host did not say whether it has the private key of {_name(certificate)}"
        )


def _key(case: Case, certificate: Certificate) -> Iterator[Finding]:
    if certificate.key_type not in ("RSA", None):
        yield case.finding("key_type", f"{_name(certificate)} has a key of type {certificate.key_type}")
    elif certificate.key_size is not None and certificate.key_size < case.policy.minimum_key_size:
        asked = f"at least {case.policy.minimum_key_size} are asked"
        yield case.finding("key_size", f"{_name(certificate)} has an RSA key of {certificate.key_size} bits; {asked}")


def _validity(case: Case, certificate: Certificate, effective: dt.datetime) -> Iterator[Finding]:
    """Both ends belong to the validity (RFC 5280, 4.1.2.5). A staged certificate is looked at when it takes effect."""
    used = max(case.policy.now, effective)
    if certificate.not_before is not None and certificate.not_before > used:
        yield case.finding(
            "not_yet_valid",
            f"{_name(certificate)} is valid from {instant(certificate.not_before)}; it is used from {instant(used)}",
        )
    if certificate.not_after is not None and certificate.not_after < used:
        left = days_left(certificate.not_after, case.policy.now)
        yield case.finding(
            "expired", f"{_name(certificate)} is valid until {instant(certificate.not_after)} ({left} days left)"
        )


def _remaining(
    case: Case, certificate: Certificate, effective: dt.datetime, following: Certificate | None
) -> Iterator[Finding]:
    end = certificate.not_after
    if end is None or end < max(case.policy.now, effective):
        return
    left = days_left(end, case.policy.now)
    if left >= max(case.policy.warn_days, case.policy.error_days):
        return
    evidence = f"{_name(certificate)} is valid until {instant(end)} ({left} days left)"
    if following is not None and _outlasts(following, case.policy):
        yield case.finding(
            "expires_soon", f"{evidence}; {following.thumbprint} is staged to follow it", severity="info"
        )
    else:
        yield case.finding("expires_soon", evidence, severity="error" if left < case.policy.error_days else None)


def _outlasts(staged: Certificate, policy: Policy) -> bool:
    return staged.not_after is not None and days_left(staged.not_after, policy.now) >= policy.warn_days


def _purpose(case: Case, certificate: Certificate) -> Iterator[Finding]:
    purposes, usages = certificate.extended_key_usages, certificate.key_usages
    if purposes is not None and not {SERVER_AUTHENTICATION, ANY_PURPOSE} & set(purposes):
        yield case.finding(
            "server_authentication", f"{_name(certificate)} allows {', '.join(purposes) or 'nothing'} only"
        )
    if usages is not None and "digitalSignature" not in usages:
        yield case.finding("digital_signature", f"{_name(certificate)} allows {', '.join(usages) or 'nothing'} only")
    if certificate.signature_hash is not None and certificate.signature_hash in _WEAK_HASHES:
        yield case.finding(
            "signature_hash", f"{_name(certificate)} is signed with {certificate.signature_hash.upper()}"
        )


def _name(certificate: Certificate) -> str:
    return certificate.subject or certificate.thumbprint or "the certificate"
