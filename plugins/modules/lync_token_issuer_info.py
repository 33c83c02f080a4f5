#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lync_token_issuer_info
short_description: See whether a Lync host can sign with its OAuthTokenIssuer certificate
version_added: 0.2.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Reads which OAuthTokenIssuer certificate is in use on this host, which one is staged, and which one was before, and whether the host's
    own store has them with their private keys.
  - Waits until the host has a certificate, and fails if it does not get it in time. The Central Management Store replicates some time after
    a write, and scheduled tasks of each replica put the certificate into the store some time after that.
  - Run it on every Front End Server and Director before the previous certificate is removed.
options:
  thumbprint:
    description:
      - The certificate that the host must have, in use or staged, by its SHA-1 thumbprint.
      - Defaults to the one that the host shows as staged, or else as in use.
    type: str
  scope:
    description:
      - V(machine) is what the host signs with. An assignment of its own hides the global one; if the host has one, and it is another
        certificate than O(thumbprint), the task fails at once.
      - V(global) is what is assigned globally, as the host's replica has it, even if the host has an assignment of its own.
    type: str
    choices: [machine, global]
    default: machine
  timeout:
    description: Seconds to wait for it.
    type: int
    default: 300
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: [The module only reads.]
  idempotent:
    support: full
requirements:
  - cryptography
seealso:
  - module: onprem.exchange_lync.lync_certificate
  - module: onprem.exchange_lync.lync_certificate_info
"""

EXAMPLES = r"""
- name: Assign an OAuthTokenIssuer certificate, if there is none
  onprem.exchange_lync.lync_certificate:
    use: OAuthTokenIssuer
    automatic: true
  run_once: true

- name: Read how far the first host is
  onprem.exchange_lync.lync_token_issuer_info:
  run_once: true
  register: roll

- name: See that every host has the same certificate in its own store
  onprem.exchange_lync.lync_token_issuer_info:
    thumbprint: "{{ roll.token_issuer.newest }}"
    timeout: 120
"""

RETURN = r"""
token_issuer:
  description: What this host shows.
  returned: success
  type: dict
  contains:
    in_use:
      description:
        - The certificate that signs; empty if there is none.
        - One that has taken effect less than five minutes ago is still shown as staged, as the clocks of other servers may be behind.
      type: str
      returned: always
    staged:
      description: The certificate that follows, or V(null).
      type: str
      returned: always
    effective_date:
      description: When the staged one takes effect, or V(null).
      type: str
      returned: always
    previous:
      description: The certificate before the one in use, which is still assigned. V(null) if there is none, or while one is staged.
      type: str
      returned: always
    newest:
      description: The staged certificate, or else the one in use.
      type: str
      returned: always
    signing:
      description: The certificates whose signatures a partner must accept, now and soon.
      type: list
      elements: str
      returned: always
    remaining:
      description: What is left of the roll, in order.
      type: list
      elements: str
      returned: always
  sample:
    in_use: B142918E463981A76503828BB1278391B716280D
    staged: null
    effective_date: null
    previous: null
    newest: B142918E463981A76503828BB1278391B716280D
    signing: [B142918E463981A76503828BB1278391B716280D]
    remaining: []
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.token_issuer_wait import await_token_issuer

SPEC = ModuleSpec(
    argument_spec={
        "thumbprint": {"type": "str"},
        "scope": {"type": "str", "choices": ["machine", "global"], "default": "machine"},
        "timeout": {"type": "int", "default": 300},
    }
)


def run(call: Call) -> Result:
    """Read until the host has the certificate, or the time is over."""
    with located(shell="lync", cmdlet="Get-CsCertificate"):
        return {"token_issuer": await_token_issuer(call, read_wanted(call)).as_dict()}


def read_wanted(call: Call) -> str:
    """The thumbprint that the task names; empty for none.

    :raises ShellError: of kind ``bad_input``.
    """
    given = call.params["thumbprint"]
    if given is not None and not given.strip():
        raise ShellError("bad_input", "thumbprint is empty: give a value, or leave the option out.")
    try:
        return str(Thumbprint().accept(given) or "")
    except ValueError as error:
        raise ShellError("bad_input", f"thumbprint: {error}.") from error


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
