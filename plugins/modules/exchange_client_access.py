#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_client_access
short_description: Set the Autodiscover URI and site scope of Exchange servers
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Sets the Autodiscover URI that Exchange's Client Access services publish in Active Directory (the service connection point), and the
    Active Directory sites that each is meant for, on one, some or all servers of the organisation.
  - All services are read once, and only those that differ are written.
  - What somebody may have chosen is replaced only if the task says so. See O(on_conflict).
  - Works with C(Get-ClientAccessService) and C(Set-ClientAccessService), or with their predecessors C(Get-ClientAccessServer) and
    C(Set-ClientAccessServer), whichever the server offers.
options:
  servers:
    description:
      - The servers to manage, by name or fully qualified domain name.
      - If not given, all servers of the organisation that take part in server-to-server authentication, which are those of Exchange 2013
        and later that are not Edge Transport servers.
      - Name a server of Exchange 2010 or earlier to set it as well.
      - Nothing is written if one of the servers does not exist, or is an Edge Transport server.
    type: list
    elements: str
  exclude:
    description:
      - Servers to leave alone, by name or fully qualified domain name. One that does not exist is ignored.
      - The task fails if no server is left.
    type: list
    elements: str
    default: []
  autodiscover_service_internal_uri:
    description:
      - The URL of Autodiscover for clients inside the domain, which ends in C(/autodiscover/autodiscover.xml). Usually one name for all
        servers, for example V(https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml).
      - The C(.svc) URL is the one that Lync's OAuth configuration takes, and is refused here.
      - An empty string clears it.
      - Scheme, host name and path are compared without regard to case. The default port counts as none.
    type: str
  autodiscover_site_scope:
    description:
      - The Active Directory sites whose clients should prefer this service. Compared as a set. An empty list clears it.
    type: list
    elements: str
  only_blank:
    description:
      - Set only what is still blank, and leave alone what has a value. This is how Microsoft's procedure describes the step.
      - Exchange's setup fills in each server's own name, so on an ordinary server nothing is blank, and nothing is changed.
    type: bool
    default: false
  on_conflict:
    description:
      - What to do if a value would be replaced that somebody may have chosen.
      - For the URI, that is one with another host name than the server's own, since setup writes the server's own, and a blank one in a
        hybrid organisation, since administrators are told to clear it after a migration to Exchange Online.
      - For the site scope, that is one that would lose a site, unless it is the server's own site alone, which setup writes.
      - V(fail) writes nothing, and lists these values. V(keep) leaves them as they are, and sets the others. V(replace) replaces them.
    type: str
    choices: [fail, keep, replace]
    default: fail
  timeout:
    description:
      - Seconds that a write may take to show. Domain controllers replicate with a delay, so reading back may take a while if Exchange
        reads from another domain controller than the one that was written to.
    type: int
    default: 30
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
  - onprem.exchange_lync._directory
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - One host of the organisation is enough to manage all servers, so use C(run_once) where the play has several.
  - Reading needs C(Get-ExchangeServer) and C(Get-ClientAccessService) or C(Get-ClientAccessServer), and C(Get-HybridConfiguration) if a
    blank URI would be set without O(on_conflict=replace). View-Only Organization Management has them.
  - Writing needs C(Set-ClientAccessService) or C(Set-ClientAccessServer), which Organization Management and Server Management have.
  - Clients cache the service connection point. A change may take hours to reach all of them.
seealso:
  - module: onprem.exchange_lync.exchange_info
  - module: onprem.exchange_lync.lync_oauth_configuration
"""

EXAMPLES = r"""
- name: One Autodiscover URI for all servers
  onprem.exchange_lync.exchange_client_access:
    autodiscover_service_internal_uri: https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml
  run_once: true

- name: Only where there is none yet
  onprem.exchange_lync.exchange_client_access:
    autodiscover_service_internal_uri: https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml
    only_blank: true
  run_once: true

- name: Replace what somebody chose, but leave one server alone
  onprem.exchange_lync.exchange_client_access:
    autodiscover_service_internal_uri: https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml
    exclude: [den-exchange-001.litwareinc.com]
    on_conflict: replace
  run_once: true

- name: The site scope of this server, read from and written to one domain controller
  onprem.exchange_lync.exchange_client_access:
    servers: ["{{ inventory_hostname }}"]
    autodiscover_site_scope: [Atlanta, Boston]
    domain_controller: atl-dc-001.litwareinc.com
"""

RETURN = r"""
client_access:
  description:
    - The services of the servers that the task manages, by the server's fully qualified domain name in lower case, as they are after the
      task, or would be in check mode.
  returned: success
  type: dict
  contains:
    autodiscover_service_internal_uri:
      description: The Autodiscover URI, or V(null).
      type: str
      returned: always
    autodiscover_site_scope:
      description: The sites.
      type: list
      elements: str
      returned: always
  sample:
    atl-exchange-001.litwareinc.com:
      autodiscover_service_internal_uri: https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml
      autodiscover_site_scope: [Atlanta]
commands:
  description: The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample:
    - >-
      Set-ClientAccessServer -Identity 'ATL-EXCHANGE-001'
      -AutoDiscoverServiceInternalUri 'https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml' -Confirm:$false
      -DomainController 'atl-dc-001.litwareinc.com'
commands_unknown:
  description: The cmdlets that may have been run, as their answer was lost.
  returned: failure of a write or after one
  type: list
  elements: str
  sample: []
commands_not_run:
  description: The cmdlets that were still to be run.
  returned: failure of a write or after one
  type: list
  elements: str
  sample: []
diff:
  description: The state before and after.
  returned: success
  type: dict
  sample:
    before:
      atl-exchange-001.litwareinc.com:
        autodiscover_service_internal_uri: https://atl-exchange-001.litwareinc.com/Autodiscover/Autodiscover.xml
        autodiscover_site_scope: [Atlanta]
    after:
      atl-exchange-001.litwareinc.com:
        autodiscover_service_internal_uri: https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml
        autodiscover_site_scope: [Atlanta]
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.client_access import ClientAccess
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import OPTION
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import ensure

SPEC = ModuleSpec(
    argument_spec={
        "servers": {"type": "list", "elements": "str"},
        "autodiscover_service_internal_uri": {"type": "str"},
        "autodiscover_site_scope": {"type": "list", "elements": "str"},
        "only_blank": {"type": "bool", "default": False},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "on_conflict": {"type": "str", "choices": ["fail", "keep", "replace"], "default": "fail"},
        "timeout": {"type": "int", "default": 30},
        **OPTION,
    },
    required_one_of=[("autodiscover_service_internal_uri", "autodiscover_site_scope")],
)


def run(call: Call) -> Result:
    """Bring the services to what the task asks for."""
    return ensure(call, ClientAccess(), patience=call.params["timeout"])


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
