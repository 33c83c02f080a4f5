# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of the verdict: what is asked of a certificate, how grave a breach is, and what to do about it.

Sources: Microsoft's "Assigning a server-to-server authentication certificate to Lync Server 2013" (the subject, one
certificate for all front ends, 2048 bits), "Staging AV and OAuth certificates using -Roll" (24 hours' overlap) and
"Wildcard certificate support in Lync Server 2013"; MonitorExchangeAuthCertificate and HealthChecker of Microsoft's
CSS-Exchange (the Auth certificate, thresholds, SHA-1); RDTestExchangeCertificateForAutodiscover of Microsoft's
onpremdiag/SfBServer (the Autodiscover name).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.advice import ADVICE as EXCHANGE
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.advice import ADVICE as LYNC
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.advice import Advices, Use

Severity = t.Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

ADVICE: Advices = {**LYNC, **EXCHANGE}
"""What the products say of their certificates."""


@dataclass(frozen=True)
class Rule:
    """One rule.

    :ivar remedy: may hold what the :class:`Advice` on the certificate's use has, such as ``{replace}``, and ``{bits}``, the least of a key.
    """

    id: str
    severity: Severity
    demand: str
    remedy: str

    def remedy_for(self, use: Use, bits: int) -> str:
        """Say what to do about a breach by a certificate of this use, of which a key of so many ``bits`` is asked."""
        return self.remedy.format(**vars(ADVICE[use]), bits=bits)


_RULES = (
    # What both products ask
    Rule(
        "host_not_read",
        "error",
        "The host's certificates could be read.",
        "Mend the connection to this host and read it again.",
    ),
    Rule(
        "certificate_missing", "error", "The certificate in use is in the host's store (LocalMachine, My).", "{deploy}"
    ),
    Rule("certificate_unreadable", "error", "The certificate can be decoded.", "{replace}"),
    Rule("private_key_missing", "error", "The host has the certificate's private key.", "{deploy}"),
    Rule(
        "private_key_unknown",
        "info",
        "The host tells whether it has the private key.",
        "Look at HasPrivateKey of the certificate in the host's own store, Cert:\\LocalMachine\\My.",
    ),
    Rule("key_type", "error", "The key is RSA: tokens are signed with RS256.", "{replace} Its key must be RSA."),
    Rule(
        "key_size",
        "error",
        "The key has at least the minimum number of bits.",
        "{replace} Its key must be RSA of {bits} bits or more.",
    ),
    Rule(
        "not_yet_valid",
        "error",
        "The certificate's validity has begun when it is used.",
        "Check the server's clock. {replace}",
    ),
    Rule("expired", "error", "The certificate has not expired.", "{replace}"),
    Rule("expires_soon", "warning", "The certificate is valid for some time to come.", "{replace}"),
    Rule(
        "rollover_too_late",
        "warning",
        "A staged certificate takes effect while the one in use is still valid (Lync: 24 hours before its end).",
        "Stage it again with an earlier effective date. {replace}",
    ),
    Rule(
        "server_authentication", "warning", "The extended key usage, if any, allows server authentication.", "{replace}"
    ),
    Rule("digital_signature", "warning", "The key usage, if any, allows digital signatures.", "{replace}"),
    Rule("signature_hash", "warning", "The certificate is not signed with SHA-1 or MD5.", "{replace}"),
    # OAuthTokenIssuer of Lync and Skype for Business Server
    Rule("token_issuer_unassigned", "error", "An OAuthTokenIssuer certificate is assigned.", "{replace}"),
    Rule("token_issuer_differs", "error", "All front ends have the same OAuthTokenIssuer certificate.", "{deploy}"),
    Rule("token_issuer_scope", "warning", "The OAuthTokenIssuer certificate is assigned globally.", "{widen}"),
    Rule(
        "sip_domain_missing",
        "error",
        "The certificate carries the SIP domain.",
        "{replace} Give it the SIP domain as subject (CN).",
    ),
    Rule(
        "sip_domain_not_in_subject",
        "warning",
        "The subject, not only the alternative names, carries the default SIP domain.",
        "{replace} Give it the SIP domain as subject (CN).",
    ),
    Rule(
        "wildcard_subject",
        "warning",
        "The subject is not a wildcard, which no Lync role supports.",
        "{replace} Give it the SIP domain as subject (CN).",
    ),
    # The Exchange Auth certificate
    Rule("auth_certificate_unassigned", "error", "AuthConfig names a current certificate.", "{replace}"),
    Rule(
        "auth_configuration_differs",
        "warning",
        "Every server shows the same AuthConfig.",
        "Wait for Active Directory replication and read it again.",
    ),
    Rule(
        "auth_certificate_subject",
        "warning",
        "The subject is CN=Microsoft Exchange Server Auth Certificate.",
        "{replace}",
    ),
    Rule(
        "auth_next_overdue",
        "warning",
        "The next certificate is published within 12 hours of its effective date.",
        "{publish}",
    ),
    # The certificate that Exchange's web site shows
    Rule(
        "autodiscover_name_missing",
        "warning",
        "A valid certificate assigned to IIS carries each Autodiscover name.",
        "{replace} It has to carry the name, or clients that are sent to it do not trust the server.",
    ),
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _RULES}
