#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: farm_description
short_description: Check and complete the description of a farm
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Takes the variables of the role P(onprem.exchange_lync.farm#role), checks them, and fills in what follows from them, such as the
    Autodiscover name and both of its URLs.
  - Chooses what is read on which host of the play. The first host of each product speaks for that product.
  - If a variable is wrong, the task fails and names every variable that is.
options:
  variables:
    description:
      - The variables without their prefix C(farm_). A variable that is null counts as not given.
      - The secrets in C(dns_server) and C(directory) are neither returned nor shown.
    type: dict
    required: true
  present:
    description: The hosts that are still in the play, as in C(ansible_play_hosts).
    type: list
    elements: str
    required: true
  batch:
    description:
      - The hosts that are worked on at the same time, as in C(ansible_play_batch).
      - With C(serial), these are not all hosts that are present. The task then fails, because the roles judge all hosts together.
    type: list
    elements: str
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
  - plugin: onprem.exchange_lync.farm_description
    plugin_type: filter
  - module: onprem.exchange_lync.farm_audit
"""

EXAMPLES = r"""
- name: Check the description of the farm
  onprem.exchange_lync.farm_description:
    variables:
      sip_domains: litwareinc.com
      exchange_fqdn: atl-exchange-001.litwareinc.com
      lync_hosts: "{{ groups['lync_servers'] }}"
    present: "{{ ansible_play_hosts }}"
  register: farm
  run_once: true

- name: Show who speaks for Lync
  ansible.builtin.debug:
    msg: "{{ farm.parts.speakers.lync }}"
"""

RETURN = r"""
description:
  description: The complete description, as M(onprem.exchange_lync.farm_audit) takes it.
  returned: success
  type: dict
  sample:
    sip_domains: [litwareinc.com]
    exchange_fqdn: atl-exchange-001.litwareinc.com
    autodiscover_name: autodiscover.litwareinc.com
parts:
  description: What is read on which host.
  returned: success
  type: dict
  contains:
    products:
      description: The products of each host.
      type: dict
    speakers:
      description: The host that speaks for each product. Empty where none is in the play.
      type: dict
    names:
      description: The names to look up in DNS.
      type: list
      elements: str
    web_site_names:
      description: The names by which clients and Lync look for Exchange's web site.
      type: list
      elements: str
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.judge_farm import check_rule_ids
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import (
    SECRETS,
    DescriptionError,
    read_description,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.who_speaks import assign_parts

SPEC = ModuleSpec(
    asks_host=False,
    argument_spec={
        "variables": {"type": "dict", "required": True},
        "present": {"type": "list", "elements": "str", "required": True},
        "batch": {"type": "list", "elements": "str"},
    },
)
_SERIAL = "the roles of onprem.exchange_lync cannot run with serial: they judge all hosts together, and would see only some of them."


def run(call: Call) -> Result:
    """Check and complete the description, and say who does what."""
    variables, present, batch = (call.params[name] for name in ("variables", "present", "batch"))
    _hide_secrets(call)
    if batch is not None and set(batch) != set(present):
        raise ShellError("bad_input", _SERIAL, remedy="Remove serial from the play.")
    try:
        description = read_description(variables)
        check_rule_ids(description)
    except DescriptionError as error:
        raise ShellError("bad_input", str(error), remedy="Nothing was written.") from error
    return {"description": description.as_dict(), "parts": assign_parts(description, present)}


def _hide_secrets(call: Call) -> None:
    """An option that hides its values would hide all variables."""
    for name, secret in SECRETS.items():
        server = call.params["variables"].get(name)
        if isinstance(server, dict) and server.get(secret):
            call.hidden.add(str(server[secret]))


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
