# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the modules that read or write Exchange's configuration in Active Directory have in common."""

    DOCUMENTATION = r"""
options:
  domain_controller:
    description:
      - The full name of the domain controller to read from and to write to.
      - If not given, Exchange reads from the domain controller that it prefers. A module that compares before it writes sends the write to
        the domain controller that it has read from.
      - Name one if several tasks must see each other's changes at once, since domain controllers replicate with a delay.
    type: str
"""
