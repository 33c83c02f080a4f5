#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lync_partner_application
short_description: Make Exchange a partner application of Lync or Skype for Business Server
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Creates, changes, enables, disables or removes a partner application of Lync Server or Skype for Business Server.
  - An application is found by its identifier and its kind, not by its identity, since Microsoft's own pages call the same one C(Exchange),
    C(microsoft.exchange) and C(MicrosoftExchange). Others with the same identifier are reported, and never removed.
  - The Front End Server downloads the partner's metadata document while the cmdlet runs. If it cannot, the cmdlet does not say why. So the
    module first asks the Front End Server, through its own PowerShell, whether the name resolves and the document can be downloaded, and
    which proxy WinHTTP has.
  - What somebody may have chosen is replaced only if the task says so. See O(on_conflict).
options:
  state:
    description:
      - V(present) creates the application or changes it.
      - V(absent) removes it. If O(identity) or O(metadata_url) is given, an application with another one is not removed.
      - V(refreshed) has Lync read the metadata document of every enabled application with this identifier again, or only of the one with
        this O(identity). None is created or changed otherwise. If there is none, a warning says so.
    type: str
    choices: [present, absent, refreshed]
    default: present
  application_identifier:
    description:
      - The identifier of the partner. The default is that of Exchange.
      - For O(kind=on_premises) a new application gets the identifier that the metadata document says.
    type: str
    default: 00000002-0000-0ff1-ce00-000000000000
  kind:
    description:
      - V(on_premises) is a partner that signs its tokens itself. Its certificates are in the document at O(metadata_url).
      - V(cloud) is a partner whose tokens come from an authorization server, such as Exchange Online.
      - To change one into the other, remove the one and create the other.
    type: str
    choices: [on_premises, cloud]
    default: on_premises
  identity:
    description:
      - The identity of a new application. If not given, C(Exchange) for Exchange on premises. Others need one.
      - If several applications have the same identifier and kind, the identity says which one is meant. An application is never renamed.
    type: str
  metadata_url:
    description:
      - The URL of the partner's metadata document. That of Exchange is at its Autodiscover service, for example
        V(https://autodiscover.litwareinc.com/autodiscover/metadata/json/1).
      - Needed to create an application with O(kind=on_premises).
      - Scheme, host name and path are compared without regard to case.
    type: str
  refresh:
    description:
      - Whether Lync reads the metadata document again, which is needed after the partner's certificate has changed.
      - Lync does not show which certificates it knows, so this writes each time, unless the task has set the URL just before. It is not
        waited for.
      - If a deployment may have several applications of the same partner, or none, use O(state=refreshed).
    type: bool
    default: false
  application_trust_level:
    description:
      - What the partner may do. V(Full) is needed for Exchange, which acts both as itself and for its users.
      - If not given, V(Full) for a new application, and one that is there is left as it is.
    type: str
    choices: [Full, Application, User]
  realm:
    description:
      - The realm of a new application with O(kind=cloud).
      - Lync has no cmdlet to change it, so it is not compared. To change it, remove the application and create it again.
    type: str
  enabled:
    description: Whether the application is enabled. If not given, a new one is enabled, and one that is there is left as it is.
    type: bool
  accept_security_identifier_information:
    description:
      - Whether Lync accepts security identifiers of users (SIDs) from the partner.
      - If not given, a new application does not, which is the default of Lync, and one that is there is left as it is.
    type: bool
  on_conflict:
    description:
      - What to do if another metadata URL would be replaced.
      - V(fail) writes nothing, and says which it is. V(keep) leaves it as it is, and sets the rest. V(replace) replaces it.
    type: str
    choices: [fail, keep, replace]
    default: fail
  timeout:
    description: With O(wait), seconds to wait for the replicas.
    type: int
    default: 300
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
  - onprem.exchange_lync._replication
attributes:
  check_mode:
    support: full
    details: [The Front End Server is asked for the document in check mode too. If it cannot download it, a warning says why.]
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: [O(refresh=true) and O(state=refreshed) read the document again each time.]
notes:
  - The application is written once, on one Front End Server. The others get it by replication. See O(wait).
  - Needs the cmdlets C(Get-), C(New-), C(Set-) and C(Remove-CsPartnerApplication). CsAdministrator has them.
  - To see why a document cannot be downloaded, C(Resolve-DnsName), C(Invoke-WebRequest) and C(Get-ItemProperty) are run in the machine's
    own PowerShell. If it cannot be reached, the module says so and goes on.
seealso:
  - module: onprem.exchange_lync.exchange_partner_application
  - module: onprem.exchange_lync.lync_oauth_configuration
  - module: onprem.exchange_lync.lync_replication
"""

EXAMPLES = r"""
- name: Let Exchange call Lync, and wait until every front end knows
  onprem.exchange_lync.lync_partner_application:
    metadata_url: https://autodiscover.litwareinc.com/autodiscover/metadata/json/1
    wait: true
  run_once: true

- name: Have Lync read the certificates of Exchange again
  onprem.exchange_lync.lync_partner_application:
    refresh: true
  run_once: true

- name: Have Lync read them again, whatever the applications of Exchange are called, and however many there are
  onprem.exchange_lync.lync_partner_application:
    state: refreshed
  run_once: true

- name: Disable the application
  onprem.exchange_lync.lync_partner_application:
    enabled: false
  run_once: true

- name: Remove the application
  onprem.exchange_lync.lync_partner_application:
    state: absent
  run_once: true

- name: Let Exchange Online call Lync
  onprem.exchange_lync.lync_partner_application:
    kind: cloud
    identity: microsoft.exchange
  run_once: true
"""

RETURN = r"""
partner_application:
  description:
    - The application as it is, or would be in check mode. V(null) if it was removed, and with O(state=refreshed).
    - With O(state=absent), only C(identity), C(metadata_url) and C(enabled) are shown before.
  returned: success
  type: dict
  contains:
    identity:
      description: Its identity.
      type: str
      returned: O(state=present)
    application_identifier:
      description: The identifier of the partner.
      type: str
      returned: O(state=present)
    kind:
      description: V(on_premises) or V(cloud).
      type: str
      returned: O(state=present)
    metadata_url:
      description: The URL of the metadata document, or V(null).
      type: str
      returned: O(state=present)
    application_trust_level:
      description: What the partner may do.
      type: str
      returned: O(state=present)
    enabled:
      description: Whether it is enabled.
      type: bool
      returned: O(state=present)
    accept_security_identifier_information:
      description: Whether Lync accepts security identifiers from it.
      type: bool
      returned: O(state=present)
  sample:
    identity: Exchange
    application_identifier: 00000002-0000-0ff1-ce00-000000000000
    kind: on_premises
    metadata_url: https://autodiscover.litwareinc.com/autodiscover/metadata/json/1
    application_trust_level: Full
    enabled: true
    accept_security_identifier_information: false
others:
  description: Other applications with the same identifier. They are left as they are.
  returned: success
  type: list
  elements: dict
  contains:
    identity:
      description: Its identity.
      type: str
      returned: always
    kind:
      description: V(on_premises) or V(cloud).
      type: str
      returned: always
    enabled:
      description: Whether it is enabled.
      type: bool
      returned: always
    metadata_url:
      description: The URL of its metadata document, or V(null).
      type: str
      returned: always
  sample: []
refreshed:
  description: The identities of the applications whose document was read again, or would be in check mode.
  returned: success, with O(state=refreshed)
  type: list
  elements: str
  sample: [Exchange, microsoft.exchange]
commands:
  description: The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample:
    - >-
      New-CsPartnerApplication -Identity 'Exchange' -MetadataUrl 'https://autodiscover.litwareinc.com/autodiscover/metadata/json/1'
      -ApplicationTrustLevel 'Full' -Enabled:$true -Confirm:$false
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
  returned: success, without O(state=refreshed)
  type: dict
replication:
  description: What came of waiting, as M(onprem.exchange_lync.lync_replication) returns it.
  returned: success and failure, if O(wait=true) and something was written
  type: dict
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.lync_partner_resource import LyncPartner
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.partner_refresh import refresh_applications
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.replication_wait import FOLLOWING, make_wait
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import EXCHANGE, KINDS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import ensure

SPEC = ModuleSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["present", "absent", "refreshed"], "default": "present"},
        "application_identifier": {"type": "str", "default": EXCHANGE},
        "kind": {"type": "str", "choices": list(KINDS), "default": "on_premises"},
        "identity": {"type": "str"},
        "metadata_url": {"type": "str"},
        "refresh": {"type": "bool", "default": False},
        "application_trust_level": {"type": "str", "choices": ["Full", "Application", "User"]},
        "realm": {"type": "str"},
        "enabled": {"type": "bool"},
        "accept_security_identifier_information": {"type": "bool"},
        "on_conflict": {"type": "str", "choices": ["fail", "keep", "replace"], "default": "fail"},
        "timeout": {"type": "int", "default": 300},
        **FOLLOWING,
    },
)


def run(call: Call) -> Result:
    """Bring the application to what the task asks for, after refusing values that cannot be used."""
    if call.params["state"] == "refreshed":
        return refresh_applications(call)
    partner = LyncPartner()
    partner.read_options(call)  # before anything is opened
    try:
        result = ensure(call, partner, follow=make_wait(call))
        if call.params["refresh"]:
            result = partner.refresh(call, result)
    except ShellError as error:
        raise partner.explain(error) from error
    return {**result, "others": partner.others}


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
