#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_record
short_description: Manage address and CNAME records on a DNS server
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Creates, changes and removes records of type A, AAAA and CNAME on a Windows DNS server, with the DnsServer cmdlets, or on any server
    that takes dynamic updates, such as BIND or Knot, with O(provider=rfc2136).
  - Never replaces a record unless O(on_conflict=replace) allows it. A record that points elsewhere may be there on purpose.
  - Detects before writing that a CNAME would share its name with other records, and can replace the conflicting records in the same run.
options:
  name:
    description:
      - The record's name. One label, such as V(autodiscover), is a name in O(zone), and V(@) is the zone itself.
      - A name with dots is a full name, such as V(autodiscover.litwareinc.com), with or without the last dot. It must be in O(zone).
      - Case does not matter. International names are converted by IDNA 2008 and UTS 46.
    type: str
    required: true
  zone:
    description:
      - The zone, as the DNS server has it.
      - Defaults to the longest of the server's zones that O(name) belongs to.
    type: str
  type:
    description: The type of the record.
    type: str
    required: true
    choices: [A, AAAA, CNAME]
  value:
    description:
      - The addresses, or for V(CNAME) the one full name that it points to. Case and the last dot do not matter.
      - Required with O(state=present). With O(state=absent), only these values are removed.
      - An empty list or an empty string is refused. It never means all records.
    type: list
    elements: str
  ttl:
    description:
      - The lifetime in seconds. All records of the type at this name get the same.
      - If it is not given, existing records keep theirs. New records get the same lifetime, or the zone's default if there are none yet.
      - With O(provider=rfc2136), the zone's default is the last field of its SOA record, which Windows uses as well.
      - A new lifetime for the same data does not count as a replacement.
    type: int
  state:
    description:
      - V(present) makes sure that the record exists.
      - V(absent) makes sure that it does not. If O(value) is not given, all records of the type at this name are removed.
    type: str
    choices: [present, absent]
    default: present
  exclusive:
    description:
      - Whether the name has only the addresses in O(value). Other addresses of the same type are then replaced, which needs
        O(on_conflict=replace).
      - With V(false), missing addresses are added and the others stay.
      - A CNAME is always the only one.
    type: bool
    default: true
  on_conflict:
    description:
      - What to do if existing records would have to be removed to make room. These are records of other types beside a CNAME, a CNAME that
        points elsewhere, and with O(exclusive=true) other addresses of the same type.
      - V(fail) fails, names these records and writes nothing.
      - V(keep) leaves them as they are, with a warning, and changes nothing.
      - V(replace) replaces them in one run. Records of types other than A, AAAA and CNAME are never removed.
    type: str
    choices: [fail, keep, replace]
    default: fail
  accept_equivalent:
    description:
      - Whether other records are accepted if the name already leads to O(value) by them. Nothing is changed then, and nothing is refused.
      - Accepted are a chain of CNAME records that ends at the target or at its addresses, and A and AAAA records with the target's
        addresses. If the target also has IPv6 addresses, its IPv4 addresses are enough.
      - Only the zones of this DNS server are used. If they do not tell where the name or the target leads, the records are not equivalent;
        see RV(resolution). Wildcard records are not considered.
      - Has no effect with O(state=absent).
    type: bool
    default: false
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
  - onprem.exchange_lync._dns_server
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
requirements:
  - idna, for names with characters beyond ASCII
  - dnspython, for O(provider=rfc2136)
  - gssapi, for O(server.gss_tsig=true)
notes:
  - With O(provider=windows), a record is changed by adding the new one and removing the old one, because C(Set-DnsServerResourceRecord)
    needs objects that cannot be sent from outside. An address is added before the old one is removed, so the name always resolves. A CNAME,
    and a record that gets another lifetime, must be removed first. The new record is added directly after that. If the server refuses it,
    the old record is added again at once, and the error says whether that worked.
  - With O(provider=windows), the module manages static records. A record that a client registered becomes static when it is changed. It
    needs the DnsServer module on the host, and an account in DnsAdmins.
  - With O(provider=rfc2136), all changes of a task are one update. The server carries it out as a whole or not at all, and only if the
    records are still as they were read. If somebody else has changed them in the meantime, they are read and planned again once, and the
    task fails if that happens again. So a name that is changed always resolves, and nothing is overwritten that was not seen.
  - With O(provider=rfc2136), an update whose answer is lost, or is not signed as it has to be, is never sent again. The records are read
    back. If the update has not taken effect, the task fails, and RV(commands_unknown) has it.
  - With O(provider=rfc2136), check mode asks the server with an update without changes whether it takes updates from this sender, and warns
    if it does not. A server that decides by record, such as BIND with C(update-policy), is only asked by the real update.
  - O(command_timeout) is not used with O(provider=rfc2136). See O(server.timeout).
