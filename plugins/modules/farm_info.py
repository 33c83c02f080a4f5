#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: farm_info
short_description: Take a snapshot of an Exchange, Lync or DNS server
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Reads everything on a host that the integration depends on, each thing once, and returns it as one snapshot of plain values.
    M(onprem.exchange_lync.farm_audit) judges the snapshots of all hosts together.
  - What cannot be read is listed in the snapshot as unread, with its error. The rest is read nevertheless.
  - A host that cannot be reached at all is reported as unreachable, as Ansible's own modules do. The result still has its snapshot.
options:
  host:
    description:
      - The name under which findings show the host.
      - Defaults to the host's name in the inventory.
    type: str
  products:
    description:
      - What to read on the host.
      - Defaults to what its groups say. Members of C(exchange_servers) are read as V(exchange), those of C(lync_servers) as V(lync), those
        of C(dns_servers) as V(dns).
    type: list
    elements: str
    choices: [exchange, lync, dns]
  organization:
    description:
      - Whether to read the organisation-wide facts as well, such as the servers of the Exchange organisation, the topology of the Lync
        deployment, and the DNS records of O(names).
      - They are the same on every host, so one host of each product is enough.
    type: bool
    default: true
  covered:
    description:
      - Names of Exchange servers that are hosts of the play themselves.
      - With O(organization), the certificates of all other Exchange servers are read through this host.
    type: list
    elements: str
    default: []
  web_site:
    description:
      - The address and port of the host's web site, such as V(ex1.litwareinc.com:443), if the certificate that it shows shall be seen.
      - The controller also reads what the web site publishes about OAuth, as M(onprem.exchange_lync.trust_info) does, without an account.
        If the web site cannot be reached, the snapshot says so.
    type: str
  web_site_names:
    description: The names to ask the web site for, one after the other.
    type: list
    elements: str
    default: []
  names:
    description: Full names to look up on the DNS server.
    type: list
    elements: str
    default: []
  dns_provider:
    description:
      - How the DNS server is asked.
      - V(windows) uses the DnsServer cmdlets on the host. V(rfc2136) asks O(dns_server) from the controller; no session on the host is
        opened for it.
    type: str
    choices: [windows, rfc2136]
    default: windows
    version_added: 0.2.0
  dns_server:
    description:
      - The DNS server for O(dns_provider=rfc2136). The suboptions are those of O(onprem.exchange_lync.dns_info#module:server).
      - One host of the farm is enough for that.
    type: dict
    version_added: 0.2.0
    suboptions:
      address:
        description: The name or IP address of the server.
        type: str
        required: true
      port:
        description: The port of the server.
        type: int
        default: 53
      protocol:
        description: How the server is asked.
        type: str
        choices: [tcp, udp]
        default: tcp
      timeout:
        description: Seconds that one answer may take.
        type: float
        default: 10.0
      key_name:
        description: The name of the shared key that signs questions.
        type: str
      key_secret:
        description: The secret of the shared key, in base64.
        type: str
      key_algorithm:
        description: The algorithm of the shared key.
        type: str
        choices: [hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512]
        default: hmac-sha256
      gss_tsig:
        description: Whether to use Kerberos instead of a shared key.
        type: bool
        default: false
  directory:
    description:
      - A domain controller to ask by LDAP, from the controller, for the Autodiscover service connection points of Active Directory, to
        compare them with what Exchange's cmdlets say. The suboptions are those of
        O(onprem.exchange_lync.autodiscover_scp_info#module:server).
      - Read only with O(organization), and for an Exchange host.
    type: dict
    version_added: 0.2.0
    suboptions:
      address:
        description: The name or IP address of the domain controller.
        type: str
        required: true
      protocol:
        description: LDAP inside TLS, or sealed by Kerberos.
        type: str
        choices: [ldaps, ldap]
        default: ldaps
      port:
        description: The port. Defaults to 636 for V(ldaps) and to 389 for V(ldap).
        type: int
      user:
        description: The account. If it is not given, a Kerberos ticket is used.
        type: str
      password:
        description: The password of the account.
        type: str
      validate_certs:
        description: Whether the certificate of the domain controller must be valid, trusted, and for the address.
        type: bool
        default: true
      ca_path:
        description: The authorities to trust, as a file or a folder on the controller.
        type: path
      timeout:
        description: Seconds that the connection and each answer may take.
        type: int
        default: 10
  linked_account:
    description:
      - On an Exchange host with O(organization), the account that Lync shall act as in Exchange. The snapshot says which account that is,
        by the name that Exchange gives it, and which management roles it has.
    type: str
  key_containers:
    description:
      - On a Lync host, whether to read for each private key in the store if it can be exported, and which provider has it.
      - This is read in any case if no OAuthTokenIssuer certificate is assigned, because one may have to be chosen.
    type: bool
    default: false
  machine:
    description:
      - Whether to read over the machine's own PowerShell what keeps one product from reaching the other. These are the settings for TLS and
        for WinHTTP's proxy, the trusted authorities, and the events of a week that tell of failures. With O(organization), the machine is
        also asked whether it can download the metadata documents that the partner applications name.
      - On an Exchange host that is reached by the product's endpoint, this opens a second session. If the machine's PowerShell cannot be
        reached, the snapshot says so.
    type: bool
    default: false
    version_added: 0.2.0
  oauth_token_issuer_path:
    description: A PFX file to read, by its path on the Lync host. Read only with O(organization).
    type: str
  oauth_token_issuer_password:
    description: The password of the PFX file.
    type: str
  oauth_token_issuer_thumbprint:
    description: The thumbprint of the certificate that the PFX file must hold. If not given, the file may hold any.
    type: str
  await_token_issuer:
    description:
      - On a Lync host, the thumbprint of a certificate to wait for. The host is read again until the certificate is assigned as
        OAuthTokenIssuer and is in the store with its private key, or until O(timeout) has passed.
      - The snapshot has what was read last.
    type: str
  timeout:
    description: Seconds to wait for O(await_token_issuer).
    type: int
    default: 300
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
  - onprem.exchange_lync._directory
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: [Nothing is changed.]
  idempotent:
    support: full
requirements:
  - cryptography
  - dnspython, for O(dns_provider=rfc2136)
  - ldap3, for O(directory)
notes:
  - Run it on all hosts of the farm in one task, so that they are read at the same time.
seealso:
  - module: onprem.exchange_lync.farm_audit
  - module: onprem.exchange_lync.exchange_info
  - module: onprem.exchange_lync.lync_info
  - module: onprem.exchange_lync.dns_info
  - module: onprem.exchange_lync.autodiscover_scp_info
"""

EXAMPLES = r"""
- name: Read all hosts at the same time
  onprem.exchange_lync.farm_info:
    names: [autodiscover.litwareinc.com, atl-exchange-001.litwareinc.com]
  register: farm_read
  ignore_unreachable: true

- name: Read only what a Front End Server says about itself
  onprem.exchange_lync.farm_info:
    products: [lync]
    organization: false
  when: "'lync_servers' in group_names"
"""

RETURN = r"""
snapshot:
  description: What was read from the host.
  returned: success, or unreachable
  type: dict
  contains:
    version:
      description: The version of the snapshot's format.
      type: int
      returned: always
    host:
      description: The host.
      type: str
      returned: always
    taken_at:
      description: When it was taken, by the controller's clock, in ISO 8601 and UTC.
      type: str
      returned: always
    clock_offset:
      description: By how many seconds the host's clock is ahead of the controller's. Null if it is not known.
      type: float
      returned: always
    products:
      description: The parts that were read, by product. They have the format that the info modules return.
      type: dict
      returned: always
    unread:
      description: What could not be read, each with C(what), C(message), C(remedy) and C(error).
      type: list
      elements: dict
      returned: always
  sample:
    version: 1
    host: atl-dc-001.litwareinc.com
    taken_at: "2026-11-27T12:00:00Z"
    clock_offset: 0.4
    products: {"dns": {"offered": ["Add-DnsServerResourceRecordCName"], "zones": [], "names": []}}
    unread: []
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

import re

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_server_option import PROVIDER, SERVER
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import OPTION
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.product_reading import READERS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.snapshot import (
    PRODUCTS,
    Product,
    Reading,
    find_products,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.directory_server_option import DIRECTORY_SERVER

SPEC = ModuleSpec(
    argument_spec={
        "host": {"type": "str"},
        "products": {"type": "list", "elements": "str", "choices": list(PRODUCTS)},
        "organization": {"type": "bool", "default": True},
        "covered": {"type": "list", "elements": "str", "default": []},
        "web_site": {"type": "str"},
        "web_site_names": {"type": "list", "elements": "str", "default": []},
        "names": {"type": "list", "elements": "str", "default": []},
        "dns_provider": PROVIDER,
        "dns_server": SERVER,
        "directory": DIRECTORY_SERVER,
        "linked_account": {"type": "str"},
        "key_containers": {"type": "bool", "default": False},
        "machine": {"type": "bool", "default": False},
        "oauth_token_issuer_path": {"type": "str", "no_log": False},
        "oauth_token_issuer_password": {"type": "str", "no_log": True},
        "oauth_token_issuer_thumbprint": {"type": "str", "no_log": False},
        "await_token_issuer": {"type": "str", "no_log": False},
        "timeout": {"type": "int", "default": 300},
        **OPTION,
    },
    required_if=[("dns_provider", "rfc2136", ("dns_server",))],
    of_host={"host": lambda variables: variables["inventory_hostname"], "products": find_products},
    reaches_host=lambda given: given.get("dns_provider") != "rfc2136" or given.get("products") != ["dns"],
)


def run(call: Call) -> Result:
    """Read each product of the host."""
    products: list[Product] = call.params["products"]
    if not products:
        groups = ", ".join(f"{name}_servers" for name in PRODUCTS)
        raise ShellError("bad_input", f"products: the host is in none of the groups {groups}; name its products.")
    web_site = call.params["web_site"]
    if web_site and not re.fullmatch(r".+:\d{1,5}", web_site):
        raise ShellError("bad_input", f"web_site: '{web_site}' must be an address and a port: HOST:PORT.")
    reading = Reading(call, call.params["host"], products)
    for product in products:
        READERS[product](reading)
    return {"snapshot": reading.finish()}


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
