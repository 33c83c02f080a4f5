#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_virtual_directory
short_description: Set whether Exchange's Autodiscover and EWS directories accept OAuth
version_added: 0.2.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Sets C(OAuthAuthentication) and C(WSSecurityAuthentication) of the Autodiscover and Exchange Web Services virtual directories, on one,
    some or all servers of the organisation. Lync's tokens are refused with HTTP 401 where OAuth is off.
  - All directories are read once, and only those that differ are written, each with one cmdlet.
options:
  servers:
    description:
      - The servers to manage, by name or fully qualified domain name.
      - If not given, all servers of the organisation that take part in server-to-server authentication, which are those of Exchange 2013
        and later that are not Edge Transport servers.
      - Nothing is written if one of the servers does not exist, or has no such directory.
    type: list
    elements: str
  exclude:
    description:
      - Servers to leave alone, by name or fully qualified domain name. One that does not exist is ignored.
      - The task fails if no server is left.
    type: list
    elements: str
    default: []
  directories:
    description: The directories to manage.
    type: list
    elements: str
    choices: [autodiscover, web_services]
    default: [autodiscover, web_services]
  oauth_authentication:
    description: Whether the directories accept OAuth tokens. Setup switches this on.
    type: bool
  ws_security_authentication:
    description: Whether the directories accept WS-Security. Setup switches this on. Federated sharing uses it.
    type: bool
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
  - Reading needs C(Get-ExchangeServer), C(Get-AutodiscoverVirtualDirectory) and C(Get-WebServicesVirtualDirectory), which View-Only
    Organization Management has.
  - Writing needs C(Set-AutodiscoverVirtualDirectory) and C(Set-WebServicesVirtualDirectory), which Organization Management and Server
    Management have. Exchange writes to the web server of each server as well, so the servers have to run.
  - The application pools of the directories may need a restart before a change is in force.
seealso:
  - module: onprem.exchange_lync.exchange_info
  - module: onprem.exchange_lync.trust_info
"""

EXAMPLES = r"""
- name: Accept OAuth everywhere
  onprem.exchange_lync.exchange_virtual_directory:
    oauth_authentication: true
    ws_security_authentication: true
  run_once: true

- name: Accept OAuth in the Exchange Web Services of this server
  onprem.exchange_lync.exchange_virtual_directory:
    servers: ["{{ inventory_hostname }}"]
    directories: [web_services]
    oauth_authentication: true
"""

RETURN = r"""
virtual_directories:
  description:
    - The directories of the servers that the task manages, by the server's fully qualified domain name in lower case and by C(autodiscover)
      or C(web_services), as they are after the task, or would be in check mode.
  returned: success
  type: dict
  contains:
    autodiscover:
      description: The Autodiscover directory.
      type: dict
      returned: if it is managed
      contains: &flags
        oauth_authentication:
          description: Whether it accepts OAuth tokens.
          type: bool
          returned: always
        ws_security_authentication:
          description: Whether it accepts WS-Security.
          type: bool
          returned: always
    web_services:
      description: The Exchange Web Services directory.
      type: dict
      returned: if it is managed
      contains: *flags
  sample:
    atl-exchange-001.litwareinc.com:
      autodiscover: {"oauth_authentication": true, "ws_security_authentication": true}
      web_services: {"oauth_authentication": true, "ws_security_authentication": true}
commands:
  description: The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample:
    - >-
      Set-WebServicesVirtualDirectory -Identity 'ATL-EXCHANGE-001\EWS (Default Web Site)' -OAuthAuthentication:$true -Confirm:$false
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
    before: {"atl-exchange-001.litwareinc.com": {"web_services": {"oauth_authentication": false, "ws_security_authentication": true}}}
    after: {"atl-exchange-001.litwareinc.com": {"web_services": {"oauth_authentication": true, "ws_security_authentication": true}}}
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import OPTION
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.virtual_directories import (
    NOUNS,
    VirtualDirectories,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import ensure

SPEC = ModuleSpec(
    argument_spec={
        "servers": {"type": "list", "elements": "str"},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "directories": {"type": "list", "elements": "str", "choices": list(NOUNS), "default": list(NOUNS)},
        "oauth_authentication": {"type": "bool"},
        "ws_security_authentication": {"type": "bool"},
        "timeout": {"type": "int", "default": 30},
        **OPTION,
    },
    required_one_of=[("oauth_authentication", "ws_security_authentication")],
)


def run(call: Call) -> Result:
    """Bring the directories to what the task asks for."""
    return ensure(call, VirtualDirectories(), patience=call.params["timeout"])


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
