#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_info
short_description: Read the zones of a DNS server and the records of names
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Returns the zones of a DNS server, and for each name its records of all types and where they lead.
  - The zones are read once, and each name is read once, including the names that a chain of CNAME records leads through.
  - The server is a Windows DNS server, asked with the DnsServer cmdlets, or any other, with O(provider=rfc2136).
options:
  names:
    description:
      - The full names to read, with or without the last dot. Case does not matter.
      - International names are converted by IDNA 2008 and UTS 46.
      - If it is not given, only the zones are read. With O(provider=rfc2136), that is nothing, because DNS has no question for them.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
  - onprem.exchange_lync._dns_server
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: [Nothing is changed.]
  idempotent:
    support: full
requirements:
  - idna, for names with characters beyond ASCII
  - dnspython, for O(provider=rfc2136)
  - gssapi, for O(server.gss_tsig=true)
notes:
  - Only the server's own zones are read. The server is not asked to resolve anything, so forwarders, stub zones and other DNS servers are
    not used.
  - A wildcard record is not shown at the names that it answers for. Such a name has no records.
    With O(provider=rfc2136), a name whose records are the wildcard's own is told apart by an update that changes nothing, if the server
    takes updates from this sender; otherwise it is shown without records.
  - With O(provider=rfc2136), a server need not tell of all types. The records of type A, AAAA, CAA, CNAME, DNAME, MX, NS, PTR, SOA, SRV and
    TXT are shown in any case.
  - With O(provider=windows), it needs the DnsServer module on the host, and an account in DnsAdmins.
seealso:
  - module: onprem.exchange_lync.dns_record
"""

EXAMPLES = r"""
- name: Read where Autodiscover leads
  onprem.exchange_lync.dns_info:
    names: [autodiscover.litwareinc.com, atl-exchange-001.litwareinc.com]
  register: dns

- name: Show it
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.resolution.chain + item.resolution.addresses }}"
  loop: "{{ dns.names }}"
  loop_control:
    label: "{{ item.name }}"

- name: Read the zones only
  onprem.exchange_lync.dns_info:

- name: Read a name on a server that is not Windows
  onprem.exchange_lync.dns_info:
    names: [autodiscover.litwareinc.com]
    provider: rfc2136
    server:
      address: "{{ dns_primary }}"
      port: "{{ dns_port | default(53) }}"
  delegate_to: localhost
"""

RETURN = r"""
zones:
  description: The zones of the server. With O(provider=rfc2136), those that O(names) and the names that they lead to belong to.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The zone's name, in lower case and without the last dot.
      type: str
      returned: always
    type:
      description:
        - The type, such as V(Primary), V(Secondary), V(Stub) or V(Forwarder).
        - The records of a stub zone or conditional forwarder are on other servers.
        - V(null) with O(provider=rfc2136), because DNS does not tell.
      type: str
      returned: always
    reverse:
      description: Whether it is a reverse lookup zone.
      type: bool
      returned: always
    directory_integrated:
      description: Whether it is stored in Active Directory. V(null) with O(provider=rfc2136).
      type: bool
      returned: always
  sample: [{"name": "litwareinc.com", "type": "Primary", "reverse": false, "directory_integrated": true}]
names:
  description: The names that were asked for, each once, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The full name, in lower case, without the last dot, and with international labels as C(xn--).
      type: str
      returned: always
    zone:
      description: The zone of this server that holds the name. V(null) if none does, or if the zone delegates the name to other servers.
      type: str
      returned: always
    records:
      description: All records of the name. The list is empty if the name does not exist, or if RV(names[].zone) is V(null).
      type: list
      elements: dict
      returned: always
      contains:
        type:
          description: The type, such as V(A), V(CNAME) or V(MX).
          type: str
          returned: always
        value:
          description:
            - The data, as a zone file has it, without last dots.
            - Of an SOA record only the primary server. Empty for types other than A, AAAA, CNAME, DNAME, MX, NS, PTR, SOA, SRV and TXT.
          type: str
          returned: always
        ttl:
          description: The lifetime in seconds.
          type: int
          returned: always
    resolution:
      description: Where the name leads.
      type: dict
      returned: always
      contains:
        chain:
          description:
            - The names that its CNAME records lead through, in order. At most 8 are followed.
            - A loop ends with the name that repeats.
          type: list
          elements: str
          returned: always
        addresses:
          description: The addresses at the end, IPv4 first. Empty if there are none, and if they are not known.
          type: list
          elements: str
          returned: always
        complete:
          description:
            - Whether this server's zones tell all of it.
            - V(false) if the chain leads to a name that none of them holds, or through more than 8 names.
          type: bool
          returned: always
  sample:
    - name: autodiscover.litwareinc.com
      zone: litwareinc.com
      records: [{"type": "CNAME", "value": "atl-exchange-001.litwareinc.com", "ttl": 3600}]
      resolution: {"chain": ["atl-exchange-001.litwareinc.com"], "addresses": ["192.0.2.10"], "complete": true}
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_server_option import OPTIONS, reaches_host
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_reader import read_names
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.provider import open_provider

SPEC = ModuleSpec(
    argument_spec={"names": {"type": "list", "elements": "str", "default": []}, **OPTIONS},
    required_if=[("provider", "rfc2136", ("server",))],
    reaches_host=reaches_host,
)


def run(call: Call) -> Result:
    """Read the zones and the names."""
    with open_provider(call) as provider:
        return read_names(provider, call.params["names"])


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
