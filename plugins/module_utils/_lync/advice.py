# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about the certificates of Lync and Skype for Business Server."""

from __future__ import annotations

from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.advice import Advice, Advices

_TOKEN_ISSUER = Advice(
    shell="lync",
    cmdlet="Get-CsCertificate",
    named_by="Get-CsCertificate -Type OAuthTokenIssuer",
    replace=(
        "Request a web server certificate (Request-CsCertificate, or your authority) and assign it once, on one front "
        "end, with onprem.exchange_lync.lync_certificate (use OAuthTokenIssuer)."
    ),
    deploy=(
        "Assign the certificate globally, once, from a PFX with its private key, with "
        "onprem.exchange_lync.lync_certificate (use OAuthTokenIssuer); replication brings it to every front end: "
        "onprem.exchange_lync.lync_replication waits."
    ),
    widen=(
        "Assign it once, globally, with onprem.exchange_lync.lync_certificate, then take the server's own assignment "
        "back with Remove-CsCertificate (onprem.exchange_lync.lync_cmdlet)."
    ),
)

ADVICE: Advices = {"OAuthTokenIssuer": _TOKEN_ISSUER, "OAuthTokenIssuerStaged": _TOKEN_ISSUER}
