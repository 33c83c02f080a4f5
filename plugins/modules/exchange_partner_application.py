#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_partner_application
short_description: Make Lync or Skype for Business Server a partner application of Exchange
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Creates, changes, enables, disables or removes a partner application of Exchange, and has Exchange read the partner's certificates
    again if it does not know one of them.
  - For Lync on premises it does what Microsoft's C(Configure-EnterprisePartnerApplication.ps1) does, with single cmdlets, and it can be run
    again. It creates a hidden mail user C(LyncEnterprise-ApplicationAccount), assigns the management roles to it, and creates the partner
    application that acts as this account.
  - An application is found by its identifier and its kind, not by its name. Others with the same identifier are reported, and not
    removed, with one exception, which O(realm) describes.
  - What somebody may have chosen is replaced only if the task says so. See O(on_conflict).
options:
  state:
    description:
      - V(present) creates the application or changes it.
      - V(absent) removes the application. The account that it is linked to stays, and keeps its roles. If O(name) or O(auth_metadata_url)
        is given, an application with another one is not removed.
    type: str
    choices: [present, absent]
    default: present
  application_identifier:
    description:
      - The identifier of the partner. The default is that of Lync Server and Skype for Business Server.
      - For O(kind=on_premises) a new application gets the identifier that the metadata document says.
    type: str
    default: 00000004-0000-0ff1-ce00-000000000000
  kind:
    description:
      - V(on_premises) is a partner that signs its tokens itself. Exchange reads its certificates from O(auth_metadata_url).
      - V(cloud) is a partner whose tokens come from an authorization server, such as Skype for Business Online.
      - Both kinds can stand side by side. To change one into the other, remove the one and create the other.
    type: str
    choices: [on_premises, cloud]
    default: on_premises
  name:
    description:
      - The name of a new application. If not given, C(LyncEnterprise) for Lync on premises. Others need a name.
      - If several applications have the same identifier and kind, the name says which one is meant. An application is never renamed.
    type: str
  auth_metadata_url:
    description:
      - The URL of the partner's metadata document, for example V(https://atl-lync-001.litwareinc.com/metadata/json/1). For a pool, use its
        full name. One application is enough for several pools.
      - Needed to create an application with O(kind=on_premises). Exchange downloads the document while the cmdlet runs.
      - Scheme, host name and path are compared without regard to case.
    type: str
  trust_any_ssl_certificate:
    description: Whether Exchange downloads the document although it does not trust the certificate of the web site.
    type: bool
    default: false
  signing_certificates:
    description:
      - The thumbprints of the certificates that the partner signs its tokens with, now and soon.
        M(onprem.exchange_lync.lync_certificate_info) returns those of Lync as the use C(OAuthTokenIssuer).
      - If Exchange does not know one of them, it reads the metadata document again.
      - The task fails if the document does not list one of them then.
    type: list
    elements: str
    default: []
  realm:
    description:
      - With O(kind=cloud), the realm of the application. An empty string clears it.
      - With O(kind=on_premises), the realm that the partner has, as its metadata document says. An application with the same identifier and
        another realm is that of another deployment, and is left alone, unless its document is at O(auth_metadata_url).
      - Exchange does not change the realm of an application. With O(on_conflict=replace), it is created anew under another name, with all
        that it had, and then the old one is removed. The new one is called O(name), or C(LyncEnterprise), or as the old one, with the
        first number from 2 on that makes it a name that no application has.
      - If the document cannot be read, the old one is still there. If the old one could not be removed, the next run with O(realm),
        O(auth_metadata_url) and O(on_conflict=replace) removes it, since it has the URL of the new one and another realm. With
        O(kind=cloud) it is only reported then, since it may be there for another realm. Remove it with O(state=absent) and its name.
      - If not given, the realm is left alone.
    type: str
  enabled:
    description: Whether the application is enabled. If not given, a new one is enabled, and one that is there is left as it is.
    type: bool
  accept_security_identifier_information:
    description:
      - Whether Exchange accepts security identifiers of users (SIDs) from the partner.
      - If not given, V(true) for a new application on premises, as in Microsoft's script, and one that is there is left as it is.
    type: bool
  linked_account:
    description:
      - The account that the application acts as, by any name that identifies it, such as V(LITWARE\\lync-app). It must be a user without a
        mailbox, or a mail user.
      - If not given, an application keeps its account. One without an account gets C(LyncEnterprise-ApplicationAccount), which is created
        if it does not exist.
      - Needed with Active Directory split permissions, where Exchange cannot create accounts. If there is no account and
        C(New-MailUser) is not offered, nothing is written and the task fails, in check mode as well.
    type: str
  roles:
    description:
      - The management roles that the account needs. Roles that it has besides are left alone.
      - If not given, C(UserApplication), C(ArchiveApplication) and, on versions that have it, C(MeetingGraphApplication).
    type: list
    elements: str
  on_conflict:
    description:
      - What to do if a metadata URL, a realm or a linked account would be replaced. A blank one is no conflict.
      - V(fail) writes nothing, and lists these values. V(keep) leaves them as they are, and sets the others. V(replace) replaces them.
      - If a realm is replaced, the application is created anew under another name, and then the old one is removed. See O(realm).
    type: str
    choices: [fail, keep, replace]
    default: fail
  timeout:
    description:
      - Seconds that a write may take to show. Domain controllers replicate with a delay, so reading back may take a while if Exchange
        reads from another domain controller than the one that was written to.
    type: int
    default: 30
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
  - onprem.exchange_lync._directory
