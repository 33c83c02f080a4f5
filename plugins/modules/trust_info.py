#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trust_info
short_description: Read from the controller what a server publishes about OAuth, without an account
version_added: 0.2.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Reads the authentication metadata document of an Exchange or Lync server, which holds the certificates that it signs tokens with, and
    compares them with the certificates in use.
  - On Exchange, also reads whom the server trusts. Autodiscover answers a request without an account with the list of trusted issuers.
  - The controller connects to the server itself over TLS, by the server's own name. Behind a load balancer, each server is read by itself
    that way. The server's certificate is returned and not judged.
  - No account is used, and no session is opened. Redirects are not followed; where they point to is returned.
  - Whatever the server does is a result. The task fails only if its options cannot be used, or if the DNS server of O(dns_server) gives no
    answer.
options:
  product:
    description:
      - What runs on the server.
      - Defaults to what the host's groups say. Members of C(exchange_servers) are read as V(exchange), those of C(lync_servers) as V(lync).
    type: str
    choices: [exchange, lync]
  server:
    description:
      - The server's own name, which is used for TLS and in the request.
      - Defaults to the host's name in the inventory.
    type: str
  address:
    description:
      - Where the controller connects to.
      - Defaults to the host's C(ansible_host), or to O(server).
    type: str
  port:
    description: The port of the web site.
    type: int
    default: 443
  timeout:
    description: Seconds for each page, from the connection to the end of the answer.
    type: float
    default: 10.0
  current_thumbprint:
    description:
      - The thumbprint of the certificate that the server has to sign with, as C(Get-AuthConfig) or
        C(Get-CsCertificate -Type OAuthTokenIssuer) has it.
      - If none of the three thumbprints is given, the C(state) of each key in RV(metadata.signing_keys) is V(null).
    type: str
  next_thumbprint:
    description: The thumbprint of the certificate that is staged.
    type: str
  previous_thumbprint:
    description: The thumbprint of the certificate that was in use before.
    type: str
  names:
    description: Full names to look up on the farm's own DNS server, O(dns_server).
    type: list
    elements: str
    default: []
  dns_server:
    description:
      - The DNS server that O(names) are looked up on. The suboptions are those of O(onprem.exchange_lync.dns_info#module:server).
      - The controller's own resolver is not asked, because it may see another view of the domain.
    type: dict
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
    details: [The module runs on the controller and asks the web site of the server.]
requirements:
  - cryptography
  - dnspython, for O(names)
notes:
  - The controller needs to reach port 443 of each server. If it cannot, RV(metadata.error) says so, and nothing is known of the trust.
  - A document that is right proves that the server publishes the right keys. It does not prove that the other product has read them.
seealso:
  - module: onprem.exchange_lync.lync_storage_connectivity
  - module: onprem.exchange_lync.farm_audit
"""

EXAMPLES = r"""
- name: Read what each server publishes
  onprem.exchange_lync.trust_info:
    port: "{{ farm_exchange_https_port | default(farm_lync_https_port) }}"
  register: trust

- name: Show whom Exchange trusts, and which keys each server publishes
  ansible.builtin.debug:
    msg:
      certificates: "{{ trust.metadata.error or trust.metadata.signing_keys | map(attribute='thumbprint') }}"
      trusted: "{{ trust.challenge.trusted_issuers if trust.challenge is not none else 'not asked' }}"
"""

RETURN = r"""
metadata:
  description: The authentication metadata document.
  returned: success
  type: dict
  contains: &page
    url:
      description: What was asked.
      type: str
      returned: always
    address:
      description: The address and port that the controller connected to.
      type: str
      returned: always
    status:
      description: The HTTP status. V(null) if there was no answer.
      type: int
      returned: always
    location:
      description: Where a redirect points to, which was not followed.
      type: str
      returned: always
    protocol:
      description: The version of TLS, such as V(TLSv1.2).
      type: str
      returned: always
    certificate:
      description:
        - The certificate that the web site showed, with the facts that M(onprem.exchange_lync.exchange_certificate_info) returns of one.
      type: dict
      returned: always
    error:
      description: Why there is no document, or no list of trusted issuers. V(null) if there is one.
      type: str
      returned: always
    realm:
      description: The realm of the server.
      type: str
      returned: always
    name:
      description: What the server calls itself.
      type: str
      returned: of the document
    service_name:
      description: The application identifier of the product.
      type: str
      returned: of the document
    issuer:
      description: How the server names itself in tokens.
      type: str
      returned: of the document
    signing_keys:
      description:
        - The certificates that the server signs tokens with, with the facts that M(onprem.exchange_lync.exchange_certificate_info)
          returns of a certificate, and C(state).
        - C(state) is V(current), V(next), V(stale) for the one that was in use before, or V(foreign) for one that is none of the
          certificates in use. It is V(null) if O(current_thumbprint), O(next_thumbprint) and O(previous_thumbprint) are not given.
      type: list
      elements: dict
      returned: of the document
    current_shown:
      description:
        - Whether the document has the certificate of O(current_thumbprint). If it does not, the server has not read its configuration again
          since the certificate changed. V(null) if it is not known.
      type: bool
      returned: of the document
    schemes:
      description: The methods of authentication that the server offers.
      type: list
      elements: str
      returned: of the challenge
    client_id:
      description: The application identifier of the server.
      type: str
      returned: of the challenge
    trusted_issuers:
      description: The issuers whose tokens the server takes. V(null) if it does not offer OAuth.
      type: list
      elements: str
      returned: of the challenge
  sample:
    url: https://atl-exchange-001.litwareinc.com/autodiscover/metadata/json/1
    address: 192.0.2.10:443
    status: 200
    location: null
    protocol: TLSv1.2
    error: null
    realm: litwareinc.com
    name: Exchange
    service_name: 00000002-0000-0ff1-ce00-000000000000
    issuer: 00000002-0000-0ff1-ce00-000000000000@litwareinc.com
    current_shown: true
challenge:
  description: Whom the server trusts. V(null) for Lync, which is not asked.
  returned: success
  type: dict
  contains: *page
  sample:
    url: https://atl-exchange-001.litwareinc.com/autodiscover/autodiscover.svc
    address: 192.0.2.10:443
    status: 401
    location: null
    protocol: TLSv1.2
    error: null
    schemes: [Bearer, Negotiate, NTLM]
    client_id: 00000002-0000-0ff1-ce00-000000000000
    realm: null
    trusted_issuers: ["00000004-0000-0ff1-ce00-000000000000@litwareinc.com"]
names:
  description: The names of O(names), as M(onprem.exchange_lync.dns_info) returns them.
  returned: success
  type: list
  elements: dict
  sample: []
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
  returned: failure
  type: dict
"""

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_server_option import SERVER
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_lookup import look_up
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import normal_thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.key_comparison import InUse, compare_keys
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.site_options import choose_site
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.web_reading import (
    read_metadata,
    read_trusted_issuers,
)

THUMBPRINTS = ("current_thumbprint", "next_thumbprint", "previous_thumbprint")


def find_product(variables: dict[str, t.Any]) -> str | None:
    """The product of a host, by the groups that it is in."""
    return next((name for name in ("exchange", "lync") if f"{name}_servers" in variables["group_names"]), None)


SPEC = ModuleSpec(
    asks_host=False,
    argument_spec={
        "product": {"type": "str", "choices": ["exchange", "lync"]},
        "server": {"type": "str"},
        "address": {"type": "str"},
        "port": {"type": "int", "default": 443},
        "timeout": {"type": "float", "default": 10.0},
        **{name: {"type": "str", "no_log": False} for name in THUMBPRINTS},
        "names": {"type": "list", "elements": "str", "default": []},
        "dns_server": SERVER,
    },
    of_host={
        "product": find_product,
        "server": lambda variables: variables["inventory_hostname"],
        "address": lambda variables: variables.get("ansible_host"),
    },
    reaches_host=lambda _given: False,
)


def run(call: Call) -> Result:
    """Ask the web site, and the DNS server."""
    params, site = call.params, choose_site(call.params)
    used = InUse(*(normal_thumbprint(params[name]) for name in THUMBPRINTS))
    return {
        "metadata": compare_keys(read_metadata(site), used),
        "challenge": read_trusted_issuers(site) if site.product == "exchange" else None,
        "names": look_up(params["names"], params["dns_server"], "dns_server") if params["names"] else [],
    }


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
