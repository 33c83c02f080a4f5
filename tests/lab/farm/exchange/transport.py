# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport service of each server, as far as its certificate goes, and the organization's overridden settings."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSObject, PSString

from farm.exchange.auth import CONFIG
from farm.exchange.client_access import TASKS, select
from farm.exchange.errors import not_found
from farm.exchange.objects import CONFIGURATION, PRESENTATION, directory_object
from farm.objects import multi_valued, text
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ

TYPE = "Microsoft.Exchange.Data.Directory.Management.TransportServer"


@cmdlet("Get-TransportService", EXCHANGE_READ, type_name=f"{TASKS}.GetTransportService")
def get_transport_service(call: Call) -> Iterator[PSObject]:
    """The transport services; of each the thumbprint of the certificate that Active Directory has as the internal transport certificate."""
    servers = [server for server in call.organization.servers if not server.is_edge and server.is_e15]
    for server in select(call, servers):
        yield directory_object(
            call,
            [TYPE, *PRESENTATION],
            call.organization.server_dn(server),
            server.changed,
            {"InternalTransportCertificateThumbprint": text(server.internal_transport)},
            shown=server.name,
            classes=("top", "server", "Exchange-Server"),
        )


@cmdlet("Get-SettingOverride", EXCHANGE_READ, type_name=f"{TASKS}.GetSettingOverride")
def get_setting_override(call: Call) -> Iterator[PSObject]:
    """The overrides, or one."""
    found, identity = call.organization.setting_overrides, call.text("Identity")
    if identity:
        found = [entry for entry in found if entry.name.lower() == identity.lower()]
        if not found:
            call.error(not_found(call, identity))
    for entry in found:
        properties: dict[str, object] = {
            "ComponentName": PSString(entry.component),
            "SectionName": PSString(entry.section),
            "Parameters": multi_valued(entry.parameters),
            "Reason": text(""),
            "Server": None,
        }
        dn = f"CN={entry.name},CN=Setting Overrides,CN=Global Settings,{call.organization.dn}"
        names = [f"{CONFIG}.SettingOverride", *CONFIGURATION]
        yield directory_object(
            call, names, dn, call.organization.created, properties, classes=("top", "Config-Settings")
        )
