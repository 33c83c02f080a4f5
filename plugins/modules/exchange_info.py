#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_info
short_description: Read what an Exchange organisation consists of
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Returns the servers of an Exchange organisation, its accepted domains, the authentication configuration (AuthConfig), the Autodiscover
    URIs, the hybrid configuration, whether OAuth is on for the Autodiscover and Exchange Web Services virtual directories, the
    organisation itself, and the health of the services of the server that is asked.
  - Only what is asked for is read, with one read for each family of cmdlets, whatever the number of servers.
options:
  gather:
    description:
      - What to read. What is not named is not read, and its key is missing from the result.
    type: list
    elements: str
    choices:
      - servers
      - accepted_domains
      - auth_config
      - client_access
      - hybrid_configuration
      - virtual_directories
      - organization
      - service_health
    default:
      - servers
      - accepted_domains
      - auth_config
      - client_access
      - hybrid_configuration
      - virtual_directories
      - organization
      - service_health
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
  - onprem.exchange_lync._directory
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: [Nothing is changed.]
  idempotent:
    support: full
notes:
  - One host of the organisation is enough. All of them give the same answer, except for RV(service_health), which is the host's own.
  - Needs the cmdlets C(Get-ExchangeServer), C(Get-AcceptedDomain), C(Get-AuthConfig), C(Get-ClientAccessService) or
    C(Get-ClientAccessServer), C(Get-HybridConfiguration), C(Get-AutodiscoverVirtualDirectory), C(Get-WebServicesVirtualDirectory),
    C(Get-OrganizationConfig) and C(Test-ServiceHealth), each for what it reads. View-Only Organization Management has them.
seealso:
  - module: onprem.exchange_lync.exchange_client_access
  - module: onprem.exchange_lync.exchange_certificate_info
"""

EXAMPLES = r"""
- name: Read the organisation
  onprem.exchange_lync.exchange_info:
  register: exchange
  run_once: true

- name: Are there accepted domains that break OAuth between servers?
  onprem.exchange_lync.exchange_info:
    gather: [accepted_domains]
  register: domains
  failed_when: domains.accepted_domains | selectattr('wildcard') | length > 0
"""

RETURN = r"""
servers:
  description: The servers of the organisation, Edge Transport servers among them.
  returned: when O(gather) has V(servers)
  type: list
  elements: dict
  contains:
    name:
      description: The server's name.
      type: str
      returned: always
    fqdn:
      description: Its fully qualified domain name.
      type: str
      returned: always
    version:
      description: The build number.
      type: str
      returned: always
    roles:
      description: The roles as C(ServerRole) has them. In 2016 and later C(Mailbox) stands for all of them.
      type: list
      elements: str
      returned: always
    site:
      description: The Active Directory site.
      type: str
      returned: always
    is_edge:
      description: Whether it is an Edge Transport server.
      type: bool
      returned: always
    is_client_access:
      description: Whether it has Client Access services.
      type: bool
      returned: always
    is_mailbox:
      description: Whether it has mailbox databases.
      type: bool
      returned: always
  sample:
    - name: ATL-EXCHANGE-001
      fqdn: atl-exchange-001.litwareinc.com
      version: 15.0.1497.2
      roles: [Mailbox, ClientAccess]
      site: Atlanta
      is_edge: false
      is_client_access: true
      is_mailbox: true
accepted_domains:
  description: The accepted domains.
  returned: when O(gather) has V(accepted_domains)
  type: list
  elements: dict
  contains:
    name:
      description: The entry's name.
      type: str
      returned: always
    domain_name:
      description: The domain.
      type: str
      returned: always
    domain_type:
      description: C(Authoritative), C(InternalRelay) or C(ExternalRelay).
      type: str
      returned: always
    default:
      description: Whether it is the default domain.
      type: bool
      returned: always
    wildcard:
      description: Whether it stands for subdomains too. OAuth between servers fails for a SIP domain that only such an entry covers.
      type: bool
      returned: always
  sample:
    - name: litwareinc.com
      domain_name: litwareinc.com
      domain_type: Authoritative
      default: true
      wildcard: false
auth_config:
  description: The authentication configuration, V(null) if there is none.
  returned: when O(gather) has V(auth_config)
  type: dict
  contains:
    current_certificate_thumbprint:
      description: The Exchange Auth certificate in use; empty where there is none.
      type: str
      returned: always
    previous_certificate_thumbprint:
      description: The one before it; empty where there is none.
      type: str
      returned: always
    next_certificate_thumbprint:
      description: The one that is staged; empty where there is none.
      type: str
      returned: always
    next_certificate_effective_date:
      description: When the staged one becomes the current one, in ISO 8601 and UTC, or V(null).
      type: str
      returned: always
    service_name:
      description: The application identifier of Exchange.
      type: str
      returned: always
    realm:
      description: The realm, which is usually empty. That means the default accepted domain.
      type: str
      returned: always
  sample:
    current_certificate_thumbprint: C3EDCF181EF4F9B53D01768ECA99564014BCA6E7
    previous_certificate_thumbprint: ''
    next_certificate_thumbprint: ''
    next_certificate_effective_date: null
    service_name: 00000002-0000-0ff1-ce00-000000000000
    realm: ''
