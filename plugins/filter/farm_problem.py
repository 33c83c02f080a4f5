# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the description of a farm, as text."""

from __future__ import annotations

DOCUMENTATION = r"""
name: farm_problem
short_description: Say what is wrong with the description of a farm
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Takes the variables of the role P(onprem.exchange_lync.farm#role) without their prefix C(farm_), and says what
    P(onprem.exchange_lync.farm_description#filter) would refuse. The roles show it with M(ansible.builtin.assert), because Ansible puts an
    error of a filter behind words of its own.
positional: present, batch
options:
  _input:
    description: The variables. A variable that is null counts as not given.
    type: dict
    required: true
  present:
    description: The hosts that are still in the play, as in C(ansible_play_hosts).
    type: list
    elements: str
  batch:
    description:
      - The hosts that are worked on at the same time, as in C(ansible_play_batch).
      - With C(serial), these are not all hosts that are present. That is a problem too, because the roles judge all hosts together.
    type: list
    elements: str
seealso:
  - plugin: onprem.exchange_lync.farm_description
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check the description of the farm
  ansible.builtin.assert:
    that: problem == ''
    fail_msg: "{{ problem }}"
  vars:
    problem: "{{ farm | onprem.exchange_lync.farm_problem }}"
    farm: {sip_domains: litwareinc.com, exchange_fqdn: atl-exchange-001.litwareinc.com}
"""

RETURN = r"""
_value:
  description: What is wrong, with the names of the variables. Empty if nothing is.
  type: str
"""

import typing as t
from collections.abc import Callable, Sequence

from ansible.errors import AnsibleFilterError

_SERIAL = (
    "The roles of onprem.exchange_lync cannot run with serial: they judge all hosts together, and would see only some of them. "
    "Remove serial from the play."
)


def find_problem(given: t.Any, present: Sequence[str] = (), batch: Sequence[str] = ()) -> str:
    """What is wrong; empty where nothing is."""
    # here, since core loads all filters of a collection in each worker that uses one of them
    from ansible_collections.onprem.exchange_lync.plugins.filter.farm_description import complete_description

    if set(batch) != set(present):
        return _SERIAL
    try:
        complete_description(given)
    except AnsibleFilterError as error:
        return str(error)
    return ""


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"farm_problem": find_problem}
