#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_auth_certificate
short_description: Keep the Exchange Server Auth certificate valid
version_added: 0.2.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Keeps the certificate valid with which Exchange signs its tokens for Lync, SharePoint and Exchange Online, and has it on every server.
  - Each run reads the state of all servers, decides by the table of Microsoft's C(MonitorExchangeAuthCertificate), and does the one action
    that is due. RV(remaining) says what the next run will do. A run that was ended at any point is completed by the next one.
  - If the current certificate expires soon, a new one is made, brought to every server, and only then staged as the next one, at least 48
    hours ahead. Run the task again when its date has come; it is published then.
  - If the current certificate has expired, or has fewer than three days left, it is too late for that. A new one is made, brought to every
    server, and published at once, before Lync and other partners have read it. A staged certificate that lasts is published instead.
  - If a server does not have the current or the staged certificate, it is brought there from another server. If no server can hand on its
    private key, a successor is staged when one is due, and the task stops until then.
  - The task stops if a server cannot be asked, because an unreachable server may or may not have the certificate; if the current or the
    staged certificate is on none of the servers that were asked, but may be on one in O(exclude), or if it cannot be decoded; and if the
    organisation is hybrid, because Exchange Online has to learn of a new certificate. See O(on_hybrid). It writes nothing then, except that
    it puts back an internal transport certificate that an earlier run has displaced.
  - The previous certificate is not cleared. Do this with M(onprem.exchange_lync.exchange_auth_config) after Lync and all other partners
    have read Exchange's metadata again.
options:
  state:
    description: V(valid) is the only state.
    type: str
    choices: [valid]
    default: valid
  renew_days:
    description:
      - A successor is staged if the current certificate has this many days left, or fewer.
      - To renew it in any case, give more days than it has left, for one run. With such a value, each further run renews it again once the
        staged one is published. A staged certificate with more than 120 days left is kept.
    type: int
    default: 60
  server:
    description:
      - The server on which a new certificate is made.
      - Defaults to the first server, by name, that has the current certificate, or else the first server.
      - The new certificate takes the place of this server's internal transport certificate for a moment. The one that belongs there is
        read before and put back right afterwards. The new certificate's friendly name says which one it is, so that the next run puts it
        back if this one is killed in between.
      - No certificate is made if the internal transport certificate or its services cannot be read.
    type: str
  exclude:
    description:
      - Servers to leave out, by name or fully qualified domain name, such as servers that are gone for good but still in Active Directory.
      - They are not asked, and get no certificate. If AuthConfig names a certificate that only they may have, the task stops.
    type: list
    elements: str
    default: []
  on_hybrid:
    description:
      - What to do if a certificate is to be staged, published or replaced in a hybrid organisation, or if the hybrid configuration cannot
        be read.
      - V(stop) fails and says what has to be done in which order.
      - V(continue) goes on. RV(remaining) says what Exchange Online needs then.
    type: str
    choices: [stop, continue]
    default: stop
  backup_folder:
    description:
      - A folder on the controller for a backup of the current and the staged certificate, each with its private key, as
        C(THUMBPRINT.pfx). Only its owner can read such a file. Protect it like the servers themselves.
      - A file that is there is not written again. That the folder takes files is tried before anything is written.
    type: path
  backup_password:
    description: The password of the backup files. Required with O(backup_folder).
    type: str
  timeout:
    description: Seconds that a write may take to show, because domain controllers replicate with a delay.
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
      - Check mode validates. It prints the one action that is due, and returns what a run would do about it. RV(remaining) is what is left
        before that.
      - The thumbprint of a certificate that is not made yet is not known; RV(commands) has C(the new certificate) in its place.
  diff_mode:
    support: full
  idempotent:
    support: full
requirements:
  - cryptography
