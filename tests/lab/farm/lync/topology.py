# SPDX-License-Identifier: GPL-3.0-or-later

"""The topology: sites, pools, computers, services, SIP domains, versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from psrpcore.types import PSList, PSObject, PSString

from farm.lync.errors import not_found
from farm.lync.roles import list_roles
from farm.objects import psobject, text
from farm.registry import Call, cmdlet
from farm.rights import LYNC_LOCAL_READ, LYNC_READ
from farm.scenario import Pool, TrustedApplicationPool

TOPOLOGY = "Microsoft.Rtc.Management.Deploy.Internal"
XDS = "Microsoft.Rtc.Management.Xds"
CMDLETS = "Microsoft.Rtc.Management.Deployment"
ROLES = (
    "Registrar", "UserServer", "WebServer", "ConferencingServer", "EdgeServer", "MediationServer", "CentralManagement",
)  # fmt: skip
DIRECTOR = "Director"
"""What Get-CsService calls the Registrar of a Director when it is asked for Directors."""

OTHER_ROLES = (
    "ApplicationDatabase", "ApplicationServer", "ArchivingDatabase", "ArchivingServer", "BackupServer",
    "CentralManagementDatabase", "FileStore", "LegalInterceptServer", "ManagementServer",
    "MonitoringDatabase", "MonitoringServer", "PersistentChatComplianceDatabase", "PersistentChatDatabase", "PersistentChatServer",
    "PstnGateway", "TrustedApplicationPool", "UserDatabase", "VideoGateway", "VideoInteropServer", "WacServer",
)  # fmt: skip
"""Roles that a real topology has, and the lab's pools do not."""


def _strings(values: list[str]) -> PSList:
    return PSList([PSString(value) for value in values])


def _matching(call: Call, shown: str, identity: str | None) -> bool:
    del call
    return not identity or shown.lower() in (identity.lower(), f"site:{identity}".lower())


def _site_id(name: str) -> str:
    return f"Site:{name}"


@cmdlet("Get-CsSite", LYNC_READ, type_name=f"{CMDLETS}.GetSiteCmdlet", without=("Filter",))
def get_cs_site(call: Call) -> Iterator[PSObject]:
    """The sites, or one."""
    identity, found = call.text("Identity"), False
    for name in dict.fromkeys(pool.site for pool in call.farm.scenario.lync.pools):
        if _matching(call, _site_id(name), identity) or _matching(call, name, identity):
            found = True
            pools = [pool.fqdn for pool in call.farm.scenario.lync.pools if pool.site == name]
            yield psobject(
                [f"{XDS}.DisplaySite", "System.Object"],
                _site_id(name),
                Identity=text(_site_id(name)),
                SiteId=text(name),
                DisplayName=text(name),
                Description=text(""),
                ParentSite=text(""),
                Pools=_strings(pools),
                Kind=text("CentralSite"),
            )
    if identity and not found:
        raise not_found(call, identity, "site")


@cmdlet("Get-CsPool", LYNC_READ, type_name=f"{CMDLETS}.GetPoolCmdlet", without=("Filter",))
def get_cs_pool(call: Call) -> Iterator[PSObject]:
    """The pools, or one; the Exchange servers that are trusted applications are not among them."""
    identity = call.text("Identity")
    found = [pool for pool in call.farm.scenario.lync.pools if not identity or pool.fqdn.lower() == identity.lower()]
    if identity and not found:
        raise not_found(call, identity, "pool")
    for pool in found:
        if (
            not call.text("Site")
            or _matching(call, _site_id(pool.site), call.text("Site"))
            or pool.site == call.text("Site")
        ):
            yield _pool(call, pool)


def _pool(call: Call, pool: Pool) -> PSObject:
    database = pool.database or (f"{pool.computers[0]}\\rtc" if pool.kind == "front_end" else "")
    return psobject(
        [f"{XDS}.DisplayPool", "System.Object"],
        pool.fqdn,
        Identity=text(pool.fqdn),
        Services=_strings([f"{role}:{pool.fqdn}" for role in list_roles(call.farm.scenario.lync, pool)]),
        Computers=_strings(pool.computers),
        Fqdn=text(pool.fqdn),
        BackendDatabase=text(database),
        Site=text(_site_id(pool.site)),
    )


@cmdlet("Get-CsComputer", LYNC_READ, type_name=f"{CMDLETS}.GetComputerCmdlet", without=("Filter",))
def get_cs_computer(call: Call) -> Iterator[PSObject]:
    """The computers, or one, or this one."""
    identity = call.host.fqdn if call.switch("Local") else call.text("Identity")
    yield from _find_computers(call, call.farm.scenario.lync.pools, identity)


def _find_computers(
    call: Call, pools: Iterable[Pool | TrustedApplicationPool], identity: str | None
) -> Iterator[PSObject]:
    wanted_pool = call.text("Pool")
    found = [
        (computer, pool)
        for pool in pools
        for computer in pool.computers
        if (not identity or computer.lower() == identity.lower())
        and (not wanted_pool or pool.fqdn.lower() == wanted_pool.lower())
    ]
    if identity and not found:
        raise not_found(call, identity, "computer")
    for computer, pool in found:
        yield _show_computer(computer, pool.fqdn)


def _show_computer(computer: str, pool: str) -> PSObject:
    names = [f"{XDS}.DisplayComputer", "System.Object"]
    return psobject(names, computer, Identity=text(computer), Pool=text(pool), Fqdn=text(computer))


