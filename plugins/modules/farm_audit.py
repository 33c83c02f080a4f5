#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: farm_audit
short_description: Judge a whole farm by the snapshots of its hosts
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Compares the snapshots of M(onprem.exchange_lync.farm_info) with the description of the farm. Returns findings, what remains to be
    changed, and how long the certificates are valid.
  - Asks no server. The same snapshots always give the same findings, so you can keep them and judge them later or elsewhere.
  - C(docs/rules.md) of the collection explains each rule, with its source and its remedy.
options:
  snapshots:
    description: The snapshots, as M(onprem.exchange_lync.farm_info) returns them as RV(onprem.exchange_lync.farm_info#module:snapshot).
    type: list
    elements: dict
    required: true
  description:
    description:
      - The description of the farm. The keys are the variables of the role P(onprem.exchange_lync.farm#role) without their prefix
        C(farm_). V(sip_domains) and V(exchange_fqdn) are required.
    type: dict
    required: true
  stage:
    description:
      - With V(before), the roles have not written yet. What they would change is not a finding; RV(to_do) lists it.
      - With V(after), everything that is not as described is a finding.
    type: str
    choices: [before, after]
    default: after
  roles:
    description: Judge only what these roles need.
    type: list
    elements: str
    choices: [dns, certificates, autodiscover, oauth, virtual_directories, partners, restart]
    default: [dns, certificates, autodiscover, oauth, virtual_directories, partners, restart]
  in_play:
    description: The hosts that are in the play. Hosts of the farm that are not among them are findings. If not given, this is not checked.
    type: list
    elements: str
  tolerate:
    description:
      - Rules whose findings count as warnings only. A rule can be narrowed with C(@) to one server or thing, such as
        V(lync_service_stopped@RTCRGS).
      - Added to C(tolerate) of O(description). An unknown rule is refused.
    type: list
    elements: str
    default: []
  warn_days:
    description: Warn if a certificate expires in fewer than this many days. Overrides C(warn_days) of O(description).
    type: int
  now:
    description:
      - The moment to judge at, in ISO 8601 with a time zone.
      - Overrides C(now) of O(description), and defaults to the controller's clock.
    type: str
  fail_on:
    description:
      - The task fails if there is a finding of this severity or a more severe one.
      - With V(never), the task only reports.
    type: str
    choices: [error, warning, never]
    default: error
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
  - module: onprem.exchange_lync.farm_info
  - module: onprem.exchange_lync.farm_report
  - plugin: onprem.exchange_lync.farm_audit
    plugin_type: filter
    description: The same judgement inside an expression.
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
    description:
      sip_domains: [litwareinc.com]
      exchange_fqdn: atl-exchange-001.litwareinc.com
    stage: before
    warn_days: 90
    fail_on: never
  register: audit
  run_once: true

- name: Show each error
  ansible.builtin.debug:
    msg: "{{ audit.findings | selectattr('severity', 'equalto', 'error') | map(attribute='evidence') }}"
  run_once: true
"""

RETURN = r"""
findings:
  description: The findings, errors first.
  returned: success, and failure because of a finding
  type: list
  elements: dict
  contains:
    rule:
      description: The id of the rule.
      type: str
      returned: always
    severity:
      description: V(error), V(warning) or V(info).
      type: str
      returned: always
    host:
      description: The server that it is about, or C(Exchange) or C(Lync) for the whole organisation or deployment.
      type: str
      returned: always
    about:
      description: The thing that it is about, such as a thumbprint or a record's name. Empty if it is the server itself.
      type: str
      returned: always
    evidence:
      description: What was seen.
      type: str
      returned: always
    remedy:
      description: What to do, in the words of the roles' variables.
      type: str
      returned: always
    fixed_by:
      description: The role that fixes it. Empty if none does.
      type: str
      returned: always
    tolerated:
      description: Whether O(tolerate) names it, so that it counts as a warning only.
      type: bool
      returned: always
  sample:
    - rule: oauth_off
      severity: error
      host: ex-nyc-01.corp.contoso.com
      about: web_services
      evidence: "web_services: EWS (Default Web Site) does not accept OAuth"
      remedy: >-
        Set-WebServicesVirtualDirectory or Set-AutodiscoverVirtualDirectory with -OAuthAuthentication $true (module
        exchange_virtual_directory).
      fixed_by: ""
      tolerated: false
summary:
  description: The number of findings by severity.
  returned: success, and failure because of a finding
  type: dict
  sample: {"error": 1, "warning": 0, "info": 0}
ok:
  description: Whether there is no error.
  returned: success, and failure because of a finding
  type: bool
to_do:
  description:
    - What the roles would change. C(state) is V(to_do), V(held) if it needs the user's word because something would be replaced, or V(kept)
      if the user has accepted what is there.
  returned: success, and failure because of a finding
  type: list
  elements: dict
  sample:
    - role: dns
      about: autodiscover.litwareinc.com
      host: atl-dc-001.litwareinc.com
      before: ""
      after: CNAME atl-exchange-001.litwareinc.com
      conflict: ""
      state: to_do
work:
  description: The same as options of the modules, for the roles.
  returned: success, and failure because of a finding
  type: dict
certificates:
  description: Each certificate that signs tokens, once for each use.
  returned: success, and failure because of a finding
  type: list
  elements: dict
  sample:
    - use: OAuthTokenIssuer
      thumbprint: B142918E463981A76503828BB1278391B716280D
      subject: CN=litwareinc.com
      not_after: "2028-07-01T12:00:00Z"
      days_left: 582
      hosts: [atl-lync-001.litwareinc.com]
stage:
  description: O(stage).
  returned: success, and failure because of a finding
  type: str
now:
  description: The moment at which it was judged.
  returned: success, and failure because of a finding
  type: str
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.audit_options import FATAL, read_audit
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.judge_farm import ROLES
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.report_text import ends_run, write_headline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

SPEC = ModuleSpec(
    asks_host=False,
    argument_spec={
        "snapshots": {"type": "list", "elements": "dict", "required": True},
        "description": {"type": "dict", "required": True},
        "stage": {"type": "str", "choices": ["before", "after"], "default": "after"},
        "roles": {"type": "list", "elements": "str", "choices": list(ROLES), "default": list(ROLES)},
        "in_play": {"type": "list", "elements": "str"},
        "tolerate": {"type": "list", "elements": "str", "default": []},
        "warn_days": {"type": "int"},
        "now": {"type": "str"},
        "fail_on": {"type": "str", "choices": list(FATAL), "default": "error"},
    },
)


def run(call: Call) -> Result:
    """Judge, and fail where a finding is as grave as the task says."""
    options = dict(call.params)
    fatal = FATAL[options.pop("fail_on")]
    try:
        audit = read_audit(options)
    except ValueError as error:
        raise ShellError("bad_input", str(error)) from error
    if ends_run(audit, fatal):
        remedy = "The findings are in this result; farm_report shows them."
        raise ShellError("findings", write_headline(audit, fatal=fatal), remedy=remedy, result=audit)
    return {"changed": False, **audit}


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
