# SPDX-License-Identifier: GPL-3.0-or-later

"""Server-to-server authorization: AuthConfig."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSObject

from farm.exchange.client_access import TASKS
from farm.exchange.objects import CONFIGURATION, directory_object
from farm.objects import date, text
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ

CONFIG = "Microsoft.Exchange.Data.Directory.SystemConfiguration"


@cmdlet("Get-AuthConfig", EXCHANGE_READ, type_name=f"{TASKS}.GetAuthConfig")
def get_auth_config(call: Call) -> Iterator[PSObject]:
    """The authorization configuration: which certificate signs tokens."""
    auth = call.organization.auth
    properties: dict[str, object] = {
        "CurrentCertificateThumbprint": text(auth.current),
        "PreviousCertificateThumbprint": text(auth.previous),
        "NextCertificateThumbprint": text(auth.next),
        "NextCertificateEffectiveDate": date(auth.next_effective),
        "ServiceName": text(auth.service_name),
        "Realm": text(auth.realm),
    }
    if call.host.version != "2013":
        properties |= {"DeploymentId": text(""), "IssuerIdentifier": text("")}
    dn = f"CN=Auth Configuration,{call.organization.dn}"
    yield directory_object(
        call,
        [f"{CONFIG}.AuthConfig", *CONFIGURATION],
        dn,
        call.organization.created,
        properties,
        classes=("top", "container", "msExchContainer", "Auth-Auth-Config"),
    )
