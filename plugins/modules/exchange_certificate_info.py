#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_certificate_info
short_description: Read the certificates of Exchange servers
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Returns the certificates in the stores of one, some or all Exchange servers, read through one session, and the authentication
    configuration (AuthConfig) that names the Exchange Auth certificate.
  - The certificates are decoded on the controller from C(RawData), which is all that Exchange's remote PowerShell is sure to give. It works
    the same when the Exchange Auth certificate itself has expired or is missing.
  - What only Exchange knows of a certificate is shown by its own endpoint. In a session that is imported into the server's PowerShell it is
    read from C(SerializationData), which Exchange 2016 and later do not send if the Auth certificate has expired or is missing.
options:
  servers:
    description:
      - The servers to read, by name or fully qualified domain name.
      - If not given, all servers of the organisation that take part in server-to-server authentication, which are those of Exchange 2013
        and later that are not Edge Transport servers.
      - The task fails if one of them does not exist, or is an Edge Transport server. A server that exists but cannot be reached is
        returned with its RV(servers[].error).
    type: list
    elements: str
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
notes:
  - Needs C(Get-ExchangeServer), C(Get-ExchangeCertificate) and C(Get-AuthConfig). View-Only Organization Management has them.
seealso:
  - module: onprem.exchange_lync.farm_audit
  - module: onprem.exchange_lync.lync_certificate_info
"""

EXAMPLES = r"""
- name: Read the certificates of all servers from one of them
  onprem.exchange_lync.exchange_certificate_info:
  register: certificates
  run_once: true

- name: Read those of this server only
  onprem.exchange_lync.exchange_certificate_info:
    servers: ["{{ inventory_hostname }}"]
  register: certificates
"""

RETURN = r"""
servers:
  description: Each server with its certificates.
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: The server's fully qualified domain name in lower case.
      type: str
      returned: always
    error:
      description: Why its certificates could not be read, or V(null).
      type: str
      returned: always
    certificates:
      description: All certificates of the server's store, empty where it could not be read.
      type: list
      elements: dict
      returned: always
      contains:
        thumbprint:
          description: The SHA-1 thumbprint in upper case.
          type: str
          returned: always
        raw_data:
          description: The certificate itself, DER in base64.
          type: str
          returned: always
        subject:
          description: The subject as in RFC 4514.
          type: str
          returned: always
        issuer:
          description: The issuer as in RFC 4514.
          type: str
          returned: always
        common_names:
          description: The common names in the subject.
          type: list
          elements: str
          returned: always
        serial_number:
          description: The serial number, hexadecimal.
          type: str
          returned: always
        not_before:
          description: When it becomes valid, in ISO 8601 and UTC.
          type: str
          returned: always
        not_after:
          description: When it expires, in ISO 8601 and UTC.
          type: str
          returned: always
        dns_names:
          description: The DNS names among the subject's alternative names.
          type: list
          elements: str
          returned: always
        key_type:
          description: The algorithm of the key, for example C(RSA) or C(EC).
          type: str
          returned: always
        key_size:
          description: The bits of the key.
          type: int
          returned: always
        signature_hash:
          description: The hash of the signature, for example C(sha256).
          type: str
          returned: always
        key_usages:
          description: The key usages by their names in RFC 5280, V(null) if the extension is missing.
          type: list
          elements: str
          returned: always
        extended_key_usages:
          description: The extended key usages as object identifiers, V(null) if the extension is missing.
          type: list
          elements: str
          returned: always
        is_ca:
          description: Whether it is a certificate of an authority.
          type: bool
          returned: always
        self_signed:
          description: Whether it is signed with its own key.
          type: bool
          returned: always
        problems:
          description: What of it could not be decoded.
          type: list
          elements: str
          returned: always
        remarks:
          description: What is not well-formed, but was read nevertheless, as Windows and OpenSSL read it. This is information only.
          type: list
          elements: str
          returned: always
        has_private_key:
          description:
            - Whether the server has the private key. V(null) if Exchange does not show it.
            - Exchange does not send this of another server's certificates. V(true) is then concluded from a key that can be exported, or
              from services that use it.
          type: bool
          returned: always
        friendly_name:
          description: The friendly name. V(null) if Exchange does not show it.
          type: str
          returned: always
        services:
          description: The services it is assigned to. V(null) if Exchange does not show it.
          type: list
          elements: str
          returned: always
        status:
          description: The status, for example C(Valid) or C(DateInvalid). V(null) if Exchange does not show it.
          type: str
          returned: always
        root_ca_type:
          description: The kind of authority at its root. V(null) if Exchange does not show it.
          type: str
          returned: always
        private_key_exportable:
          description: Whether the private key can be exported. V(null) if Exchange does not show it.
          type: bool
          returned: always
  sample:
    - host: atl-exchange-001.litwareinc.com
      error: null
      certificates:
        - thumbprint: C3EDCF181EF4F9B53D01768ECA99564014BCA6E7
          raw_data: MIIDAjCCAeqgAwIBAgIQ...
          subject: CN=Microsoft Exchange Server Auth Certificate
          issuer: CN=Microsoft Exchange Server Auth Certificate
          common_names: [Microsoft Exchange Server Auth Certificate]
          serial_number: 5D1E2F7A9B3C4D5E
          not_before: '2026-05-07T00:00:00Z'
          not_after: '2031-04-11T00:00:00Z'
          dns_names: []
          key_type: RSA
          key_size: 2048
          signature_hash: sha256
          key_usages: [digitalSignature, keyEncipherment]
          extended_key_usages: [1.3.6.1.5.5.7.3.1]
          is_ca: false
          self_signed: true
          problems: []
          remarks: []
          has_private_key: true
          friendly_name: Microsoft Exchange Server Auth Certificate
          services: [SMTP]
          status: Valid
          root_ca_type: None
          private_key_exportable: true
auth_config:
  description: The authentication configuration, V(null) if there is none.
  returned: success
  type: dict
  contains:
    current_certificate_thumbprint:
      description: The Exchange Auth certificate in use; empty where there is none.
      type: str
      returned: always
    previous_certificate_thumbprint:
      description: The one before it; empty where there is none.
      type: str
      returned: always
    next_certificate_thumbprint:
      description: The one that is staged; empty where there is none.
      type: str
      returned: always
    next_certificate_effective_date:
      description: When the staged one becomes the current one, in ISO 8601 and UTC, or V(null).
      type: str
      returned: always
    service_name:
      description: The application identifier of Exchange.
      type: str
      returned: always
    realm:
      description: The realm, which is usually empty.
      type: str
      returned: always
  sample:
    current_certificate_thumbprint: C3EDCF181EF4F9B53D01768ECA99564014BCA6E7
    previous_certificate_thumbprint: ''
    next_certificate_thumbprint: ''
    next_certificate_effective_date: null
    service_name: 00000002-0000-0ff1-ce00-000000000000
    realm: ''
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import OPTION, open_directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import read_auth_config
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.server_certificates import read_stores

SPEC = ModuleSpec(argument_spec={"servers": {"type": "list", "elements": "str"}, **OPTION})


def run(call: Call) -> Result:
    """Read every store that is asked for, and AuthConfig."""
    directory = open_directory(call)
    return {"servers": read_stores(call, directory), "auth_config": read_auth_config(directory)}


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
