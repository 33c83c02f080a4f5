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
  - Returns the sites, the pools with their computers, the Front End Servers, the SIP domains, the services and the version of a
    deployment of Lync Server or Skype for Business Server.
  - Only what is asked for is read, with one read for each family of cmdlets, whatever the number of servers.
options:
  gather:
    description:
      - What to read. What is not named is not read, and its key is missing from the result.
    type: list
    elements: str
    choices: [sites, pools, computers, sip_domains, services, version]
    default: [sites, pools, computers, sip_domains, services, version]
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
  - One Front End Server of the deployment is enough. All of them give the same answer, except for RV(version), which is the host's own.
  - Needs the cmdlets C(Get-CsSite), C(Get-CsPool), C(Get-CsComputer), C(Get-CsSipDomain), C(Get-CsService) and C(Get-CsServerVersion),
    each for what it reads. CsViewOnlyAdministrator has them.
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
  sample:
    - fqdn: atl-lync-001.litwareinc.com
      site: Atlanta
      computers: [atl-lync-001.litwareinc.com]
      services: ["Registrar:atl-lync-001.litwareinc.com", "UserServer:atl-lync-001.litwareinc.com"]
      front_end: true
front_ends:
  description: The computers of all pools of Front End Servers.
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
  description: The default SIP domain, or null where none is.
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
      description: The product's name and year, or null where C(Get-CsServerVersion) does not tell.
      type: str
      returned: always
    build:
      description: The build number, or null where C(Get-CsServerVersion) does not tell.
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
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from collections.abc import Callable

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import (
    COMPUTERS,
    SERVICES,
    SITES,
    front_ends,
    pools,
    sip_domains,
    version,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell

GATHER = ["sites", "pools", "computers", "sip_domains", "services", "version"]
SPEC = ModuleSpec(
    argument_spec={"gather": {"type": "list", "elements": "str", "choices": GATHER, "default": GATHER}},
)


def _pools(shell: Shell) -> Result:
    found = pools(shell)
    return {"pools": found, "front_ends": front_ends(found)}


def _sip_domains(shell: Shell) -> Result:
    found = sip_domains(shell)
    default = next((domain["name"] for domain in found if domain["default"]), None)
    return {"sip_domains": found, "default_sip_domain": default}


READ: dict[str, Callable[[Shell], Result]] = {
    "sites": lambda shell: {"sites": SITES.read(shell)},
    "pools": _pools,
    "computers": lambda shell: {"computers": COMPUTERS.read(shell)},
    "sip_domains": _sip_domains,
    "services": lambda shell: {"services": SERVICES.read(shell)},
    "version": lambda shell: {"version": version(shell)},
}


def run(call: Call) -> Result:
    """Read each family that is asked for, once."""
    shell, result = call.shell("lync"), Result()
    for name in GATHER:
        if name in call.params["gather"]:
            result.update(READ[name](shell))
    return result


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
