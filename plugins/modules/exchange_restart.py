#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_restart
short_description: Restart what has to read a change on an Exchange server
version_added: 0.2.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Restarts the services and application pools of the host that act on a change only after a restart. Say what was changed; the module
    knows what that needs.
  - It interrupts clients of this server. Take it out of the load balancer first, and restart one server at a time (C(throttle), or a loop
    with C(delegate_to)).
  - Use it in a handler. It has no state to compare, so it restarts each time that it is run. In check mode, nothing is restarted.
options:
  after:
    description:
      - What was changed.
      - V(partner_application) restarts IIS, as C(iisreset) does. Microsoft recommends it after a partner application was configured.
      - V(auth_certificate) restarts MSExchangeServiceHost and the application pools of Outlook on the web and of the admin center.
      - V(virtual_directory) restarts the application pools of Autodiscover and Exchange Web Services.
    type: list
    elements: str
    choices: [partner_application, auth_certificate, virtual_directory]
    required: true
  fail:
    description:
      - Whether the task fails if something could not be restarted.
      - With V(false), a warning says what to run on the server, and RV(error) says why. This is for servers of which only the product's
        own endpoint can be reached, since a restart needs the machine's PowerShell.
    type: bool
    default: true
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: [A restart is no state to compare.]
  idempotent:
    support: none
    details: [It restarts each time.]
notes:
  - Needs the machine's own PowerShell and an account in the machine's group Administrators.
seealso:
  - module: onprem.exchange_lync.exchange_virtual_directory
  - module: onprem.exchange_lync.trust_info
"""

EXAMPLES = r"""
- name: Restart what reads the virtual directories, one server at a time
  onprem.exchange_lync.exchange_restart:
    after: [virtual_directory]
  throttle: 1

- name: Show what would be restarted after a partner application was changed
  onprem.exchange_lync.exchange_restart:
    after: [partner_application]
  check_mode: true
"""

RETURN = r"""
restarted:
  description: The services and application pools that were restarted.
  returned: always
  type: list
  elements: str
  sample: [WAS, W3SVC]
commands:
  description: The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample: ["Restart-Service -Name 'WAS', 'W3SVC' -Force:$true -Confirm:$false"]
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
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.restarts import REASONS, restart_exchange

SPEC = ModuleSpec(
    argument_spec={
        "after": {"type": "list", "elements": "str", "choices": list(REASONS), "required": True},
        "fail": {"type": "bool", "default": True},
    },
)


def run(call: Call) -> Result:
    """Restart what the change needs."""
    if not call.params["after"]:
        raise ShellError("bad_input", f"after is empty: name what was changed: {', '.join(REASONS)}.", shell="windows")
    return restart_exchange(call)


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
