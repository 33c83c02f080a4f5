#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lync_certificate
short_description: Assign a certificate in Lync or Skype for Business Server
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Assigns a certificate of the machine's store, or of a PFX file on the host, to one of the uses that Lync Server or Skype for
    Business Server has for certificates.
  - OAuthTokenIssuer, the certificate that signs the tokens for Exchange, is assigned once for the whole deployment. The Central
    Management Store brings it to every front end. All other uses are assigned on the host alone.
  - A certificate is checked before it is assigned. One that breaks a rule is refused before anything is written.
  - A host may have an OAuthTokenIssuer assignment of its own, which hides the global one there. The module reads and writes the global one;
    O(scope=machine) takes back the host's own.
  - An OAuthTokenIssuer certificate that is in use is not replaced at once unless the task says so, since Exchange trusts only the keys
    that it has read from Lync. See O(on_conflict).
  - A certificate that is in use, or is staged already, is no change.
options:
  use:
    description: What the certificate is used for.
    type: str
    required: true
    choices:
      - AccessEdgeExternal
      - AudioVideoAuthentication
      - DataEdgeExternal
      - Default
      - External
      - Internal
      - OAuthTokenIssuer
      - PICWebService
      - ProvisionService
      - WebServicesExternal
      - WebServicesInternal
      - WsFedTokenTransfer
      - XMPPServer
    aliases: [type]
  state:
    description:
      - V(present) assigns the certificate.
      - V(absent) removes the assignment, whatever certificate it is, or only that of O(thumbprint) if one is named. The certificate
        stays in the store. If one certificate is in use and another is staged, removing only one of them is refused, because the cmdlet
        would remove both. To take back the staged one, assign the one in use with O(on_conflict=replace).
    type: str
    choices: [present, absent]
    default: present
  previous:
    description:
      - With O(state=absent), remove only the previous OAuthTokenIssuer certificate, which stays assigned after another one has followed it.
        A roll is not finished before that.
      - It is kept, with a warning, as long as the next one is only staged, and for five minutes after the next one has taken effect,
        because some server may still sign with it.
      - Exchange and every other partner must know the certificate that is in use before the previous one is removed.
    type: bool
    default: false
    version_added: 0.2.0
  scope:
    description:
      - With O(state=absent) and O(use=OAuthTokenIssuer), which assignment to remove.
      - V(global) removes the one that holds for all front ends.
      - V(machine) removes the host's own one, which hides the global one on this host. The task is refused if the host could not sign
        with the global certificate then. It waits up to O(timeout) seconds until the host has that certificate with its private key. In
        check mode, the refusal is a warning.
      - Exchange must know the global certificate before, because the host signs with it at once.
      - Defaults to V(global). All other uses have no global assignment.
    type: str
    choices: [global, machine]
    version_added: 0.2.0
  thumbprint:
    description:
      - The certificate, by its SHA-1 thumbprint. Case, blanks and colons do not matter.
      - It has to be in the store C(LocalMachine\My) of the host with its private key, unless O(path) brings it.
      - One of O(thumbprint), O(path) and O(automatic) is needed with O(state=present).
      - An empty value is refused. It does not count as left out. This holds for all options.
      - Needed with O(path) where the server has no C(Get-PfxData) to look into the file (Windows Server 2008 R2).
    type: str
  path:
    description:
      - A PFX file with the certificate and its private key, by its path on the host.
      - Not read if the store already has the certificate of O(thumbprint) with its private key.
    type: str
  password:
    description: The password of the PFX file.
    type: str
  automatic:
    description:
      - If neither O(thumbprint) nor O(path) is given and no OAuthTokenIssuer certificate is assigned or staged, choose one of the host's
        store, if there is one safe choice.
      - The safe choice is the only valid certificate that an authority issued for the default SIP domain as its common name, or else the
        certificate that is assigned as Default. It is never one that is self-signed, one with a private key that cannot be exported, or
        one with a key in a CNG provider.
      - If there is no safe choice, the task fails, and lists the certificates that could be named.
      - Only for O(use=OAuthTokenIssuer).
    type: bool
    default: false
  warn_days:
    description: A certificate that expires in fewer days than this gives a warning, and is not chosen with O(automatic).
    type: int
    default: 60
  effective_date:
    description:
      - The date from which the certificate is used, in ISO 8601 with a time zone, for example V(2026-12-01T00:00:00Z). The one in use
        stays in force until then (C(-Roll)).
      - Exchange caches the signing certificate for up to a day, so the date must be at least 24 hours before the current certificate
        expires. A later date gives a warning.
      - If not given, O(on_conflict) decides if another certificate is in use. If none is, the certificate is in force at once.
      - A date that is past is refused, unless the certificate is in use already.
    type: str
  on_conflict:
    description:
      - What to do if another OAuthTokenIssuer certificate is in use and valid, and O(effective_date) is not given, or if another one is
        staged, even if it is to follow the certificate that the task names.
      - V(stage) stages the certificate to take effect in 24 hours, at the next full hour, so that Exchange reads its key before it signs.
        The task fails if the one in use ends before that, or if another one is staged already.
      - V(replace) replaces what is in use at once, or at the O(effective_date), and what is staged. Exchange refuses Lync's tokens until
        it has read Lync's metadata again, if the key is new to it. If the certificate that the task names is in use, it is assigned again
        at once, so that the staged one does not follow it.
      - V(keep) leaves what is there. V(fail) fails.
      - It has no meaning for other uses, which are always replaced at once.
    type: str
    choices: [stage, replace, keep, fail]
    default: stage
  sip_domains:
    description:
      - The SIP domains that a certificate for OAuthTokenIssuer has to carry, the default one first.
      - Defaults to the deployment's SIP domains.
    type: list
    elements: str
  allow:
    description:
      - Rules that the certificate may break.
      - V(key_size) is an RSA key of fewer than 2048 bits. V(key_type) is another key than RSA (OAuthTokenIssuer only).
      - V(expired) and V(not_yet_valid) are about its validity when it takes effect, by the server's clock.
      - V(sip_domain_missing) is the default SIP domain in neither the subject nor the alternative names (OAuthTokenIssuer only). It is a
        warning for a certificate that Lync uses already, and for further SIP domains.
      - A certificate without its private key, one whose key cannot be exported (OAuthTokenIssuer only), and one with a key in a CNG
        provider on Lync Server 2013 and earlier are always refused.
    type: list
    elements: str
    choices: [key_size, key_type, expired, not_yet_valid, sip_domain_missing]
    default: []
  timeout:
    description:
      - Seconds that a global assignment may take to show on the host, which gets it from its replica of the Central Management Store. With
        O(wait), the same time again for all replicas that matter.
    type: int
    default: 300
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
  - onprem.exchange_lync._replication
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
requirements:
  - cryptography
