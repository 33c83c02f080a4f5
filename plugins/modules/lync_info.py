#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lync_info
short_description: Read the topology of Lync Server or Skype for Business Server
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Returns the sites, the pools with their computers, the Front End Servers, the SIP domains, the services, the version, the OAuth
    configuration and the replication status of a deployment of Lync Server or Skype for Business Server, and the Windows services of
    the computer that is asked.
  - Only what is asked for is read, with one read for each family of cmdlets, whatever the number of servers.
options:
  gather:
    description:
      - What to read. What is not named is not read, and its key is missing from the result.
    type: list
    elements: str
    choices:
      - sites
      - pools
      - computers
      - sip_domains
      - services
      - version
      - oauth_configuration
      - replicas
      - central_management
      - windows_services
    default:
      - sites
      - pools
      - computers
      - sip_domains
      - services
      - version
      - oauth_configuration
      - replicas
      - central_management
      - windows_services
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: [Nothing is changed.]
  idempotent:
    support: full
notes:
  - One Front End Server of the deployment is enough. All of them give the same answer, except for RV(version) and
    RV(windows_services), which are the host's own.
  - Needs the cmdlets C(Get-CsSite), C(Get-CsPool), C(Get-CsComputer), C(Get-CsSipDomain), C(Get-CsService), C(Get-CsServerVersion),
    C(Get-CsOAuthConfiguration), C(Get-CsManagementStoreReplicationStatus) and C(Get-CsWindowsService), each for what it reads.
    CsViewOnlyAdministrator has them.
seealso:
  - module: onprem.exchange_lync.lync_oauth_configuration
  - module: onprem.exchange_lync.lync_certificate_info
  - module: onprem.exchange_lync.lync_replication
"""

EXAMPLES = r"""
- name: Read the deployment
  onprem.exchange_lync.lync_info:
  register: lync
  run_once: true

- name: Show the default SIP domain
  ansible.builtin.debug:
    msg: "{{ lync.default_sip_domain }}, served by {{ lync.front_ends | join(', ') }}"

- name: Read the SIP domains only
  onprem.exchange_lync.lync_info:
    gather: [sip_domains]
"""

RETURN = r"""
sites:
  description: The sites.
  returned: when O(gather) has V(sites)
  type: list
  elements: dict
  contains:
    name:
      description: The name, as C(Identity) has it after C(Site:).
      type: str
      returned: always
    site_id:
      description: The identifier that other cmdlets take.
      type: str
      returned: always
    display_name:
      description: The name that is shown.
      type: str
      returned: always
    pools:
      description: The site's pools.
      type: list
      elements: str
      returned: always
  sample: [{"name": "Atlanta", "site_id": "Atlanta", "display_name": "Atlanta", "pools": ["atl-lync-001.litwareinc.com"]}]
pools:
  description: The pools of all kinds. A Standard Edition server is a pool of one.
  returned: when O(gather) has V(pools)
  type: list
  elements: dict
  contains:
    fqdn:
      description: The pool's fully qualified domain name.
      type: str
      returned: always
    site:
      description: The name of its site.
      type: str
      returned: always
    computers:
      description: Its computers.
      type: list
      elements: str
      returned: always
    services:
      description: Its services, each as C(Role:pool).
      type: list
      elements: str
      returned: always
    front_end:
      description: Whether it is a pool of Front End Servers, which is one with the service C(UserServer).
      type: bool
      returned: always
    uses_oauth:
      description:
        - Whether its computers need the OAuthTokenIssuer certificate. Those with a C(Registrar), C(UserServer) or C(WebServer) do, so
          Directors too, but no Edge or Mediation Servers.
      type: bool
      returned: always
  sample:
    - fqdn: atl-lync-001.litwareinc.com
      site: Atlanta
      computers: [atl-lync-001.litwareinc.com]
      services: ["Registrar:atl-lync-001.litwareinc.com", "UserServer:atl-lync-001.litwareinc.com"]
      front_end: true
      uses_oauth: true
front_ends:
  description: The computers of all pools of Front End Servers.
  returned: when O(gather) has V(pools)
  type: list
  elements: str
  sample: [atl-lync-001.litwareinc.com]
oauth_computers:
  description: The computers of all pools that need the OAuthTokenIssuer certificate.
  returned: when O(gather) has V(pools)
  type: list
  elements: str
  sample: [atl-lync-001.litwareinc.com]
computers:
  description: The computers of the topology.
  returned: when O(gather) has V(computers)
  type: list
  elements: dict
  contains:
    fqdn:
      description: The computer's fully qualified domain name.
      type: str
      returned: always
    pool:
      description: The pool that it belongs to.
      type: str
      returned: always
  sample: [{"fqdn": "atl-lync-001.litwareinc.com", "pool": "atl-lync-001.litwareinc.com"}]
sip_domains:
  description: The SIP domains, the default one first.
  returned: when O(gather) has V(sip_domains)
  type: list
  elements: dict
  contains:
    name:
      description: The domain.
      type: str
      returned: always
    default:
      description: Whether it is the default SIP domain.
      type: bool
      returned: always
  sample: [{"name": "litwareinc.com", "default": true}]
