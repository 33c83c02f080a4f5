# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The organisation as Exchange describes it: one read for each family of cmdlets, projected by the server to what is returned."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import (
    Flag,
    Instant,
    Kind,
    NameSet,
    Thumbprint,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Family, Property, Reads, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Value

Facts = dict[str, t.Any]


class Flags(Kind):
    """An enumeration that holds several members at once, shown by .NET as ``IMAP, POP, IIS, SMTP``; ``None`` is its word for nothing."""

    def read(self, value: Value) -> t.Any:
        text = super().read(value)
        if text is None:
            return None
        return [name.strip() for name in text.split(",") if name.strip() not in ("", "None")]


class Build(Kind):
    """Exchange's ``Version 15.1 (Build 2507.39)`` as the build number that the release notes use: ``15.1.2507.39``."""

    def read(self, value: Value) -> t.Any:
        text = super().read(value)
        numbers = re.fullmatch(r"Version (\d+)\.(\d+) \(Build (\d+)\.(\d+)\)", text or "")
        return ".".join(numbers.groups()) if numbers else text


class LastName(Kind):
    """The last part of a canonical directory name: ``litwareinc.com/Configuration/Sites/Atlanta`` is Atlanta."""

    def read(self, value: Value) -> t.Any:
        text = super().read(value)
        return text.rsplit("/", 1)[-1] if text else None


class EmptyText(Kind):
    """Text that is empty, not null, where there is nothing."""

    def read(self, value: Value) -> t.Any:
        return super().read(value) or ""


SERVERS = Family(
    Cmdlet("Get-ExchangeServer"),
    Table(
        Property("name", "Name"),
        Property("fqdn", "Fqdn"),
        Property("version", "AdminDisplayVersion", Build()),
        Property("roles", "ServerRole", Flags()),
        Property("site", "Site", LastName()),
        Property("is_edge", "IsEdgeServer", Flag()),
        Property("is_client_access", "IsClientAccessServer", Flag()),
        Property("is_mailbox", "IsMailboxServer", Flag()),
    ),
)

ACCEPTED_DOMAINS = Family(
    Cmdlet("Get-AcceptedDomain"),
    Table(
        Property("name", "Name"),
        Property("domain_name", "DomainName"),
        Property("domain_type", "DomainType"),
        Property("default", "Default", Flag()),
        Property("wildcard", "MatchSubDomains", Flag()),
    ),
)

AUTH_CONFIG = Family(
    Cmdlet("Get-AuthConfig"),
    Table(
        Property("current_certificate_thumbprint", "CurrentCertificateThumbprint", Thumbprint(none="")),
        Property("previous_certificate_thumbprint", "PreviousCertificateThumbprint", Thumbprint(none="")),
        Property("next_certificate_thumbprint", "NextCertificateThumbprint", Thumbprint(none="")),
        Property("next_certificate_effective_date", "NextCertificateEffectiveDate", Instant()),
        Property("service_name", "ServiceName", EmptyText()),
        Property("realm", "Realm", EmptyText()),
    ),
)

ORGANIZATION = Family(
    Cmdlet("Get-OrganizationConfig"),
    Table(
        Property("name", "Name"),
        Property("guid", "Guid"),
        Property("oauth2_client_profile_enabled", "OAuth2ClientProfileEnabled", Flag()),
    ),
)

_VIRTUAL_DIRECTORY = Table(
    Property("server", "Server", LastName()),
    Property("name", "Name"),
    Property("internal_url", "InternalUrl"),
    Property("external_url", "ExternalUrl"),
    Property("oauth_authentication", "OAuthAuthentication", Flag()),
    Property("ws_security_authentication", "WSSecurityAuthentication", Flag()),
    Property("windows_authentication", "WindowsAuthentication", Flag()),
    Property("extended_protection", "ExtendedProtectionTokenChecking"),
    Property("internal_authentication_methods", "InternalAuthenticationMethods", NameSet()),
)

# ADPropertiesOnly: without it every server's IIS is asked, and one that is switched off keeps the others waiting
VIRTUAL_DIRECTORIES = {
    "autodiscover": Family(Cmdlet("Get-AutodiscoverVirtualDirectory", ADPropertiesOnly=True), _VIRTUAL_DIRECTORY),
    "web_services": Family(Cmdlet("Get-WebServicesVirtualDirectory", ADPropertiesOnly=True), _VIRTUAL_DIRECTORY),
}

# Set-HybridConfiguration.md; nothing comes back where the organisation is none
HYBRID_CONFIGURATION = Family(
    Cmdlet("Get-HybridConfiguration"),
    Table(Property("domains", "Domains", NameSet()), Property("features", "Features", NameSet())),
)

SERVICE_HEALTH = Family(
    Cmdlet("Test-ServiceHealth"),
    Table(
        Property("role", "Role"),
        Property("running", "RequiredServicesRunning", Flag()),
        Property("services_not_running", "ServicesNotRunning", NameSet()),
    ),
)

_METHODS = {
    "oauth_authentication": "oauth",
    "ws_security_authentication": "wssecurity",
    "windows_authentication": "windowsintegrated",
}


def read_accepted_domains(shell: Reads) -> list[Facts]:
    """The accepted domains, each with whether it stands for its subdomains too: such entries break OAuth between servers."""
    domains = ACCEPTED_DOMAINS.read(shell)
    for domain in domains:
        domain["wildcard"] = bool(domain["wildcard"]) or str(domain["domain_name"] or domain["name"]).startswith("*")
    return domains


def read_virtual_directories(shell: Reads) -> dict[str, list[Facts]]:
    """The Autodiscover and Exchange Web Services virtual directories of all servers, as the directory holds them."""
    return {name: [complete_flags(item) for item in family.read(shell)] for name, family in VIRTUAL_DIRECTORIES.items()}


def read_auth_config(shell: Reads) -> Facts | None:
    """The organisation's AuthConfig, or None where there is none (no server of 2013 or later has been prepared)."""
    return next(iter(AUTH_CONFIG.read(shell)), None)


def complete_flags(directory: Facts) -> Facts:
    """Versions that leave a flag null under ADPropertiesOnly still list its method. Where they list none at all, it is not known."""
    methods = {method.casefold() for method in directory["internal_authentication_methods"]}
    for flag, method in _METHODS.items():
        if directory[flag] is None and methods:
            directory[flag] = method in methods
    return directory


def read_organization(shell: Reads) -> Facts | None:
    """The organisation itself."""
    return next(iter(ORGANIZATION.read(shell)), None)


def read_hybrid_configuration(shell: Reads) -> Facts | None:
    """The hybrid configuration, or None where the organisation has none."""
    return next(iter(HYBRID_CONFIGURATION.read(shell)), None)


def host_name(server: Facts) -> str:
    """The name under which a server is shown: its FQDN in lower case, as inventories have it."""
    return str(server["fqdn"] or server["name"]).lower()
