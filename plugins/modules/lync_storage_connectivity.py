#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lync_storage_connectivity
short_description: Prove that a Front End Server can write to an Exchange mailbox
version_added: 0.2.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Runs C(Test-CsExStorageConnectivity) once on the host. The front end finds the mailbox by Autodiscover, and writes an item into it with
    an OAuth token that Exchange has to trust. Nothing else proves the trust from end to end.
  - It writes to a mailbox, so use a test mailbox. The item is deleted again, unless O(delete_item=false). In check mode, nothing is run.
  - C(Test-OAuthConnectivity) of Exchange is no substitute. It tests Exchange against another Exchange organisation or Exchange Online, and
    says nothing about Lync. M(onprem.exchange_lync.exchange_oauth_connectivity) runs it.
options:
  sip_uri:
    description: The SIP address of the mailbox's user, such as V(sip:test@litwareinc.com). C(sip:) may be left out.
    type: str
    required: true
  folder:
    description:
      - The folder that the item is written to.
      - V(Dumpster) is the hidden folder that archiving to Exchange uses.
    type: str
    choices: [ConversationHistory, Inbox, Dumpster]
    default: ConversationHistory
  delete_item:
    description: Whether the item is deleted again. If it is not, each run is a change.
    type: bool
    default: true
  storage_service_host:
    description:
      - The front end whose storage service is tested over the network, with the binding C(NetTCP).
      - If not given, the storage service of the host itself is tested.
    type: str
  fail:
    description:
      - Whether the task fails if the test does not pass or cannot be run.
      - With V(false), RV(passed) and RV(error) say so instead. The task fails all the same if its options cannot be used.
    type: bool
    default: true
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
attributes:
  check_mode:
    support: full
    details: [Nothing is run, and RV(passed) is V(null).]
  diff_mode:
    support: none
    details: [A test is no state to compare.]
  idempotent:
    support: partial
    details: [O(delete_item=false) leaves an item each time.]
notes:
  - Run it on every Front End Server, since each signs with the certificate in its own store and uses its own network settings. Directors
    have no storage service.
  - The account must be a member of C(RTC Local User Administrators) on the front end, or of C(RTCUniversalUserAdmins).
  - Needs the machine's own PowerShell on the front end. No predefined role of the product's endpoint is known to hold the cmdlet.
  - A test that does not pass writes event 32053 or 32054 of the source LS Storage Service.
seealso:
  - module: onprem.exchange_lync.trust_info
  - module: onprem.exchange_lync.exchange_oauth_connectivity
"""

EXAMPLES = r"""
- name: Show how the test would be run
  onprem.exchange_lync.lync_storage_connectivity:
    sip_uri: sip:test@litwareinc.com
  check_mode: true

- name: Test the folder that archiving uses, and go on if it does not pass
  onprem.exchange_lync.lync_storage_connectivity:
    sip_uri: sip:test@litwareinc.com
    folder: Dumpster
    fail: false
  register: storage

- name: Show the result
  ansible.builtin.debug:
    msg: "{{ 'passed' if storage.passed else storage.error.message }}"
"""

RETURN = r"""
passed:
  description:
    - Whether the test passed. V(null) if it was not run, or if it is not known, as in check mode, or without a way in to the host.
  returned: always
  type: bool
  sample: true
output:
  description: What the cmdlet said.
  returned: always
  type: list
  elements: str
  sample: ["Test passed."]
commands:
  description: The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample: ["Test-CsExStorageConnectivity -SipUri 'sip:test@litwareinc.com' -Folder 'ConversationHistory' -DeleteItem:$true"]
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
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.storage_connectivity import (
    FOLDERS,
    run_storage_test,
)

SPEC = ModuleSpec(
    argument_spec={
        "sip_uri": {"type": "str", "required": True},
        "folder": {"type": "str", "choices": list(FOLDERS), "default": FOLDERS[0]},
        "delete_item": {"type": "bool", "default": True},
        "storage_service_host": {"type": "str"},
        "fail": {"type": "bool", "default": True},
    },
)


def run(call: Call) -> Result:
    """Run the test."""
    return run_storage_test(call)


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