notes:
  - One host of the organisation is enough, so use C(run_once) where the play has several.
  - Private keys go from server to server through the controller's memory only, as PFX data under a random password that is made up for each
    transfer and sent as a SecureString.
  - Checking needs C(Get-AuthConfig), C(Get-ExchangeServer), C(Get-ExchangeCertificate), C(Get-TransportService) and
    C(Get-HybridConfiguration), which View-Only Organization Management has. Writing needs the roles Exchange Server Certificates and
    Organization Client Access, which Organization Management has.
  - A certificate that C(New-ExchangeCertificate) makes is valid for five years.
  - The task does not restart services. See RV(published), and the role P(onprem.exchange_lync.restart#role).
  - Exchange neither shows nor replaces a copy of a certificate without its private key. If one is in the way of an import, the error says
    how to remove it.
seealso:
  - module: onprem.exchange_lync.exchange_auth_config
  - module: onprem.exchange_lync.exchange_certificate_info
  - name: MonitorExchangeAuthCertificate
    description: Microsoft's script, whose table this module follows.
    link: https://microsoft.github.io/CSS-Exchange/Admin/MonitorExchangeAuthCertificate/
"""

EXAMPLES = r"""
- name: Say what is due
  onprem.exchange_lync.exchange_auth_certificate:
  check_mode: true
  run_once: true

- name: Keep the Auth certificate valid
  onprem.exchange_lync.exchange_auth_certificate:
  run_once: true
  register: auth_certificate

- name: Say what is left to do by hand
  ansible.builtin.debug:
    var: auth_certificate.remaining

- name: Stage a successor now, whatever the current certificate has left, and leave out a server that is gone
  onprem.exchange_lync.exchange_auth_certificate:
    renew_days: 2000
    exclude: [old-exchange-001.litwareinc.com]
  run_once: true
"""

RETURN = r"""
auth_certificate:
  description: The certificate and where it is, after the task. In check mode, as it is now.
  returned: success
  type: dict
  contains:
    current_certificate_thumbprint:
      description: The certificate that signs; empty if there is none.
      type: str
      returned: always
    previous_certificate_thumbprint:
      description: The one before it; empty if there is none.
      type: str
      returned: always
    next_certificate_thumbprint:
      description: The one that is staged; empty if there is none.
      type: str
      returned: always
    next_certificate_effective_date:
      description: When the staged one takes effect, or V(null).
      type: str
      returned: always
    current_days_left:
      description: The whole days that the current one has left. V(-1) if it has expired or is on no server.
      type: int
      returned: always
    next_days_left:
      description: The same of the staged one. V(null) if there is none.
      type: int
      returned: always
    servers:
      description: The servers that take part, by fully qualified domain name.
      type: dict
      returned: always
      contains:
        current:
          description: Whether the server has the current certificate. V(null) if the server cannot be asked.
          type: bool
          returned: always
        next:
          description: Whether the server has the staged certificate. V(null) if none is staged, or the server cannot be asked.
          type: bool
          returned: always
        internal_transport:
          description: The thumbprint of its internal transport certificate. V(null) if this is not known.
          type: str
          returned: always
        error:
          description: Why the server cannot be asked, or V(null).
          type: str
          returned: always
  sample:
    current_certificate_thumbprint: C3EDCF181EF4F9B53D01768ECA99564014BCA6E7
    previous_certificate_thumbprint: ''
    next_certificate_thumbprint: B142918E463981A76503828BB1278391B716280D
    next_certificate_effective_date: '2026-12-28T12:00:00Z'
    current_days_left: 54
    next_days_left: 1825
    servers:
      atl-exchange-001.litwareinc.com:
        current: true
        next: true
        internal_transport: 0A1B2C3D4E5F60718293A4B5C6D7E8F901234567
        error: null
decision:
  description: What the table has decided.
  returned: success
  type: dict
  contains:
    action:
      description: V(none), V(stage), V(replace), V(import), V(publish) or V(stop).
      type: str
      returned: always
    row:
      description: The row of the table, or V(null) if no row applies, or something is not known.
      type: str
      returned: always
    wanted:
      description: The action that would be due if the task had not stopped. Else the same as C(action).
      type: str
      returned: always
    reason:
      description: Why.
      type: str
      returned: always
    remedy:
      description: What to do if the task stops, or V(null).
      type: str
      returned: always
  sample:
    action: stage
    row: expires_soon
    wanted: stage
    reason: the current certificate has 54 days left, and no successor that lasts is staged
    remedy: null
internal_transport:
  description: The internal transport certificate that a new certificate displaces for a moment, read before. V(null) if none is made.
  returned: success
  type: dict
  contains:
    server:
      description: The server on which the new certificate is made.
      type: str
      returned: always
    thumbprint:
      description: The certificate that is put back.
      type: str
      returned: always
    services:
      description: The services that it has.
      type: list
      elements: str
      returned: always
    iis_sites:
      description: The web sites that it is bound to, as the metabase of IIS names them. V(null) if the server does not say.
      type: list
      elements: str
      returned: always
  sample:
    server: atl-exchange-001.litwareinc.com
    thumbprint: 0A1B2C3D4E5F60718293A4B5C6D7E8F901234567
    services: [IMAP, POP, IIS, SMTP]
    iis_sites: ['IIS://ATL-EXCHANGE-001/W3SVC/1']
published:
  description:
    - Whether another certificate became the current one, or would in check mode. Each Exchange server acts on it after a restart of the
      services in RV(remaining).
  returned: success
  type: bool
  sample: false
refresh_partners:
  description:
    - Whether Lync and the other partners have to read the metadata again. That is after a certificate was staged or published, and as
      long as one is staged or there is a previous one.
    - No partner shows what it has read. So this is V(true) in each of these runs, even if they have read it before.
  returned: success
  type: bool
  sample: true
remaining:
  description: What is left to do by hand or by a later run, in order. If the next run has something to do at once, this comes first.
  returned: success
  type: list
  elements: str
  sample: []
backup:
  description: The backup files that are there after the task, or would be in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file on the controller.
      type: str
      returned: always
    thumbprint:
      description: The certificate in it.
      type: str
      returned: always
  sample: []
commands:
  description:
    - The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them. Of an import, the
      bytes are named by what they are.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample:
    - Set-AuthConfig -PublishCertificate:$true -Confirm:$false
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
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_keeper import (
    AuthCertificateKeeper,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_table import RENEW_DAYS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import OPTION

SPEC = ModuleSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["valid"], "default": "valid"},
        "renew_days": {"type": "int", "default": RENEW_DAYS},
        "server": {"type": "str"},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "on_hybrid": {"type": "str", "choices": ["stop", "continue"], "default": "stop"},
        "backup_folder": {"type": "path"},
        "backup_password": {"type": "str", "no_log": True},
        "timeout": {"type": "int", "default": 30},
        **OPTION,
    },
    required_together=[("backup_folder", "backup_password")],
)


def run(call: Call) -> Result:
    """Do what is due."""
    return AuthCertificateKeeper(call).run()


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
