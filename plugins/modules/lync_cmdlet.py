#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lync_cmdlet
short_description: Run any cmdlet of the Lync or Skype for Business Server Management Shell
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Runs one cmdlet of the Lync Server or Skype for Business Server Management Shell with typed parameters and returns its objects as plain
    values.
  - No script text is sent, so there is nothing to quote.
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
  - onprem.exchange_lync._cmdlet
seealso:
  - module: onprem.exchange_lync.exchange_cmdlet
  - module: onprem.exchange_lync.lync_info
"""

EXAMPLES = r"""
- name: Which partner applications does Lync trust?
  onprem.exchange_lync.lync_cmdlet:
    cmdlet: Get-CsPartnerApplication
    select: [Identity, ApplicationIdentifier, ApplicationTrustLevel, Enabled]
  register: partners

- name: Trust Exchange as a partner
  onprem.exchange_lync.lync_cmdlet:
    cmdlet: New-CsPartnerApplication
    parameters:
      Identity: Exchange
      ApplicationTrustLevel: Full
      MetadataUrl: https://autodiscover.litwareinc.com/autodiscover/metadata/json/1
    select: [Identity]
  when: partners.objects | selectattr('ApplicationIdentifier', 'eq', '00000002-0000-0ff1-ce00-000000000000') | length == 0

- name: Bring a certificate into the store of this front end, with a password that the cmdlet takes as plain text
  onprem.exchange_lync.lync_cmdlet:
    cmdlet: Import-CsCertificate
    parameters:
      Path: C:\Certificates\oauth.pfx
      PrivateKeyExportable: false
    secret_parameters:
      Password: {text: "{{ vault_pfx_password }}"}

- name: Does every service of this front end run?
  onprem.exchange_lync.lync_cmdlet:
    cmdlet: Get-CsWindowsService
    select: [Name, Status]
  register: services
  failed_when: services.objects | rejectattr('Status', 'eq', 'Running') | length > 0
"""

RETURN = r"""
objects:
  description:
    - The objects that the cmdlet returned, as plain values. Dates are in ISO 8601 and UTC, bytes in base64, time spans in seconds, and
      members of enumerations are their names. Empty in check mode if the cmdlet would change something.
  returned: success
  type: list
  elements: raw
  sample:
    - Identity: Exchange
      ApplicationIdentifier: 00000002-0000-0ff1-ce00-000000000000
      ApplicationTrustLevel: Full
      Enabled: true
commands:
  description: The cmdlet that was run, or would be in check mode, with secrets masked.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample: ["Get-CsPartnerApplication"]
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
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._cmdlet_module import SPEC, run_cmdlet


def run(call: Call) -> Result:
    """Run the cmdlet."""
    return run_cmdlet(call, "lync")


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
