#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lync_replication
short_description: Read, start and await replication of the Central Management Store
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Returns which replicas of the Central Management Store are up to date. Each server acts on what its own replica holds, so a change
    is in force everywhere only when all of them are.
  - Can wait until they are, and can start replication.
options:
  wait:
    description:
      - Whether to wait until all replicas are up to date, except those of O(exclude).
      - Nothing is waited for in check mode. RV(lagging) then says what would be.
    type: bool
    default: false
  timeout:
    description: Seconds to wait at most. The task fails after that and names the replicas that lag.
    type: int
    default: 300
  interval:
    description: Seconds between two readings.
    type: int
    default: 5
  exclude:
    description:
      - Replicas, by the server's name, that are not waited for. Those of servers that are out of service never become up to date, and those
        of Edge Servers only if they can be reached.
    type: list
    elements: str
    default: []
  force:
    description:
      - Whether to start a full replication first. It is a change each time.
      - Servers take two or three minutes to begin with it.
    type: bool
    default: false
  since:
    description:
      - Count a replica as up to date only if its last update was created at this moment or later, in ISO 8601 with a time zone.
      - The Master Replicator begins some time after a write, and until then every replica still reports that it is up to date. To wait for
        a write, use O(onprem.exchange_lync.lync_oauth_configuration#module:wait) or O(onprem.exchange_lync.lync_certificate#module:wait),
        which compare each replica with what it reported before the write.
      - Use O(since) for a write that was made without these modules. It is compared with the clock of the Central Management Server.
    type: str
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
  - onprem.exchange_lync._attributes.shell
attributes:
  check_mode:
    support: full
    details: [Reads the status and does not wait.]
  diff_mode:
    support: none
    details: [A status is no state to compare.]
  idempotent:
    support: partial
    details: [O(force=true) starts a replication each time.]
notes:
  - Needs the cmdlet C(Get-CsManagementStoreReplicationStatus), which CsViewOnlyAdministrator has, and for O(force)
    C(Invoke-CsManagementStoreReplication), which CsAdministrator has.
seealso:
  - module: onprem.exchange_lync.lync_oauth_configuration
  - module: onprem.exchange_lync.lync_certificate
"""

EXAMPLES = r"""
- name: Wait until every front end has the change
  onprem.exchange_lync.lync_replication:
    wait: true
    timeout: 600
    exclude: [edge-old.litwareinc.com]
  run_once: true

- name: Read which replicas lag
  onprem.exchange_lync.lync_replication:
  register: replication
  run_once: true
"""

RETURN = r"""
replicas:
  description: The replicas, those of O(exclude) among them.
  returned: success, and failure because of the time-out
  type: list
  elements: dict
  contains:
    replica_fqdn:
      description: The server that has the replica.
      type: str
      returned: always
    up_to_date:
      description: Whether it has reported that it has the newest update that was made for it.
      type: bool
      returned: always
    last_status_report:
      description: When it last reported.
      type: str
      returned: always
    last_update_creation:
      description: When the update was made that it was sent last.
      type: str
      returned: always
    product_version:
      description: The version of the product on it.
      type: str
      returned: always
  sample:
    - replica_fqdn: atl-lync-001.litwareinc.com
      up_to_date: true
      last_status_report: "2026-08-01T12:00:05Z"
      last_update_creation: "2026-08-01T12:00:00Z"
      product_version: 5.0.8308.0
lagging:
  description: The replicas that are not up to date, or were not sent anything since they had to be, without those of O(exclude).
  returned: success, and failure because of the time-out
  type: list
  elements: str
  sample: []
up_to_date:
  description: Whether RV(lagging) is empty.
  returned: success, and failure because of the time-out
  type: bool
  sample: true
waited:
  description: The seconds that passed while waiting.
  returned: success, and failure because of the time-out
  type: float
  sample: 10.2
commands:
  description: The cmdlets that were run to change something, or would be run in check mode, as an administrator would type them.
  returned: success, and failure of a write or after one
  type: list
  elements: str
  sample: []
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

import datetime as dt

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.replication import REPLICAS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.replication_wait import replicate

SPEC = ModuleSpec(
    argument_spec={
        "wait": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 300},
        "interval": {"type": "int", "default": 5},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "force": {"type": "bool", "default": False},
        "since": {"type": "str"},
    },
)


def run(call: Call) -> Result:
    """Start, read and wait, as far as each is asked for."""
    if call.params["timeout"] < 0 or call.params["interval"] < 1:
        raise _refuse("timeout must not be negative, and interval must be at least 1.")
    given = call.params["since"]
    if given is not None and not given.strip():
        raise _refuse("since is empty: give a moment, or leave the option out.")
    try:
        since = Instant().accept(given)
    except ValueError as error:
        raise _refuse(f"since: {error}.") from error
    return replicate(call, since and dt.datetime.fromisoformat(since))


def _refuse(message: str) -> ShellError:
    return ShellError("bad_input", message, shell="lync", cmdlet=REPLICAS.cmdlet.name)


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