attributes:
  check_mode:
    support: full
    details:
      - The document is not downloaded. The realm and the directory path of a new account are not known before they exist.
      - In the machine's own PowerShell with the snap-in (C(load=snapin)), a refusal by Active Directory cannot be foreseen.
  diff_mode:
    support: full
  idempotent:
    support: full
requirements:
  - cryptography
notes:
  - All reads and writes of a task go through one domain controller, since the application, its account and its roles depend on each other.
  - Needs C(Get-), C(New-), C(Set-) and C(Remove-PartnerApplication), C(Get-AcceptedDomain), C(Get-User), C(Get-Recipient), C(New-MailUser),
    C(Set-MailUser), C(Get-ManagementRole), C(Get-ManagementRoleAssignment) and C(New-ManagementRoleAssignment). Organization Management
    has them. Only what a task uses has to be there.
  - Microsoft recommends restarting IIS on the Exchange servers after a new partner application. This module does not do it.
seealso:
  - module: onprem.exchange_lync.lync_partner_application
  - module: onprem.exchange_lync.exchange_info
  - module: onprem.exchange_lync.lync_certificate_info
"""

EXAMPLES = r"""
- name: Read which certificate Lync signs with
  onprem.exchange_lync.lync_certificate_info:
  delegate_to: atl-lync-001.litwareinc.com
  run_once: true
  register: lync

- name: Let Lync call Exchange
  onprem.exchange_lync.exchange_partner_application:
    auth_metadata_url: https://atl-lync-001.litwareinc.com/metadata/json/1
    signing_certificates: "{{ lync.assigned | selectattr('use', 'eq', 'OAuthTokenIssuer') | map(attribute='thumbprint') }}"
  run_once: true

- name: Act as an account that the Active Directory team has created, through one domain controller
  onprem.exchange_lync.exchange_partner_application:
    auth_metadata_url: https://atl-lync-001.litwareinc.com/metadata/json/1
    linked_account: lync-app
    on_conflict: replace
    domain_controller: atl-dc-001.litwareinc.com
  run_once: true

- name: Let Skype for Business Online call Exchange
  onprem.exchange_lync.exchange_partner_application:
    kind: cloud
    name: SfBOnline
    linked_account: lync-app
    roles: [UserApplication, ArchiveApplication]
  run_once: true

