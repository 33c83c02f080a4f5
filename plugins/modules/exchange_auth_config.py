#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_auth_config
short_description: Stage, publish or clear an Exchange Server Auth certificate
version_added: 0.2.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Changes which certificate Exchange signs its tokens with, one step at a time. It stages a certificate as the next one, publishes the
    staged one as the current one, or clears the previous one.
  - A certificate is staged or published only if every server has it with its private key.
  - M(onprem.exchange_lync.exchange_auth_certificate) decides which of these steps is due, and makes and distributes the certificate.
    Use this module for a certificate of your own, and to clear the previous one.
options:
  next_certificate_thumbprint:
    description:
      - The certificate to stage, by its SHA-1 thumbprint. Case, blanks and colons do not matter.
      - No change if it is the current one, or staged already.
    type: str
  next_certificate_effective_date:
    description:
      - When it takes effect, in ISO 8601 with a time zone. Exchange publishes it within 12 hours after that.
      - Defaults to the first full hour after 48 hours. An earlier date is a conflict.
    type: str
  publish:
    description:
      - Make the staged certificate the current one. No change if none is staged.
      - A certificate whose date has not come is a conflict.
    type: bool
    default: false
  clear_previous:
    description:
      - Forget the previous certificate. No change if there is none.
      - Do this only after Lync and every other partner have read Exchange's metadata again. A partner that knows only the previous
        certificate refuses Exchange's tokens, and Exchange cannot tell whether there is one.
    type: bool
    default: false
  on_conflict:
    description:
      - What to do if another certificate is staged, or a date is too early.
      - V(fail) writes nothing. V(replace) does what the task says nevertheless.
    type: str
    choices: [fail, replace]
    default: fail
  exclude:
    description: Servers to leave out, by name or fully qualified domain name, such as servers that are gone for good.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that a write may take to show, because domain controllers replicate with a delay.
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
requirements:
  - cryptography
notes:
  - The setting holds for the whole organisation, so use C(run_once) where the play has several hosts.
  - A published certificate is used at once by servers that have read the setting. Restart MSExchangeServiceHost and recycle
    MSExchangeOWAAppPool and MSExchangeECPAppPool on each server afterwards.
  - Writing needs C(Set-AuthConfig), which the role Organization Client Access has.
seealso:
  - module: onprem.exchange_lync.exchange_auth_certificate
  - module: onprem.exchange_lync.exchange_certificate_info
"""

EXAMPLES = r"""
- name: Publish the staged certificate before its date, if there is one, because every partner is known to have read it
  onprem.exchange_lync.exchange_auth_config:
    publish: true
    on_conflict: replace
  run_once: true

- name: Clear the previous certificate after all partners have read the metadata again
  onprem.exchange_lync.exchange_auth_config:
    clear_previous: true
  run_once: true
"""

RETURN = r"""
auth_config:
  description: The setting as it is after the task, or would be in check mode.
  returned: success
  type: dict
  contains:
    current_certificate_thumbprint:
      description: The certificate that signs; empty if there is none.
      type: str
      returned: always
    previous_certificate_thumbprint:
      description: The one before it; empty if there is none.
      type: str
      returned: always
    next_certificate_thumbprint:
      description: The one that is staged; empty if there is none.
      type: str
      returned: always
    next_certificate_effective_date:
      description: When the staged one takes effect, or V(null).
      type: str
      returned: always
  sample:
    current_certificate_thumbprint: B142918E463981A76503828BB1278391B716280D
    previous_certificate_thumbprint: ''
    next_certificate_thumbprint: ''
    next_certificate_effective_date: null
commands:
  description: The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample:
    - Set-AuthConfig -ClearPreviousCertificate:$true -Confirm:$false -DomainController 'atl-dc-001.litwareinc.com'
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
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_config import WRITE
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_config_change import (
    AuthConfigChange,
    read_config_request,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import OPTION, SHELL
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import ensure

SPEC = ModuleSpec(
    argument_spec={
        "next_certificate_thumbprint": {"type": "str"},
        "next_certificate_effective_date": {"type": "str"},
        "publish": {"type": "bool", "default": False},
        "clear_previous": {"type": "bool", "default": False},
        "on_conflict": {"type": "str", "choices": ["fail", "replace"], "default": "fail"},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "timeout": {"type": "int", "default": 30},
        **OPTION,
    },
    required_by={"next_certificate_effective_date": ["next_certificate_thumbprint"]},
)


def run(call: Call) -> Result:
    """Carry out the one step that the task names."""
    with located(shell=SHELL, cmdlet=WRITE):
        request = read_config_request(call)
        return ensure(call, AuthConfigChange(call, request), patience=call.params["timeout"])


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
