# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit inside an expression."""

from __future__ import annotations

DOCUMENTATION = r"""
name: farm_audit
short_description: Judge a whole farm by the snapshots of its hosts
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Judges snapshots as M(onprem.exchange_lync.farm_audit) does, and returns the same.
positional: description
options:
  _input:
    description: The snapshots, as M(onprem.exchange_lync.farm_info) returns them.
    type: list
    elements: dict
    required: true
  description:
    description: The description of the farm. See M(onprem.exchange_lync.farm_audit).
    type: dict
    required: true
  stage:
    description: V(before) the roles write, or V(after).
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
    description: Rules whose findings count as warnings only.
    type: list
    elements: str
    default: []
  warn_days:
    description: Warn if a certificate expires in fewer than this many days.
    type: int
  now:
    description: The moment to judge at, in ISO 8601 with a time zone. Defaults to the controller's clock.
    type: str
requirements:
  - cryptography
seealso:
  - module: onprem.exchange_lync.farm_audit
"""

EXAMPLES = r"""
- name: Read all hosts at the same time
  onprem.exchange_lync.farm_info:
  register: farm_read

- name: Require that no certificate is wrong at the end of the year
  ansible.builtin.assert:
    that: audit.findings | selectattr('rule', 'in', ['expired', 'not_yet_valid']) == []
  vars:
    snapshots: "{{ ansible_play_hosts | map('extract', hostvars, ['farm_read', 'snapshot']) }}"
    farm: {sip_domains: [litwareinc.com], exchange_fqdn: atl-exchange-001.litwareinc.com}
    end: "{{ now(utc=true).year }}-12-31T23:59:59Z"
    audit: "{{ snapshots | onprem.exchange_lync.farm_audit(farm, now=end) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The audit, with the keys that M(onprem.exchange_lync.farm_audit) returns.
  type: dict
"""

import typing as t
from collections.abc import Callable, Iterable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError


def audit_snapshots(snapshots: t.Any, description: t.Any, **options: t.Any) -> dict[str, t.Any]:
    """Judge snapshots; the keywords are the module's options."""
    # here, since core loads all filters of a collection in each worker that uses one of them
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.audit_options import read_audit

    if (
        not isinstance(description, Mapping)
        or not isinstance(snapshots, Iterable)
        or isinstance(snapshots, (str, Mapping))
    ):
        raise AnsibleFilterError("farm_audit: the input must be a list of snapshots, and description a dictionary.")
    try:
        return read_audit({"snapshots": list(snapshots), "description": description, **options})
    except (ValueError, ShellError) as error:
        raise AnsibleFilterError(f"farm_audit: {error}") from error


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"farm_audit": audit_snapshots}
