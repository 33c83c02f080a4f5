# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for every certificate that signs tokens, whichever product uses it."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils import _certificate_checks as checks
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.certificate_uses import (
    Use,
    describe_end,
    list_found,
    list_leaving,
    list_uses,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, Severity, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import Check, count_days
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_staging import is_too_late

_HEALTH_CHECKER = "Microsoft CSS-Exchange, HealthChecker"


def _ask(context: Context, check: Check) -> Iterator[tuple[Use, Breach]]:
    """The breaches of a check, over all uses whose certificate is there."""
    for use, certificate in list_found(context):
        if evidence := check(certificate, use.moment):
            yield use, _breach(use, evidence)


def _breach(use: Use, evidence: str, severity: Severity | None = None) -> Breach:
    return Breach(use.host, f"{use.name}: {evidence}", use.thumbprint, severity, use.words)


@rule(
    "certificate_missing",
    "error",
    demand="The certificate in use is in the server's store (LocalMachine, My).",
    remedy="{deploy}",
    source="Assign a server-to-server authentication certificate; CSS-Exchange, MonitorExchangeAuthCertificate",
    roles=("certificates",),
)
def find_missing_certificates(context: Context) -> Iterator[Breach]:
    """Nothing breaks before a staged one takes effect. What this run is about to stage a successor for is no reason to end it."""
    for use in (*list_uses(context), *list_leaving(context)):
        if use.certificate is None:
            evidence = f"{use.thumbprint} is not among the {use.stored} certificates of the store"
            begins_later = use.is_staged and use.moment.used > use.moment.now
            yield _breach(use, evidence, "warning" if use.leaving or begins_later else None)


@rule(
    "certificate_unreadable",
    "warning",
    demand="The whole certificate can be decoded.",
    remedy="{replace}",
    source="RFC 5280",
    roles=("certificates",),
)
def find_unreadable_certificates(context: Context) -> Iterator[Breach]:
    """Part of a certificate that neither reader could decode: it was not judged."""
    for _use, breach in _ask(context, checks.check_readable):
        yield breach


@rule(
    "private_key_missing",
    "error",
    demand="The server has the certificate's private key.",
    remedy="{deploy}",
    source="Assign a server-to-server authentication certificate",
    roles=("certificates",),
)
def find_missing_keys(context: Context) -> Iterator[Breach]:
    """A certificate without its key signs nothing."""
    for _use, breach in _ask(context, checks.check_private_key):
        yield breach
    for use in list_leaving(context):
        if use.certificate is not None and (evidence := checks.check_private_key(use.certificate, use.moment)):
            yield _breach(use, evidence, "warning")


@rule(
    "private_key_unknown",
    "info",
    demand="The server tells whether it has the private key.",
    remedy=r"Look at HasPrivateKey of the certificate in the server's own store, Cert:\LocalMachine\My.",
    source="Get-ExchangeCertificate sends only RawData to a client that is not Exchange's own shell",
    roles=("certificates",),
)
def find_unknown_keys(context: Context) -> Iterator[Breach]:
    """Not of a file's certificate, which brings its key along."""
    for use, breach in _ask(context, checks.check_private_key_known):
        if not use.planned:
            yield breach


@rule(
    "key_type",
    "error",
    demand="The key is RSA.",
    remedy="{replace} Its key must be RSA.",
    source="RFC 7518, section 3.1: tokens are signed with RS256",
    roles=("certificates",),
)
def find_wrong_key_types(context: Context) -> Iterator[Breach]:
    """Lync can request EC keys, but not sign tokens with them."""
    for _use, breach in _ask(context, checks.check_key_type):
        yield breach


@rule(
    "key_size",
    "error",
    demand="An RSA key has at least 2048 bits.",
    remedy="{replace} Its key must be RSA of 2048 bits or more.",
    source="Assign a server-to-server authentication certificate; CSS-Exchange, HealthChecker",
    roles=("certificates",),
)
def find_short_keys(context: Context) -> Iterator[Breach]:
    """Fewer bits than the procedure asks for."""
    for _use, breach in _ask(context, checks.check_key_size):
        yield breach


@rule(
    "not_yet_valid",
    "error",
    demand="The certificate's validity has begun when it is used.",
    remedy="Check the server's clock. {replace}",
    source="RFC 5280, section 4.1.2.5",
    roles=("certificates",),
)
def find_not_yet_valid(context: Context) -> Iterator[Breach]:
    """A staged one is looked at when it takes effect."""
    for _use, breach in _ask(context, checks.check_begun):
        yield breach


@rule(
    "expired",
    "error",
    demand="The certificate has not expired.",
    remedy="{replace}",
    source="RFC 5280, section 4.1.2.5",
    roles=("certificates",),
)
def find_expired(context: Context) -> Iterator[Breach]:
    """A staged one is looked at when it takes effect."""
    for _use, breach in _ask(context, checks.check_not_expired):
        yield breach


@rule(
    "expires_soon",
    "warning",
    demand="The certificate is valid for farm_warn_days days more.",
    remedy="{replace}",
    source=f"{_HEALTH_CHECKER}: fewer than 60 days are a warning",
    roles=("certificates",),
)
def find_expiring(context: Context) -> Iterator[Breach]:
    """It is information only where a longer-lived successor is staged in time."""
    for use, certificate in list_found(context):
        end = certificate.not_after
        if end is None or end < use.moment.used or count_days(end, context.now) >= context.description.warn_days:
            continue
        evidence, successor = describe_end(certificate, context.now), use.successor
        if (
            successor
            and successor.not_after
            and count_days(successor.not_after, context.now) >= context.description.warn_days
        ):
            yield _breach(use, f"{evidence}; {successor.thumbprint} is staged to follow it", "info")
        else:
            yield _breach(use, evidence)


@rule(
    "rollover_too_late",
    "warning",
    demand="A staged certificate takes effect while the one in use is still valid; for Lync, at least 24 hours before its end.",
    remedy="Stage it again with an earlier effective date. {replace}",
    source='Stage AV and OAuth certificates in Skype for Business Server using -Roll: "at least 24 hours"',
    roles=("certificates",),
)
def find_late_rollovers(context: Context) -> Iterator[Breach]:
    """Exchange keeps the old key for up to a day."""
    for use in list_uses(context):
        end, effective = use.current_ends, use.moment.used
        if not use.is_staged or end is None or effective == use.moment.now:
            continue
        if is_too_late(effective, end) if use.product == "lync" else effective > end:
            yield _breach(use, f"it takes effect at {instant(effective)}; the one in use ends at {instant(end)}")


@rule(
    "server_authentication",
    "warning",
    demand="The extended key usage, if there is one, allows server authentication.",
    remedy="{replace}",
    source="Assign a server-to-server authentication certificate: a web server certificate",
    roles=("certificates",),
)
def find_wrong_purposes(context: Context) -> Iterator[Breach]:
    """Nobody is known to refuse a token for it."""
    for _use, breach in _ask(context, checks.check_server_authentication):
        yield breach


@rule(
    "digital_signature",
    "warning",
    demand="The key usage, if there is one, allows digital signatures.",
    remedy="{replace}",
    source="RFC 5280, section 4.2.1.3",
    roles=("certificates",),
)
def find_wrong_usages(context: Context) -> Iterator[Breach]:
    """Nobody is known to refuse a token for it."""
    for _use, breach in _ask(context, checks.check_digital_signature):
        yield breach


@rule(
    "signature_hash",
    "warning",
    demand="The certificate is not signed with SHA-1 or MD5.",
    remedy="{replace}",
    source=_HEALTH_CHECKER,
    roles=("certificates",),
)
def find_weak_signatures(context: Context) -> Iterator[Breach]:
    """A self-signed certificate is trusted by its key, so its signature protects nothing either way."""
    for use, certificate in list_found(context):
        if evidence := checks.check_signature_hash(certificate, use.moment):
            yield _breach(use, evidence, "info" if certificate.self_signed else None)