@cmdlet(
    "Get-CsTrustedApplicationComputer",
    LYNC_READ,
    type_name=f"{CMDLETS}.GetTrustedApplicationComputerCmdlet",
    without=("Filter", "Local"),
)
def get_cs_trusted_application_computer(call: Call) -> Iterator[PSObject]:
    """The computers of the trusted application pools, or one, or those of one pool; none of these pools is without one."""
    yield from _find_computers(call, call.farm.scenario.lync.trusted_application_pools, call.text("Identity"))


@cmdlet("Get-CsService", LYNC_READ, type_name=f"{CMDLETS}.GetServiceCmdlet", without=("Filter", *OTHER_ROLES))
def get_cs_service(call: Call) -> Iterator[PSObject]:
    """The services of the pools, all or those of switches that name their roles."""
    identity, pool_name = call.text("Identity"), call.text("PoolFqdn")
    for pool in call.farm.scenario.lync.pools:
        for role in _choose_roles(call, pool):
            name = f"{role}:{pool.fqdn}"
            if (not identity or name.lower() == identity.lower()) and (
                not pool_name or pool.fqdn.lower() == pool_name.lower()
            ):
                yield _show_service(call, pool, role)


def _choose_roles(call: Call, pool: Pool) -> list[str]:
    """The roles of a pool that the call asks for: all, or those of its switches."""
    there = list_roles(call.farm.scenario.lync, pool)
    if call.switch(DIRECTOR):
        return [DIRECTOR] if pool.kind == "director" else []
    named = [role for role in ROLES if call.switch(role)]
    return [role for role in there if not named or role in named]


def _show_service(call: Call, pool: Pool, role: str) -> PSObject:
    name = f"{role}:{pool.fqdn}"
    return psobject(
        [f"{XDS}.Display{role}", "System.Object"],
        name,
        Identity=text(name),
        ServiceId=text(f"1-{role}-1"),
        SiteId=text(_site_id(pool.site)),
        PoolFqdn=text(pool.fqdn),
        Version=_major(call),
        Role=text(role),
        DependentServiceList=_strings([]),
    )


def _major(call: Call) -> int:
    return int(call.farm.scenario.lync.build.partition(".")[0])


@cmdlet("Get-CsSipDomain", LYNC_READ, type_name=f"{CMDLETS}.GetSipDomainCmdlet", without=("Filter",))
def get_cs_sip_domain(call: Call) -> Iterator[PSObject]:
    """The SIP domains, or one."""
    identity = call.text("Identity")
    domains = call.farm.store.content.sip_domains
    found = [domain for domain in domains if not identity or domain.name.lower() == identity.lower()]
    if identity and not found:
        raise not_found(call, identity, "SIP domain")
    for domain in found:
        yield psobject(
            [f"{XDS}.DisplaySipDomain", "System.Object"],
            domain.name,
            Identity=text(domain.name),
            Name=text(domain.name),
            IsDefault=domain.default,
        )


@cmdlet("Get-CsTopology", LYNC_READ, type_name=f"{CMDLETS}.GetTopologyCmdlet")
def get_cs_topology(call: Call) -> Iterator[PSObject]:
    """The topology as one object, or with AsXml as a text."""
    lync = call.farm.scenario.lync
    if call.switch("AsXml"):
        pools = "".join(
            f'<Cluster Fqdn="{pool.fqdn}"><Machine Fqdn="{m}"/></Cluster>'
            for pool in lync.pools
            for m in pool.computers
        )
        yield PSString(f'<Topology xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008">{pools}</Topology>')
        return
    yield psobject(
        [f"{TOPOLOGY}.DefaultTopology", "System.Object"],
        None,
        Clusters=_strings([pool.fqdn for pool in lync.pools]),
        Machines=_strings([computer for pool in lync.pools for computer in pool.computers]),
        Sites=_strings(list(dict.fromkeys(pool.site for pool in lync.pools))),
        InternalDomains=_strings([domain.name for domain in call.farm.store.content.sip_domains]),
        DefaultDomain=text(next((d.name for d in call.farm.store.content.sip_domains if d.default), "")),
        IsComplete=True,
    )


@cmdlet("Get-CsServerVersion", LYNC_LOCAL_READ, type_name=f"{CMDLETS}.GetServerVersionCmdlet")
def get_cs_server_version(call: Call) -> Iterator[PSObject]:
    """A sentence with the version of this computer's installation."""
    lync = call.farm.scenario.lync
    product = "Microsoft Lync Server 2013" if lync.version == "2013" else f"Skype for Business Server {lync.version}"
    yield PSString(f"{product} ({lync.build}): Volume license key installed.")


@cmdlet("Get-CsManagementConnection", LYNC_READ, type_name=f"{XDS}.GetManagementConnectionCmdlet")
def get_cs_management_connection(call: Call) -> Iterator[PSObject]:
    """Where the Central Management Store is."""
    pool = call.farm.scenario.lync.central_pool
    server = pool.database or pool.computers[0]
    yield psobject(
        [f"{XDS}.ManagementConnection", "System.Object"],
        None,
        StoreProvider=text("Sql"),
        Connection=text(f"Data Source={server}\\rtc;Initial Catalog=xds;Integrated Security=True"),
        ReadOnly=False,
        SqlServer=text(server),
        SqlInstance=text("rtc"),
    )
