#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_record
short_description: Manage address and CNAME records on a Windows DNS server
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Creates, changes and removes records of type A, AAAA and CNAME with the DnsServer cmdlets, on the DNS server itself.
  - Says before anything is written when a CNAME and other records would meet at one name, and can replace the ones by the others in the
    same run.
options:
  name:
    description:
      - The record's name. One label, such as V(autodiscover), is a name in O(zone), and V(@) is the zone itself.
      - A name with dots is a full name, such as V(autodiscover.litwareinc.com), with or without the last dot. It has to be in O(zone).
    type: str
    required: true
  zone:
    description:
      - The zone, as the DNS server has it.
      - If not given, the longest of the server's zones that O(name) belongs to.
    type: str
  type:
    description: The type of the record.
    type: str
    required: true
    choices: [A, AAAA, CNAME]
  value:
    description:
      - The addresses, or for V(CNAME) the one full name that it points to. Case and the last dot do not matter.
      - Needed with O(state=present). With O(state=absent), only these values are removed.
    type: list
    elements: str
  ttl:
    description:
      - The lifetime in seconds. All records of the type at this name get the same.
      - If not given, records that are there keep theirs. New ones get the same, or the zone's default where there are none.
    type: int
  state:
    description:
      - V(present) makes sure that the record is there.
      - V(absent) makes sure that it is not. Without O(value), all records of the type at this name go.
    type: str
    choices: [present, absent]
    default: present
  exclusive:
    description:
      - Whether other addresses of the same type at this name are removed. A CNAME is always the only one.
    type: bool
    default: true
  on_conflict:
    description:
      - What to do where a CNAME and other records would meet at one name.
      - V(fail) fails and writes nothing. V(replace) removes records of type A, AAAA and CNAME that are in the way and adds the wanted
        ones in one run. Records of other types are never removed.
    type: str
    choices: [fail, replace]
    default: fail
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - A record is changed by adding and removing, as C(Set-DnsServerResourceRecord) needs objects that do not travel. An address is added
    before the old one is removed, so that the name always resolves. A CNAME has to go before its successor comes, and so has a record
    that gets another lifetime. Nothing else happens in between.
  - The module manages static records. One that a client registered becomes static when it is changed.
  - Needs the DnsServer module on the host, and an account in DnsAdmins.
seealso:
  - module: ansible.windows.win_dns_record
    description: More types of records, and no look at other types at the same name.
  - module: onprem.exchange_lync.lync_oauth_configuration
"""

EXAMPLES = r"""
- name: Publish Autodiscover
  onprem.exchange_lync.dns_record:
    zone: litwareinc.com
    name: autodiscover
    type: CNAME
    value: atl-exchange-001.litwareinc.com

- name: Publish it by address instead
  onprem.exchange_lync.dns_record:
    name: autodiscover.litwareinc.com
    type: A
    value: 192.0.2.10
    ttl: 3600
    on_conflict: replace

- name: Take it back
  onprem.exchange_lync.dns_record:
    name: autodiscover.litwareinc.com
    type: A
    state: absent
"""

RETURN = r"""
record:
  description: The name as it is, or would be in check mode.
  returned: success
  type: dict
  contains:
    zone:
      description: The zone that holds it.
      type: str
      returned: always
    name:
      description: The full name.
      type: str
      returned: always
    type:
      description: As in O(type).
      type: str
      returned: always
    value:
      description: The values of this type at the name, without last dots.
      type: list
      elements: str
      returned: always
    ttl:
      description:
        - Their lifetime in seconds, the shortest where they differ.
        - Null if there are none, and in check mode if it is not known yet.
      type: int
      returned: always
    others:
      description:
        - The records of other types at the same name, each with C(type), C(value) and C(ttl).
        - C(value) is empty for types that this module does not manage.
      type: list
      elements: dict
      returned: always
  sample:
    zone: litwareinc.com
    name: autodiscover.litwareinc.com
    type: CNAME
    value: [atl-exchange-001.litwareinc.com]
    ttl: 3600
    others: []
commands:
  description: The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample:
    - >-
      Add-DnsServerResourceRecordCName -ZoneName 'litwareinc.com' -Name 'autodiscover'
      -HostNameAlias 'atl-exchange-001.litwareinc.com.' -TimeToLive '01:00:00' -Confirm:$false
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
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.records import DnsRecord, writing_cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import ensure

SPEC = ModuleSpec(
    argument_spec={
        "name": {"type": "str", "required": True},
        "zone": {"type": "str"},
        "type": {"type": "str", "required": True, "choices": ["A", "AAAA", "CNAME"]},
        "value": {"type": "list", "elements": "str"},
        "ttl": {"type": "int"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "exclusive": {"type": "bool", "default": True},
        "on_conflict": {"type": "str", "choices": ["fail", "replace"], "default": "fail"},
    },
    required_if=[("state", "present", ("value",))],
)


def run(call: Call) -> Result:
    """Bring the name's records to the state that is asked for."""
    with located(shell="windows", cmdlet=writing_cmdlet(call)):
        return ensure(call, DnsRecord())


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
