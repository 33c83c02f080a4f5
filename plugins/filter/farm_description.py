# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The description of a farm, checked and completed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: farm_description
short_description: Check and complete the description of a farm
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Takes the variables of the role P(onprem.exchange_lync.farm#role) without their prefix C(farm_), checks them, and fills in what follows
    from them, such as the Autodiscover name and both of its URLs.
  - An error names every variable that is wrong.
options:
  _input:
    description: The variables. A variable that is null counts as not given.
    type: dict
    required: true
seealso:
  - module: onprem.exchange_lync.farm_audit
"""

EXAMPLES = r"""
- name: Show the URL that Lync needs
  ansible.builtin.debug:
    msg: "{{ (farm | onprem.exchange_lync.farm_description).exchange_autodiscover_url }}"
  vars:
    farm: {sip_domains: litwareinc.com, exchange_fqdn: atl-exchange-001.litwareinc.com}
"""

RETURN = r"""
_value:
  description: The complete description. The filter accepts it as input again.
  type: dict
"""

import typing as t
from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError


def complete_description(given: t.Any) -> dict[str, t.Any]:
    """The description, complete."""
    # here, since core loads all filters of a collection in each worker that uses one of them
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.judge_farm import check_rule_ids
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import read_description

    if not isinstance(given, Mapping):
        raise AnsibleFilterError("farm_description: the input must be a dictionary of the farm's variables.")
    try:
        description = read_description(given)
        check_rule_ids(description)
    except (ValueError, ShellError) as error:
        raise AnsibleFilterError(str(error)) from error
    return description.as_dict()


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"farm_description": complete_description}
