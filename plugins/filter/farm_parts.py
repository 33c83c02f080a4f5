# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who does what in a play."""

from __future__ import annotations

DOCUMENTATION = r"""
name: farm_parts
short_description: Choose what is read on which host of a farm
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Takes the description of a farm and the hosts of a play. Returns the products of each host, the host that speaks for each product, and
    the names to look up in DNS. The roles use it.
positional: present
options:
  _input:
    description: The description, as P(onprem.exchange_lync.farm_description#filter) returns it.
    type: dict
    required: true
  present:
    description: The hosts that are still in the play, as in C(ansible_play_hosts).
    type: list
    elements: str
    required: true
seealso:
  - plugin: onprem.exchange_lync.farm_description
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show who speaks for Lync
  ansible.builtin.debug:
    msg: "{{ (farm | onprem.exchange_lync.farm_description | onprem.exchange_lync.farm_parts(ansible_play_hosts)).speakers.lync }}"
  vars:
    farm:
      sip_domains: litwareinc.com
      exchange_fqdn: atl-exchange-001.litwareinc.com
      lync_hosts: "{{ groups['lync_servers'] }}"
"""

RETURN = r"""
_value:
  description: C(products) by host, C(speakers) by product, and C(names).
  type: dict
"""

import typing as t
from collections.abc import Callable, Mapping, Sequence


def assign_farm_parts(description: Mapping[str, t.Any], present: Sequence[str]) -> dict[str, t.Any]:
    """Who does what."""
    # here, since core loads all filters of a collection in each worker that uses one of them
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import read_description
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.who_speaks import assign_parts

    return assign_parts(read_description(description), present)


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"farm_parts": assign_farm_parts}
