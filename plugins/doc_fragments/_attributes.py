# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module of the collection says of itself."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what would be done, without writing anything.
  diff_mode:
    description: Returns what differs, before and after, in diff mode.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
  platform:
    description: Where the module runs and what it manages.
    support: full
"""

    # of the modules that ask a server
    SHELL = r"""
options:
  command_timeout:
    description:
      - Seconds that one cmdlet may take, for this task.
      - Defaults to the host's variable C(ansible_exchange_lync_command_timeout).
    type: float
attributes:
  platform:
    platforms: windows
    details:
      - The module runs on the controller, over the host's own C(winrm) or C(psrp) connection. Nothing is installed on the host.
requirements:
  - pypsrp, for hosts with C(ansible_connection=psrp)
  - pywinrm, for hosts with C(ansible_connection=winrm)
  - psrpcore
seealso:
  - plugin: onprem.exchange_lync.management_shell
    plugin_type: connection
    description: The variables that decide how a management shell is reached.
"""
