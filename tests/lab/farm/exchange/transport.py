# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport service of each server, as far as its certificate goes, and the organization's overridden settings."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from psrpcore.types import PSList, PSObject, PSString

from farm.exchange.auth import CONFIG
from farm.exchange.client_access import TASKS, select
from farm.exchange.errors import not_found
from farm.exchange.objects import CONFIGURATION, PRESENTATION, directory_object, object_version
from farm.objects import enumeration, multi_valued, text
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_READ
from farm.scenario import SettingOverride

TYPE = "Microsoft.Exchange.Data.Directory.Management.TransportServer"
SETTINGS = "ConfigurationSettings"
REASON = "Configured by an administrator"


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
        dn = f"CN={entry.name},CN=Setting Overrides,CN=Global Settings,{call.organization.dn}"
        yield directory_object(
            call,
            [f"{CONFIG}.{SETTINGS}.SettingOverride", *CONFIGURATION],
            dn,
            call.organization.created,
            _show_override(call, entry),
            classes=("top", "Config-Settings"),
        )


def _show_override(call: Call, entry: SettingOverride) -> dict[str, object]:
    """Its own properties, in the order of the object that CSS-Exchange's tests have. That one has no Server: how it is shown is a guess."""
    author = f"{call.organization.domain}/Users/{call.farm.scenario.users[0].name}"
    wrapped = "".join(f"<P>{escape(parameter)}</P>" for parameter in entry.parameters)
    attributes = (
        f"CN={quoteattr(entry.component)} SN={quoteattr(entry.section)} MB={quoteattr(author)} R={quoteattr(REASON)}"
    )
    return {
        "ComponentName": PSString(entry.component),
        "SectionName": PSString(entry.section),
        "AppId": text("EXO"),
        "FlightName": None,
        "ModifiedBy": text(author),
        "Reason": text(REASON),
        "MinVersion": None,
        "MaxVersion": None,
        "FixVersion": None,
        "Server": PSList([PSString(name.strip()) for name in entry.server.split(",")]) if entry.server else None,
        "IsFlight": False,
        "Parameters": multi_valued(entry.parameters),
        "Status": enumeration(f"{CONFIG}.{SETTINGS}.SettingOverrideStatus", "Accepted", 3),
        "XmlRaw": text(f"<S {attributes}><Ps>{wrapped}</Ps></S>"),
        "AdminDisplayName": text(""),
        "ExchangeVersion": object_version(0, 1, "8.0.535.0"),
    }
