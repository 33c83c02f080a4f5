#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lync_certificate_info
short_description: Read the certificates of a Lync or Skype for Business front end
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Returns the certificates that are assigned on the host, for OAuthTokenIssuer and for every other use, and all certificates of the
    machine's store C(LocalMachine\My), decoded, each with whether the machine has its private key.
options:
  store:
    description:
      - Whether to read the machine's store too.
      - C(Get-CsCertificate) shows neither the key nor whether the private key is there. The store does.
    type: bool
    default: true
  exportable:
    description:
      - With O(store), whether to read as well if the private keys can be exported. This reads the store once more.
    type: bool
    default: false
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
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
notes:
  - Each host has its own store and its own replica of the global assignments, so every front end has to be asked.
seealso:
  - module: onprem.exchange_lync.lync_certificate
  - module: onprem.exchange_lync.farm_info
  - module: onprem.exchange_lync.exchange_certificate_info
"""

EXAMPLES = r"""
- name: Read the certificates of each front end
  onprem.exchange_lync.lync_certificate_info:
  register: certificates_lync

- name: Show until when the OAuthTokenIssuer certificate is valid
  ansible.builtin.debug:
    msg: >-
      {{ certificates_lync.assigned | selectattr('use', 'equalto', 'OAuthTokenIssuer') | map(attribute='not_after')
         | first | default('none') }}

- name: Read the assignments only
  onprem.exchange_lync.lync_certificate_info:
    store: false
"""

RETURN = r"""
host:
  description: The host's fully qualified domain name, in lower case, as the topology has it.
  returned: success
  type: str
  sample: atl-lync-001.litwareinc.com
assigned:
  description:
    - The certificates in use, one entry for each use.
    - An OAuthTokenIssuer assignment that the host has of its own hides the global one, which M(onprem.exchange_lync.lync_token_issuer_info)
      shows with O(onprem.exchange_lync.lync_token_issuer_info#module:scope=global).
  returned: success
  type: list
  elements: dict
  contains:
    use:
      description: What the certificate is used for.
      type: str
      returned: always
    thumbprint:
      description: The SHA-1 thumbprint, 40 hexadecimal digits in upper case.
      type: str
      returned: always
    previous_thumbprint:
      description: The thumbprint of the certificate that it follows, which is kept. V(null) if there is none.
      type: str
      returned: always
    scope:
      description: V(Global) for an assignment that holds for all front ends.
      type: str
      returned: always
    effective_date:
      description: When it takes effect.
      type: str
      returned: always
    update_time:
      description: When it was assigned.
      type: str
      returned: always
    subject:
      description: The subject, as the server writes it.
      type: str
      returned: always
    issuer:
      description: The issuer, as the server writes it.
      type: str
      returned: always
    serial_number:
      description: The serial number.
      type: str
      returned: always
    not_before:
      description: The start of its validity.
      type: str
      returned: always
    not_after:
      description: The end of its validity.
      type: str
      returned: always
    dns_names:
      description: The subject alternative names.
      type: list
      elements: str
      returned: always
  sample:
    - use: OAuthTokenIssuer
      thumbprint: B142918E463981A76503828BB1278391B716280D
      previous_thumbprint: null
      scope: Global
      effective_date: "2026-08-01T12:00:00Z"
      update_time: "2026-08-01T12:00:00Z"
      subject: CN=litwareinc.com
      issuer: CN=Litware Issuing Authority
      serial_number: 1122334455
      not_before: "2026-07-01T12:00:00Z"
      not_after: "2028-07-01T12:00:00Z"
      dns_names: []
store:
  description: The certificates of the machine's store, or V(null) with O(store=false).
  returned: success
  type: list
  elements: dict
  contains:
    thumbprint:
      description: The SHA-1 thumbprint, 40 hexadecimal digits in upper case.
      type: str
      returned: always
    raw_data:
      description: The certificate itself, DER in base64.
      type: str
      returned: always
    subject:
      description: The subject, as RFC 4514 writes it.
      type: str
      returned: always
    issuer:
      description: The issuer.
      type: str
      returned: always
    common_names:
      description: The common names of the subject.
      type: list
      elements: str
      returned: always
    serial_number:
      description: The serial number, in hexadecimal digits.
      type: str
      returned: always
    not_before:
      description: The start of its validity.
      type: str
      returned: always
    not_after:
      description: The end of its validity.
      type: str
      returned: always
    dns_names:
      description: The DNS names among the subject alternative names.
      type: list
      elements: str
      returned: always
    key_type:
      description: The kind of key, such as V(RSA) or V(EC).
      type: str
      returned: always
    key_size:
      description: The length of the key in bits.
      type: int
      returned: always
    signature_hash:
      description: The hash of the signature, such as V(sha256).
      type: str
      returned: always
    key_usages:
      description: The key usages by the names of RFC 5280. V(null) if the certificate does not limit them.
      type: list
      elements: str
      returned: always
    extended_key_usages:
      description: The extended key usages as object identifiers. V(null) if the certificate does not limit them.
      type: list
      elements: str
      returned: always
    is_ca:
      description: Whether it may issue other certificates.
      type: bool
      returned: always
    self_signed:
      description: Whether it has signed itself.
      type: bool
      returned: always
    problems:
      description: What could not be decoded.
      type: list
      elements: str
      returned: always
    remarks:
      description: What is not well-formed, but was read nevertheless, as Windows and OpenSSL read it. This is information only.
      type: list
      elements: str
      returned: always
    has_private_key:
      description: Whether the machine has its private key.
      type: bool
      returned: always
    friendly_name:
      description: The name that the machine's store gives it.
      type: str
      returned: always
    key_provider:
      description:
        - V(csp) for a private key in a cryptographic service provider, V(cng) for one in a CNG key storage provider, which Lync Server
          2013 cannot use. V(null) if there is no private key.
      type: str
      returned: always
    private_key_exportable:
      description: Whether the private key can be exported. V(null) if that cannot be seen, as for a key of a CNG provider.
      type: bool
      returned: if O(exportable=true)
  sample:
    - thumbprint: B142918E463981A76503828BB1278391B716280D
      raw_data: MIIC...
      subject: CN=litwareinc.com
      issuer: CN=Litware Issuing Authority
      common_names: [litwareinc.com]
      serial_number: "1122334455"
      not_before: "2026-07-01T12:00:00Z"
      not_after: "2028-07-01T12:00:00Z"
      dns_names: []
      key_type: RSA
      key_size: 2048
      signature_hash: sha256
      key_usages: [digitalSignature, keyEncipherment]
      extended_key_usages: [1.3.6.1.5.5.7.3.1]
      is_ca: false
      self_signed: false
      problems: []
      remarks: []
      has_private_key: true
      friendly_name: OAuthTokenIssuer
      key_provider: csp
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.front_end_certificates import (
    add_exportable,
    read_assigned,
    read_store,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import read_this_computer

SPEC = ModuleSpec(
    argument_spec={"store": {"type": "bool", "default": True}, "exportable": {"type": "bool", "default": False}}
)


def run(call: Call) -> Result:
    """Read the assignments, and the store where it is asked for."""
    lync, windows = call.shell("lync"), call.shell("windows")
    result: Result = {"host": read_this_computer(lync), "assigned": read_assigned(lync), "store": None}
    if call.params["store"]:
        store = read_store(windows)
        result["store"] = add_exportable(store, windows) if call.params["exportable"] else store
    return result


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
