#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: farm_trust
short_description: Say whether the trust between Exchange and Lync is proven
version_added: 0.2.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Puts together what the snapshots of M(onprem.exchange_lync.farm_info) and the mailbox tests of
    M(onprem.exchange_lync.lync_storage_connectivity) say of the trust. Prints one table with each check, its result, what was seen, and
    what to do, and the verdict below it.
  - The trust is proven if every Front End Server has written to a mailbox, and nothing contradicts it. Without the mailbox tests it is
    not proven.
  - A Front End Server or an Exchange server that the snapshots name, and of which there is no snapshot, was not seen, unless it is left
    out. What was not seen is not proven.
options:
  snapshots:
    description: The snapshots, as M(onprem.exchange_lync.farm_info) returns them as RV(onprem.exchange_lync.farm_info#module:snapshot).
    type: list
    elements: dict
    required: true
  description:
    description:
      - The description of the farm. The keys are the variables of the role P(onprem.exchange_lync.farm#role) without their prefix C(farm_).
    type: dict
    required: true
  storage_connectivity:
    description:
      - The results of M(onprem.exchange_lync.lync_storage_connectivity), by the name that the host has in its snapshot.
      - A host without a result counts as not tested.
    type: dict
    default: {}
  required:
    description:
      - Whether the task fails, after it has printed the table, if something contradicts the trust or could not be seen, or if a mailbox
        test was run and did not pass.
      - Defaults to C(require_trust) of O(description).
    type: bool
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: [Nothing is changed.]
  idempotent:
    support: full
  platform:
    platforms: all
    details: [The module runs on the controller and asks no host.]
requirements:
  - cryptography
seealso:
  - module: onprem.exchange_lync.trust_info
  - module: onprem.exchange_lync.lync_storage_connectivity
  - module: onprem.exchange_lync.farm_audit
"""

EXAMPLES = r"""
- name: Read all hosts at the same time
  onprem.exchange_lync.farm_info:
    web_site: "{{ ansible_host }}:{{ farm_exchange_https_port | default(farm_lync_https_port) | default(443) }}"
  register: farm_read
  ignore_unreachable: true

- name: Say whether the trust is proven
  onprem.exchange_lync.farm_trust:
    snapshots: "{{ ansible_play_hosts | map('extract', hostvars, ['farm_read', 'snapshot']) }}"
    description: {sip_domains: [litwareinc.com], exchange_fqdn: atl-exchange-001.litwareinc.com}
    required: false
  run_once: true
"""

RETURN = r"""
proven:
  description: Whether the trust is proven.
  returned: success, and failure because of the trust
  type: bool
  sample: false
contradicted:
  description: Whether something contradicts the trust, or could not be seen, that C(tolerate) of O(description) does not accept.
  returned: success, and failure because of the trust
  type: bool
  sample: true
sentence:
  description: The verdict in words.
  returned: success, and failure because of the trust
  type: str
  sample: "not proven: no partner application"
checks:
  description: The rows of the table.
  returned: success, and failure because of the trust
  type: list
  elements: dict
  contains:
    check:
      description: What was checked.
      type: str
      returned: always
    host:
      description: The server, or C(Lync) for the deployment.
      type: str
      returned: always
    result:
      description: V(passed), V(failed), V(not seen) or V(not run).
      type: str
      returned: always
    evidence:
      description: What was seen.
      type: str
      returned: always
    remedy:
      description: What to do. Empty if the check passed.
      type: str
      returned: always
    tolerated:
      description: Whether C(tolerate) of O(description) has a rule that finds the same. The check then does not end a run.
      type: bool
      returned: always
  sample:
    - check: Exchange trusts Lync's tokens
      host: atl-exchange-001.litwareinc.com
      result: failed
      evidence: >-
        no partner application for Lync: 00000004-0000-0ff1-ce00-000000000000@litwareinc.com is not among the issuers that it trusts
      remedy: Configure Lync as a partner application of Exchange.
      tolerated: false
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.audit_options import read_context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.trust_text import write_table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.trust_verdict import judge_trust
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

SPEC = ModuleSpec(
    asks_host=False,
    argument_spec={
        "snapshots": {"type": "list", "elements": "dict", "required": True},
        "description": {"type": "dict", "required": True},
        "storage_connectivity": {"type": "dict", "default": {}},
        "required": {"type": "bool"},
    },
)

_TO_BE_TOLD = "To get the table without an error, set farm_require_trust to false (in a task of your own, required)."


def run(call: Call) -> Result:
    """Print the table, and fail where the trust is required and contradicted."""
    try:
        context = read_context(call.params)
    except ValueError as error:
        raise ShellError("bad_input", str(error)) from error
    verdict = judge_trust(context, call.params["storage_connectivity"])
    result = verdict.as_dict()
    call.say("\n".join(write_table(result)))
    asked = call.params["required"]
    if verdict.contradicted and (context.description.require_trust if asked is None else asked):
        return {
            **result,
            "failed": True,
            "msg": f"The trust between Exchange and Lync is {verdict.sentence}. See above. {_TO_BE_TOLD}",
        }
    return result


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
