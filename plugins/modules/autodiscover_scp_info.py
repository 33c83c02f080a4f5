#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: autodiscover_scp_info
short_description: Read the Autodiscover service connection points of Active Directory
version_added: 0.2.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Returns the service connection point objects in which clients inside the domain look for Autodiscover first. Each Exchange server has
    one in the configuration partition of Active Directory, and others may point to another forest.
  - They are read by LDAP from one domain controller. Neither Exchange nor Lync is needed, and no session on any host is opened.
  - M(onprem.exchange_lync.exchange_info) returns what Exchange's cmdlets say of the same objects.
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._directory_server
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: [Nothing is changed.]
  idempotent:
    support: full
  platform:
    platforms: windows
    details:
      - The module runs on the controller, and asks the domain controller by LDAP. Nothing is installed on it.
requirements:
  - ldap3 2.9.1 or later
  - cryptography and gssapi, for a logon with a Kerberos ticket
notes:
  - Every account of the domain may read these objects by default.
  - With a ticket over V(ldaps), the logon is bound to the TLS connection (channel binding). A logon with a password is inside TLS, which is
    all that the policy on LDAP channel binding asks of it.
  - NTLM is not offered. The stable releases of ldap3 seal nothing with it.
seealso:
  - module: onprem.exchange_lync.exchange_info
  - module: onprem.exchange_lync.farm_info
  - module: onprem.exchange_lync.exchange_client_access
"""

EXAMPLES = r"""
- name: Read the service connection points with a password, inside TLS
  onprem.exchange_lync.autodiscover_scp_info:
    server:
      address: "{{ directory_server }}"
      user: "{{ directory_user }}"
      password: "{{ vault_directory_password }}"
      ca_path: "{{ directory_ca }}"
  register: directory
  delegate_to: localhost
  run_once: true

- name: Show where clients of each site are sent
  ansible.builtin.debug:
    msg: "{{ item.autodiscover_site_scope }}: {{ item.autodiscover_service_internal_uri }}"
  loop: "{{ directory.service_connection_points | selectattr('type', 'equalto', 'url') }}"
  loop_control:
    label: "{{ item.dn }}"
  run_once: true

- name: Read them with a Kerberos ticket, from a domain controller without a certificate
  onprem.exchange_lync.autodiscover_scp_info:
    server:
      address: "{{ directory_server }}"
      protocol: ldap
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
domain_controller:
  description: The domain controller that answered, by its own name.
  returned: success
  type: str
  sample: atl-dc-001.litwareinc.com
configuration_naming_context:
  description: The configuration partition, which was searched.
  returned: success
  type: str
  sample: CN=Configuration,DC=litwareinc,DC=com
service_connection_points:
  description: The objects, by their distinguished names. The list is empty if there are none.
  returned: success
  type: list
  elements: dict
  contains:
    dn:
      description: The distinguished name.
      type: str
      returned: always
    name:
      description: The object's own name, which is the server's where Exchange has made it.
      type: str
      returned: always
    type:
      description:
        - V(url) if it gives the URL of a server, V(pointer) if it says where to look in another forest.
      type: str
      returned: always
    server:
      description: The Exchange server that the object belongs to, by its place in the directory. V(null) if it is elsewhere.
      type: str
      returned: always
    in_conflict:
      description:
        - Whether two domain controllers have made an object of the same name at the same time, and this is the one that was renamed
          (C(CNF:) in its name).
      type: bool
      returned: always
    autodiscover_service_internal_uri:
      description: The Autodiscover URI. V(null) if there is none, and for a pointer.
      type: str
      returned: always
    autodiscover_site_scope:
      description: The Active Directory sites that it is meant for, from the keywords C(Site=).
      type: list
      elements: str
      returned: always
    domains:
      description: The mail domains that it is meant for, from the keywords C(Domain=).
      type: list
      elements: str
      returned: always
    service_binding_information:
      description: The attribute C(serviceBindingInformation) as it is. For a pointer, it has an LDAP URL.
      type: list
      elements: str
      returned: always
    service_dns_name:
      description: The attribute C(serviceDNSName), or V(null).
      type: str
      returned: always
    when_changed:
      description: When this domain controller has last seen a change of the object, in ISO 8601 and UTC.
      type: str
      returned: always
  sample:
    - dn: >-
        CN=ATL-EXCHANGE-001,CN=Autodiscover,CN=Protocols,CN=ATL-EXCHANGE-001,CN=Servers,CN=Exchange Administrative Group
        (FYDIBOHF23SPDLT),CN=Administrative Groups,CN=Litware,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=litwareinc,DC=com
      name: ATL-EXCHANGE-001
      type: url
      server: ATL-EXCHANGE-001
      in_conflict: false
      autodiscover_service_internal_uri: https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml
      autodiscover_site_scope: [Atlanta]
      domains: []
      service_binding_information: ["https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml"]
      service_dns_name: ATL-EXCHANGE-001
      when_changed: "2026-11-27T12:00:00Z"
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.directory_server_option import (
    DIRECTORY_SERVER,
    read_directory_server,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.service_connection_points import (
    read_service_connection_points,
)

SPEC = ModuleSpec(
    asks_host=False,
    reaches_host=lambda _given: False,
    argument_spec={"server": {**DIRECTORY_SERVER, "required": True}},
)


def run(call: Call) -> Result:
    """Read them."""
    return read_service_connection_points(read_directory_server(call.params["server"], "server"))


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
