# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about the certificates of Exchange."""

from __future__ import annotations

from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.advice import Advice, Advices

_AUTH = Advice(
    shell="exchange",
    cmdlet="Get-ExchangeCertificate",
    named_by="Get-AuthConfig",
    replace=(
        "Create a new Exchange Auth certificate with New-ExchangeCertificate, name it with Set-AuthConfig "
        "-NewCertificateThumbprint -NewCertificateEffectiveDate, then Set-AuthConfig -PublishCertificate "
        "(onprem.exchange_lync.exchange_cmdlet runs each); have Lync read Exchange's metadata again afterwards."
    ),
    deploy=(
        "Export the certificate with its private key from a server that has it (Export-ExchangeCertificate) and import "
        "it on this one with Import-ExchangeCertificate -Server (onprem.exchange_lync.exchange_cmdlet runs both)."
    ),
    publish=(
        "Publish it with Set-AuthConfig -PublishCertificate (onprem.exchange_lync.exchange_cmdlet) and see that the "
        "service MSExchangeServiceHost runs."
    ),
)
_ENABLE = (
    "assign it to IIS on this server with Enable-ExchangeCertificate (onprem.exchange_lync.exchange_cmdlet runs both)."
)
_IIS = Advice(
    shell="exchange",
    cmdlet="Get-ExchangeCertificate",
    named_by="Get-ExchangeCertificate",
    replace=f"Import a certificate of your authority with Import-ExchangeCertificate, and {_ENABLE}",
    deploy=f"Import the certificate with its private key with Import-ExchangeCertificate, and {_ENABLE}",
)

ADVICE: Advices = {"ExchangeAuth": _AUTH, "ExchangeAuthNext": _AUTH, "ExchangeIIS": _IIS}
