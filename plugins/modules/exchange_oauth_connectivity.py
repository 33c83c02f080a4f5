#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_oauth_connectivity
short_description: Test OAuth between Exchange and another Exchange organisation or Exchange Online
version_added: 0.2.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Runs C(Test-OAuthConnectivity) once on the host. Exchange makes a token, as for a user of a mailbox, and shows it to the other side.
  - It is no proof that Exchange and Lync or Skype for Business Server trust each other. Here, Exchange calls another Exchange. Lync needs
    a front end that can call Exchange, which M(onprem.exchange_lync.lync_storage_connectivity) proves.
  - It changes nothing, so it is run in check mode as well.
options:
  service:
    description:
      - What is asked for. The path of O(target_uri) does not matter for V(EWS) and V(AutoD).
      - V(EWS) asks Exchange Web Services for the Inbox of the mailbox.
      - V(AutoD) asks Autodiscover for settings of the user.
      - V(Generic) gets O(target_uri) itself. Any page that it gets counts as passed, one that needs no logon as well.
    type: str
    choices: [EWS, AutoD, Generic]
    default: EWS
  target_uri:
    description: The URL of the other side, such as V(https://outlook.office365.com/ews/exchange.asmx).
    type: str
    required: true
  mailbox:
    description:
      - The mailbox of this organisation as whose user the other side is asked, by any name that identifies it.
      - In a hybrid organisation, its user has to be synchronised to the cloud.
      - Required unless O(app_only=true).
    type: str
  app_only:
    description: Whether Exchange asks in its own name, without a user. Exchange refuses it with O(service=EWS).
    type: bool
    default: false
  use_cached_token:
    description:
      - Whether a token that Exchange has kept may be used. If not, the process in which the test runs drops those that it has kept.
    type: bool
    default: false
  reload_config:
    description:
      - Whether Exchange first reads its OAuth configuration again. It keeps what it has read, so set this after a change.
      - This concerns the process in which the test runs. The application pools that answer others are not restarted.
    type: bool
    default: false
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
    details: [The test is run.]
  diff_mode:
    support: none
    details: [A test is no state to compare.]
  idempotent:
    support: full
notes:
  - Needs C(Test-OAuthConnectivity). Organization Management has it.
  - The log of the request may have tokens in it that are still valid. They are masked in RV(detail).
seealso:
  - module: onprem.exchange_lync.lync_storage_connectivity
  - module: onprem.exchange_lync.trust_info
  - module: onprem.exchange_lync.exchange_auth_config
"""

EXAMPLES = r"""
- name: See whether Exchange Web Services take a token of this organisation
  onprem.exchange_lync.exchange_oauth_connectivity:
    target_uri: https://atl-exchange-001.litwareinc.com/ews/exchange.asmx
    mailbox: front.desk@litwareinc.com
  run_once: true

- name: See whether Exchange Online takes one, after a change, and go on if it does not
  onprem.exchange_lync.exchange_oauth_connectivity:
    target_uri: https://outlook.office365.com/ews/exchange.asmx
    mailbox: front.desk@litwareinc.com
    reload_config: true
    fail: false
  run_once: true
  register: cloud

- name: Show the result
  ansible.builtin.debug:
    msg: "{{ 'passed' if cloud.passed else cloud.error.message }}"
  run_once: true
"""

RETURN = r"""
passed:
  description:
    - Whether the test passed, which is whether RV(result_type) is C(Success). V(null) if it could not be run.
    - It may be V(true) although RV(detail) shows an error, such as that the address has no mailbox on the other side. Then the token was
      accepted.
  returned: always
  type: bool
  sample: true
result_type:
  description: The C(ResultType) of the result, or V(null).
  returned: always
  type: str
  sample: Success
task:
  description: What was tested, in the language of the server, or V(null).
  returned: always
  type: str
  sample: Checking EWS API Call Under Oauth
detail:
  description: What Exchange has logged of the request, line by line, in the language of the server. Tokens are masked.
  returned: always
  type: list
  elements: str
  sample:
    - The configuration was last successfully loaded at 1/1/0001 12:00:00 AM UTC. This was 1063127577 minutes ago.
    - 'The token cache is being cleared because "use cached token" was set to false.'
note:
  description: That the test says nothing about Lync.
  returned: always
  type: str
  sample: >-
    This is about Exchange and another Exchange organisation or Exchange Online. It is no proof that Lync and Exchange trust each other: see
    lync_storage_connectivity and trust_info.
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.oauth_connectivity import (
    SERVICES,
    run_oauth_test,
)

SPEC = ModuleSpec(
    argument_spec={
        "service": {"type": "str", "choices": list(SERVICES), "default": SERVICES[0]},
        "target_uri": {"type": "str", "required": True},
        "mailbox": {"type": "str"},
        "app_only": {"type": "bool", "default": False},
        "use_cached_token": {"type": "bool", "default": False},
        "reload_config": {"type": "bool", "default": False},
        "fail": {"type": "bool", "default": True},
    },
    required_if=[("app_only", False, ("mailbox",))],
)


def run(call: Call) -> Result:
    """Run the test."""
    return run_oauth_test(call)


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