notes:
  - The task compares thumbprints. A certificate that is assigned already is not checked again. M(onprem.exchange_lync.farm_audit) does
    that.
  - The cmdlets act on the machine and need its ordinary PowerShell and an account in RTCUniversalServerAdmins and the local
    Administrators. To write the Central Management Store the logon has to be one that delegates (CredSSP, or Kerberos with delegation).
  - For OAuthTokenIssuer run the task on one front end only. The scheduled tasks of each replica put the certificate in place some time
    after the replica is up to date; M(onprem.exchange_lync.farm_info) can wait for it on each front end.
seealso:
  - module: onprem.exchange_lync.lync_certificate_info
  - module: onprem.exchange_lync.farm_audit
  - module: onprem.exchange_lync.lync_replication
"""

EXAMPLES = r"""
- name: Read the certificates of the front end
  onprem.exchange_lync.lync_certificate_info:
  register: certificates

- name: Let the certificate with this name issue the tokens of all front ends
  onprem.exchange_lync.lync_certificate:
    use: OAuthTokenIssuer
    thumbprint: >-
      {{ certificates.store | selectattr('friendly_name', 'equalto', 'OAuthTokenIssuer') | map(attribute='thumbprint') | first }}
  run_once: true

- name: Or choose it, if none is assigned and one choice is safe
  onprem.exchange_lync.lync_certificate:
    use: OAuthTokenIssuer
    automatic: true
    wait: true
  run_once: true

