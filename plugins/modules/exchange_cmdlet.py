#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_cmdlet
short_description: Run any cmdlet of the Exchange Management Shell
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Runs one cmdlet of the Exchange Management Shell with typed parameters and returns its objects as plain values.
  - No script text is sent, so it works on Exchange's own endpoint, which takes none, and there is nothing to quote.
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
  - onprem.exchange_lync._directory
  - onprem.exchange_lync._cmdlet
notes:
  - O(domain_controller) is given to the cmdlet as C(DomainController), unless O(parameters) has that. A cmdlet without this parameter
    runs without it, and the task warns.
seealso:
  - module: onprem.exchange_lync.lync_cmdlet
  - module: onprem.exchange_lync.exchange_info
"""

EXAMPLES = r"""
- name: Which partner applications does Exchange trust?
  onprem.exchange_lync.exchange_cmdlet:
    cmdlet: Get-PartnerApplication
    select: [Name, ApplicationIdentifier, Enabled]
  register: partners

- name: Any cmdlet of any version, with a value that is a URI there and not text
  onprem.exchange_lync.exchange_cmdlet:
    cmdlet: Set-ClientAccessServer
    parameters:
      Identity: ATL-EXCHANGE-001
      AutoDiscoverServiceInternalUri: {uri: 'https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml'}

- name: What would it change? Exchange checks the call, and does nothing
  onprem.exchange_lync.exchange_cmdlet:
    cmdlet: Set-ClientAccessServer
    parameters:
      Identity: ATL-EXCHANGE-001
      AutoDiscoverSiteScope: [Atlanta, Boston]
      WhatIf: true

- name: Which certificates of this server carry the Autodiscover name, and what are they used for?
  onprem.exchange_lync.exchange_cmdlet:
    cmdlet: Get-ExchangeCertificate
    parameters:
      Server: ATL-EXCHANGE-001
      DomainName: [autodiscover.litwareinc.com]
    select: [Thumbprint, Subject, NotAfter, Services, Status]
  register: certificates

- name: Does every service run that Exchange needs?
  onprem.exchange_lync.exchange_cmdlet:
    cmdlet: Test-ServiceHealth
    select: [Role, RequiredServicesRunning, ServicesNotRunning]
  register: health
  failed_when: health.objects | rejectattr('RequiredServicesRunning') | length > 0
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
    - Name: LyncEnterprise-3f6a
      ApplicationIdentifier: 00000004-0000-0ff1-ce00-000000000000
      Enabled: true
commands:
  description: The cmdlet that was run, or would be in check mode, with secrets masked.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample: ["Get-PartnerApplication"]
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

from dataclasses import replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._cmdlet_module import SPEC as ANY
from ansible_collections.onprem.exchange_lync.plugins.module_utils._cmdlet_module import run_cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import OPTION, open_directory

SPEC = replace(ANY, argument_spec={**ANY.argument_spec, **OPTION})


def run(call: Call) -> Result:
    """Run the cmdlet, through the domain controller that the task names."""
    controller = open_directory(call).domain_controller
    return run_cmdlet(call, "exchange", **({"DomainController": controller} if controller else {}))


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
