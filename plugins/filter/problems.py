# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The problems in what a role has read."""

from __future__ import annotations

DOCUMENTATION = r"""
name: problems
short_description: Find what stands in the way of the integration in the results of modules
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Looks through registered results of this collection's modules and returns all problems at once. This is how the roles preflight,
    certificates and verify report.
  - Results of tasks that were skipped are ignored. Those of loops are looked through item by item.
positional: host
options:
  _input:
    description: The results.
    type: list
    elements: dict
    required: true
  host:
    description: The host that they are of.
    type: str
    default: ''
  sip_domains:
    description: The SIP domains that M(onprem.exchange_lync.lync_info) should have found.
    type: list
    elements: str
    default: []
  front_ends:
    description:
      - The Front End Servers of the inventory, with which those that M(onprem.exchange_lync.lync_info) found are compared.
      - They are not compared, if not given.
    type: list
    elements: str
    default: []
  tolerate:
    description: Rules, as in C(rule) of a problem, whose problems are only warnings.
    type: list
    elements: str
    default: []
  pending:
    description: Whether a change that a task in check mode would make is a problem.
    type: bool
    default: false
seealso:
  - module: onprem.exchange_lync.certificate_verdict
"""

EXAMPLES = r"""
- name: Ask for the services, and go on whatever the answer
  onprem.exchange_lync.exchange_cmdlet:
    cmdlet: Test-ServiceHealth
    select: [Role, ServicesNotRunning]
  register: services
  failed_when: false

- name: Report what is wrong
  ansible.builtin.debug:
    msg: "{{ [services] | onprem.exchange_lync.problems(inventory_hostname) | map(attribute='message') }}"
"""

RETURN = r"""
_value:
  description:
    - The problems, each once, with C(rule), C(severity) (V(error) or V(warning)), C(host) and C(message), which names the host and says
      what to do.
    - 'The rules are those of M(onprem.exchange_lync.certificate_verdict), the kind of the error of a task that failed (such as
      V(unreachable), V(authentication), V(untrusted), V(not_found), V(conflict) and V(bad_input)), and V(service_stopped),
      V(wildcard_accepted_domain), V(oauth_off), V(sip_domain_unknown),
      V(front_end_not_in_inventory), V(token_issuer_no_candidate), V(replica_behind), V(no_hosts),
      V(host_not_in_play), V(not_writable) (a task in check mode foretells that a real run would be refused) and V(differs).'
  type: list
  elements: dict
"""

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError

from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange import problems as exchange
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync import problems as lync
from ansible_collections.onprem.exchange_lync.plugins.module_utils._problems import problems as find


def problems(results: object, host: str = "", **question: t.Any) -> list[dict[str, str]]:
    """The problems in a list of registered results; the keywords are the options."""
    if not isinstance(results, Sequence) or not all(isinstance(result, Mapping) for result in results):
        raise AnsibleFilterError("problems: a list of registered results is wanted as input")
    return find(results, host, products=(exchange.LOOKS, lync.LOOKS), **question)


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"problems": problems}