client_access:
  description: The Client Access services, one for each server.
  returned: when O(gather) has V(client_access)
  type: list
  elements: dict
  contains:
    name:
      description: The server's name.
      type: str
      returned: always
    autodiscover_service_internal_uri:
      description: The Autodiscover URI that the server publishes in Active Directory, or V(null).
      type: str
      returned: always
    autodiscover_site_scope:
      description: The Active Directory sites that it is meant for.
      type: list
      elements: str
      returned: always
    originating_server:
      description: The domain controller that this was read from.
      type: str
      returned: always
  sample:
    - name: ATL-EXCHANGE-001
      autodiscover_service_internal_uri: https://atl-exchange-001.litwareinc.com/Autodiscover/Autodiscover.xml
      autodiscover_site_scope: [Atlanta]
      originating_server: atl-dc-001.litwareinc.com
hybrid_configuration:
  description: The hybrid configuration, V(null) if the organisation has none.
  returned: when O(gather) has V(hybrid_configuration)
  type: dict
  contains:
    domains:
      description: The domains that are shared with Exchange Online.
      type: list
      elements: str
      returned: always
    features:
      description: The features that are shared.
      type: list
      elements: str
      returned: always
  sample: null
service_health:
  description: The health of the services of the server that is asked, by role.
  returned: when O(gather) has V(service_health)
  type: list
  elements: dict
  contains:
    role:
      description: The role.
      type: str
      returned: always
    running:
      description: Whether all services that the role requires are running.
      type: bool
      returned: always
    services_not_running:
      description: The required services that are not running.
      type: list
      elements: str
      returned: always
  sample:
    - role: Mailbox Server Role
      running: true
      services_not_running: []
virtual_directories:
  description: The virtual directories C(autodiscover) and C(web_services) of all servers, each a list.
  returned: when O(gather) has V(virtual_directories)
  type: dict
  contains:
    autodiscover:
      description: The Autodiscover virtual directories.
      type: list
      elements: dict
      returned: always
      contains: &directory
        server:
          description: The server's name.
          type: str
          returned: always
        name:
          description: The virtual directory's name.
          type: str
          returned: always
        internal_url:
          description: The URL for clients inside, or V(null).
          type: str
          returned: always
        external_url:
          description: The URL for clients outside, or V(null).
          type: str
          returned: always
        oauth_authentication:
          description: Whether OAuth is on. Lync cannot reach Exchange where it is off.
          type: bool
          returned: always
        ws_security_authentication:
          description: Whether WS-Security is on.
          type: bool
          returned: always
        extended_protection:
          description: How Extended Protection checks channel bindings, V(None), V(Allow) or V(Require). V(null) if it is not shown.
          type: str
          returned: always
        windows_authentication:
          description: Whether Windows authentication is on.
          type: bool
          returned: always
        internal_authentication_methods:
          description: The methods for clients inside.
          type: list
          elements: str
          returned: always
    web_services:
      description: The virtual directories of Exchange Web Services.
      type: list
      elements: dict
      returned: always
      contains: *directory
  sample:
    autodiscover:
      - server: ATL-EXCHANGE-001
        name: Autodiscover (Default Web Site)
        internal_url: null
        external_url: null
        oauth_authentication: true
        ws_security_authentication: true
        windows_authentication: true
        extended_protection: None
        internal_authentication_methods: [Basic, Ntlm, WindowsIntegrated, WSSecurity, OAuth]
    web_services:
      - server: ATL-EXCHANGE-001
        name: EWS (Default Web Site)
        internal_url: https://atl-exchange-001.litwareinc.com/EWS/Exchange.asmx
        external_url: null
        oauth_authentication: true
        ws_security_authentication: true
        windows_authentication: true
        extended_protection: None
        internal_authentication_methods: [Ntlm, WindowsIntegrated, WSSecurity, OAuth]
organization:
  description: The organisation, V(null) if the server shows none.
  returned: when O(gather) has V(organization)
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: always
    guid:
      description: Its identifier.
      type: str
      returned: always
    oauth2_client_profile_enabled:
      description: Whether clients may use modern authentication; V(null) in versions that do not have this setting.
      type: bool
      returned: always
  sample:
    name: Litware
    guid: 5d3a3a3c-7f6e-4f0a-9f0e-2d1c3a9be001
    oauth2_client_profile_enabled: false
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import OPTION, open_directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization_parts import PARTS

GATHER = [
    "servers",
    "accepted_domains",
    "auth_config",
    "client_access",
    "hybrid_configuration",
    "virtual_directories",
    "organization",
    "service_health",
]
SPEC = ModuleSpec(
    argument_spec={"gather": {"type": "list", "elements": "str", "choices": GATHER, "default": GATHER}, **OPTION}
)


def run(call: Call) -> Result:
    """Read what is asked for, each once."""
    directory = open_directory(call)
    return {name: PARTS[name](directory) for name in GATHER if name in call.params["gather"]}


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
