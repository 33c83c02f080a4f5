# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the modules that write to the Central Management Store have in common."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - After a write to the Central Management Store, wait until the replicas of all Front End Servers and Directors have been sent an
        update and report that they have it. There is no wait in check mode, or if nothing was written.
      - The Central Management Store replicates some time after a write, and until then every replica still reports that it is up to date.
        The module therefore compares each replica with what it reported before the write.
      - Every change of the state is shown while the task waits, for example C(2 of 3 replicas, waiting for atl-lync-003.litwareinc.com, 35
        of 300 s).
    type: bool
    default: false
  exclude:
    description: Replicas that are not waited for, by the server's full name.
    type: list
    elements: str
    default: []
"""
