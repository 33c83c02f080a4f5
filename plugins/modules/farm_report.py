#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: farm_report
short_description: Show an audit of a farm as text
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Prints the findings of M(onprem.exchange_lync.farm_audit) for a person to read. The first line says how many problems there are on how
    many servers. Each problem is one line, with its remedy below it. The same problem on several servers is one line.
  - Before the roles write, the report shows what they would change. Afterwards, it shows what they have changed.
  - Sets statistics for workflows (C(set_stats)), named as the audit's return values with the prefix C(farm_). A task that fails sets none.
options:
  audit:
    description: The result of M(onprem.exchange_lync.farm_audit).
    type: dict
    required: true
  before:
    description: The result of the audit before the roles wrote, so that what has changed can be shown.
    type: dict
  fail_on:
    description:
      - After it has printed the report, the task fails if there is a finding of this severity or a more severe one.
    type: str
    choices: [error, warning, never]
    default: never
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
seealso:
  - module: onprem.exchange_lync.farm_audit
"""

EXAMPLES = r"""
- name: Read all hosts at the same time
  onprem.exchange_lync.farm_info:
    names: [autodiscover.litwareinc.com, atl-exchange-001.litwareinc.com]
  register: farm_read
  ignore_unreachable: true

- name: Judge the farm
  onprem.exchange_lync.farm_audit:
    snapshots: "{{ ansible_play_hosts | map('extract', hostvars, ['farm_read', 'snapshot']) }}"
    description: {sip_domains: [litwareinc.com], exchange_fqdn: atl-exchange-001.litwareinc.com}
    stage: before
    fail_on: never
  register: audit
  run_once: true

- name: Show it
  onprem.exchange_lync.farm_report:
    audit: "{{ audit }}"
  run_once: true
"""

RETURN = r"""
report:
  description: The lines that were printed.
  returned: success
  type: list
  elements: str
  sample: ["No problems found.", "Nothing to change: the farm is as described."]
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.audit_options import FATAL
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.report_text import (
    ends_run,
    write_headline,
    write_report,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

SPEC = ModuleSpec(
    asks_host=False,
    argument_spec={
        "audit": {"type": "dict", "required": True},
        "before": {"type": "dict"},
        "fail_on": {"type": "str", "choices": list(FATAL), "default": "never"},
    },
)
_KEPT = ("ok", "stage", "summary", "findings", "to_do", "certificates")


def run(call: Call) -> Result:
    """Print the report, and fail where a finding is as grave as the task says."""
    audit, fatal = call.params["audit"], FATAL[call.params["fail_on"]]
    try:
        report = write_report(audit, fatal=fatal, before=call.params["before"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ShellError("bad_input", "audit is not a result of farm_audit: pass the registered result.") from error
    call.say("\n".join(report))
    if ends_run(audit, fatal):
        return {"failed": True, "msg": f"{write_headline(audit, fatal=fatal)} See above."}
    statistics = {f"farm_{name}": audit[name] for name in _KEPT}
    return {"report": report, "ansible_stats": {"data": statistics, "per_host": False, "aggregate": False}}


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