default_sip_domain:
  description: The default SIP domain, or V(null) if there is none.
  returned: when O(gather) has V(sip_domains)
  type: str
  sample: litwareinc.com
services:
  description: The services of all pools.
  returned: when O(gather) has V(services)
  type: list
  elements: dict
  contains:
    identity:
      description: The service as other cmdlets name it.
      type: str
      returned: always
    role:
      description: What it does.
      type: str
      returned: always
    pool_fqdn:
      description: The pool that it runs on.
      type: str
      returned: always
    site:
      description: The name of its site.
      type: str
      returned: always
    version:
      description: The version of the service, as the topology has it.
      type: str
      returned: always
  sample:
    - {"identity": "UserServer:atl-lync-001.litwareinc.com", "role": "UserServer", "pool_fqdn": "atl-lync-001.litwareinc.com",
       "site": "Atlanta", "version": "6"}
version:
  description: What the host runs.
  returned: when O(gather) has V(version)
  type: dict
  contains:
    product:
      description: The product's name and year, or V(null) if C(Get-CsServerVersion) does not show it.
      type: str
      returned: always
    build:
      description: The build number, or V(null) if C(Get-CsServerVersion) does not show it.
      type: str
      returned: always
    text:
      description: The whole sentence, in the server's language.
      type: str
      returned: always
  sample:
    product: Microsoft Lync Server 2013
    build: 5.0.8308.0
    text: "Microsoft Lync Server 2013 (5.0.8308.0): Volume license key installed."
oauth_configuration:
  description: The OAuth configuration of the Central Management Store, as M(onprem.exchange_lync.lync_oauth_configuration) returns it.
  returned: when O(gather) has V(oauth_configuration)
  type: dict
  contains:
    exchange_autodiscover_url:
      description: The URL of Exchange's Autodiscover service, or V(null).
      type: str
      returned: always
    exchange_autodiscover_allowed_domains:
      description: The domains that Autodiscover may redirect to.
      type: list
      elements: str
      returned: always
    realm:
      description: The realm, or V(null).
      type: str
      returned: always
    service_name:
      description: The identifier of Lync in tokens.
      type: str
      returned: always
  sample:
    exchange_autodiscover_url: https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc
    exchange_autodiscover_allowed_domains: []
    realm: null
    service_name: 00000004-0000-0ff1-ce00-000000000000
replicas:
  description: The replicas of the Central Management Store, as M(onprem.exchange_lync.lync_replication) returns them.
  returned: when O(gather) has V(replicas)
  type: list
  elements: dict
  contains:
    replica_fqdn:
      description: The server that has the replica.
      type: str
      returned: always
    up_to_date:
      description: Whether it has reported that it has the newest update that was made for it.
      type: bool
      returned: always
    last_status_report:
      description: When it last reported.
      type: str
      returned: always
    last_update_creation:
      description: When the update was made that it was sent last.
      type: str
      returned: always
    product_version:
      description: The version of the product on it.
      type: str
      returned: always
  sample:
    - replica_fqdn: atl-lync-001.litwareinc.com
      up_to_date: true
      last_status_report: "2026-11-27T12:00:00Z"
      last_update_creation: "2026-11-27T11:59:40Z"
      product_version: 5.0.8308.0
central_management:
  description: Where the Central Management Store is mastered. V(null) if the server does not show it.
  returned: when O(gather) has V(central_management)
  type: dict
  contains:
    active_master_fqdn:
      description: The computer or the pool that is the active master. V(null) if there is none.
      type: str
      returned: always
    active_file_transfer_agents:
      description: The computers or the pool whose file transfer agents are active.
      type: list
      elements: str
      returned: always
  sample:
    active_master_fqdn: atl-lync-001.litwareinc.com
    active_file_transfer_agents: [atl-lync-001.litwareinc.com]
windows_services:
  description: The Windows services of the computer that is asked.
  returned: when O(gather) has V(windows_services)
  type: list
  elements: dict
  contains:
    name:
      description: The service.
      type: str
      returned: always
    status:
      description: Its status, such as C(Running) or C(Stopped).
      type: str
      returned: always
  sample: [{"name": "RTCSRV", "status": "Running"}]
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.deployment_parts import PARTS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import (
    list_front_ends,
    list_oauth_computers,
)

GATHER = [
    "sites",
    "pools",
    "computers",
    "sip_domains",
    "services",
    "version",
    "oauth_configuration",
    "replicas",
    "central_management",
    "windows_services",
]
SPEC = ModuleSpec(
    argument_spec={"gather": {"type": "list", "elements": "str", "choices": GATHER, "default": GATHER}},
)


def run(call: Call) -> Result:
    """Read each family that is asked for, once."""
    shell = call.shell("lync")
    result: Result = {name: PARTS[name](shell) for name in GATHER if name in call.params["gather"]}
    if "pools" in result:
        result["front_ends"] = list_front_ends(result["pools"])
        result["oauth_computers"] = list_oauth_computers(result["pools"])
    if "sip_domains" in result:
        default = (domain["name"] for domain in result["sip_domains"] if domain["default"])
        result["default_sip_domain"] = next(default, None)
    return result


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
