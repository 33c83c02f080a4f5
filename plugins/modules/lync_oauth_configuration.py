#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lync_oauth_configuration
short_description: Set the OAuth configuration of Lync or Skype for Business Server
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Sets where Lync Server or Skype for Business Server finds Exchange, and the names that it uses when it authenticates to other servers.
  - There is one global OAuth configuration. An option that is left out leaves its property alone.
  - What somebody may have chosen is replaced only if the task says so. See O(on_conflict).
options:
  exchange_autodiscover_url:
    description:
      - The URL of Exchange's Autodiscover service, such as V(https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc).
      - Lync speaks the SOAP service, which ends in C(.svc). The URL for Outlook, which ends in C(.xml), is refused.
      - An empty string clears it.
    type: str
  exchange_autodiscover_allowed_domains:
    description:
      - The domains, besides the user's own, that Autodiscover may redirect to, such as V(*.litwareinc.com).
      - Compared as a set. An empty list clears it.
    type: list
    elements: str
  realm:
    description:
      - The realm in the tokens that the servers issue. It must match the realm of the partner application configured in Exchange.
      - An empty string clears it. The default SIP domain is then used.
    type: str
  service_name:
    description:
      - The identifier under which Lync is known in tokens. The product sets it; other values break the trust with Exchange.
    type: str
  on_conflict:
    description:
      - What to do if a value would be replaced that somebody may have chosen.
      - That is any value that is not blank. Two things are no replacement, adding allowed domains, and correcting a URL that Lync cannot
        use, such as the one for Outlook of the same host, which ends in C(.xml).
      - V(fail) writes nothing, and lists these values. V(keep) leaves them as they are, and sets the others. V(replace) replaces them.
    type: str
    choices: [fail, keep, replace]
    default: fail
  timeout:
    description: With O(wait), seconds to wait for the replicas.
    type: int
    default: 300
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
  - onprem.exchange_lync._replication
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - The configuration is read and written once, on one Front End Server. The others get it by replication. See O(wait).
  - Needs the cmdlets C(Get-CsOAuthConfiguration) and C(Set-CsOAuthConfiguration). CsAdministrator has them.
seealso:
  - module: onprem.exchange_lync.exchange_client_access
  - module: onprem.exchange_lync.lync_replication
"""

EXAMPLES = r"""
- name: Tell Lync where Autodiscover is
  onprem.exchange_lync.lync_oauth_configuration:
    exchange_autodiscover_url: https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc
  run_once: true

- name: Replace a URL that leads to Exchange Online, and wait until every front end knows
  onprem.exchange_lync.lync_oauth_configuration:
    exchange_autodiscover_url: https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc
    on_conflict: replace
    wait: true
    exclude: [old-lync-001.litwareinc.com]
  run_once: true

- name: Allow redirections, and set the realm
  onprem.exchange_lync.lync_oauth_configuration:
    exchange_autodiscover_url: https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc
    exchange_autodiscover_allowed_domains: ["*.litwareinc.com"]
    realm: litwareinc.com
  run_once: true
"""

RETURN = r"""
oauth_configuration:
  description: The configuration as it is, or would be in check mode.
  returned: success
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
commands:
  description: The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample:
    - >-
      Set-CsOAuthConfiguration -Identity 'global' -Confirm:$false
      -ExchangeAutodiscoverUrl 'https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc'
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
replication:
  description: What came of waiting, as M(onprem.exchange_lync.lync_replication) returns it.
  returned: success and failure, if O(wait=true) and something was written
  type: dict
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.oauth_configuration import OAuthConfiguration
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.replication_wait import FOLLOWING, make_wait
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import ensure

SPEC = ModuleSpec(
    argument_spec={
        "exchange_autodiscover_url": {"type": "str"},
        "exchange_autodiscover_allowed_domains": {"type": "list", "elements": "str"},
        "realm": {"type": "str"},
        "service_name": {"type": "str"},
        "on_conflict": {"type": "str", "choices": ["fail", "keep", "replace"], "default": "fail"},
        "timeout": {"type": "int", "default": 300},
        **FOLLOWING,
    },
)


def run(call: Call) -> Result:
    """Set what differs, after refusing values that cannot be used."""
    OAuthConfiguration().desired(call)  # before anything is opened
    return ensure(call, OAuthConfiguration(), follow=make_wait(call))


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
