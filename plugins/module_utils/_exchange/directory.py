# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchange's cmdlets, all asked through the same domain controller where the task names one.

The configuration is in Active Directory. Each server has a domain controller of its own choice, and what one of them was told takes
a while to come to the others (Set-ClientAccessService.md, parameter DomainController).
"""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell, ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Value

SHELL: ShellName = "exchange"
OPTION: dict[str, dict[str, t.Any]] = {"domain_controller": {"type": "str"}}
"""The option of every Exchange module that reads or writes the directory."""


class Directory:
    """The management shell of an Exchange host, and the domain controller that it is to ask.

    :ivar domain_controller: its full name; empty for the one that Exchange has chosen.
    """

    def __init__(self, shell: Shell, domain_controller: str = "") -> None:
        self.shell = shell
        self.domain_controller = domain_controller

    def read_all(self, *cmdlets: Cmdlet) -> tuple[Value, ...]:
        """As :meth:`Shell.read_all`, through the domain controller."""
        return self.shell.read_all(self.through(cmdlets[0]), *cmdlets[1:])

    def through(self, cmdlet: Cmdlet, found_on: str = "") -> Cmdlet:
        """The cmdlet, sent to the domain controller that the task names, or else to ``found_on``, where what it changes was read."""
        controller = self.domain_controller or found_on
        return cmdlet.with_parameters(DomainController=controller) if controller else cmdlet


def open_directory(call: Call) -> Directory:
    """The directory as the task wants to see it.

    :raises ShellError: of kind ``bad_input`` for a domain controller that is given and empty.
    """
    asked = call.params.get("domain_controller")
    if asked is not None and not asked.strip():
        message = "domain_controller is empty: give the domain controller's full name, or leave the option out."
        raise ShellError("bad_input", message, shell=SHELL)
    return Directory(call.shell(SHELL), (asked or "").strip())