- name: Remove the application of Skype for Business Online again
  onprem.exchange_lync.exchange_partner_application:
    kind: cloud
    state: absent
  run_once: true
"""

RETURN = r"""
partner_application:
  description:
    - The application as it is, or would be in check mode. V(null) if it was removed.
    - With O(state=absent), only C(name), C(auth_metadata_url) and C(enabled) are shown before.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
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
    auth_metadata_url:
      description: The URL of the metadata document, or V(null).
      type: str
      returned: O(state=present)
    realm:
      description: The realm, or V(null).
      type: str
      returned: O(state=present)
    enabled:
      description: Whether it is enabled.
      type: bool
      returned: O(state=present)
    accept_security_identifier_information:
      description: Whether Exchange accepts security identifiers from it.
      type: bool
      returned: O(state=present)
    linked_account:
      description: The account that it acts as, or V(null).
      type: str
      returned: O(state=present)
    roles:
      description: The management roles of the account. V(null) if the task is about no account.
      type: list
      elements: str
      returned: O(state=present)
    missing_certificates:
      description: Those of O(signing_certificates) that Exchange does not know.
      type: list
      elements: str
      returned: O(state=present)
  sample:
    name: LyncEnterprise
    application_identifier: 00000004-0000-0ff1-ce00-000000000000
    kind: on_premises
    auth_metadata_url: https://atl-lync-001.litwareinc.com/metadata/json/1
    realm: litwareinc.com
    enabled: true
    accept_security_identifier_information: true
    linked_account: litwareinc.com/Users/LyncEnterprise-ApplicationAccount
    roles: [ArchiveApplication, UserApplication]
    missing_certificates: []
trusted_certificates:
  description: The thumbprints of the certificates whose signatures Exchange accepts from this application, as last read.
  returned: success
  type: list
  elements: str
  sample: [6F9C2C6C3C3B1F0B2E7D5A4E8C1D0F9A7B6C5D4E]
others:
  description: Other applications with the same identifier, as last read.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
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
    auth_metadata_url:
      description: The URL of its metadata document, or V(null).
      type: str
      returned: always
  sample:
    - name: SfBOnline
      kind: cloud
      enabled: true
      auth_metadata_url: null
commands:
  description: The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample:
    - >-
      Set-PartnerApplication -Identity 'LyncEnterprise' -RefreshAuthMetadata:$true -Confirm:$false
      -DomainController 'atl-dc-001.litwareinc.com'
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
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import OPTION
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.exchange_partner_resource import (
    ExchangePartner,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import KINDS, LYNC
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import ensure

SPEC = ModuleSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "application_identifier": {"type": "str", "default": LYNC},
        "kind": {"type": "str", "choices": list(KINDS), "default": "on_premises"},
        "name": {"type": "str"},
        "auth_metadata_url": {"type": "str"},
        "trust_any_ssl_certificate": {"type": "bool", "default": False},
        "signing_certificates": {"type": "list", "elements": "str", "default": []},
        "realm": {"type": "str"},
        "enabled": {"type": "bool"},
        "accept_security_identifier_information": {"type": "bool"},
        "linked_account": {"type": "str"},
        "roles": {"type": "list", "elements": "str"},
        "on_conflict": {"type": "str", "choices": ["fail", "keep", "replace"], "default": "fail"},
        "timeout": {"type": "int", "default": 30},
        **OPTION,
    },
)


def run(call: Call) -> Result:
    """Bring the application to what the task asks for, after refusing values that cannot be used."""
    partner = ExchangePartner()
    partner.read_options(call)  # before anything is opened
    try:
        result = ensure(call, partner, patience=call.params["timeout"])
    except ShellError as error:
        raise partner.explain(call, error) from error
    return {**result, "trusted_certificates": partner.trusted, "others": partner.others}


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