seealso:
  - module: onprem.exchange_lync.dns_info
    description: Reads the zones, and all records of a name.
  - module: ansible.windows.win_dns_record
    description: Manages more types of records. It does not check for records of other types at the same name.
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

- name: Publish Autodiscover, unless the name already leads to the server by other records
  onprem.exchange_lync.dns_record:
    name: autodiscover.litwareinc.com
    type: CNAME
    value: atl-exchange-001.litwareinc.com
    accept_equivalent: true

- name: Publish it on a server that takes dynamic updates, such as BIND
  onprem.exchange_lync.dns_record:
    name: lyncdiscover.litwareinc.com
    type: CNAME
    value: atl-lync-001.litwareinc.com
    provider: rfc2136
    server:
      address: "{{ dns_primary }}"
      port: "{{ dns_port | default(53) }}"
      key_name: "{{ dns_key_name }}"
      key_secret: "{{ vault_dns_key_secret }}"
  delegate_to: localhost

- name: Remove it again
  onprem.exchange_lync.dns_record:
    name: autodiscover.litwareinc.com
    type: A
    state: absent
"""

RETURN = r"""
record:
  description: The name as it is now, or in check mode as it would be.
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
        - Their lifetime in seconds; the shortest one if they differ.
        - V(null) if there are no records, and in check mode if it is not known yet.
      type: int
      returned: always
    others:
      description:
        - The records of other types at the same name, each with C(type), C(value) and C(ttl), as in
          RV(onprem.exchange_lync.dns_info#module:names[].records).
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
resolution:
  description: Where the name led before the task changed anything, as far as the zones of this DNS server tell.
  returned: if O(accept_equivalent=true) and O(state=present), on success and if records are in conflict
  type: dict
  contains:
    verdict:
      description:
        - V(same) if the name already has the record.
        - V(equivalent) if it leads to the target by other records.
        - V(elsewhere) if it leads to something else, or points to a name from which no way to the target is known.
        - V(missing) if it has neither a CNAME nor an address.
        - V(unknown) if it has addresses and those of the target are not known.
      type: str
      returned: always
    evidence:
      description: What the name has.
      type: str
      returned: always
    chain: &chain
      description: The names that its CNAME records lead through, in order. At most 8 are followed.
      type: list
      elements: str
      returned: always
    addresses: &addresses
      description: The addresses at the end.
      type: list
      elements: str
      returned: always
    complete: &complete
      description:
        - Whether this server's zones tell all of it.
        - V(false) if the chain leads to a name that none of them holds, or through more than 8 names.
      type: bool
      returned: always
    target:
      description: The same for the target.
      type: dict
      returned: always
      contains:
        chain: *chain
        addresses: *addresses
        complete: *complete
  sample:
    verdict: equivalent
    evidence: A 192.0.2.10
    chain: []
    addresses: [192.0.2.10]
    complete: true
    target: {"chain": [], "addresses": ["192.0.2.10"], "complete": true}
commands:
  description:
    - The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
    - With O(provider=rfc2136), the update that was sent, in lines as C(nsupdate) takes them.
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
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_server_option import OPTIONS, reaches_host
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.provider import open_provider
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.record_set import ensure_records

SPEC = ModuleSpec(
    argument_spec={
        "name": {"type": "str", "required": True},
        "zone": {"type": "str"},
        "type": {"type": "str", "required": True, "choices": ["A", "AAAA", "CNAME"]},
        "value": {"type": "list", "elements": "str"},
        "ttl": {"type": "int"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "exclusive": {"type": "bool", "default": True},
        "on_conflict": {"type": "str", "choices": ["fail", "keep", "replace"], "default": "fail"},
        "accept_equivalent": {"type": "bool", "default": False},
        **OPTIONS,
    },
    required_if=[("state", "present", ("value",)), ("provider", "rfc2136", ("server",))],
    reaches_host=reaches_host,
)


def run(call: Call) -> Result:
    """Bring the name's records to the state that is asked for."""
    with open_provider(call) as provider:
        return ensure_records(call, provider)


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
