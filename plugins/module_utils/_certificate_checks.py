# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a certificate, one check each: pure functions that give the evidence of a breach, or nothing.

The modules that assign a certificate and the rules of the audit ask the same functions, so that they cannot disagree.

Sources: Microsoft's "Assigning a server-to-server authentication certificate to Lync Server 2013" (2048 bits, the SIP domain) and
"Stage AV and OAuth certificates" (the exportable key); RFC 7518, section 3.1 (RS256, with which tokens are signed, takes RSA keys).
"""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import belongs, spell_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant, normal_thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import (
    ANY_PURPOSE,
    SERVER_AUTHENTICATION,
    describe,
)

KEY_SIZE = 2048
"""The fewest bits of an RSA key."""
_WEAK_HASHES = ("sha1", "md5", "md2")


@dataclass(frozen=True)
class Certificate:
    """A certificate as it is in one host's store. What could not be decoded is None or empty, and in ``problems``.

    :ivar has_private_key: None where the host does not tell.
    :ivar exportable: whether the private key can be exported; None where that was not read.
    :ivar key_provider: ``csp`` or ``cng``; None where that was not read.
    :ivar services: those of Exchange that it is assigned to; None where the server does not tell.
    """

    thumbprint: str
    subject: str | None = None
    common_names: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()
    not_before: dt.datetime | None = None
    not_after: dt.datetime | None = None
    key_type: str | None = None
    key_size: int | None = None
    signature_hash: str | None = None
    key_usages: tuple[str, ...] | None = None
    extended_key_usages: tuple[str, ...] | None = None
    self_signed: bool | None = None
    problems: tuple[str, ...] = ()
    has_private_key: bool | None = None
    exportable: bool | None = None
    key_provider: str | None = None
    services: frozenset[str] | None = None

    def __str__(self) -> str:
        return self.subject or self.thumbprint or "the certificate"


def read_certificate(fields: Mapping[str, t.Any]) -> Certificate:
    """One certificate of the results of the info modules, decoded again from ``raw_data``, so that nothing else has to be trusted."""
    facts = describe(fields.get("raw_data") or b"")
    services, exportable = fields.get("services"), fields.get("private_key_exportable")
    return Certificate(
        thumbprint=facts["thumbprint"] or normal_thumbprint(fields.get("thumbprint")),
        subject=facts["subject"],
        common_names=tuple(facts["common_names"]),
        dns_names=tuple(facts["dns_names"]),
        not_before=_read_moment(facts["not_before"]),
        not_after=_read_moment(facts["not_after"]),
        key_type=facts["key_type"],
        key_size=facts["key_size"],
        signature_hash=facts["signature_hash"],
        key_usages=_read_tuple(facts["key_usages"]),
        extended_key_usages=_read_tuple(facts["extended_key_usages"]),
        self_signed=facts["self_signed"],
        problems=tuple(facts["problems"]),
        has_private_key=fields.get("has_private_key"),
        exportable=exportable,
        key_provider=fields.get("key_provider"),
        services=None if services is None else frozenset(services),
    )


def _read_moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _read_tuple(values: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def count_days(end: dt.datetime, now: dt.datetime) -> int:
    """The whole days until the end, rounded down: 0 on the last day, -1 from the first moment after it.

    MonitorExchangeAuthCertificate counts alike.
    """
    return (end - now) // dt.timedelta(days=1)


@dataclass(frozen=True)
class Moment:
    """When a certificate is judged, and from when on it is used.

    :ivar used: later than ``now`` for one that is staged.
    """

    now: dt.datetime
    used: dt.datetime

    @classmethod
    def at(cls, now: dt.datetime, effective: dt.datetime | None = None) -> Moment:
        """The moment ``now``, of a certificate that takes effect at ``effective``, or has."""
        return cls(now, max(now, effective or now))


Check = Callable[[Certificate, Moment], "str | None"]


def check_readable(certificate: Certificate, _moment: Moment) -> str | None:
    """The certificate can be decoded."""
    return "; ".join(certificate.problems) or None


def check_private_key(certificate: Certificate, _moment: Moment) -> str | None:
    """The host has its private key, as far as the host tells."""
    return f"{certificate} is in the store without its private key" if certificate.has_private_key is False else None


def check_private_key_known(certificate: Certificate, _moment: Moment) -> str | None:
    """The host tells whether it has the private key."""
    unknown = certificate.has_private_key is None
    return f"the server did not say whether it has the private key of {certificate}" if unknown else None


def check_exportable(certificate: Certificate, _moment: Moment) -> str | None:
    """The private key can be exported, as far as that was read: it is stored centrally, and deployed from there."""
    return f"the private key of {certificate} cannot be exported" if certificate.exportable is False else None


def check_exportable_known(certificate: Certificate, _moment: Moment) -> str | None:
    """Whether the private key can be exported was seen, of a certificate whose private key the host has."""
    unknown = certificate.has_private_key and certificate.exportable is None
    return f"it was not seen whether the private key of {certificate} can be exported" if unknown else None


def check_key_type(certificate: Certificate, _moment: Moment) -> str | None:
    """The key is RSA."""
    return None if certificate.key_type in ("RSA", None) else f"{certificate} has a key of type {certificate.key_type}"


def check_key_size(certificate: Certificate, _moment: Moment) -> str | None:
    """An RSA key has enough bits."""
    if certificate.key_type != "RSA" or certificate.key_size is None or certificate.key_size >= KEY_SIZE:
        return None
    return f"{certificate} has an RSA key of {certificate.key_size} bits, fewer than {KEY_SIZE}"


def check_provider(certificate: Certificate, _moment: Moment) -> str | None:
    """The key is in a cryptographic service provider (CSP), not in a key storage provider (CNG)."""
    return f"the key of {certificate} is in a CNG key storage provider" if certificate.key_provider == "cng" else None


def check_begun(certificate: Certificate, moment: Moment) -> str | None:
    """Its validity has begun when it is used. Both ends belong to the validity (RFC 5280, section 4.1.2.5)."""
    begin = certificate.not_before
    if begin is None or begin <= moment.used:
        return None
    return f"{certificate} is valid from {instant(begin)}; it is used from {instant(moment.used)}"


def check_not_expired(certificate: Certificate, moment: Moment) -> str | None:
    """It has not expired when it is used."""
    end = certificate.not_after
    if end is None or end >= moment.used:
        return None
    return f"{certificate} is valid until {instant(end)} ({count_days(end, moment.now)} days left)"


def check_days_left(certificate: Certificate, moment: Moment, warn_days: int) -> str | None:
    """It does not expire soon. One that has expired is for :func:`check_not_expired`."""
    end = certificate.not_after
    days = count_days(end, moment.now) if end else warn_days
    return f"{certificate} has only {days} days left" if 0 <= days < warn_days else None


def check_server_authentication(certificate: Certificate, _moment: Moment) -> str | None:
    """Its extended key usage, if any, allows server authentication."""
    purposes = certificate.extended_key_usages
    if purposes is None or {SERVER_AUTHENTICATION, ANY_PURPOSE} & set(purposes):
        return None
    return f"{certificate} allows only {', '.join(purposes) or 'nothing'}"


def check_digital_signature(certificate: Certificate, _moment: Moment) -> str | None:
    """Its key usage, if any, allows digital signatures."""
    usages = certificate.key_usages
    if usages is None or "digitalSignature" in usages:
        return None
    return f"{certificate} allows only {', '.join(usages) or 'nothing'}"


def check_signature_hash(certificate: Certificate, _moment: Moment) -> str | None:
    """It is not signed with SHA-1 or MD5."""
    algorithm = certificate.signature_hash
    return f"{certificate} is signed with {algorithm.upper()}" if algorithm in _WEAK_HASHES and algorithm else None


def check_subject_wildcard(certificate: Certificate) -> str | None:
    """The subject is no wildcard: "There is no support for a wildcard entry as the subject name … for any role".

    (Wildcard certificate support in Lync Server 2013.)
    """
    wildcard = any(spell_domain(name).startswith("*.") for name in certificate.common_names)
    return f"subject {certificate.subject}" if wildcard else None


def find_domain(certificate: Certificate, domain: str) -> t.Literal["subject", "names", "", "unknown"]:
    """Where the certificate carries a SIP domain: in its subject, among its other names, or nowhere."""
    if certificate.subject is None:
        return "unknown"
    if any(belongs(name, domain) for name in certificate.common_names):
        return "subject"
    return "names" if any(belongs(name, domain) for name in certificate.dns_names) else ""


def list_names(certificate: Certificate) -> str:
    """The names of a certificate, for evidence."""
    others = ", ".join(certificate.dns_names) or "none"
    return f"subject {certificate.subject or '(empty)'}, alternative names {others}"
