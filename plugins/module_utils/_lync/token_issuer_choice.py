# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The choice of an OAuthTokenIssuer certificate that nobody has named: made only where there is one safe answer.

Safe are a certificate made for the purpose (issued by an authority, its common name the default SIP domain), and else the one that the
front end uses as Default ("The Default certificate can also be used", Assign a server-to-server authentication certificate). Never one
that is self-signed, one whose key cannot be exported ("Stage AV and OAuth certificates": it is deployed to the other front ends from
the Central Management Store), or one whose key is in a CNG provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils import _certificate_checks as checks
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import Certificate, Moment
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import spell_domain

_ASKED = (
    checks.check_readable,
    checks.check_private_key,
    checks.check_key_type,
    checks.check_key_size,
    checks.check_provider,
    checks.check_exportable,
    checks.check_begun,
    checks.check_not_expired,
    checks.check_server_authentication,
    checks.check_digital_signature,
    checks.check_signature_hash,
)


@dataclass(frozen=True)
class Choice:
    """The certificate that is safe to assign, or why none is.

    :ivar thumbprint: empty where there is no single safe answer.
    :ivar reason: which it is, or why none is.
    :ivar proposals: those that the user could name.
    """

    thumbprint: str
    reason: str
    proposals: tuple[Certificate, ...] = ()


def choose_token_issuer(
    store: Sequence[Certificate], default: str, sip_domain: str, moment: Moment, *, warn_days: int
) -> Choice:
    """Choose among the certificates of one front end's store.

    :param default: the thumbprint of the certificate that is assigned as Default; empty where none is.
    :param sip_domain: the deployment's default SIP domain.
    :param warn_days: a certificate with fewer days left is not assigned anew.
    """
    objections = {item.thumbprint: [*find_objections(item, moment, warn_days)] for item in store}
    fit = [item for item in store if not objections[item.thumbprint]]
    made_for_it = [item for item in fit if _is_made_for(item, sip_domain)]
    if len(made_for_it) == 1:
        return Choice(made_for_it[0].thumbprint, f"it is the one certificate made for {sip_domain}")
    if made_for_it:
        return Choice("", f"{len(made_for_it)} certificates are made for {sip_domain}", tuple(made_for_it))
    if any(item.thumbprint == default for item in fit):
        return Choice(default, "it is the certificate that is assigned as Default")
    reason = f"the store has no fit certificate made for {sip_domain}, and the Default certificate is not fit"
    close = [item for item in store if item.thumbprint == default or _is_made_for(item, sip_domain)]
    against = [f"{item.thumbprint} ({item}): {'; '.join(objections[item.thumbprint])}" for item in close]
    return Choice("", f"{reason}: {'. '.join(against)}" if against else reason, tuple(fit))


def find_objections(certificate: Certificate, moment: Moment, warn_days: int) -> Iterator[str]:
    """Everything against assigning a certificate without being told to. What was not seen counts."""
    if certificate.self_signed is not False:
        yield "it is self-signed" if certificate.self_signed else "whether it is self-signed was not seen"
    for check in _ASKED:
        if evidence := check(certificate, moment):
            yield evidence
    if certificate.exportable is None:
        yield "whether its private key can be exported was not seen"
    if evidence := checks.check_days_left(certificate, moment, warn_days):
        yield evidence


def _is_made_for(certificate: Certificate, sip_domain: str) -> bool:
    return spell_domain(sip_domain) in map(spell_domain, certificate.common_names)