- name: Or bring one in a file, to follow the one in use in 24 hours
  onprem.exchange_lync.lync_certificate:
    use: OAuthTokenIssuer
    path: C:\Certificates\oauth.pfx
    password: "{{ vault_pfx_password }}"
  run_once: true

- name: When it is in use everywhere, and all partners know it, finish the roll
  onprem.exchange_lync.lync_certificate:
    use: OAuthTokenIssuer
    state: absent
    previous: true
  run_once: true

- name: Have each front end go by the global assignment only
  onprem.exchange_lync.lync_certificate:
    use: OAuthTokenIssuer
    state: absent
    scope: machine
"""

RETURN = r"""
certificate:
  description:
    - The assignment as it is, or would be in check mode. V(null) if there is none.
    - With O(scope=machine), the global one, which the host then goes by.
  returned: success
  type: dict
  contains:
    use:
      description: What the certificate is used for.
      type: str
      returned: always
    thumbprint:
      description: The certificate.
      type: str
      returned: always
    previous_thumbprint:
      description: The certificate that it follows, which is kept. V(null) if there is none.
      type: str
      returned: always
    scope:
      description: V(Global) for an assignment that holds for all front ends.
      type: str
      returned: always
    effective_date:
      description: When it takes effect. In check mode V(null) if that would be at once.
      type: str
      returned: always
    subject:
      description: The certificate's subject.
      type: str
      returned: always
    not_after:
      description: The end of its validity.
      type: str
      returned: always
  sample:
    use: OAuthTokenIssuer
    thumbprint: B142918E463981A76503828BB1278391B716280D
    previous_thumbprint: null
    scope: Global
    effective_date: "2026-08-01T12:00:00Z"
    subject: CN=litwareinc.com
    not_after: "2028-07-01T12:00:00Z"
commands:
  description: The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample:
    - >-
      Set-CsCertificate -Thumbprint 'B142918E463981A76503828BB1278391B716280D' -Type 'OAuthTokenIssuer' -Identity 'global' -Confirm:$false
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
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_assignment import Assignment
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_fitness import WAIVABLE
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_request import (
    SCOPES,
    USES,
    name_writing_cmdlet,
    read_request,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.own_assignment import OwnAssignment
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.replication_wait import FOLLOWING, make_wait
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import ensure

SPEC = ModuleSpec(
    argument_spec={
        "use": {"type": "str", "required": True, "aliases": ["type"], "choices": list(USES)},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "previous": {"type": "bool", "default": False},
        "scope": {"type": "str", "choices": list(SCOPES)},
        "thumbprint": {"type": "str"},
        "path": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "automatic": {"type": "bool", "default": False},
        "warn_days": {"type": "int", "default": 60},
        "effective_date": {"type": "str"},
        "on_conflict": {"type": "str", "choices": ["stage", "replace", "keep", "fail"], "default": "stage"},
        "sip_domains": {"type": "list", "elements": "str"},
        "allow": {"type": "list", "elements": "str", "choices": list(WAIVABLE), "default": []},
        "timeout": {"type": "int", "default": 300},
        **FOLLOWING,
    },
    required_by={"password": ["path"]},
)


def run(call: Call) -> Result:
    """Assign the certificate, and see it in force on this host."""
    with located(shell="lync", cmdlet=name_writing_cmdlet(call.params)):
        request = read_request(call.params)
        if request.own:
            return ensure(call, OwnAssignment(request))
        if not request.is_global:
            return ensure(call, Assignment(request))
        return ensure(call, Assignment(request), patience=call.params["timeout"], follow=make_wait(call))


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
