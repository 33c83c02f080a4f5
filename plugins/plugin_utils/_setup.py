# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fresh session needs before the cmdlets of a management shell are there.

Most of it is cmdlets with parameters. Where the language is needed, to hold an imported session in a variable, the script is one of the
constants below and its data comes as parameters: nothing is ever put together from text.
"""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Credential, Secret, Uri, Value
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._access import Route

if t.TYPE_CHECKING:
    from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Session

SNAP_IN = "Microsoft.Exchange.Management.PowerShell.SnapIn"
LYNC_MODULES = ("SkypeForBusiness", "Lync")
"""The module's name in Skype for Business Server 2015 and later, and in Lync Server 2013."""

# An explicit credential makes the second logon a first one, so nothing has to be delegated; the product's own endpoint then applies
# role based access control, which the snap-in would bypass. $global: keeps the session for the life of the runspace.
OPEN_PRODUCT_SESSION = """\
param($Uri, $Credential)
$global:ProductSession = New-PSSession -ConfigurationName Microsoft.Exchange -ConnectionUri $Uri -Credential $Credential \
  -Authentication Kerberos -ErrorAction Stop
"""
OPEN_PRODUCT_SESSION_DELEGATED = """\
param($Uri)
$global:ProductSession = New-PSSession -ConfigurationName Microsoft.Exchange -ConnectionUri $Uri -Authentication Kerberos -ErrorAction Stop
"""
IMPORT_COMMANDS = """\
param($Name)
$null = Import-PSSession -Session $global:ProductSession -CommandName $Name -AllowClobber -DisableNameChecking -ErrorAction SilentlyContinue
"""


Left = t.Callable[[], float]
"""The seconds that are left of the command time-out; raises when none is."""


class Setup:
    """Nothing to do: the cmdlets are there as the session opens.

    :cvar ends_with_session: whether what runs in the shell ends when its session does. What runs in a session that the shell opened
        elsewhere goes on there.
    """

    ends_with_session = True

    def open(self, session: Session, left: Left) -> None:
        """Make the shell out of a fresh session."""

    def before(self, session: Session, pipeline: Pipeline, left: Left) -> None:
        """Make sure of what this one pipeline needs."""

    def close(self, session: Session, seconds: float) -> None:
        """Close what the shell opened elsewhere and what would not end with the session."""


class LyncModule(Setup):
    """The module of Lync or Skype for Business Server in the machine's own PowerShell."""

    def open(self, session: Session, left: Left) -> None:
        """Import the module that is installed.

        :raises ShellError: of kind ``not_offered`` where the management tools are missing.
        """
        found = session.invoke(
            Pipeline((Cmdlet("Get-Module", ListAvailable=True, Name=list(LYNC_MODULES)), select("Name"))), left()
        )
        names = {str(item["Name"]) for item in found.objects}
        for module in LYNC_MODULES:
            if module in names:
                session.invoke(Pipeline((Cmdlet("Import-Module", Name=[module], ErrorAction="Stop"),)), left())
                return
        raise ShellError(
            "not_offered",
            f"none of the modules {', '.join(LYNC_MODULES)} is installed on this host.",
            cmdlet="Import-Module",
            remedy="Run the task on a Front End Server, or install the Core Components (administrative tools) there.",
        )


class ExchangeSnapIn(Setup):
    """The Exchange snap-in in the machine's own PowerShell: needs delegation, bypasses role based access control."""

    def open(self, session: Session, left: Left) -> None:
        """Load the snap-in."""
        session.invoke(Pipeline((Cmdlet("Add-PSSnapin", Name=[SNAP_IN], ErrorAction="Stop"),)), left())


class ExchangeSession(Setup):
    """The product's own session, imported over the loopback into the machine's own PowerShell, each cmdlet when it is first needed."""

    ends_with_session = False
    # offered by PowerShell itself: nothing to import
    _OWN = frozenset({"select-object", "get-command"})

    def __init__(self, route: Route) -> None:
        self._route = route
        self._imported: set[str] = set()

    def open(self, session: Session, left: Left) -> None:
        """Open the session to the host's own name, which is the name that its service principal carries."""
        script = OPEN_PRODUCT_SESSION_DELEGATED
        data: dict[str, Value] = {"Uri": Uri(f"http://{self._route.server}/PowerShell/")}
        if self._route.password:
            script, data = (
                OPEN_PRODUCT_SESSION,
                {**data, "Credential": Credential(self._route.user, Secret(self._route.password))},
            )
        elif not session.carrier.delegates:
            raise ShellError(
                "double_hop",
                "the imported Exchange session needs a password or a logon that delegates.",
                cmdlet="New-PSSession",
            )
        session.invoke_script(script, data, left())

    def before(self, session: Session, pipeline: Pipeline, left: Left) -> None:
        """Import the cmdlets of this pipeline that are not there yet: importing all of them takes a minute, a few take a second.

        A name that the account is not offered stays unknown, and the pipeline itself says so.
        """
        named = {cmdlet.name for cmdlet in pipeline.cmdlets}
        asked = [
            name
            for cmdlet in pipeline.cmdlets
            if cmdlet.name == "Get-Command"
            for name in cmdlet.parameters.get("Name", ())
        ]
        missing = sorted(name for name in {*named, *asked} if name.casefold() not in self._OWN | self._imported)
        if missing:
            self._import(session, missing, left)

    def close(self, session: Session, seconds: float) -> None:
        """Remove the product's session.

        The machine's PowerShell does not end by itself: its process is killed with the command shell. Exchange would keep the session
        until its idle time-out, and let the account have so many fewer.
        """
        session.invoke(Pipeline((Cmdlet("Get-PSSession"), Cmdlet("Remove-PSSession"))), seconds)

    def _import(self, session: Session, names: list[str], left: Left) -> None:
        session.invoke_script(IMPORT_COMMANDS, {"Name": names}, left())
        self._imported.update(name.casefold() for name in names)


def setup_of(shell: ShellName, route: Route) -> Setup:
    """The set-up of ``shell`` where ``route`` leads."""
    if route.place == "endpoint" or shell == "windows":
        return Setup()
    if shell == "lync":
        return LyncModule()
    return ExchangeSnapIn() if route.load == "snapin" else ExchangeSession(route)
