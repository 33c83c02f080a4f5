# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for instant messaging in Outlook on the web, which Exchange 2016 and later are configured for by setting overrides.

None of them is about the trust between the products. Exchange 2013 keeps its configuration in web.config, so nothing is said of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.certificate_uses import describe_end
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import Facts, Store
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import Certificate, count_days
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import spell_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import host_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.setting_overrides import (
    IM_SETTINGS,
    choose_overrides,
    find_parameter,
    is_bounded,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import names_of
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import normal_thumbprint

_PAGE = "Configure instant messaging integration with Outlook on the web in Exchange"
_BY_OVERRIDE, _WITHOUT_UM = (15, 1), (15, 2)
"""The first versions of Exchange that are configured by an override, and that are without Unified Messaging."""
_FIRST_SUPPORTED = 6
"""The major version of Skype for Business Server 2015."""


@dataclass(frozen=True)
class Configured:
    """An Exchange server, and what configures instant messaging there.

    :ivar overrides: those of the organisation, and the server's own. Which of several counts is not known.
    """

    server: Facts
    overrides: list[Facts]
    store: Store | None

    def list_values(self, parameter: str) -> list[str]:
        """The values of a parameter of the overrides; nothing for one that is not given."""
        found = (find_parameter(item, parameter) for item in self.overrides)
        return list(dict.fromkeys(filter(None, found)))

    def find_certificate(self, value: str) -> Certificate | None:
        """The certificate that a value of the parameter names, as the server's store has it."""
        return self.store.certificates.get(normal_thumbprint(value)) if self.store else None


def _list_configured(context: Context, since: tuple[int, int] = _BY_OVERRIDE) -> Iterator[Configured]:
    """The servers of these versions for which there are overrides. Not those with one for some versions only."""
    organization = context.farm.organization
    known = choose_overrides((organization.setting_overrides if organization else None) or (), IM_SETTINGS)
    stores = {store.host: store for store in context.exchange_stores if store.error is None}
    for server in (organization.servers if organization else None) or ():
        overrides = [item for item in known if _is_for(item, server)]
        if not overrides or any(map(is_bounded, overrides)) or context.is_left_out(*names_of(server)):
            continue
        if _read_version(server) >= since:
            yield Configured(server, overrides, stores.get(host_name(server)))


def _is_for(override: Facts, server: Facts) -> bool:
    """Whether an override is for a server: it may name some, by their short names."""
    wanted = [str(name).casefold() for name in override["servers"]]
    return not wanted or any(fnmatch(str(server["name"]).casefold(), name) for name in wanted)


def _read_version(server: Facts) -> tuple[int, ...]:
    numbers = re.match(r"(\d+)\.(\d+)", str(server["version"] or ""))
    return tuple(map(int, numbers.groups())) if numbers else ()


@rule(
    "owa_im_certificate",
    "warning",
    demand=(
        "The certificate by which Outlook on the web logs on to Lync for instant messages is on the Exchange server, and valid for "
        "farm_warn_days days more."
    ),
    remedy=(
        "Renew the certificate of IIS if that has not been done. Name it: Set-SettingOverride with the name and both Parameters, "
        "IMServerName and IMCertificateThumbprint (exchange_cmdlet). Then, on each server, Get-ExchangeDiagnosticInfo -Process "
        "Microsoft.Exchange.Directory.TopologyService -Component VariantConfiguration -Argument Refresh, and Restart-WebAppPool "
        "MSExchangeOWAAppPool."
    ),
    source=f"{_PAGE}: the thumbprint has to be updated whenever the certificate of IIS is renewed",
)
def find_lost_certificates(context: Context) -> Iterator[Breach]:
    """Where several overrides are for a server, one good certificate is enough. It breaks instant messages there, and nothing else."""
    for item in _list_configured(context):
        named = item.list_values("IMCertificateThumbprint")
        if item.store is None:
            continue
        problems = [_find_problem(context, item, value) for value in named]
        if named and all(problems):
            yield Breach(host_name(item.server), "; ".join(problems), normal_thumbprint(named[0]))
        elif not named and item.list_values("IMServerName"):
            names = ", ".join(str(override["name"]) for override in item.overrides)
            yield Breach(
                host_name(item.server), f"the setting override {names} names no certificate (IMCertificateThumbprint)"
            )


def _find_problem(context: Context, item: Configured, value: str) -> str:
    named = next(each for each in item.overrides if find_parameter(each, "IMCertificateThumbprint") == value)
    text = f"the setting override {named['name']} names the certificate {normal_thumbprint(value)}"
    certificate = item.find_certificate(value)
    if certificate is None:
        return f"{text}, which is not in the server's store"
    end = certificate.not_after
    lasts = end is None or count_days(end, context.now) >= context.description.warn_days
    return "" if lasts else f"{text}: {describe_end(certificate, context.now)}"


@rule(
    "owa_im_with_lync_2013",
    "warning",
    demand="Outlook on the web of Exchange 2016 or later has no pool of Lync Server 2013 for instant messages.",
    remedy=(
        "Move the users to a pool of Skype for Business Server and name that pool in the override (Set-SettingOverride, IMServerName), or "
        "remove the override (Remove-SettingOverride, exchange_cmdlet)."
    ),
    source=f"{_PAGE}: IM integration between Lync Server 2013 and Exchange 2016 or later isn't supported",
)
def find_unsupported_pairs(context: Context) -> Iterator[Breach]:
    """Only of the pool of the front end that was asked for its version: another pool may have another one."""
    deployment = context.farm.deployment
    major = re.match(r"\d+", str(((deployment.version if deployment else None) or {}).get("build") or ""))
    if deployment is None or major is None or int(major[0]) >= _FIRST_SUPPORTED:
        return
    names = _list_lync_names(context, deployment.computer)
    for item in _list_configured(context):
        for pool in item.list_values("IMServerName"):
            if spell_domain(pool) in names:
                build = (deployment.version or {})["build"]
                evidence = f"Exchange {item.server['version']} is to use {pool}, which runs Lync Server {build}"
                yield Breach(host_name(item.server), evidence, pool)


def _list_lync_names(context: Context, computer: str = "") -> set[str]:
    """The names of the deployment's pools and their computers; only of the pool that has this computer, if one is given."""
    pools = (context.farm.deployment.pools if context.farm.deployment else None) or []
    named = [{spell_domain(str(name)) for name in (pool["fqdn"], *pool["computers"])} for pool in pools]
    return {name for names in named if not computer or spell_domain(computer) in names for name in names}


@rule(
    "owa_im_server_not_trusted",
    "warning",
    demand="Lync knows each Exchange server that sends instant messages for Outlook on the web as a trusted application computer.",
    remedy=(
        "Run New-CsTrustedApplicationPool with the server's full name as Identity and ComputerFqdn, the pool as Registrar, the SiteId as "
        "Site, RequiresReplication false, ThrottleAsServer and TreatAsAuthenticated true; then New-CsTrustedApplication for it, and "
        "Enable-CsTopology (lync_cmdlet)."
    ),
    source=(
        "Configure integration between on-premises Skype for Business Server and Outlook Web App; When to have a Lync trusted application "
        "pool for Exchange OWA IM integration (blogs.technet.microsoft.com/jenstr)"
    ),
)
def find_unknown_servers(context: Context) -> Iterator[Breach]:
    """Not of Exchange 2016: there Lync may know the server by its Unified Messaging. Any name of its certificate is enough."""
    deployment = context.farm.deployment
    computers = deployment.trusted_application_computers if deployment else None
    if computers is None:
        return
    trusted = {spell_domain(str(name)) for item in computers for name in (item["fqdn"], item["pool"])}
    pools = _list_lync_names(context)
    for item in _list_configured(context, _WITHOUT_UM):
        certificates = list(filter(None, map(item.find_certificate, item.list_values("IMCertificateThumbprint"))))
        named = item.list_values("IMServerName")
        if not certificates or not named or not {spell_domain(name) for name in named} <= pools:
            continue
        names = {name for certificate in certificates for name in (*certificate.common_names, *certificate.dns_names)}
        if not {spell_domain(name) for name in (host_name(item.server), *names)} & trusted:
            evidence = f"it is to send instant messages to {named[0]}, and is no trusted application computer there"
            yield Breach(host_name(item.server), evidence, named[0])
